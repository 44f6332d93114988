#include "test_log/nodes.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

void nodes_init(struct nodes *n)
{
    memset(n, 0, sizeof(*n));
    for (unsigned level = 0; level < KR_LOG_LEVELS; level++)
        n->level[level] =
            kr_calloc((level < 20 ? (size_t)NODES_MAX >> level : 0) + 1, sizeof(struct kr_digest));
}

void nodes_done(struct nodes *n)
{
    for (unsigned level = 0; level < KR_LOG_LEVELS; level++)
        free(n->level[level]);
}

static void put(void *state, struct kr_log_node node, const struct kr_digest *hash)
{
    struct nodes *n = state;
    n->level[node.level][node.index] = *hash;
    n->put++;
}

void nodes_append(struct nodes *n, struct kr_span entry)
{
    assert(n->tree.size < NODES_MAX);
    struct kr_digest leaf = kr_leaf_hash(entry);
    const struct kr_log_sink sink = {put, n};
    if (kr_log_tree_append(&n->tree, &leaf, &sink) != KR_LOG_OK)
        abort();
}

void nodes_append_many(struct nodes *n, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char entry[24];
        snprintf(entry, sizeof(entry), "%" PRIu64, n->tree.size);
        nodes_append(n, kr_span_str(entry));
    }
}

static bool get(void *state, struct kr_log_node node, struct kr_digest *ret_hash)
{
    struct nodes *n = state;
    if ((node.index + 1) << node.level > n->tree.size)
        return false;
    *ret_hash = n->level[node.level][node.index];
    return true;
}

struct kr_log_nodes nodes_reader(struct nodes *n)
{
    return (struct kr_log_nodes){get, n};
}

static bool get_same(void *state, struct kr_log_node node, struct kr_digest *ret_hash)
{
    const struct kr_digest *levels = state;
    *ret_hash = levels[node.level];
    return true;
}

struct kr_log_nodes same_leaves(struct kr_digest levels[static KR_LOG_LEVELS])
{
    levels[0] = kr_leaf_hash(kr_span_str("same"));
    for (unsigned i = 1; i < KR_LOG_LEVELS; i++)
        levels[i] = kr_node_hash(&levels[i - 1], &levels[i - 1]);
    return (struct kr_log_nodes){get_same, levels};
}

struct kr_span example_leaf(size_t index)
{
    static const struct {
        const char *bytes;
        size_t len;
    } leaves[] = {{"", 0},
                  {"\x00", 1},
                  {"\x10", 1},
                  {"\x20\x21", 2},
                  {"\x30\x31", 2},
                  {"\x40\x41\x42\x43", 4},
                  {"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
                  {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16}};
    return kr_span(leaves[index].bytes, leaves[index].len);
}

void example_signer(enum kr_note_type type, struct kr_note_signer *ret)
{
    bool witness = type == KR_NOTE_COSIGNATURE;
    struct kr_secret seed = KR_SECRET_NONE;
    kr_secret_alloc(&seed, KR_NOTE_SEED_LEN);
    for (size_t i = 0; i < seed.len; i++)
        seed.ptr[i] = (uint8_t)(i + (witness ? 0x20 : 0));
    const char *name = witness ? "witness.example.org" : "kms.example.org/audit";
    if (kr_note_signer_init(type, name, &seed, ret) != KR_LOG_OK)
        abort();
    kr_secret_done(&seed);
}
