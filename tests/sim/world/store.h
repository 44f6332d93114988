/* The store under the service: the one in memory, with what can go wrong with a disk around it. It outlives
 * the service's process, and tells the checks what is written and committed. */
#ifndef KR_SIM_STORE_H
#define KR_SIM_STORE_H

#include "sim/plan/plan.h"
#include "store/store.h"

struct sim_world;
struct sim_journal;

struct sim_store {
    struct kr_store base; /* first */
    struct kr_store *inner;
    struct sim_world *world;
    enum sim_store_fault fault;  /* of the next such verb */
    uint64_t commit_ms;          /* how long a commit takes */
    struct sim_journal *journal; /* of what a backup would keep; NULL: the plan makes none */
};

void sim_store_init(struct sim_store *s, struct sim_world *world);
void sim_store_done(struct sim_store *s);
/* As a backup that is restored leaves it: decisions, devices and log stay as they were then; what was live is
 * gone. */
void sim_store_backup(struct sim_store *s);
void sim_store_restore(struct sim_store *s);

#endif
