#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/utf8.h"

static void test_fine(void **state)
{
    (void)state;
    static const char *const good[] = {
        "",
        "plain",
        " ~",
        "\xC2\xA0",         /* U+00A0, first after the controls */
        "\xDF\xBF",         /* U+07FF */
        "\xE0\xA0\x80",     /* U+0800 */
        "\xED\x9F\xBF",     /* U+D7FF */
        "\xEE\x80\x80",     /* U+E000 */
        "\xF0\x90\x80\x80", /* U+10000 */
        "\xF4\x8F\xBF\xBF", /* U+10FFFF */
        "Zo\xC3\xAB \xF0\x9F\x94\x91",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(kr_utf8_plain(good[i], 100));
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\n",
        "a\tb",
        "\x1F",
        "\x7F",
        "\xC2\x80", /* U+0080 */
        "\xC2\x9F", /* U+009F */
        "\x80",     /* continuation alone */
        "\xBF",
        "\xC3", /* cut */
        "\xC3(",
        "\xE2\x82",
        "\xF0\x9F\x94",
        "\xC0\x80", /* overlong NUL */
        "\xC1\xBF",
        "\xE0\x9F\xBF",     /* overlong of three */
        "\xF0\x8F\xBF\xBF", /* overlong of four */
        "\xED\xA0\x80",     /* surrogates */
        "\xED\xBF\xBF",
        "\xF4\x90\x80\x80", /* above U+10FFFF */
        "\xF8\x88\x80\x80\x80",
        "\xFE",
        "\xFF",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(kr_utf8_plain(bad[i], 100));
        char inside[16];
        snprintf(inside, sizeof(inside), "ok%s", bad[i]);
        assert_false(kr_utf8_plain(inside, 100));
    }
}

static void test_max(void **state)
{
    (void)state;
    assert_true(kr_utf8_plain("", 0));
    assert_false(kr_utf8_plain("a", 0));
    assert_true(kr_utf8_plain("abc", 3));
    assert_false(kr_utf8_plain("abcd", 3));
    assert_true(kr_utf8_plain("a\xC3\xAB", 3));
    assert_false(kr_utf8_plain("a\xC3\xAB", 2));
}

/* Every code point, encoded: in or out as its class says. */
static void test_every_code_point(void **state)
{
    (void)state;
    for (uint32_t cp = 1; cp <= 0x110010; cp++) {
        char s[5] = {0};
        if (cp < 0x80) {
            s[0] = (char)cp;
        } else if (cp < 0x800) {
            s[0] = (char)(0xC0 | cp >> 6);
            s[1] = (char)(0x80 | (cp & 63));
        } else if (cp < 0x10000) {
            s[0] = (char)(0xE0 | cp >> 12);
            s[1] = (char)(0x80 | (cp >> 6 & 63));
            s[2] = (char)(0x80 | (cp & 63));
        } else {
            s[0] = (char)(0xF0 | cp >> 18);
            s[1] = (char)(0x80 | (cp >> 12 & 63));
            s[2] = (char)(0x80 | (cp >> 6 & 63));
            s[3] = (char)(0x80 | (cp & 63));
        }
        bool control = cp < 0x20 || (cp >= 0x7F && cp <= 0x9F);
        bool none = (cp >= 0xD800 && cp <= 0xDFFF) || cp > 0x10FFFF;
        if (kr_utf8_plain(s, 4) != (!control && !none))
            fail_msg("U+%04X", cp);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fine),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_max),
        cmocka_unit_test(test_every_code_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
