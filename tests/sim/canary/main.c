/* kr-sim-canary: shows of every checker that it speaks up when its promise is broken. */
#include <signal.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "canary.h"
#include "sim/check/check.h"
#include "sim/world/world.h"
#include "sim_cipher/cipher.h"

enum { STUCK_S = 120 };

static const struct {
    const char *name, *text;
    int promise;
    unsigned seeds;
} canaries[CANARY_END] = {
#define CANARY(id, name, promise, seeds, text) [CANARY_##id] = {name, text, SIM_P_##promise, seeds},
#include "canary.def"
#undef CANARY
};

static enum canary the_defect;

void canary_set(enum canary c)
{
    the_defect = c;
}

bool canary_is(enum canary c)
{
    return the_defect == c;
}

/* What became of one; shared between its process and ours. */
struct shown {
    pid_t pid;
    bool wanted, over;
    int status;
    _Atomic unsigned seed;                   /* the last one that was begun */
    struct sim_violation violation, without; /* what that seed breaks, with the defect and without */
};

static void run_seed(enum canary c, uint64_t seed, struct sim_violation *ret)
{
    struct sim_plan plan;
    alarm(STUCK_S); /* a defect may let a run never end */
    canary_set(c);
    sim_plan_generate(&plan, seed, SIM_CIPHER_NULL);
    struct sim_world *w = sim_world_new(&plan);
    sim_world_run(w);
    *ret = *sim_violation(w);
    sim_world_free(w);
    sim_plan_done(&plan);
}

/* In a process of its own, which the defect may take with it. */
static void run(enum canary c, struct shown *s)
{
    kr_sim_cipher(true);
    while (!s->violation.promise && s->seed < canaries[c].seeds) {
        s->seed++;
        run_seed(c, s->seed, &s->violation);
    }
    if (s->violation.promise == canaries[c].promise)
        run_seed(CANARY_NONE, s->seed, &s->without);
    _exit(0);
}

/* A catch counts if it is of the canary's own promise, and of the defect: without it the seed holds. */
static bool tell(enum canary c, const struct shown *s)
{
    const struct sim_violation *v = &s->violation, *without = &s->without;
    int promise = canaries[c].promise;
    unsigned seed = s->seed;
    bool caught = !s->status && v->promise == promise && !without->promise;
    printf("P%-2d %-8s  %s: ", promise, sim_promise_name(promise), canaries[c].name);
    if (caught)
        printf("caught by seed %u of at most %u: %s\n", seed, canaries[c].seeds, v->text);
    else if (s->status)
        printf("NOT CAUGHT: seed %u ends the process (%s %d)\n", seed,
               WIFSIGNALED(s->status) ? "signal" : "status",
               WIFSIGNALED(s->status) ? WTERMSIG(s->status) : WEXITSTATUS(s->status));
    else if (without->promise)
        printf("NOT CAUGHT: seed %u breaks P%d %s without it\n", seed, without->promise,
               sim_promise_name(without->promise));
    else if (v->promise)
        printf("NOT CAUGHT: seed %u breaks P%d %s: %s\n", seed, v->promise, sim_promise_name(v->promise),
               v->text);
    else
        printf("NOT CAUGHT by %u seeds\n", seed);
    return caught;
}

/* Waits for one process of ours to end. */
static void bury(struct shown *shown)
{
    int status = 0;
    pid_t pid = wait(&status);
    for (int c = CANARY_NONE + 1; c < CANARY_END; c++)
        if (shown[c].pid == pid) {
            shown[c].over = true;
            shown[c].status = status;
        }
}

static void start(enum canary c, struct shown *s)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        run(c, s);
    s->pid = pid; /* shared: the child's copy of it is 0 */
    if (pid < 0) {
        s->over = true;
        s->status = -1;
    }
}

/* As many at a time as there are processors; told in order. Returns how many were not caught. */
static unsigned show_all(struct shown *shown)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN), running = 0;
    int begun = CANARY_NONE + 1, told = CANARY_NONE + 1;
    unsigned bad = 0;
    while (told < CANARY_END) {
        if (!shown[told].wanted) {
            told++;
        } else if (shown[told].over) {
            bad += !tell((enum canary)told, &shown[told]);
            told++;
        } else if (begun < CANARY_END && (running == 0 || running < cores)) {
            if (shown[begun].wanted) {
                start((enum canary)begun, &shown[begun]);
                running += !shown[begun].over;
            }
            begun++;
        } else {
            bury(shown);
            running--;
        }
    }
    return bad;
}

/* Every promise has one. */
static unsigned uncovered(void)
{
    static const int promises[] = {
#define PROMISE(name, number, text) number,
#include "sim/check/promise.def"
#undef PROMISE
    };
    unsigned bad = 0;
    for (size_t i = 0; i < sizeof(promises) / sizeof(promises[0]); i++) {
        bool has = false;
        for (int c = CANARY_NONE + 1; c < CANARY_END; c++)
            has = has || canaries[c].promise == promises[i];
        if (!has)
            printf("P%d %s has no canary\n", promises[i], sim_promise_name(promises[i]));
        bad += !has;
    }
    return bad;
}

static int usage(FILE *f, int status)
{
    fputs("usage: kr-sim-canary [NAME...]\n"
          "       kr-sim-canary --list\n"
          "\n"
          "Builds one deliberate defect at a time into the simulation and shows that the checker of the "
          "promise\n"
          "that it breaks speaks up, within a stated number of seeds (docs/promises.md).\n"
          "\n"
          "  NAME     only these\n"
          "  --list   what there is: promise, name, seeds at most, and what is broken\n"
          "  --help, --version\n"
          "\n"
          "Exit: 0 each was caught, 1 one was not, or as another promise's violation, 2 misuse.\n",
          f);
    return status;
}

static int list(void)
{
    for (int c = CANARY_NONE + 1; c < CANARY_END; c++)
        printf("P%-2d %-8s  %-27s %4u  %s\n", canaries[c].promise, sim_promise_name(canaries[c].promise),
               canaries[c].name, canaries[c].seeds, canaries[c].text);
    return 0;
}

static int find(const char *name)
{
    for (int c = CANARY_NONE + 1; c < CANARY_END; c++)
        if (strcmp(canaries[c].name, name) == 0)
            return c;
    return CANARY_NONE;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(stdout, 0);
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return puts("kr-sim-canary " KR_VERSION) < 0;
    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        return list();
    for (int i = 1; i < argc; i++)
        if (find(argv[i]) == CANARY_NONE) {
            fprintf(stderr, "kr-sim-canary: no canary '%s' (see kr-sim-canary --list)\n", argv[i]);
            return 2;
        }
    struct shown *shown =
        mmap(NULL, CANARY_END * sizeof(*shown), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shown == MAP_FAILED || sodium_init() < 0)
        return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    unsigned count = 0, bad = argc == 1 ? uncovered() : 0;
    for (int c = CANARY_NONE + 1; c < CANARY_END; c++) {
        shown[c].wanted = argc == 1;
        for (int i = 1; i < argc; i++)
            shown[c].wanted = shown[c].wanted || find(argv[i]) == c;
        count += shown[c].wanted;
    }
    bad += show_all(shown);
    printf("canaries: %u not caught: %u\n", count, bad);
    return bad != 0;
}
