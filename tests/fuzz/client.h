/* The world of tests/unit/client, real clients and the real service with real Olm, on a wire that the fuzzer
 * bends. */
#ifndef KR_FUZZ_CLIENT_H
#define KR_FUZZ_CLIENT_H

#include "client_world/world.h"
#include "input.h"

enum { FUZZ_KEPT = 16, FUZZ_FRAMES = 256 };

struct fuzz_meeting {
    struct fuzz_in in;
    struct world *w;
    unsigned bend_in; /* the so-manieth stanza to a client from now is bent; 0: none */
    unsigned drop_in; /* ... of a client's own is lost */
    char *kept[FUZZ_KEPT];
    unsigned kept_next;
    uint64_t broken_since[CLIENTS_MAX]; /* mismatched, and may send: since when; 0: not so */
    struct kr_digest frames[FUZZ_FRAMES];
    size_t frame_count;
};

/* client_bend.c: what a service could say instead of what it said; the caller frees it. NULL: nothing. */
char *fuzz_bend(struct fuzz_meeting *f, const char *xml);
/* A notice of the fuzzer's own. */
char *fuzz_forge(struct fuzz_meeting *f, const struct one *to);

#endif
