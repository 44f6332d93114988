#include "log/proof.h"

/* Proofs are made from the root down and read from the leaf up. */
static void reverse(struct kr_log_proof *p)
{
    for (size_t i = 0; i < p->count / 2; i++) {
        struct kr_digest d = p->hashes[i];
        p->hashes[i] = p->hashes[p->count - 1 - i];
        p->hashes[p->count - 1 - i] = d;
    }
}

static enum kr_log_verdict add_range(struct kr_log_proof *p, const struct kr_log_nodes *nodes, uint64_t begin,
                                     uint64_t end)
{
    enum kr_log_verdict v = kr_log_range_hash(nodes, begin, end, &p->hashes[p->count]);
    if (v == KR_LOG_OK)
        p->count++;
    return v;
}

enum kr_log_verdict kr_inclusion_make(const struct kr_log_nodes *nodes, uint64_t index, uint64_t size,
                                      struct kr_log_proof *ret_proof)
{
    struct kr_log_proof p = {.count = 0};
    if (index >= size)
        return KR_LOG_INDEX_OUTSIDE;
    if (size > KR_LOG_SIZE_MAX)
        return KR_LOG_TREE_FULL;
    uint64_t begin = 0, end = size;
    while (end - begin > 1) {
        uint64_t middle = begin + kr_log_split(end - begin);
        bool left = index < middle;
        enum kr_log_verdict v =
            left ? add_range(&p, nodes, middle, end) : add_range(&p, nodes, begin, middle);
        if (v != KR_LOG_OK)
            return v;
        *(left ? &end : &begin) = middle;
    }
    reverse(&p);
    *ret_proof = p;
    return KR_LOG_OK;
}

enum kr_log_verdict kr_inclusion_check(uint64_t index, uint64_t size, const struct kr_digest *leaf,
                                       const struct kr_digest *hashes, size_t count,
                                       const struct kr_digest *root)
{
    if (index >= size)
        return KR_LOG_INDEX_OUTSIDE;
    uint64_t fn = index, sn = size - 1;
    struct kr_digest r = *leaf;
    for (size_t i = 0; i < count; i++) {
        if (sn == 0)
            return KR_LOG_PROOF_LONG;
        if ((fn & 1) || fn == sn) {
            r = kr_node_hash(&hashes[i], &r);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            r = kr_node_hash(&r, &hashes[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0)
        return KR_LOG_PROOF_SHORT;
    return kr_digest_equal(&r, root) ? KR_LOG_OK : KR_LOG_NOT_INCLUDED;
}

enum kr_log_verdict kr_consistency_make(const struct kr_log_nodes *nodes, uint64_t from, uint64_t to,
                                        struct kr_log_proof *ret_proof)
{
    struct kr_log_proof p = {.count = 0};
    if (from == 0)
        return KR_LOG_FROM_NOTHING;
    if (from > to)
        return KR_LOG_ROLLED_BACK;
    if (to > KR_LOG_SIZE_MAX)
        return KR_LOG_TREE_FULL;
    uint64_t begin = 0, end = to;
    enum kr_log_verdict v = KR_LOG_OK;
    while (v == KR_LOG_OK && from < end) {
        uint64_t middle = begin + kr_log_split(end - begin);
        bool left = from <= middle;
        v = left ? add_range(&p, nodes, middle, end) : add_range(&p, nodes, begin, middle);
        *(left ? &end : &begin) = middle;
    }
    /* What is left is a subtree of the old tree. If it is the old tree itself, the verifier knows its root.
     */
    if (v == KR_LOG_OK && begin != 0)
        v = add_range(&p, nodes, begin, end);
    if (v != KR_LOG_OK)
        return v;
    reverse(&p);
    *ret_proof = p;
    return KR_LOG_OK;
}

/* RFC 9162 2.1.4.2 from step 5: `first` is where the path of the old tree begins. */
static enum kr_log_verdict walk(uint64_t fn, uint64_t sn, const struct kr_digest *first,
                                const struct kr_digest *hashes, size_t count,
                                const struct kr_digest *from_root, const struct kr_digest *to_root)
{
    struct kr_digest fr = *first, sr = *first;
    for (size_t i = 0; i < count; i++) {
        if (sn == 0)
            return KR_LOG_PROOF_LONG;
        if ((fn & 1) || fn == sn) {
            fr = kr_node_hash(&hashes[i], &fr);
            sr = kr_node_hash(&hashes[i], &sr);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            sr = kr_node_hash(&sr, &hashes[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    if (sn != 0)
        return KR_LOG_PROOF_SHORT;
    bool both = kr_digest_equal(&fr, from_root) && kr_digest_equal(&sr, to_root);
    return both ? KR_LOG_OK : KR_LOG_NOT_CONSISTENT;
}

enum kr_log_verdict kr_consistency_check(uint64_t from, uint64_t to, const struct kr_digest *hashes,
                                         size_t count, const struct kr_digest *from_root,
                                         const struct kr_digest *to_root)
{
    if (from == 0)
        return KR_LOG_FROM_NOTHING;
    if (from > to)
        return KR_LOG_ROLLED_BACK;
    if (from == to && !kr_digest_equal(from_root, to_root))
        return KR_LOG_FORKED;
    if (from == to)
        return count ? KR_LOG_PROOF_LONG : KR_LOG_OK;
    if (count == 0)
        return KR_LOG_PROOF_SHORT;
    uint64_t fn = from - 1, sn = to - 1;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    if ((from & (from - 1)) == 0)
        return walk(fn, sn, from_root, hashes, count, from_root, to_root);
    return walk(fn, sn, &hashes[0], hashes + 1, count - 1, from_root, to_root);
}
