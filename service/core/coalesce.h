/* When to rotate: a pure function of what is pending (docs/protocol.md 8.1, 8.4). */
#ifndef KR_CORE_COALESCE_H
#define KR_CORE_COALESCE_H

#include "core/state.h"

enum kr_plan_what { KR_PLAN_NOTHING, KR_PLAN_CHANGES, KR_PLAN_TIMER };
struct kr_plan {
    enum kr_plan_what what;
    uint64_t at_ms; /* monotonic; UINT64_MAX with KR_PLAN_NOTHING */
};
struct kr_plan_facts {
    struct kr_changes changes;
    bool ready;     /* we see the room */
    bool in_flight; /* an epoch is announced and not committed */
    uint32_t coalesce_ms, coalesce_max_ms;
    bool may_rotate; /* an epoch is committed */
    uint64_t announced_ms, rotate_ms;
};
struct kr_plan kr_plan_next(const struct kr_plan_facts *f);

/* A leave has been without an epoch that answers it for KR_EXPOSED_MS, or KR_LEADERS_FAILED leaders in a row
 * have failed. */
bool kr_room_exposed(const struct kr_room *room, uint64_t now_ms);
uint64_t
kr_room_exposed_at(const struct kr_room *room); /* UINT64_MAX: not foreseen, or already past and told */

#endif
