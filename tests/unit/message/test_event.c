#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/limit.h"
#include "cases.h"
#include "message/event.h"
#include "parse/text.h"

static int recode(const struct kr_el *payload, struct kr_arena *arena, struct kr_xml *x)
{
    struct kr_notice n;
    int err = kr_notice_decode(payload, arena, &n);
    if (!err)
        kr_notice_encode(x, &n);
    return err;
}

#define M      KR_E_MALFORMED
#define B      KR_E_BAD_BASE64
#define ROOM   "room='r@c.example'"
#define IN     "in='AAECAwQF'"
#define EPOCH  "epoch='8'"
#define FULL   "full='true' instance='" ID_A "' size='13' roster='" KEY_A "'"
#define LINK   "source='participants' format='sframe' suite='4' roster='" KEY_A "' policy='" KEY_B "'"
#define LED    "source='leader' format='sframe' suite='4' roster='" KEY_A "' policy='" KEY_B "'"
#define PAST_5 "<past epoch='5' " LINK "/>"
#define PAST_7 "<past epoch='7' " LINK "/>"
#define POLICY "<policy>AGFiYw</policy>"
#define MEMBER                                                                                               \
    "<member participant='p' owner='o' device='" ID_A "' ed25519='" KEY_A "' curve25519='" KEY_B             \
    "' attach='" ID_A "' nonce='" ID_B "' sig='" SIG_A "' new='true'/>"
#define GONE "<gone attach='" ID_B "'/>"

