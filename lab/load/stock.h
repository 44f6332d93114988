/* A participant as unmodified Jitsi Meet is one (lib-jitsi-meet's OlmAdapter and ManagedKeyHandler): one Olm
 * session a pair, each key sent to each peer in a message of its own, each answered by one. Debounces are the
 * script's. */
#ifndef KR_LOAD_STOCK_H
#define KR_LOAD_STOCK_H

#include "load/crowd.h"

/* Real Olm, or ciphertexts of the right size that say nothing. */
extern const struct kr_dialect kr_stock_olm, kr_stock_sized;

/* As Jitsi has them. */
enum { KR_STOCK_REQUEST_MS = 5000, KR_STOCK_WAIT_MS = 10000, KR_STOCK_DEBOUNCE_MS = 5000 };

void kr_stock_enable(struct kr_seat *seat); /* sessions with all who are in the room, then a key to them */
void kr_stock_rotate(struct kr_seat *seat); /* a new key to all it has a session with */

/* As if all had enabled it long ago: sessions and keys of those in the room (sized only). */
void kr_stock_assume(struct kr_crowd *crowd);

/* --- conditions; arg: the crowd --- */
bool kr_stock_all_on(void *arg);      /* everybody sends with its newest key */
bool kr_stock_all_settled(void *arg); /* and no answer is awaited */

/* Pairs of which at least one has not the other's newest key. */
size_t kr_stock_failed_pairs(const struct kr_crowd *crowd);

#endif
