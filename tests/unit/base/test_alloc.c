#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"

/* Runs call in a child; true when the child ended by abort(). */
static int aborts(void (*call)(void))
{
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        fclose(stderr);
        call();
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static volatile size_t huge = SIZE_MAX;

static void overflow_array(void)
{
    free(kr_realloc_array(NULL, huge / 2, 3));
}

static void no_overflow(void)
{
    free(kr_realloc_array(NULL, 3, 5));
}

static void test_abort(void **state)
{
    (void)state;
    assert_true(aborts(overflow_array));
    assert_false(aborts(no_overflow));
}

static void test_sizes(void **state)
{
    (void)state;
    void *p = kr_malloc(0);
    assert_non_null(p);
    free(p);
    unsigned char *zeros = kr_calloc(16, 4);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(zeros[i], 0);
    free(zeros);
    free(kr_calloc(0, 0));
    free(kr_realloc_array(kr_malloc(4), 0, 8));
    char *copy = kr_strdup("copy");
    assert_string_equal(copy, "copy");
    free(copy);
}

static void test_grow(void **state)
{
    (void)state;
    uint32_t *array = NULL;
    void *raw = NULL;
    size_t cap = 0, moves = 0;
    for (uint32_t i = 0; i < 5000; i++) {
        size_t before = cap;
        kr_grow(&raw, &cap, i, sizeof(*array));
        array = raw;
        assert_true(cap > i);
        moves += cap != before;
        array[i] = i * 7;
    }
    for (uint32_t i = 0; i < 5000; i++)
        assert_int_equal(array[i], i * 7);
    assert_true(moves <= 11); /* doubling from 8 */
    free(raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
