/* The service's own device in a room (docs/protocol.md 5.15): an occupant and an attach like any other, whose
 * participant runs in this process, beside the core. What is told to it does not go to the server but into
 * the own list of the output; what it asks comes as KR_EV_OWN. Nothing that the server brings counts as its
 * word.
 *
 * It has an address for each room, `SERVICE/ROOM`, that exists nowhere else. */
#ifndef KR_CORE_OWN_H
#define KR_CORE_OWN_H

#include "core/presence.h"
#include "core/state.h"

/* Is the address the service's, or of one of its own participants? */
bool kr_own_is(const struct kr_core *core, const char *jid);

/* The room shows our own occupant: first, anew, or under another nick. */
void kr_own_seen(struct kr_core *core, struct kr_room *room, const struct kr_presence_facts *f);
/* The room shows somebody else: the participant is told, if there is one. */
void kr_own_tell_occupant(struct kr_core *core, const struct kr_room *room, const struct kr_occupant *o);
void kr_own_tell_gone(struct kr_core *core, const struct kr_room *room, const char *nick);

/* Lets a participant begin as soon as there is somebody to make keys for, and ends it when nobody is left;
 * also an instance in which nobody else is. */
void kr_own_advance(struct kr_core *core, struct kr_room *room);
/* Is it over, whatever the reason: its attach too. */
void kr_own_stop(struct kr_core *core, struct kr_room *room);
/* The same of the participant alone: the attach goes with the instance. */
void kr_own_forget(struct kr_core *core, struct kr_room *room);
void kr_own_free(struct kr_room *room);

/* The one that makes the keys; NULL: not there. */
struct kr_attach *kr_own_leader(const struct kr_room *room);
/* Its attach is about to come: no epoch is announced without it for KR_OWN_WAIT_MS. */
bool kr_own_awaited(const struct kr_core *core, const struct kr_room *room);
uint64_t kr_own_deadline(const struct kr_core *core, const struct kr_room *room); /* UINT64_MAX: none */

/* A member says that its secret differs. Nobody could take its place: recorded, once for each attach. */
void kr_own_accused(struct kr_core *core, const struct kr_room *room, const struct kr_attach *leader,
                    struct kr_attach *accuser);

#endif
