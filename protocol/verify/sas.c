#include "verify/sas.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/limit.h"

enum { EPHEMERAL_LEN = 32 };

static struct kr_sas_message *add(struct kr_sas *s, struct kr_sas_output *out, enum kr_sas_kind kind)
{
    struct kr_sas_message *m = &out->send[out->count++];
    *m = (struct kr_sas_message){.kind = kind, .transaction = s->subject.transaction};
    return m;
}

static void forget_secrets(struct kr_sas *s)
{
    kr_secret_done(&s->ephemeral);
    kr_secret_done(&s->shared);
}

static void end(struct kr_sas *s, enum kr_sas_reason reason, bool by_peer)
{
    s->state = KR_SAS_CANCELLED;
    s->reason = reason;
    s->by_peer = by_peer;
    forget_secrets(s);
}

static void fail(struct kr_sas *s, enum kr_sas_reason reason, struct kr_sas_output *out)
{
    add(s, out, KR_SAS_CANCEL)->u.reason = reason;
    end(s, reason, false);
}

static const struct kr_sas_device *own(const struct kr_sas *s)
{
    return s->is_initiator ? &s->subject.initiator : &s->subject.responder;
}

static const struct kr_sas_device *peer(const struct kr_sas *s)
{
    return s->is_initiator ? &s->subject.responder : &s->subject.initiator;
}

static struct kr_sas_device device(const char *owner, const struct kr_key *ed25519,
                                   const struct kr_key *curve25519)
{
    return (struct kr_sas_device){owner, *ed25519, *curve25519, kr_device_id(ed25519, curve25519)};
}

/* One allocation that holds copies of the three names. */
static void copy_names(struct kr_sas *s, struct kr_sas_setup *names)
{
    size_t room = strlen(names->room) + 1, mine = strlen(names->own_owner) + 1;
    size_t theirs = strlen(names->peer_owner) + 1;
    s->strings = kr_malloc(room + mine + theirs);
    memcpy(s->strings, names->room, room);
    memcpy(s->strings + room, names->own_owner, mine);
    memcpy(s->strings + room + mine, names->peer_owner, theirs);
    names->room = s->strings;
    names->own_owner = s->strings + room;
    names->peer_owner = s->strings + room + mine;
}

static int prepare(struct kr_sas *s, const struct kr_sas_setup *setup, bool is_initiator,
                   const struct kr_random *random)
{
    struct kr_sas fresh = {.is_initiator = is_initiator};
    struct kr_sas_setup names = *setup;
    copy_names(&fresh, &names);
    struct kr_sas_device mine = device(names.own_owner, &names.own_ed25519, &names.own_curve25519);
    struct kr_sas_device theirs = device(names.peer_owner, &names.peer_ed25519, &names.peer_curve25519);
    fresh.subject = (struct kr_sas_subject){.room = names.room,
                                            .instance = names.instance,
                                            .initiator = is_initiator ? mine : theirs,
                                            .responder = is_initiator ? theirs : mine};
    struct kr_buf info = kr_sas_info(&fresh.subject);
    bool fits = !info.err && !kr_id_equal(&mine.id, &theirs.id);
    kr_buf_done(&info);
    if (!fits) {
        kr_sas_done(&fresh);
        return KR_E_MALFORMED;
    }
    kr_secret_alloc(&fresh.ephemeral, EPHEMERAL_LEN);
    kr_random_fill(random, fresh.ephemeral.ptr, EPHEMERAL_LEN);
    struct kr_key public = kr_sas_public(&fresh.ephemeral);
    *(is_initiator ? &fresh.subject.initiator_key : &fresh.subject.responder_key) = public;
    *s = fresh;
    return 0;
}

