/* A participant with the real client core and real Olm: the whole cost, all on one core. */
#ifndef KR_LOAD_FULL_H
#define KR_LOAD_FULL_H

#include "load/crowd.h"

extern const struct kr_dialect kr_full;

struct kr_full_look {
    bool member;
    uint64_t epoch;    /* newest that it was told of; 0: none */
    size_t missing;    /* keys of that epoch that it does not hold */
    size_t roster_len; /* without the service's own line */
    bool acked, committed;
};
struct kr_full_look kr_full_look(const struct kr_seat *seat);

#endif
