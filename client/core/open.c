/* What was delivered to us, and what we say about it (docs/protocol.md 5.7, 6.5, 7.3). */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "client/state.h"
#include "epoch/schedule.h"

static int open_entry(struct kr_client *c, struct kr_epoch_state *e, const struct kr_packed *d,
                      struct kr_peer *p)
{
    struct kr_secret plain = KR_SECRET_NONE, secret = KR_SECRET_NONE;
    int err = kr_peer_open(c, p, d->type, d->body, &plain);
    if (!err)
        err = kr_sealed_open(&plain, &e->context, kr_roster_line(&e->roster, d->index),
                             kr_roster_line(&e->roster, e->me), &secret);
    if (!err)
        err = kr_epoch_hold(e, d->index, &secret);
    kr_secret_done(&plain);
    kr_secret_done(&secret);
    return err;
}

/* Does this sender seal for us, by our roster, or did we ask it to? If not, others were told another one: who
 * is a joiner for them, has the seat of somebody else for us (5.4). */
static bool is_for_us(const struct kr_epoch_state *e, size_t sender)
{
    return kr_round_any(&e->roster, e->link.kind, sender, e->me) || e->asked[sender];
}

static void take(struct kr_client *c, struct kr_epoch_state *e, const struct kr_packed *d)
{
    if (!kr_open_seats(c, e, &d->index, 1))
        return;
    if (!is_for_us(e, d->index)) {
        kr_client_mismatch_in(c, KR_E_ROSTER_MISMATCH, e);
        return;
    }
    if (e->held[d->index].has || e->mismatch[d->index] || d->type == KR_PACKED_WITHHELD)
        return;
    const struct kr_roster_entry *m = &e->roster.entries[d->index];
    struct kr_peer *p = kr_peer_find(c, &m->attach);
    int err = p && p->verified ? open_entry(c, e, d, p) : KR_E_BAD_SIGNATURE;
    if (!err)
        return;
    kr_output_refused(c->out, "key", err, m->participant);
    if (err == KR_E_CONTEXT_MISMATCH && !e->mismatch[d->index]) {
        e->mismatch[d->index] = 1;
        e->acked = false;
        struct kr_report *r = kr_output_report(c->out, KR_REPORT_MISMATCH);
        r->epoch = e->link.epoch;
        r->why = kr_strdup(kr_errname(err));
        kr_report_who(r, m->participant);
    } else if (err == KR_E_CANNOT_OPEN) {
        kr_peer_reset(c, p);
    }
}

/* Nobody's key is ours: then it is we who were told something else. */
static bool all_differ(const struct kr_epoch_state *e)
{
    bool differs = false;
    for (size_t i = 0; i < e->roster.len; i++) {
        if (i != e->me && e->held[i].has)
            return false;
        differs = differs || e->mismatch[i];
    }
    return differs;
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
    if (!e || c->phase != KR_PHASE_MEMBER || c->mismatched || !kr_id_equal(&d->instance, &e->instance) ||
        d->epoch != e->link.epoch)
        return;
    kr_open_seats(c, e, d->silent, d->silent_count);
    for (size_t i = 0; i < d->entry_count && !c->mismatched; i++)
        take(c, e, &d->entries[i]);
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

void kr_open_ack(struct kr_client *c)
{
    struct kr_epoch_state *e = kr_epoch_now(c);
    if (!e || c->phase != KR_PHASE_MEMBER || c->mismatched)
        return;
    uint16_t *missing = kr_calloc(e->roster.len, sizeof(*missing));
    uint16_t *mismatch = kr_calloc(e->roster.len, sizeof(*mismatch));
    size_t n = 0, wrong = 0;
    bool changed = !e->acked, wait = false, lacking = false;
    for (size_t i = 0; i < e->roster.len; i++) {
        bool lacks = !e->held[i].has;
        changed = changed || lacks != e->reported[i];
        if (e->mismatch[i])
            mismatch[wrong++] = (uint16_t)i;
        if (!lacks)
            continue;
        lacking = true;
        if (!e->mismatch[i]) /* no retry (5.4) */
            missing[n++] = (uint16_t)i;
        const struct kr_peer *p = kr_peer_find(c, &e->roster.entries[i].attach);
        wait = wait || (p && p->resetting); /* the new session goes first */
    }
    if (changed && !wait && (!lacking || e->collected)) {
        struct kr_request r = {.kind = KR_REQ_ACK};
        r.u.ack = (struct kr_req_ack){.instance = e->instance,
                                      .epoch = e->link.epoch,
                                      .missing = missing,
                                      .missing_count = n,
                                      .mismatch = mismatch,
                                      .mismatch_count = wrong};
        kr_request_send(c, &r);
        e->acked = true;
        for (size_t i = 0; i < e->roster.len; i++)
            e->reported[i] = !e->held[i].has;
        for (size_t i = 0; i < n; i++)
            e->asked[missing[i]] = 1;
    }
    free(missing);
    free(mismatch);
}