static const struct case_good goods[] = {
    {"<announce " NS " " ROOM " " EPOCH
     " reason='join leave' kind='ratchet' source='participants' deadline='2130' " FULL
     " prev='7' prev-context='" KEY_A "' committed='6' part='1' of='2'>" POLICY PAST_5 PAST_7 MEMBER GONE
     "</announce>",
     " kind new committed ",
     {{"committed='6'", "committed='8'", M},
      {"committed='6'", "committed='0'", M},
      {"kind='ratchet'", "", 0},
      {"kind='ratchet'", "kind='stale'", M},
      {"source='participants'", "source='leader'", M},
      {"source='participants'", "source='leader' leader='12'", 0},
      {"source='participants'", "source='leader' leader='13'", M},
      {"source='participants'", "source='participants' leader='12'", M},
      {"source='participants'", "source='nobody'", M},
      {"format='sframe'", "format='xframe'", M},
      {"suite='4'", "suite='0'", M},
      {"suite='4'", "suite='6'", M},
      {"format='sframe' suite='4'", "format='jframe' suite='0'", 0},
      {"format='sframe' suite='4'", "format='jframe' suite='4'", M},
      {"join leave", "leave join", 0},
      {"join leave", "join join", M},
      {"join leave", "", M},
      {"join leave", "join ", M},
      {"join leave", "join bored", M},
      {"join leave", "join leave revoke policy timer manual recover leader", 0},
      {"deadline='2130'", "deadline='4294967296'", M},
      {"size='13'", "size='0'", M},
      {"size='13'", "size='4097'", M},
      {"prev='7'", "prev='8'", M},
      {"prev='7'", "prev='0'", M},
      {POLICY, POLICY POLICY, M},
      {POLICY, "<policy/>", M},
      {POLICY, "<policy>AGFiY</policy>", B},
      {POLICY, "", 0},
      {PAST_5 PAST_7, PAST_7 PAST_5, M},
      {PAST_5, PAST_7, M},
      {"<past epoch='7'", "<past epoch='8'", M},
      {"epoch='8'", "epoch='7'", M},
      {"participant='p'", "participant=''", M},
      {"new='true'", "new='new'", M},
      {GONE, "<gone attach='" ID_B "' reason='left'/>", 0},
      {GONE, "<gone attach='" ID_B "' reason='leave'/>", 0},
      {GONE, "<gone attach='" ID_B "' reason=''/>", M},
      {"part='1'", "part='3'", M}}},
    {"<announce " NS " " ROOM " " EPOCH " reason='join' source='passphrase' deadline='0' " FULL "/>",
     "",
     {{"full='true'", "full='maybe'", M}}},
    {"<announce " NS " " ROOM " " EPOCH " reason='leader' source='leader' leader='12' deadline='0' " FULL
     " prev='7' prev-context='" KEY_A "'><past epoch='6' " LED " leader='" ID_A "'/></announce>",
     "",
     {{"leader='12'", "leader='13'", M},
      {"leader='12'", "leader='x'", M},
      {"leader='" ID_A, "leader='0", M}}},
    {"<announce " NS " " IN " " EPOCH
     " reason='leave' kind='ratchet' source='leader' leader='12' deadline='0' check='AAAAAAAA' prev='6' "
     "committed='0'>" POLICY "<gone attach='" ID_A "'/></announce>",
     " kind source prev committed ",
     {{"leader='12'", "leader='4096'", M},
      {"check='AAAAAAAA'", "check='AAAAAAA'", M},
      {"check='AAAAAAAA'", "check='AAAAAAAAA'", M},
      {"prev='6'", "prev='8'", M},
      {"prev='6'", "prev='0'", M},
      {"committed='0'", "committed='8'", M},
      {"committed='0'", "committed='-1'", M},
      {"epoch='8'", "epoch='1'", M}}},
    {"<announce " NS " " IN " " EPOCH " reason='leave' leader='12' deadline='0' check='AAAAAAAA'/>",
     " leader ",
     {{"epoch='8'", "epoch='2'", 0},
      {"epoch='8'", "epoch='1'", M},
      {"in='AAECAwQF'", ROOM, M},
      {"in='AAECAwQF'", "in='AAECAwQ'", B},
      {"in='AAECAwQF'", "in='AAECAwQF' full='true'", M}}},
    {"<deliver " NS " " IN " " EPOCH " confirm='" KEY_A "'>AAAAAAF4</deliver>",
     " confirm ",
     {{"confirm='A", "confirm='", B}}},
    {"<deliver " NS " " IN " " EPOCH
     " round='1' last='true' silent='4 9' part='2' of='2'>AAAAAAF4AAMCAAEC</deliver>",
     " last silent round ",
     {{"AAAAAAF4AAMCAAEC", "", 0},
      {"AAAAAAF4AAMCAAEC", "AAMAAAF4AAACAAEC", KR_E_WRONG_RECIPIENTS},
      {"AAAAAAF4AAMCAAEC", "AAAAAAF4AAMCAAE", M},
      {"AAAAAAF4AAMCAAEC", "AAAA AAF4AAMCAAEC", B},
      {"silent='4 9'", "silent='9 4'", M},
      {"round='1'", "round='0'", M},
      {"epoch='8'", "epoch='0'", M}}},
    {"<commit " NS " " IN " " EPOCH " laggards='2' silent='4' exposure='18446744073709551615'/>",
     " laggards silent exposure ",
     {{"'2'", "'2 1'", M},
      {"'4'", "'x'", M},
      {"exposure='1", "exposure='2", M},
      {"epoch='8'", "epoch='0'", M}}},
    {"<wanted " NS " " IN " " EPOCH " for='3 9'/>", "", {{"'3 9'", "''", M}, {"epoch='8'", "epoch='0'", M}}},
    {"<low " NS " " ROOM " attach='" ID_A "' count='9'/>", "", {{"'9'", "'51'", M}}},
    {"<session " NS " " ROOM " from='" ID_A "'>AGFiYw</session>",
     "",
     {{"AGFiYw", "AWFiYw", 0}, {"AGFiYw", "AmFiYw", M}, {"AGFiYw", "AA", M}}},
    {"<detached " NS " " ROOM " instance='" ID_A "' reason='superseded'/>", "", {{"'superseded'", "''", M}}},
    {"<state " NS " " ROOM " instance='" ID_A "' mode='suspended' exposed='true' joins-held='true'>why"
     "<waiting participant='p' device='" ID_B "' owner=''/></state>",
     " instance exposed joins-held ",
     {{"'suspended'", "'asleep'", M},
      {"'suspended'", "'idle'", 0},
      {"'suspended'", "'keyed'", 0},
      {"'suspended'", "'blind'", 0},
      {"why", "a&#10;b", M},
      {"why", "\xc2\x9b", M},
      {"exposed='true'", "exposed='maybe'", M},
      {"joins-held='true'", "joins-held='2'", M},
      {"participant='p'", "participant=''", M}}},
    {"<state " NS " " ROOM " mode='idle'/>", "", {{"<state", "<estate", KR_E_UNKNOWN_REQUEST}}},
};

