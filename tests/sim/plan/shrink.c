#include "sim/plan/shrink.h"

#include <string.h>

#include "sim/check/check.h"
#include "sim/world/world.h"

static bool breaks(const struct sim_plan *plan, int promise)
{
    struct sim_world *w = sim_world_new(plan);
    sim_world_run(w);
    bool same = sim_violation(w)->promise == promise;
    sim_world_free(w);
    return same;
}

static void leave_out(struct sim_plan *p, size_t from, size_t count)
{
    memmove(p->acts + from, p->acts + from + count, (p->act_count - from - count) * sizeof(p->acts[0]));
    p->act_count -= count;
}

/* Tries without each run of `size` acts. True if any could go. */
static bool without_runs(struct sim_plan *plan, size_t size, int promise, unsigned runs_max, unsigned *runs)
{
    bool less = false;
    for (size_t from = 0; from < plan->act_count && *runs < runs_max;) {
        size_t count = plan->act_count - from < size ? plan->act_count - from : size;
        struct sim_plan shorter;
        sim_plan_copy(&shorter, plan);
        leave_out(&shorter, from, count);
        ++*runs;
        if (breaks(&shorter, promise)) {
            sim_plan_done(plan);
            *plan = shorter; /* transferred */
            less = true;
        } else {
            sim_plan_done(&shorter);
            from += count;
        }
    }
    return less;
}

/* Nothing after the last act but what settling shows. */
static void end_early(struct sim_plan *plan, int promise, unsigned *runs)
{
    struct sim_plan shorter;
    sim_plan_copy(&shorter, plan);
    shorter.end_ms = plan->act_count ? plan->acts[plan->act_count - 1].at_ms + 1000 : 1000;
    ++*runs;
    bool still = shorter.end_ms < plan->end_ms && breaks(&shorter, promise);
    if (still)
        plan->end_ms = shorter.end_ms;
    sim_plan_done(&shorter);
}

unsigned sim_shrink(struct sim_plan *plan, int promise, unsigned runs_max)
{
    unsigned runs = 0;
    for (bool less = true; less && runs < runs_max;) {
        less = false;
        for (size_t size = plan->act_count / 2; size && runs < runs_max; size /= 2)
            less = without_runs(plan, size, promise, runs_max, &runs) || less;
    }
    end_early(plan, promise, &runs);
    return runs;
}
