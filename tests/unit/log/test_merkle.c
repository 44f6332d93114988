#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log/merkle.h"
#include "test_log/nodes.h"

static void assert_hex(const struct kr_digest *d, const char *want)
{
    char text[65];
    for (size_t i = 0; i < sizeof(d->b); i++)
        snprintf(text + 2 * i, 3, "%02x", d->b[i]);
    assert_string_equal(text, want);
}

/* MTH as RFC 6962 2.1 writes it. */
static struct kr_digest mth(const struct kr_digest *leaves, size_t n)
{
    if (n == 1)
        return leaves[0];
    size_t k = 1;
    while (k * 2 < n)
        k *= 2;
    struct kr_digest left = mth(leaves, k), right = mth(leaves + k, n - k);
    return kr_node_hash(&left, &right);
}

static void test_known_hashes(void **state)
{
    (void)state;
    static const char *const roots[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    struct kr_digest leaves[8];
    for (size_t i = 0; i < 8; i++)
        leaves[i] = kr_leaf_hash(example_leaf(i));
    for (size_t n = 0; n <= 8; n++) {
        struct kr_digest root = kr_merkle_root(leaves, n);
        assert_hex(&root, roots[n]);
    }
    struct kr_digest leaf = kr_leaf_hash(kr_span_str("L123456"));
    assert_hex(&leaf, "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
}

static void test_root_as_defined(void **state)
{
    (void)state;
    struct kr_digest leaves[130];
    for (size_t i = 0; i < 130; i++) {
        uint8_t byte = (uint8_t)i;
        leaves[i] = kr_leaf_hash(kr_span(&byte, 1));
    }
    for (size_t n = 1; n <= 130; n++) {
        struct kr_digest got = kr_merkle_root(leaves, n), want = mth(leaves, n);
        assert_true(kr_digest_equal(&got, &want));
    }
}

static void test_split(void **state)
{
    (void)state;
    assert_int_equal(kr_log_split(2), 1);
    assert_int_equal(kr_log_split(3), 2);
    assert_int_equal(kr_log_split(4), 2);
    assert_int_equal(kr_log_split(5), 4);
    assert_true(kr_log_split(KR_LOG_SIZE_MAX) == (uint64_t)1 << 62);
    assert_true(kr_log_split(((uint64_t)1 << 62) + 1) == (uint64_t)1 << 62);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known_hashes),
                                       cmocka_unit_test(test_root_as_defined), cmocka_unit_test(test_split)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
