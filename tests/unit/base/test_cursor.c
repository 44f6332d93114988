#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cursor.h"

static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 'a', 'b'};

static void test_order(void **state)
{
    (void)state;
    struct kr_cursor c = kr_cursor(kr_span(bytes, sizeof(bytes)));
    assert_int_equal(kr_cursor_u8(&c), 1);
    assert_int_equal(kr_cursor_u16(&c), 0x0203);
    assert_int_equal(kr_cursor_u32(&c), 0x04050607);
    assert_true(kr_cursor_u64(&c) == UINT64_C(0x08090a0b0c0d0e0f));
    assert_false(kr_cursor_at_end(&c));
    struct kr_span s = kr_cursor_bytes(&c, 2);
    assert_ptr_equal(s.ptr, bytes + 15);
    assert_int_equal(s.len, 2);
    assert_true(kr_cursor_at_end(&c));
}

static void test_sticky(void **state)
{
    (void)state;
    struct kr_cursor c = kr_cursor(kr_span(bytes, 3));
    assert_int_equal(kr_cursor_u32(&c), 0);
    assert_true(c.failed);
    assert_int_equal(kr_cursor_u8(&c), 0); /* although three bytes are there */
    assert_int_equal(kr_cursor_bytes(&c, 1).len, 0);
    assert_int_equal(kr_cursor_bytes(&c, 0).len, 0);
    assert_false(kr_cursor_at_end(&c));
}

static void test_every_length(void **state)
{
    (void)state;
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        struct kr_cursor c = kr_cursor(kr_span(bytes, len));
        kr_cursor_u64(&c);
        kr_cursor_u16(&c);
        assert_int_equal(c.failed, len < 10);
        assert_int_equal(kr_cursor_at_end(&c), len == 10);
    }
}

static void test_empty(void **state)
{
    (void)state;
    struct kr_cursor c = kr_cursor(kr_span(NULL, 0));
    assert_int_equal(kr_cursor_bytes(&c, 0).len, 0);
    assert_true(kr_cursor_at_end(&c));
    assert_int_equal(kr_cursor_bytes(&c, SIZE_MAX).len, 0);
    assert_false(kr_cursor_at_end(&c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_sticky),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