static void test_cases(void **state)
{
    (void)state;
    case_check(recode, goods, sizeof(goods) / sizeof(goods[0]));
}

static void test_values(void **state)
{
    (void)state;
    struct kr_arena arena;
    struct kr_el *el = NULL;
    struct kr_notice n = {.room = "kept"};
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    assert_int_equal(kr_el_parse(&arena, goods[0].xml, strlen(goods[0].xml), &el), 0);
    assert_int_equal(kr_notice_decode(el, &arena, &n), 0);
    const struct kr_notice_announce *a = &n.u.announce;
    assert_int_equal(n.kind, KR_NOTICE_ANNOUNCE);
    assert_int_equal(a->reasons, KR_REASON_JOIN | KR_REASON_LEAVE);
    assert_int_equal(a->link.kind, KR_EPOCH_RATCHET);
    assert_int_equal(a->link.roster.b[0], 1);
    assert_int_equal(a->deadline_ms, 2130);
    assert_int_equal(a->size, 13);
    assert_true(a->has_prev && a->prev == 7 && a->prev_context.b[0] == 1);
    assert_true(a->full && a->part == 1 && a->of == 2);
    assert_int_equal(a->policy_text.len, 4);
    assert_int_equal(a->past_count, 2);
    assert_int_equal(a->past[1].epoch, 7);
    assert_int_equal(a->past[1].suite, 4);
    assert_int_equal(a->past[1].policy.b[0], 2);
    assert_int_equal(a->member_count, 1);
    assert_true(a->members[0].is_new);
    assert_string_equal(a->members[0].owner, "o");
    assert_int_equal(a->gone_count, 1);
    assert_string_equal(a->gone[0].reason, "leave");
    kr_arena_done(&arena);
}

static void test_reasons(void **state)
{
    (void)state;
    for (unsigned want = 1; want < 128; want++) {
        char text[64];
        unsigned got = 0;
        kr_reasons_write(text, want);
        assert_int_equal(kr_reasons_read(text, &got), 0);
        assert_int_equal(got, want);
    }
    char text[64];
    kr_reasons_write(text, 0);
    assert_string_equal(text, "");
}

static void test_past_count(void **state)
{
    (void)state;
    for (size_t count = KR_CHAIN_MAX; count <= KR_CHAIN_MAX + 1; count++) {
        struct kr_xml x;
        struct kr_epoch_link past[KR_CHAIN_MAX + 1] = {{0}};
        for (size_t i = 0; i < count; i++) {
            past[i].epoch = i + 1;
            past[i].suite = 1;
        }
        struct kr_notice n = {.kind = KR_NOTICE_ANNOUNCE, .room = "r@c"};
        n.u.announce.link = (struct kr_epoch_link){.epoch = 100};
        n.u.announce.full = n.u.announce.has_source = true;
        n.u.announce.reasons = KR_REASON_JOIN;
        n.u.announce.size = 1;
        n.u.announce.past = past;
        n.u.announce.past_count = count;
        kr_xml_init(&x, KR_STANZA_MAX);
        kr_notice_encode(&x, &n);
        char *xml = kr_xml_take(&x), *again = NULL;
        assert_int_equal(case_run(recode, xml, &again), count > KR_CHAIN_MAX ? KR_E_TOO_LARGE : 0);
        free(xml);
        free(again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_values),
                                       cmocka_unit_test(test_reasons), cmocka_unit_test(test_past_count)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
