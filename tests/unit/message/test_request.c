#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limit.h"
#include "cases.h"
#include "message/request.h"
#include "parse/text.h"
#include "xml/ns.h"

/* As an IQ of the right type: the type is tested apart. */
static int recode(const struct kr_el *payload, struct kr_arena *arena, struct kr_xml *x)
{
    bool is_set = strcmp(payload->name, "challenge") != 0 && strcmp(payload->name, "whole") != 0;
    struct kr_request q;
    int err = kr_request_decode(payload, is_set, arena, &q);
    if (!err)
        kr_request_encode(x, &q);
    return err;
}

#define M        KR_E_MALFORMED
#define B        KR_E_BAD_BASE64
#define R        KR_E_WRONG_RECIPIENTS
#define ROOM     "room='r@c.example'"
#define OTK_A    "<otk key='" KEY_A "' sig='" SIG_A "'/>"
#define OTK_B    "<otk key='" KEY_B "' sig='" SIG_A "'/>"
#define FALLBACK "<fallback key='" KEY_B "' sig='" SIG_A "'/>"
#define IN       "in='AAECAwQF'"
#define EPOCH    "epoch='8'"
#define ENTRIES  "AAAAAAF4AAMCAAEC"

static const struct case_good goods[] = {
    {"<challenge " NS " " ROOM "/>",
     "",
     {{"r@c.example", "r@c.example/x", M},
      {"r@c.example", "", M},
      {"r@c.example", "@c", M},
      {"r@c.example", "r@c&#10;", M},
      {"<challenge", "<nothing", KR_E_UNKNOWN_REQUEST},
      {"urn:keyroom:1", "urn:keyroom:2", KR_E_UNKNOWN_REQUEST}}},
    {"<attach " NS " " ROOM " instance='" ID_A "' participant='p' owner='' device='" ID_A "' attach='" ID_B
     "' nonce='" ID_A "' ed25519='" KEY_A "' curve25519='" KEY_B "' sig='" SIG_A "'>" OTK_A OTK_B FALLBACK
     "</attach>",
     "",
     {{"instance='00", "instance='0", M},
      {"instance='00", "instance='0A", M},
      {"participant='p'", "participant=''", M},
      {"participant='p'", "participant='&#9;'", M},
      {"ed25519='AQAA", "ed25519='AQA", B},
      {"ed25519='AQAA", "ed25519='AQA ", B},
      {"' sig='AwAA", "=' sig='AwAA", B},
      {"sig='AwAA", "sig='AwA_", B},
      {OTK_B, OTK_A, M},
      {OTK_B, "<otk key='x' sig='" SIG_A "'/>", B},
      {FALLBACK, "", M},
      {FALLBACK, FALLBACK FALLBACK, M},
      {"<otk", "<otk xmlns='urn:other'", 0},
      {OTK_A OTK_B, "", 0}}},
    {"<keys " NS " " ROOM " attach='" ID_A "'>" OTK_A FALLBACK "</keys>",
     "",
     {{FALLBACK, "", 0}, {OTK_A, "", 0}, {FALLBACK, FALLBACK FALLBACK, M}, {OTK_A, OTK_A OTK_A, M}}},
    {"<detach " NS " " ROOM "/>", "", {{NULL, NULL, 0}}},
    {"<claim " NS " " ROOM "><of attach='" ID_A "' reset='true'/><of attach='" ID_B "'/></claim>",
     " reset ",
     {{ID_B, ID_A, R},
      {"<of attach='" ID_A "' reset='true'/><of attach='" ID_B "'/>", "", M},
      {"reset='true'", "reset='false'", 0},
      {"reset='true'", "reset='yes'", M}}},
    {"<envelope " NS " " IN " " EPOCH " sig='" SIG_A "'>" ENTRIES "</envelope>",
     "",
     {{"epoch='8'", "epoch='8' round='3'", M},
      {"epoch='8'", "epoch='8' round='1'", 0},
      {"epoch='8'", "epoch='8' round='supplement'", 0},
      {"epoch='8'", "epoch='0'", M},
      {"epoch='8'", "epoch='2147483648'", M},
      {"epoch='8'", "epoch='2147483647'", 0},
      {"epoch='8'", "epoch='8' part='1' of='2'", M}, /* a signature that is not on the last part */
      {"epoch='8'", "epoch='8' part='2' of='2'", 0},
      {"epoch='8'", "epoch='8' part='3' of='2'", M},
      {"epoch='8'", "epoch='8' part='0' of='2'", M},
      {"epoch='8'", "epoch='8' part='0' of='0'", M},
      {"epoch='8'", "epoch='8' part='1'", M},
      {"epoch='8'", "epoch='8' of='1'", M},
      {"epoch='8'", "epoch='8' part='1' of='1'", 0},
      {"epoch='8'", "epoch='8' part='128' of='128'", 0},
      {"epoch='8'", "epoch='8' part='129' of='129'", M},
      {ENTRIES, "", R},
      {ENTRIES, " " ENTRIES, B},
      {ENTRIES, ENTRIES "=", B},
      {ENTRIES, "AAMAAAF4AAACAAEC", R},
      {ENTRIES, "AAMAAAF4AAMBAAEC", R},
      {ENTRIES, "EAAAAAF4", R},
      {ENTRIES, "AAAAAAF4AAMCAAE", M}}},
    {"<envelope " NS " " IN " " EPOCH " round='1' part='1' of='3'>" ENTRIES "</envelope>",
     " round ",
     {{"part='1'", "part='3'", M}, {"of='3'", "of='3' sig='" SIG_A "'", M}}},
    {"<ack " NS " " IN " " EPOCH " missing='0 3 4095' mismatch='5'/>",
     " missing mismatch ",
     {{"0 3", "3 0", M},
      {"0 3", "3 3", M},
      {"0 3", "0  3", M},
      {"0 3", " 0 3", M},
      {"0 3", "00 3", M},
      {"0 3", "0,3", M},
      {"0 3", "x 3", M},
      {"4095", "4096", M},
      {"4095", "4095 ", M},
      {"4095", "99999999999999999999", M},
      {"mismatch='5'", "mismatch=''", M},
      {"mismatch='5'", "mismatch='-5'", M}}},
    {"<session " NS " " ROOM " to='" ID_A "'>AGFiYw</session>",
     "",
     {{"AGFiYw", "AWFiYw", 0},
      {"AGFiYw", "AmFiYw", M},
      {"AGFiYw", "AA", M},
      {"AGFiYw", "", M},
      {"AGFiYw", "AGFiY", B},
      {"AGFiYw", "AGFiYw==", B}}},
    {"<whole " NS " " ROOM " since='7'/>",
     " since ",
     {{"'7'", "'0'", M}, {"'7'", "'2147483648'", M}, {"'7'", "''", M}}},
    {"<approve " NS " " ROOM " device='" ID_A "'/>", "", {{NULL, NULL, 0}}},
    {"<revoke " NS " " ROOM " device='" ID_A "'/>", "", {{NULL, NULL, 0}}},
    {"<rotate " NS " " ROOM "/>", "", {{NULL, NULL, 0}}},
    {"<attach " NS " " ROOM " instance='" ID_A "' participant='p' owner='' device='" ID_A "' attach='" ID_B
     "' nonce='" ID_A "' ed25519='" KEY_A "' curve25519='" KEY_B "' sig='" SIG_A
     "' sources='participants leader' lead='true'>" FALLBACK "</attach>",
     " sources lead ",
     {{"'participants leader'", "'participants leaders'", M},
      {"'participants leader'", "'leader leader'", M},
      {"'participants leader'", "''", M},
      {"'participants leader'", "'passphrase'", 0},
      {"lead='true'", "lead='yes'", M}}},
    {"<envelope " NS " " IN " " EPOCH " sig='" SIG_A "' confirm='" KEY_A "'>" ENTRIES "</envelope>",
     " confirm ",
     {{"confirm='AQ", "confirm='", B}, {"sig='" SIG_A "'", "part='1' of='2'", M}}},
    {"<ack " NS " " IN " " EPOCH " confirm='" KEY_A "'/>", " confirm ", {{"confirm='AQ", "confirm='", B}}},
};

