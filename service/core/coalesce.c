#include "core/coalesce.h"

struct kr_plan kr_plan_next(const struct kr_plan_facts *f)
{
    struct kr_plan none = {KR_PLAN_NOTHING, UINT64_MAX};
    if (!f->ready || f->in_flight)
        return none;
    if (f->changes.reasons) {
        uint64_t quiet = f->changes.last_ms + f->coalesce_ms;
        uint64_t latest = f->changes.first_ms + f->coalesce_max_ms;
        uint64_t at = quiet < latest ? quiet : latest;
        return (struct kr_plan){KR_PLAN_CHANGES, f->changes.urgent ? f->changes.first_ms : at};
    }
    if (f->may_rotate && f->rotate_ms)
        return (struct kr_plan){KR_PLAN_TIMER, f->announced_ms + f->rotate_ms};
    return none;
}

/* The earliest leave that no committed epoch answers; UINT64_MAX: none. */
static uint64_t oldest_leave(const struct kr_room *room)
{
    uint64_t oldest = UINT64_MAX;
    for (size_t i = 0; i < room->leave_count; i++)
        oldest = room->leaves[i] < oldest ? room->leaves[i] : oldest;
    for (size_t i = 0; room->flight && i < room->flight->leave_count; i++)
        oldest = room->flight->leaves[i] < oldest ? room->flight->leaves[i] : oldest;
    return oldest;
}

bool kr_room_exposed(const struct kr_room *room, uint64_t now_ms)
{
    uint64_t oldest = oldest_leave(room);
    if (room->leaders_failed >= KR_LEADERS_FAILED)
        return true;
    return oldest != UINT64_MAX && now_ms >= oldest + KR_EXPOSED_MS;
}

uint64_t kr_room_exposed_at(const struct kr_room *room)
{
    uint64_t oldest = oldest_leave(room);
    return oldest == UINT64_MAX || room->exposed_told || room->presence != KR_IN ? UINT64_MAX
                                                                                 : oldest + KR_EXPOSED_MS;
}
