/* Who seals for whom, and when (docs/protocol.md 5.10): a pure function of the roster. */
#ifndef KR_EPOCH_ROUNDS_H
#define KR_EPOCH_ROUNDS_H

#include <stdbool.h>
#include <stddef.h>

#include "epoch/context.h"
#include "epoch/roster.h"
#include "text/signed.h"

/* Must `sender` seal for `recipient` in that round (KR_ROUND_1 or KR_ROUND_2)? Indices into the sealed
 * roster. */
bool kr_round_has(const struct kr_roster *r, enum kr_epoch_kind kind, enum kr_round round, size_t sender,
                  size_t recipient);

/* How many recipients the sender has in the round; 0 means it sends no envelope. */
size_t kr_round_count(const struct kr_roster *r, enum kr_epoch_kind kind, enum kr_round round, size_t sender);

/* Does the sender seal for the recipient in any round? If not, the recipient ratchets the sender's secret
 * itself. */
bool kr_round_any(const struct kr_roster *r, enum kr_epoch_kind kind, size_t sender, size_t recipient);

bool kr_roster_has_joiners(const struct kr_roster *r);

#endif
