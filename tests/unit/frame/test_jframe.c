#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/limit.h"
#include "frame/jframe.h"

static const struct {
    enum kr_jframe_kind kind;
    size_t clear;
} kinds[] = {{KR_JFRAME_AUDIO, 1}, {KR_JFRAME_VIDEO_KEY, 10}, {KR_JFRAME_VIDEO_DELTA, 3}};

static const struct kr_jframe_iv iv = {0x01020304, 0x05060708, 0x090a0b0d};

static void make(const char *material, uint64_t index, struct kr_jframe_key *ret)
{
    struct kr_secret s = KR_SECRET_NONE;
    kr_secret_set(&s, material, strlen(material));
    assert_int_equal(kr_jframe_key_init(&s, index, ret), 0);
    kr_secret_done(&s);
}

static void test_shape(void **state)
{
    (void)state;
    struct kr_jframe_key key;
    make("material", 35, &key);
    assert_int_equal(key.index, 3);
    for (size_t k = 0; k < 3; k++) {
        struct kr_buf frame, out;
        struct kr_jframe_header h;
        kr_buf_init(&frame, 256);
        kr_buf_init(&out, 256);
        for (size_t len = kinds[k].clear; len < 40; len++) {
            uint8_t plain[40];
            memset(plain, 0x77, sizeof(plain));
            kr_buf_clear(&frame);
            kr_buf_clear(&out);
            assert_int_equal(kr_jframe_seal(&key, kinds[k].kind, &iv, kr_span(plain, len), &frame), 0);
            assert_int_equal(frame.len, len + KR_JFRAME_OVERHEAD);
            assert_memory_equal(frame.ptr, plain, kinds[k].clear);
            assert_memory_equal(frame.ptr + frame.len - 14, "\1\2\3\4\5\6\7\10\11\12\13\15\14\3", 14);
            assert_int_equal(kr_jframe_parse(kinds[k].kind, kr_buf_span(&frame), &h), 0);
            assert_int_equal(h.clear_len, kinds[k].clear);
            assert_int_equal(h.index, 3);
            assert_int_equal(h.iv.counter, iv.counter);
            assert_int_equal(kr_jframe_open(&key, kinds[k].kind, kr_buf_span(&frame), &out), 0);
            assert_int_equal(out.len, len);
            assert_memory_equal(out.ptr, plain, len);
        }
        kr_buf_clear(&out);
        assert_int_equal(
            kr_jframe_seal(&key, kinds[k].kind, &iv, kr_span(frame.ptr, kinds[k].clear - 1), &out),
            KR_E_BAD_FRAME);
        assert_int_equal(out.len, 0);
        kr_buf_done(&frame);
        kr_buf_done(&out);
    }
    kr_jframe_key_done(&key);
    kr_jframe_key_done(&key);
}

static void test_every_bit_and_length(void **state)
{
    (void)state;
    struct kr_jframe_key key;
    make("material", 5, &key);
    for (size_t k = 0; k < 3; k++) {
        struct kr_buf frame, out;
        kr_buf_init(&frame, 256);
        kr_buf_init(&out, 256);
        assert_int_equal(kr_jframe_seal(&key, kinds[k].kind, &iv, kr_span_str("sixteen bytes..."), &frame),
                         0);
        for (size_t bit = 0; bit < frame.len * 8; bit++) {
            frame.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
            int err = kr_jframe_open(&key, kinds[k].kind, kr_buf_span(&frame), &out);
            bool index = bit / 8 == frame.len - 1 && bit % 8 < 4;
            assert_int_equal(err, index ? KR_E_NO_KEY : KR_E_BAD_FRAME);
            frame.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        for (size_t len = 0; len < frame.len; len++) {
            uint8_t *exact = malloc(len ? len : 1); /* so that a read past the end is seen */
            assert_non_null(exact);
            memcpy(exact, frame.ptr, len);
            assert_int_equal(kr_jframe_open(&key, kinds[k].kind, kr_span(exact, len), &out), KR_E_BAD_FRAME);
            free(exact);
        }
        for (size_t other = 0; other < 3; other++) {
            if (other != k) /* the clear bytes are the additional data, so the kind is bound too */
                assert_int_equal(kr_jframe_open(&key, kinds[other].kind, kr_buf_span(&frame), &out),
                                 KR_E_BAD_FRAME);
        }
        assert_int_equal(out.len, 0);
        kr_buf_done(&frame);
        kr_buf_done(&out);
    }
    kr_jframe_key_done(&key);
}

/* Any trailer, over bytes of any length: parsing is total. */
static void test_any_bytes(void **state)
{
    (void)state;
    uint32_t x = 3;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t bytes[48];
        struct kr_jframe_header h = {.clear_len = 99};
        for (size_t i = 0; i < sizeof(bytes); i++) {
            x = x * 1664525u + 1013904223u;
            bytes[i] = (uint8_t)(x >> 24);
        }
        size_t len = x % (sizeof(bytes) + 1);
        if (len >= 2 && round % 2)
            bytes[len - 2] = 12;
        enum kr_jframe_kind kind = kinds[round % 3].kind;
        bool good =
            len >= kinds[round % 3].clear + KR_JFRAME_OVERHEAD && bytes[len - 2] == 12 && bytes[len - 1] < 16;
        assert_int_equal(kr_jframe_parse(kind, kr_span(bytes, len), &h), good ? 0 : KR_E_BAD_FRAME);
        assert_int_equal(h.clear_len, good ? kinds[round % 3].clear : 99);
    }
}

static void test_ratchet(void **state)
{
    (void)state;
    struct kr_secret material = KR_SECRET_NONE, next = KR_SECRET_NONE;
    struct kr_jframe_key old, new;
    kr_secret_set(&material, "0123456789abcdef0123456789abcdef", 32);
    assert_int_equal(kr_jframe_ratchet(&material, &next), 0);
    assert_int_equal(next.len, KR_JFRAME_MATERIAL_LEN);
    assert_false(kr_secret_equal(&material, &next));
    assert_int_equal(kr_jframe_key_init(&material, 1, &old), 0);
    assert_int_equal(kr_jframe_key_init(&next, 1, &new), 0);
    struct kr_buf frame, out;
    kr_buf_init(&frame, 256);
    kr_buf_init(&out, 256);
    assert_int_equal(kr_jframe_seal(&old, KR_JFRAME_AUDIO, &iv, kr_span_str("audio"), &frame), 0);
    assert_int_equal(kr_jframe_open(&new, KR_JFRAME_AUDIO, kr_buf_span(&frame), &out), KR_E_BAD_FRAME);
    assert_int_equal(kr_jframe_open(&old, KR_JFRAME_AUDIO, kr_buf_span(&frame), &out), 0);
    kr_buf_done(&frame);
    kr_buf_done(&out);
    kr_jframe_key_done(&old);
    kr_jframe_key_done(&new);
    kr_secret_done(&material);
    kr_secret_done(&next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_every_bit_and_length),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_ratchet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
