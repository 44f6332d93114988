#include "core/member.h"

#include <stdlib.h>
#include <string.h>

#include "core/announce.h"
#include "core/audit.h"
#include "core/churn.h"
#include "core/epoch.h"
#include "core/occupant.h"
#include "core/request.h"
#include "core/room.h"
#include "core/tell.h"

void kr_attach_free(struct kr_attach *a)
{
    if (!a)
        return;
    struct kr_pair *p, *tmp;
    HASH_ITER (hh, a->pairs, p, tmp) {
        HASH_DEL(a->pairs, p);
        free(p);
    }
    struct kr_published *k, *ktmp;
    HASH_ITER (hh, a->published, k, ktmp) {
        HASH_DEL(a->published, k);
        free(k);
    }
    free(a->participant);
    free(a->owner);
    free(a->full_jid);
    free(a);
}

bool kr_attach_published(const struct kr_attach *a, const struct kr_key *key)
{
    struct kr_published *k = NULL;
    HASH_FIND(hh, a->published, key->b, sizeof(key->b), k);
    return k != NULL;
}

void kr_attach_publish(struct kr_attach *a, const struct kr_signed_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kr_published *k = kr_calloc(1, sizeof(*k));
        k->key = keys[i].key;
        HASH_ADD(hh, a->published, key.b, sizeof(k->key.b), k);
    }
}

struct kr_attach *kr_attach_find(const struct kr_room *room, const struct kr_id *id)
{
    struct kr_attach *a = NULL;
    HASH_FIND(hh, room->attaches, id->b, sizeof(id->b), a);
    return a;
}

struct kr_pair *kr_pair_get(struct kr_attach *a, const struct kr_id *other)
{
    struct kr_pair *p = NULL;
    HASH_FIND(hh, a->pairs, other->b, sizeof(other->b), p);
    if (p)
        return p;
    p = kr_calloc(1, sizeof(*p));
    p->other = *other;
    HASH_ADD(hh, a->pairs, other.b, sizeof(p->other.b), p);
    return p;
}

bool kr_attach_was_used(struct kr_core *core, const struct kr_room *room, const struct kr_id *id)
{
    struct kr_used *u = NULL;
    HASH_FIND(hh, room->used, id->b, sizeof(id->b), u);
    if (u)
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
    struct kr_used *u = kr_calloc(1, sizeof(*u));
    u->id = a->id;
    HASH_ADD(hh, room->used, id.b, sizeof(u->id.b), u);
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
                                      .at_ms = a->at_ms}};
    kr_output_write(core->out, &w);
}

void kr_attach_become_member(struct kr_core *core, struct kr_room *room, struct kr_attach *a, const char *why)
{
    a->member = true;
    a->settled = false;
    a->held = kr_churn_hold(&room->churn, core->now.mono_ms);
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
    bool told_keys = kr_roster_find(&room->announced, &a->id) >= 0;
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
    for (struct kr_attach *other = room->attaches; other; other = other->hh.next) {
        struct kr_pair *p = NULL;
        HASH_FIND(hh, other->pairs, a->id.b, sizeof(a->id.b), p);
        if (p) {
            HASH_DEL(other->pairs, p);
            free(p);
        }
    }
    room->state_due = true;
    if (told_keys) {
        kr_room_gone(room, &a->id, strcmp(reason, "left") == 0 ? "leave" : reason);
        kr_room_change(core, room, bit, bit != KR_REASON_LEAVE);
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
    struct kr_arena arena;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    struct kr_standing standing = {
        .affiliation = a->occupant ? a->occupant->affiliation : KR_AFFILIATION_NONE,
        /* asked now, not when it attached: the operator may have changed the list */
        .registered = a->owner[0] && kr_owner_of(core, &arena, a->full_jid)[0],
        .approved = a->approved,
        .revoked = revoked};
    kr_arena_done(&arena);
    return kr_authorise(&room->policy, &standing, ret_why);
}

bool kr_attach_judge(struct kr_core *core, struct kr_room *room, struct kr_attach *a, bool revoked)
{
    const char *why = "";
    enum kr_verdict verdict = kr_attach_verdict(core, room, a, revoked, &why);
    if (verdict == KR_ADMIT) {
        if (!a->member && kr_room_members(room) < KR_MEMBERS_MAX)
            kr_attach_become_member(core, room, a, why);
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
