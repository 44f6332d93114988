#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/err.h"
#include "frame/p521.h"

/* RFC 6979 A.2.7: the key, and its signature of "sample" with SHA-256. */
static const char key_d[] = "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa8"
                            "96eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538";
static const char key_x[] = "01894550d0785932e00eaa23b694f213f8c3121f86dc97a04e5a7167db4e5bcd3711"
                            "23d46e45db6b5d5370a7f20fb633155d38ffa16d2bd761dcac474b9a2f5023a4";
static const char key_y[] = "00493101c962cd4d2fddf782285e64584139c2f91b47f87ff82354d6630f746a28a0"
                            "db25741b5b34a828008b22acc23f924faafbd4d33f81ea66956dfeaa2bfdfcf5";
static const char sample_r[] = "01511bb4d675114fe266fc4372b87682baecc01d3cc62cf2303c92b3526012659d16"
                               "876e25c7c1e57648f23b73564d67f61c6f14d527d54972810421e7d87589e1a7";
static const char sample_s[] = "004a171143a83163d6df460aaf61522695f207a58b95c0644d87e52aa1a347916e4f"
                               "7a72930b1bc06dbe22ce3f58264afd23704cbb63b29b931f7de6c9d949a7ecfc";
/* The order of the curve. */
static const char order[] = "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
                            "fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409";

static void unhex(uint8_t out[static KR_P521_LEN], const char *hex)
{
    size_t len = 0;
    assert_int_equal(sodium_hex2bin(out, KR_P521_LEN, hex, strlen(hex), NULL, &len, NULL), 0);
    assert_int_equal(len, KR_P521_LEN);
}

static void known(struct kr_p521_public *key, struct kr_p521_sig *sig)
{
    unhex(key->x, key_x);
    unhex(key->y, key_y);
    unhex(sig->b, sample_r);
    unhex(sig->b + KR_P521_LEN, sample_s);
}

static void test_known(void **state)
{
    (void)state;
    struct kr_p521_public key;
    struct kr_p521_sig sig;
    known(&key, &sig);
    assert_true(kr_p521_verify(&key, kr_span_str("sample"), &sig));
    assert_false(kr_p521_verify(&key, kr_span_str("sampl"), &sig));
    assert_false(kr_p521_verify(&key, kr_span_str("sample "), &sig));
    assert_false(kr_p521_verify(&key, kr_span(NULL, 0), &sig));
}

