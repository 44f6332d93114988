#include <stdlib.h>
#include <string.h>

#include "core/attested.h"
#include "core/audit.h"
#include "core/epoch.h"
#include "core/member.h"
#include "core/pending.h"
#include "core/request.h"
#include "core/room.h"
#include "core/stock.h"
#include "core/tell.h"

static void ask_directory(struct kr_core *core, struct kr_pending *p, const struct kr_id *device, bool revoke,
                          const char *by, const char *reason)
{
    p->device = *device;
    p->revoke = revoke;
    p->by = kr_strdup(by);
    p->reason = kr_strdup(reason ? reason : "");
    struct kr_query q = {.kind = KR_Q_DEVICE, .token = p->token, .device = {.id = *device}, .room = p->room};
    kr_output_query(core->out, &q);
}

int kr_request_grant(struct kr_core *core, const struct kr_ask *ask)
{
    bool revoke = ask->request->kind == KR_REQ_REVOKE;
    /* Decision 3: an owner may always tighten, and admit only where the operator's policy says so. */
    bool verified = ask->room->policy.authorise == KR_AUTHORISE_VERIFIED; /* who attests, not approves */
    if (!revoke && (ask->room->policy.approval != KR_APPROVAL_OWNERS || verified))
        return KR_E_NOT_ALLOWED;
    struct kr_pending *p = kr_pending_new(core, KR_PENDING_GRANT, ask->asker, ask->room->jid);
    ask_directory(core, p, &ask->request->u.device, revoke, ask->asker->from, "");
    return 0;
}

static bool in_scope(const struct kr_room *room, const char *scope)
{
    return strcmp(scope, KR_SCOPE_EVERYWHERE) == 0 || strcmp(scope, room->jid) == 0;
}

/* The attaches of the device in one room. True if the room will rotate. */
static bool apply_in(struct kr_core *core, struct kr_room *room, const struct kr_pending *p)
{
    bool rotates = false;
    struct kr_attach *a, *tmp;
    HASH_ITER (hh, room->attaches, a, tmp) {
        if (!kr_id_equal(&a->device, &p->device))
            continue;
        a->approved = !p->revoke;
        a->approved_by_operator = !p->revoke && (p->from_control || a->approved_by_operator);
        if (!a->confirmed)
            continue; /* asked about when presence shows it */
        bool was = a->member;
        if (p->revoke) {
            rotates |= kr_room_announced(room, &a->id);
            kr_attach_judge(core, room, a, true);
        } else {
            kr_attach_judge(core, room, a, false);
            rotates |= !was;
        }
    }
    return rotates;
}

static void write_grant(struct kr_core *core, const struct kr_pending *p)
{
    struct kr_write w = {.kind = p->revoke ? KR_W_REVOKE : KR_W_APPROVE,
                         .u.grant = {.device = p->device,
                                     .scope = p->room,
                                     .by = p->by,
                                     .at_ms = core->now.wall_ms,
                                     .reason = p->reason}};
    kr_output_write(core->out, &w);
    bool everywhere = strcmp(p->room, KR_SCOPE_EVERYWHERE) == 0;
    struct kr_entry e;
    kr_entry_begin(&e, core, p->revoke ? "revoke" : "approve",
                   everywhere ? NULL : kr_room_find(core, p->room));
    kr_entry_device(&e, &p->device);
    kr_entry_text(&e, "scope", everywhere ? "everywhere" : "room");
    if (p->from_control)
        kr_entry_text(&e, "by", "operator");
    else
        kr_entry_commit(&e, "by", "jid", p->by);
    kr_entry_end(&e);
}

