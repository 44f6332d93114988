/* A log in memory for the tests: its nodes as a store has them. And the leaves and keys that
 * docs/protocol.md 11.9 gives figures of. */
#ifndef KR_TEST_LOG_NODES_H
#define KR_TEST_LOG_NODES_H

#include "log/signer.h"
#include "log/tree.h"

enum { NODES_MAX = 70000 };

struct nodes {
    struct kr_log_tree tree;
    struct kr_digest *level[KR_LOG_LEVELS]; /* NODES_MAX >> level of each */
    size_t put;                             /* nodes handed out in all */
};

void nodes_init(struct nodes *n);
void nodes_done(struct nodes *n);
void nodes_append(struct nodes *n, struct kr_span entry);
void nodes_append_many(struct nodes *n, size_t count); /* entries "0", "1", ... by index */
struct kr_log_nodes nodes_reader(struct nodes *n);

/* The tree whose leaves are all alike: its nodes depend on the level alone, so it can have any size. */
struct kr_log_nodes same_leaves(struct kr_digest levels[static KR_LOG_LEVELS]);

struct kr_span example_leaf(size_t index); /* 0 to 7 */
void example_signer(enum kr_note_type type, struct kr_note_signer *ret);

#endif