int kr_sas_start(struct kr_sas *s, const struct kr_sas_setup *setup, const struct kr_random *random,
                 uint64_t now_ms, struct kr_sas_output *out)
{
    out->count = 0;
    int err = prepare(s, setup, true, random);
    if (err)
        return err;
    kr_random_fill(random, s->subject.transaction.b, sizeof(s->subject.transaction.b));
    struct kr_sas_message *m = add(s, out, KR_SAS_START);
    m->u.start.initiator = own(s)->id;
    m->u.start.responder = peer(s)->id;
    s->state = KR_SAS_STARTED;
    s->deadline_ms = now_ms + KR_SAS_PERSON_MS;
    return 0;
}

int kr_sas_answer(struct kr_sas *s, const struct kr_sas_setup *setup, const struct kr_sas_message *start,
                  const struct kr_random *random, uint64_t now_ms, struct kr_sas_output *out)
{
    out->count = 0;
    int err = prepare(s, setup, false, random);
    if (err)
        return err;
    s->subject.transaction = start->transaction;
    if (start->kind != KR_SAS_START) {
        fail(s, KR_SAS_OUT_OF_TURN, out);
    } else if (!kr_id_equal(&start->u.start.initiator, &peer(s)->id) ||
               !kr_id_equal(&start->u.start.responder, &own(s)->id)) {
        fail(s, KR_SAS_WRONG_DEVICE, out);
    } else {
        add(s, out, KR_SAS_ACCEPT)->u.commitment =
            kr_sas_commitment(&s->subject.transaction, &s->subject.responder_key);
        s->state = KR_SAS_ACCEPTED;
        s->deadline_ms = now_ms + KR_SAS_MACHINE_MS;
    }
    return 0;
}

static void take_accept(struct kr_sas *s, const struct kr_sas_message *m, uint64_t now_ms,
                        struct kr_sas_output *out)
{
    s->commitment = m->u.commitment;
    add(s, out, KR_SAS_KEY)->u.key = s->subject.initiator_key;
    s->state = KR_SAS_KEYED;
    s->deadline_ms = now_ms + KR_SAS_MACHINE_MS;
}

static enum kr_sas_reason check_key(struct kr_sas *s, const struct kr_key *key)
{
    const struct kr_key *mine = s->is_initiator ? &s->subject.initiator_key : &s->subject.responder_key;
    if (kr_key_equal(key, mine))
        return KR_SAS_REFLECTED_KEY;
    if (s->is_initiator) {
        struct kr_digest promised = kr_sas_commitment(&s->subject.transaction, key);
        if (!kr_digest_equal(&promised, &s->commitment))
            return KR_SAS_BAD_COMMITMENT;
    }
    *(s->is_initiator ? &s->subject.responder_key : &s->subject.initiator_key) = *key;
    if (!kr_sas_agree(&s->ephemeral, key, &s->shared) ||
        kr_sas_derive(&s->shared, &s->subject, &s->code) != 0)
        return KR_SAS_BAD_KEY;
    return KR_SAS_FINE;
}

static void take_key(struct kr_sas *s, const struct kr_sas_message *m, uint64_t now_ms,
                     struct kr_sas_output *out)
{
    enum kr_sas_reason reason = check_key(s, &m->u.key);
    if (reason != KR_SAS_FINE) {
        fail(s, reason, out);
        return;
    }
    if (!s->is_initiator)
        add(s, out, KR_SAS_KEY)->u.key = s->subject.responder_key;
    kr_secret_done(&s->ephemeral);
    s->state = KR_SAS_COMPARING;
    s->deadline_ms = now_ms + KR_SAS_PERSON_MS;
}

static void settle(struct kr_sas *s, struct kr_sas_output *out)
{
    if (!s->confirmed || !s->mac_held)
        return;
    (void)add(s, out, KR_SAS_DONE);
    s->state = KR_SAS_VERIFIED;
    forget_secrets(s);
}

static void take_mac(struct kr_sas *s, const struct kr_sas_message *m, struct kr_sas_output *out)
{
    struct kr_digest ed25519, curve25519;
    if (kr_sas_macs(&s->shared, &s->subject, !s->is_initiator, &ed25519, &curve25519) != 0 ||
        !kr_sas_mac_equal(&ed25519, &m->u.mac.ed25519) ||
        !kr_sas_mac_equal(&curve25519, &m->u.mac.curve25519)) {
        fail(s, KR_SAS_BAD_MAC, out);
        return;
    }
    s->mac_held = true;
    settle(s, out);
}

