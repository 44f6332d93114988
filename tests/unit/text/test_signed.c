#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "text/signed.h"

static void assert_err(struct kr_buf b, int err)
{
    assert_int_equal(b.err, err);
    kr_buf_done(&b);
}

/* The bytes of the texts are in tests/vectors; here is what may not be signed. */
static void test_refused(void **state)
{
    (void)state;
    struct kr_attach_text a = {.room = "r@c", .participant = "p", .owner = ""};
    struct kr_attach_text forged = a;
    assert_err(kr_attach_text(&a), 0);
    forged.room = "r@c\ninstance=0";
    assert_err(kr_attach_text(&forged), KR_E_MALFORMED);
    forged = a;
    forged.participant = "p\nowner=x";
    assert_err(kr_attach_text(&forged), KR_E_MALFORMED);
    forged = a;
    forged.owner = "\xc2\x85";
    assert_err(kr_attach_text(&forged), KR_E_MALFORMED);
    struct kr_sealed_text s = {.room = "r@c", .round = KR_ROUND_1};
    assert_err(kr_sealed_text(&s), 0);
    s.room = "\n";
    assert_err(kr_sealed_text(&s), KR_E_MALFORMED);
}

static void test_every_field_counts(void **state)
{
    (void)state;
    struct kr_key_text a = {.kind = KR_KEY_ONE_TIME}, b = {.kind = KR_KEY_FALLBACK};
    struct kr_buf x = kr_key_text(&a), y = kr_key_text(&b);
    assert_true(x.len == y.len && memcmp(x.ptr, y.ptr, x.len) != 0);
    kr_buf_done(&y);
    unsigned char *const fields[] = {&a.key.b[31], &a.device.b[15], &a.attach.b[15]};
    for (size_t i = 0; i < 3; i++) {
        *fields[i] ^= 1;
        y = kr_key_text(&a);
        assert_true(x.len == y.len && memcmp(x.ptr, y.ptr, x.len) != 0);
        kr_buf_done(&y);
        *fields[i] ^= 1;
    }
    kr_buf_done(&x);
}

static void test_recipients(void **state)
{
    (void)state;
    struct kr_id ids[2] = {{{1}}, {{2}}}, swapped[2] = {{{2}}, {{1}}};
    struct kr_digest none = kr_recipients_digest(NULL, 0), one = kr_recipients_digest(ids, 1),
                     two = kr_recipients_digest(ids, 2), other = kr_recipients_digest(swapped, 2);
    assert_false(kr_digest_equal(&none, &one));
    assert_false(kr_digest_equal(&one, &two));
    assert_false(kr_digest_equal(&two, &other));
    assert_string_equal(kr_round_name((enum kr_round)9), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_every_field_counts),
                                       cmocka_unit_test(test_recipients)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
