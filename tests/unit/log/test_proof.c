#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log/proof.h"
#include "test_log/nodes.h"

enum { SIZES = 40 };

static struct nodes n;
static struct kr_log_nodes reader;
static struct kr_digest roots[SIZES + 1];

static int setup(void **state)
{
    (void)state;
    nodes_init(&n);
    nodes_append_many(&n, SIZES);
    reader = nodes_reader(&n);
    for (size_t size = 0; size <= SIZES; size++)
        roots[size] = kr_merkle_root(n.level[0], size);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    nodes_done(&n);
    return 0;
}

/* PATH of RFC 6962 2.1.1, as it is written there. */
static void path(size_t m, const struct kr_digest *d, size_t size, struct kr_log_proof *p)
{
    if (size == 1)
        return;
    size_t k = kr_log_split(size);
    path(m < k ? m : m - k, m < k ? d : d + k, m < k ? k : size - k, p);
    p->hashes[p->count++] = m < k ? kr_merkle_root(d + k, size - k) : kr_merkle_root(d, k);
}

/* SUBPROOF of 2.1.2. */
static void subproof(size_t m, const struct kr_digest *d, size_t size, bool whole, struct kr_log_proof *p)
{
    if (m == size) {
        if (!whole)
            p->hashes[p->count++] = kr_merkle_root(d, size);
        return;
    }
    size_t k = kr_log_split(size);
    if (m <= k) {
        subproof(m, d, k, whole, p);
        p->hashes[p->count++] = kr_merkle_root(d + k, size - k);
    } else {
        subproof(m - k, d + k, size - k, false, p);
        p->hashes[p->count++] = kr_merkle_root(d, k);
    }
}

static void assert_proof(const struct kr_log_proof *got, const struct kr_log_proof *want)
{
    assert_int_equal(got->count, want->count);
    assert_memory_equal(got->hashes, want->hashes, want->count * sizeof(want->hashes[0]));
}

static enum kr_log_verdict included(size_t index, size_t size, const struct kr_log_proof *p)
{
    return kr_inclusion_check(index, size, &n.level[0][index], p->hashes, p->count, &roots[size]);
}

static void test_inclusion(void **state)
{
    (void)state;
    for (size_t size = 1; size <= SIZES; size++) {
        for (size_t index = 0; index < size; index++) {
            struct kr_log_proof p, want = {.count = 0};
            assert_int_equal(kr_inclusion_make(&reader, index, size, &p), KR_LOG_OK);
            path(index, n.level[0], size, &want);
            assert_proof(&p, &want);
            assert_int_equal(included(index, size, &p), KR_LOG_OK);
            for (size_t i = 0; i < p.count; i++) {
                p.hashes[i].b[i] ^= 1;
                assert_int_equal(included(index, size, &p), KR_LOG_NOT_INCLUDED);
                p.hashes[i].b[i] ^= 1;
            }
            p.hashes[p.count++] = roots[0];
            assert_int_equal(included(index, size, &p), KR_LOG_PROOF_LONG);
            p.count--;
            if (p.count) {
                p.count--;
                assert_int_not_equal(included(index, size, &p), KR_LOG_OK);
            }
        }
    }
}

static void test_inclusion_verdicts(void **state)
{
    (void)state;
    struct kr_log_proof p = {.count = 7};
    assert_int_equal(kr_inclusion_make(&reader, 8, 8, &p), KR_LOG_INDEX_OUTSIDE);
    assert_int_equal(kr_inclusion_make(&reader, 0, 0, &p), KR_LOG_INDEX_OUTSIDE);
    assert_int_equal(kr_inclusion_make(&reader, 0, SIZES + 1, &p), KR_LOG_NODE_MISSING);
    assert_int_equal(kr_inclusion_make(&reader, 0, KR_LOG_SIZE_MAX + 1, &p), KR_LOG_TREE_FULL);
    assert_int_equal(p.count, 7);
    assert_int_equal(kr_inclusion_make(&reader, 5, 8, &p), KR_LOG_OK);
    assert_int_equal(included(8, 8, &p), KR_LOG_INDEX_OUTSIDE);
    assert_int_equal(included(4, 8, &p), KR_LOG_NOT_INCLUDED);
    assert_int_equal(kr_inclusion_check(UINT64_MAX, 8, &n.level[0][5], p.hashes, p.count, &roots[8]),
                     KR_LOG_INDEX_OUTSIDE);
    assert_int_equal(
        kr_inclusion_check(UINT64_MAX - 1, UINT64_MAX, &n.level[0][5], p.hashes, p.count, &roots[8]),
        KR_LOG_PROOF_SHORT);
    assert_int_equal(kr_inclusion_check(5, 8, &n.level[0][4], p.hashes, p.count, &roots[8]),
                     KR_LOG_NOT_INCLUDED);
    assert_int_equal(kr_inclusion_check(5, 8, &n.level[0][5], p.hashes, p.count, &roots[7]),
                     KR_LOG_NOT_INCLUDED);
    assert_int_equal(kr_inclusion_check(5, 8, &n.level[0][5], p.hashes, 2, &roots[8]), KR_LOG_PROOF_SHORT);
}

static enum kr_log_verdict consistent(size_t from, size_t to, const struct kr_log_proof *p)
{
    return kr_consistency_check(from, to, p->hashes, p->count, &roots[from], &roots[to]);
}

