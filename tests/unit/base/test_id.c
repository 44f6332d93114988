#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/id.h"

static void test_id(void **state)
{
    (void)state;
    struct kr_id id, back;
    char text[KR_ID_TEXT];
    for (unsigned i = 0; i < 16; i++)
        id.b[i] = (uint8_t)(i * 17);
    kr_id_write(text, &id);
    assert_string_equal(text, "00112233445566778899aabbccddeeff");
    assert_int_equal(kr_id_read(text, &back), 0);
    assert_true(kr_id_equal(&id, &back));
    back.b[15] ^= 1;
    assert_false(kr_id_equal(&id, &back));
}

static void test_id_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "00112233445566778899aabbccddeef",
        "00112233445566778899aabbccddeeff0",
        "00112233445566778899AABBCCDDEEFF",
        "00112233445566778899aabbccddeefg",
        "0011223344556677 899aabbccddeeff",
        "00:1223344556677889aabbccddeeff0",
    };
    struct kr_id id = {{9}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(kr_id_read(bad[i], &id), KR_E_MALFORMED);
        assert_int_equal(id.b[0], 9);
    }
}

static void test_keys_and_signatures(void **state)
{
    (void)state;
    struct kr_key key, key2;
    struct kr_digest d, d2;
    struct kr_sig sig, sig2;
    char text[KR_KEY_TEXT], long_text[KR_SIG_TEXT];
    memset(key.b, 0xfb, sizeof(key.b));
    memset(d.b, 1, sizeof(d.b));
    memset(sig.b, 0xff, sizeof(sig.b));
    kr_key_write(text, &key);
    assert_int_equal(strlen(text), KR_KEY_TEXT - 1);
    assert_string_equal(text, "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s");
    assert_int_equal(kr_key_read(text, &key2), 0);
    assert_true(kr_key_equal(&key, &key2));
    kr_digest_write(text, &d);
    assert_int_equal(kr_digest_read(text, &d2), 0);
    assert_true(kr_digest_equal(&d, &d2));
    kr_sig_write(long_text, &sig);
    assert_int_equal(strlen(long_text), KR_SIG_TEXT - 1);
    assert_int_equal(kr_sig_read(long_text, &sig2), 0);
    assert_memory_equal(sig.b, sig2.b, 64);
    assert_int_equal(kr_key_read(long_text, &key2), KR_E_BAD_BASE64);
    assert_int_equal(kr_sig_read(text, &sig2), KR_E_BAD_BASE64);
    assert_int_equal(kr_digest_read("", &d2), KR_E_BAD_BASE64);
    assert_true(kr_digest_equal(&d, &d2));
}

static void test_device_id(void **state)
{
    (void)state;
    struct kr_key ed, curve;
    char text[KR_ID_TEXT];
    for (unsigned i = 0; i < 32; i++) {
        ed.b[i] = (uint8_t)i;
        curve.b[i] = (uint8_t)(32 + i);
    }
    struct kr_id id = kr_device_id(&ed, &curve);
    kr_id_write(text, &id);
    assert_string_equal(text, "fdeab9acf3710362bd2658cdc9a29e8f"); /* SHA-256 of the bytes 0 to 63 */
    struct kr_id swapped = kr_device_id(&curve, &ed);
    assert_false(kr_id_equal(&id, &swapped));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_id),
        cmocka_unit_test(test_id_refused),
        cmocka_unit_test(test_keys_and_signatures),
        cmocka_unit_test(test_device_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
