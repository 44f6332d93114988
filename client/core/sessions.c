/* Olm sessions, per peer attach (docs/protocol.md 5.11, 6.3, 6.6). */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/sign.h"
#include "client/state.h"

struct kr_peer *kr_peer_find(struct kr_client *c, const struct kr_id *attach)
{
    struct kr_peer *p;
    HASH_FIND(hh, c->peers, attach, sizeof(*attach), p);
    return p;
}

void kr_peer_free(struct kr_client *c, struct kr_peer *p)
{
    kr_verify_peer_gone(c, p);
    HASH_DEL(c->peers, p);
    for (size_t i = 0; i < p->session_count; i++)
        kr_olm_session_free(p->sessions[i].olm);
    free(p->participant);
    free(p->owner);
    free(p);
}

static bool better(const struct kr_peer_session *a, const struct kr_peer_session *b)
{
    return a->heard != b->heard ? a->heard > b->heard : a->made > b->made;
}

struct kr_peer_session *kr_peer_speak(struct kr_peer *p)
{
    struct kr_peer_session *best = NULL;
    for (size_t i = 0; i < p->session_count; i++)
        if (!best || better(&p->sessions[i], best))
            best = &p->sessions[i];
    return best;
}

int kr_peer_say(struct kr_client *c, struct kr_peer *p, struct kr_peer_session *s,
                const struct kr_secret *plain, enum kr_olm_type *ret_type, struct kr_buf *out)
{
    int err = kr_olm_encrypt(s->olm, &c->random, plain, ret_type, out);
    if (!err) {
        s->said_ms = c->now_ms;
        s->said = true;
        p->heal_ms = UINT64_MAX;
    }
    return err;
}

void kr_peer_say_nothing(struct kr_client *c, struct kr_peer *p, struct kr_peer_session *s,
                         enum kr_olm_type type)
{
    struct kr_secret zero = KR_SECRET_NONE;
    struct kr_buf message;
    enum kr_olm_type made;
    kr_secret_alloc(&zero, 1);
    kr_buf_init(&message, KR_CIPHERTEXT_MAX);
    if (kr_peer_say(c, p, s, &zero, &made, &message) == 0 && made == type) {
        struct kr_request r = {.kind = KR_REQ_SESSION};
        r.u.session =
            (struct kr_req_session){.to = p->attach, .type = (uint8_t)type, .message = kr_buf_span(&message)};
        kr_request_send(c, &r);
    }
    kr_buf_done(&message);
    kr_secret_done(&zero);
}

static void add_session(struct kr_client *c, struct kr_peer *p, struct kr_olm_session *olm, bool heard)
{
    size_t at = p->session_count;
    if (at == KR_SESSIONS_MAX) {
        at = 0;
        for (size_t i = 1; i < KR_SESSIONS_MAX; i++)
            if (better(&p->sessions[at], &p->sessions[i]))
                at = i;
        kr_olm_session_free(p->sessions[at].olm);
    } else {
        p->session_count++;
    }
    c->rank++;
    p->sessions[at] = (struct kr_peer_session){.olm = olm, .made = c->rank, .heard = heard ? c->rank : 0};
}

int kr_peer_open(struct kr_client *c, struct kr_peer *p, uint8_t type, struct kr_span message,
                 struct kr_secret *ret_plain)
{
    bool ours = false;
    for (size_t i = 0; i < p->session_count; i++) {
        struct kr_peer_session *s = &p->sessions[i];
        if (type == KR_PACKED_PREKEY && !kr_olm_session_matches(s->olm, &p->curve25519, message))
            continue;
        ours = ours || type == KR_PACKED_PREKEY;
        if (kr_olm_decrypt(s->olm, (enum kr_olm_type)type, message, ret_plain) == 0) {
            s->heard = ++c->rank;
            return 0;
        }
    }
    /* heard before: a fallback key would open it again, as a session that the peer does not speak in */
    if (type != KR_PACKED_PREKEY || ours)
        return KR_E_CANNOT_OPEN;
    struct kr_olm_session *olm;
    int err = kr_olm_session_inbound(c->account, &p->curve25519, message, &olm, ret_plain);
    if (!err)
        add_session(c, p, olm, true);
    return err;
}

int kr_peer_claimed(struct kr_client *c, struct kr_peer *p, const struct kr_claimed *key)
{
    struct kr_key_text t = {.kind = key->kind, .key = key->key, .device = p->device, .attach = p->attach};
    struct kr_buf text = kr_key_text(&t);
    bool good = !text.err && kr_verify(&p->ed25519, kr_buf_span(&text), &key->sig);
    kr_buf_done(&text);
    if (!good)
        return KR_E_BAD_SIGNATURE;
    struct kr_olm_session *olm;
    int err = kr_olm_session_outbound(c->account, &c->random, &p->curve25519, &key->key, &olm);
    if (!err)
        add_session(c, p, olm, false);
    return err;
}

