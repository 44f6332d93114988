#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/limit.h"
#include "text/attest.h"

#define V    "verifier=00112233445566778899aabbccddeeff\n"
#define D    "device=ffeeddccbbaa99887766554433221100\n"
#define HEAD "keyroom:1:attest\n"
#define TAIL "room=r@c.example\nmethod=sas\nissued=1700000000\nexpires=1800000000\n"
static const char good[] = HEAD V "owner=bob@example.org\n" D TAIL;
static const char good_revoke[] =
    "keyroom:1:revoke\n" V "attestation=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nissued=1700000001\n";

static int read_text(const char *text, size_t len)
{
    struct kr_arena arena;
    struct kr_attest_text t = {.issued_s = 77};
    kr_arena_init(&arena, KR_TEXT_MAX);
    int err = kr_attest_read(kr_span(text, len), &arena, &t);
    if (err)
        assert_int_equal(t.issued_s, 77);
    kr_arena_done(&arena);
    return err;
}

static void test_attest(void **state)
{
    (void)state;
    struct kr_arena arena;
    struct kr_attest_text t;
    kr_arena_init(&arena, KR_TEXT_MAX);
    assert_int_equal(kr_attest_read(kr_span_str(good), &arena, &t), 0);
    assert_string_equal(t.owner, "bob@example.org");
    assert_string_equal(t.room, "r@c.example");
    assert_int_equal(t.verifier.b[1], 0x11);
    assert_int_equal(t.device.b[1], 0xee);
    assert_int_equal(t.issued_s, 1700000000);
    assert_int_equal(t.expires_s, 1800000000);
    struct kr_buf b = kr_attest_text(&t);
    assert_int_equal(b.len, strlen(good));
    assert_memory_equal(b.ptr, good, b.len);
    kr_buf_done(&b);
    kr_arena_done(&arena);
    static const char guest[] = HEAD V "owner=\n" D "room=*\nmethod=sas\nissued=0\nexpires=253402300799\n";
    assert_int_equal(read_text(guest, strlen(guest)), 0);
}

static void test_attest_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        HEAD "verifier=00112233445566778899AABBCCDDEEFF\nowner=\n" D TAIL,
        HEAD V "owner=\ndevice=00112233445566778899aabbccddeeff\n" TAIL, /* itself */
        HEAD V "owner=\n" D "room=\nmethod=sas\nissued=1\nexpires=2\n",
        HEAD V "owner=\n" D "room=r@c\nmethod=voice\nissued=1\nexpires=2\n",
        HEAD V "owner=\n" D "room=r@c\nmethod=\nissued=1\nexpires=2\n",
        HEAD V "owner=\n" D "room=r@c\nmethod=sas\nissued=2\nexpires=2\n",
        HEAD V "owner=\n" D "room=r@c\nmethod=sas\nissued=3\nexpires=2\n",
        HEAD V "owner=\n" D "room=r@c\nmethod=sas\nissued=01\nexpires=2\n",
        HEAD V "owner=\n" D "room=r@c\nmethod=sas\nissued=\nexpires=2\n",
        HEAD V "owner=\n" D "room=r@c\nmethod=sas\nissued=-1\nexpires=2\n",
        HEAD V "owner=\n" D "room=r@c\nmethod=sas\nissued=1\nexpires=253402300800\n",
        HEAD V "owner=\n" D "room=r@c\nmethod=sas\nissued=1\nexpires=18446744073709551617\n",
        HEAD V "owner=a\tb\n" D TAIL,
        HEAD D "owner=\n" V TAIL,
        HEAD V D "owner=\n" TAIL,
        HEAD V "owner=\n" D TAIL "more=1\n",
        "keyroom:1:revoke\n" V "owner=\n" D TAIL};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (read_text(bad[i], strlen(bad[i])) != KR_E_MALFORMED)
            fail_msg("case %zu was read", i);
    }
    for (size_t len = 0; len < strlen(good); len++)
        assert_int_equal(read_text(good, len), KR_E_MALFORMED);
}

static void test_attest_unfit(void **state)
{
    (void)state;
    static char longer[KR_JID_MAX + 2];
    memset(longer, 'a', sizeof(longer) - 1);
    const struct kr_attest_text fine = {
        .owner = "", .device = {{1}}, .room = "r@c", .method = KR_ATTEST_SAS, .issued_s = 1, .expires_s = 2};
    struct kr_attest_text cases[] = {fine, fine, fine, fine};
    cases[0].room = longer;
    cases[1].owner = longer;
    cases[2].owner = "a\nroom=*";
    cases[3].method = (enum kr_attest_method)7;
    for (size_t i = 0; i < 4; i++) {
        struct kr_buf b = kr_attest_text(&cases[i]);
        assert_int_equal(b.err, KR_E_MALFORMED);
        kr_buf_done(&b);
    }
}

static void test_revoke(void **state)
{
    (void)state;
    struct kr_revoke_text t = {.issued_s = 77};
    for (size_t len = 0; len < strlen(good_revoke); len++)
        assert_int_equal(kr_revoke_read(kr_span(good_revoke, len), &t), KR_E_MALFORMED);
    static const char *const bad[] = {
        "keyroom:1:revoke\n" V "attestation=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\nissued=1\n",
        "keyroom:1:revoke\n" V "attestation=AQAA\nissued=1\n",
        "keyroom:1:revoke\n" V "attestation=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nissued=00\n",
        "keyroom:1:revoke\n" V
        "attestation=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nissued=999999999999\n",
        "keyroom:1:attest\n" V "attestation=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nissued=1\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(kr_revoke_read(kr_span_str(bad[i]), &t), KR_E_MALFORMED);
    assert_int_equal(t.issued_s, 77);
    assert_int_equal(kr_revoke_read(kr_span_str(good_revoke), &t), 0);
    assert_int_equal(t.attestation.b[0], 1);
    struct kr_buf b = kr_revoke_text(&t);
    assert_int_equal(b.len, strlen(good_revoke));
    assert_memory_equal(b.ptr, good_revoke, b.len);
    kr_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_attest), cmocka_unit_test(test_attest_refused),
                                       cmocka_unit_test(test_attest_unfit), cmocka_unit_test(test_revoke)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
