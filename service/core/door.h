/* The door: every stanza for us comes in here, and what is not in the table is refused (docs/protocol.md
 * sections 6, 9). */
#ifndef KR_CORE_DOOR_H
#define KR_CORE_DOOR_H

#include "core/state.h"

/* own: it is our own participant that asks, in this process; else the server brought it. */
void kr_door_iq(struct kr_core *core, const struct kr_el *iq, bool own);
/* An ack that comes as a message (6.5). False: it is none. */
bool kr_door_message(struct kr_core *core, const struct kr_el *message, bool own);
void kr_door_oversize(struct kr_core *core, const struct kr_event *event);
void kr_door_tick(struct kr_core *core); /* forgets idle buckets */
void kr_door_done(struct kr_core *core);

/* IQs that are not ours: disco, version, ping; anything else is service-unavailable (disco.c). */
void kr_disco_iq(struct kr_core *core, const struct kr_el *iq);

/* Takes one from the JID's bucket (9.3); false: it is empty. */
bool kr_door_within_rate(struct kr_core *core, const char *jid);
/* The same of what it attests or takes back (6.9): by JID, as whoever attaches anew is another attach. */
bool kr_door_may_attest(struct kr_core *core, const char *jid);

#endif
