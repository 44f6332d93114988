#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/limit.h"
#include "frame/aead.h"

enum { ALGS = KR_AEAD_AES_256_GCM + 1 };

static const uint8_t nonce[KR_AEAD_NONCE_LEN] = {1, 2, 3};

static void make_key(struct kr_secret *key, enum kr_aead alg)
{
    kr_secret_alloc(key, kr_aead_sizes(alg).key_len);
    for (size_t i = 0; i < key->len; i++)
        key->ptr[i] = (uint8_t)(i * 5 + 1);
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct kr_aead_sizes want[ALGS] = {{48, 10}, {48, 8}, {48, 4}, {16, 16}, {32, 16}};
    for (int alg = 0; alg < ALGS; alg++) {
        assert_int_equal(kr_aead_sizes((enum kr_aead)alg).key_len, want[alg].key_len);
        assert_int_equal(kr_aead_sizes((enum kr_aead)alg).tag_len, want[alg].tag_len);
    }
}

static void test_lengths_there_and_back(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 1, 15, 16, 17, 100, 5000};
    static uint8_t plain[5000];
    memset(plain, 0x42, sizeof(plain));
    for (int alg = 0; alg < ALGS; alg++) {
        struct kr_secret key = KR_SECRET_NONE;
        make_key(&key, (enum kr_aead)alg);
        for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
            struct kr_buf sealed, opened;
            struct kr_span aad = kr_span(lens[i] % 2 ? "aad" : NULL, lens[i] % 2 ? 3 : 0);
            kr_buf_init(&sealed, KR_FRAME_MAX);
            kr_buf_init(&opened, KR_FRAME_MAX);
            assert_int_equal(
                kr_aead_seal((enum kr_aead)alg, &key, nonce, aad, kr_span(plain, lens[i]), &sealed), 0);
            assert_int_equal(sealed.len, lens[i] + kr_aead_sizes((enum kr_aead)alg).tag_len);
            assert_true(lens[i] < 16 || memcmp(sealed.ptr, plain, lens[i]) != 0);
            assert_int_equal(kr_aead_open((enum kr_aead)alg, &key, nonce, aad, kr_buf_span(&sealed), &opened),
                             0);
            assert_int_equal(opened.len, lens[i]);
            assert_true(lens[i] == 0 || memcmp(opened.ptr, plain, lens[i]) == 0);
            kr_buf_done(&sealed);
            kr_buf_done(&opened);
        }
        kr_secret_done(&key);
    }
}

static void test_every_bit_and_length(void **state)
{
    (void)state;
    for (int alg = 0; alg < ALGS; alg++) {
        struct kr_secret key = KR_SECRET_NONE;
        struct kr_buf sealed, out;
        kr_buf_init(&sealed, 256);
        kr_buf_init(&out, 256);
        make_key(&key, (enum kr_aead)alg);
        struct kr_span aad = kr_span_str("aad");
        assert_int_equal(
            kr_aead_seal((enum kr_aead)alg, &key, nonce, aad, kr_span_str("twenty bytes of text"), &sealed),
            0);
        kr_buf_add_str(&out, "kept");
        for (size_t bit = 0; bit < sealed.len * 8; bit++) {
            sealed.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(kr_aead_open((enum kr_aead)alg, &key, nonce, aad, kr_buf_span(&sealed), &out),
                             KR_E_BAD_FRAME);
            sealed.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        for (size_t len = 0; len < sealed.len; len++)
            assert_int_equal(
                kr_aead_open((enum kr_aead)alg, &key, nonce, aad, kr_span(sealed.ptr, len), &out),
                KR_E_BAD_FRAME);
        uint8_t other[KR_AEAD_NONCE_LEN] = {1, 2, 3, 4};
        assert_int_equal(kr_aead_open((enum kr_aead)alg, &key, other, aad, kr_buf_span(&sealed), &out),
                         KR_E_BAD_FRAME);
        assert_int_equal(
            kr_aead_open((enum kr_aead)alg, &key, nonce, kr_span_str("aae"), kr_buf_span(&sealed), &out),
            KR_E_BAD_FRAME);
        key.ptr[key.len - 1] ^= 1;
        assert_int_equal(kr_aead_open((enum kr_aead)alg, &key, nonce, aad, kr_buf_span(&sealed), &out),
                         KR_E_BAD_FRAME);
        assert_int_equal(out.len, 4);
        assert_int_equal(out.err, 0);
        kr_buf_done(&sealed);
        kr_buf_done(&out);
        kr_secret_done(&key);
    }
}

static void test_limits(void **state)
{
    (void)state;
    struct kr_secret key = KR_SECRET_NONE;
    struct kr_buf out;
    kr_buf_init(&out, 20);
    make_key(&key, KR_AEAD_AES_128_GCM);
    struct kr_span none = kr_span(NULL, 0);
    uint8_t *big = calloc(1, KR_FRAME_MAX + 1);
    assert_non_null(big);
    assert_int_equal(
        kr_aead_seal(KR_AEAD_AES_128_GCM, &key, nonce, none, kr_span(big, KR_FRAME_MAX + 1), &out),
        KR_E_TOO_LARGE);
    assert_int_equal(kr_aead_seal(KR_AEAD_AES_128_GCM, &key, nonce, none, kr_span(big, 5), &out),
                     KR_E_TOO_LARGE);
    assert_int_equal(out.len, 0);
    assert_int_equal(kr_aead_seal(KR_AEAD_AES_128_GCM, &key, nonce, none, kr_span(big, 4), &out), 0);
    assert_int_equal(kr_aead_open(KR_AEAD_AES_128_GCM, &key, nonce, none, kr_buf_span(&out), &out),
                     KR_E_TOO_LARGE);
    assert_int_equal(kr_aead_seal(KR_AEAD_AES_256_GCM, &key, nonce, none, kr_span(big, 0), &out),
                     KR_E_CRYPTO);
    assert_int_equal(out.len, 20);
    free(big);
    kr_buf_done(&out);
    kr_secret_done(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_lengths_there_and_back),
        cmocka_unit_test(test_every_bit_and_length),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
