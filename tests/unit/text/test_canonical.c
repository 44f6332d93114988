#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/limit.h"
#include "text/canonical.h"

static void assert_text(struct kr_buf *b, const char *want)
{
    assert_int_equal(b->err, 0);
    assert_int_equal(b->len, strlen(want));
    assert_memory_equal(b->ptr, want, b->len);
    kr_buf_done(b);
}

static void test_write(void **state)
{
    (void)state;
    struct kr_buf b;
    struct kr_id id = {{0xff}};
    struct kr_key key = {{1}};
    struct kr_digest digest = {{2}};
    kr_buf_init(&b, KR_TEXT_MAX);
    kr_text_begin(&b, "t");
    kr_text_line(&b, "empty", "");
    kr_text_line(&b, "name", "Zo\xc3\xab = 1");
    kr_text_line_u64(&b, "n", UINT64_MAX);
    kr_text_line_id(&b, "id", &id);
    kr_text_line_key(&b, "key", &key);
    kr_text_line_digest(&b, "digest", &digest);
    assert_text(&b, "keyroom:1:t\nempty=\nname=Zo\xc3\xab = 1\nn=18446744073709551615\n"
                    "id=ff000000000000000000000000000000\nkey=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
                    "digest=AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n");
}

static const char *const unfit[] = {"a\nb=c",   "\n",   "\t",   "\r",           "\x7f", "a\xc2\x80",
                                    "\xc2\x9f", "\x01", "\xff", "\xed\xa0\x80", "\xc3"};

static void test_unfit_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++) {
        struct kr_buf b;
        kr_buf_init(&b, KR_TEXT_MAX);
        kr_text_begin(&b, "t");
        kr_text_line(&b, "v", unfit[i]);
        kr_text_line(&b, "w", "fine");
        assert_int_equal(b.err, KR_E_MALFORMED);
        kr_buf_done(&b);
    }
}

static int read_two(const char *text, size_t len)
{
    struct kr_text_reader r = kr_text_read(kr_span(text, len), "t");
    struct kr_span a = kr_text_next(&r, "a"), b = kr_text_next(&r, "b");
    int err = kr_text_end(&r);
    if (!err) {
        assert_int_equal(a.len, 1);
        assert_int_equal(b.len, 0);
    } else {
        assert_int_equal(err, KR_E_MALFORMED);
    }
    return err;
}

static void test_read(void **state)
{
    (void)state;
    static const char good[] = "keyroom:1:t\na=1\nb=\n";
    assert_int_equal(read_two(good, strlen(good)), 0);
    for (size_t len = 0; len < strlen(good); len++)
        assert_int_equal(read_two(good, len), KR_E_MALFORMED);
    static const char *const bad[] = {
        "keyroom:2:t\na=1\nb=\n",     "keyroom:1:u\na=1\nb=\n",  "keyroom:1:tt\na=1\nb=\n",
        "keyroom:1:t\nb=\na=1\n",     "keyroom:1:t\na=1\n",      "keyroom:1:t\na=1\nb=\n\n",
        "keyroom:1:t\na=1\nb=\nc=\n", "keyroom:1:t\na1\nb=\n",   "keyroom:1:t\n a=1\nb=\n",
        "keyroom:1:t\r\na=1\nb=\n",   "keyroom:1:t\na=\t\nb=\n", "keyroom:1:t\na=\xff\nb=\n",
        "keyroom:1:t\na=1\nb=\r\n",   "keyroom:1:ta=1\nb=\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(read_two(bad[i], strlen(bad[i])), KR_E_MALFORMED);
    static const char nul[] = "keyroom:1:t\na=\0\nb=\n";
    assert_int_equal(read_two(nul, sizeof(nul) - 1), KR_E_MALFORMED);
    struct kr_text_reader r = kr_text_read(kr_span(NULL, 0), "t");
    assert_int_equal(kr_text_end(&r), KR_E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_write), cmocka_unit_test(test_unfit_values),
                                       cmocka_unit_test(test_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
