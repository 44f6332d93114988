#include "core/room.h"

#include <stdlib.h>
#include <string.h>

#include "core/announce.h"
#include "core/attested.h"
#include "core/audit.h"
#include "core/churn.h"
#include "core/coalesce.h"
#include "core/deliver.h"
#include "core/epoch.h"
#include "core/leader.h"
#include "core/member.h"
#include "core/muc.h"
#include "core/occupant.h"
#include "core/own.h"
#include "core/restore.h"
#include "core/stock.h"

struct kr_room *kr_room_find(struct kr_core *core, const char *jid)
{
    struct kr_room *room = NULL;
    HASH_FIND_STR(core->rooms, jid, room);
    /* Only a tenant's room has another address, and that begins so. */
    for (struct kr_room *r = !room && *jid == '[' ? core->rooms : NULL; r && !room; r = r->hh.next) {
        if (r->address && strcmp(r->address, jid) == 0)
            room = r;
    }
    return room;
}

const char *kr_room_address(const struct kr_room *room)
{
    return room->address ? room->address : room->jid;
}

void kr_room_set_address(struct kr_room *room, const char *address)
{
    char *copy = strcmp(address, room->jid) == 0 ? NULL : kr_strdup(address);
    free(room->address);
    room->address = copy;
}

struct kr_room *kr_room_in(struct kr_core *core, const struct kr_tag *tag)
{
    struct kr_room *room = NULL;
    HASH_FIND(hh_tag, core->rooms_by_tag, tag, sizeof(*tag), room);
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
    room->words_at_ms = UINT64_MAX;
    kr_buf_init(&room->policy_text, KR_TEXT_MAX);
    HASH_ADD_KEYPTR(hh, core->rooms, room->jid, strlen(room->jid), room);
    kr_room_policy(core, room);
    return room;
}

void kr_room_announce_forget(struct kr_room *room)
{
    kr_sorted_done(&room->announced.attaches);
    room->announced = (struct kr_announced){0};
}

void kr_room_announce_keep(struct kr_room *room, const struct kr_roster *roster)
{
    kr_room_announce_forget(room);
    room->announced.known = true;
    room->announced.digest = roster->digest;
    kr_sorted_reserve(&room->announced.attaches, &kr_ids, roster->len);
    for (size_t i = 0; i < roster->len; i++)
        kr_sorted_put(&room->announced.attaches, &kr_ids, roster->entries[i].attach.b);
}

bool kr_room_announced(const struct kr_room *room, const struct kr_id *attach)
{
    return kr_sorted_find(&room->announced.attaches, &kr_ids, attach->b) != NULL;
}

struct kr_link_kept *kr_room_link(struct kr_room *room)
{
    if (room->chain_len == KR_CHAIN_MAX) {
        memmove(room->chain, room->chain + 1, (KR_CHAIN_MAX - 1) * sizeof(room->chain[0]));
        room->chain_len--;
    }
    kr_grow((void **)&room->chain, &room->chain_cap, room->chain_len, sizeof(*room->chain));
    return &room->chain[room->chain_len++];
}

static void drop_epochs(struct kr_room *room)
{
    kr_epoch_free(room->flight);
    kr_epoch_free(room->committed);
    room->flight = room->committed = NULL;
    kr_room_announce_forget(room);
}

static void drop_instance(struct kr_core *core, struct kr_room *room)
{
    if (room->has_instance)
        HASH_DELETE(hh_tag, core->rooms_by_tag, room);
    struct kr_attach *a, *atmp;
    HASH_ITER (hh, room->attaches, a, atmp) {
        HASH_DEL(room->attaches, a);
        kr_attach_free(a);
    }
    kr_sorted_done(&room->used);
    drop_epochs(room);
    room->has_instance = room->instance_stored = room->recovering = room->leaderless = false;
    room->leaders_failed = room->degraded = 0;
    room->epoch_high = 0;
    room->chain_len = room->gone_count = room->leave_count = 0;
    room->changes = (struct kr_changes){0};
    room->policy_changed = false;
    room->verified_until_s = 0;
    room->churn.held = false;
    room->state_due = true;
}

void kr_room_free(struct kr_core *core, struct kr_room *room)
{
    HASH_DEL(core->rooms, room);
    kr_occupants_clear(room);
    kr_stock_room_free(room);
    drop_instance(core, room);
    kr_buf_done(&room->policy_text);
    free(room->chain);
    free(room->gone);
    free(room->leaves);
    free(room->nick);
    free(room->address);
    free(room->jid);
    free(room);
}

