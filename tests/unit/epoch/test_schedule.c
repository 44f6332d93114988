#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/limit.h"
#include "epoch/schedule.h"

static void fill(void *state, void *out, size_t len)
{
    uint8_t *next = state, *p = out;
    for (size_t i = 0; i < len; i++)
        p[i] = (*next)++;
}

static void test_fresh(void **state)
{
    (void)state;
    uint8_t next = 0;
    struct kr_random random = {fill, &next};
    struct kr_secret a = KR_SECRET_NONE, b = KR_SECRET_NONE;
    kr_secret_fresh(&random, &a);
    kr_secret_fresh(&random, &b);
    assert_int_equal(a.len, 32);
    assert_int_equal(a.ptr[31], 31);
    assert_int_equal(b.ptr[31], 63);
    kr_secret_done(&a);
    kr_secret_done(&b);
}

static void test_derived_apart(void **state)
{
    (void)state;
    struct kr_secret parent = KR_SECRET_NONE,
                     out[4] = {KR_SECRET_NONE, KR_SECRET_NONE, KR_SECRET_NONE, KR_SECRET_NONE};
    struct kr_digest one = {{1}}, two = {{2}};
    kr_secret_set(&parent, "0123456789abcdef0123456789abcdef", 32);
    assert_int_equal(kr_secret_ratchet(&parent, &one, &out[0]), 0);
    assert_int_equal(kr_secret_ratchet(&parent, &two, &out[1]), 0);
    assert_int_equal(kr_base_key(&parent, &one, kr_span_str("a"), &out[2]), 0);
    assert_int_equal(kr_base_key(&parent, &one, kr_span_str("b"), &out[3]), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(out[i].len, 32);
        for (size_t k = 0; k < i; k++)
            assert_false(kr_secret_equal(&out[i], &out[k]));
    }
    for (size_t i = 0; i < 4; i++)
        kr_secret_done(&out[i]);
    kr_secret_done(&parent);
}

static void test_seal(void **state)
{
    (void)state;
    struct kr_secret secret = KR_SECRET_NONE, plain = KR_SECRET_NONE, out = KR_SECRET_NONE;
    struct kr_digest context = {{1}}, other = {{2}};
    struct kr_span from = kr_span_str("from"), to = kr_span_str("to");
    kr_secret_set(&secret, "0123456789abcdef0123456789abcdef", 32);
    kr_sealed_plain(&secret, &context, from, to, &plain);
    assert_int_equal(plain.len, KR_SEALED_LEN);
    assert_int_equal(kr_sealed_open(&plain, &other, from, to, &out), KR_E_CONTEXT_MISMATCH);
    assert_int_equal(kr_sealed_open(&plain, &context, to, from, &out), KR_E_CONTEXT_MISMATCH);
    assert_int_equal(kr_sealed_open(&plain, &context, from, from, &out), KR_E_CONTEXT_MISMATCH);
    for (size_t i = 32; i < KR_SEALED_LEN; i++) {
        plain.ptr[i] ^= 0x80;
        assert_int_equal(kr_sealed_open(&plain, &context, from, to, &out), KR_E_CONTEXT_MISMATCH);
        plain.ptr[i] ^= 0x80;
    }
    assert_false(kr_secret_is_set(&out));
    assert_int_equal(kr_sealed_open(&plain, &context, from, to, &out), 0);
    assert_true(kr_secret_equal(&out, &secret));
    for (size_t len = 1; len < (size_t)2 * KR_SEALED_LEN; len++) {
        struct kr_secret wrong = KR_SECRET_NONE;
        kr_secret_alloc(&wrong, len);
        memcpy(wrong.ptr, plain.ptr, len < KR_SEALED_LEN ? len : KR_SEALED_LEN);
        if (len != KR_SEALED_LEN)
            assert_int_equal(kr_sealed_open(&wrong, &context, from, to, &out), KR_E_CANNOT_OPEN);
        kr_secret_done(&wrong);
    }
    kr_secret_done(&secret);
    kr_secret_done(&plain);
    kr_secret_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fresh), cmocka_unit_test(test_derived_apart),
                                       cmocka_unit_test(test_seal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