static void test_cases(void **state)
{
    (void)state;
    case_check(recode, goods, sizeof(goods) / sizeof(goods[0]));
}

static void test_iq_type(void **state)
{
    (void)state;
    struct kr_arena arena;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
        struct kr_el *el = NULL;
        struct kr_request q = {.room = "kept"};
        assert_int_equal(kr_el_parse(&arena, goods[i].xml, strlen(goods[i].xml), &el), 0);
        bool is_set = strcmp(el->name, "challenge") != 0 && strcmp(el->name, "whole") != 0;
        assert_int_equal(kr_request_decode(el, !is_set, &arena, &q), KR_E_UNKNOWN_REQUEST);
        assert_string_equal(q.room, "kept");
        assert_int_equal(kr_request_decode(el, is_set, &arena, &q), 0);
        if (kr_request_is_in(q.kind))
            assert_true(!q.room && q.in.b[5] == 5);
        else
            assert_string_equal(q.room, "r@c.example");
        assert_string_equal(kr_request_name(q.kind), el->name);
        assert_int_equal(kr_request_is_set(q.kind), is_set);
    }
    kr_arena_done(&arena);
}

static void test_values(void **state)
{
    (void)state;
    struct kr_arena arena;
    struct kr_el *el = NULL;
    struct kr_request q;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    assert_int_equal(kr_el_parse(&arena, goods[5].xml, strlen(goods[5].xml), &el), 0);
    assert_int_equal(kr_request_decode(el, true, &arena, &q), 0);
    assert_int_equal(q.u.envelope.epoch, 8);
    assert_int_equal(q.u.envelope.round, KR_ROUND_2);
    assert_int_equal(q.u.envelope.part, 1);
    assert_int_equal(q.u.envelope.of, 1);
    assert_true(q.u.envelope.has_sig);
    assert_int_equal(q.u.envelope.entry_count, 2);
    assert_int_equal(q.u.envelope.entries[1].index, 3);
    assert_int_equal(q.u.envelope.entries[1].type, KR_PACKED_WITHHELD);
    assert_int_equal(q.u.envelope.entries[1].body.ptr[0], KR_WITHHELD_PRESENCE);
    const char *ack = goods[7].xml;
    assert_int_equal(kr_el_parse(&arena, ack, strlen(ack), &el), 0);
    assert_int_equal(kr_request_decode(el, true, &arena, &q), 0);
    assert_int_equal(q.u.ack.missing_count, 3);
    assert_int_equal(q.u.ack.missing[2], 4095);
    assert_int_equal(q.u.ack.mismatch_count, 1);
    kr_arena_done(&arena);
}

