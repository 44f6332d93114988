#include "core/room.h"

#include <stdlib.h>
#include <string.h>

#include "core/announce.h"
#include "core/audit.h"
#include "core/churn.h"
#include "core/coalesce.h"
#include "core/epoch.h"
#include "core/member.h"
#include "core/muc.h"
#include "core/occupant.h"
#include "core/restore.h"

struct kr_room *kr_room_find(struct kr_core *core, const char *jid)
{
    struct kr_room *room = NULL;
    HASH_FIND_STR(core->rooms, jid, room);
    return room;
}

struct kr_room *kr_room_get(struct kr_core *core, const char *jid)
{
    struct kr_room *room = kr_room_find(core, jid);
    if (room)
        return room;
    if (HASH_COUNT(core->rooms) >= KR_ROOMS_MAX) {
        kr_trace(core, KR_TRACE_ERROR, "room " KR_PEER " -> not served (limit of %d rooms)", jid,
                 KR_ROOMS_MAX);
        return NULL;
    }
    room = kr_calloc(1, sizeof(*room));
    room->jid = kr_strdup(jid);
    room->nick = kr_strdup(core->settings.nick);
    kr_buf_init(&room->policy_text, KR_TEXT_MAX);
    kr_roster_init(&room->announced);
    HASH_ADD_KEYPTR(hh, core->rooms, room->jid, strlen(room->jid), room);
    kr_room_policy(core, room);
    return room;
}

static void drop_epochs(struct kr_room *room)
{
    kr_epoch_free(room->flight);
    kr_epoch_free(room->committed);
    room->flight = room->committed = NULL;
    kr_roster_done(&room->announced);
    kr_roster_init(&room->announced);
}

static void drop_instance(struct kr_room *room)
{
    struct kr_attach *a, *atmp;
    HASH_ITER (hh, room->attaches, a, atmp) {
        HASH_DEL(room->attaches, a);
        kr_attach_free(a);
    }
    struct kr_used *u, *utmp;
    HASH_ITER (hh, room->used, u, utmp) {
        HASH_DEL(room->used, u);
        free(u);
    }
    drop_epochs(room);
    room->has_instance = room->instance_stored = room->recovering = false;
    room->epoch_high = 0;
    room->chain_len = room->gone_count = room->leave_count = 0;
    room->changes = (struct kr_changes){0};
    room->policy_changed = false;
    room->churn.held = false;
    room->state_due = true;
}

void kr_room_free(struct kr_core *core, struct kr_room *room)
{
    HASH_DEL(core->rooms, room);
    kr_occupants_clear(room);
    drop_instance(room);
    kr_buf_done(&room->policy_text);
    free(room->gone);
    free(room->leaves);
    free(room->nick);
    free(room->jid);
    free(room);
}

void kr_room_policy(struct kr_core *core, struct kr_room *room)
{
    room->settings = kr_settings_room(&core->settings, room->jid);
    room->policy = room->settings->policy;
    kr_buf_done(&room->policy_text);
    room->policy_text = kr_policy_text(&room->policy, room->jid);
    room->policy_hash = kr_policy_hash(&room->policy, room->jid);
}

bool kr_room_blind(const struct kr_room *room)
{
    return room->hidden != 0;
}

size_t kr_room_members(const struct kr_room *room)
{
    size_t n = 0;
    for (const struct kr_attach *a = room->attaches; a; a = a->hh.next)
        n += a->confirmed && a->member;
    return n;
}

bool kr_room_is_in(const struct kr_attach *a)
{
    return a->confirmed && a->member && !a->held;
}

void kr_room_begin_instance(struct kr_core *core, struct kr_room *room)
{
    kr_random_fill(&core->random, room->instance.b, sizeof(room->instance.b));
    room->has_instance = true;
    room->instance_stored = false;
    room->epoch_high = 0;
    room->started_ms = core->now.wall_ms;
}

void kr_room_store(struct kr_core *core, struct kr_room *room)
{
    struct kr_write w = {.kind = KR_W_ROOM,
                         .u.room = {.room = room->jid,
                                    .instance = room->instance,
                                    .epoch_high = room->epoch_high,
                                    .started_ms = room->started_ms}};
    kr_output_write(core->out, &w);
    if (room->instance_stored)
        return;
    room->instance_stored = true;
    struct kr_entry e;
    char policy[KR_KEY_TEXT];
    kr_digest_write(policy, &room->policy_hash);
    kr_entry_begin(&e, core, "instance", room);
    kr_entry_commit(&e, "policy", "policy", policy);
    kr_entry_end(&e);
}

