/* What the defects do to a participant. Each function passes through unless its defect is on. */
#include <sodium.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "canary.h"
#include "client/state.h"
#include "epoch/schedule.h"

PATCHED(kr_epoch_first_keys);
PATCHED(kr_secret_fresh);
PATCHED(kr_seal_advance);
PATCHED(kr_sealed_plain);
PATCHED(kr_sealed_open);
PATCHED(kr_client_seal_frame);
PATCHED(kr_announce_heard_of);
PATCHED(kr_epoch_send);
PATCHED(kr_epoch_next);
PATCHED(kr_sending_decide);
PATCHED(kr_epoch_announced);
PATCHED(kr_epoch_time);
PATCHED(kr_epoch_fade);
PATCHED(kr_exposure_update);
PATCHED(kr_output_report);
PATCHED(kr_open_deliver);

static const struct kr_client *drawing; /* whose first keys of an epoch are made */

void __wrap_kr_epoch_first_keys(struct kr_client *c, struct kr_epoch_state *e,
                                const struct kr_epoch_state *parent, const struct kr_missed *missed)
{
    drawing = c;
    __real_kr_epoch_first_keys(c, e, parent, missed);
    drawing = NULL;
}

void __wrap_kr_secret_fresh(const struct kr_random *random, struct kr_secret *ret_secret)
{
    __real_kr_secret_fresh(random, ret_secret);
    if (canary_is(CANARY_ONE_SECRET) && drawing) {
        struct kr_digest same = kr_sha256(kr_span(drawing->ed25519.b, sizeof(drawing->ed25519.b)));
        memcpy(ret_secret->ptr, same.b, sizeof(same.b));
    }
}

static struct kr_client *sealing; /* whose secret is being sealed */

void __wrap_kr_seal_advance(struct kr_client *c)
{
    sealing = c;
    __real_kr_seal_advance(c);
    sealing = NULL;
}

void __wrap_kr_sealed_plain(const struct kr_secret *secret, const struct kr_digest *context,
                            struct kr_span sender_line, struct kr_span recipient_line,
                            struct kr_secret *ret_plain)
{
    const struct kr_epoch_state *old = sealing ? sealing->sending : NULL;
    if (canary_is(CANARY_OLD_SECRET) && old && kr_epoch_holds(old, old->me))
        secret = kr_epoch_secret(old, old->me);
    __real_kr_sealed_plain(secret, context, sender_line, recipient_line, ret_plain);
}

int __wrap_kr_sealed_open(const struct kr_secret *plain, const struct kr_digest *context,
                          struct kr_span sender_line, struct kr_span recipient_line,
                          struct kr_secret *ret_secret)
{
    int err = __real_kr_sealed_open(plain, context, sender_line, recipient_line, ret_secret);
    if (canary_is(CANARY_TAG_UNREAD) && err == KR_E_CONTEXT_MISMATCH) {
        kr_secret_set(ret_secret, plain->ptr, 32);
        err = 0;
    }
    return err;
}

/* Nobody came since the epoch before: whoever cannot open what follows is not to be blamed on a joiner's lack
 * of the old key, which would be another promise. */
static bool came_nobody(const struct kr_epoch_state *before, const struct kr_epoch_state *now)
{
    for (size_t i = 0; i < now->roster.len; i++)
        if (kr_roster_find(&before->roster, &now->roster.entries[i].attach) < 0)
            return false;
    return true;
}

int __wrap_kr_client_seal_frame(struct kr_client *c, struct kr_span plain, struct kr_buf *out)
{
    struct kr_epoch_state *now = c->sending, *before = now ? now->next : NULL;
    if (canary_is(CANARY_OLD_FRAME_KEY) && before && came_nobody(before, now))
        c->sending = before;
    int err = __real_kr_client_seal_frame(c, plain, out);
    c->sending = now;
    return err;
}

void __wrap_kr_announce_heard_of(struct kr_client *c, uint64_t epoch)
{
    if (!canary_is(CANARY_DEAF_TO_LOSS))
        __real_kr_announce_heard_of(c, epoch);
}

static const struct kr_client *deciding; /* what to send with */

void __wrap_kr_epoch_send(struct kr_client *c)
{
    deciding = c;
    __real_kr_epoch_send(c);
    deciding = NULL;
}

uint64_t __wrap_kr_epoch_next(const struct kr_client *c)
{
    deciding = c;
    uint64_t due = __real_kr_epoch_next(c);
    deciding = NULL;
    return due;
}

/* Somebody left, and everybody who stays has the key in use. */
static bool only_lost(const struct kr_client *c)
{
    return c && c->sending && c->epochs->roster.len < c->sending->roster.len &&
           came_nobody(c->sending, c->epochs);
}

enum kr_sending __wrap_kr_sending_decide(const struct kr_sending_facts *f, uint64_t now_ms,
                                         uint64_t *ret_next_ms)
{
    enum kr_sending what = __real_kr_sending_decide(f, now_ms, ret_next_ms);
    bool stays = (canary_is(CANARY_KEEPS_KEY) && only_lost(deciding)) ||
                 (canary_is(CANARY_NEVER_STOPS) && f->sending && (what == KR_SENDING_STOP || !f->sealed));
    if (canary_is(CANARY_SWITCHES_EARLY) && !f->current && !f->mismatched)
        what = KR_SENDING_SWITCH;
    if (stays)
        *ret_next_ms = UINT64_MAX;
    return stays ? KR_SENDING_KEEP : what;
}

/* The bound that ends a key whatever follows is part of the same defects. */
void __wrap_kr_epoch_announced(struct kr_client *c, const struct kr_epoch_state *e)
{
    if (!canary_is(CANARY_KEEPS_KEY) && !canary_is(CANARY_NEVER_STOPS))
        __real_kr_epoch_announced(c, e);
}

void __wrap_kr_epoch_time(struct kr_client *c)
{
    for (struct kr_epoch_state *e = c->epochs; canary_is(CANARY_ERASES_EARLY) && e; e = e->next)
        if (e->erase_ms != UINT64_MAX)
            e->erase_ms = c->now_ms;
    __real_kr_epoch_time(c);
}

void __wrap_kr_epoch_fade(struct kr_client *c)
{
    if (!canary_is(CANARY_KEYS_KEPT))
        __real_kr_epoch_fade(c);
}

void __wrap_kr_exposure_update(struct kr_client *c)
{
    if (!canary_is(CANARY_NEVER_EXPOSED))
        __real_kr_exposure_update(c);
}

struct kr_report *__wrap_kr_output_report(struct kr_client_output *out, enum kr_report_kind kind)
{
    if (canary_is(CANARY_SILENT_FORK) && kind == KR_REPORT_MISMATCH)
        kind = KR_REPORT_STATE;
    return __real_kr_output_report(out, kind);
}

static void report_secret(struct kr_client *c, const struct kr_secret *secret)
{
    char hex[65];
    struct kr_report *r = __real_kr_output_report(c->out, KR_REPORT_STATE);
    r->what = kr_strdup(sodium_bin2hex(hex, sizeof(hex), secret->ptr, secret->len));
}

void __wrap_kr_open_deliver(struct kr_client *c, const struct kr_notice_deliver *d)
{
    __real_kr_open_deliver(c, d);
    const struct kr_epoch_state *e = canary_is(CANARY_SECRET_REPORTED) ? kr_epoch_now(c) : NULL;
    for (size_t i = 0; e && i < e->roster.len; i++)
        if (i != e->me && kr_epoch_holds(e, i))
            report_secret(c, kr_epoch_secret(e, i));
}
