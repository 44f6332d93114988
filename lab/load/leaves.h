/* Leaves that are not answered yet: how long somebody who has left could go on reading. */
#ifndef KR_LOAD_LEAVES_H
#define KR_LOAD_LEAVES_H

#include "load/crowd.h"
#include "load/stats.h"

struct kr_leave {
    size_t room;
    uint64_t cause_ns; /* sent */
    struct kr_id attach;
    uint64_t epoch; /* the first one without the leaver; 0: not announced */
};

struct kr_leaves {
    struct kr_crowd *crowd;
    struct kr_leave *open; /* owned */
    size_t open_len, open_cap;
    struct kr_samples exposure; /* of those that are over: from the leave sent to the last switch */
};

void kr_leaves_done(struct kr_leaves *l);
/* Has the person leave, who speaks the light dialect. */
void kr_leaves_add(struct kr_leaves *l, struct kr_seat *seat);
/* Looks which are over; after every stanza or so. Returns how many are open. */
size_t kr_leaves_look(struct kr_leaves *l);
bool kr_leaves_in_room(const struct kr_leaves *l, size_t room);

#endif
