#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "text/policy.h"

#define HEAD     "keyroom:1:policy\nroom=r@c\n"
#define TAIL     "approval=owners\nsource=participants\nleader-above=0\nformat=sframe\nsuite=5\nrotate=900\n"
#define VERIFIED HEAD "authorise=verified\n" TAIL
static const char good[] = HEAD "authorise=registered\napproval=owners\nsource=participants\nleader-above="
                                "100\nformat=sframe\nsuite=5\nrotate=900\n";

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
    assert_int_equal(p.leader_above, 100);
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
        HEAD "authorise=all\napproval=owners\nsource=participants\nleader-above=100\nformat=sframe\nsuite="
             "5\nrotate=900\n",
        HEAD "authorise=\napproval=owners\nsource=participants\nleader-above=100\nformat=sframe\nsuite="
             "5\nrotate=900\n",
        HEAD "authorise=members\napproval=me\nsource=participants\nleader-above=100\nformat=sframe\nsuite="
             "5\nrotate=900\n",
        HEAD "authorise=members\napproval=owners\nsource=leaders\nleader-above=100\nformat=sframe\nsuite="
             "5\nrotate=900\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nleader-above=100\nformat="
             "xframe\nsuite=5\nrotate=900\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nleader-above=100\nformat="
             "sframe\nsuite=6\nrotate=900\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nleader-above=100\nformat="
             "sframe\nsuite=0\nrotate=900\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nleader-above=100\nformat="
             "jframe\nsuite=1\nrotate=900\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nleader-above=100\nformat="
             "sframe\nsuite=65537\nrotate=900\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nleader-above=100\nformat="
             "sframe\nsuite=05\nrotate=900\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nleader-above=100\nformat="
             "sframe\nsuite=5\nrotate="
             "4294967296\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nleader-above=100\nformat="
             "sframe\nsuite=5\nrotate=\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nleader-above=100\nformat="
             "sframe\nsuite=5\nrotate=9x\n",
        HEAD "authorise=members\napproval=owners\nsource=participants\nformat=sframe\nsuite=5\nrotate=900\n",
        HEAD
        "authorise=members\napproval=owners\nsource=participants\nleader-above=0100\nformat=sframe\nsuite="
        "5\nrotate=900\n",
        HEAD "approval=owners\nauthorise=members\nsource=participants\nleader-above=100\nformat="
             "sframe\nsuite=5\nrotate=900\n",
        VERIFIED "verified-by=owners\nverifiers=1\nverified-for=60\n",
        VERIFIED "verified-by=registered\nverifiers=0\nverified-for=60\n",
        VERIFIED "verified-by=registered\nverifiers=17\nverified-for=60\n",
        VERIFIED "verified-by=registered\nverifiers=01\nverified-for=60\n",
        VERIFIED "verified-by=owner\nverifiers=0\nverified-for=60\n",
        VERIFIED "verified-by=owners\nverifiers=0\nverified-for=0\n",
        VERIFIED "verified-by=owners\nverifiers=0\n",
        VERIFIED "",
        HEAD "authorise=members\n" TAIL "verified-by=owners\nverifiers=0\nverified-for=60\n",
    };
    assert_int_equal(read_text(good), 0);
    assert_int_equal(read_text(VERIFIED "verified-by=owners\nverifiers=0\nverified-for=60\n"), 0);
    assert_int_equal(read_text(VERIFIED "verified-by=registered\nverifiers=16\nverified-for=60\n"), 0);
    assert_int_equal(read_text(VERIFIED "verified-by=operator\nverifiers=0\nverified-for=31536000\n"), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(read_text(bad[i]), KR_E_MALFORMED);
}

static bool same(const struct kr_policy *a, const struct kr_policy *b)
{
    return a->authorise == b->authorise && a->approval == b->approval && a->source == b->source &&
           a->leader_above == b->leader_above && a->format == b->format && a->suite == b->suite &&
           a->rotate_s == b->rotate_s;
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

static void test_what_a_policy_allows(void **state)
{
    (void)state;
    struct kr_policy p = {.source = KR_SOURCE_PARTICIPANTS};
    assert_true(kr_policy_allows(&p, KR_SOURCE_PARTICIPANTS));
    assert_false(kr_policy_allows(&p, KR_SOURCE_LEADER));
    p.leader_above = 1;
    assert_true(kr_policy_allows(&p, KR_SOURCE_LEADER));
    assert_false(kr_policy_allows(&p, KR_SOURCE_SERVICE));
    assert_false(kr_policy_allows(&p, KR_SOURCE_PASSPHRASE));
    p.source = KR_SOURCE_LEADER;
    assert_false(kr_policy_allows(&p, KR_SOURCE_PARTICIPANTS));
}

static void test_sets_of_sources(void **state)
{
    (void)state;
    unsigned set = 99;
    static const char *const bad[] = {"", " ", "leader ", " leader", "leader  service", "leader leader", "x"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(kr_sources_read(bad[i], &set), KR_E_MALFORMED);
    assert_int_equal(set, 99);
    assert_int_equal(kr_sources_read("service participants", &set), 0);
    assert_int_equal(set, KR_SOURCE_BIT(KR_SOURCE_PARTICIPANTS) | KR_SOURCE_BIT(KR_SOURCE_SERVICE));
    struct kr_buf b = kr_sources_write(set);
    assert_int_equal(b.len, strlen("participants service"));
    assert_memory_equal(b.ptr, "participants service", b.len);
    kr_buf_done(&b);
}

static void test_names(void **state)
{
    (void)state;
    enum kr_authorise v = KR_AUTHORISE_MEMBERS;
    assert_string_equal(kr_authorise_name(KR_AUTHORISE_OCCUPANTS), "occupants");
    assert_null(kr_authorise_name((enum kr_authorise)4));
    assert_null(kr_approval_name((enum kr_approval)2));
    assert_null(kr_source_name((enum kr_source)KR_SOURCES));
    assert_null(kr_format_name((enum kr_format)2));
    assert_int_equal(kr_authorise_read(kr_span_str("occupantsx"), &v), KR_E_MALFORMED);
    assert_int_equal(kr_authorise_read(kr_span_str("occupant"), &v), KR_E_MALFORMED);
    assert_int_equal(v, KR_AUTHORISE_MEMBERS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip),
                                       cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_mutations),
                                       cmocka_unit_test(test_names),
                                       cmocka_unit_test(test_what_a_policy_allows),
                                       cmocka_unit_test(test_sets_of_sources)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
