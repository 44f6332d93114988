#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "frame/window.h"

static void test_in_order(void **state)
{
    (void)state;
    struct kr_sframe_window w = {0};
    for (uint64_t ctr = 0; ctr < 3000; ctr++) {
        assert_int_equal(kr_sframe_window_check(&w, ctr), 0);
        assert_int_equal(kr_sframe_window_mark(&w, ctr), 0);
        assert_int_equal(kr_sframe_window_check(&w, ctr), KR_E_REPLAY);
        assert_int_equal(kr_sframe_window_mark(&w, ctr), KR_E_REPLAY);
    }
}

static void test_check_marks_nothing(void **state)
{
    (void)state;
    struct kr_sframe_window w = {0}, before;
    kr_sframe_window_mark(&w, 5);
    before = w;
    assert_int_equal(kr_sframe_window_check(&w, UINT64_MAX), 0);
    assert_int_equal(kr_sframe_window_check(&w, 4), 0);
    assert_int_equal(kr_sframe_window_mark(&w, 5), KR_E_REPLAY);
    assert_memory_equal(&w, &before, sizeof(w));
    assert_int_equal(kr_sframe_window_mark(&w, 4), 0);
}

static void test_late(void **state)
{
    (void)state;
    struct kr_sframe_window w = {0};
    assert_int_equal(kr_sframe_window_mark(&w, 5000), 0);
    assert_int_equal(kr_sframe_window_mark(&w, 5000 - KR_FRAME_WINDOW), KR_E_REPLAY); /* too old to tell */
    assert_int_equal(kr_sframe_window_mark(&w, 0), KR_E_REPLAY);
    assert_int_equal(kr_sframe_window_mark(&w, 5001 - KR_FRAME_WINDOW), 0);
    assert_int_equal(kr_sframe_window_mark(&w, 5001 - KR_FRAME_WINDOW), KR_E_REPLAY);
    assert_int_equal(kr_sframe_window_mark(&w, 4999), 0);
    assert_int_equal(kr_sframe_window_mark(&w, 5001), 0);
    assert_int_equal(kr_sframe_window_mark(&w, 5001 - KR_FRAME_WINDOW), KR_E_REPLAY);
}

/* A jump leaves no mark of the past: what shares a bit with an old counter is new. */
static void test_jumps(void **state)
{
    (void)state;
    static const uint64_t jumps[] = {
        1, 63, 64, 65, KR_FRAME_WINDOW - 1, KR_FRAME_WINDOW, KR_FRAME_WINDOW + 1, 2048, 5000, 1u << 30};
    for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
        struct kr_sframe_window w = {0};
        for (uint64_t ctr = 100; ctr < 100 + 2 * KR_FRAME_WINDOW; ctr++)
            assert_int_equal(kr_sframe_window_mark(&w, ctr), 0);
        uint64_t last = 99 + 2 * KR_FRAME_WINDOW, top = last + jumps[i];
        assert_int_equal(kr_sframe_window_mark(&w, top), 0);
        for (uint64_t ctr = top - KR_FRAME_WINDOW + 1; ctr < top; ctr++)
            assert_int_equal(kr_sframe_window_mark(&w, ctr), ctr > last ? 0 : KR_E_REPLAY);
    }
}

static void test_ends(void **state)
{
    (void)state;
    struct kr_sframe_window w = {0};
    assert_int_equal(kr_sframe_window_mark(&w, 0), 0);
    assert_int_equal(kr_sframe_window_mark(&w, UINT64_MAX), 0);
    assert_int_equal(kr_sframe_window_mark(&w, UINT64_MAX), KR_E_REPLAY);
    assert_int_equal(kr_sframe_window_mark(&w, UINT64_MAX - 1), 0);
    assert_int_equal(kr_sframe_window_mark(&w, 0), KR_E_REPLAY);
}

/* Against a plain list of what was seen, in a shuffled order. */
static void test_against_list(void **state)
{
    (void)state;
    enum { N = 20000 };
    unsigned char *seen = calloc(N, 1);
    struct kr_sframe_window w = {0};
    uint64_t top = 0;
    uint32_t x = 1;
    assert_non_null(seen);
    for (unsigned i = 0; i < 60000; i++) {
        x = x * 1664525u + 1013904223u;
        uint64_t base = i / 3;
        uint64_t back = (x >> 8) % 1500;
        uint64_t ctr = base > back ? base - back : base;
        bool fresh = !seen[ctr] && (top < KR_FRAME_WINDOW || ctr > top - KR_FRAME_WINDOW);
        assert_int_equal(kr_sframe_window_mark(&w, ctr), fresh ? 0 : KR_E_REPLAY);
        if (fresh) {
            seen[ctr] = 1;
            top = ctr > top ? ctr : top;
        }
    }
    free(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order), cmocka_unit_test(test_check_marks_nothing),
        cmocka_unit_test(test_late),     cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_ends),     cmocka_unit_test(test_against_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
