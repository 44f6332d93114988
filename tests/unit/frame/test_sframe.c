#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/limit.h"
#include "frame/sframe.h"

static const uint64_t values[] = {0,
                                  1,
                                  7,
                                  8,
                                  255,
                                  256,
                                  65535,
                                  65536,
                                  (1u << 24) - 1,
                                  1u << 24,
                                  UINT32_MAX,
                                  UINT64_C(1) << 32,
                                  (UINT64_C(1) << 40) - 1,
                                  UINT64_C(1) << 40,
                                  UINT64_C(1) << 48,
                                  UINT64_C(1) << 56,
                                  UINT64_MAX};
enum { VALUES = sizeof(values) / sizeof(values[0]) };

static void test_header_there_and_back(void **state)
{
    (void)state;
    for (size_t k = 0; k < VALUES; k++) {
        for (size_t c = 0; c < VALUES; c++) {
            uint8_t bytes[KR_SFRAME_HEADER_MAX + 4] = {0};
            struct kr_sframe_header h;
            size_t len = kr_sframe_header_write(values[k], values[c], bytes);
            assert_in_range(len, 1, KR_SFRAME_HEADER_MAX);
            assert_int_equal(kr_sframe_parse(kr_span(bytes, len + 3), &h), 0);
            assert_true(h.kid == values[k] && h.ctr == values[c]);
            assert_int_equal(h.len, len);
            for (size_t cut = 0; cut < len; cut++)
                assert_int_equal(kr_sframe_parse(kr_span(bytes, cut), &h), KR_E_BAD_FRAME);
        }
    }
}

/* Whatever the bytes, what is read writes back to the same bytes: a header has one spelling. */
static void test_one_spelling(void **state)
{
    (void)state;
    uint8_t bytes[KR_SFRAME_HEADER_MAX], again[KR_SFRAME_HEADER_MAX];
    uint32_t x = 7;
    size_t taken = 0;
    for (unsigned config = 0; config < 256; config++) {
        for (unsigned round = 0; round < 200; round++) {
            struct kr_sframe_header h;
            for (size_t i = 1; i < sizeof(bytes); i++) {
                x = x * 1664525u + 1013904223u;
                bytes[i] = round % 2 ? (uint8_t)(x >> 24) : (uint8_t)((x >> 24) % 10 ? 0 : x >> 20);
            }
            bytes[0] = (uint8_t)config;
            if (kr_sframe_parse(kr_span(bytes, sizeof(bytes)), &h) != 0)
                continue;
            taken++;
            assert_int_equal(kr_sframe_header_write(h.kid, h.ctr, again), h.len);
            assert_memory_equal(again, bytes, h.len);
        }
    }
    assert_true(taken > 10000);
}

static void test_longer_than_needed(void **state)
{
    (void)state;
    static const uint8_t bad[][4] = {
        {0x80, 7},       /* KID 7 in a byte of its own */
        {0x08, 0},       /* CTR 0 in a byte of its own */
        {0x90, 0, 8},    /* KID 8 in two bytes */
        {0x09, 0, 0xFF}, /* CTR 255 in two bytes */
    };
    struct kr_sframe_header h = {.len = 99};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(kr_sframe_parse(kr_span(bad[i], 4), &h), KR_E_BAD_FRAME);
    assert_int_equal(h.len, 99);
    static const uint8_t good[] = {0x88, 8, 9};
    assert_int_equal(kr_sframe_parse(kr_span(good, 3), &h), 0);
    assert_true(h.kid == 8 && h.ctr == 9 && h.len == 3);
}

static void make(uint32_t suite, uint64_t kid, const char *base, struct kr_sframe_key *ret)
{
    struct kr_secret base_key = KR_SECRET_NONE;
    kr_secret_set(&base_key, base, strlen(base));
    assert_int_equal(kr_sframe_key_init(suite, kid, &base_key, ret), 0);
    kr_secret_done(&base_key);
}

static void test_suites(void **state)
{
    (void)state;
    struct kr_secret base = KR_SECRET_NONE;
    struct kr_sframe_key key = {.kid = 5};
    kr_secret_set(&base, "base key", 8);
    for (uint32_t id = 1; id <= 5; id++)
        assert_int_equal(kr_sframe_suite(id)->id, id);
    static const uint32_t unknown[] = {0, 6, 65537, UINT32_MAX};
    for (size_t i = 0; i < 4; i++) {
        assert_null(kr_sframe_suite(unknown[i]));
        assert_int_equal(kr_sframe_key_init(unknown[i], 1, &base, &key), KR_E_CRYPTO);
    }
    assert_true(key.kid == 5 && !key.suite);
    kr_secret_done(&base);
}

