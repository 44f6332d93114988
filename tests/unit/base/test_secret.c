#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/secret.h"

static void test_life(void **state)
{
    (void)state;
    struct kr_secret s = KR_SECRET_NONE, t = KR_SECRET_NONE;
    assert_false(kr_secret_is_set(&s));
    kr_secret_done(&s);
    kr_secret_alloc(&s, 8);
    assert_true(kr_secret_is_set(&s));
    assert_memory_equal(s.ptr, "\0\0\0\0\0\0\0\0", 8);
    kr_secret_set(&s, "abc", 3);
    assert_int_equal(s.len, 3);
    kr_secret_copy(&t, &s);
    assert_ptr_not_equal(t.ptr, s.ptr);
    assert_memory_equal(t.ptr, "abc", 3);
    kr_secret_move(&t, &s);
    assert_false(kr_secret_is_set(&s));
    assert_null(s.ptr);
    assert_memory_equal(kr_secret_span(&t).ptr, "abc", 3);
    kr_secret_done(&t);
    assert_null(t.ptr);
    assert_int_equal(t.len, 0);
    kr_secret_done(&t);
}

static void test_onto_itself(void **state)
{
    (void)state;
    struct kr_secret s = KR_SECRET_NONE;
    kr_secret_set(&s, "abcdef", 6);
    kr_secret_move(&s, &s);
    kr_secret_copy(&s, &s);
    assert_memory_equal(s.ptr, "abcdef", 6);
    kr_secret_set(&s, s.ptr + 2, 3); /* part of its own bytes */
    assert_int_equal(s.len, 3);
    assert_memory_equal(s.ptr, "cde", 3);
    kr_secret_set(&s, NULL, 0);
    assert_false(kr_secret_is_set(&s));
    kr_secret_done(&s);
}

static void test_equal(void **state)
{
    (void)state;
    struct kr_secret a = KR_SECRET_NONE, b = KR_SECRET_NONE;
    assert_true(kr_secret_equal(&a, &b));
    kr_secret_set(&a, "12345678", 8);
    assert_false(kr_secret_equal(&a, &b));
    kr_secret_set(&b, "1234567", 7);
    assert_false(kr_secret_equal(&a, &b));
    kr_secret_set(&b, "12345678", 8);
    assert_true(kr_secret_equal(&a, &b));
    for (size_t i = 0; i < 8; i++) {
        b.ptr[i] ^= 0x80;
        assert_false(kr_secret_equal(&a, &b));
        b.ptr[i] ^= 0x80;
    }
    kr_secret_done(&a);
    kr_secret_done(&b);
}

static void test_wipe(void **state)
{
    (void)state;
    uint8_t bytes[32];
    memset(bytes, 7, sizeof(bytes));
    kr_wipe(bytes, 31);
    for (size_t i = 0; i < 31; i++)
        assert_int_equal(bytes[i], 0);
    assert_int_equal(bytes[31], 7);
    kr_wipe(NULL, 0);
}

/* What free() is given: a secret must be zeros by then. */
static const uint8_t *watched;
static int watched_wiped = -1;
void __real_free(void *p);
void __wrap_free(void *p);
void __wrap_free(void *p)
{
    if (p && p == watched) {
        watched_wiped = 1;
        for (size_t i = 0; i < 32; i++)
            watched_wiped &= watched[i] == 0;
        watched = NULL;
    }
    __real_free(p);
}

static void fill(struct kr_secret *s)
{
    kr_secret_alloc(s, 32);
    memset(s->ptr, 0x5a, 32);
    watched = s->ptr;
    watched_wiped = -1;
}

static void test_wiped_when_freed(void **state)
{
    (void)state;
    struct kr_secret s = KR_SECRET_NONE, other = KR_SECRET_NONE;
    fill(&s);
    kr_secret_done(&s);
    assert_int_equal(watched_wiped, 1);
    fill(&s);
    kr_secret_alloc(&s, 64); /* growing */
    assert_int_equal(watched_wiped, 1);
    fill(&s);
    kr_secret_set(&s, "short", 5);
    assert_int_equal(watched_wiped, 1);
    fill(&s);
    kr_secret_set(&other, "other", 5);
    kr_secret_move(&s, &other);
    assert_int_equal(watched_wiped, 1);
    kr_secret_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life), cmocka_unit_test(test_onto_itself),      cmocka_unit_test(test_equal),
        cmocka_unit_test(test_wipe), cmocka_unit_test(test_wiped_when_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
