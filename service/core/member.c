#include "core/member.h"

#include <stdlib.h>
#include <string.h>

#include "core/announce.h"
#include "core/attested.h"
#include "core/audit.h"
#include "core/churn.h"
#include "core/epoch.h"
#include "core/leader.h"
#include "core/occupant.h"
#include "core/own.h"
#include "core/owner.h"
#include "core/request.h"
#include "core/room.h"
#include "core/tell.h"

const struct kr_sorted_kind kr_ids = {sizeof(struct kr_id), sizeof(struct kr_id)};
const struct kr_sorted_kind kr_pairs = {sizeof(struct kr_id), sizeof(struct kr_pair)};
const struct kr_sorted_kind kr_key_prefixes = {8, 8};

void kr_attach_free(struct kr_attach *a)
{
    if (!a)
        return;
    kr_sorted_done(&a->pairs);
    kr_sorted_done(&a->published);
    free(a->participant);
    free(a->owner);
    free(a->full_jid);
    free(a);
}

bool kr_attach_published(const struct kr_attach *a, const struct kr_key *key)
{
    return kr_sorted_find(&a->published, &kr_key_prefixes, key->b) != NULL;
}

void kr_attach_publish(struct kr_attach *a, const struct kr_signed_key *keys, size_t count)
{
    kr_sorted_reserve(&a->published, &kr_key_prefixes, count);
    for (size_t i = 0; i < count; i++)
        kr_sorted_put(&a->published, &kr_key_prefixes, keys[i].key.b);
}

struct kr_attach *kr_attach_find(const struct kr_room *room, const struct kr_id *id)
{
    struct kr_attach *a = NULL;
    HASH_FIND(hh, room->attaches, id->b, sizeof(id->b), a);
    return a;
}

struct kr_pair *kr_pair_get(struct kr_attach *a, const struct kr_id *other)
{
    return kr_sorted_put(&a->pairs, &kr_pairs, other->b);
}

bool kr_attach_was_used(struct kr_core *core, const struct kr_room *room, const struct kr_id *id)
{
    if (kr_sorted_find(&room->used, &kr_ids, id->b))
        return true;
    /* Attach ids name rows of the store: one that lives in another room must not be written over. */
    for (const struct kr_room *r = core->rooms; r; r = r->hh.next) {
        if (kr_attach_find(r, id))
            return true;
    }
    return false;
}

void kr_attach_add(struct kr_room *room, struct kr_attach *a)
{
    HASH_ADD(hh, room->attaches, id.b, sizeof(a->id.b), a);
    kr_sorted_put(&room->used, &kr_ids, a->id.b);
}

void kr_attach_store(struct kr_core *core, const struct kr_room *room, const struct kr_attach *a)
{
    struct kr_write w = {.kind = KR_W_ATTACH,
                         .u.attach = {.attach = a->id,
                                      .instance = room->instance,
                                      .device = a->device,
                                      .nonce = a->nonce,
                                      .room = room->jid,
                                      .participant = a->participant,
                                      .owner = a->owner,
                                      .full_jid = a->full_jid,
                                      .ed25519 = a->ed25519,
                                      .curve25519 = a->curve25519,
                                      .sig = a->sig,
                                      .state = a->member ? KR_ATTACH_MEMBER : KR_ATTACH_WAITING,
                                      .settled = a->settled,
                                      .sources = (uint8_t)a->sources,
                                      .lead = a->lead,
                                      .lead_fault = (uint8_t)a->lead_fault,
                                      .at_ms = a->at_ms}};
    kr_output_write(core->out, &w);
}

void kr_attach_become_member(struct kr_core *core, struct kr_room *room, struct kr_attach *a, const char *why)
{
    a->member = true;
    a->settled = false;
    a->held = !kr_own_is(core, a->full_jid) && kr_churn_hold(&room->churn, core->now.mono_ms);
    kr_attach_store(core, room, a);
    kr_audit_attach(core, "member", room, a, why);
    room->state_due = true;
    kr_trace(core, KR_TRACE_INFO, "attach %s of " KR_PEER " in " KR_PEER " -> member%s (%s)",
             kr_short(&a->id).text, a->participant, room->jid, a->held ? ", held: too many leaves" : "", why);
    if (!a->held)
        kr_room_change(core, room, KR_REASON_JOIN, false);
}

void kr_attach_become_waiting(struct kr_core *core, struct kr_room *room, struct kr_attach *a,
                              const char *why)
{
    a->member = false;
    kr_attach_store(core, room, a);
    kr_audit_attach(core, "waiting", room, a, why);
    room->state_due = true;
    kr_trace(core, KR_TRACE_INFO, "attach %s of " KR_PEER " in " KR_PEER " -> waiting (%s)",
             kr_short(&a->id).text, a->participant, room->jid, why);
}

