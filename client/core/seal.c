/* Sealing our secret for those who need it (docs/protocol.md 5.10, 5.13, 6.4, 7.5). */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "client/state.h"
#include "epoch/schedule.h"

/* 0, or why nothing is sealed for this line now (enum kr_withheld). */
static uint8_t why_not(const struct kr_client *c, struct kr_peer *p)
{
    if (!p || !p->verified)
        return KR_WITHHELD_ATTACH;
    if (!kr_presence_shows(c, p->participant, &p->device))
        return KR_WITHHELD_PRESENCE;
    if (!kr_attested_holds(c, p))
        return KR_WITHHELD_UNVERIFIED;
    return kr_peer_speak(p) ? 0 : KR_WITHHELD_SESSION;
}

static bool is_recipient(const struct kr_epoch_state *e, enum kr_round round, size_t i)
{
    if (i == e->me)
        return false;
    if (round != KR_ROUND_SUPPLEMENT)
        return kr_round_has(&e->sealing, round, e->me, i);
    return e->supplements[i] < KR_SUPPLEMENTS_MAX &&
           (e->to[i] == KR_TO_WANTED || e->to[i] == KR_TO_ABSENT || e->to[i] == KR_TO_SESSIONLESS);
}

/* Claims keys for the recipients of the round that lack a session. True while answers are awaited. */
static bool claim_for(struct kr_client *c, struct kr_epoch_state *e, enum kr_round round)
{
    struct kr_claim_target *targets = kr_calloc(e->roster.len, sizeof(*targets));
    size_t n = 0;
    bool waiting = false;
    for (size_t i = 0; i < e->roster.len; i++) {
        struct kr_peer *p = is_recipient(e, round, i) ? kr_peer_find(c, &e->roster.entries[i].attach) : NULL;
        if (!p || why_not(c, p) != KR_WITHHELD_SESSION || e->to[i] == KR_TO_SESSIONLESS)
            continue; /* without a session, and not asked for: the peer opens one, or the service wants us to
                       */
        /* in round 2 a joiner's session comes with its round 1 */
        if (round == KR_ROUND_2 && e->roster.entries[i].is_new && kr_round_1_exists(&e->sealing)) {
            waiting = waiting || !e->round1_delivered;
            continue;
        }
        bool late = p->tries && c->now_ms >= e->announced_ms + e->deadline_ms;
        if (!p->claiming && !p->claimed && !late)
            targets[n++] = (struct kr_claim_target){.attach = p->attach, .reset = p->claim_reset};
        else if (!p->claiming && round == KR_ROUND_SUPPLEMENT)
            kr_peer_reset(c, p);
        waiting = waiting || p->claiming;
    }
    if (n)
        kr_claim_send(c, targets, n);
    free(targets);
    return waiting || n > 0;
}

struct envelope { /* being made */
    struct kr_arena arena;
    struct kr_packed *entries;
    struct kr_id *sealed; /* attaches sealed for, in roster order */
    size_t count, sealed_count;
    struct kr_digest confirm; /* of what is sealed, where it has a leader */
};

static uint8_t seal_one(struct kr_client *c, struct kr_epoch_state *e, struct kr_peer *p, size_t i,
                        struct envelope *v)
{
    struct kr_secret plain = KR_SECRET_NONE;
    struct kr_buf text;
    enum kr_olm_type type;
    kr_buf_init(&text, KR_CIPHERTEXT_MAX);
    kr_sealed_plain(kr_epoch_secret(e, e->me), &e->context, kr_roster_line(&e->roster, e->me),
                    kr_roster_line(&e->roster, i), &plain);
    int err = kr_peer_say(c, p, kr_peer_speak(p), &plain, &type, &text);
    char *body = err ? NULL : kr_arena_strndup(&v->arena, (const char *)text.ptr, text.len);
    if (body) {
        v->entries[v->count++] = (struct kr_packed){(uint16_t)i, (uint8_t)type, kr_span(body, text.len)};
        v->sealed[v->sealed_count++] = p->attach;
    }
    kr_secret_done(&plain);
    kr_buf_done(&text);
    return body ? 0 : KR_WITHHELD_SESSION;
}

static void withhold(struct kr_client *c, struct kr_epoch_state *e, struct kr_peer *p, size_t i, uint8_t why,
                     struct envelope *v)
{
    char *body = kr_arena_strndup(&v->arena, (const char *)&why, 1);
    v->entries[v->count++] = (struct kr_packed){(uint16_t)i, KR_PACKED_WITHHELD, kr_span(body, 1)};
    e->to[i] = why == KR_WITHHELD_PRESENCE || why == KR_WITHHELD_UNVERIFIED ? KR_TO_ABSENT
               : why == KR_WITHHELD_SESSION                                 ? KR_TO_SESSIONLESS
                                                                            : KR_TO_WITHHELD;
    if (p && !p->told && why != KR_WITHHELD_SESSION) {
        p->told = true;
        kr_output_refused(c->out, "line",
                          why == KR_WITHHELD_PRESENCE     ? KR_E_NOT_IN_PRESENCE
                          : why == KR_WITHHELD_UNVERIFIED ? KR_E_NOT_VERIFIED
                                                          : KR_E_BAD_SIGNATURE,
                          p->participant);
    }
}

