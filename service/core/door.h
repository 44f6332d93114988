/* The door: every stanza for us comes in here, and what is not in the table is refused (docs/protocol.md
 * sections 6, 9). */
#ifndef KR_CORE_DOOR_H
#define KR_CORE_DOOR_H

#include "core/state.h"

void kr_door_iq(struct kr_core *core, const struct kr_el *iq);
void kr_door_oversize(struct kr_core *core, const struct kr_event *event);
void kr_door_tick(struct kr_core *core); /* forgets idle buckets */
void kr_door_done(struct kr_core *core);

/* IQs that are not ours: disco, version, ping; anything else is service-unavailable (disco.c). */
void kr_disco_iq(struct kr_core *core, const struct kr_el *iq);

/* Takes one from the JID's bucket (9.3); false: it is empty. */
bool kr_door_within_rate(struct kr_core *core, const char *jid);

#endif
