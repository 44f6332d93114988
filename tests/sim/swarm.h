/* Many seeds, in several processes: one that dies takes nothing with it but its own seed. */
#ifndef KR_SIM_SWARM_H
#define KR_SIM_SWARM_H

#include "options.h"

int sim_swarm(const struct sim_options *o); /* the exit status */

#endif
