#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limit.h"
#include "parse/text.h"
#include "xml/build.h"
#include "xml/ns.h"

static void test_shape(void **state)
{
    (void)state;
    struct kr_xml x;
    kr_xml_init(&x, 1024);
    kr_xml_start(&x, "a", KR_NS);
    kr_xml_attr(&x, "none", NULL);
    kr_xml_attr_u64(&x, "n", UINT64_MAX);
    kr_xml_attr_bool(&x, "yes", true);
    kr_xml_attr_bool(&x, "no", false);
    kr_xml_start(&x, "b", NULL);
    kr_xml_end(&x);
    kr_xml_start(&x, "c", NULL);
    kr_xml_b64(&x, kr_span("\xff\xfe", 2));
    kr_xml_end(&x);
    size_t before = kr_xml_len(&x);
    kr_xml_end(&x);
    assert_int_equal(kr_xml_len(&x), before + strlen("</a>"));
    char *s = kr_xml_take(&x);
    assert_string_equal(s, "<a xmlns='urn:keyroom:1' n='18446744073709551615' yes='true'><b/><c>//4</c></a>");
    free(s);
}

static void test_typed(void **state)
{
    (void)state;
    struct kr_xml x;
    struct kr_id id = {{0xab}};
    struct kr_key key = {{1}};
    struct kr_digest digest = {{2}};
    struct kr_sig sig = {{3}};
    kr_xml_init(&x, 1024);
    kr_xml_start(&x, "a", NULL);
    kr_xml_attr_id(&x, "i", &id);
    kr_xml_attr_key(&x, "k", &key);
    kr_xml_attr_digest(&x, "d", &digest);
    kr_xml_attr_sig(&x, "s", &sig);
    kr_xml_end(&x);
    char *s = kr_xml_take(&x);
    assert_string_equal(
        s, "<a i='ab000000000000000000000000000000' k='AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'"
           " d='AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'"
           " s='AwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'/>");
    free(s);
}

/* What is written is read back as the same value by a parser that we did not write. */
static void test_escaping(void **state)
{
    (void)state;
    static const char *const values[] = {"",      "'\"<>&", "]]>", "a\tb\nc\rd", "\xc3\xa9\xf0\x9f\x94\x91",
                                         "&amp;", "<!--"};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct kr_xml x;
        kr_xml_init(&x, 1024);
        kr_xml_start(&x, "a", NULL);
        kr_xml_attr(&x, "v", values[i]);
        kr_xml_text(&x, values[i]);
        kr_xml_end(&x);
        char *s = kr_xml_take(&x);
        assert_non_null(s);
        struct kr_arena arena;
        struct kr_el *el = NULL;
        kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
        assert_int_equal(kr_el_parse(&arena, s, strlen(s), &el), 0);
        assert_string_equal(kr_el_attr(el, "v"), values[i]);
        assert_string_equal(el->text, values[i]);
        kr_arena_done(&arena);
        free(s);
    }
}

static char *with_value(const char *value, bool as_text)
{
    struct kr_xml x;
    kr_xml_init(&x, 1024);
    kr_xml_start(&x, "a", NULL);
    if (as_text)
        kr_xml_text(&x, value);
    else
        kr_xml_attr(&x, "v", value);
    kr_xml_end(&x);
    return kr_xml_take(&x);
}

static void test_impossible_characters(void **state)
{
    (void)state;
    static const char *const bad[] = {"\x01", "a\x08", "\x0b", "\x1f", "\xef\xbf\xbe", "x\xef\xbf\xbf"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_null(with_value(bad[i], false));
        assert_null(with_value(bad[i], true));
    }
    char *s = with_value("\xef\xbf\xbd", true); /* the neighbour of those that XML forbids */
    assert_non_null(s);
    free(s);
}

static void test_ceiling(void **state)
{
    (void)state;
    struct kr_xml x;
    for (size_t max = 0; max <= 4; max++) {
        kr_xml_init(&x, max);
        kr_xml_start(&x, "a", NULL);
        kr_xml_end(&x);
        char *s = kr_xml_take(&x);
        if (max < 4)
            assert_null(s);
        else
            assert_string_equal(s, "<a/>");
        free(s);
    }
}

static void test_open_element(void **state)
{
    (void)state;
    struct kr_xml x;
    kr_xml_init(&x, 100);
    kr_xml_start(&x, "a", NULL);
    kr_xml_start(&x, "b", NULL);
    kr_xml_end(&x);
    assert_null(kr_xml_take(&x));
}

static void test_stanza_namespaces(void **state)
{
    (void)state;
    assert_true(kr_ns_is_stanza(KR_NS_CLIENT));
    assert_true(kr_ns_is_stanza(KR_NS_COMPONENT));
    assert_false(kr_ns_is_stanza(KR_NS));
    assert_false(kr_ns_is_stanza(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shape),
                                       cmocka_unit_test(test_typed),
                                       cmocka_unit_test(test_escaping),
                                       cmocka_unit_test(test_ceiling),
                                       cmocka_unit_test(test_open_element),
                                       cmocka_unit_test(test_stanza_namespaces),
                                       cmocka_unit_test(test_impossible_characters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