void kr_grant_continue(struct kr_core *core, struct kr_pending *p, const struct kr_query_result *r)
{
    int err = !r->known ? KR_E_UNKNOWN_DEVICE : !p->revoke && r->revoked ? KR_E_REVOKED : 0;
    const char *what = p->revoke ? "revoke" : "approve";
    if (err) {
        if (p->from_control)
            kr_output_reply(core->out, p->control_token, err, "%s", kr_strerror(err));
        else
            kr_refuse(core, &p->asker, p->room, what, err);
        return;
    }
    write_grant(core, p);
    if (p->revoke)
        kr_attested_disown(core, &p->device, p->room);
    size_t rooms = 0;
    struct kr_room *room, *tmp;
    HASH_ITER (hh, core->rooms, room, tmp) {
        if (!in_scope(room, p->room))
            continue;
        rooms += apply_in(core, room, p);
        kr_stock_granted(core, room, p);
        if (p->revoke && room->policy.authorise == KR_AUTHORISE_VERIFIED)
            kr_room_judge_all(core, room); /* whom it had verified */
    }
    char device[KR_ID_TEXT];
    kr_id_write(device, &p->device);
    kr_trace(core, KR_TRACE_INFO, "%s of device %s by " KR_PEER " -> done in " KR_PEER " (%zu rooms rotate)",
             what, kr_short(&p->device).text, p->by, p->room, rooms);
    if (p->from_control)
        kr_output_reply(core->out, p->control_token, 0, "%s %s: %zu room%s rotate%s",
                        p->revoke ? "revoked" : "approved", device, rooms, rooms == 1 ? "" : "s",
                        rooms == 1 ? "s" : "");
    else
        kr_answer_empty(core, &p->asker);
    for (room = core->rooms; room; room = room->hh.next)
        kr_room_advance(core, room);
}

/* by NULL: the operator. */
static void record_rotate(struct kr_core *core, const struct kr_room *room, const char *by)
{
    struct kr_entry e;
    kr_entry_begin(&e, core, "rotate", room);
    if (by)
        kr_entry_commit(&e, "actor", "participant", by);
    else
        kr_entry_text(&e, "by", "operator");
    kr_entry_end(&e);
}

int kr_request_rotate(struct kr_core *core, const struct kr_ask *ask)
{
    struct kr_room *room = ask->room;
    if (room->owner_rotated && core->now.mono_ms - room->owner_rotate_ms < KR_OWNER_ROTATE_MS)
        return KR_E_QUOTA;
    if (kr_room_members(room) == 0)
        return KR_E_UNEXPECTED;
    room->owner_rotated = true;
    room->owner_rotate_ms = core->now.mono_ms;
    record_rotate(core, room, ask->occupant->nick);
    kr_room_change(core, room, KR_REASON_MANUAL, false);
    kr_answer_empty(core, ask->asker);
    return 0;
}

static void control_rotate(struct kr_core *core, const struct kr_control *c)
{
    struct kr_room *room = kr_room_find(core, c->scope);
    if (!room || room->presence != KR_IN) {
        kr_output_reply(core->out, c->token, KR_E_UNKNOWN_ROOM, "%s", kr_strerror(KR_E_UNKNOWN_ROOM));
        return;
    }
    size_t members = kr_room_members(room);
    if (members == 0) {
        kr_output_reply(core->out, c->token, KR_E_UNEXPECTED, "the room has no members to rotate for");
        return;
    }
    record_rotate(core, room, NULL);
    kr_room_change(core, room, KR_REASON_MANUAL, true);
    kr_output_reply(core->out, c->token, 0, "epoch %llu follows for %zu members",
                    (unsigned long long)room->epoch_high + 1, members);
    kr_trace(core, KR_TRACE_INFO, "rotation of " KR_PEER " -> asked for (operator)", room->jid);
    kr_room_advance(core, room);
}

void kr_control(struct kr_core *core, const struct kr_control *c)
{
    if (c->kind == KR_CONTROL_ROTATE) {
        control_rotate(core, c);
        return;
    }
    struct kr_pending *p = kr_pending_new(core, KR_PENDING_GRANT, NULL, c->scope);
    p->from_control = true;
    p->control_token = c->token;
    ask_directory(core, p, &c->device, c->kind == KR_CONTROL_REVOKE, "operator", c->reason);
}
