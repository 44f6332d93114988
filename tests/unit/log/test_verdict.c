#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log/verdict.h"

static const enum kr_log_verdict all[] = {
    KR_LOG_OK,
#define KR_LOG_VERDICT(name, word, text) name,
#include "log/verdict.def"
#undef KR_LOG_VERDICT
};

static void test_names(void **state)
{
    (void)state;
    size_t count = sizeof(all) / sizeof(all[0]);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(all[i], (int)i);
        assert_true(strlen(kr_log_verdict_text(all[i])) > 0);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(kr_log_verdict_name(all[i]), kr_log_verdict_name(all[k]));
    }
    assert_string_equal(kr_log_verdict_name(KR_LOG_FORKED), "forked");
    assert_string_equal(kr_log_verdict_name((enum kr_log_verdict)count), "unknown");
    assert_string_equal(kr_log_verdict_text((enum kr_log_verdict)count), "unknown verdict");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
