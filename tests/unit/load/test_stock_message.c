#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "load/stock_message.h"

#define UUID "6f985858-c937-49b9-8b89-c5ed2fd2082a"
#define KEY  "bXgclWxqm5ECgQn4dR6bH4CFtqP9nF1cctngF59oplM"

static struct kr_piece written(struct kr_buf *b, const struct kr_stock_message *m)
{
    kr_buf_init(b, 4096);
    kr_stock_write(b, "r@m", "5e6f7a8b", m);
    return (struct kr_piece){KR_PIECE_STANZA, (const char *)b->ptr, b->len};
}

static void test_init(void **state)
{
    (void)state;
    struct kr_stock_message m = {.kind = KR_STOCK_INIT, .uuid = UUID, .id_key = KEY, .one_time_key = KEY},
                            got;
    struct kr_buf b;
    struct kr_piece p = written(&b, &m);
    assert_int_equal(kr_stock_read(&p, &got), 0);
    assert_int_equal(got.kind, KR_STOCK_INIT);
    assert_memory_equal(got.uuid, UUID, KR_STOCK_UUID);
    assert_memory_equal(got.id_key, KEY, 43);
    assert_memory_equal(got.one_time_key, KEY, 43);
    /* 207 characters of JSON as lib-jitsi-meet writes it, each of its 24 quotes five longer. */
    const char *json = strstr((const char *)p.ptr, "jitmeet'>") + strlen("jitmeet'>");
    assert_int_equal(strstr(json, "</json-message>") - json, 207 + 24 * 5);
    kr_buf_done(&b);
}

static void test_sealed(void **state)
{
    (void)state;
    static const enum kr_stock_kind kinds[] = {KR_STOCK_SESSION_ACK, KR_STOCK_KEY_INFO,
                                               KR_STOCK_KEY_INFO_ACK};
    for (size_t i = 0; i < 3; i++) {
        struct kr_stock_message m = {.kind = kinds[i],
                                     .uuid = UUID,
                                     .type = i != 0,
                                     .body = "AwogDGYI",
                                     .body_len = 8},
                                got;
        struct kr_buf b;
        struct kr_piece p = written(&b, &m);
        assert_int_equal(kr_stock_read(&p, &got), 0);
        assert_int_equal(got.kind, kinds[i]);
        assert_int_equal(got.type, i != 0);
        assert_int_equal(got.body_len, 8);
        assert_memory_equal(got.body, "AwogDGYI", 8);
        assert_memory_equal(got.uuid, UUID, KR_STOCK_UUID);
        kr_buf_done(&b);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "<message/>", "<message><json-message>{}</json-message></message>",
        "<message><json-message>{&quot;type&quot;:&quot;sas-start&quot;}}</json-message></message>",
        "<message><json-message>{&quot;type&quot;:&quot;key-info&quot;}}</json-message></message>"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct kr_piece p = {KR_PIECE_STANZA, bad[i], strlen(bad[i])};
        struct kr_stock_message got;
        assert_int_equal(kr_stock_read(&p, &got), KR_E_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_init), cmocka_unit_test(test_sealed),
                                       cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
