#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/err.h"
#include "base/limit.h"
#include "epoch/roster.h"

static void add(struct kr_roster *r, const char *participant, unsigned attach, bool is_new)
{
    struct kr_key ed = {{1}}, curve = {{2}};
    struct kr_id id = {{(uint8_t)(attach >> 8), (uint8_t)attach}};
    kr_roster_add(r, participant, "", &ed, &curve, &id, is_new);
}

static void test_order_and_find(void **state)
{
    (void)state;
    static const char *const sorted[] = {"b", "z", "\xff", "aa", "ab", "zzz"};
    static const size_t orders[][6] = {{0, 1, 2, 3, 4, 5}, {5, 4, 3, 2, 1, 0}, {3, 0, 5, 1, 4, 2}};
    static const int as_added[] = {0, 5, 1}; /* where "b" is before the roster is sealed */
    struct kr_digest first = {{0}};
    for (size_t o = 0; o < 3; o++) {
        struct kr_roster r;
        kr_roster_init(&r);
        for (size_t i = 0; i < 6; i++)
            add(&r, sorted[orders[o][i]], 900 - (unsigned)orders[o][i], false);
        struct kr_id attach = {{900 >> 8, 900 & 255}};
        assert_int_equal(kr_roster_find(&r, &attach), as_added[o]);
        assert_int_equal(kr_roster_find_participant(&r, "b"), as_added[o]);
        assert_int_equal(kr_roster_seal(&r), 0);
        for (size_t i = 0; i < 6; i++) {
            assert_string_equal(r.entries[i].participant, sorted[i]);
            attach = (struct kr_id){{(uint8_t)((900 - i) >> 8), (uint8_t)(900 - i)}};
            assert_int_equal(kr_roster_find(&r, &attach), i);
            assert_int_equal(kr_roster_find_participant(&r, sorted[i]), i);
        }
        attach.b[15] = 1;
        assert_int_equal(kr_roster_find(&r, &attach), -1);
        assert_int_equal(kr_roster_find_participant(&r, "a"), -1);
        assert_int_equal(kr_roster_find_participant(&r, ""), -1);
        assert_int_equal(kr_roster_find_participant(&r, "zzzz"), -1);
        if (o == 0)
            first = r.digest;
        assert_true(kr_digest_equal(&first, &r.digest));
        kr_roster_done(&r);
    }
}

static void test_doubled(void **state)
{
    (void)state;
    struct kr_roster r;
    kr_roster_init(&r);
    add(&r, "a", 1, false);
    add(&r, "b", 2, false);
    add(&r, "c", 1, false);
    assert_int_equal(kr_roster_seal(&r), KR_E_ROSTER_MISMATCH);
    assert_false(r.sealed);
    kr_roster_done(&r);
    add(&r, "a", 1, false);
    add(&r, "b", 2, false);
    add(&r, "a", 3, false);
    assert_int_equal(kr_roster_seal(&r), KR_E_ROSTER_MISMATCH);
    assert_false(r.sealed);
    kr_roster_done(&r);
}

static void test_size(void **state)
{
    (void)state;
    struct kr_roster r;
    kr_roster_init(&r);
    assert_int_equal(kr_roster_seal(&r), 0);
    assert_int_equal(kr_roster_find_participant(&r, "x"), -1);
    kr_roster_done(&r);
    for (unsigned i = 0; i <= KR_OCCUPANTS_MAX; i++) {
        char name[16];
        if (i == KR_OCCUPANTS_MAX)
            assert_int_equal(kr_roster_seal(&r), 0);
        snprintf(name, sizeof(name), "%u", i * 7919 % 5003);
        add(&r, name, i, false);
    }
    assert_int_equal(kr_roster_seal(&r), KR_E_TOO_LARGE);
    kr_roster_done(&r);
}

static void test_copy(void **state)
{
    (void)state;
    struct kr_roster a, b;
    kr_roster_init(&a);
    kr_roster_init(&b);
    add(&b, "replaced", 9, false);
    add(&a, "y", 2, true);
    add(&a, "x", 1, false);
    assert_int_equal(kr_roster_seal(&a), 0);
    kr_roster_copy(&b, &a);
    kr_roster_done(&a);
    assert_true(b.sealed);
    assert_int_equal(b.len, 2);
    assert_int_equal(b.joiner_count, 1);
    assert_int_equal(kr_roster_find_participant(&b, "y"), 1);
    struct kr_id attach = {{0, 1}};
    assert_int_equal(kr_roster_find(&b, &attach), 0);
    struct kr_digest digest = b.digest;
    struct kr_span line = kr_roster_line(&b, 1);
    assert_memory_equal(line.ptr, "\0\0\0\1y\0\0\0\0\0\0\0\x20\1", 14);
    assert_int_equal(kr_roster_seal(&b), 0); /* sealing again changes nothing */
    assert_true(kr_digest_equal(&digest, &b.digest));
    kr_roster_copy(&a, &b);
    kr_roster_done(&b);
    kr_roster_done(&a);
    add(&a, "open", 1, false);
    kr_roster_copy(&b, &a);
    assert_false(b.sealed);
    kr_roster_done(&a);
    kr_roster_done(&b);
}

/* Joiners are no part of the line: who is new changes no digest. */
static void test_new_is_not_in_line(void **state)
{
    (void)state;
    struct kr_roster a, b;
    kr_roster_init(&a);
    kr_roster_init(&b);
    add(&a, "x", 1, true);
    add(&b, "x", 1, false);
    assert_int_equal(kr_roster_seal(&a), 0);
    assert_int_equal(kr_roster_seal(&b), 0);
    assert_true(kr_digest_equal(&a.digest, &b.digest));
    kr_roster_done(&a);
    kr_roster_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_order_and_find), cmocka_unit_test(test_doubled),
                                       cmocka_unit_test(test_size), cmocka_unit_test(test_copy),
                                       cmocka_unit_test(test_new_is_not_in_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
