#include <stdlib.h>
#include <string.h>

#include "core/audit.h"
#include "core/member.h"
#include "core/pending.h"
#include "core/request.h"
#include "core/room.h"
#include "core/tell.h"

/* May this one be claimed? *ret_gone: it was in the current roster and has left. */
static int check_target(const struct kr_core *core, const struct kr_ask *ask, const struct kr_claim_target *t,
                        bool *ret_gone)
{
    *ret_gone = false;
    if (kr_id_equal(&t->attach, &ask->attach->id))
        return KR_E_MALFORMED;
    struct kr_attach *a = kr_attach_find(ask->room, &t->attach);
    if (!a) {
        if (!kr_room_announced(ask->room, &t->attach))
            return KR_E_NOT_IN_ROOM;
        const char *reason = kr_room_gone_reason(ask->room, &t->attach);
        if (reason && strcmp(reason, "revoked") == 0)
            return KR_E_REVOKED;
        *ret_gone = true;
        return 0;
    }
    if (!kr_may_verify(ask->room, a))
        return KR_E_NOT_IN_ROOM;
    const struct kr_pair *p = kr_sorted_find(&ask->attach->pairs, &kr_pairs, t->attach.b);
    if (!p || !p->claimed)
        return 0;
    if (!t->reset || (p->was_reset && core->now.mono_ms - p->reset_ms < KR_RESET_MS))
        return KR_E_QUOTA;
    return 0;
}

static void take_quota(struct kr_core *core, struct kr_attach *claimer, const struct kr_claim_target *t)
{
    struct kr_pair *p = kr_pair_get(claimer, &t->attach);
    if (p->claimed) {
        p->was_reset = true;
        p->reset_ms = core->now.mono_ms;
    }
    p->claimed = true;
}

static void answer(struct kr_core *core, const struct kr_pending *p)
{
    struct kr_res_claimed res = {.room = p->room, .keys = p->claimed, .count = p->claim_count};
    struct kr_xml x;
    kr_answer_start(core, &p->asker, &x);
    kr_res_claimed_encode(&x, &res);
    kr_answer_end(core, &p->asker, &x);
}

int kr_request_claim(struct kr_core *core, const struct kr_ask *ask)
{
    const struct kr_req_claim *r = &ask->request->u.claim;
    bool *gone = kr_calloc(r->target_count, sizeof(*gone));
    int err = 0;
    for (size_t i = 0; i < r->target_count && !err; i++)
        err = check_target(core, ask, &r->targets[i], &gone[i]);
    if (err)
        goto out;

    struct kr_pending *p = kr_pending_new(core, KR_PENDING_CLAIM, ask->asker, ask->room->jid);
    p->attach = ask->attach->id;
    p->claim_count = r->target_count;
    p->claimed = kr_calloc(r->target_count, sizeof(*p->claimed));
    p->claim_slot = kr_calloc(r->target_count, sizeof(*p->claim_slot));
    for (size_t i = 0; i < r->target_count; i++) {
        p->claimed[i] = (struct kr_claimed){.attach = r->targets[i].attach, .none = true};
        if (gone[i])
            continue;
        p->claim_slot[p->slot_count++] = i;
        take_quota(core, ask->attach, &r->targets[i]);
        struct kr_query q = {.kind = KR_Q_CLAIM, .token = p->token, .attach = r->targets[i].attach};
        kr_output_query(core->out, &q);
    }
    if (p->slot_count == 0) {
        answer(core, p);
        kr_pending_free(core, p);
    }
out:
    free(gone);
    return err;
}

static void low_water(struct kr_core *core, struct kr_room *room, struct kr_attach *target, uint64_t left)
{
    target->otk_left = left;
    if (left >= KR_OTK_LOW || target->low_told)
        return;
    target->low_told = true;
    struct kr_entry e;
    kr_entry_begin(&e, core, "low", room);
    kr_entry_attach(&e, target);
    kr_entry_u64(&e, "count", left);
    kr_entry_end(&e);
    struct kr_notice n = {
        .kind = KR_NOTICE_LOW, .room = room->jid, .u.low = {.attach = target->id, .count = left}};
    kr_tell(core, target->full_jid, &n);
}

bool kr_claim_continue(struct kr_core *core, struct kr_room *room, struct kr_pending *p,
                       const struct kr_query_result *r)
{
    struct kr_claimed *c = &p->claimed[p->claim_slot[p->claim_next++]];
    struct kr_attach *target = room ? kr_attach_find(room, &c->attach) : NULL;
    core->stats.claims++;
    if (r->claimed && target) {
        c->none = false;
        c->kind = r->key.kind == KR_CLASS_FALLBACK ? KR_KEY_FALLBACK : KR_KEY_ONE_TIME;
        c->key = r->key.key;
        c->sig = r->key.sig;
        if (c->kind == KR_KEY_FALLBACK) {
            core->stats.claims_fallback++;
            kr_audit_attach(core, "fallback-used", room, target, NULL);
            kr_trace(core, KR_TRACE_WARN,
                     "claim of %s in " KR_PEER " -> fallback key (no one-time keys left)",
                     kr_short(&target->id).text, room->jid);
        }
        low_water(core, room, target, r->left);
    }
    if (p->claim_next < p->slot_count)
        return true;
    const struct kr_attach *claimer = room ? kr_attach_find(room, &p->attach) : NULL;
    if (!claimer || !kr_may_verify(room, claimer)) {
        kr_refuse(core, &p->asker, p->room, "claim", KR_E_NOT_MEMBER);
        return false;
    }
    answer(core, p);
    kr_trace(core, KR_TRACE_DEBUG, "claim by %s in " KR_PEER " -> %zu keys", kr_short(&p->attach).text,
             p->room, p->slot_count);
    return false;
}
