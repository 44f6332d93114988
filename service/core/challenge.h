/* Challenges: a nonce is good once, for a minute, for one occupant of one room (docs/protocol.md 6.1). */
#ifndef KR_CORE_CHALLENGE_H
#define KR_CORE_CHALLENGE_H

#include "core/state.h"

/* NULL: unknown, used or too old. */
struct kr_challenge *kr_challenge_find(struct kr_occupant *o, const struct kr_id *nonce, uint64_t now_ms);
/* It was used, and is good for nothing now. c: of kr_challenge_find. */
void kr_challenge_spend(struct kr_occupant *o, struct kr_challenge *c, uint64_t now_ms);
void kr_challenges_forget(struct kr_occupant *o);

#endif
