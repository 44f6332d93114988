/* What a commit says about its members: who was late, whose secret the others cannot open, who is no joiner
 * any more (docs/protocol.md 8.3). */
#ifndef KR_CORE_SETTLE_H
#define KR_CORE_SETTLE_H

#include "core/state.h"

/* Is everybody of the roster one who is not waited for? Then all are: nothing would be waited for else, and
 * the epoch would be committed before anybody has heard of it. */
bool kr_settle_all_slow(const struct kr_room *room, const struct kr_roster *roster);

/* Who holds up whom next time, written down where the store keeps it. */
void kr_settle_members(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e);

#endif
