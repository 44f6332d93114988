/* What was delivered to us, and what we say about it (docs/protocol.md 5.7, 5.13, 6.5, 7.3). */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "client/state.h"
#include "epoch/schedule.h"

/* Has the leader given us what it vouched for to all? */
static bool is_confirmed(const struct kr_epoch_state *e, const struct kr_secret *secret,
                         const struct kr_digest *confirm)
{
    struct kr_digest ours = kr_confirm(&e->context, secret);
    return confirm && kr_digest_equal(confirm, &ours);
}

/* confirm: what came with it, or NULL. */
static int open_entry(struct kr_client *c, struct kr_epoch_state *e, const struct kr_packed *d,
                      const struct kr_digest *confirm, struct kr_peer *p)
{
    bool led = kr_source_is_led(e->link.source);
    struct kr_secret plain = KR_SECRET_NONE, secret = KR_SECRET_NONE;
    int err = kr_peer_open(c, p, d->type, d->body, &plain);
    if (!err)
        err = kr_sealed_open(&plain, &e->context, kr_roster_line(&e->roster, d->index),
                             kr_roster_line(&e->roster, e->me), &secret);
    if (!err && led && !is_confirmed(e, &secret, confirm))
        err = KR_E_WRONG_CONFIRM;
    if (!err) {
        kr_epoch_hold(e, d->index, &secret);
        c->doubted = false;
    }
    if (led && err != KR_E_CANNOT_OPEN)
        kr_heal_heard(c, p, e->roster.len);
    kr_secret_done(&plain);
    kr_secret_done(&secret);
    return err;
}

/* Does this sender seal for us, by our roster, or did we ask it to? If not, others were told another one: who
 * is a joiner for them, has the seat of somebody else for us (5.4). */
static bool is_for_us(const struct kr_epoch_state *e, size_t sender)
{
    return kr_round_any(&e->sealing, sender, e->me) || e->asked[sender];
}

/* The context or the secret differs: this sender is not asked again in this epoch (5.7). A leader that gives
 * another secret may be its own fault once, and not a fork of the room (5.13). */
static void differs(struct kr_client *c, struct kr_epoch_state *e, size_t sender, struct kr_peer *p, int err)
{
    e->mismatch[sender] = 1;
    e->acked = false;
    if (kr_source_is_led(e->link.source)) {
        e->forked = c->doubted || p->differed;
        c->doubted = p->differed = true;
    }
    struct kr_report *r = kr_output_report(c->out, KR_REPORT_MISMATCH);
    r->epoch = e->link.epoch;
    r->why = kr_strdup(kr_errname(err));
    kr_report_who(r, p->participant);
}

static void take(struct kr_client *c, struct kr_epoch_state *e, const struct kr_packed *d,
                 const struct kr_digest *confirm)
{
    if (!kr_open_seats(c, e, &d->index, 1))
        return;
    if (!is_for_us(e, d->index)) {
        kr_client_mismatch_in(c, KR_E_ROSTER_MISMATCH, e);
        return;
    }
    if (kr_epoch_holds(e, d->index) || e->mismatch[d->index] || d->type == KR_PACKED_WITHHELD)
        return;
    const struct kr_roster_entry *m = &e->roster.entries[d->index];
    struct kr_peer *p = kr_peer_find(c, &m->attach);
    int err = p && p->verified ? open_entry(c, e, d, confirm, p) : KR_E_BAD_SIGNATURE;
    if (!err)
        return;
    kr_output_refused(c->out, "key", err, m->participant);
    if (err == KR_E_CONTEXT_MISMATCH || err == KR_E_WRONG_CONFIRM)
        differs(c, e, d->index, p, err);
    else if (err == KR_E_CANNOT_OPEN)
        kr_peer_reset(c, p);
}

/* Nobody's key is ours: then it is we who were told something else. */
static bool all_differ(const struct kr_epoch_state *e)
{
    bool differ = false;
    if (kr_epoch_is_shared(e))
        return e->forked;
    for (size_t i = 0; i < e->roster.len; i++) {
        if (i != e->me && e->held[i].has)
            return false;
        differ = differ || e->mismatch[i];
    }
    return differ;
}

bool kr_open_seats(struct kr_client *c, struct kr_epoch_state *e, const uint16_t *seats, size_t count)
{
    for (size_t i = 0; i < count && !c->mismatched; i++)
        if (seats[i] >= e->roster.len)
            kr_client_mismatch(c, KR_E_NOT_IN_ROSTER, NULL, e->deadline_ms);
    return !c->mismatched;
}

