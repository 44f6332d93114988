#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "io/random.h"
#include "options.h"
#include "peer.h"

int main(int argc, char **argv)
{
    struct kr_options options;
    int done = kr_options_read(argc, argv, &options);
    if (done)
        return done - 1;
    /* Memory holds frame keys: no core dump, no tracer. */
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0) {
        fputs("keyroom-peer: cannot switch core dumps off\n", stderr);
        return 1;
    }
    if (kr_random_init() != 0) {
        fputs("keyroom-peer: the random generator does not start\n", stderr);
        return 1;
    }
    return kr_peer_main(&options);
}
