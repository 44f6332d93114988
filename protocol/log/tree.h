/* The tree of a log as it grows: only its peaks are held, every node is handed out once when it is complete
 * (docs/protocol.md 11.1). */
#ifndef KR_LOG_TREE_H
#define KR_LOG_TREE_H

#include "log/merkle.h"

/* A compact range from 0: one peak for each 1 in the binary form of the size, from the left (the widest) to
 * the right. A value: it may be copied, and a copy can be appended to and thrown away. All zero is the empty
 * tree. */
struct kr_log_tree {
    uint64_t size; /* entries */
    unsigned count;
    struct kr_digest peaks[KR_LOG_LEVELS];
};

/* Is given each node that an append completes: the leaf first, then upwards. */
struct kr_log_sink {
    void (*put)(void *state, struct kr_log_node node, const struct kr_digest *hash);
    void *state;
};

/* Appends a leaf hash; the entry's index is the size before. sink may be NULL. KR_LOG_TREE_FULL. */
enum kr_log_verdict kr_log_tree_append(struct kr_log_tree *tree, const struct kr_digest *leaf,
                                       const struct kr_log_sink *sink);

struct kr_digest kr_log_tree_root(const struct kr_log_tree *tree);

/* The tree of that size out of stored nodes: at most 63 of them. KR_LOG_NODE_MISSING; KR_LOG_TREE_FULL above
 * KR_LOG_SIZE_MAX. */
enum kr_log_verdict kr_log_tree_load(const struct kr_log_nodes *nodes, uint64_t size,
                                     struct kr_log_tree *ret_tree);

#endif
