/* What waits for the result of a query. The room, the occupant and the attach may be gone when it comes:
 * whoever continues looks all of them up again. */
#ifndef KR_CORE_PENDING_H
#define KR_CORE_PENDING_H

#include "core/state.h"

/* asker may be NULL (copied otherwise). room is copied. Hashed by its token. */
struct kr_pending *kr_pending_new(struct kr_core *core, enum kr_pending_kind kind,
                                  const struct kr_asker *asker, const char *room);
void kr_pending_free(struct kr_core *core, struct kr_pending *p);
struct kr_pending *kr_pending_find(struct kr_core *core, uint64_t token);

/* Continues what waited. */
void kr_pending_result(struct kr_core *core, const struct kr_query_result *result);

#endif
