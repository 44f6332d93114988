/* Whose device is it? What the service vouches for (3.2): the user of the token that the session was opened
 * with, where the operator takes the word of that MUC's module for it; else the bare JID, where its domain is
 * registered. */
#ifndef KR_CORE_OWNER_H
#define KR_CORE_OWNER_H

#include "core/state.h"

/* Of who speaks from full_jid; o: its occupant in the room, NULL: there is none. "": a guest. In the arena.
 */
const char *kr_owner_of(const struct kr_core *core, struct kr_arena *arena, const struct kr_room *room,
                        const struct kr_occupant *o, const char *full_jid);
/* Would the service vouch for that owner now? The operator may have changed what is registered, and a session
 * may have got another token, since it was signed. False for a guest's. */
bool kr_owner_holds(const struct kr_core *core, const struct kr_room *room, const struct kr_occupant *o,
                    const char *full_jid, const char *owner);

/* Ends an attach whose owner is of a token that its session has no more. True if it did. */
bool kr_owner_judge(struct kr_core *core, struct kr_room *room, struct kr_attach *a);

/* The occupant's token, as the module tells it with its presence; session NULL: it has none. An attach whose
 * owner it was is over when it is somebody else's now. */
void kr_owner_told(struct kr_core *core, struct kr_room *room, struct kr_occupant *o,
                   const struct kr_el *session);
void kr_owner_forget(struct kr_occupant *o);

#endif