static bool is_awaited(const struct kr_sas *s, enum kr_sas_kind kind)
{
    switch (s->state) {
    case KR_SAS_STARTED:
        return kind == KR_SAS_ACCEPT;
    case KR_SAS_ACCEPTED:
    case KR_SAS_KEYED:
        return kind == KR_SAS_KEY;
    case KR_SAS_COMPARING:
        return kind == KR_SAS_MAC && !s->mac_held;
    case KR_SAS_IDLE:
    case KR_SAS_VERIFIED:
    case KR_SAS_CANCELLED:
        break;
    }
    return false;
}

enum kr_sas_reason kr_sas_receive(struct kr_sas *s, const struct kr_sas_message *m, uint64_t now_ms,
                                  struct kr_sas_output *out)
{
    out->count = 0;
    if (s->state == KR_SAS_IDLE || !kr_id_equal(&m->transaction, &s->subject.transaction)) {
        if (m->kind != KR_SAS_CANCEL && m->kind != KR_SAS_DONE) { /* no answer to an answer */
            struct kr_sas_message *answer = add(s, out, KR_SAS_CANCEL);
            answer->transaction = m->transaction;
            answer->u.reason = KR_SAS_UNKNOWN;
        }
        return KR_SAS_UNKNOWN;
    }
    if (kr_sas_is_over(s)) {
        s->peer_done |= s->state == KR_SAS_VERIFIED && m->kind == KR_SAS_DONE;
        return KR_SAS_FINE;
    }
    if (m->kind == KR_SAS_CANCEL)
        end(s, m->u.reason, true);
    else if (now_ms >= s->deadline_ms)
        fail(s, KR_SAS_TIMEOUT, out);
    else if (!is_awaited(s, m->kind))
        fail(s, KR_SAS_OUT_OF_TURN, out);
    else if (m->kind == KR_SAS_ACCEPT)
        take_accept(s, m, now_ms, out);
    else if (m->kind == KR_SAS_KEY)
        take_key(s, m, now_ms, out);
    else
        take_mac(s, m, out);
    return s->reason;
}

void kr_sas_confirm(struct kr_sas *s, bool same, struct kr_sas_output *out)
{
    struct kr_digest ed25519, curve25519;
    out->count = 0;
    if (s->state != KR_SAS_COMPARING || s->confirmed)
        return;
    if (!same) {
        fail(s, KR_SAS_MISMATCH, out);
        return;
    }
    if (kr_sas_macs(&s->shared, &s->subject, s->is_initiator, &ed25519, &curve25519) != 0) {
        fail(s, KR_SAS_BAD_KEY, out);
        return;
    }
    struct kr_sas_message *m = add(s, out, KR_SAS_MAC);
    m->u.mac.ed25519 = ed25519;
    m->u.mac.curve25519 = curve25519;
    s->confirmed = true;
    settle(s, out);
}

void kr_sas_cancel(struct kr_sas *s, enum kr_sas_reason reason, struct kr_sas_output *out)
{
    out->count = 0;
    if (s->state != KR_SAS_IDLE && !kr_sas_is_over(s))
        fail(s, reason, out);
}

void kr_sas_tick(struct kr_sas *s, uint64_t now_ms, struct kr_sas_output *out)
{
    out->count = 0;
    if (s->state != KR_SAS_IDLE && !kr_sas_is_over(s) && now_ms >= s->deadline_ms)
        fail(s, KR_SAS_TIMEOUT, out);
}

bool kr_sas_own_start_stands(const struct kr_id *mine, const struct kr_id *theirs)
{
    return memcmp(mine->b, theirs->b, sizeof(mine->b)) < 0;
}

void kr_sas_done(struct kr_sas *s)
{
    forget_secrets(s);
    free(s->strings);
    memset(s, 0, sizeof(*s));
}
