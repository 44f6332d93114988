/* The check of a whole log, entry by entry from the first one on: each entry, each node of the tree, each
 * checkpoint. Where the rows come from is the caller's: a database, or a test that changed them. */
#ifndef KR_TOOLS_AUDIT_WALK_H
#define KR_TOOLS_AUDIT_WALK_H

#include "log/checkpoint.h"
#include "log/tree.h"

/* A value: a copy goes on from where the original stood. */
struct kr_walk {
    const struct kr_note_key *key;
    /* Is told each finding: which entry, node or checkpoint, and which check. */
    void (*find)(void *state, const char *text);
    /* At which index the log keeps this leaf hash; false: nowhere. May be NULL. */
    bool (*where)(void *state, const struct kr_digest *leaf, uint64_t *ret_idx);
    void *state;
    struct kr_log_tree tree;
    struct kr_checkpoint last;                 /* that held; size 0: none */
    uint64_t findings, checkpoints, good_size; /* good_size: of the last that fits the entries */
    bool bad_leaf;                             /* what is above it differs by itself */
    bool bad_root;                             /* what is signed from good_size on is of other entries */
};

/* The nodes that the log keeps where this entry completes some: hashes[i] is that of level i, of length 0 if
 * it keeps none. */
struct kr_walk_nodes {
    struct kr_span hashes[KR_LOG_LEVELS];
};
/* How many nodes the entry of that index completes: its leaf, and those above it. */
unsigned kr_walk_completes(uint64_t idx);

/* The next entry. idx: the one that the log says it has; a gap is found, and ends the tree: false. */
bool kr_walk_entry(struct kr_walk *w, uint64_t idx, struct kr_span entry, const struct kr_walk_nodes *kept);

/* A checkpoint that was opened (audit_signed.h): false, and found, if it is none, or another than its row
 * says. */
bool kr_walk_opened(struct kr_walk *w, uint64_t size, enum kr_log_verdict v, bool row_fits);
/* One that is, when the tree has come to its size. */
void kr_walk_checkpoint(struct kr_walk *w, const struct kr_checkpoint *c);

/* The entries are over. next: the checkpoint that was not reached, or NULL. */
void kr_walk_end(struct kr_walk *w, const struct kr_checkpoint *next);

#endif
