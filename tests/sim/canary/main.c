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

static void run_seed(enum canary c, uint64_t seed, struct sim_violation *ret)
{
    struct sim_plan plan;
    alarm(STUCK_S);
    kr_sim_cipher(true);
    canary_set(c);
    sim_plan_generate(&plan, seed, SIM_CIPHER_NULL);
    struct sim_world *w = sim_world_new(&plan);
    sim_world_run(w);
    *ret = *sim_violation(w);
    sim_world_free(w);
    sim_plan_done(&plan);
}

/* In a process of its own, which a defect may take with it. Returns its wait status; 0: it ran to its end. */
static int try_seed(enum canary c, uint64_t seed, struct sim_violation *shared)
{
    int status = -1;
    *shared = (struct sim_violation){0};
    pid_t pid = fork();
    if (pid == 0) {
        run_seed(c, seed, shared);
        _exit(0);
    }
    return pid < 0 || waitpid(pid, &status, 0) != pid ? -1 : status;
}

static bool died(int status, unsigned seed)
{
    if (status)
        printf("NOT CAUGHT: seed %u ends the process (%s %d)\n", seed,
               WIFSIGNALED(status) ? "signal" : "status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return status != 0;
}

/* A catch counts if it is of the canary's own promise, and of the defect: without it the seed holds. */
static bool show(enum canary c, struct sim_violation *shared)
{
    int promise = canaries[c].promise;
    struct sim_violation v = {0};
    unsigned seed = 0;
    printf("P%d %-8s  %s: ", promise, sim_promise_name(promise), canaries[c].name);
    fflush(stdout);
    while (!v.promise && seed < canaries[c].seeds) {
        seed++;
        if (died(try_seed(c, seed, shared), seed))
            return false;
        v = *shared;
    }
    if (!v.promise)
        printf("NOT CAUGHT by %u seeds\n", canaries[c].seeds);
    else if (v.promise != promise)
        printf("NOT CAUGHT: seed %u breaks P%d %s: %s\n", seed, v.promise, sim_promise_name(v.promise),
               v.text);
    if (v.promise != promise || died(try_seed(CANARY_NONE, seed, shared), seed))
        return false;
    if (shared->promise)
        printf("NOT CAUGHT: seed %u breaks P%d %s without it\n", seed, shared->promise,
               sim_promise_name(shared->promise));
    else
        printf("caught by seed %u of at most %u: %s\n", seed, canaries[c].seeds, v.text);
    return !shared->promise;
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
    struct sim_violation *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || sodium_init() < 0)
        return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    unsigned shown = 0, bad = argc == 1 ? uncovered() : 0;
    for (int c = CANARY_NONE + 1; c < CANARY_END; c++) {
        bool wanted = argc == 1;
        for (int i = 1; i < argc; i++)
            wanted = wanted || find(argv[i]) == c;
        shown += wanted;
        bad += wanted && !show((enum canary)c, shared);
    }
    printf("canaries: %u not caught: %u\n", shown, bad);
    return bad != 0;
}