void kr_open_deliver(struct kr_client *c, const struct kr_notice_deliver *d)
{
    struct kr_epoch_state *e = kr_epoch_now(c);
    if (!e || c->phase != KR_PHASE_MEMBER || c->mismatched || d->epoch != e->link.epoch)
        return;
    kr_open_seats(c, e, d->silent, d->silent_count);
    for (size_t i = 0; i < d->entry_count && !c->mismatched; i++)
        take(c, e, &d->entries[i], d->has_confirm ? &d->confirm : NULL);
    if (d->part != d->of || c->mismatched)
        return;
    if (d->round == KR_ROUND_1)
        e->round1_delivered = true;
    if (d->last)
        e->collected = true;
    if (e->collected && all_differ(e)) {
        kr_open_ack(c); /* the others learn of it */
        kr_client_mismatch_in(c, KR_E_CONTEXT_MISMATCH, e);
    }
}

struct gap { /* what an ack says */
    uint16_t *missing, *mismatch;
    size_t missing_count, mismatch_count;
    bool lacking, changed;
    bool wait; /* for a session that is being opened: it goes first */
};

static void look_at(struct kr_client *c, const struct kr_epoch_state *e, size_t seat, struct gap *g)
{
    bool lacks = !kr_epoch_holds(e, seat);
    g->changed = g->changed || lacks != e->reported[seat];
    if (e->mismatch[seat])
        g->mismatch[g->mismatch_count++] = (uint16_t)seat;
    if (!lacks)
        return;
    g->lacking = true;
    if (!e->mismatch[seat]) /* no retry (5.4) */
        g->missing[g->missing_count++] = (uint16_t)seat;
    const struct kr_peer *p = kr_peer_find(c, &e->roster.entries[seat].attach);
    g->wait = g->wait || (p && p->resetting);
}

static void send_ack(struct kr_client *c, struct kr_epoch_state *e, const struct gap *g)
{
    struct kr_request r = {.kind = KR_REQ_ACK};
    r.u.ack = (struct kr_req_ack){.epoch = e->link.epoch,
                                  .missing = g->missing,
                                  .missing_count = g->missing_count,
                                  .mismatch = g->mismatch,
                                  .mismatch_count = g->mismatch_count,
                                  .has_confirm = e->ratcheted};
    if (e->ratcheted)
        r.u.ack.confirm = kr_confirm(&e->context, &e->shared);
    kr_request_say(c, &r);
    e->acked = true;
    e->ack_ms = UINT64_MAX;
    for (size_t i = 0; i < e->roster.len; i++)
        e->reported[i] = !kr_epoch_holds(e, i);
    for (size_t i = 0; i < g->missing_count; i++)
        e->asked[g->missing[i]] = 1;
}

/* It may have been one of an epoch before: then this one's is said once more. */
void kr_open_ack_refused(struct kr_client *c, int err)
{
    struct kr_epoch_state *e = kr_epoch_now(c);
    if (err == KR_E_STALE_EPOCH)
        return;
    if (err != KR_E_BUSY || (e && e->ack_repeats >= KR_CLIENT_BUSY_TRIES)) {
        kr_output_refused(c->out, "ack", err, NULL);
    } else if (e && e->acked) {
        e->ack_repeats++;
        e->ack_ms = kr_request_again_ms(c);
    }
}

uint64_t kr_open_next(const struct kr_client *c)
{
    const struct kr_epoch_state *e = c->epochs;
    return e && c->phase == KR_PHASE_MEMBER && !c->mismatched && kr_id_equal(&e->attach, &c->attach)
               ? e->ack_ms
               : UINT64_MAX;
}

/* Whom can we name? All of them, the leader, or nobody (5.14). */
void kr_open_ack(struct kr_client *c)
{
    struct kr_epoch_state *e = kr_epoch_now(c);
    if (!e || c->phase != KR_PHASE_MEMBER || c->mismatched)
        return;
    bool shared = kr_epoch_is_shared(e);
    if (shared && !kr_epoch_holds(e, e->me) &&
        (e->sealing.leader == e->me || e->sealing.leader == e->roster.len))
        return; /* nobody can give it to us: a leader like that is deposed */
    if (e->ack_ms <= c->now_ms) {
        e->acked = false;
        e->ack_ms = UINT64_MAX;
    }
    struct gap g = {.changed = !e->acked};
    g.missing = kr_calloc(e->roster.len, sizeof(*g.missing));
    g.mismatch = kr_calloc(e->roster.len, sizeof(*g.mismatch));
    for (size_t i = 0; !shared && i < e->roster.len; i++)
        look_at(c, e, i, &g);
    if (shared && e->sealing.leader < e->roster.len)
        look_at(c, e, e->sealing.leader, &g);
    if (g.changed && !g.wait && (!g.lacking || e->collected))
        send_ack(c, e, &g);
    free(g.missing);
    free(g.mismatch);
}
