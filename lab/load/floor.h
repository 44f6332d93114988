/* The floor: the generator is the component itself, and sends what a rotation consists of, in its rounds,
 * numbers and sizes, without doing anything for it. What is left is what the server needs to carry it. */
#ifndef KR_LOAD_FLOOR_H
#define KR_LOAD_FLOOR_H

#include "load/crowd.h"
#include "load/record.h"

extern const struct kr_dialect kr_floor; /* the clients */

struct kr_floor_service {
    struct kr_load *load;
    struct kr_line *line; /* the component's */
    struct kr_crowd *crowd;
    struct kr_record *script; /* of one rotation of as many members; sorted by kr_floor_start */
    size_t members;
    size_t envelopes, acks; /* taken in this round */
};

/* The script is of another number of members: KR_E_MALFORMED. */
int kr_floor_start(struct kr_floor_service *f);
void kr_floor_round(struct kr_floor_service *f); /* announces */

bool kr_floor_done(void *arg); /* arg: the service; everybody was told of the commit */

#endif