static void test_there_and_back(void **state)
{
    (void)state;
    static const uint64_t kids[] = {0, 17 * 4096 + 3, (uint64_t)KR_EPOCH_MAX * 4096 + 4095};
    for (uint32_t suite = 1; suite <= 5; suite++) {
        for (size_t k = 0; k < 3; k++) {
            struct kr_sframe_key key;
            struct kr_buf frame, out;
            kr_buf_init(&frame, KR_FRAME_MAX);
            kr_buf_init(&out, KR_FRAME_MAX);
            make(suite, kids[k], "base key", &key);
            for (uint64_t ctr = 0; ctr < 300; ctr += 43) {
                kr_buf_clear(&frame);
                kr_buf_clear(&out);
                struct kr_span meta = ctr % 2 ? kr_span_str("meta") : kr_span(NULL, 0);
                struct kr_span plain = kr_span("some bytes of a frame", ctr % 22);
                assert_int_equal(kr_sframe_seal(&key, ctr, meta, plain, &frame), 0);
                assert_int_equal(kr_sframe_open(&key, meta, kr_buf_span(&frame), &out), 0);
                assert_int_equal(out.len, plain.len);
                assert_true(plain.len == 0 || memcmp(out.ptr, plain.ptr, plain.len) == 0);
                assert_int_equal(kr_sframe_open(&key, kr_span_str("else"), kr_buf_span(&frame), &out),
                                 KR_E_BAD_FRAME);
            }
            kr_buf_done(&frame);
            kr_buf_done(&out);
            kr_sframe_key_done(&key);
        }
    }
}

static void test_every_bit_and_length(void **state)
{
    (void)state;
    for (uint32_t suite = 1; suite <= 5; suite++) {
        struct kr_sframe_key key;
        struct kr_buf frame, out;
        kr_buf_init(&frame, 256);
        kr_buf_init(&out, 256);
        make(suite, 4097, "base key", &key);
        struct kr_span meta = kr_span_str("meta");
        assert_int_equal(kr_sframe_seal(&key, 70000, meta, kr_span_str("a frame"), &frame), 0);
        struct kr_sframe_header h;
        assert_int_equal(kr_sframe_parse(kr_buf_span(&frame), &h), 0);
        for (size_t bit = 0; bit < frame.len * 8; bit++) {
            frame.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
            int err = kr_sframe_open(&key, meta, kr_buf_span(&frame), &out);
            assert_true(err == KR_E_BAD_FRAME || (err == KR_E_NO_KEY && bit < h.len * 8));
            frame.ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        for (size_t len = 0; len < frame.len; len++)
            assert_int_equal(kr_sframe_open(&key, meta, kr_span(frame.ptr, len), &out), KR_E_BAD_FRAME);
        assert_int_equal(out.len, 0);
        kr_buf_done(&frame);
        kr_buf_done(&out);
        kr_sframe_key_done(&key);
    }
}

/* One base key under another KID or suite is another key (section 4.4.2: both stand in the labels). */
static void test_keys_are_apart(void **state)
{
    (void)state;
    struct kr_sframe_key a, b, c, d;
    struct kr_buf frame, out;
    kr_buf_init(&frame, 256);
    kr_buf_init(&out, 256);
    make(1, 9, "base key", &a);
    make(1, 10, "base key", &b);
    make(2, 9, "base key", &c);
    make(1, 9, "base kez", &d);
    assert_false(kr_secret_equal(&a.key, &b.key));
    assert_false(kr_secret_equal(&a.salt, &b.salt));
    assert_false(kr_secret_equal(&a.key, &c.key));
    assert_false(kr_secret_equal(&a.key, &d.key));
    struct kr_span none = kr_span(NULL, 0);
    assert_int_equal(kr_sframe_seal(&a, 0, none, kr_span_str("a frame"), &frame), 0);
    assert_int_equal(kr_sframe_open(&b, none, kr_buf_span(&frame), &out), KR_E_NO_KEY);
    assert_int_equal(kr_sframe_open(&c, none, kr_buf_span(&frame), &out), KR_E_BAD_FRAME);
    assert_int_equal(kr_sframe_open(&d, none, kr_buf_span(&frame), &out), KR_E_BAD_FRAME);
    assert_int_equal(kr_sframe_open(&a, none, kr_buf_span(&frame), &out), 0);
    kr_sframe_key_done(&a);
    kr_sframe_key_done(&a);
    kr_sframe_key_done(&b);
    kr_sframe_key_done(&c);
    kr_sframe_key_done(&d);
    kr_buf_done(&frame);
    kr_buf_done(&out);
}

static void test_ceiling(void **state)
{
    (void)state;
    struct kr_sframe_key key;
    struct kr_buf out;
    make(4, 1, "base key", &key);
    kr_buf_init(&out, 20);
    kr_buf_add_str(&out, "xx");
    assert_int_equal(kr_sframe_seal(&key, 1, kr_span(NULL, 0), kr_span_str("ab"), &out), KR_E_TOO_LARGE);
    assert_int_equal(out.len, 2);
    assert_int_equal(kr_sframe_seal(&key, 1, kr_span(NULL, 0), kr_span_str("a"), &out), 0);
    assert_int_equal(out.len, 20);
    kr_buf_done(&out);
    kr_sframe_key_done(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_there_and_back), cmocka_unit_test(test_one_spelling),
        cmocka_unit_test(test_longer_than_needed),    cmocka_unit_test(test_suites),
        cmocka_unit_test(test_there_and_back),        cmocka_unit_test(test_every_bit_and_length),
        cmocka_unit_test(test_keys_are_apart),        cmocka_unit_test(test_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
