#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "load/stats.h"

static void test_none(void **state)
{
    (void)state;
    struct kr_samples s = {.ns = NULL};
    kr_samples_sort(&s);
    assert_int_equal(kr_samples_rank(&s, 50), 0);
    assert_int_equal(kr_samples_above(&s, 0), 0);
    kr_samples_done(&s);
}

/* Nearest rank, as in the textbook's example: 15, 20, 35, 40, 50. */
static void test_ranks(void **state)
{
    (void)state;
    static const uint64_t values[] = {35, 15, 50, 20, 40};
    struct kr_samples s = {.ns = NULL};
    for (size_t i = 0; i < 5; i++)
        kr_samples_add(&s, values[i]);
    kr_samples_sort(&s);
    assert_int_equal(kr_samples_rank(&s, 5), 15);
    assert_int_equal(kr_samples_rank(&s, 30), 20);
    assert_int_equal(kr_samples_rank(&s, 40), 20);
    assert_int_equal(kr_samples_rank(&s, 50), 35);
    assert_int_equal(kr_samples_rank(&s, 99), 50);
    assert_int_equal(kr_samples_rank(&s, 100), 50);
    assert_int_equal(kr_samples_above(&s, 14), 5);
    assert_int_equal(kr_samples_above(&s, 35), 2);
    assert_int_equal(kr_samples_above(&s, 50), 0);
    kr_samples_clear(&s);
    kr_samples_add(&s, 7);
    assert_int_equal(kr_samples_rank(&s, 1), 7);
    kr_samples_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_none), cmocka_unit_test(test_ranks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
