/* Telling members of an epoch, of its commit, and of the state of the room. */
#ifndef KR_CORE_ANNOUNCE_H
#define KR_CORE_ANNOUNCE_H

#include "core/state.h"

/* The new epoch to all its members: short to those that knew the roster before, in full to the others. */
void kr_announce_all(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e);
/* In full to one, with links behind `since`. */
void kr_announce_to(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e, size_t seat,
                    uint64_t since);

void kr_commit_tell(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e,
                    const uint16_t *laggards, size_t laggard_count, const uint16_t *silent,
                    size_t silent_count, bool has_exposure, uint64_t exposure_ms);

/* The state event (7.7) to all attached, when what it says has changed. */
void kr_state_tell(struct kr_core *core, struct kr_room *room);
void kr_state_tell_one(struct kr_core *core, struct kr_room *room, const char *to);
enum kr_room_mode kr_room_mode(const struct kr_room *room);

#endif