static void flip(uint8_t *bytes, size_t bit)
{
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static void test_every_bit(void **state)
{
    (void)state;
    struct kr_p521_public key;
    struct kr_p521_sig sig;
    char text[] = "sample";
    known(&key, &sig);
    for (size_t bit = 0; bit < (size_t)8 * KR_P521_SIG_LEN; bit++) {
        flip(sig.b, bit);
        assert_false(kr_p521_verify(&key, kr_span_str(text), &sig));
        flip(sig.b, bit);
    }
    for (size_t bit = 0; bit < (size_t)8 * KR_P521_LEN; bit++) { /* no such point */
        flip(key.x, bit);
        assert_false(kr_p521_verify(&key, kr_span_str(text), &sig));
        flip(key.x, bit);
        flip(key.y, bit);
        assert_false(kr_p521_verify(&key, kr_span_str(text), &sig));
        flip(key.y, bit);
    }
    for (size_t bit = 0; bit < 8 * strlen(text); bit++) {
        flip((uint8_t *)text, bit);
        assert_false(kr_p521_verify(&key, kr_span(text, 6), &sig));
        flip((uint8_t *)text, bit);
    }
    assert_true(kr_p521_verify(&key, kr_span_str(text), &sig));
}

/* r and s run from 1 to n - 1; a number that is the same modulo n is another spelling. */
static void test_range_of_signature(void **state)
{
    (void)state;
    struct kr_p521_public key;
    struct kr_p521_sig good, sig;
    uint8_t n[KR_P521_LEN];
    known(&key, &good);
    unhex(n, order);
    for (unsigned half = 0; half < 2; half++) {
        size_t at = (size_t)half * KR_P521_LEN;
        unsigned carry = 0;
        sig = good;
        for (size_t i = KR_P521_LEN; i-- > 0;) {
            carry += (unsigned)sig.b[at + i] + n[i];
            sig.b[at + i] = (uint8_t)carry;
            carry >>= 8;
        }
        assert_int_equal(carry, 0);
        assert_false(kr_p521_verify(&key, kr_span_str("sample"), &sig));
        memcpy(sig.b + at, n, sizeof(n));
        assert_false(kr_p521_verify(&key, kr_span_str("sample"), &sig));
        memset(sig.b + at, 0, sizeof(n));
        assert_false(kr_p521_verify(&key, kr_span_str("sample"), &sig));
        memset(sig.b + at, 0xff, sizeof(n));
        assert_false(kr_p521_verify(&key, kr_span_str("sample"), &sig));
    }
    memset(&sig, 0, sizeof(sig));
    assert_false(kr_p521_verify(&key, kr_span_str("sample"), &sig));
}

static void test_sign(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "a", "ten bytes."};
    struct kr_p521_public key;
    struct kr_p521_sig known_sig, first, second;
    struct kr_secret d = KR_SECRET_NONE;
    known(&key, &known_sig);
    kr_secret_alloc(&d, KR_P521_LEN);
    unhex(d.ptr, key_d);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        /* Often enough that r and s come in shorter forms, too: one in 2^9 has a byte less. */
        for (unsigned round = 0; round < 100; round++) {
            assert_int_equal(kr_p521_sign(&d, kr_span_str(texts[i]), &first), 0);
            assert_true(kr_p521_verify(&key, kr_span_str(texts[i]), &first));
        }
        assert_false(kr_p521_verify(&key, kr_span_str("another"), &first));
        assert_int_equal(kr_p521_sign(&d, kr_span_str(texts[i]), &second), 0);
        assert_memory_not_equal(first.b, second.b, sizeof(first.b));
    }
    kr_secret_done(&d);
}

static void test_bad_private_keys(void **state)
{
    (void)state;
    struct kr_p521_sig sig;
    struct kr_secret d = KR_SECRET_NONE;
    struct kr_span text = kr_span_str("text");
    memset(&sig, 0x5a, sizeof(sig));
    const struct kr_p521_sig before = sig;
    assert_int_equal(kr_p521_sign(&d, text, &sig), KR_E_CRYPTO);
    for (size_t len = 1; len < (size_t)2 * KR_P521_LEN; len++) {
        kr_secret_alloc(&d, len);
        memset(d.ptr + 1, 1, len - 1); /* so that its first bytes would do */
        if (len != KR_P521_LEN)
            assert_int_equal(kr_p521_sign(&d, text, &sig), KR_E_CRYPTO);
    }
    kr_secret_alloc(&d, KR_P521_LEN); /* 0 */
    assert_int_equal(kr_p521_sign(&d, text, &sig), KR_E_CRYPTO);
    unhex(d.ptr, order); /* n */
    assert_int_equal(kr_p521_sign(&d, text, &sig), KR_E_CRYPTO);
    memset(d.ptr, 0xff, d.len);
    assert_int_equal(kr_p521_sign(&d, text, &sig), KR_E_CRYPTO);
    assert_memory_equal(sig.b, before.b, sizeof(sig.b));
    unhex(d.ptr, order);
    d.ptr[KR_P521_LEN - 1]--; /* n - 1 */
    assert_int_equal(kr_p521_sign(&d, text, &sig), 0);
    memset(d.ptr, 0, d.len);
    d.ptr[KR_P521_LEN - 1] = 1;
    assert_int_equal(kr_p521_sign(&d, text, &sig), 0);
    kr_secret_done(&d);
}

/* A point that is zero, or far above the field. */
static void test_bad_public_keys(void **state)
{
    (void)state;
    struct kr_p521_public key;
    struct kr_p521_sig sig;
    known(&key, &sig);
    for (unsigned fill = 0; fill < 0x100; fill += 0xff) {
        memset(&key, (int)fill, sizeof(key));
        assert_false(kr_p521_verify(&key, kr_span_str("sample"), &sig));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_range_of_signature),
        cmocka_unit_test(test_sign),
        cmocka_unit_test(test_bad_private_keys),
        cmocka_unit_test(test_bad_public_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