static void tell_detached(struct kr_core *core, const struct kr_room *room, const struct kr_attach *a,
                          const char *reason)
{
    struct kr_notice n = {.kind = KR_NOTICE_DETACHED,
                          .room = room->jid,
                          .u.detached = {.instance = room->instance, .reason = reason}};
    kr_tell(core, a->full_jid, &n);
}

static unsigned reason_bit(const char *reason)
{
    if (strcmp(reason, "revoked") == 0)
        return KR_REASON_REVOKE;
    return strcmp(reason, "policy") == 0 ? KR_REASON_POLICY : KR_REASON_LEAVE;
}

void kr_attach_end(struct kr_core *core, struct kr_room *room, struct kr_attach *a, const char *reason)
{
    unsigned bit = reason_bit(reason);
    bool told_keys = kr_room_announced(room, &a->id);
    struct kr_write w = {.kind = KR_W_ATTACH_END, .u.attach = {.attach = a->id}};
    w.u.attach.room = room->jid;
    w.u.attach.participant = w.u.attach.owner = w.u.attach.full_jid = "";
    kr_output_write(core->out, &w);
    kr_audit_attach(core, "detach", room, a, reason);
    core->stats.detaches++;
    kr_trace(core, KR_TRACE_INFO, "attach %s of " KR_PEER " in " KR_PEER " -> over (%s)",
             kr_short(&a->id).text, a->participant, room->jid, reason);
    if (a->confirmed && strcmp(reason, "left") != 0)
        tell_detached(core, room, a, reason);

    HASH_DEL(room->attaches, a);
    if (a->occupant)
        a->occupant->attach = NULL;
    for (struct kr_attach *other = room->attaches; other; other = other->hh.next)
        kr_sorted_remove(&other->pairs, &kr_pairs, a->id.b);
    room->state_due = true;
    if (told_keys) {
        kr_room_gone(room, &a->id, strcmp(reason, "left") == 0 ? "leave" : reason);
        kr_room_change(core, room, bit, bit != KR_REASON_LEAVE);
        /* Our own participant comes back; only of a device that lost its right somebody may listen on. */
        if (!kr_own_is(core, a->full_jid) || bit != KR_REASON_LEAVE)
            kr_room_leave_seen(room, core->now.mono_ms);
    }
    kr_epoch_member_gone(core, room, &a->id);
    kr_attach_free(a);
    if (!room->attaches)
        kr_room_end_instance(core, room, "the last attached device left");
    else if (told_keys && bit != KR_REASON_LEAVE)
        kr_epoch_abandon(core, room,
                         bit == KR_REASON_REVOKE ? "a device was revoked" : "a device lost its right");
}

enum kr_verdict kr_attach_verdict(const struct kr_core *core, const struct kr_room *room,
                                  const struct kr_attach *a, bool revoked, const char **ret_why)
{
    struct kr_standing standing = {
        .affiliation = a->occupant ? a->occupant->affiliation : KR_AFFILIATION_NONE,
        /* asked now, not when it attached: the operator may have changed the list */
        .registered = kr_owner_holds(core, room, a->occupant, a->full_jid, a->owner),
        .approved = a->approved,
        .approved_by_operator = a->approved_by_operator,
        .revoked = revoked,
        .takes_part = (a->sources & KR_SOURCE_BIT(room->policy.source)) != 0,
        .is_service = kr_own_is(core, a->full_jid)};
    uint64_t until;
    standing.verified =
        room->policy.authorise == KR_AUTHORISE_VERIFIED && kr_attested_verified(core, room, a, &until);
    return kr_authorise(&room->policy, &standing, ret_why);
}

bool kr_may_verify(const struct kr_room *room, const struct kr_attach *a)
{
    return a && a->confirmed && (a->member || room->policy.authorise == KR_AUTHORISE_VERIFIED);
}

bool kr_attach_judge(struct kr_core *core, struct kr_room *room, struct kr_attach *a, bool revoked)
{
    const char *why = "";
    enum kr_verdict verdict = kr_attach_verdict(core, room, a, revoked, &why);
    if (verdict == KR_ADMIT) {
        if (!a->member && kr_leader_admits(room, a->sources) == 0)
            kr_attach_become_member(core, room, a, why);
        kr_attested_note(core, room, a);
        return false;
    }
    if (verdict == KR_DENY || a->member) {
        kr_trace(core, KR_TRACE_INFO, "attach %s in " KR_PEER " -> loses its right (%s)",
                 kr_short(&a->id).text, room->jid, why);
        kr_attach_end(core, room, a, revoked ? "revoked" : "policy");
        return true;
    }
    return false;
}

void kr_room_judge_all(struct kr_core *core, struct kr_room *room)
{
    struct kr_attach *a, *tmp;
    HASH_ITER (hh, room->attaches, a, tmp) {
        if (a->confirmed)
            kr_attach_judge(core, room, a, false);
    }
}
