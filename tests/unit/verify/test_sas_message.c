#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/utf8.h"
#include "verify/sas_code.h"
#include "verify/sas_message.h"

#define T  "transaction=000102030405060708090a0b0c0d0e0f\n"
#define K  "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
#define ID "=ffeeddccbbaa99887766554433221100\n"

static const char *const good[] = {"keyroom:1:sas-start\n" T "initiator" ID "responder" ID,
                                   "keyroom:1:sas-accept\n" T "commitment=" K,
                                   "keyroom:1:sas-key\n" T "key=" K,
                                   "keyroom:1:sas-mac\n" T "ed25519=" K "curve25519=" K,
                                   "keyroom:1:sas-done\n" T,
                                   "keyroom:1:sas-cancel\n" T "reason=bad-mac\n"};

static void test_round_trip(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        struct kr_sas_message m;
        assert_int_equal(kr_sas_message_read(kr_span_str(good[i]), &m), 0);
        assert_int_equal(m.kind, i);
        assert_int_equal(m.transaction.b[15], 15);
        struct kr_buf b = kr_sas_message_text(&m);
        assert_int_equal(b.err, 0);
        assert_int_equal(b.len, strlen(good[i]));
        assert_memory_equal(b.ptr, good[i], b.len);
        kr_buf_done(&b);
        for (size_t len = 0; len < strlen(good[i]); len++)
            assert_int_equal(kr_sas_message_read(kr_span(good[i], len), &m), KR_E_MALFORMED);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "keyroom:1:sas\n" T,
        "keyroom:2:sas-done\n" T,
        "keyroom:1:sas-done\n" T "more=\n",
        "keyroom:1:sas-done\ntransaction=000102030405060708090A0B0C0D0E0F\n",
        "keyroom:1:sas-done\ntransaction=00010203\n",
        "keyroom:1:sas-key\n" T "key=AQAA\n",
        "keyroom:1:sas-key\n" T "key=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "keyroom:1:sas-key\n" T "key=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\n",
        "keyroom:1:sas-mac\n" T "ed25519=" K,
        "keyroom:1:sas-mac\n" T "curve25519=" K "ed25519=" K,
        "keyroom:1:sas-cancel\n" T "reason=\n",
        "keyroom:1:sas-cancel\n" T "reason=whim\n"};
    struct kr_sas_message m = {.kind = KR_SAS_MAC};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (kr_sas_message_read(kr_span_str(bad[i]), &m) != KR_E_MALFORMED)
            fail_msg("case %zu was read", i);
    }
    assert_int_equal(m.kind, KR_SAS_MAC);
}

static void test_reasons(void **state)
{
    (void)state;
    assert_null(kr_sas_reason_name(KR_SAS_FINE));
    assert_null(kr_sas_reason_text(KR_SAS_FINE));
    assert_null(kr_sas_reason_name((enum kr_sas_reason)99));
    assert_null(kr_sas_reason_text((enum kr_sas_reason)99));
    assert_string_equal(kr_sas_reason_name(KR_SAS_BY_USER), "user");
    for (unsigned i = 1; kr_sas_reason_name((enum kr_sas_reason)i); i++) {
        assert_non_null(kr_sas_reason_text((enum kr_sas_reason)i));
        for (unsigned k = 1; k < i; k++)
            assert_string_not_equal(kr_sas_reason_name((enum kr_sas_reason)i),
                                    kr_sas_reason_name((enum kr_sas_reason)k));
    }
}

static void test_code(void **state)
{
    (void)state;
    static const uint8_t zeros[KR_SAS_CODE_BYTES] = {0},
                         ones[KR_SAS_CODE_BYTES] = {255, 255, 255, 255, 255, 255};
    static const uint8_t some[KR_SAS_CODE_BYTES] = {0x04, 0x20, 0xc4, 0x14, 0x61, 0xc0};
    struct kr_sas_code c = kr_sas_code(zeros);
    assert_int_equal(c.emoji[6], 0);
    assert_int_equal(c.numbers[0], 1000);
    c = kr_sas_code(ones);
    assert_int_equal(c.emoji[6], 63);
    assert_int_equal(c.numbers[2], 9191);
    c = kr_sas_code(some); /* 1, 2, 3, 4, 5, 6, 7 in six bits each */
    for (unsigned i = 0; i < KR_SAS_EMOJI; i++)
        assert_int_equal(c.emoji[i], i + 1);
    assert_int_equal(c.numbers[0], 1000 + (0x04 << 5 | 0x20 >> 3));
    assert_int_equal(c.numbers[1], 1000 + ((0x20 & 7) << 10 | 0xc4 << 2 | 0x14 >> 6));
    assert_int_equal(c.numbers[2], 1000 + ((0x14 & 63) << 7 | 0x61 >> 1));
}

static void test_table(void **state)
{
    (void)state;
    for (unsigned n = 0; n < KR_SAS_TABLE; n++) {
        uint8_t i = (uint8_t)n;
        assert_true(kr_utf8_plain(kr_sas_emoji_picture(i), 8));
        assert_true(strlen(kr_sas_emoji_picture(i)) >= 3);
        for (uint8_t k = 0; k < i; k++) {
            assert_string_not_equal(kr_sas_emoji_picture(i), kr_sas_emoji_picture(k));
            assert_string_not_equal(kr_sas_emoji_name(i), kr_sas_emoji_name(k));
        }
    }
    assert_string_equal(kr_sas_emoji_name(0), "Dog");
    assert_string_equal(kr_sas_emoji_name(34), "Spanner");
    assert_string_equal(kr_sas_emoji_name(63), "Pin");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_reasons), cmocka_unit_test(test_code),
                                       cmocka_unit_test(test_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
