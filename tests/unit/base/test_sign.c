#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "base/sign.h"

static void make(struct kr_key *pk, struct kr_sig *sig, const char *text)
{
    uint8_t seed[crypto_sign_SEEDBYTES], sk[crypto_sign_SECRETKEYBYTES];
    memset(seed, 3, sizeof(seed));
    crypto_sign_seed_keypair(pk->b, sk, seed);
    crypto_sign_detached(sig->b, NULL, (const uint8_t *)text, strlen(text), sk);
}

static void test_good_and_flipped(void **state)
{
    (void)state;
    struct kr_key pk;
    struct kr_sig sig;
    make(&pk, &sig, "text");
    assert_true(kr_verify(&pk, kr_span_str("text"), &sig));
    assert_false(kr_verify(&pk, kr_span_str("texT"), &sig));
    assert_false(kr_verify(&pk, kr_span_str("text "), &sig));
    assert_false(kr_verify(&pk, kr_span(NULL, 0), &sig));
    for (size_t bit = 0; bit < 512; bit++) {
        struct kr_sig other = sig;
        other.b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_false(kr_verify(&pk, kr_span_str("text"), &other));
    }
    for (size_t bit = 0; bit < 256; bit++) {
        struct kr_key other = pk;
        other.b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_false(kr_verify(&other, kr_span_str("text"), &sig));
    }
}

static void test_empty_text(void **state)
{
    (void)state;
    struct kr_key pk;
    struct kr_sig sig;
    make(&pk, &sig, "");
    assert_true(kr_verify(&pk, kr_span(NULL, 0), &sig));
}

/* S + L is the same scalar: a lax verifier takes the signature in a second form. */
static void test_malleable_s(void **state)
{
    (void)state;
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                      0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
    struct kr_key pk;
    struct kr_sig sig;
    make(&pk, &sig, "text");
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)sig.b[32 + i] + order[i];
        sig.b[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    assert_false(kr_verify(&pk, kr_span_str("text"), &sig));
}

/* With the neutral element as key and R, and S = 0, the equation holds for every text. */
static void test_small_order_key(void **state)
{
    (void)state;
    struct kr_key pk = {{1}};
    struct kr_sig sig = {{1}};
    assert_false(kr_verify(&pk, kr_span_str("any text"), &sig));
    pk.b[0] = 0; /* a point of order 4 */
    sig.b[0] = 0;
    for (unsigned i = 0; i < 64; i++) {
        char text[2] = {(char)('0' + i), 0};
        assert_false(kr_verify(&pk, kr_span_str(text), &sig));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_and_flipped),
        cmocka_unit_test(test_empty_text),
        cmocka_unit_test(test_malleable_s),
        cmocka_unit_test(test_small_order_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
