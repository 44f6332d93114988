#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void usage(FILE *f)
{
    fputs(
        "usage: kr-sim --seeds N [--from SEED] [--cipher null|olm] [--jobs N] [--out DIR] [--no-shrink]\n"
        "       kr-sim --seed SEED [--cipher null|olm] [--trace]\n"
        "       kr-sim [--trace] STORY...\n"
        "\n"
        "Simulates whole meetings, the service with its people, network and store, each out of one seed, in "
        "virtual\n"
        "time, and watches over the promises of docs/promises.md.\n"
        "\n"
        "  --seeds N      so many seeds, from --from (1); ends with `seeds: N violations: V`\n"
        "  --seed SEED    this one\n"
        "  --cipher C     null (fast: ciphertexts and signatures of the right form and size) or olm (real); "
        "null\n"
        "  --jobs N       processes at once; default: one a processor\n"
        "  --out DIR      where the shortened plan of a seed that breaks a promise goes; default: build/sim\n"
        "  --no-shrink    does not look for a shorter plan\n"
        "  --keep-going   does not stop at the tenth violation\n"
        "  --trace        prints every decision\n"
        "  STORY          plays a file of tests/sim/stories and holds what it expects against what happens\n"
        "  --help, --version\n"
        "\n"
        "Exit: 0 every promise held, 1 one did not, 2 misuse.\n",
        f);
}

static bool read_number(const char *text, uint64_t least, uint64_t *ret)
{
    char *end;
    unsigned long long v = strtoull(text, &end, 10);
    if (end == text || *end || *text == '-' || v < least)
        return false;
    *ret = v;
    return true;
}

static int misuse(const char *what)
{
    fprintf(stderr, "kr-sim: %s (see kr-sim --help)\n", what);
    return 2;
}

int sim_options_read(int argc, char **argv, struct sim_options *o)
{
    static const struct option longs[] = {{"seeds", required_argument, NULL, 'n'},
                                          {"from", required_argument, NULL, 'f'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"cipher", required_argument, NULL, 'c'},
                                          {"jobs", required_argument, NULL, 'j'},
                                          {"out", required_argument, NULL, 'o'},
                                          {"wire", no_argument, NULL, 'w'},
                                          {"trace", no_argument, NULL, 't'},
                                          {"no-shrink", no_argument, NULL, 'S'},
                                          {"keep-going", no_argument, NULL, 'k'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'V'},
                                          {NULL, 0, NULL, 0}};
    uint64_t jobs = 0;
    int opt;
    bool good = true;
    *o = (struct sim_options){.from = 1, .out = "build/sim"};
    while (good && (opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (opt) {
        case 'n':
            good = read_number(optarg, 1, &o->seeds);
            break;
        case 'f':
            good = read_number(optarg, 0, &o->from);
            break;
        case 's':
            good = read_number(optarg, 0, &o->from);
            o->seeds = 1;
            break;
        case 'c':
            good = strcmp(optarg, "null") == 0 || strcmp(optarg, "olm") == 0;
            o->cipher = strcmp(optarg, "olm") == 0 ? SIM_CIPHER_OLM : SIM_CIPHER_NULL;
            break;
        case 'j':
            good = read_number(optarg, 1, &jobs) && jobs <= 256;
            break;
        case 'o':
            o->out = optarg;
            break;
        case 't':
            o->trace = true;
            break;
        case 'w':
            o->trace = o->wire = true;
            break;
        case 'S':
            o->no_shrink = true;
            break;
        case 'k':
            o->keep_going = true;
            break;
        case 'h':
            usage(stdout);
            return 0;
        case 'V':
            puts("kr-sim " KR_VERSION);
            return 0;
        default:
            return misuse("unknown option, or one without its value");
        }
    }
    if (!good)
        return misuse("a value is not of its form");
    o->stories = argv + optind;
    o->story_count = argc - optind;
    if ((o->seeds == 0) == (o->story_count == 0))
        return misuse("either seeds or stories");
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    o->jobs = jobs ? (unsigned)jobs : cores > 0 ? (unsigned)cores : 1;
    return -1;
}
