#include <stdlib.h>
#include <string.h>

#include "core/deliver.h"
#include "core/epoch.h"
#include "core/leader.h"
#include "core/member.h"
#include "core/request.h"
#include "core/room.h"
#include "core/tell.h"

static bool names(const uint16_t *list, size_t count, size_t seat)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == seat)
            return true;
    return false;
}

static int check_indices(const struct kr_epoch *e, size_t seat, const uint16_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i] >= e->roster.len || list[i] == seat)
            return KR_E_MALFORMED;
        if (kr_secret_of(&e->sealing, list[i]) != list[i]) /* whose secret is another's, or nobody's */
            return KR_E_MALFORMED;
    }
    return 0;
}

/* Missing or mismatched: either way the secret is not held. Both lists rise. */
static size_t unite(const struct kr_req_ack *r, uint16_t *out)
{
    size_t n = 0, i = 0, k = 0;
    while (i < r->missing_count || k < r->mismatch_count) {
        bool first = k >= r->mismatch_count || (i < r->missing_count && r->missing[i] <= r->mismatch[k]);
        uint16_t v = first ? r->missing[i] : r->mismatch[k];
        i += i < r->missing_count && r->missing[i] == v;
        k += k < r->mismatch_count && r->mismatch[k] == v;
        out[n++] = v;
    }
    return n;
}

/* 6.5: deliver again what we have, or ask the sender. A sender that owes its envelope is not asked for
 * another one. */
static void serve_missing(struct kr_core *core, struct kr_room *room, struct kr_epoch *e, size_t seat,
                          const struct kr_req_ack *r)
{
    if (e->stage < KR_STAGE_ACKS)
        return;
    uint16_t *again = kr_calloc(r->missing_count, sizeof(*again));
    size_t again_count = 0;
    for (size_t i = 0; i < r->missing_count; i++) {
        uint16_t sender = r->missing[i];
        struct kr_packed entry;
        if (kr_sealed_entry(e, sender, seat, &entry)) {
            bool secret = entry.type != KR_PACKED_WITHHELD;
            if (secret && kr_deliver_is_gathered(e, sender, seat))
                continue; /* it is on its way */
            if (!secret && (entry.body.len == 0 || entry.body.ptr[0] != KR_WITHHELD_SESSION))
                continue; /* its own checks failed: it seals when they pass (3.5) */
            bool asked = kr_deliver_want(core, room, e, sender, seat);
            if (secret && asked)
                again[again_count++] = sender;
        } else if (!kr_round_any(&e->sealing, sender, seat) || e->seats[sender].spared) {
            /* the parent secret is lost: as for a joiner; or it was held, by its own word */
            kr_deliver_want(core, room, e, sender, seat);
        }
    }
    if (again_count)
        kr_deliver_again(core, room, e, seat, again, again_count);
    free(again);
}

int kr_request_ack(struct kr_core *core, const struct kr_ask *ask)
{
    const struct kr_req_ack *r = &ask->request->u.ack;
    struct kr_epoch *e = NULL;
    int err = kr_epoch_find(ask->room, r->epoch, &e);
    if (err)
        return err;
    int found = kr_roster_find(&e->roster, &ask->attach->id);
    if (found < 0)
        return KR_E_NOT_MEMBER;
    size_t seat = (size_t)found;
    err = check_indices(e, seat, r->missing, r->missing_count);
    if (!err)
        err = check_indices(e, seat, r->mismatch, r->mismatch_count);
    if (err)
        return err;

    struct kr_seat *s = &e->seats[seat];
    core->stats.acks++;
    s->acked = true;
    free(s->missing);
    size_t most = r->missing_count + r->mismatch_count;
    s->missing = most ? kr_calloc(most, sizeof(*s->missing)) : NULL;
    s->missing_count = most ? unite(r, s->missing) : 0;
    s->accuses = names(r->mismatch, r->mismatch_count, e->sealing.leader);
    s->has_confirm = r->has_confirm && kr_source_is_led(e->link.source);
    s->confirm = r->confirm;
    kr_answer_empty(core, ask->asker);
    kr_epoch_weigh(e, seat);
    if (s->ok) {
        ask->attach->acked_epoch =
            e->link.epoch > ask->attach->acked_epoch ? e->link.epoch : ask->attach->acked_epoch;
        if (core->now.mono_ms < kr_epoch_acks_until(e))
            ask->attach->slow = false;
    }
    if (r->mismatch_count)
        kr_trace(
            core, KR_TRACE_WARN, "ack of " KR_PEER " in " KR_PEER " for epoch %llu -> %zu contexts differ",
            ask->attach->participant, ask->room->jid, (unsigned long long)e->link.epoch, r->mismatch_count);
    if (r->missing_count)
        serve_missing(core, ask->room, e, seat, r);
    kr_epoch_spare(e);
    if (kr_leader_accused(e, seat))
        kr_leader_judge(core, ask->room, e, ask->attach); /* may abandon it */
    return 0;
}
