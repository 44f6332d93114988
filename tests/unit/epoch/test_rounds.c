#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "epoch/rounds.h"

static void make(struct kr_roster *r, unsigned size, unsigned joiners)
{
    kr_roster_init(r);
    for (unsigned i = 0; i < size; i++) {
        struct kr_key key = {{0}};
        struct kr_id attach = {{(uint8_t)i}};
        char name[] = {(char)('a' + i), '\0'};
        kr_roster_add(r, name, "", &key, &key, &attach, (joiners >> i & 1) != 0);
    }
    assert_int_equal(kr_roster_seal(r), 0);
}

/* 5.10 by its purpose: every ordered pair once in a fresh epoch, and in a ratchet epoch those that involve a
 * joiner; and round 1 never asks for a session that only round 1 would bring. */
static void check(const struct kr_roster *r, enum kr_epoch_kind kind)
{
    size_t n = r->len;
    struct kr_epoch_link link = {.kind = kind};
    struct kr_sealing sealing = kr_sealing(r, &link), *q = &sealing;
    assert_int_equal(kr_round_1_exists(q), r->joiner_count > 0);
    assert_int_equal(kr_roster_has_joiners(r), r->joiner_count > 0);
    for (size_t s = 0; s < n; s++) {
        size_t count[2] = {0, 0};
        for (size_t to = 0; to < n; to++) {
            bool one = kr_round_has(q, KR_ROUND_1, s, to), two = kr_round_has(q, KR_ROUND_2, s, to);
            bool joiner = r->entries[s].is_new || r->entries[to].is_new;
            assert_false(one && two);
            assert_int_equal(one || two, s != to && (kind == KR_EPOCH_FRESH || joiner));
            assert_int_equal(kr_round_any(q, s, to), one || two);
            assert_false(kr_round_has(q, KR_ROUND_SUPPLEMENT, s, to));
            if (one) {
                assert_true(r->entries[s].is_new);
                assert_false(kr_round_has(q, KR_ROUND_1, to, s)); /* one side opens the session */
            }
            if (s != to && joiner)
                assert_true(kr_round_has(q, KR_ROUND_1, s, to) || kr_round_has(q, KR_ROUND_1, to, s));
            count[0] += one;
            count[1] += two;
        }
        assert_int_equal(kr_round_count(q, KR_ROUND_1, s), count[0]);
        assert_int_equal(kr_round_count(q, KR_ROUND_2, s), count[1]);
        assert_int_equal(kr_round_count(q, KR_ROUND_SUPPLEMENT, s), 0);
        assert_false(kr_round_has(q, KR_ROUND_1, s, n) || kr_round_has(q, KR_ROUND_2, s, n));
        assert_false(kr_round_has(q, KR_ROUND_1, n, s) || kr_round_has(q, KR_ROUND_2, n, s));
    }
    assert_int_equal(kr_round_count(q, KR_ROUND_2, n), 0);
}

/* 5.13: one seals, for all in a fresh epoch, for the joiners in a ratchet; nobody else does. */
static void check_led(const struct kr_roster *r, enum kr_epoch_kind kind, size_t leader)
{
    struct kr_epoch_link link = {
        .kind = kind, .source = KR_SOURCE_LEADER, .leader = r->entries[leader].attach};
    struct kr_sealing sealing = kr_sealing(r, &link);
    assert_int_equal(sealing.leader, leader);
    assert_false(kr_round_1_exists(&sealing));
    for (size_t s = 0; s < r->len; s++) {
        size_t count = 0;
        for (size_t to = 0; to < r->len; to++) {
            bool due = s == leader && to != s && (kind == KR_EPOCH_FRESH || r->entries[to].is_new);
            assert_false(kr_round_has(&sealing, KR_ROUND_1, s, to));
            assert_int_equal(kr_round_has(&sealing, KR_ROUND_2, s, to), due);
            assert_int_equal(kr_round_any(&sealing, s, to), due);
            count += due;
        }
        assert_int_equal(kr_round_count(&sealing, KR_ROUND_1, s), 0);
        assert_int_equal(kr_round_count(&sealing, KR_ROUND_2, s), count);
        assert_int_equal(kr_secret_of(&sealing, s), leader);
    }
}

static void test_led(void **state)
{
    (void)state;
    for (unsigned size = 1; size <= 5; size++) {
        for (unsigned joiners = 0; joiners < 1u << size; joiners++) {
            struct kr_roster r;
            make(&r, size, joiners);
            for (size_t leader = 0; leader < size; leader++) {
                check_led(&r, KR_EPOCH_FRESH, leader);
                check_led(&r, KR_EPOCH_RATCHET, leader);
            }
            kr_roster_done(&r);
        }
    }
}

/* Of a passphrase, and of a leader that is not in the roster, nobody seals. */
static void test_nobody_seals(void **state)
{
    (void)state;
    struct kr_roster r;
    make(&r, 4, 3);
    struct kr_epoch_link links[] = {{.source = KR_SOURCE_PASSPHRASE},
                                    {.source = KR_SOURCE_LEADER, .leader = {{99}}}};
    for (size_t k = 0; k < 2; k++) {
        struct kr_sealing q = kr_sealing(&r, &links[k]);
        assert_int_equal(kr_secret_of(&q, 1), r.len);
        for (size_t s = 0; s < r.len; s++)
            assert_int_equal(kr_round_count(&q, KR_ROUND_2, s) + kr_round_count(&q, KR_ROUND_1, s), 0);
    }
    kr_roster_done(&r);
}

static void test_all_small_rosters(void **state)
{
    (void)state;
    for (unsigned size = 0; size <= 7; size++) {
        for (unsigned joiners = 0; joiners < 1u << size; joiners++) {
            struct kr_roster r;
            make(&r, size, joiners);
            check(&r, KR_EPOCH_FRESH);
            check(&r, KR_EPOCH_RATCHET);
            kr_roster_done(&r);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_small_rosters), cmocka_unit_test(test_led),
                                       cmocka_unit_test(test_nobody_seals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
