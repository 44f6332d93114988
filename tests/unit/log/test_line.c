#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log/line.h"

static void test_next(void **state)
{
    (void)state;
    struct kr_span rest = kr_span_str("a\n\nb"), line;
    assert_true(kr_line_next(&rest, &line));
    assert_int_equal(line.len, 1);
    assert_true(kr_line_next(&rest, &line));
    assert_int_equal(line.len, 0);
    assert_false(kr_line_next(&rest, &line));
    assert_int_equal(rest.len, 1);
    rest = kr_span(NULL, 0);
    assert_false(kr_line_next(&rest, &line));
}

static void test_skip(void **state)
{
    (void)state;
    struct kr_span line = kr_span_str("index 5");
    assert_false(kr_line_skip(&line, "indexes"));
    assert_false(kr_line_skip(&line, "index 55"));
    assert_true(kr_line_skip(&line, "index "));
    assert_int_equal(line.len, 1);
    assert_int_equal(line.ptr[0], '5');
}

static void test_decimal(void **state)
{
    (void)state;
    uint64_t n = 0;
    assert_true(kr_line_decimal(kr_span_str("0"), &n) && n == 0);
    assert_true(kr_line_decimal(kr_span_str("109482"), &n) && n == 109482);
    assert_true(kr_line_decimal(kr_span_str("9223372036854775807"), &n) && n == INT64_MAX);
    static const char *const bad[] = {"",
                                      "00",
                                      "01",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1a",
                                      "0x1",
                                      "9223372036854775808",
                                      "18446744073709551616",
                                      "99999999999999999999999"};
    n = 77;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(kr_line_decimal(kr_span_str(bad[i]), &n));
    assert_int_equal(n, 77);
}

static void test_base64(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "AA==", "AAE=", "AAEC", "AAECAw=="};
    struct kr_buf b, t;
    kr_buf_init(&b, 16);
    kr_buf_init(&t, 16);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        kr_buf_clear(&b);
        kr_buf_clear(&t);
        assert_true(kr_line_base64(kr_span_str(texts[i]), &b));
        assert_int_equal(b.len, i);
        kr_line_add_base64(&t, kr_buf_span(&b));
        assert_int_equal(t.len, strlen(texts[i]));
        if (t.len)
            assert_memory_equal(t.ptr, texts[i], t.len);
    }
    kr_buf_clear(&b);
    static const char *const bad[] = {"AA",   "AAE",    "AA=",      "A===",     "====",    "=",
                                      "==",   "AAEC=",  "AAEC====", "AB==",     "AAF=",    "AA==A",
                                      "AA =", "AA==\n", "-_-_",     "AAA=AAA=", "AA=\x3d="};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (kr_line_base64(kr_span_str(bad[i]), &b))
            fail_msg("%s was decoded", bad[i]);
        assert_int_equal(b.len, 0);
    }
    kr_buf_done(&b);
    kr_buf_done(&t);
}

static void test_hash(void **state)
{
    (void)state;
    struct kr_digest d = {{7}};
    assert_true(kr_line_hash(kr_span_str("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), &d));
    assert_int_equal(d.b[0], 1);
    static const char *const bad[] = {
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", ""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(kr_line_hash(kr_span_str(bad[i]), &d));
    assert_int_equal(d.b[0], 1);
}

static void test_plain(void **state)
{
    (void)state;
    assert_true(kr_line_plain(kr_span(NULL, 0)));
    assert_true(kr_line_plain(kr_span_str("\xe2\x80\x94 Zo\xc3\xab")));
    static const struct {
        const char *s;
        size_t len;
    } bad[] = {{"a\0b", 3}, {"\0", 1},       {"\n", 1},   {"\t", 1},
               {"\x7f", 1}, {"\xc2\x85", 2}, {"\xff", 1}, {"\xe2\x80", 2}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(kr_line_plain(kr_span(bad[i].s, bad[i].len)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_next),    cmocka_unit_test(test_skip),
                                       cmocka_unit_test(test_decimal), cmocka_unit_test(test_base64),
                                       cmocka_unit_test(test_hash),    cmocka_unit_test(test_plain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
