/* Sorted arrays, beside a plain table of what must be in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/sorted.h"

struct item {
    unsigned char key[2];
    unsigned char value;
};

static const struct kr_sorted_kind kind = {2, sizeof(struct item)};

static void check(const struct kr_sorted *s, const int value[static 65536])
{
    size_t count = 0;
    for (size_t k = 0; k < 65536; k++) {
        const unsigned char key[2] = {(unsigned char)(k >> 8), (unsigned char)k};
        const struct item *i = kr_sorted_find(s, &kind, key);
        assert_int_equal(i != NULL, value[k] >= 0);
        if (!i)
            continue;
        assert_int_equal(i->value, value[k]);
        assert_memory_equal(i, (const struct item *)s->items + count, sizeof(*i)); /* in order */
        count++;
    }
    assert_int_equal(s->len, count);
    assert_true(s->cap >= s->len);
}

static void holds_what_was_put(void **state)
{
    (void)state;
    struct kr_sorted s = {0};
    int *value = malloc(65536 * sizeof(*value));
    memset(value, 0xff, 65536 * sizeof(*value));
    unsigned random = 1;
    for (int step = 0; step < 4000; step++) {
        random = random * 1103515245u + 12345u;
        size_t k = (random >> 8) % 600 * 107 % 65536;
        const unsigned char key[2] = {(unsigned char)(k >> 8), (unsigned char)k};
        if (step % 3 == 2) {
            kr_sorted_remove(&s, &kind, key);
            value[k] = -1;
        } else {
            struct item *i = kr_sorted_put(&s, &kind, key);
            assert_int_equal(i->value, value[k] < 0 ? 0 : value[k]);
            i->value = (unsigned char)step;
            value[k] = (unsigned char)step;
        }
        if (step % 500 == 0)
            check(&s, value);
    }
    check(&s, value);
    kr_sorted_done(&s);
    assert_null(kr_sorted_find(&s, &kind, "ab"));
    kr_sorted_remove(&s, &kind, "ab");
    free(value);
}

static void reserves_no_more_than_asked(void **state)
{
    (void)state;
    struct kr_sorted s = {0};
    kr_sorted_reserve(&s, &kind, 50);
    assert_int_equal(s.cap, 50);
    for (unsigned char i = 0; i < 50; i++)
        kr_sorted_put(&s, &kind, (unsigned char[2]){i, 0});
    assert_int_equal(s.cap, 50);
    kr_sorted_put(&s, &kind, (unsigned char[2]){50, 0});
    assert_int_equal(s.len, 51);
    kr_sorted_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_was_put),
        cmocka_unit_test(reserves_no_more_than_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
