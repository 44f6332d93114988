/* The hashes of the log's tree (RFC 6962 2.1 with SHA-256; docs/protocol.md 11.1). */
#ifndef KR_LOG_MERKLE_H
#define KR_LOG_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/span.h"
#include "log/verdict.h"

enum {
    KR_LOG_LEVELS = 64,  /* of nodes: a tree has fewer than 2^63 leaves */
    KR_LOG_HASH_LEN = 32 /* bytes */
};
#define KR_LOG_SIZE_MAX ((uint64_t)INT64_MAX) /* entries: what SQLite and other verifiers count with */

struct kr_digest kr_leaf_hash(struct kr_span entry);
struct kr_digest kr_node_hash(const struct kr_digest *left, const struct kr_digest *right);

/* MTH of that many leaf hashes in order; of none, the hash of nothing. Linear: for short lists and for
 * checking the tree that grows (log/tree.h). */
struct kr_digest kr_merkle_root(const struct kr_digest *leaves, size_t count);

/* A node over a whole power of two of leaves: MTH(D[index * 2^level : (index + 1) * 2^level]). Level 0 are
 * the leaves. A tree of n entries has fewer than 2n of these and none ever changes, so they are what is
 * stored. */
struct kr_log_node {
    unsigned level;
    uint64_t index;
};

/* Where nodes are read from. False: it is not there (KR_LOG_NODE_MISSING). */
struct kr_log_nodes {
    bool (*get)(void *state, struct kr_log_node node, struct kr_digest *ret_hash);
    void *state;
};

/* MTH(D[begin:end]) of stored nodes: at most one for each bit of the length. begin must be a multiple of the
 * smallest power of two not below end - begin, as every range of a proof or root is; begin < end. */
enum kr_log_verdict kr_log_range_hash(const struct kr_log_nodes *nodes, uint64_t begin, uint64_t end,
                                      struct kr_digest *ret_hash);

/* The largest power of two below n; n > 1. */
uint64_t kr_log_split(uint64_t n);

#endif
