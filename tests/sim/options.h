/* kr-sim's command line. */
#ifndef KR_SIM_OPTIONS_H
#define KR_SIM_OPTIONS_H

#include "sim/plan/plan.h"

struct sim_options {
    uint64_t seeds, from; /* swarm: from, from + 1, ... */
    enum sim_cipher cipher;
    unsigned jobs;
    const char *out; /* folder for shrunk plans */
    bool trace, wire, no_shrink, keep_going;
    char **stories;
    int story_count;
};

/* Returns -1 to go on, or the exit status: 0 after --help, 2 on misuse. */
int sim_options_read(int argc, char **argv, struct sim_options *ret_options);

#endif
