#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <olm/olm.h>
#include <olm/sas.h>

#include "base/base64.h"
#include "verify/sas_crypto.h"

/* libolm's SAS, as a browser has it, comes to the same code and MACs. */
static void test_as_libolm(void **state)
{
    (void)state;
    struct kr_secret ours = KR_SECRET_NONE, shared = KR_SECRET_NONE;
    struct kr_sas_subject subject = {
        .room = "r@c.example", .initiator = {.owner = "alice@example.org"}, .responder = {.owner = ""}};
    memset(subject.initiator.ed25519.b, 3, 32);
    memset(subject.initiator.curve25519.b, 4, 32);
    OlmSAS *sas = olm_sas(malloc(olm_sas_size()));
    uint8_t random[32];
    char text[64] = "", mac[64] = "";
    memset(random, 7, sizeof(random));
    assert_int_equal(olm_create_sas_random_length(sas), sizeof(random));
    assert_int_not_equal(olm_create_sas(sas, random, sizeof(random)), olm_error());
    assert_int_not_equal(olm_sas_get_pubkey(sas, text, olm_sas_pubkey_length(sas)), olm_error());
    assert_int_equal(kr_key_read(text, &subject.responder_key), 0);

    kr_secret_alloc(&ours, 32);
    memset(ours.ptr, 9, 32);
    subject.initiator_key = kr_sas_public(&ours);
    kr_key_write(text, &subject.initiator_key);
    assert_int_not_equal(olm_sas_set_their_key(sas, text, KR_B64_LEN(32)), olm_error());
    assert_true(kr_sas_agree(&ours, &subject.responder_key, &shared));

    uint8_t bytes[KR_SAS_CODE_BYTES];
    struct kr_buf info = kr_sas_info(&subject);
    assert_int_not_equal(olm_sas_generate_bytes(sas, info.ptr, info.len, bytes, sizeof(bytes)), olm_error());
    struct kr_sas_code got, want = kr_sas_code(bytes);
    assert_int_equal(kr_sas_derive(&shared, &subject, &got), 0);
    assert_memory_equal(got.emoji, want.emoji, sizeof(want.emoji));
    assert_memory_equal(got.numbers, want.numbers, sizeof(want.numbers));

    struct kr_digest ed25519, curve25519, subject_digest = kr_sas_subject_digest(&subject);
    assert_int_equal(kr_sas_macs(&shared, &subject, true, &ed25519, &curve25519), 0);
    static const char *const names[] = {"ed25519", "curve25519"};
    for (size_t i = 0; i < 2; i++) {
        struct kr_buf mac_info =
            kr_sas_mac_info(&subject_digest, &subject.initiator, &subject.responder, names[i]);
        kr_key_write(text, i ? &subject.initiator.curve25519 : &subject.initiator.ed25519);
        assert_int_not_equal(olm_sas_calculate_mac_fixed_base64(sas, text, strlen(text), mac_info.ptr,
                                                                mac_info.len, mac, olm_sas_mac_length(sas)),
                             olm_error());
        kr_digest_write(text, i ? &curve25519 : &ed25519);
        assert_string_equal(mac, text);
        kr_buf_done(&mac_info);
    }
    kr_buf_done(&info);
    olm_clear_sas(sas);
    free(sas);
    kr_secret_done(&ours);
    kr_secret_done(&shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_libolm)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
