#include "log/merkle.h"

#include <sodium.h>

#include "base/hash.h"

struct kr_digest kr_leaf_hash(struct kr_span entry)
{
    static const uint8_t prefix = 0;
    struct kr_digest d;
    crypto_hash_sha256_state st;
    crypto_hash_sha256_init(&st);
    crypto_hash_sha256_update(&st, &prefix, 1);
    crypto_hash_sha256_update(&st, entry.ptr, entry.len);
    crypto_hash_sha256_final(&st, d.b);
    return d;
}

struct kr_digest kr_node_hash(const struct kr_digest *left, const struct kr_digest *right)
{
    uint8_t bytes[1 + 2 * KR_LOG_HASH_LEN] = {1};
    memcpy(bytes + 1, left->b, KR_LOG_HASH_LEN);
    memcpy(bytes + 1 + KR_LOG_HASH_LEN, right->b, KR_LOG_HASH_LEN);
    return kr_sha256(kr_span(bytes, sizeof(bytes)));
}

uint64_t kr_log_split(uint64_t n)
{
    uint64_t k = 1;
    while (k < n - k)
        k *= 2;
    return k;
}

/* Folds peaks, left to right and ever smaller, into one hash. */
static struct kr_digest fold(const struct kr_digest *peaks, unsigned count)
{
    struct kr_digest r = peaks[--count];
    while (count)
        r = kr_node_hash(&peaks[--count], &r);
    return r;
}

struct kr_digest kr_merkle_root(const struct kr_digest *leaves, size_t count)
{
    struct kr_digest peaks[KR_LOG_LEVELS];
    unsigned used = 0;
    if (count == 0)
        return kr_sha256(kr_span(NULL, 0));
    for (size_t i = 0; i < count; i++) {
        struct kr_digest r = leaves[i];
        for (size_t level = i; level & 1; level >>= 1) /* one merge for each trailing 1 of the index */
            r = kr_node_hash(&peaks[--used], &r);
        peaks[used++] = r;
    }
    return fold(peaks, used);
}

enum kr_log_verdict kr_log_range_hash(const struct kr_log_nodes *nodes, uint64_t begin, uint64_t end,
                                      struct kr_digest *ret_hash)
{
    struct kr_digest peaks[KR_LOG_LEVELS];
    unsigned used = 0;
    for (unsigned level = KR_LOG_LEVELS; level-- > 0;) {
        uint64_t width = (uint64_t)1 << level;
        if (!((end - begin) & width))
            continue;
        if (!nodes->get(nodes->state, (struct kr_log_node){level, begin >> level}, &peaks[used]))
            return KR_LOG_NODE_MISSING;
        used++;
        begin += width;
    }
    *ret_hash = fold(peaks, used);
    return KR_LOG_OK;
}