static void fill(struct kr_client *c, struct kr_epoch_state *e, enum kr_round round, struct envelope *v)
{
    for (size_t i = 0; i < e->roster.len; i++) {
        if (!is_recipient(e, round, i))
            continue;
        struct kr_peer *p = kr_peer_find(c, &e->roster.entries[i].attach);
        uint8_t why = why_not(c, p);
        if (round == KR_ROUND_SUPPLEMENT && why)
            continue; /* it stays asked for */
        if (!why)
            why = seal_one(c, e, p, i, v);
        if (why) {
            withhold(c, e, p, i, why, v);
            continue;
        }
        e->to[i] = KR_TO_SEALED;
        if (round == KR_ROUND_SUPPLEMENT)
            e->supplements[i]++;
    }
}

static int sign_envelope(struct kr_client *c, const struct kr_epoch_state *e, enum kr_round round,
                         const struct envelope *v, struct kr_sig *ret_sig)
{
    struct kr_sealed_text t = {.room = c->room,
                               .instance = e->instance,
                               .epoch = e->link.epoch,
                               .context = e->context,
                               .attach = c->attach,
                               .round = round,
                               .recipients = kr_recipients_digest(v->sealed, v->sealed_count),
                               .has_confirm = kr_source_is_led(e->link.source),
                               .confirm = v->confirm};
    struct kr_buf text = kr_sealed_text(&t);
    int err = text.err ? text.err : kr_olm_account_sign(c->account, kr_buf_span(&text), ret_sig);
    kr_buf_done(&text);
    return err;
}

/* How many of the entries from `at` fit one part: base64 turns 3 bytes into 4. */
static size_t part_len(const struct envelope *v, size_t at)
{
    size_t bytes = 0, n = 0;
    while (at + n < v->count) {
        bytes += 5 + v->entries[at + n].body.len;
        if (bytes > (size_t)KR_SPLIT_LEN / 4 * 3)
            break;
        n++;
    }
    return n;
}

static void send_envelope(struct kr_client *c, struct kr_epoch_state *e, enum kr_round round,
                          const struct envelope *v)
{
    struct kr_sig sig;
    if (v->count == 0 || sign_envelope(c, e, round, v, &sig))
        return;
    uint32_t of = 0, part = 0;
    bool led = kr_source_is_led(e->link.source);
    for (size_t at = 0; at < v->count; at += part_len(v, at))
        of++;
    for (size_t at = 0; at < v->count; at += part_len(v, at)) {
        struct kr_request r = {.kind = KR_REQ_ENVELOPE};
        part++;
        r.u.envelope = (struct kr_req_envelope){.epoch = e->link.epoch,
                                                .round = round,
                                                .part = part,
                                                .of = of,
                                                .has_sig = part == of,
                                                .sig = sig,
                                                .has_confirm = part == of && led,
                                                .confirm = v->confirm,
                                                .entries = v->entries + at,
                                                .entry_count = part_len(v, at)};
        struct kr_pending *q = kr_request_send(c, &r);
        if (q) {
            q->instance = e->instance;
            q->part = part;
            q->seals = part == of && v->sealed_count;
            q->round = round;
            e->posted = e->posted || q->seals;
            c->has_sealed = c->has_sealed || q->seals;
        }
    }
}

static void seal_round(struct kr_client *c, struct kr_epoch_state *e, enum kr_round round)
{
    struct envelope v = {.count = 0};
    kr_arena_init(&v.arena, e->roster.len * (KR_CIPHERTEXT_MAX + 64) + 64);
    v.entries = kr_calloc(e->roster.len, sizeof(*v.entries));
    v.sealed = kr_calloc(e->roster.len, sizeof(*v.sealed));
    if (kr_source_is_led(e->link.source))
        v.confirm = kr_confirm(&e->context, kr_epoch_secret(e, e->me));
    fill(c, e, round, &v);
    send_envelope(c, e, round, &v);
    kr_arena_done(&v.arena);
    free(v.entries);
    free(v.sealed);
}

/* A joiner's round 1 is waited for no longer; nor are the keys that a leader claims: it is deposed if nothing
 * comes of it by the end of collecting (8.2), and what is withheld for want of a session comes later. */
static uint64_t round1_late(const struct kr_epoch_state *e)
{
    return e->announced_ms + e->deadline_ms * 3 / 8;
}