static void test_consistency(void **state)
{
    (void)state;
    for (size_t to = 1; to <= SIZES; to++) {
        for (size_t from = 1; from <= to; from++) {
            struct kr_log_proof p, want = {.count = 0};
            assert_int_equal(kr_consistency_make(&reader, from, to, &p), KR_LOG_OK);
            subproof(from, n.level[0], to, true, &want);
            assert_proof(&p, &want);
            assert_int_equal(consistent(from, to, &p), KR_LOG_OK);
            for (size_t i = 0; i < p.count; i++) {
                p.hashes[i].b[i] ^= 1;
                assert_int_equal(consistent(from, to, &p), KR_LOG_NOT_CONSISTENT);
                p.hashes[i].b[i] ^= 1;
            }
            p.hashes[p.count++] = roots[0];
            assert_int_equal(consistent(from, to, &p), KR_LOG_PROOF_LONG);
            p.count--;
            if (p.count) {
                p.count--;
                assert_int_equal(consistent(from, to, &p), KR_LOG_PROOF_SHORT);
            }
        }
    }
}

static void test_consistency_verdicts(void **state)
{
    (void)state;
    struct kr_log_proof p = {.count = 7};
    assert_int_equal(kr_consistency_make(&reader, 0, 8, &p), KR_LOG_FROM_NOTHING);
    assert_int_equal(kr_consistency_make(&reader, 9, 8, &p), KR_LOG_ROLLED_BACK);
    assert_int_equal(kr_consistency_make(&reader, 1, SIZES + 1, &p), KR_LOG_NODE_MISSING);
    assert_int_equal(kr_consistency_make(&reader, 1, KR_LOG_SIZE_MAX + 1, &p), KR_LOG_TREE_FULL);
    assert_int_equal(p.count, 7);
    assert_int_equal(kr_consistency_make(&reader, 3, 7, &p), KR_LOG_OK);
    assert_int_equal(kr_consistency_check(0, 7, p.hashes, p.count, &roots[0], &roots[7]),
                     KR_LOG_FROM_NOTHING);
    assert_int_equal(kr_consistency_check(7, 3, p.hashes, p.count, &roots[7], &roots[3]), KR_LOG_ROLLED_BACK);
    assert_int_equal(kr_consistency_check(7, 7, p.hashes, 0, &roots[7], &roots[3]), KR_LOG_FORKED);
    assert_int_equal(kr_consistency_check(7, 7, p.hashes, 1, &roots[7], &roots[7]), KR_LOG_PROOF_LONG);
    assert_int_equal(kr_consistency_check(3, 7, p.hashes, 0, &roots[3], &roots[7]), KR_LOG_PROOF_SHORT);
    assert_int_equal(kr_consistency_check(3, 7, p.hashes, p.count, &roots[2], &roots[7]),
                     KR_LOG_NOT_CONSISTENT);
    assert_int_equal(kr_consistency_check(3, 7, p.hashes, p.count, &roots[3], &roots[6]),
                     KR_LOG_NOT_CONSISTENT);
}

/* An entry rewritten in the past: the old root no longer follows, whichever proof the log makes. */
static void test_rewritten_past(void **state)
{
    (void)state;
    struct nodes other;
    nodes_init(&other);
    nodes_append(&other, kr_span_str("0"));
    nodes_append(&other, kr_span_str("another"));
    nodes_append_many(&other, 5);
    struct kr_log_nodes lying = nodes_reader(&other);
    struct kr_digest root = kr_log_tree_root(&other.tree);
    struct kr_log_proof p;
    assert_int_equal(kr_consistency_make(&lying, 3, 7, &p), KR_LOG_OK);
    assert_int_equal(kr_consistency_check(3, 7, p.hashes, p.count, &roots[3], &root), KR_LOG_NOT_CONSISTENT);
    nodes_done(&other);
}

/* The widest trees there can be: nothing overflows, no proof is longer than there is room. */
static void test_wide(void **state)
{
    (void)state;
    struct kr_digest levels[KR_LOG_LEVELS];
    const struct kr_log_nodes same = same_leaves(levels);
    const uint64_t sizes[] = {KR_LOG_SIZE_MAX,         KR_LOG_SIZE_MAX - 1,     (uint64_t)1 << 62,
                              ((uint64_t)1 << 62) + 1, ((uint64_t)1 << 62) - 1, 3};
    size_t longest = 0;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct kr_log_tree tree, old;
        struct kr_log_proof p;
        assert_int_equal(kr_log_tree_load(&same, sizes[i], &tree), KR_LOG_OK);
        struct kr_digest root = kr_log_tree_root(&tree);
        const uint64_t at[] = {0, 1, sizes[i] / 2, sizes[i] - 1};
        for (size_t k = 0; k < 4; k++) {
            assert_int_equal(kr_inclusion_make(&same, at[k], sizes[i], &p), KR_LOG_OK);
            assert_int_equal(kr_inclusion_check(at[k], sizes[i], &levels[0], p.hashes, p.count, &root),
                             KR_LOG_OK);
            assert_int_equal(kr_log_tree_load(&same, at[k] + 1, &old), KR_LOG_OK);
            struct kr_digest old_root = kr_log_tree_root(&old);
            assert_int_equal(kr_consistency_make(&same, at[k] + 1, sizes[i], &p), KR_LOG_OK);
            assert_int_equal(kr_consistency_check(at[k] + 1, sizes[i], p.hashes, p.count, &old_root, &root),
                             KR_LOG_OK);
            longest = p.count > longest ? p.count : longest;
        }
    }
    assert_in_range(longest, 63, KR_PROOF_HASHES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inclusion),      cmocka_unit_test(test_inclusion_verdicts),
        cmocka_unit_test(test_consistency),    cmocka_unit_test(test_consistency_verdicts),
        cmocka_unit_test(test_rewritten_past), cmocka_unit_test(test_wide)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
