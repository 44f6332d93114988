#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log/tree.h"
#include "test_log/nodes.h"

static void test_grows(void **state)
{
    (void)state;
    struct nodes n;
    nodes_init(&n);
    const struct kr_log_nodes reader = nodes_reader(&n);
    for (size_t size = 0; size <= 600; size++) {
        struct kr_digest root = kr_log_tree_root(&n.tree), want = kr_merkle_root(n.level[0], size);
        assert_true(kr_digest_equal(&root, &want));
        struct kr_log_tree loaded;
        assert_int_equal(kr_log_tree_load(&reader, size, &loaded), KR_LOG_OK);
        assert_int_equal(loaded.size, size);
        assert_int_equal(loaded.count, n.tree.count);
        assert_memory_equal(loaded.peaks, n.tree.peaks, n.tree.count * sizeof(n.tree.peaks[0]));
        assert_int_equal(n.put, 2 * size - n.tree.count);
        nodes_append_many(&n, 1);
    }
    nodes_done(&n);
}

/* A tree that was loaded goes on as the one that never stopped; an earlier size is loaded just as well. */
static void test_goes_on(void **state)
{
    (void)state;
    struct nodes n;
    struct kr_log_tree tree;
    nodes_init(&n);
    nodes_append_many(&n, 100);
    const struct kr_log_nodes reader = nodes_reader(&n);
    assert_int_equal(kr_log_tree_load(&reader, 37, &tree), KR_LOG_OK);
    for (size_t i = 37; i < 100; i++)
        assert_int_equal(kr_log_tree_append(&tree, &n.level[0][i], NULL), KR_LOG_OK);
    struct kr_digest got = kr_log_tree_root(&tree), want = kr_log_tree_root(&n.tree);
    assert_true(kr_digest_equal(&got, &want));
    nodes_done(&n);
}

static void test_refused(void **state)
{
    (void)state;
    struct nodes n;
    struct kr_log_tree tree = {.size = 77};
    nodes_init(&n);
    nodes_append_many(&n, 5);
    const struct kr_log_nodes reader = nodes_reader(&n);
    assert_int_equal(kr_log_tree_load(&reader, 6, &tree), KR_LOG_NODE_MISSING);
    assert_int_equal(kr_log_tree_load(&reader, KR_LOG_SIZE_MAX + 1, &tree), KR_LOG_TREE_FULL);
    assert_int_equal(tree.size, 77);
    nodes_done(&n);

    struct kr_digest levels[KR_LOG_LEVELS];
    const struct kr_log_nodes same = same_leaves(levels);
    assert_int_equal(kr_log_tree_load(&same, KR_LOG_SIZE_MAX - 1, &tree), KR_LOG_OK);
    assert_int_equal(kr_log_tree_append(&tree, &levels[0], NULL), KR_LOG_OK);
    assert_int_equal(tree.count, 63);
    assert_int_equal(kr_log_tree_append(&tree, &levels[0], NULL), KR_LOG_TREE_FULL);
    assert_true(tree.size == KR_LOG_SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_grows), cmocka_unit_test(test_goes_on),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
