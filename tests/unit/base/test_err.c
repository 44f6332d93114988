#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

static const struct {
    int value;
    const char *name, *type, *condition, *app, *text;
} list[] = {
#define KR_ERR(name, value, type, condition, app, text) {value, #name, type, condition, app, text},
#include "base/err.def"
#undef KR_ERR
};

enum { COUNT = sizeof(list) / sizeof(list[0]) };

static void test_list_is_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(list[i].value <= -1000);
        assert_true(list[i].text[0]);
        for (size_t j = i + 1; j < COUNT; j++) {
            assert_int_not_equal(list[i].value, list[j].value);
            assert_true(!list[i].app[0] || strcmp(list[i].app, list[j].app) != 0);
        }
        assert_string_equal(kr_strerror(list[i].value), list[i].text);
        assert_string_equal(kr_errname(list[i].value), list[i].app[0] ? list[i].app : list[i].name);
    }
}

static void test_refusals_are_told(void **state)
{
    (void)state;
    static const char *const types[] = {"cancel", "modify", "auth", "wait"};
    for (size_t i = 0; i < COUNT; i++) {
        if (!kr_err_is_refusal(list[i].value))
            continue;
        struct kr_err_stanza s = kr_err_stanza(list[i].value);
        int known = 0;
        for (size_t t = 0; t < 4; t++)
            known |= strcmp(s.type, types[t]) == 0;
        assert_true(known);
        assert_true(s.condition[0] && s.app[0] && s.text[0]);
        assert_int_equal(kr_err_from_app(s.app), list[i].value);
    }
}

static void test_own_errors_are_not_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        if (kr_err_is_refusal(list[i].value))
            continue;
        struct kr_err_stanza s = kr_err_stanza(list[i].value);
        assert_string_equal(s.condition, "internal-server-error");
        assert_string_equal(s.app, "");
        assert_string_equal(s.text, "");
        assert_int_equal(kr_err_from_app(list[i].app), KR_E_INTERNAL);
    }
}

static void test_unknown(void **state)
{
    (void)state;
    assert_string_equal(kr_strerror(0), "ok");
    assert_string_equal(kr_errname(0), "ok");
    assert_string_equal(kr_strerror(-1), "unknown error");
    assert_string_equal(kr_errname(17), "unknown");
    assert_string_equal(kr_err_stanza(-1499).condition, "internal-server-error");
    assert_int_equal(kr_err_from_app(""), KR_E_INTERNAL);
    assert_int_equal(kr_err_from_app("no-such"), KR_E_INTERNAL);
    assert_false(kr_err_is_refusal(0));
    assert_false(kr_err_is_refusal(KR_E_INTERNAL));
    assert_false(kr_err_is_refusal(KR_E_CONTEXT_MISMATCH));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_is_sound),
        cmocka_unit_test(test_refusals_are_told),
        cmocka_unit_test(test_own_errors_are_not_told),
        cmocka_unit_test(test_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