static int decode_many(const char *open, size_t count, bool keys, const char *close)
{
    struct kr_buf b;
    kr_buf_init(&b, KR_STANZA_MAX);
    kr_buf_add_str(&b, open);
    for (size_t i = 0; i < count; i++) {
        struct kr_key key = {{(uint8_t)i, (uint8_t)(i >> 8)}};
        struct kr_id id = {{(uint8_t)i, (uint8_t)(i >> 8)}};
        char text[KR_KEY_TEXT];
        if (keys)
            kr_key_write(text, &key);
        else
            kr_id_write(text, &id);
        kr_buf_printf(&b, keys ? "<otk key='%s' sig='" SIG_A "'/>" : "<of attach='%s'/>", text);
    }
    kr_buf_add_str(&b, close);
    char *xml = kr_buf_take_str(&b), *again = NULL;
    int err = case_run(recode, xml, &again);
    free(xml);
    free(again);
    return err;
}

static void test_counts(void **state)
{
    (void)state;
    const char *keys = "<keys " NS " " ROOM " attach='" ID_A "'>", *claim = "<claim " NS " " ROOM ">";
    assert_int_equal(decode_many(keys, KR_OTK_MAX, true, "</keys>"), 0);
    assert_int_equal(decode_many(keys, KR_OTK_MAX + 1, true, "</keys>"), KR_E_TOO_MANY_KEYS);
    assert_int_equal(decode_many(claim, KR_CLAIM_MAX, false, "</claim>"), 0);
    assert_int_equal(decode_many(claim, KR_CLAIM_MAX + 1, false, "</claim>"), KR_E_TOO_LARGE);
}

static char *with_long(const char *xml, const char *find, const char *before, size_t count, char c,
                       const char *after)
{
    struct kr_buf b;
    kr_buf_init(&b, KR_STANZA_MAX);
    kr_buf_add_str(&b, before);
    for (size_t i = 0; i < count; i++)
        kr_buf_add_u8(&b, (uint8_t)c);
    kr_buf_add_str(&b, after);
    char *put = kr_buf_take_str(&b), *s = case_replace(xml, find, put);
    free(put);
    return s;
}

static void test_lengths(void **state)
{
    (void)state;
    const struct {
        size_t good;
        const char *find, *before, *after;
        size_t count;
        int err;
    } cases[] = {
        {1, "participant='p'", "participant='", "'", KR_NICK_MAX, 0},
        {1, "participant='p'", "participant='", "'", KR_NICK_MAX + 1, M},
        {1, "owner=''", "owner='", "'", KR_JID_MAX, 0},
        {1, "owner=''", "owner='", "'", KR_JID_MAX + 1, M},
        {0, "r@c", "r@", "", KR_NICK_MAX - strlen(".example"), 0},
        {0, "r@c", "r@", "", KR_NICK_MAX + 1 - strlen(".example"), M},
        {8, "AGFiYw", "AA", "", 682, 0},              /* 513 bytes */
        {8, "AGFiYw", "AA", "", 684, KR_E_TOO_LARGE}, /* 514 */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *xml = with_long(goods[cases[i].good].xml, cases[i].find, cases[i].before, cases[i].count,
                              cases[i].good == 8 ? 'A' : 'x', cases[i].after),
             *again = NULL;
        assert_int_equal(case_run(recode, xml, &again), cases[i].err);
        free(xml);
        free(again);
    }
}

/* An arena that is full at any point gives an error, never a crash or half a request. */
static void test_arena(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++) {
        struct kr_arena tree;
        struct kr_el *el = NULL;
        kr_arena_init(&tree, KR_STANZA_ARENA_MAX);
        assert_int_equal(kr_el_parse(&tree, goods[i].xml, strlen(goods[i].xml), &el), 0);
        bool is_set = strcmp(el->name, "challenge") != 0 && strcmp(el->name, "whole") != 0;
        bool done = false;
        for (size_t max = 0; max < 1024; max += 4) {
            struct kr_arena arena;
            struct kr_request q;
            kr_arena_init(&arena, max);
            int err = kr_request_decode(el, is_set, &arena, &q);
            assert_true(err == 0 || (err == KR_E_TOO_LARGE && !done));
            done = err == 0;
            kr_arena_done(&arena);
        }
        assert_true(done);
        kr_arena_done(&tree);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases),   cmocka_unit_test(test_iq_type),
                                       cmocka_unit_test(test_values),  cmocka_unit_test(test_counts),
                                       cmocka_unit_test(test_lengths), cmocka_unit_test(test_arena)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
