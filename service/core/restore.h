/* Continuity: what the store knew, and which of it presence confirms (docs/protocol.md 8.5). */
#ifndef KR_CORE_RESTORE_H
#define KR_CORE_RESTORE_H

#include "core/state.h"

void kr_restore_start(struct kr_core *core, const struct kr_snapshot *snapshot);
/* We are in the room (again): asks the directory about each attach that presence shows, ends the others. */
void kr_room_confirm(struct kr_core *core, struct kr_room *room);
void kr_restore_confirmed(struct kr_core *core, struct kr_room *room, const struct kr_pending *p,
                          const struct kr_query_result *result);

#endif
