/* Makes a plan that breaks a promise as short as it can. */
#ifndef KR_SIM_SHRINK_H
#define KR_SIM_SHRINK_H

#include "sim/plan/plan.h"

/* Leaves acts and people out as long as the same promise is still broken; at most `runs_max` runs. The plan
 * is changed in place. Returns how many runs it took. */
unsigned sim_shrink(struct sim_plan *plan, int promise, unsigned runs_max);

#endif