static bool has_supplement(struct kr_client *c, const struct kr_epoch_state *e)
{
    for (size_t i = 0; i < e->roster.len; i++) {
        if (!is_recipient(e, KR_ROUND_SUPPLEMENT, i))
            continue;
        struct kr_peer *p = kr_peer_find(c, &e->roster.entries[i].attach);
        uint8_t why = why_not(c, p);
        if (why == 0 || (why == KR_WITHHELD_SESSION && e->to[i] != KR_TO_SESSIONLESS))
            return true;
    }
    return false;
}

void kr_seal_advance(struct kr_client *c)
{
    struct kr_epoch_state *e = kr_epoch_now(c);
    if (!e || c->phase != KR_PHASE_MEMBER || c->mismatched || !kr_epoch_holds(e, e->me))
        return;
    if (!e->round1_sent && !claim_for(c, e, KR_ROUND_1)) {
        e->round1_sent = true;
        seal_round(c, e, KR_ROUND_1);
    }
    if (e->round1_sent && !e->round2_sent) {
        bool late = c->now_ms >= round1_late(e);
        if (late)
            e->round1_delivered = true;
        if (!claim_for(c, e, KR_ROUND_2) || (late && kr_epoch_is_shared(e))) {
            e->round2_sent = true;
            bool alone = e->roster.len == 1;
            bool ratcheted = e->link.kind == KR_EPOCH_RATCHET && !e->roster.entries[e->me].is_new;
            seal_round(c, e, KR_ROUND_2);
            if (alone || ratcheted)
                e->sealed = true;
        }
    }
    if (e->round2_sent && has_supplement(c, e) && !claim_for(c, e, KR_ROUND_SUPPLEMENT))
        seal_round(c, e, KR_ROUND_SUPPLEMENT);
}

/* When a new session may be asked for again, for those who want our secret and whom we have none with. */
static uint64_t next_reset(const struct kr_client *c, const struct kr_epoch_state *e)
{
    uint64_t due = UINT64_MAX;
    for (size_t i = 0; i < e->roster.len; i++) {
        struct kr_peer *p = NULL;
        if (!is_recipient(e, KR_ROUND_SUPPLEMENT, i) || e->to[i] == KR_TO_SESSIONLESS)
            continue;
        HASH_FIND(hh, c->peers, &e->roster.entries[i].attach, sizeof(struct kr_id), p);
        if (p && p->has_reset && !p->claiming && why_not(c, p) == KR_WITHHELD_SESSION)
            due = kr_sooner(due, p->reset_ms + KR_RESET_MS);
    }
    return due;
}

uint64_t kr_seal_next(const struct kr_client *c)
{
    const struct kr_epoch_state *e = c->epochs;
    if (!e || c->phase != KR_PHASE_MEMBER || c->mismatched || !kr_id_equal(&e->attach, &c->attach))
        return UINT64_MAX;
    if (e->round2_sent)
        return next_reset(c, e);
    if (!e->round1_sent || (e->round1_delivered && !kr_epoch_is_shared(e)))
        return UINT64_MAX;
    return round1_late(e);
}

void kr_seal_wanted(struct kr_client *c, const struct kr_notice_wanted *w)
{
    struct kr_epoch_state *e = kr_epoch_now(c);
    if (!e || c->mismatched || w->epoch != e->link.epoch)
        return;
    if (!kr_open_seats(c, e, w->recipients, w->recipient_count))
        return;
    if (kr_secret_of(&e->sealing, e->me) != e->me) { /* it is not ours to give */
        kr_output_refused(c->out, "wanted", KR_E_UNEXPECTED, NULL);
        return;
    }
    for (size_t i = 0; i < w->recipient_count; i++)
        e->to[w->recipients[i]] = KR_TO_WANTED;
}

void kr_seal_result(struct kr_client *c, const struct kr_pending *q, int err)
{
    struct kr_epoch_state *e = kr_epoch_now(c);
    if (!e || q->epoch != e->link.epoch || !kr_id_equal(&q->instance, &e->instance))
        return;
    if (err)
        kr_output_refused(c->out, "envelope", err, NULL);
    if (err == KR_E_BAD_SIGNATURE && !c->mismatched) {
        /* What we signed is our context: the service's is another one (5.4). */
        kr_client_mismatch_in(c, KR_E_CONTEXT_MISMATCH, e);
        return;
    }
    if (err && q->round == KR_ROUND_SUPPLEMENT) /* what is still wanted comes with the whole (6.7) */
        c->ask_at_ms = kr_sooner(c->ask_at_ms, c->now_ms + KR_CLIENT_REATTACH_MS);
    else if (err)
        e->posted = false;
    else if (!err && q->seals)
        e->sealed = true; /* only what the service took counts (5.12) */
}
