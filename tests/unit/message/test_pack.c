#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/limit.h"
#include "message/pack.h"

static struct kr_arena arena;
static const struct kr_packed *entries;
static size_t count;

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

static int read_one(uint16_t index, uint8_t type, size_t len, uint8_t first)
{
    static uint8_t body[KR_CIPHERTEXT_MAX + 1];
    struct kr_packed e = {index, type, kr_span(body, len)};
    struct kr_buf b;
    body[0] = first;
    kr_buf_init(&b, KR_STANZA_MAX);
    kr_pack_add(&b, &e);
    count = 77;
    int err = kr_pack_read(kr_buf_span(&b), &arena, &entries, &count);
    if (!err) {
        assert_int_equal(count, 1);
        assert_int_equal(entries[0].index, index);
        assert_int_equal(entries[0].type, type);
        assert_int_equal(entries[0].body.len, len);
    } else {
        assert_int_equal(count, 77);
    }
    kr_buf_done(&b);
    return err;
}

static void test_bodies(void **state)
{
    (void)state;
    static const uint8_t types[] = {KR_PACKED_PREKEY, KR_PACKED_NORMAL};
    for (size_t i = 0; i < sizeof(types); i++) {
        uint8_t type = types[i];
        assert_int_equal(read_one(0, type, 0, 0), KR_E_MALFORMED);
        assert_int_equal(read_one(0, type, 1, 0), 0);
        assert_int_equal(read_one(4095, type, KR_CIPHERTEXT_MAX, 0), 0);
        assert_int_equal(read_one(0, type, KR_CIPHERTEXT_MAX + 1, 0), KR_E_MALFORMED);
        assert_int_equal(read_one(4096, type, 1, 0), KR_E_WRONG_RECIPIENTS);
    }
    assert_int_equal(read_one(0, KR_PACKED_WITHHELD, 0, 1), KR_E_MALFORMED);
    assert_int_equal(read_one(0, KR_PACKED_WITHHELD, 2, 1), KR_E_MALFORMED);
    for (uint8_t reason = 0; reason < 7; reason++)
        assert_int_equal(read_one(0, KR_PACKED_WITHHELD, 1, reason),
                         reason >= 1 && reason <= 4 ? 0 : KR_E_MALFORMED);
    assert_int_equal(read_one(0, 3, 1, 1), KR_E_MALFORMED);
}

static void test_order_and_ends(void **state)
{
    (void)state;
    struct kr_buf b;
    struct kr_packed a = {1, 0, kr_span("x", 1)}, c = {2, 1, kr_span("yz", 2)};
    assert_int_equal(kr_pack_read(kr_span(NULL, 0), &arena, &entries, &count), 0);
    assert_int_equal(count, 0);
    kr_buf_init(&b, KR_STANZA_MAX);
    kr_pack_add(&b, &a);
    size_t first = b.len;
    kr_pack_add(&b, &c);
    for (size_t len = 0; len <= b.len; len++) {
        bool whole = len == 0 || len == first || len == b.len;
        assert_int_equal(kr_pack_read(kr_span(b.ptr, len), &arena, &entries, &count),
                         whole ? 0 : KR_E_MALFORMED);
    }
    assert_int_equal(count, 2);
    assert_memory_equal(entries[1].body.ptr, "yz", 2);
    kr_pack_add(&b, &c);
    assert_int_equal(kr_pack_read(kr_buf_span(&b), &arena, &entries, &count), KR_E_WRONG_RECIPIENTS);
    kr_buf_clear(&b);
    kr_pack_add(&b, &c);
    kr_pack_add(&b, &a);
    assert_int_equal(kr_pack_read(kr_buf_span(&b), &arena, &entries, &count), KR_E_WRONG_RECIPIENTS);
    struct kr_arena small;
    kr_arena_init(&small, 8);
    kr_buf_clear(&b);
    kr_pack_add(&b, &a);
    assert_int_equal(kr_pack_read(kr_buf_span(&b), &small, &entries, &count), KR_E_TOO_LARGE);
    kr_arena_done(&small);
    kr_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_bodies, setup, teardown),
                                       cmocka_unit_test_setup_teardown(test_order_and_ends, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
