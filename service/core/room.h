/* Rooms: the table, an instance's begin and end, and what all that happens in a room goes through. */
#ifndef KR_CORE_ROOM_H
#define KR_CORE_ROOM_H

#include "core/state.h"

struct kr_room *kr_room_find(struct kr_core *core, const char *jid); /* by jid or address; NULL: none */
/* The one with an instance of that tag, or NULL. */
struct kr_room *kr_room_in(struct kr_core *core, const struct kr_tag *tag);
/* Finds or makes; NULL when KR_ROOMS_MAX is reached. */
struct kr_room *kr_room_get(struct kr_core *core, const char *jid);
const char *kr_room_address(const struct kr_room *room); /* what is sent to the room goes there */
void kr_room_set_address(struct kr_room *room, const char *address);
void kr_room_free(struct kr_core *core, struct kr_room *room);
void kr_room_policy(struct kr_core *core, struct kr_room *room); /* (re)reads its settings */

bool kr_room_blind(const struct kr_room *room);
size_t kr_room_members(const struct kr_room *room); /* confirmed members */
/* The members that an epoch announced now would have. */
bool kr_room_is_in(const struct kr_attach *a);

/* Is it in the last announced roster? */
bool kr_room_announced(const struct kr_room *room, const struct kr_id *attach);
/* The roster that was announced last: who was in it is told the next one briefly (7.2). */
void kr_room_announce_keep(struct kr_room *room, const struct kr_roster *roster); /* sealed */
void kr_room_announce_forget(struct kr_room *room);
/* A place at the end of its chain, to be filled; the oldest link makes room for it. */
struct kr_link_kept *kr_room_link(struct kr_room *room);

/* A new random instance, not yet stored. */
void kr_room_resume_instance(struct kr_core *core, struct kr_room *room,
                             const struct kr_id *instance); /* from the store */
void kr_room_begin_instance(struct kr_core *core, struct kr_room *room);
/* The policy is another one than the last epoch was made under. */
void kr_room_policy_changed(struct kr_core *core, struct kr_room *room);
void kr_room_store(struct kr_core *core, struct kr_room *room); /* KR_W_ROOM */
/* Drops all attaches without a word to them, the epochs, and the row. */
void kr_room_end_instance(struct kr_core *core, struct kr_room *room, const char *why);

/* Something that the next epoch is for. */
void kr_room_change(struct kr_core *core, struct kr_room *room, unsigned reason, bool urgent);
void kr_room_leave_seen(struct kr_room *room, uint64_t at_ms);
void kr_room_gone(struct kr_room *room, const struct kr_id *attach, const char *reason);
const char *kr_room_gone_reason(const struct kr_room *room, const struct kr_id *attach); /* NULL: not gone */

/* Does whatever is due now: announces, rounds, commits, state events. Called after each event that touched
 * it. */
void kr_room_advance(struct kr_core *core, struct kr_room *room);
/* When that is wanted next without an event; UINT64_MAX: never. */
uint64_t kr_room_deadline(const struct kr_core *core, const struct kr_room *room);

/* The room's own occupancy (muc.c). */
void kr_room_forget_presence(struct kr_core *core, struct kr_room *room, const char *why);

#endif
