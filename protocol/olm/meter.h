/* What Olm costs: time and counts of all calls of olm/olm.h in this thread that do its arithmetic. For a
 * process that wants to tell it apart from the rest of its work; the clock is given, as everywhere. */
#ifndef KR_OLM_METER_H
#define KR_OLM_METER_H

#include <stdint.h>

struct kr_olm_meter {
    uint64_t (*now_ns)(void); /* of a clock that counts what this thread computes */
    uint64_t ns;              /* so far */
    uint64_t sealed, opened;  /* messages */
    uint64_t sessions;        /* made towards others */
};

/* From now on counts there; NULL: not any more. Borrowed. */
void kr_olm_meter_set(struct kr_olm_meter *meter);

#endif
