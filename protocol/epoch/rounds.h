/* Who seals for whom, and when (docs/protocol.md 5.10, 5.13): a pure function of the roster, of how the epoch
 * follows from the one before, and of its key source. */
#ifndef KR_EPOCH_ROUNDS_H
#define KR_EPOCH_ROUNDS_H

#include <stdbool.h>
#include <stddef.h>

#include "epoch/context.h"
#include "epoch/roster.h"
#include "text/signed.h"

struct kr_sealing {
    const struct kr_roster *roster; /* sealed; borrowed */
    enum kr_epoch_kind kind;
    enum kr_source source;
    size_t leader; /* roster index of the one that seals for all; roster->len if nobody or everybody does */
};
struct kr_sealing kr_sealing(const struct kr_roster *roster, const struct kr_epoch_link *link);

/* Must `sender` seal for `recipient` in that round (KR_ROUND_1 or KR_ROUND_2)? Indices into the sealed
 * roster. */
bool kr_round_has(const struct kr_sealing *s, enum kr_round round, size_t sender, size_t recipient);

/* How many recipients the sender has in the round; 0 means it sends no envelope. */
size_t kr_round_count(const struct kr_sealing *s, enum kr_round round, size_t sender);

/* Does the sender seal for the recipient in any round? If not, the recipient needs nothing of it, or ratchets
 * the secret itself. */
bool kr_round_any(const struct kr_sealing *s, size_t sender, size_t recipient);

/* Does anybody seal for anybody in the first round? */
bool kr_round_1_exists(const struct kr_sealing *s);

/* Whose secret the frames of `sender` are derived from: its own, or the leader's. roster->len: of nobody
 * (passphrase). */
size_t kr_secret_of(const struct kr_sealing *s, size_t sender);

bool kr_roster_has_joiners(const struct kr_roster *r);

#endif
