/* The world of tests/unit/core, lived by the fuzzer's decisions: a room of a few peers that sign for real,
 * whose service may be asked anything. The world holds the invariants and ends the process where one breaks.
 */
#ifndef KR_FUZZ_CORE_H
#define KR_FUZZ_CORE_H

#include "core_world/world.h"
#include "input.h"

enum { FUZZ_PEERS = 4 };

struct fuzz_room {
    struct fuzz_in in;
    struct world *w;
    bool linked; /* the service has a link: it sees presence */
    uint64_t end_ms;
    struct kr_digest attested; /* the last that was said, taken or not */
    struct {                   /* a one-time key it has published */
        struct kr_id attach;
        struct kr_key key;
    } old_keys[FUZZ_PEERS];
};

struct peer *fuzz_peer(struct fuzz_room *f);
struct kr_id fuzz_attach_id(struct fuzz_room *f);                 /* a peer's, or none's */
bool fuzz_is_attached(struct fuzz_room *f, const struct peer *p); /* the service says so */

/* core_request.c: one request, well formed or bent. */
void fuzz_request(struct fuzz_room *f);
void fuzz_attach(struct fuzz_room *f, struct peer *p);

/* core_presence.c: what the MUC says of others, and of the service. */
void fuzz_enter(struct fuzz_room *f, struct peer *p);
void fuzz_leave(struct fuzz_room *f, struct peer *p);
void fuzz_presence(struct fuzz_room *f);
void fuzz_own_presence(struct fuzz_room *f);
void fuzz_message(struct fuzz_room *f);
void fuzz_raw(struct fuzz_room *f);

#endif
