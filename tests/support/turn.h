/* One turn of the service's core on a store, without the daemon around it (service/daemon/turn.c has the real
 * one). */
#ifndef KR_SUPPORT_TURN_H
#define KR_SUPPORT_TURN_H

#include "core/core.h"
#include "store/store.h"

/* Steps the event, applies its writes, runs its queries and steps their results, and commits. What is left in
 * *out (initialised by the caller) is to be sent, logged and replied. ret_writes: how many; may be NULL. The
 * store's first error ends the turn with a rollback: the core is then ahead of the store. */
int kr_test_turn(struct kr_core *core, struct kr_store *store, const struct kr_event *event,
                 struct kr_output *out, size_t *ret_writes);

#endif
