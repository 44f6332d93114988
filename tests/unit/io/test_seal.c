#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "io/file.h"
#include "io/random.h"
#include "io/seal.h"

static char path[64];
static char errmsg[256];

static int set_up(void **state)
{
    (void)state;
    strcpy(path, "/tmp/keyroom-seal-XXXXXX");
    int fd = mkstemp(path);
    close(fd);
    return fd < 0 ? -1 : kr_random_init();
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static void put(const char *text, size_t len, mode_t mode)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
    assert_int_equal(chmod(path, mode), 0);
}

static void what_is_sealed_opens_only_unaltered_and_for_its_purpose(void **state)
{
    struct kr_secret key = KR_SECRET_NONE, other = KR_SECRET_NONE, plain = KR_SECRET_NONE,
                     out = KR_SECRET_NONE;
    struct kr_random random = kr_random_system();
    struct kr_buf sealed;
    (void)state;
    kr_secret_set(&key, "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk", 32);
    kr_secret_set(&other, "oooooooooooooooooooooooooooooooo", 32);
    kr_secret_set(&plain, "the opening", 11);
    kr_buf_init(&sealed, 1000);
    kr_seal(&key, &random, "here", &plain, &sealed);
    assert_int_equal(sealed.len, 11 + KR_SEAL_OVERHEAD);
    assert_int_equal(kr_unseal(&key, "here", kr_buf_span(&sealed), &out), 0);
    assert_true(kr_secret_equal(&out, &plain));
    kr_secret_done(&out);
    assert_int_equal(kr_unseal(&key, "there", kr_buf_span(&sealed), &out), KR_E_SEALED);
    assert_int_equal(kr_unseal(&other, "here", kr_buf_span(&sealed), &out), KR_E_SEALED);
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.ptr[i] ^= 1;
        assert_int_equal(kr_unseal(&key, "here", kr_buf_span(&sealed), &out), KR_E_SEALED);
        sealed.ptr[i] ^= 1;
        assert_int_equal(kr_unseal(&key, "here", kr_span(sealed.ptr, i), &out), KR_E_SEALED);
    }
    assert_false(kr_secret_is_set(&out));
    kr_buf_done(&sealed);
    kr_secret_done(&key);
    kr_secret_done(&other);
    kr_secret_done(&plain);
}

static void a_key_file_is_raw_or_hex_and_private(void **state)
{
    static const char hex[] = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F\n";
    struct kr_secret key = KR_SECRET_NONE;
    (void)state;
    put(hex, 65, 0600);
    assert_int_equal(kr_seal_key_read(path, errmsg, &key), 0);
    assert_int_equal(key.len, 32);
    assert_int_equal(key.ptr[31], 0x1f);
    put(hex, 64, 0400);
    assert_int_equal(kr_seal_key_read(path, errmsg, &key), 0);
    put(hex, 32, 0600);
    assert_int_equal(kr_seal_key_read(path, errmsg, &key), 0);
    assert_memory_equal(key.ptr, hex, 32);
    kr_secret_done(&key);
    put(hex, 63, 0600);
    assert_int_equal(kr_seal_key_read(path, errmsg, &key), KR_E_CONFIG);
    put("zz0102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F", 64, 0600);
    assert_int_equal(kr_seal_key_read(path, errmsg, &key), KR_E_CONFIG);
    put(hex, 64, 0640);
    assert_int_equal(kr_seal_key_read(path, errmsg, &key), KR_E_CONFIG);
    assert_non_null(strstr(errmsg, "chmod 600"));
    put(hex, 64, 0604);
    assert_int_equal(kr_seal_key_read(path, errmsg, &key), KR_E_CONFIG);
    assert_int_equal(kr_seal_key_read("/nonexistent", errmsg, &key), KR_E_IO);
    assert_non_null(strstr(errmsg, "/nonexistent"));
    assert_int_equal(kr_seal_key_read("/tmp", errmsg, &key), KR_E_CONFIG);
    assert_false(kr_secret_is_set(&key));
}

static void a_password_is_one_line(void **state)
{
    struct kr_secret s = KR_SECRET_NONE;
    (void)state;
    put("secret\n", 7, 0600);
    assert_int_equal(kr_file_read_line_secret(path, 6, errmsg, &s), 0);
    assert_int_equal(s.len, 6);
    assert_memory_equal(s.ptr, "secret", 6);
    kr_secret_done(&s);
    assert_int_equal(kr_file_read_line_secret(path, 5, errmsg, &s), KR_E_CONFIG);
    put("\n", 1, 0600);
    assert_int_equal(kr_file_read_line_secret(path, 6, errmsg, &s), KR_E_CONFIG);
    put("secret\n", 7, 0644);
    assert_int_equal(kr_file_read_line_secret(path, 6, errmsg, &s), KR_E_CONFIG);
}

static void a_written_file_is_private_and_whole(void **state)
{
    struct stat st;
    struct kr_secret s = KR_SECRET_NONE;
    (void)state;
    put("old", 3, 0644);
    assert_int_equal(kr_file_write_private(path, kr_span_str("new contents"), errmsg), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(kr_file_read_secret(path, 100, 1, errmsg, &s), 0);
    assert_int_equal(s.len, 12);
    kr_secret_done(&s);
    assert_int_equal(kr_file_write_private("/nonexistent/x", kr_span_str("x"), errmsg), KR_E_IO);
    assert_non_null(strstr(errmsg, "/nonexistent/x"));
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(what_is_sealed_opens_only_unaltered_and_for_its_purpose),
        CASE(a_key_file_is_raw_or_hex_and_private),
        CASE(a_password_is_one_line),
        CASE(a_written_file_is_private_and_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
