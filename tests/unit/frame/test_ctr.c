#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/err.h"
#include "base/limit.h"
#include "frame/ctr.h"

static struct kr_span unhex(uint8_t *out, const char *hex)
{
    size_t len = 0;
    assert_int_equal(sodium_hex2bin(out, 64, hex, strlen(hex), NULL, &len, NULL), 0);
    return kr_span(out, len);
}

/* NIST SP 800-38A F.5.1 and F.5.5. */
static void test_known(void **state)
{
    (void)state;
    static const struct {
        const char *key, *cipher;
    } wanted[] = {
        {"2b7e151628aed2a6abf7158809cf4f3c",
         "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
         "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee"},
        {"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
         "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
         "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6"},
    };
    uint8_t plain[64], key[64], counter[64], cipher[64], out[64];
    unhex(plain, "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                 "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
    unhex(counter, "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct kr_span k = unhex(key, wanted[i].key);
        unhex(cipher, wanted[i].cipher);
        for (size_t len = 0; len <= sizeof(plain); len++) {
            memset(out, 0xee, sizeof(out));
            assert_int_equal(kr_aes_ctr(k, counter, kr_span(plain, len), out), 0);
            assert_memory_equal(out, cipher, len);
            assert_true(len == sizeof(out) || out[len] == 0xee);
            assert_int_equal(kr_aes_ctr(k, counter, kr_span(out, len), out), 0); /* in place */
            assert_memory_equal(out, plain, len);
        }
    }
}

/* The low half wraps and leaves the upper one alone: the blocks behind the wrap are those that start from
 * zero. */
static void test_wrap(void **state)
{
    (void)state;
    static const uint8_t key[16] = {7}, zeros[80];
    uint8_t from_zero[80];
    uint8_t counter[KR_CTR_BLOCK_LEN] = {9, 9, 9, 9, 9, 9, 9, 9};
    assert_int_equal(kr_aes_ctr(kr_span(key, 16), counter, kr_span(zeros, 80), from_zero), 0);
    for (unsigned before = 1; before <= 3; before++) { /* blocks up to the wrap */
        memset(counter + 8, 0xff, 8);
        counter[15] = (uint8_t)(0x100 - before);
        for (size_t len = 0; len <= 80; len++) {
            uint8_t out[80];
            assert_int_equal(kr_aes_ctr(kr_span(key, 16), counter, kr_span(zeros, len), out), 0);
            size_t head = (size_t)16 * before;
            if (len > head)
                assert_memory_equal(out + head, from_zero, len - head);
        }
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const uint8_t key[33], counter[KR_CTR_BLOCK_LEN];
    uint8_t out[16];
    for (size_t len = 0; len <= sizeof(key); len++)
        assert_int_equal(kr_aes_ctr(kr_span(key, len), counter, kr_span("plain", 5), out),
                         len == 16 || len == 32 ? 0 : KR_E_CRYPTO);
    uint8_t *big = calloc(1, KR_FRAME_MAX + 1);
    assert_non_null(big);
    assert_int_equal(kr_aes_ctr(kr_span(key, 16), counter, kr_span(big, KR_FRAME_MAX + 1), big),
                     KR_E_TOO_LARGE);
    assert_int_equal(kr_aes_ctr(kr_span(key, 16), counter, kr_span(big, KR_FRAME_MAX), big), 0);
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
