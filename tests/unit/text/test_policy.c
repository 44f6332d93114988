#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "text/policy.h"

#define HEAD "keyroom:1:policy\nroom=r@c\n"
static const char good[] =
    HEAD "authorise=registered\napproval=owners\nsource=participants\nformat=sframe\nsuite=5\nrotate=900\n";

static int read_text(const char *text)
{
    struct kr_policy p = {.rotate_s = 77};
    int err = kr_policy_read(kr_span_str(text), "r@c", &p);
    if (err)
        assert_int_equal(p.rotate_s, 77);
    return err;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct kr_policy p;
    assert_int_equal(kr_policy_read(kr_span_str(good), "r@c", &p), 0);
    assert_int_equal(p.authorise, KR_AUTHORISE_REGISTERED);
    assert_int_equal(p.approval, KR_APPROVAL_OWNERS);
    assert_int_equal(p.source, KR_SOURCE_PARTICIPANTS);
    assert_int_equal(p.format, KR_FORMAT_SFRAME);
    assert_int_equal(p.suite, 5);
    assert_int_equal(p.rotate_s, 900);
    struct kr_buf b = kr_policy_text(&p, "r@c");
    assert_int_equal(b.len, strlen(good));
    assert_memory_equal(b.ptr, good, b.len);
    kr_buf_done(&b);
    struct kr_digest one = kr_policy_hash(&p, "r@c"), two = kr_policy_hash(&p, "s@c");
    assert_false(kr_digest_equal(&one, &two));
    b = kr_policy_text(&p, "r\n@c");
    assert_int_equal(b.err, KR_E_MALFORMED);
    kr_buf_done(&b);
    assert_int_equal(kr_policy_read(kr_span_str(good), "s@c", &p), KR_E_MALFORMED);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        HEAD "authorise=all\napproval=owners\nsource=participants\nformat=sframe\nsuite=5\nrotate=900\n",
        HEAD "authorise=\napproval=owners\nsource=participants\nformat=sframe\nsuite=5\nrotate=900\n",
        HEAD "authorise=members\napproval=me\nsource=participants\nformat=sframe\nsuite=5\nrotate=900\n",
        HEAD "authorise=members\napproval=owners\nsource=leader\nformat=sframe\nsuite=5\nrotate=900\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nformat=xframe\nsuite=5\nrotate=900\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nformat=sframe\nsuite=6\nrotate=900\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nformat=sframe\nsuite=0\nrotate=900\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nformat=jframe\nsuite=1\nrotate=900\n",
        HEAD
        "authorise=members\napproval=owners\nsource=participants\nformat=sframe\nsuite=65537\nrotate=900\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nformat=sframe\nsuite=05\nrotate=900\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nformat=sframe\nsuite=5\nrotate="
             "4294967296\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nformat=sframe\nsuite=5\nrotate=\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nformat=sframe\nsuite=5\nrotate=9x\n",
        HEAD "approval=owners\nauthorise=members\nsource=participants\nformat=sframe\nsuite=5\nrotate=900\n",
    };
    assert_int_equal(read_text(good), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(read_text(bad[i]), KR_E_MALFORMED);
}

static bool same(const struct kr_policy *a, const struct kr_policy *b)
{
    return a->authorise == b->authorise && a->approval == b->approval && a->source == b->source &&
           a->format == b->format && a->suite == b->suite && a->rotate_s == b->rotate_s;
}

/* Every single changed byte gives another policy or none, never the same one. */
static void test_mutations(void **state)
{
    (void)state;
    struct kr_policy original, p;
    assert_int_equal(kr_policy_read(kr_span_str(good), "r@c", &original), 0);
    char text[sizeof(good)];
    for (size_t i = 0; i < sizeof(good) - 1; i++) {
        for (int c = 0; c < 256; c++) {
            memcpy(text, good, sizeof(good));
            if (text[i] == (char)c)
                continue;
            text[i] = (char)c;
            if (kr_policy_read(kr_span(text, sizeof(text) - 1), "r@c", &p) == 0)
                assert_false(same(&p, &original));
        }
    }
    for (size_t len = 0; len < sizeof(good) - 1; len++)
        assert_int_equal(kr_policy_read(kr_span(good, len), "r@c", &p), KR_E_MALFORMED);
}

static void test_names(void **state)
{
    (void)state;
    enum kr_authorise v = KR_AUTHORISE_MEMBERS;
    assert_string_equal(kr_authorise_name(KR_AUTHORISE_OCCUPANTS), "occupants");
    assert_null(kr_authorise_name((enum kr_authorise)3));
    assert_null(kr_approval_name((enum kr_approval)2));
    assert_null(kr_source_name((enum kr_source)1));
    assert_null(kr_format_name((enum kr_format)2));
    assert_int_equal(kr_authorise_read(kr_span_str("occupantsx"), &v), KR_E_MALFORMED);
    assert_int_equal(kr_authorise_read(kr_span_str("occupant"), &v), KR_E_MALFORMED);
    assert_int_equal(v, KR_AUTHORISE_MEMBERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_mutations), cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
