#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "load/scan.h"

static void feed(struct kr_scan *s, const char *text, size_t len)
{
    memcpy(kr_scan_room(s, len), text, len);
    kr_scan_filled(s, len);
}

static void expect(struct kr_scan *s, enum kr_piece_kind kind, const char *text)
{
    struct kr_piece p;
    assert_int_equal(kr_scan_next(s, &p), 1);
    assert_int_equal(p.kind, kind);
    assert_int_equal(p.len, strlen(text));
    assert_memory_equal(p.ptr, text, p.len);
}

static const char stream[] =
    "<?xml version='1.0'?><stream:stream id='a>b' xmlns='jabber:client'>"
    "<stream:features><x/></stream:features> \n"
    "<iq type='result' id='1'/><message from='a/b'><y z='1>2'>t&lt;</y><y/></message>"
    "</stream:stream>";

static void test_pieces(void **state)
{
    (void)state;
    struct kr_scan s;
    struct kr_piece p;
    kr_scan_init(&s);
    feed(&s, stream, strlen(stream));
    expect(&s, KR_PIECE_OPEN, "<stream:stream id='a>b' xmlns='jabber:client'>");
    expect(&s, KR_PIECE_STANZA, "<stream:features><x/></stream:features>");
    expect(&s, KR_PIECE_STANZA, "<iq type='result' id='1'/>");
    expect(&s, KR_PIECE_STANZA, "<message from='a/b'><y z='1>2'>t&lt;</y><y/></message>");
    expect(&s, KR_PIECE_CLOSE, "</stream:stream>");
    assert_int_equal(kr_scan_next(&s, &p), 0);
    kr_scan_done(&s);
}

/* The same pieces, wherever the bytes are cut. */
static void test_cut_anywhere(void **state)
{
    (void)state;
    for (size_t step = 1; step < sizeof(stream); step++) {
        struct kr_scan s;
        struct kr_piece p;
        size_t pieces = 0, bytes = 0;
        kr_scan_init(&s);
        for (size_t at = 0; at < strlen(stream); at += step) {
            size_t left = strlen(stream) - at;
            feed(&s, stream + at, left < step ? left : step);
            while (kr_scan_next(&s, &p) > 0) {
                pieces++;
                bytes += p.len;
            }
        }
        assert_int_equal(pieces, 5);
        assert_int_equal(bytes, 46 + 39 + 26 + 54 + 16);
        kr_scan_done(&s);
    }
}

static void test_no_stream(void **state)
{
    (void)state;
    static const char *const bad[] = {"</a>", "<a><!-- c --></a>", "<a><?p?></a>", "<!DOCTYPE a>"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct kr_scan s;
        struct kr_piece p;
        int got;
        kr_scan_init(&s);
        feed(&s, bad[i], strlen(bad[i]));
        while ((got = kr_scan_next(&s, &p)) > 0) {
        }
        assert_int_equal(got, KR_E_MALFORMED);
        kr_scan_done(&s);
    }
}

static void test_attributes(void **state)
{
    (void)state;
    static const char text[] = "<iq type='result' id=\"x y\" from='a@b/c'><q id='2' more='3'/></iq>";
    struct kr_piece p = {KR_PIECE_STANZA, text, strlen(text)};
    size_t len = 0;
    assert_true(kr_piece_is(&p, "iq"));
    assert_false(kr_piece_is(&p, "i"));
    assert_false(kr_piece_is(&p, "iqs"));
    assert_true(kr_piece_attr_is(&p, "type", "result"));
    assert_true(kr_piece_attr_is(&p, "id", "x y"));
    assert_false(kr_piece_attr_is(&p, "id", "x"));
    assert_null(kr_piece_attr(&p, "more", &len)); /* of another element */
    assert_null(kr_piece_attr(&p, "ty", &len));
    assert_ptr_equal(kr_piece_find(&p, NULL, "<q "), strstr(text, "<q "));
    assert_null(kr_piece_find(&p, NULL, "</iq>x"));
    assert_null(kr_piece_find(&p, strstr(text, "<q ") + 1, "<q "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pieces), cmocka_unit_test(test_cut_anywhere),
                                       cmocka_unit_test(test_no_stream), cmocka_unit_test(test_attributes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
