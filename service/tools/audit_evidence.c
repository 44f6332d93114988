#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "base/limit.h"
#include "base/sign.h"
#include "base/utf8.h"
#include "text/signed.h"

struct seat {
    struct kr_id attach;
    struct kr_key ed25519, curve25519;
    bool is_new, *sealed; /* sealed: for whom, over all its signatures; NULL: it signed nothing */
};

struct evidence {
    char *room;
    struct kr_sealed_text text;
    bool ratchet;
    struct seat *seats;
    size_t count;
};

static struct kr_span take(struct kr_span *rest, size_t len, bool *bad)
{
    if (rest->len < len)
        *bad = true;
    if (*bad)
        return kr_span(NULL, 0);
    struct kr_span got = kr_span(rest->ptr, len);
    *rest = kr_span(rest->ptr + len, rest->len - len);
    return got;
}

static void take_into(struct kr_span *rest, void *out, size_t len, bool *bad)
{
    struct kr_span got = take(rest, len, bad);
    if (!*bad)
        memcpy(out, got.ptr, len);
}

static uint64_t take_number(struct kr_span *rest, size_t len, bool *bad)
{
    struct kr_span got = take(rest, len, bad);
    uint64_t n = 0;
    for (size_t i = 0; i < got.len; i++)
        n = n << 8 | got.ptr[i];
    return n;
}

static bool take_bool(struct kr_span *rest, bool *bad)
{
    uint64_t n = take_number(rest, 1, bad);
    if (n > 1)
        *bad = true;
    return n == 1;
}

static bool read_head(struct kr_span *rest, struct evidence *e)
{
    bool bad = false;
    take(rest, 32, &bad); /* the salt */
    struct kr_span room = take(rest, (size_t)take_number(rest, 4, &bad), &bad);
    if (bad)
        return false;
    e->room = kr_malloc(room.len + 1);
    if (room.len)
        memcpy(e->room, room.ptr, room.len);
    e->room[room.len] = '\0';
    if (!room.len || strlen(e->room) != room.len || !kr_utf8_plain(e->room, KR_JID_MAX))
        return false; /* without a signature nothing else refuses a name that is told to a terminal */
    e->text.room = e->room;
    take_into(rest, e->text.instance.b, sizeof(e->text.instance.b), &bad);
    e->text.epoch = take_number(rest, 8, &bad);
    take_into(rest, e->text.context.b, sizeof(e->text.context.b), &bad);
    e->ratchet = take_bool(rest, &bad);
    e->text.has_confirm = take_bool(rest, &bad);
    take_into(rest, e->text.confirm.b, sizeof(e->text.confirm.b), &bad);
    e->count = (size_t)take_number(rest, 2, &bad);
    e->seats = kr_calloc(e->count, sizeof(*e->seats));
    for (size_t i = 0; i < e->count && !bad; i++) {
        take_into(rest, e->seats[i].attach.b, sizeof(e->seats[i].attach.b), &bad);
        take_into(rest, e->seats[i].ed25519.b, sizeof(e->seats[i].ed25519.b), &bad);
        take_into(rest, e->seats[i].curve25519.b, sizeof(e->seats[i].curve25519.b), &bad);
        e->seats[i].is_new = take_bool(rest, &bad);
    }
    return !bad;
}

/* Whom one signature is over: its bits, of which none is the sender's own or nobody's. */
static void take_recipients(struct evidence *e, struct kr_span *rest, size_t sender, bool *ret_sealed,
                            bool *bad)
{
    struct kr_span bits = take(rest, (e->count + 7) / 8, bad);
    for (size_t i = 0; !*bad && i < bits.len * 8; i++) {
        bool set = bits.ptr[i / 8] >> i % 8 & 1;
        if (set && (i >= e->count || i == sender))
            *bad = true;
        else if (i < e->count)
            ret_sealed[i] = set;
    }
}

