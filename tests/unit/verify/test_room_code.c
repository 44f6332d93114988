#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "verify/room_code.h"

static void assert_digits(uint8_t fill, size_t from, const char *want)
{
    uint8_t bytes[KR_ROOM_CODE_BYTES] = {0};
    char text[KR_ROOM_CODE_TEXT];
    memset(bytes + from, fill, sizeof(bytes) - from);
    kr_room_code_digits(bytes, text);
    assert_string_equal(text, want);
}

/* Figures of Python's integers. */
static void test_digits(void **state)
{
    (void)state;
    assert_digits(0, 0, "00000 00000 00000 00000 00000 00000");
    assert_digits(7, 63, "00000 00000 00000 00000 00000 00007");
    assert_digits(0xff, 0, "88281 19465 69946 43364 90060 84095");
    assert_digits(0x5a, 50, "57536 18358 21515 95193 98809 01210");
}

static void test_code(void **state)
{
    (void)state;
    struct kr_digest d = {{0}};
    char text[KR_ROOM_CODE_TEXT];
    for (size_t i = 0; i < sizeof(d.b); i++)
        d.b[i] = (uint8_t)i;
    assert_int_equal(kr_room_code(&d, text), 0);
    assert_string_equal(text, "59440 89191 10668 31370 18310 03927");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_digits), cmocka_unit_test(test_code)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
