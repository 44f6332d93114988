#include "core/view.h"

#include <string.h>

#include "core/announce.h"
#include "core/coalesce.h"
#include "core/leader.h"
#include "core/occupant.h"
#include "core/room.h"
#include "core/state.h"

const uint32_t kr_exposure_bucket_ms[KR_EXPOSURE_BUCKETS] = {100,  200,  300,  500,  750,   1000,
                                                             1500, 2000, 3000, 5000, 10000, 30000};

static size_t waiting(const struct kr_room *room)
{
    size_t n = 0;
    for (const struct kr_attach *a = room->attaches; a; a = a->hh.next)
        n += a->confirmed && !a->member;
    return n;
}

void kr_core_stats(const struct kr_core *core, struct kr_stats *ret_stats)
{
    struct kr_stats s = core->stats;
    s.rooms_now = s.occupants_now = s.members_now = s.waiting_now = s.epochs_in_flight_now = 0;
    for (const struct kr_room *room = core->rooms; room; room = room->hh.next) {
        s.rooms_now += room->presence == KR_IN;
        s.occupants_now += HASH_COUNT(room->occupants);
        s.members_now += kr_room_members(room);
        s.waiting_now += waiting(room);
        s.epochs_in_flight_now += room->flight != NULL;
    }
    *ret_stats = s;
}

void kr_core_refusals(const struct kr_core *core,
                      void (*each)(void *arg, const char *condition, uint64_t count), void *arg)
{
    for (int i = 0; i < KR_REFUSAL_KINDS; i++) {
        int err = KR_E_MALFORMED - i;
        if (core->refused[i])
            each(arg, kr_errname(err), core->refused[i]);
    }
}

struct kr_log_view kr_core_log(const struct kr_core *core)
{
    const struct kr_log *log = &core->log;
    return (struct kr_log_view){.origin = log->has_key ? log->signer.key.name : "",
                                .key = log->has_key ? &log->signer.key : NULL,
                                .size = log->tree.size,
                                .halted = log->halted};
}

static struct kr_room_view room_view(const struct kr_room *room, uint64_t now_mono_ms)
{
    struct kr_room_view v = {.room = room->jid,
                             .joined = room->presence == KR_IN,
                             .has_instance = room->has_instance,
                             .blind = kr_room_blind(room),
                             .joins_held = room->churn.held,
                             .exposed = kr_room_exposed(room, now_mono_ms),
                             .instance = room->instance,
                             .mode = kr_room_mode(room),
                             .occupants = HASH_COUNT(room->occupants),
                             .members = kr_room_members(room),
                             .waiting = waiting(room),
                             .epoch = room->has_instance ? room->epoch_high : 0,
                             .in_flight = room->flight != NULL,
                             .authorise = kr_authorise_name(room->policy.authorise),
                             .verified_by = room->policy.authorise == KR_AUTHORISE_VERIFIED
                                                ? kr_verified_by_name(room->policy.verified_by)
                                                : NULL,
                             .source = kr_source_name(room->policy.source),
                             .format = kr_format_name(room->policy.format),
                             .suite = room->policy.suite,
                             .since_commit_ms = room->commit_ms ? now_mono_ms - room->commit_ms : 0};
    const struct kr_epoch *e = room->flight ? room->flight : room->committed;
    const struct kr_attach *leader = kr_leader_of(room, e);
    v.leader = leader ? leader->participant : "";
    if (e)
        v.source = kr_source_name(e->link.source);
    v.by_service = (e ? e->link.source : room->policy.source) == KR_SOURCE_SERVICE;
    if (room->committed) {
        v.committed_epoch = room->committed->link.epoch;
        v.context = room->committed->context;
    }
    return v;
}

void kr_core_rooms(const struct kr_core *core, uint64_t now_mono_ms,
                   bool (*each)(void *arg, const struct kr_room_view *v), void *arg)
{
    for (const struct kr_room *room = core->rooms; room; room = room->hh.next) {
        struct kr_room_view v = room_view(room, now_mono_ms);
        if (!each(arg, &v))
            return;
    }
}

static struct kr_member_view member_view(const struct kr_occupant *o)
{
    const struct kr_attach *a = o->attach;
    struct kr_member_view v = {.participant = o->nick,
                               .owner = a ? a->owner : "",
                               .full_jid = o->jid_count ? o->jids[0] : "",
                               .affiliation = kr_affiliation_name(o->affiliation)};
    if (o->has_device)
        v.device = o->device;
    if (a) {
        v.device = a->device;
        v.attach = a->id;
        v.attached = a->confirmed;
        v.member = a->confirmed && a->member;
        v.waiting = a->confirmed && !a->member;
        v.settled = a->settled;
        v.laggard = a->slow;
        v.acked_epoch = a->acked_epoch;
        v.full_jid = a->full_jid;
    }
    return v;
}

bool kr_core_members(const struct kr_core *core, const char *room_jid,
                     bool (*each)(void *arg, const struct kr_member_view *v), void *arg)
{
    const struct kr_room *room = NULL;
    HASH_FIND_STR(core->rooms, room_jid, room);
    if (!room)
        return false;
    if (room->own.running) {
        struct kr_member_view v = member_view(room->own.occupant);
        v.own = true;
        if (!each(arg, &v))
            return true;
    }
    for (const struct kr_occupant *o = room->occupants; o; o = o->hh.next) {
        struct kr_member_view v = member_view(o);
        if (!each(arg, &v))
            break;
    }
    return true;
}
