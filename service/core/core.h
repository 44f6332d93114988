/* The service's state machine: step(core, event) -> output. It does no I/O, reads no clock, owns no
 * generator.
 *
 * Everything that can enter is an event of core/event.h, everything that can leave an entry of core/output.h.
 * The caller (service/daemon/turn.c in production, tests elsewhere) runs turns: step, apply the writes, run
 * the queries and step their results, until nothing is left; commit; only then send (docs/architecture.md, "a
 * turn"). */
#ifndef KR_CORE_CORE_H
#define KR_CORE_CORE_H

#include <stdint.h>

#include "base/random.h"
#include "core/event.h"
#include "core/output.h"
#include "core/settings.h"
#include "core/view.h"

struct kr_core;

/* settings is deep-copied. random must outlive the core. */
struct kr_core *kr_core_new(const struct kr_settings *settings, const struct kr_random *random);
void kr_core_free(struct kr_core *core); /* wipes; NULL is fine */

/* Appends to *out, which the caller has initialised and empties after the turn. Never fails: what cannot be
 * done is answered in out. Events must come in order of time. The event and all it points to are borrowed for
 * the call. */
void kr_core_step(struct kr_core *core, const struct kr_event *event, struct kr_output *out);

/* The monotonic time at which KR_EV_TICK is wanted at the latest; UINT64_MAX for never. */
uint64_t kr_core_deadline(const struct kr_core *core);

#endif
