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
#include "message/request.h"
#include "parse/text.h"

#define M    KR_E_MALFORMED
#define ROOM "room='r@c.example'"

static int recode_challenge(const struct kr_el *payload, struct kr_arena *arena, struct kr_xml *x)
{
    struct kr_res_challenge r;
    int err = kr_res_challenge_decode(payload, arena, &r);
    if (!err)
        kr_res_challenge_encode(x, &r);
    return err;
}

static int recode_attached(const struct kr_el *payload, struct kr_arena *arena, struct kr_xml *x)
{
    (void)arena;
    struct kr_res_attached r;
    int err = kr_res_attached_decode(payload, &r);
    if (!err)
        kr_res_attached_encode(x, &r);
    return err;
}

static int recode_keys(const struct kr_el *payload, struct kr_arena *arena, struct kr_xml *x)
{
    (void)arena;
    struct kr_res_keys r;
    int err = kr_res_keys_decode(payload, &r);
    if (!err)
        kr_res_keys_encode(x, &r);
    return err;
}

static int recode_claimed(const struct kr_el *payload, struct kr_arena *arena, struct kr_xml *x)
{
    struct kr_res_claimed r;
    int err = kr_res_claimed_decode(payload, arena, &r);
    if (!err)
        kr_res_claimed_encode(x, &r);
    return err;
}

#define POLICY "<policy>AGFiYw</policy>"
static const struct case_good challenge = {"<challenge " NS " " ROOM " instance='" ID_A "' nonce='" ID_B
                                           "' participant='p' owner=''>" POLICY "</challenge>",
                                           "",
                                           {{POLICY, "", M},
                                            {POLICY, POLICY POLICY, M},
                                            {POLICY, "<policy/>", M},
                                            {POLICY, "<policy>A</policy>", KR_E_BAD_BASE64},
                                            {"'p'", "''", M}}};

static const struct case_good attached[] = {
    {"<attached " NS " " ROOM " state='member'/>", "", {{"member", "guest", M}, {"member", "waiting", M}}},
    {"<attached " NS " " ROOM " state='waiting' reason='not registered'/>", "", {{"not registered", "", M}}}};

static const struct case_good keys = {
    "<keys " NS " " ROOM " count='50'/>", "", {{"50", "51", M}, {"50", "", M}}};

#define CLAIMED "<key attach='" ID_A "' kind='one-time' key='" KEY_A "' sig='" SIG_A "'/>"
static const struct case_good claimed = {"<claimed " NS " " ROOM ">" CLAIMED "<none attach='" ID_B
                                         "'/><key attach='" ID_A "' kind='fallback' key='" KEY_A
                                         "' sig='" SIG_A "'/></claimed>",
                                         "",
                                         {{"one-time", "two-time", M},
                                          {"'" KEY_A "'", "'" KEY_A "='", KR_E_BAD_BASE64},
                                          {"attach='00", "attach='0", M}}};

static void test_cases(void **state)
{
    (void)state;
    case_check(recode_challenge, &challenge, 1);
    case_check(recode_attached, attached, 2);
    case_check(recode_keys, &keys, 1);
    case_check(recode_claimed, &claimed, 1);
}

static int claimed_of(size_t count)
{
    struct kr_claimed list[KR_CLAIM_MAX + 1] = {{.none = true}};
    for (size_t i = 0; i < count; i++)
        list[i].none = true;
    struct kr_res_claimed r = {.room = "r@c", .keys = list, .count = count};
    struct kr_xml x;
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_res_claimed_encode(&x, &r);
    char *xml = kr_xml_take(&x), *again = NULL;
    int err = case_run(recode_claimed, xml, &again);
    free(xml);
    free(again);
    return err;
}

static void test_counts(void **state)
{
    (void)state;
    assert_int_equal(claimed_of(0), M);
    assert_int_equal(claimed_of(1), 0);
    assert_int_equal(claimed_of(KR_CLAIM_MAX), 0);
    assert_int_equal(claimed_of(KR_CLAIM_MAX + 1), KR_E_TOO_LARGE);
}

/* A result of another name is not taken for the one that is awaited. */
static void test_names(void **state)
{
    (void)state;
    char *again = NULL;
    assert_int_equal(case_run(recode_challenge, attached[0].xml, &again), M);
    assert_int_equal(case_run(recode_attached, keys.xml, &again), M);
    assert_int_equal(case_run(recode_keys, "<count " NS " " ROOM " count='50'/>", &again), M);
    assert_int_equal(case_run(recode_claimed, "<key " NS " " ROOM ">" CLAIMED "</key>", &again), M);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_counts),
                                       cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
