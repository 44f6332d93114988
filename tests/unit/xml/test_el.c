#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limit.h"
#include "parse/text.h"
#include "xml/ns.h"

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

static void test_tree(void **state)
{
    (void)state;
    struct kr_el *el =
        parse("<a xmlns='urn:keyroom:1' xml:lang='de'>x<b n='1'/>y<c xmlns='u'/><b n='2'>z</b></a>");
    assert_true(kr_el_is(el, "a", KR_NS));
    assert_false(kr_el_is(el, "a", ""));
    assert_false(kr_el_is(el, "b", KR_NS));
    assert_string_equal(el->text, "xy");
    assert_int_equal(el->text_len, 2);
    assert_string_equal(kr_el_attr(el, "xml:lang"), "de");
    assert_null(kr_el_attr(el, "lang"));
    const struct kr_el *b = kr_el_child(el, "b", KR_NS);
    assert_string_equal(kr_el_attr(b, "n"), "1");
    assert_string_equal(b->text, "");
    b = kr_el_next(b, "b", KR_NS);
    assert_string_equal(b->text, "z");
    assert_null(kr_el_next(b, "b", KR_NS));
    assert_null(kr_el_child(el, "c", KR_NS));
    assert_non_null(kr_el_child(el, "c", "u"));
    assert_string_equal(parse("<a/>")->ns, "");
}

static void test_u64(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        uint64_t max, want;
        int err;
    } cases[] = {
        {"0", 9, 0, 0},
        {"10", 10, 10, 0},
        {"11", 10, 0, KR_E_MALFORMED},
        {"18446744073709551615", UINT64_MAX, UINT64_MAX, 0},
        {"18446744073709551616", UINT64_MAX, 0, KR_E_MALFORMED},
        {"99999999999999999999", UINT64_MAX, 0, KR_E_MALFORMED},
        {"", 9, 0, KR_E_MALFORMED},
        {"00", 9, 0, KR_E_MALFORMED},
        {"01", 9, 0, KR_E_MALFORMED},
        {"+1", 9, 0, KR_E_MALFORMED},
        {"-1", 9, 0, KR_E_MALFORMED},
        {" 1", 9, 0, KR_E_MALFORMED},
        {"1 ", 9, 0, KR_E_MALFORMED},
        {"1a", 9, 0, KR_E_MALFORMED},
        {"1:", 99, 0, KR_E_MALFORMED},
        {"1/", 99, 0, KR_E_MALFORMED},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char xml[64];
        uint64_t v = 77;
        snprintf(xml, sizeof(xml), "<a n='%s'/>", cases[i].value);
        struct kr_el *el = parse(xml);
        assert_int_equal(kr_el_attr_u64(el, "n", cases[i].max, &v), cases[i].err);
        assert_true(v == (cases[i].err ? 77 : cases[i].want));
        assert_int_equal(kr_el_attr_u64(el, "m", 9, &v), KR_E_MALFORMED);
    }
}

static void test_typed(void **state)
{
    (void)state;
    struct kr_el *el = parse(
        "<a i='000102030405060708090a0b0c0d0e0f' u='000102030405060708090A0B0C0D0E0F' t='x' e='' "
        "long='abcd' ctl='a&#127;' k='AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' "
        "kt='AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB' t1='1' t0='0' tt='true' tf='false' tx='TRUE'/>");
    struct kr_id id = {{9}};
    struct kr_key key = {{9}};
    struct kr_digest digest;
    struct kr_sig sig;
    const char *text = "kept";
    bool b;
    assert_int_equal(kr_el_attr_id(el, "i", &id), 0);
    assert_int_equal(id.b[15], 15);
    assert_int_equal(kr_el_attr_id(el, "u", &id), KR_E_MALFORMED);
    assert_int_equal(kr_el_attr_id(el, "missing", &id), KR_E_MALFORMED);
    assert_int_equal(kr_el_attr_key(el, "k", &key), 0);
    assert_int_equal(key.b[0], 1);
    assert_int_equal(kr_el_attr_key(el, "kt", &key), KR_E_BAD_BASE64);
    assert_int_equal(kr_el_attr_key(el, "missing", &key), KR_E_MALFORMED);
    assert_int_equal(kr_el_attr_digest(el, "k", &digest), 0);
    assert_int_equal(kr_el_attr_digest(el, "missing", &digest), KR_E_MALFORMED);
    assert_int_equal(kr_el_attr_sig(el, "k", &sig), KR_E_BAD_BASE64);
    assert_int_equal(kr_el_attr_sig(el, "missing", &sig), KR_E_MALFORMED);
    assert_int_equal(kr_el_attr_text(el, "e", 9, false, &text), KR_E_MALFORMED);
    assert_int_equal(kr_el_attr_text(el, "long", 3, false, &text), KR_E_MALFORMED);
    assert_int_equal(kr_el_attr_text(el, "ctl", 9, false, &text), KR_E_MALFORMED);
    assert_int_equal(kr_el_attr_text(el, "missing", 9, true, &text), KR_E_MALFORMED);
    assert_string_equal(text, "kept");
    assert_int_equal(kr_el_attr_text(el, "long", 4, false, &text), 0);
    assert_string_equal(text, "abcd");
    assert_int_equal(kr_el_attr_text(el, "e", 9, true, &text), 0);
    static const char *const yes[] = {"t1", "tt"}, *const no[] = {"t0", "tf", "missing"};
    for (size_t i = 0; i < 2; i++)
        assert_true(kr_el_attr_bool(el, yes[i], &b) == 0 && b);
    for (size_t i = 0; i < 3; i++)
        assert_true(kr_el_attr_bool(el, no[i], &b) == 0 && !b);
    assert_int_equal(kr_el_attr_bool(el, "tx", &b), KR_E_MALFORMED);
}

