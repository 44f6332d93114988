#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "io/log.h"

static char out[16384];

/* What kr_logf writes to stderr for one value. */
static const char *logged(enum kr_log_level level, const char *value)
{
    int ends[2];
    int real = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    kr_logf(level, "join %s -> ok", value);
    dup2(real, STDERR_FILENO);
    close(real);
    close(ends[1]);
    ssize_t n = read(ends[0], out, sizeof(out) - 1);
    close(ends[0]);
    out[n > 0 ? n : 0] = '\0';
    return out;
}

static void a_line_stays_one_line(void **state)
{
    (void)state;
    kr_log_setup(KR_LOG_INFO, 1);
    assert_string_equal(logged(KR_LOG_WARN, "a\nb\r\x1b[2J\x7f"),
                        "<4>join a\\x0ab\\x0d\\x1b[2J\\x7f -> ok\n");
    assert_string_equal(logged(KR_LOG_INFO, "J\xc3\xbcrg \xf0\x9f\x98\x80"),
                        "<6>join J\xc3\xbcrg \xf0\x9f\x98\x80 -> ok\n");
    /* C1 controls, broken and overlong UTF-8, surrogates, an unfinished character. */
    assert_string_equal(logged(KR_LOG_INFO, "\xc2\x9b"), "<6>join \\xc2\\x9b -> ok\n");
    assert_string_equal(logged(KR_LOG_INFO, "\xc0\x8a"), "<6>join \\xc0\\x8a -> ok\n");
    assert_string_equal(logged(KR_LOG_INFO, "\xed\xa0\x80"), "<6>join \\xed\\xa0\\x80 -> ok\n");
    assert_string_equal(logged(KR_LOG_INFO, "\xe2\x82"), "<6>join \\xe2\\x82 -> ok\n");
}

static void levels_and_lengths_are_bounded(void **state)
{
    static char big[5000];
    (void)state;
    kr_log_setup(KR_LOG_WARN, 1);
    assert_string_equal(logged(KR_LOG_INFO, "x"), "");
    memset(big, '\n', sizeof(big) - 1);
    const char *line = logged(KR_LOG_ERROR, big);
    assert_non_null(strstr(line, " [cut]\n"));
    assert_int_equal(strlen(line), 3 + 5 + (2000 - 5) * 4 + 7);
}

static void without_a_journal_there_is_a_time_and_a_level(void **state)
{
    (void)state;
    kr_log_setup(KR_LOG_DEBUG, 0);
    const char *line = logged(KR_LOG_DEBUG, "x");
    assert_int_equal(line[10], 'T');
    assert_string_equal(line + 23, "Z debug join x -> ok\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_stays_one_line),
        cmocka_unit_test(levels_and_lengths_are_bounded),
        cmocka_unit_test(without_a_journal_there_is_a_time_and_a_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
