/* Challenges: a nonce is good once, for a minute, for one occupant of one room (docs/protocol.md 6.1). */
#ifndef KR_CORE_CHALLENGE_H
#define KR_CORE_CHALLENGE_H

#include "core/state.h"

/* NULL: unknown, used or too old. */
struct kr_challenge *kr_challenge_find(struct kr_occupant *o, const struct kr_id *nonce, uint64_t now_ms);

#endif
