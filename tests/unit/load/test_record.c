#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "load/record.h"

static void test_round_trip(void **state)
{
    (void)state;
    char path[] = "/tmp/kr-record-XXXXXX";
    int fd = mkstemp(path);
    struct kr_record a = {.of = {{.bytes = NULL}}}, b;
    assert_true(fd >= 0);
    close(fd);
    kr_record_add(&a, KR_REC_ANNOUNCE, 500);
    kr_record_add(&a, KR_REC_DELIVER, 7000);
    kr_record_add(&a, KR_REC_DELIVER, 6000);
    assert_int_equal(kr_record_write(&a, path), 0);
    assert_int_equal(kr_record_read(path, &b), 0);
    assert_int_equal(b.of[KR_REC_ANNOUNCE].len, 1);
    assert_int_equal(b.of[KR_REC_ANNOUNCE].bytes[0], 500);
    assert_int_equal(b.of[KR_REC_DELIVER].len, 2);
    assert_int_equal(b.of[KR_REC_DELIVER].bytes[1], 6000);
    assert_int_equal(b.of[KR_REC_COMMIT].len, 0);
    kr_record_done(&a);
    kr_record_done(&b);
    unlink(path);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"announce 1 x\n", "announced 1\n", "commit -1\n",
                                      "commit 99999999999\n", "\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char path[] = "/tmp/kr-record-XXXXXX";
        int fd = mkstemp(path);
        struct kr_record r;
        assert_true(fd >= 0);
        assert_true(dprintf(fd, "%s", bad[i]) > 0);
        close(fd);
        assert_int_equal(kr_record_read(path, &r), KR_E_MALFORMED);
        unlink(path);
    }
    struct kr_record r;
    assert_int_equal(kr_record_read("/nonexistent/record", &r), KR_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
