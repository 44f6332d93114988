#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limit.h"
#include "message/stanza.h"
#include "parse/text.h"

static struct kr_arena arena;

static int setup(void **state)
{
    (void)state;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kr_arena_done(&arena);
    return 0;
}

static struct kr_el *parse(const char *xml)
{
    struct kr_el *el = NULL;
    assert_int_equal(kr_el_parse(&arena, xml, strlen(xml), &el), 0);
    return el;
}

static void assert_reply(char *got, const char *want)
{
    if (want)
        assert_string_equal(got, want);
    else
        assert_null(got);
    free(got);
}

#define STANZAS "urn:ietf:params:xml:ns:xmpp-stanzas"

static void test_replies(void **state)
{
    (void)state;
    struct kr_el *iq = parse("<iq xmlns='jabber:client' type='get' from='a@b/c' to='s' id='&lt;1'/>");
    assert_reply(
        kr_error_reply(iq, KR_E_QUOTA, "a<b"),
        "<iq type='error' from='s' to='a@b/c' id='&lt;1'><error type='wait'><policy-violation xmlns='" STANZAS
        "'/><text xmlns='" STANZAS "'>over the quota: try later: a&lt;b</text><quota "
        "xmlns='urn:keyroom:1:errors'/></error></iq>");
    assert_reply(kr_error_reply(iq, KR_E_STORE, "the disk's name"),
                 "<iq type='error' from='s' to='a@b/c' id='&lt;1'><error type='wait'><internal-server-error "
                 "xmlns='" STANZAS "'/></error></iq>");
    assert_reply(kr_empty_result(iq), "<iq type='result' from='s' to='a@b/c' id='&lt;1'/>");
    /* What XML cannot carry is left out, and the reply goes out all the same. */
    char *plain = kr_error_reply(iq, KR_E_QUOTA, NULL);
    assert_reply(kr_error_reply(iq, KR_E_QUOTA, "a\x01"), plain);
    free(plain);
    struct kr_el *m = parse("<message from='a@b/c'/>");
    assert_reply(kr_error_reply(m, KR_E_STORE, NULL),
                 "<message type='error' to='a@b/c'><error type='wait'>"
                 "<internal-server-error xmlns='" STANZAS "'/></error></message>");
    assert_reply(kr_empty_result(m), NULL);
    static const char *const never[] = {"<iq type='error' from='a'/>", "<iq type='result' from='a'/>",
                                        "<iq type='get'/>", "<x type='get' from='a'/>"};
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
        assert_reply(kr_error_reply(parse(never[i]), KR_E_QUOTA, NULL), NULL);
        assert_reply(kr_empty_result(parse(never[i])), NULL);
    }
}

/* Every refusal that is told is understood. */
static void test_errors_read(void **state)
{
    (void)state;
    struct kr_el *iq = parse("<iq type='set' from='a@b/c'/>");
    for (int err = -1000; err >= -1026; err--) {
        assert_true(kr_err_is_refusal(err));
        char *reply = kr_error_reply(iq, err, NULL);
        struct kr_el *el = parse(reply);
        assert_int_equal(kr_error_read(el), err);
        assert_string_equal(kr_error_condition(el), kr_err_stanza(err).condition);
        free(reply);
    }
    static const struct {
        const char *xml, *condition;
    } foreign[] = {
        {"<iq type='error'/>", ""},
        {"<iq type='error'><error/></iq>", ""},
        {"<iq type='error'><error><gone xmlns='" STANZAS "'/></error></iq>", "gone"},
        {"<iq type='error'><error><text xmlns='" STANZAS "'/><gone xmlns='" STANZAS "'/></error></iq>",
         "gone"},
        {"<iq type='error'><error><quota xmlns='urn:other'/></error></iq>", ""},
        {"<iq type='error'><error><nonsense xmlns='urn:keyroom:1:errors'/></error></iq>", ""},
    };
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        assert_int_equal(kr_error_read(parse(foreign[i].xml)), KR_E_INTERNAL);
        assert_string_equal(kr_error_condition(parse(foreign[i].xml)), foreign[i].condition);
    }
}

