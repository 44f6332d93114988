#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "epoch/context.h"

/* Bytes are in tests/vectors; here: whatever differs gives another context. */
static void test_every_input_counts(void **state)
{
    (void)state;
    struct kr_id instance = {{1}}, other = {{2}};
    struct kr_digest prev = {{0}};
    struct kr_epoch_link link = {.epoch = 1, .suite = 4};
    struct kr_digest all[16];
    size_t n = 0;
    all[n++] = kr_context("r@c", &instance, NULL, &link);
    all[n++] = kr_context("s@c", &instance, NULL, &link);
    all[n++] = kr_context("r@c", &other, NULL, &link);
    all[n++] = kr_context("r@c", &instance, &prev, &link);
    prev.b[31] = 1;
    all[n++] = kr_context("r@c", &instance, &prev, &link);
    struct kr_epoch_link l = link;
    l.epoch = 2;
    all[n++] = kr_context("r@c", &instance, NULL, &l);
    l = link;
    l.kind = KR_EPOCH_RATCHET;
    all[n++] = kr_context("r@c", &instance, NULL, &l);
    l = link;
    l.format = KR_FORMAT_JFRAME;
    all[n++] = kr_context("r@c", &instance, NULL, &l);
    l = link;
    l.suite = 5;
    all[n++] = kr_context("r@c", &instance, NULL, &l);
    l = link;
    l.policy.b[0] = 1;
    all[n++] = kr_context("r@c", &instance, NULL, &l);
    l = link;
    l.roster.b[0] = 1;
    all[n++] = kr_context("r@c", &instance, NULL, &l);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++)
            assert_false(kr_digest_equal(&all[i], &all[k]));
    }
}

static void test_kinds(void **state)
{
    (void)state;
    enum kr_epoch_kind kind = KR_EPOCH_FRESH;
    assert_int_equal(kr_epoch_kind_read("ratchet", &kind), 0);
    assert_int_equal(kind, KR_EPOCH_RATCHET);
    assert_int_equal(kr_epoch_kind_read("Fresh", &kind), KR_E_MALFORMED);
    assert_int_equal(kind, KR_EPOCH_RATCHET);
    assert_int_equal(kr_epoch_kind_read("fresh", &kind), 0);
    assert_int_equal(kind, KR_EPOCH_FRESH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_input_counts),
                                       cmocka_unit_test(test_kinds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
