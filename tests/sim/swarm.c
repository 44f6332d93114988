#include "swarm.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim/check/check.h"
#include "sim/plan/shrink.h"
#include "sim/plan/story.h"
#include "sim/world/world.h"
#include "sim_cipher/cipher.h"

enum { VIOLATIONS_MAX = 10, SHRINK_RUNS = 400, STUCK_S = 120 };

struct shared { /* between the processes */
    _Atomic uint64_t next, done, violations;
    _Atomic uint64_t epochs, frames, secrets, turns;
    struct {
        _Atomic uint64_t seed;
    } worker[256];
};

static void print_line(void *arg, uint64_t at_ms, const char *who, const char *line)
{
    (void)arg;
    printf("%8.3f %s: %s\n", (double)at_ms / 1000, who, line);
}

static void run_commit(char out[static 64])
{
    FILE *f = popen("git describe --always --dirty 2>/dev/null", "r");
    out[0] = '\0';
    if (f && fgets(out, 64, f))
        out[strcspn(out, "\n")] = '\0';
    if (f)
        pclose(f);
    if (!out[0])
        snprintf(out, 64, "unknown");
}

static void shrink_and_write(const struct sim_options *o, struct sim_plan *plan, int promise)
{
    char path[512], title[96];
    unsigned before = (unsigned)plan->act_count,
             runs = o->no_shrink ? 0 : sim_shrink(plan, promise, SHRINK_RUNS);
    (void)mkdir("build", 0777);
    (void)mkdir(o->out, 0777);
    snprintf(path, sizeof(path), "%s/seed-%llu.story", o->out, (unsigned long long)plan->seed);
    snprintf(title, sizeof(title), "seed %llu breaks P%d %s", (unsigned long long)plan->seed, promise,
             sim_promise_name(promise));
    FILE *f = fopen(path, "w");
    if (!f) {
        printf("  its plan cannot be written to %s: %s\n", path, strerror(errno));
        return;
    }
    sim_story_write(f, plan, title);
    fclose(f);
    printf("  plan:  %s (%zu of %u acts, after %u runs); play it: kr-sim --trace %s\n", path, plan->act_count,
           before, runs, path);
}

static void tell(const struct sim_options *o, struct sim_plan *plan, const struct sim_violation *v)
{
    char commit[64];
    run_commit(commit);
    printf("seed %llu breaks P%d %s at %.3f s: %s\n  again: kr-sim --seed %llu%s --trace (commit %s)\n",
           (unsigned long long)plan->seed, v->promise, sim_promise_name(v->promise),
           (double)(v->at_ms - 1000000) / 1000, v->text, (unsigned long long)plan->seed,
           o->cipher == SIM_CIPHER_OLM ? " --cipher olm" : "", commit);
    fflush(stdout);
    shrink_and_write(o, plan, v->promise);
    fflush(stdout);
}

static void run_seed(const struct sim_options *o, struct shared *s, uint64_t seed)
{
    struct sim_plan plan;
    sim_plan_generate(&plan, seed, o->cipher);
    struct sim_world *w = sim_world_new(&plan);
    if (o->trace)
        w->trace = print_line;
    w->trace_wire = o->wire;
    bool good = sim_world_run(w);
    struct sim_violation v = *sim_violation(w);
    struct sim_seen seen = sim_check_seen(w);
    s->epochs += seen.epochs;
    s->frames += seen.frames_opened;
    s->secrets += seen.secrets;
    s->turns += seen.turns;
    sim_world_free(w);
    if (!good) {
        s->violations++;
        tell(o, &plan, &v);
    }
    sim_plan_done(&plan);
    s->done++;
}

static void work(const struct sim_options *o, struct shared *s, unsigned me)
{
    kr_sim_cipher(o->cipher == SIM_CIPHER_NULL);
    for (;;) {
        uint64_t at = s->next++;
        if (at >= o->seeds || (s->violations >= VIOLATIONS_MAX && !o->keep_going))
            break;
        s->worker[me].seed = o->from + at;
        alarm(STUCK_S); /* a run that never ends is found too */
        run_seed(o, s, o->from + at);
    }
    fflush(stdout);
    _exit(0);
}

static pid_t start(const struct sim_options *o, struct shared *s, unsigned me)
{
    pid_t pid = fork();
    if (pid == 0)
        work(o, s, me);
    return pid;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A worker that did not end by itself takes its seed with it; another takes its place. */
static void buried(const struct sim_options *o, struct shared *s, unsigned me, int status, pid_t *pids)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        pids[me] = 0;
        return;
    }
    uint64_t seed = s->worker[me].seed;
    s->violations++;
    s->done++;
    printf("seed %llu ends the process (%s %d)\n  again: kr-sim --seed %llu%s --trace\n",
           (unsigned long long)seed, WIFSIGNALED(status) ? "signal" : "status",
           WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), (unsigned long long)seed,
           o->cipher == SIM_CIPHER_OLM ? " --cipher olm" : "");
    pids[me] = start(o, s, me);
}

int sim_swarm(const struct sim_options *o)
{
    pid_t pids[256] = {0};
    struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (s == MAP_FAILED)
        return 1;
    memset(s, 0, sizeof(*s));
    unsigned jobs = o->seeds < o->jobs ? (unsigned)o->seeds : o->jobs;
    double began = seconds();
    fflush(stdout);
    for (unsigned i = 0; i < jobs; i++)
        pids[i] = start(o, s, i);
    for (;;) {
        int status;
        pid_t pid = wait(&status);
        if (pid < 0 && errno == ECHILD)
            break;
        for (unsigned i = 0; i < jobs; i++)
            if (pid > 0 && pids[i] == pid)
                buried(o, s, i, status, pids);
    }
    double took = seconds() - began;
    printf(
        "%llu turns, %llu epochs, %llu secrets, %llu frames opened; %.1f seeds/s over %u processes, %.1f s\n",
        (unsigned long long)s->turns, (unsigned long long)s->epochs, (unsigned long long)s->secrets,
        (unsigned long long)s->frames, (double)s->done / took, jobs, took);
    printf("seeds: %llu violations: %llu\n", (unsigned long long)s->done, (unsigned long long)s->violations);
    int bad = s->violations != 0;
    munmap(s, sizeof(*s));
    return bad;
}
