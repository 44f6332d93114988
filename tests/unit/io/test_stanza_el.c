#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limit.h"
#include "io/stanza_el.h"

static xmpp_ctx_t *ctx;
static struct kr_arena arena;

static int set_up(void **state)
{
    (void)state;
    ctx = xmpp_ctx_new(NULL, NULL);
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    return ctx ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    kr_arena_done(&arena);
    xmpp_ctx_free(ctx);
    return 0;
}

static int convert(const char *xml, const struct kr_el **ret_el)
{
    xmpp_stanza_t *stanza = xmpp_stanza_new_from_string(ctx, xml);
    assert_non_null(stanza);
    int err = kr_el_from_stanza(&arena, stanza, ret_el);
    xmpp_stanza_release(stanza);
    return err;
}

/* head, then `part` n times (with "%" in it replaced by the number), then `close_part` n times, then tail.
 * The caller frees it. */
static char *repeat(const char *head, const char *part, const char *close_part, size_t n, const char *tail)
{
    struct kr_buf b;
    kr_buf_init(&b, 1 << 22);
    kr_buf_add_str(&b, head);
    for (size_t i = 0; i < n; i++) {
        for (const char *c = part; *c; c++) {
            if (*c == '%')
                kr_buf_add_dec(&b, i);
            else
                kr_buf_add(&b, c, 1);
        }
    }
    for (size_t i = 0; i < n; i++)
        kr_buf_add_str(&b, close_part);
    kr_buf_add_str(&b, tail);
    return kr_buf_take_str(&b);
}

static void a_stanza_becomes_a_tree(void **state)
{
    const struct kr_el *el = NULL;
    (void)state;
    assert_int_equal(
        convert("<iq xmlns='jabber:client' type='set' id='1' xml:lang='de'>a&lt;b<x xmlns='urn:x' k='v'>"
                "in<y/></x>c<z/></iq>",
                &el),
        0);
    assert_string_equal(el->name, "iq");
    assert_string_equal(el->ns, "jabber:client");
    assert_string_equal(el->text, "a<bc");
    assert_int_equal(el->text_len, 4);
    assert_string_equal(kr_el_attr(el, "id"), "1");
    assert_null(kr_el_attr(el, "xmlns"));
    const struct kr_el *x = kr_el_child(el, "x", "urn:x");
    assert_non_null(x);
    assert_string_equal(kr_el_attr(x, "k"), "v");
    assert_string_equal(x->text, "in");
    assert_non_null(x->child);
    assert_string_equal(x->child->name, "y");
    assert_string_equal(x->child->ns, "urn:x");
    assert_non_null(x->next);
    assert_string_equal(x->next->name, "z");
    assert_null(x->next->next);
}

static void expect(char *xml, int expected)
{
    const struct kr_el *el = NULL;
    int err = convert(xml, &el);
    free(xml);
    assert_int_equal(err, expected);
    if (expected)
        assert_null(el);
}

static void depth_elements_and_attributes_are_bounded(void **state)
{
    (void)state;
    expect(repeat("<m>", "<a>", "</a>", KR_XML_DEPTH_MAX - 1, "</m>"), 0);
    expect(repeat("<m>", "<a>", "</a>", KR_XML_DEPTH_MAX, "</m>"), KR_E_TOO_LARGE);
    expect(repeat("<m>", "<a/>", "", KR_XML_CHILDREN_MAX - 1, "</m>"), 0);
    tear_down(state);
    set_up(state);
    expect(repeat("<m>", "<a/>", "", KR_XML_CHILDREN_MAX, "</m>"), KR_E_TOO_LARGE);
    expect(repeat("<m xmlns='urn:x'", " a%=''", "", KR_XML_ATTRS_MAX, "/>"), 0);
    expect(repeat("<m xmlns='urn:x'", " a%=''", "", KR_XML_ATTRS_MAX + 1, "/>"), KR_E_TOO_LARGE);
    expect(repeat("<m xmlns='urn:x'", " a%=''", "", (size_t)4 * KR_XML_ATTRS_MAX, "/>"), KR_E_TOO_LARGE);
}

static void the_arena_bounds_the_whole(void **state)
{
    (void)state;
    expect(repeat("<m>", "0123456789", "", 26000, "</m>"), 0);
    kr_arena_done(&arena);
    kr_arena_init(&arena, 10000);
    expect(repeat("<m>", "0123456789", "", 1000, "</m>"), KR_E_TOO_LARGE);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_stanza_becomes_a_tree),
        CASE(depth_elements_and_attributes_are_bounded),
        CASE(the_arena_bounds_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