static void test_starts(void **state)
{
    (void)state;
    struct kr_xml x;
    kr_xml_init(&x, 999);
    kr_iq_start(&x, "get", "a", "b", "c");
    kr_xml_end(&x);
    kr_message_start(&x, NULL, NULL, "b");
    kr_xml_end(&x);
    assert_reply(kr_xml_take(&x), "<iq type='get' from='a' to='b' id='c'/><message to='b'/>");
}

static bool long_jid(size_t local, size_t domain, size_t resource)
{
    struct kr_buf b;
    kr_buf_init(&b, 8192);
    for (size_t i = 0; i < local; i++)
        kr_buf_add_str(&b, "l");
    if (local)
        kr_buf_add_str(&b, "@");
    for (size_t i = 0; i < domain; i++)
        kr_buf_add_str(&b, "d");
    if (resource)
        kr_buf_add_str(&b, "/");
    for (size_t i = 0; i < resource; i++)
        kr_buf_add_str(&b, "r");
    char *jid = kr_buf_take_str(&b);
    bool valid = kr_jid_valid(jid);
    free(jid);
    return valid;
}

static void test_jids(void **state)
{
    (void)state;
    static const char *const good[] = {"d",       "l@d",     "d/r", "l@d/r",
                                       "l@d/r/s", "l@d/a@b", "d/@", "\xc3\xa9@\xc3\xa9/\xf0\x9f\x94\x91"};
    static const char *const bad[] = {"",      "@d",    "l@",      "l@/r", "/r", "d/", "l@d/",
                                      "a@b@c", "l@d\n", "l\x01@d", "\xff", "@",  "/"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(kr_jid_valid(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(kr_jid_valid(bad[i]));
    assert_true(long_jid(1023, 1023, 1023));
    assert_false(long_jid(1024, 1, 1));
    assert_false(long_jid(1, 1024, 1));
    assert_false(long_jid(0, 1024, 0));
    assert_false(long_jid(1, 1, 1024));
    assert_string_equal(kr_jid_resource("l@d/r/s"), "r/s");
    assert_string_equal(kr_jid_resource("l@d"), "");
    assert_string_equal(kr_jid_bare(&arena, "l@d/a@b"), "l@d");
    assert_string_equal(kr_jid_domain(&arena, "l@d/a@b"), "d");
    assert_string_equal(kr_jid_domain(&arena, "d/a@b"), "d");
    assert_true(kr_jid_same_bare("l@d/a", "l@d/b"));
    assert_true(kr_jid_same_bare("l@d", "l@d/b"));
    assert_false(kr_jid_same_bare("l@d", "l@dd/b"));
    assert_false(kr_jid_same_bare("L@d", "l@d"));
}

static void test_glob(void **state)
{
    (void)state;
    static const struct {
        const char *glob, *text;
        bool match;
    } cases[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "abc", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"a*", "a", true},
        {"a*", "b", false},
        {"*a", "bca", true},
        {"*a", "bcab", false},
        {"a*b*c", "aXbYc", true},
        {"a*b*c", "aXcYb", false},
        {"*ab*", "aab", true},
        {"*ab", "aaab", true},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"**", "x", true},
        {"*@c.example", "r@c.example", true},
        {"*@c.example", "r@c.example.evil", false},
        {"[a]", "a", false},
        {"[a]", "[a]", true},
        {"a", "A", false},
        {"*?", "", false},
        {"*?", "x", true},
        {"a*", "", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(kr_glob_match(cases[i].glob, cases[i].text), cases[i].match);
    char text[20001];
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_false(
        kr_glob_match("a*a*a*a*a*a*a*a*b", text)); /* would not end here if it backtracked into every star */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_replies, setup, teardown),
                                       cmocka_unit_test_setup_teardown(test_errors_read, setup, teardown),
                                       cmocka_unit_test_setup_teardown(test_jids, setup, teardown),
                                       cmocka_unit_test(test_starts), cmocka_unit_test(test_glob)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
