#include "log/tree.h"

#include "base/hash.h"

enum kr_log_verdict kr_log_tree_append(struct kr_log_tree *tree, const struct kr_digest *leaf,
                                       const struct kr_log_sink *sink)
{
    if (tree->size >= KR_LOG_SIZE_MAX)
        return KR_LOG_TREE_FULL;
    struct kr_log_node node = {0, tree->size};
    struct kr_digest r = *leaf;
    if (sink)
        sink->put(sink->state, node, &r);
    while (node.index & 1) {
        r = kr_node_hash(&tree->peaks[--tree->count], &r);
        node = (struct kr_log_node){node.level + 1, node.index >> 1};
        if (sink)
            sink->put(sink->state, node, &r);
    }
    tree->peaks[tree->count++] = r;
    tree->size++;
    return KR_LOG_OK;
}

struct kr_digest kr_log_tree_root(const struct kr_log_tree *tree)
{
    if (tree->count == 0)
        return kr_sha256(kr_span(NULL, 0));
    unsigned i = tree->count - 1;
    struct kr_digest r = tree->peaks[i];
    while (i)
        r = kr_node_hash(&tree->peaks[--i], &r);
    return r;
}

enum kr_log_verdict kr_log_tree_load(const struct kr_log_nodes *nodes, uint64_t size,
                                     struct kr_log_tree *ret_tree)
{
    struct kr_log_tree tree = {.size = size};
    uint64_t begin = 0;
    if (size > KR_LOG_SIZE_MAX)
        return KR_LOG_TREE_FULL;
    for (unsigned level = KR_LOG_LEVELS; level-- > 0;) {
        uint64_t width = (uint64_t)1 << level;
        if (!(size & width))
            continue;
        if (!nodes->get(nodes->state, (struct kr_log_node){level, begin >> level}, &tree.peaks[tree.count]))
            return KR_LOG_NODE_MISSING;
        tree.count++;
        begin += width;
    }
    *ret_tree = tree;
    return KR_LOG_OK;
}
