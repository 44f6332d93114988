#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "base/limit.h"
#include "load/tree.h"

static int parse(struct kr_arena *arena, const char *text, const struct kr_el **ret_el)
{
    return kr_tree_parse(arena, text, strlen(text), "jabber:client", ret_el);
}

static void test_tree(void **state)
{
    (void)state;
    struct kr_arena arena;
    const struct kr_el *el = NULL;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    assert_int_equal(
        parse(&arena,
              "<message from='a&apos;b' xml:lang='en'><d xmlns='urn:x' n=\"1\">AB&lt;&amp;<e/>C</d>"
              "<f>&quot;</f></message>",
              &el),
        0);
    assert_true(kr_el_is(el, "message", "jabber:client"));
    assert_string_equal(kr_el_attr(el, "from"), "a'b");
    assert_string_equal(kr_el_attr(el, "xml:lang"), "en");
    const struct kr_el *d = kr_el_child(el, "d", "urn:x");
    assert_non_null(d);
    assert_string_equal(kr_el_attr(d, "n"), "1");
    assert_null(kr_el_attr(d, "xmlns"));
    assert_string_equal(d->text, "AB<&C");
    assert_int_equal(d->text_len, 5);
    assert_non_null(kr_el_child(d, "e", "urn:x"));
    assert_string_equal(kr_el_child(el, "f", "jabber:client")->text, "\"");
    kr_arena_done(&arena);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",         "x",          "<a>",         "<a></a><b/>",   "<a b></a>", "<a b='1></a>",
        "<a b=1/>", "<a>&x;</a>", "<a></a>tail", "<a b='&#1;'/>", "</a>"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct kr_arena arena;
        const struct kr_el *el = NULL;
        kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
        assert_int_not_equal(parse(&arena, bad[i], &el), 0);
        assert_null(el);
        kr_arena_done(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tree), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
