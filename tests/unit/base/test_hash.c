#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "base/err.h"
#include "base/hash.h"

static struct kr_span unhex(uint8_t *out, const char *hex)
{
    size_t len = 0;
    assert_int_equal(sodium_hex2bin(out, 512, hex, strlen(hex), NULL, &len, NULL), 0);
    return kr_span(out, len);
}

static void assert_hex(struct kr_span got, const char *hex)
{
    uint8_t want[512];
    struct kr_span w = unhex(want, hex);
    assert_int_equal(got.len, w.len);
    assert_memory_equal(got.ptr, w.ptr, w.len);
}

/* RFC 5869 A.1 to A.3; A.1's input with SHA-512 and an empty IKM, made with Python's hmac. */
static const struct {
    enum kr_hkdf_hash hash;
    const char *ikm, *salt, *info, *prk, *okm;
} cases[] = {
    {KR_HKDF_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
     "f0f1f2f3f4f5f6f7f8f9", "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
     "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
    {KR_HKDF_SHA256,
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f3031323"
     "33435"
     "363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
     "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f9091929"
     "39495"
     "969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
     "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e"
     "3e4e5"
     "e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
     "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
     "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da32756"
     "00c2f"
     "09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"},
    {KR_HKDF_SHA256, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
     "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
     "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
    {KR_HKDF_SHA512, "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
     "f0f1f2f3f4f5f6f7f8f9",
     "665799823737ded04a88e47e54a5890bb2c3d247c7a4254a8e61350723590a26c36238127d8661b88cf80ef802d57e2f7cebcf1"
     "e00e0"
     "83848be19929c61b4237",
     "832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c1481579338da362cb8d9f925d7cbcce0dff7098769cf159"
     "59867"
     "d571c1715450cb530137be3fb62f3cf32b84feba8f1eb1b563e20d9749b8640b8264c4b69b14ad5199115e1d609c"},
    {KR_HKDF_SHA256, "", "73616c74", "696e666f",
     "379d7f7966f400cb6e3c0b2cca4bf8a2db03b8c81fef8020015b5a3103c30460",
     "7aac7b8120501c2c8e1ee50e6cde135361e99ceb9d8d406ac528b9e9175614c0"},
};

static void test_hkdf(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t ikm_bytes[512], salt_bytes[512], info_bytes[512];
        struct kr_secret ikm = KR_SECRET_NONE, prk = KR_SECRET_NONE, okm = KR_SECRET_NONE;
        struct kr_span s = unhex(ikm_bytes, cases[i].ikm);
        struct kr_span salt = unhex(salt_bytes, cases[i].salt), info = unhex(info_bytes, cases[i].info);
        size_t len = strlen(cases[i].okm) / 2;
        kr_secret_set(&ikm, s.ptr, s.len);
        assert_int_equal(kr_hkdf(cases[i].hash, &ikm, salt, info, len, &okm), 0);
        assert_hex(kr_secret_span(&okm), cases[i].okm);
        assert_int_equal(kr_hkdf_extract(cases[i].hash, &ikm, salt, &prk), 0);
        assert_hex(kr_secret_span(&prk), cases[i].prk);
        assert_int_equal(kr_hkdf_expand(cases[i].hash, &prk, info, len, &okm), 0);
        assert_hex(kr_secret_span(&okm), cases[i].okm);
        kr_secret_done(&ikm);
        kr_secret_done(&prk);
        kr_secret_done(&okm);
    }
}

/* A roster line may have thousands of bytes. */
static void test_hkdf_long_info(void **state)
{
    (void)state;
    uint8_t info[9000], key[32];
    struct kr_secret ikm = KR_SECRET_NONE, okm = KR_SECRET_NONE;
    memset(info, 'a', sizeof(info));
    memset(key, 7, sizeof(key));
    kr_secret_set(&ikm, key, sizeof(key));
    assert_int_equal(kr_hkdf(KR_HKDF_SHA256, &ikm, kr_span(NULL, 0), kr_span(info, sizeof(info)), 32, &okm),
                     0);
    assert_hex(kr_secret_span(&okm), "54548de12eabd893fcb3327fab68816d74e271bd635dbd7dd51ab8aeddf425e0");
    kr_secret_done(&ikm);
    kr_secret_done(&okm);
}

static void test_hkdf_refused(void **state)
{
    (void)state;
    struct kr_secret ikm = KR_SECRET_NONE, okm = KR_SECRET_NONE;
    kr_secret_set(&ikm, "key", 3);
    kr_secret_set(&okm, "kept", 4);
    struct kr_span none = kr_span(NULL, 0);
    assert_int_equal(kr_hkdf(KR_HKDF_SHA256, &ikm, none, none, (size_t)255 * 32 + 1, &okm), KR_E_CRYPTO);
    assert_memory_equal(okm.ptr, "kept", 4);
    assert_int_equal(kr_hkdf(KR_HKDF_SHA256, &ikm, none, none, (size_t)255 * 32, &okm), 0);
    assert_int_equal(okm.len, 255 * 32);
    assert_int_equal(kr_hkdf(KR_HKDF_SHA256, &ikm, none, none, 32, &ikm), 0); /* onto its own input */
    assert_memory_equal(ikm.ptr, okm.ptr, 32);
    kr_secret_done(&ikm);
    kr_secret_done(&okm);
}

/* FIPS 180-2 and RFC 4231 (cases 1, 2 and 6: a key longer than a block). */
static void test_sha256_hmac(void **state)
{
    (void)state;
    struct kr_digest d = kr_sha256(kr_span_str("abc"));
    assert_hex(kr_span(d.b, 32), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    d = kr_sha256(kr_span(NULL, 0));
    assert_hex(kr_span(d.b, 32), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    struct kr_secret key = KR_SECRET_NONE;
    uint8_t bytes[131];
    memset(bytes, 0x0b, 20);
    kr_secret_set(&key, bytes, 20);
    d = kr_hmac_sha256(&key, kr_span_str("Hi There"));
    assert_hex(kr_span(d.b, 32), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    kr_secret_set(&key, "Jefe", 4);
    d = kr_hmac_sha256(&key, kr_span_str("what do ya want for nothing?"));
    assert_hex(kr_span(d.b, 32), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(bytes, 0xaa, sizeof(bytes));
    kr_secret_set(&key, bytes, sizeof(bytes));
    d = kr_hmac_sha256(&key, kr_span_str("Test Using Larger Than Block-Size Key - Hash Key First"));
    assert_hex(kr_span(d.b, 32), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    kr_secret_done(&key);
}

/* RFC 7914 section 11; the third made with Python's hashlib. */
static void test_pbkdf2(void **state)
{
    (void)state;
    static const struct {
        const char *passphrase, *salt;
        uint32_t iterations;
        const char *key;
    } wanted[] = {
        {"passwd", "salt", 1,
         "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
         "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"},
        {"Password", "NaCl", 80000,
         "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
         "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d"},
        {"", "", 2, "97398411d6aea43a77acef92226ab8278d4db0668bd1d7a76a725f7680ac45c5"},
    };
    struct kr_secret passphrase = KR_SECRET_NONE, key = KR_SECRET_NONE, other = KR_SECRET_NONE;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        size_t len = strlen(wanted[i].key) / 2;
        struct kr_span salt = kr_span_str(wanted[i].salt);
        kr_secret_set(&passphrase, wanted[i].passphrase, strlen(wanted[i].passphrase));
        assert_int_equal(kr_pbkdf2_sha256(&passphrase, salt, wanted[i].iterations, len, &key), 0);
        assert_hex(kr_secret_span(&key), wanted[i].key);
    }
    kr_secret_done(&passphrase); /* no memory at all is the empty one too */
    assert_int_equal(kr_pbkdf2_sha256(&passphrase, kr_span(NULL, 0), 2, key.len, &other), 0);
    assert_true(kr_secret_equal(&key, &other));
    assert_int_equal(kr_pbkdf2_sha256(&key, kr_span_str("salt"), 1, 16, &key), 0); /* onto its own input */
    assert_int_equal(kr_pbkdf2_sha256(&other, kr_span_str("salt"), 1, 16, &other), 0);
    assert_int_equal(key.len, 16);
    assert_true(kr_secret_equal(&key, &other));
    kr_secret_done(&key);
    kr_secret_done(&other);
}

/* Figures of Python's hashlib. */
static void test_pbkdf2_sha512(void **state)
{
    (void)state;
    struct kr_secret passphrase = KR_SECRET_NONE, key = KR_SECRET_NONE;
    kr_secret_set(&passphrase, "Password", 8);
    assert_int_equal(kr_pbkdf2_sha512(&passphrase, kr_span_str("NaCl"), 1000, 64, &key), 0);
    assert_hex(kr_secret_span(&key), "770848fb6d2da0ab075635d163e49e6c000d5238141cc78e70751e4dfd200e55"
                                     "f5a8ac244ed118138dad44855153518a2469925754b0a69a4b8213def142405c");
    assert_int_equal(kr_pbkdf2_sha512(&passphrase, kr_span_str("NaCl"), 0, 64, &key), KR_E_CRYPTO);
    assert_int_equal(key.len, 64);
    kr_secret_done(&passphrase);
    kr_secret_done(&key);
}

static void test_pbkdf2_refused(void **state)
{
    (void)state;
    struct kr_secret passphrase = KR_SECRET_NONE, key = KR_SECRET_NONE;
    struct kr_span salt = kr_span_str("salt");
    kr_secret_set(&passphrase, "passphrase", 10);
    kr_secret_set(&key, "kept", 4);
    assert_int_equal(kr_pbkdf2_sha256(&passphrase, salt, 0, 32, &key), KR_E_CRYPTO);
    assert_int_equal(kr_pbkdf2_sha256(&passphrase, salt, UINT32_MAX, 32, &key), KR_E_CRYPTO);
    assert_int_equal(kr_pbkdf2_sha256(&passphrase, salt, 1, 0, &key), KR_E_CRYPTO);
    assert_int_equal(key.len, 4);
    assert_memory_equal(key.ptr, "kept", 4);
    kr_secret_done(&passphrase);
    kr_secret_done(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hkdf),          cmocka_unit_test(test_hkdf_long_info),
        cmocka_unit_test(test_hkdf_refused),  cmocka_unit_test(test_sha256_hmac),
        cmocka_unit_test(test_pbkdf2),        cmocka_unit_test(test_pbkdf2_refused),
        cmocka_unit_test(test_pbkdf2_sha512),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
