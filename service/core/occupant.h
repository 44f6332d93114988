/* Who presence shows in a room. */
#ifndef KR_CORE_OCCUPANT_H
#define KR_CORE_OCCUPANT_H

#include "core/state.h"

struct kr_occupant *kr_occupant_find(const struct kr_room *room, const char *nick);
/* Finds or makes; NULL above KR_OCCUPANTS_MAX. */
struct kr_occupant *kr_occupant_get(struct kr_room *room, const char *nick);
void kr_occupant_remove(struct kr_room *room, struct kr_occupant *o); /* its attach is not touched */
void kr_occupants_clear(struct kr_room *room);

/* The occupant that speaks from this full JID, and how many do (contradictory presence: more than one). The
 * one with an attach of that JID is preferred. NULL: none. */
struct kr_occupant *kr_occupant_by_jid(const struct kr_room *room, const char *full_jid, size_t *ret_count);
bool kr_occupant_has_jid(const struct kr_occupant *o, const char *full_jid);
/* Takes over the array and its strings. */
void kr_occupant_set_jids(struct kr_room *room, struct kr_occupant *o, char **jids, size_t count);

enum kr_affiliation kr_affiliation_read(const char *name); /* unknown or NULL: none */
const char *kr_affiliation_name(enum kr_affiliation a);

#endif