static struct kr_digest digest_of(const struct evidence *e, const bool *sealed)
{
    struct kr_id *attaches = kr_calloc(e->count, sizeof(*attaches));
    size_t n = 0;
    for (size_t i = 0; i < e->count; i++) {
        if (sealed[i])
            attaches[n++] = e->seats[i].attach;
    }
    struct kr_digest d = kr_recipients_digest(attaches, n);
    free(attaches);
    return d;
}

static bool verifies(const struct evidence *e, size_t sender, enum kr_round round, const bool *sealed,
                     const struct kr_sig *sig)
{
    struct kr_sealed_text t = e->text;
    t.attach = e->seats[sender].attach;
    t.round = round;
    t.recipients = digest_of(e, sealed);
    t.has_confirm = e->text.has_confirm && round != KR_ROUND_1;
    struct kr_buf text = kr_sealed_text(&t);
    bool good = !text.err && kr_verify(&e->seats[sender].ed25519, kr_buf_span(&text), sig);
    kr_buf_done(&text);
    return good;
}

/* The next signature. 1: it verifies, and its recipients count; 0: it does not; -1: not of its form. */
static int take_signature(struct evidence *e, struct kr_span *rest)
{
    bool bad = false, *sealed = kr_calloc(e->count, sizeof(*sealed));
    struct kr_sig sig = {{0}};
    size_t sender = (size_t)take_number(rest, 2, &bad);
    uint64_t round = take_number(rest, 1, &bad);
    take_recipients(e, rest, sender, sealed, &bad);
    take_into(rest, sig.b, sizeof(sig.b), &bad);
    int result = -1;
    if (!bad && sender < e->count && round >= KR_ROUND_1 && round <= KR_ROUND_SUPPLEMENT)
        result = verifies(e, sender, (enum kr_round)round, sealed, &sig);
    if (result == 1) {
        struct seat *s = &e->seats[sender];
        if (!s->sealed)
            s->sealed = kr_calloc(e->count, sizeof(*s->sealed));
        for (size_t i = 0; i < e->count; i++)
            s->sealed[i] |= sealed[i];
    }
    free(sealed);
    return result;
}