/* open, count times middle, count times tail, end: the result of parsing that. */
static int parse_many(const char *open, size_t count, const char *middle, const char *tail, const char *end)
{
    struct kr_buf b;
    struct kr_el *el = NULL;
    kr_buf_init(&b, (size_t)4 * KR_STANZA_MAX);
    kr_buf_add_str(&b, open);
    for (size_t i = 0; i < count; i++) {
        kr_buf_add_str(&b, middle);
        if (middle[0] == ' ') /* an attribute: names differ */
            kr_buf_printf(&b, "a%zu=''", i);
    }
    for (size_t i = 0; tail && i < count; i++)
        kr_buf_add_str(&b, tail);
    kr_buf_add_str(&b, end);
    assert_int_equal(b.err, 0);
    int err = kr_el_parse(&arena, (const char *)b.ptr, b.len, &el);
    assert_true(err ? !el : el != NULL);
    kr_buf_done(&b);
    return err;
}

static void test_limits(void **state)
{
    (void)state;
    assert_int_equal(parse_many("", KR_XML_DEPTH_MAX, "<a>", "</a>", ""), 0);
    assert_int_equal(parse_many("", KR_XML_DEPTH_MAX + 1, "<a>", "</a>", ""), KR_E_TOO_LARGE);
    assert_int_equal(parse_many("<r>", KR_XML_CHILDREN_MAX - 1, "<a/>", NULL, "</r>"), 0);
    assert_int_equal(parse_many("<r>", KR_XML_CHILDREN_MAX, "<a/>", NULL, "</r>"), KR_E_TOO_LARGE);
    assert_int_equal(parse_many("<r", KR_XML_ATTRS_MAX, " ", NULL, "/>"), 0);
    assert_int_equal(parse_many("<r", KR_XML_ATTRS_MAX + 1, " ", NULL, "/>"), KR_E_TOO_LARGE);
    assert_int_equal(parse_many("<r>", KR_STANZA_MAX - 7, "x", NULL, "</r>"), 0);
    assert_int_equal(parse_many("<r>", KR_STANZA_MAX - 6, "x", NULL, "</r>"), KR_E_TOO_LARGE);
}

/* Whatever the arena's ceiling, the answer is a tree or an error. */
static void test_arena_ceiling(void **state)
{
    (void)state;
    static const char xml[] = "<a xmlns='urn:keyroom:1' b='c'><d e='f'>g</d>h</a>";
    bool refused = false, parsed = false;
    for (size_t max = 0; max < 2000; max += 8) {
        struct kr_arena small;
        struct kr_el *el = NULL;
        kr_arena_init(&small, max);
        int err = kr_el_parse(&small, xml, strlen(xml), &el);
        assert_true(err == 0 || err == KR_E_TOO_LARGE);
        assert_false(parsed && err);
        refused |= err != 0;
        parsed |= err == 0;
        kr_arena_done(&small);
    }
    assert_true(refused && parsed);
}

static void test_not_well_formed(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "x",
                                      "<a>",
                                      "<a></b>",
                                      "<a/><b/>",
                                      "<a b='1' b='2'/>",
                                      "<p:a/>",
                                      "<a>&e;</a>",
                                      "<!DOCTYPE a><a/>",
                                      "<!DOCTYPE a [<!ENTITY e 'eeee'>]><a>&e;</a>",
                                      "<a b='&#0;'/>",
                                      "<a>\xff</a>"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct kr_el *el = NULL;
        assert_int_equal(kr_el_parse(&arena, bad[i], strlen(bad[i]), &el), KR_E_MALFORMED);
        assert_null(el);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tree, setup, teardown),
        cmocka_unit_test_setup_teardown(test_u64, setup, teardown),
        cmocka_unit_test_setup_teardown(test_typed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arena_ceiling, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_well_formed, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