void kr_claim_send(struct kr_client *c, const struct kr_claim_target *targets, size_t count)
{
    for (size_t from = 0; from < count; from += KR_CLAIM_MAX) {
        size_t n = count - from < KR_CLAIM_MAX ? count - from : KR_CLAIM_MAX;
        struct kr_request r = {.kind = KR_REQ_CLAIM};
        r.u.claim = (struct kr_req_claim){.targets = targets + from, .target_count = n};
        struct kr_pending *q = kr_request_send(c, &r);
        if (!q)
            continue;
        q->targets = kr_calloc(n, sizeof(*q->targets));
        memcpy(q->targets, targets + from, n * sizeof(*q->targets));
        q->target_count = n;
        if (c->epochs) /* so that a second one has its time before the deadline */
            q->due_ms = kr_sooner(q->due_ms, c->now_ms + 1000 + c->epochs->deadline_ms / 2);
        for (size_t i = 0; i < n; i++) {
            struct kr_peer *p = kr_peer_find(c, &q->targets[i].attach);
            if (p) {
                p->claiming = p->claimed = true;
                p->tries++;
            }
        }
    }
}

/* A new session for the peer that we cannot hear: the one byte tells it of it. */
static void greet(struct kr_client *c, struct kr_peer *p)
{
    struct kr_peer_session *newest = NULL;
    for (size_t i = 0; i < p->session_count; i++)
        if (!newest || p->sessions[i].made > newest->made)
            newest = &p->sessions[i];
    if (newest)
        kr_peer_say_nothing(c, p, newest, KR_OLM_PREKEY);
}

static void claim_one(struct kr_client *c, struct kr_peer *p, const struct kr_claimed *key)
{
    int err = KR_E_NOT_IN_ROOM;
    if (key && !key->none)
        err = kr_peer_claimed(c, p, key);
    p->unclaimable = err != 0;
    if (err && key && !key->none)
        kr_output_refused(c->out, "key", err, p->participant);
    if (!err && p->resetting)
        greet(c, p);
    p->resetting = false;
}

void kr_claim_result(struct kr_client *c, const struct kr_pending *q, const struct kr_el *payload, int err)
{
    struct kr_arena arena;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    struct kr_res_claimed res = {.count = 0};
    if (!err)
        err = payload ? kr_res_claimed_decode(payload, &arena, &res) : KR_E_MALFORMED;
    if (!err && (res.count != q->target_count || strcmp(res.room, c->room) != 0))
        err = KR_E_MALFORMED;
    if (err)
        kr_output_refused(c->out, "claim", err, NULL);
    for (size_t i = 0; i < q->target_count; i++) {
        struct kr_peer *p = kr_peer_find(c, &q->targets[i].attach);
        if (!p)
            continue;
        p->claiming = false;
        if (err && !p->resetting && p->tries < KR_CLIENT_CLAIM_TRIES) {
            p->claimed = false; /* once more in this epoch */
            p->claim_reset = err == KR_E_IO;
            continue;
        }
        if (!err && q->overdue && q->targets[i].reset)
            p->resetting = true; /* late, and still the new session that was wanted */
        else if (!err && q->overdue && p->session_count)
            continue; /* the second asking was quicker */
        bool mine = !err && kr_id_equal(&res.keys[i].attach, &p->attach);
        claim_one(c, p, mine ? &res.keys[i] : NULL);
    }
    kr_arena_done(&arena);
}

void kr_peer_reset(struct kr_client *c, struct kr_peer *p)
{
    if (p->claiming || !p->verified || (p->has_reset && c->now_ms < p->reset_ms + KR_RESET_MS))
        return;
    p->has_reset = p->resetting = true;
    p->reset_ms = c->now_ms;
    struct kr_claim_target t = {.attach = p->attach, .reset = true};
    kr_claim_send(c, &t, 1);
}

void kr_peer_greeted(struct kr_client *c, const struct kr_notice_session *s)
{
    bool hears = c->phase == KR_PHASE_MEMBER || (c->phase == KR_PHASE_WAITING && s->verify);
    struct kr_peer *p = hears ? kr_peer_find(c, &s->from) : NULL;
    if (!p && hears && s->verify && c->policy.authorise == KR_AUTHORISE_VERIFIED) {
        kr_line_ask_for(c, s); /* it waits to be verified, or we do */
        return;
    }
    struct kr_secret plain = KR_SECRET_NONE;
    int err = p ? KR_E_BAD_SIGNATURE : KR_E_NOT_IN_ROSTER;
    if (p && p->verified)
        err = kr_peer_open(c, p, s->type, s->message, &plain);
    if (!err && s->verify)
        err = kr_verify_heard(c, p, &plain);
    else if (!err && !kr_word_is_nothing(&plain))
        err = KR_E_MALFORMED;
    if (err)
        kr_output_refused(c->out, "session", err, p ? p->participant : NULL);
    kr_secret_done(&plain);
}
