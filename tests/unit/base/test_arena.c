#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdalign.h>

#include "base/arena.h"

static void test_aligned_zeroed_apart(void **state)
{
    (void)state;
    struct kr_arena a;
    unsigned char *seen[200];
    kr_arena_init(&a, 1 << 20);
    for (size_t i = 0; i < 200; i++) {
        size_t size = 1 + i % 67;
        seen[i] = kr_arena_alloc(&a, size);
        assert_non_null(seen[i]);
        assert_int_equal((uintptr_t)seen[i] % alignof(max_align_t), 0);
        for (size_t j = 0; j < size; j++)
            assert_int_equal(seen[i][j], 0);
        memset(seen[i], (int)i + 1, size);
    }
    for (size_t i = 0; i < 200; i++) {
        for (size_t j = 0; j < 1 + i % 67; j++)
            assert_int_equal(seen[i][j], (unsigned char)(i + 1));
    }
    kr_arena_done(&a);
}

static void test_ceiling(void **state)
{
    (void)state;
    struct kr_arena a;
    kr_arena_init(&a, 64);
    assert_null(kr_arena_alloc(&a, 65));
    assert_null(kr_arena_alloc(&a, SIZE_MAX));
    assert_non_null(kr_arena_alloc(&a, 48));
    assert_null(kr_arena_alloc(&a, 17));
    assert_non_null(kr_arena_alloc(&a, 16));
    assert_int_equal(a.used, 64);
    assert_null(kr_arena_alloc(&a, 1));
    kr_arena_done(&a);
    assert_int_equal(a.used, 0);
    assert_non_null(kr_arena_alloc(&a, 64));
    kr_arena_done(&a);
}

static void test_array_overflow(void **state)
{
    (void)state;
    struct kr_arena a;
    kr_arena_init(&a, 1 << 16);
    assert_null(kr_arena_array(&a, SIZE_MAX / 2, 3));
    assert_null(kr_arena_array(&a, SIZE_MAX, SIZE_MAX));
    uint64_t *list = kr_arena_array(&a, 100, sizeof(*list));
    assert_non_null(list);
    list[99] = 1;
    kr_arena_done(&a);
}

static void test_larger_than_block(void **state)
{
    (void)state;
    struct kr_arena a;
    kr_arena_init(&a, 1 << 20);
    char *small = kr_arena_strndup(&a, "small one", 5);
    unsigned char *big = kr_arena_alloc(&a, 100000);
    assert_non_null(big);
    memset(big, 0xAA, 100000);
    assert_string_equal(small, "small");
    assert_string_equal(kr_arena_strndup(&a, NULL, 0), "");
    kr_arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aligned_zeroed_apart),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_array_overflow),
        cmocka_unit_test(test_larger_than_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
