/* The log's tree, key and checkpoints (docs/protocol.md 11.4, 11.10). What an entry says: core/audit.h. */
#ifndef KR_CORE_LOGBOOK_H
#define KR_CORE_LOGBOOK_H

#include "core/state.h"

/* Takes up what the store knows; makes a key if there is none. Halts where the tree is not the one that was
 * signed. */
void kr_logbook_start(struct kr_core *core, const struct kr_snapshot *s);
void kr_logbook_done(struct kr_core *core);

/* Appends an entry, whose index is the tree's size before. */
void kr_logbook_add(struct kr_core *core, struct kr_span entry);

/* Signs the tree as it is, unless that was done, or nothing is signed any more. */
void kr_logbook_sign(struct kr_core *core);
/* ... entries that nothing has asked for a signature of; and when that is due, UINT64_MAX for not. */
void kr_logbook_tick(struct kr_core *core);
uint64_t kr_logbook_deadline(const struct kr_core *core);

/* The last checkpoint, as it enters a context. The link borrows the origin. False: nothing was signed. */
bool kr_logbook_link(const struct kr_core *core, struct kr_epoch_link *link);

/* Our database is older than what we have signed: from now on, and after a restart, nothing is signed and
 * nobody served. */
void kr_logbook_halt(struct kr_core *core, const char *why);
/* What a witness answered. That it knows more of our log than we do, or another one, halts us too; but not
 * after a restart, since nobody signed that word: then it is asked again. */
void kr_logbook_witness(struct kr_core *core, const struct kr_witness_said *said);

/* A client's newest checkpoint of ours. One that we signed, and that our tree does not hold, halts us: at
 * once, or once the store has been asked. Any other text is anybody's and says nothing. */
void kr_logbook_presented(struct kr_core *core, const struct kr_log_claim *claim, const char *claimed_origin);
void kr_logbook_compare(struct kr_core *core, const struct kr_pending *p, const struct kr_query_result *r);

/* Which nodes a proof is made of, and the proof once they are there. */
struct kr_logbook_ask {
    struct kr_node_ask *nodes; /* owned */
    size_t count, cap;
    size_t at; /* reading: the next one */
};
struct kr_log_nodes kr_logbook_collect(struct kr_logbook_ask *ask);
struct kr_log_nodes kr_logbook_read(struct kr_logbook_ask *ask, const struct kr_query_result *r);

#endif
