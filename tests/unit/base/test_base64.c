#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/err.h"

/* RFC 4648 section 10, without padding. */
static const struct {
    const char *plain, *text;
} cases[] = {{"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
             {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};

static void test_rfc4648(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kr_buf b;
        kr_buf_init(&b, 64);
        size_t len = strlen(cases[i].plain);
        kr_b64_add(&b, kr_span_str(cases[i].plain));
        assert_int_equal(b.len, strlen(cases[i].text));
        assert_int_equal(b.len, KR_B64_LEN(len));
        assert_true(b.len == 0 || memcmp(b.ptr, cases[i].text, b.len) == 0);
        kr_buf_clear(&b);
        assert_int_equal(kr_b64_decode(&b, cases[i].text, strlen(cases[i].text)), 0);
        assert_int_equal(b.len, len);
        assert_true(len == 0 || memcmp(b.ptr, cases[i].plain, len) == 0);
        uint8_t fixed[8];
        assert_int_equal(kr_b64_read(cases[i].text, fixed, len), 0);
        assert_memory_equal(fixed, cases[i].plain, len);
        kr_buf_done(&b);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Zg==", "Zm8=", "Zm9v\n", " Zm9v", "Zm 9v", "Z",       "Zm9vY", /* padding, white space, length */
        "Zh",   "Zm9",  "Zm9vYn", "_-_-",  "Zm9!",  "Zm9\x80",          /* trailing bits, alphabet */
    };
    struct kr_buf b;
    kr_buf_init(&b, 64);
    kr_buf_add_str(&b, "kept");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(kr_b64_decode(&b, bad[i], strlen(bad[i])), KR_E_BAD_BASE64);
        assert_int_equal(b.len, 4);
        assert_int_equal(b.err, 0);
    }
    assert_int_equal(kr_b64_decode(&b, "Zm9v\0Zm9", 8), KR_E_BAD_BASE64);
    kr_buf_done(&b);
}

/* One text per bytes: every character that is taken is of the alphabet. */
static void test_alphabet(void **state)
{
    (void)state;
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int c = 1; c < 256; c++) {
        for (size_t at = 0; at < 4; at++) {
            char text[] = "AAAA";
            uint8_t out[3];
            text[at] = (char)c;
            assert_int_equal(kr_b64_read(text, out, 3), strchr(alphabet, c) ? 0 : KR_E_BAD_BASE64);
        }
    }
}

static void test_read_length(void **state)
{
    (void)state;
    uint8_t out[3] = {1, 2, 3};
    assert_int_equal(kr_b64_read("Zm8", out, 3), KR_E_BAD_BASE64);
    assert_int_equal(kr_b64_read("Zm9vYg", out, 3), KR_E_BAD_BASE64);
    assert_int_equal(kr_b64_read("Zm9*", out, 3), KR_E_BAD_BASE64);
    assert_memory_equal(out, ((uint8_t[]){1, 2, 3}), 3);
}

static void test_ceiling(void **state)
{
    (void)state;
    struct kr_buf b;
    kr_buf_init(&b, 5);
    assert_int_equal(kr_b64_decode(&b, "Zm9v", 4), 0);
    assert_int_equal(kr_b64_decode(&b, "Zm9v", 4), KR_E_TOO_LARGE);
    assert_int_equal(b.len, 3);
    assert_int_equal(kr_b64_decode(&b, "Zm8", 3), 0);
    assert_int_equal(b.len, 5);
    kr_buf_done(&b);
}

/* The table and libsodium agree: on what is written, and on every text that one byte makes of it. */
static void test_two_ways(void **state)
{
    (void)state;
    uint8_t bytes[40], out[40];
    char text[KR_B64_LEN(sizeof(bytes)) + 1];
    struct kr_buf b;
    kr_buf_init(&b, 64);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 151 + 7);
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        kr_b64_write(text, kr_span(bytes, len));
        kr_buf_clear(&b);
        kr_b64_add(&b, kr_span(bytes, len));
        assert_int_equal(b.len, KR_B64_LEN(len));
        assert_memory_equal(b.ptr, text, b.len);
        for (size_t at = 0; at < KR_B64_LEN(len); at++) {
            char was = text[at];
            for (int c = 1; c < 256; c++) {
                text[at] = (char)c;
                kr_buf_clear(&b);
                int err = kr_b64_decode(&b, text, KR_B64_LEN(len));
                assert_int_equal(err, kr_b64_read(text, out, len));
                if (!err)
                    assert_memory_equal(b.ptr, out, len);
            }
            text[at] = was;
        }
    }
    kr_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc4648),     cmocka_unit_test(test_refused), cmocka_unit_test(test_alphabet),
        cmocka_unit_test(test_read_length), cmocka_unit_test(test_ceiling), cmocka_unit_test(test_two_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