void kr_room_policy(struct kr_core *core, struct kr_room *room)
{
    room->settings = kr_settings_room(&core->settings, room->jid);
    room->policy = room->settings->policy;
    kr_buf_done(&room->policy_text);
    room->policy_text = kr_policy_text(&room->policy, room->jid);
    kr_buf_fit(&room->policy_text);
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

static void set_instance(struct kr_core *core, struct kr_room *room)
{
    room->has_instance = true;
    HASH_ADD(hh_tag, core->rooms_by_tag, instance, sizeof(struct kr_tag), room);
}

void kr_room_resume_instance(struct kr_core *core, struct kr_room *room, const struct kr_id *instance)
{
    room->instance = *instance;
    room->instance_stored = true;
    set_instance(core, room);
}

void kr_room_begin_instance(struct kr_core *core, struct kr_room *room)
{
    struct kr_tag tag;
    do {
        kr_random_fill(&core->random, room->instance.b, sizeof(room->instance.b));
        tag = kr_tag(&room->instance);
    } while (kr_room_in(core, &tag)); /* the tag alone names it */
    set_instance(core, room);
    room->instance_stored = false;
    room->epoch_high = 0;
    room->started_ms = core->now.wall_ms;
}

static void record_policy(struct kr_core *core, const struct kr_room *room, const char *type)
{
    struct kr_entry e;
    char policy[KR_KEY_TEXT];
    kr_digest_write(policy, &room->policy_hash);
    kr_entry_begin(&e, core, type, room);
    kr_entry_commit(&e, "policy", "policy", policy);
    kr_entry_end(&e);
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
    record_policy(core, room, "instance");
}

void kr_room_policy_changed(struct kr_core *core, struct kr_room *room)
{
    room->policy_changed = true;
    kr_attested_policy(core, room);
    if (room->instance_stored)
        record_policy(core, room, "policy");
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
    kr_own_forget(core, room);
    for (struct kr_occupant *o = room->occupants; o; o = o->hh.next)
        o->attach = NULL;
    if (room->own.occupant)
        room->own.occupant->attach = NULL;
    kr_audit_forget(core, &room->instance);
    drop_instance(core, room);
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

/* A lost link or a restart is a change of all rooms at once. Told to a thousand in one go it would bring the
 * link down again: a room where nothing else has happened waits until there is room for it. */
static bool waits_for_the_link(const struct kr_core *core, const struct kr_room *room)
{
    return core->congested && room->changes.reasons == KR_REASON_RECOVER;
}

static struct kr_plan plan(const struct kr_core *core, const struct kr_room *room)
{
    struct kr_plan_facts f = {
        .changes = room->changes,
        .in_flight = room->flight != NULL,
        .coalesce_ms = room->settings->coalesce_ms,
        .coalesce_max_ms = room->settings->coalesce_max_ms,
        .may_rotate = room->committed && room->presence == KR_IN && !room->recovering,
        .announced_ms = room->committed ? room->committed->announced_ms : 0,
        .rotate_ms = (uint64_t)room->policy.rotate_s * 1000,
        .ready = room->presence == KR_IN && !room->recovering && !room->leaderless &&
                 !kr_own_awaited(core, room) && !waits_for_the_link(core, room),
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

/* Somebody who can lead has come, or the policy is another one. */
static void find_leader(struct kr_room *room)
{
    struct kr_choice choice = kr_leader_choose(room);
    if (!room->leaderless || kr_leader_lacks(&choice))
        return;
    room->leaderless = false;
    room->state_due = true;
}

/* When a verification is over by the wall clock. */
static void judge_when_over(struct kr_core *core, struct kr_room *room)
{
    if (!room->verified_until_s || core->now.wall_ms / 1000 < room->verified_until_s)
        return;
    room->verified_until_s = 0;
    kr_room_judge_all(core, room);
}

static uint64_t over_at(const struct kr_core *core, const struct kr_room *room)
{
    uint64_t until_ms = room->verified_until_s * 1000, wall_ms = core->now.wall_ms;
    if (!room->verified_until_s)
        return UINT64_MAX;
    return core->now.mono_ms + (until_ms > wall_ms ? until_ms - wall_ms : 0);
}

void kr_room_advance(struct kr_core *core, struct kr_room *room)
{
    judge_when_over(core, room);
    kr_muc_advance(core, room);
    kr_own_advance(core, room);
    let_in(core, room);
    if (room->leaderless)
        find_leader(room);
    kr_deliver_advance(core, room);
    kr_attested_advance(core, room);
    for (;;) {
        if (room->flight)
            kr_epoch_advance(core, room);
        struct kr_plan p = plan(core, room);
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
    uint64_t gathered = kr_deliver_deadline(room);
    at = gathered < at ? gathered : at;
    uint64_t own = kr_own_deadline(core, room);
    at = own < at ? own : at;
    if (room->flight) {
        uint64_t e = kr_epoch_deadline(room);
        at = e < at ? e : at;
    }
    struct kr_plan p = plan(core, room);
    at = p.at_ms < at ? p.at_ms : at;
    uint64_t words = kr_attested_words_at(core, room);
    at = words < at ? words : at;
    uint64_t over = over_at(core, room);
    at = over < at ? over : at;
    uint64_t x = kr_room_exposed_at(room);
    return x < at ? x : at;
}
