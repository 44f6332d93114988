/* Inclusion and consistency proofs (RFC 6962 2.1.1, 2.1.2; checked as RFC 9162 2.1.3.2, 2.1.4.2 say, with the
 * guards of docs/protocol.md 11.2). */
#ifndef KR_LOG_PROOF_H
#define KR_LOG_PROOF_H

#include "log/merkle.h"

enum {
    KR_PROOF_HASHES_MAX = 64
}; /* one for each level, and for a consistency proof the old tree's own node */

struct kr_log_proof {
    size_t count;
    struct kr_digest hashes[KR_PROOF_HASHES_MAX];
};

/* That entry `index` stands in the tree of `size`: from the leaf's sibling up to the root's child.
 * KR_LOG_INDEX_OUTSIDE, KR_LOG_TREE_FULL (size above KR_LOG_SIZE_MAX), KR_LOG_NODE_MISSING. */
enum kr_log_verdict kr_inclusion_make(const struct kr_log_nodes *nodes, uint64_t index, uint64_t size,
                                      struct kr_log_proof *ret_proof);

/* KR_LOG_INDEX_OUTSIDE, KR_LOG_PROOF_SHORT, KR_LOG_PROOF_LONG, KR_LOG_NOT_INCLUDED. Any sizes are fine. */
enum kr_log_verdict kr_inclusion_check(uint64_t index, uint64_t size, const struct kr_digest *leaf,
                                       const struct kr_digest *hashes, size_t count,
                                       const struct kr_digest *root);

/* That the tree of size `from` is the beginning of the tree of size `to`; no hashes for equal sizes.
 * KR_LOG_FROM_NOTHING, KR_LOG_ROLLED_BACK (from > to), KR_LOG_TREE_FULL, KR_LOG_NODE_MISSING. */
enum kr_log_verdict kr_consistency_make(const struct kr_log_nodes *nodes, uint64_t from, uint64_t to,
                                        struct kr_log_proof *ret_proof);

/* KR_LOG_FROM_NOTHING, KR_LOG_ROLLED_BACK; of one size: KR_LOG_FORKED (other roots), KR_LOG_PROOF_LONG; else
 * KR_LOG_PROOF_SHORT, KR_LOG_PROOF_LONG, KR_LOG_NOT_CONSISTENT. Which of the two roots is at fault cannot be
 * told: where the old size is a power of two, the proof begins at the old root. */
enum kr_log_verdict kr_consistency_check(uint64_t from, uint64_t to, const struct kr_digest *hashes,
                                         size_t count, const struct kr_digest *from_root,
                                         const struct kr_digest *to_root);

#endif