void kr_room_end_instance(struct kr_core *core, struct kr_room *room, const char *why)
{
    if (!room->has_instance)
        return;
    struct kr_short id = kr_short(&room->instance);
    if (room->flight)
        core->stats.epochs_abandoned++;
    if (room->instance_stored) {
        struct kr_entry e;
        kr_entry_begin(&e, core, "instance-over", room);
        kr_entry_u64(&e, "epoch", room->epoch_high);
        kr_entry_end(&e);
        struct kr_write w = {.kind = KR_W_ROOM_END,
                             .u.room = {.room = room->jid, .instance = room->instance}};
        kr_output_write(core->out, &w);
        kr_trace(core, KR_TRACE_INFO, "instance %s of " KR_PEER " -> over (%s)", id.text, room->jid, why);
    }
    for (struct kr_occupant *o = room->occupants; o; o = o->hh.next)
        o->attach = NULL;
    kr_audit_forget(core, &room->instance);
    drop_instance(room);
}

void kr_room_change(struct kr_core *core, struct kr_room *room, unsigned reason, bool urgent)
{
    if (!room->changes.reasons)
        room->changes.first_ms = core->now.mono_ms;
    room->changes.last_ms = core->now.mono_ms;
    room->changes.reasons |= reason;
    room->changes.urgent |= urgent;
}

void kr_room_leave_seen(struct kr_room *room, uint64_t at_ms)
{
    kr_grow((void **)&room->leaves, &room->leave_cap, room->leave_count, sizeof(*room->leaves));
    room->leaves[room->leave_count++] = at_ms;
}

void kr_room_gone(struct kr_room *room, const struct kr_id *attach, const char *reason)
{
    kr_grow((void **)&room->gone, &room->gone_cap, room->gone_count, sizeof(*room->gone));
    room->gone[room->gone_count++] = (struct kr_gone){.attach = *attach, .reason = reason};
}

const char *kr_room_gone_reason(const struct kr_room *room, const struct kr_id *attach)
{
    for (size_t i = 0; i < room->gone_count; i++) {
        if (kr_id_equal(&room->gone[i].attach, attach))
            return room->gone[i].reason;
    }
    return NULL;
}

static struct kr_plan plan(const struct kr_room *room)
{
    struct kr_plan_facts f = {
        .changes = room->changes,
        .in_flight = room->flight != NULL,
        .coalesce_ms = room->settings->coalesce_ms,
        .coalesce_max_ms = room->settings->coalesce_max_ms,
        .may_rotate = room->committed && room->presence == KR_IN && !room->recovering,
        .announced_ms = room->committed ? room->committed->announced_ms : 0,
        .rotate_ms = (uint64_t)room->policy.rotate_s * 1000,
        .ready = room->presence == KR_IN && !room->recovering,
    };
    return kr_plan_next(&f);
}

/* Lets held joins in when their time has come, or when the churn is over. */
static void let_in(struct kr_core *core, struct kr_room *room)
{
    if (!room->churn.held)
        return;
    bool over = !kr_churn_over(&room->churn, core->now.mono_ms);
    if (!over && core->now.mono_ms < room->churn.let_in_ms)
        return;
    size_t count = 0;
    for (struct kr_attach *a = room->attaches; a; a = a->hh.next) {
        count += a->held;
        a->held = false;
    }
    if (count) {
        kr_room_change(core, room, KR_REASON_JOIN, true);
        kr_trace(core, KR_TRACE_INFO, "%zu held joins in " KR_PEER " -> let in (%s)", count, room->jid,
                 over ? "churn is over" : "their turn");
    }
    room->churn.held = !over;
    room->churn.let_in_ms = core->now.mono_ms + KR_JOIN_HOLD_MS;
    room->state_due |= over;
}

void kr_room_advance(struct kr_core *core, struct kr_room *room)
{
    kr_muc_advance(core, room);
    let_in(core, room);
    for (;;) {
        if (room->flight)
            kr_epoch_advance(core, room);
        struct kr_plan p = plan(room);
        if (p.at_ms > core->now.mono_ms)
            break;
        if (p.what == KR_PLAN_TIMER)
            kr_room_change(core, room, KR_REASON_TIMER, true);
        kr_epoch_announce(core, room);
        if (!room->flight)
            break;
    }
    kr_state_tell(core, room);
}

uint64_t kr_room_deadline(const struct kr_core *core, const struct kr_room *room)
{
    uint64_t at = kr_muc_deadline(core, room);
    if (room->churn.held && room->churn.let_in_ms < at)
        at = room->churn.let_in_ms;
    if (room->flight) {
        uint64_t e = kr_epoch_deadline(room);
        at = e < at ? e : at;
    }
    struct kr_plan p = plan(room);
    at = p.at_ms < at ? p.at_ms : at;
    uint64_t x = kr_room_exposed_at(room);
    return x < at ? x : at;
}
