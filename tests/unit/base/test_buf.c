#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"

static void test_integers(void **state)
{
    (void)state;
    struct kr_buf b;
    kr_buf_init(&b, 1024);
    kr_buf_add_u8(&b, 0x01);
    kr_buf_add_u16(&b, 0x0203);
    kr_buf_add_u32(&b, 0x04050607);
    kr_buf_add_u64(&b, UINT64_C(0x08090a0b0c0d0e0f));
    kr_buf_add_lp(&b, kr_span_str("ab"));
    kr_buf_add_lp(&b, kr_span(NULL, 0));
    kr_buf_add_dec(&b, UINT64_MAX);
    static const char want[] = "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\0\0\0\2ab\0\0\0\0"
                               "18446744073709551615";
    assert_int_equal(b.err, 0);
    assert_int_equal(b.len, sizeof(want) - 1);
    assert_memory_equal(b.ptr, want, b.len);
    kr_buf_done(&b);
}

static void test_empty_adds(void **state)
{
    (void)state;
    struct kr_buf b;
    kr_buf_init(&b, 0);
    kr_buf_add(&b, NULL, 0); /* on a buffer without memory: no arithmetic on NULL */
    kr_buf_add_str(&b, "");
    kr_buf_printf(&b, "%s", "");
    assert_int_equal(b.err, 0);
    assert_int_equal(b.len, 0);
    char *s = kr_buf_take_str(&b);
    assert_string_equal(s, "");
    free(s);
}

static void test_sticky(void **state)
{
    (void)state;
    struct kr_buf b;
    kr_buf_init(&b, 4);
    kr_buf_add_str(&b, "abc");
    kr_buf_add_str(&b, "de");
    assert_int_equal(b.err, KR_E_TOO_LARGE);
    assert_int_equal(b.len, 3);
    kr_buf_add_str(&b, "f");
    kr_buf_add_lp(&b, kr_span_str(""));
    kr_buf_printf(&b, "%d", 1);
    assert_int_equal(b.len, 3);
    assert_null(kr_buf_take_str(&b));
    kr_buf_clear(&b);
    assert_int_equal(b.err, 0);
    kr_buf_add_str(&b, "wxyz");
    assert_int_equal(b.err, 0);
    assert_memory_equal(b.ptr, "wxyz", 4);
    kr_buf_done(&b);
    assert_int_equal(b.max, 4);
}

static void test_printf_to_the_brim(void **state)
{
    (void)state;
    struct kr_buf b;
    kr_buf_init(&b, 256);
    for (int i = 0; i < 64; i++)
        kr_buf_printf(&b, "%04d", i);
    assert_int_equal(b.err, 0);
    assert_int_equal(b.len, 256);
    kr_buf_printf(&b, "x");
    assert_int_equal(b.err, KR_E_TOO_LARGE);
    assert_int_equal(b.len, 256);
    kr_buf_clear(&b);
    kr_buf_printf(&b, "%s-%d", "a", 7);
    char *s = kr_buf_take_str(&b);
    assert_string_equal(s, "a-7");
    assert_int_equal(b.len, 0);
    free(s);
}

static void test_room_to_fill(void **state)
{
    (void)state;
    struct kr_buf b;
    kr_buf_init(&b, 256);
    kr_buf_add_str(&b, "ab");
    uint8_t *p = kr_buf_grow(&b, 254);
    assert_ptr_equal(p, b.ptr + 2);
    memset(p, 'c', 255); /* and one more */
    assert_int_equal(b.len, 256);
    assert_null(kr_buf_grow(&b, 1));
    assert_int_equal(b.err, KR_E_TOO_LARGE);
    assert_int_equal(b.len, 256);
    kr_buf_done(&b);
}

static void test_growth(void **state)
{
    (void)state;
    struct kr_buf b;
    kr_buf_init(&b, 100000);
    for (unsigned i = 0; i < 50000; i++)
        kr_buf_add_u16(&b, (uint16_t)i);
    assert_int_equal(b.err, 0);
    struct kr_span s = kr_buf_span(&b);
    assert_int_equal(s.len, 100000);
    for (size_t i = 0; i < 50000; i++)
        assert_int_equal(s.ptr[2 * i] << 8 | s.ptr[2 * i + 1], (uint16_t)i);
    kr_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers), cmocka_unit_test(test_empty_adds),
        cmocka_unit_test(test_sticky),   cmocka_unit_test(test_printf_to_the_brim),
        cmocka_unit_test(test_growth),   cmocka_unit_test(test_room_to_fill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