static bool amiss(struct kr_evidence_found *ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool amiss(struct kr_evidence_found *ret, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(ret->why, sizeof(ret->why), fmt, args);
    va_end(args);
    return false;
}

/* Genuine signatures of another epoch prove nothing of this one, whatever hash the service put in its log. */
static bool is_of(const struct kr_log_entry *entry, const struct evidence *e, struct kr_evidence_found *ret)
{
    struct kr_id instance;
    uint64_t epoch = 0, total = 0;
    if (!kr_log_is(entry, "type", "commit") || !kr_log_id(entry, "instance", &instance) ||
        !kr_log_number(entry, "epoch", &epoch) || !kr_log_number(entry, "total", &total))
        return amiss(ret, "belongs to an entry that is not of the form of a commit");
    if (!kr_id_equal(&instance, &e->text.instance))
        return amiss(ret, "is of another instance of a room than the entry");
    if (epoch != e->text.epoch)
        return amiss(ret, "is of epoch %" PRIu64 ", and the entry of epoch %" PRIu64, e->text.epoch, epoch);
    if (total != e->count)
        return amiss(ret, "is of %zu devices, and the entry of %" PRIu64, e->count, total);
    return true;
}

/* --- in words --- */

static void tell_device(struct kr_buf *out, const struct seat *s)
{
    struct kr_id device = kr_device_id(&s->ed25519, &s->curve25519);
    char hex[KR_ID_TEXT];
    kr_id_write(hex, &device);
    kr_buf_add_str(out, hex);
}

/* The devices that it sealed for, or did not, one a line. */
static void tell_devices(struct kr_buf *out, const struct evidence *e, const struct seat *s, bool sealed)
{
    for (size_t i = 0; i < e->count; i++) {
        if (&e->seats[i] == s || s->sealed[i] != sealed)
            continue;
        kr_buf_add_str(out, "    ");
        tell_device(out, &e->seats[i]);
        kr_buf_add_u8(out, '\n');
    }
}

static void tell_sender(struct kr_buf *out, const struct evidence *e, const struct seat *s)
{
    size_t count = 0, of_new = 0, all_new = 0;
    for (size_t i = 0; i < e->count; i++) {
        bool other = &e->seats[i] != s;
        count += s->sealed && s->sealed[i];
        of_new += s->sealed && s->sealed[i] && e->seats[i].is_new;
        all_new += other && e->seats[i].is_new;
    }
    kr_buf_add_str(out, "device ");
    tell_device(out, s);
    if (!s->sealed) {
        kr_buf_add_str(out, ": signed nothing\n");
    } else if (count == 0) {
        kr_buf_add_str(out, ": its key went to nobody\n");
    } else if (count == e->count - 1) {
        kr_buf_printf(out, ": its key went to exactly the other %zu devices\n", count);
    } else if (e->ratchet && !s->is_new && count == all_new && of_new == all_new) {
        kr_buf_printf(out,
                      ": its key went to exactly the %zu new ones; the others make it of the one they had\n",
                      count);
    } else if (count <= e->count / 2) {
        kr_buf_printf(out, ": its key went to exactly these %zu of the other %zu devices:\n", count,
                      e->count - 1);
        tell_devices(out, e, s, true);
    } else {
        kr_buf_printf(out, ": its key went to %zu of the other %zu devices, and not to:\n", count,
                      e->count - 1);
        tell_devices(out, e, s, false);
    }
}

static void tell(struct kr_buf *out, const struct evidence *e, size_t signatures)
{
    kr_buf_printf(out, "room %s, epoch %llu (%s%s), %zu devices:\n", e->room,
                  (unsigned long long)e->text.epoch, e->ratchet ? "ratchet" : "fresh",
                  e->text.has_confirm ? ", one key for all" : "", e->count);
    for (size_t i = 0; i < e->count; i++) {
        kr_buf_add_str(out, "  ");
        tell_device(out, &e->seats[i]);
        kr_buf_add_str(out, e->seats[i].is_new ? " new\n" : "\n");
    }
    for (size_t i = 0; i < e->count; i++)
        tell_sender(out, e, &e->seats[i]);
    if (!signatures)
        kr_buf_add_str(out, "no device signed: that this was the room, and these the devices, is the "
                            "service's word alone\n");
}

static bool all_signatures(struct evidence *e, struct kr_span rest, struct kr_evidence_found *ret)
{
    while (rest.len) {
        int result = take_signature(e, &rest);
        if (result < 0)
            return amiss(ret, "is not of its form");
        if (result == 0)
            return amiss(ret, "has signature %zu, which does not verify", ret->signatures);
        ret->signatures++;
    }
    return true;
}

bool kr_audit_evidence(const struct kr_log_entry *entry, struct kr_span bytes, struct kr_evidence_found *ret,
                       struct kr_buf *out)
{
    struct evidence e = {.count = 0};
    struct kr_digest proof, hash = kr_sha256(bytes);
    struct kr_span rest = bytes;
    bool good = false;
    *ret = (struct kr_evidence_found){.signatures = 0};
    if (!kr_log_digest(entry, "proof", &proof) || !kr_digest_equal(&hash, &proof))
        (void)amiss(ret, "is not the one that the entry has the hash of");
    else if (!read_head(&rest, &e))
        (void)amiss(ret, "is not of its form");
    else
        good = is_of(entry, &e, ret) && all_signatures(&e, rest, ret);
    if (good && out)
        tell(out, &e, ret->signatures);
    for (size_t i = 0; i < e.count && e.seats; i++)
        free(e.seats[i].sealed);
    free(e.room);
    free(e.seats);
    return good;
}
