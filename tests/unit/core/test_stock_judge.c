/* What passes between two stock clients, and what does not: the rules alone, on a room made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/occupant.h"
#include "core/stock.h"

struct meeting {
    struct kr_room room;
    struct kr_occupant *a, *b; /* a has the smaller id */
    uint64_t now_ms;
};

static struct kr_occupant *enter(struct kr_room *room, const char *nick, uint8_t key)
{
    struct kr_occupant *o = kr_occupant_get(room, nick);
    o->affiliation = KR_AFFILIATION_NONE;
    o->stock = kr_calloc(1, sizeof(*o->stock));
    o->stock->feature = o->stock->enabled = o->stock->has_keys = true;
    memset(&o->stock->curve25519, key, sizeof(o->stock->curve25519));
    return o;
}

static int setup(void **state)
{
    struct meeting *m = kr_calloc(1, sizeof(*m));
    m->room.policy.authorise = KR_AUTHORISE_OCCUPANTS;
    m->room.stock = kr_calloc(1, sizeof(*m->room.stock));
    m->a = enter(&m->room, "aaaa", 1);
    m->b = enter(&m->room, "bbbb", 2);
    m->now_ms = 100000;
    *state = m;
    return 0;
}

static int teardown(void **state)
{
    struct meeting *m = *state;
    kr_occupants_clear(&m->room);
    kr_stock_room_free(&m->room);
    free(m);
    return 0;
}

static struct kr_stock_message message(enum kr_stock_type type, const char *uuid)
{
    struct kr_stock_message s = {.type = type};
    memcpy(s.uuid, uuid, strlen(uuid) + 1);
    memset(&s.id_key, 1, sizeof(s.id_key));
    return s;
}

/* Judged as the service does it; what passes has its effect. */
static int say(struct meeting *m, struct kr_occupant *from, struct kr_occupant *to,
               const struct kr_stock_message *s)
{
    const char *why = NULL;
    int err = kr_stock_judge(&m->room, from, to, kr_stock_pair_find(&m->room, from->nick, to->nick), s,
                             m->now_ms, &why);
    if (err)
        assert_non_null(why);
    else if (s->type != KR_STOCK_TYPE_NONE)
        kr_stock_pair_passed(kr_stock_pair_get(&m->room, from, to), from->nick, s, m->now_ms);
    return err;
}

static int tell(struct meeting *m, struct kr_occupant *from, struct kr_occupant *to, enum kr_stock_type type,
                const char *uuid)
{
    struct kr_stock_message s = message(type, uuid);
    return say(m, from, to, &s);
}

static void open_session(struct meeting *m)
{
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_SESSION_INIT, "one"), 0);
    assert_int_equal(tell(m, m->b, m->a, KR_STOCK_TYPE_SESSION_ACK, "one"), 0);
}

static void test_init(void **state)
{
    struct meeting *m = *state;
    assert_int_equal(tell(m, m->b, m->a, KR_STOCK_TYPE_SESSION_INIT, "u"), KR_E_UNEXPECTED);
    assert_int_equal(tell(m, m->a, m->a, KR_STOCK_TYPE_SESSION_INIT, "u"), KR_E_UNEXPECTED);
    m->a->stock->feature = false;
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_SESSION_INIT, "u"), KR_E_NOT_ALLOWED);
    m->a->stock->feature = true;
    m->b->stock->feature = false;
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_SESSION_INIT, "u"), KR_E_NOT_ALLOWED);
    m->b->stock->feature = true;
    m->a->stock->enabled = false;
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_SESSION_INIT, "u"), KR_E_UNEXPECTED);
    m->a->stock->enabled = true;
    struct kr_stock_message other = message(KR_STOCK_TYPE_SESSION_INIT, "u");
    memset(&other.id_key, 9, sizeof(other.id_key));
    assert_int_equal(say(m, m->a, m->b, &other), KR_E_WRONG_PARTICIPANT);
    m->a->stock->has_keys = false;
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_SESSION_INIT, "u"), KR_E_WRONG_PARTICIPANT);
    m->a->stock->has_keys = true;
    assert_null(m->room.stock->pairs); /* nothing of all that is remembered */
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_SESSION_INIT, "u"), 0);
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_SESSION_INIT, "v"), KR_E_UNEXPECTED);
    m->now_ms += 5000; /* the client has given up on the first */
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_SESSION_INIT, "v"), 0);
    assert_int_equal(tell(m, m->b, m->a, KR_STOCK_TYPE_SESSION_ACK, "u"), KR_E_UNEXPECTED);
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_SESSION_ACK, "v"), KR_E_UNEXPECTED);
    assert_int_equal(tell(m, m->b, m->a, KR_STOCK_TYPE_SESSION_ACK, "v"), 0);
    m->now_ms += 5000;
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_SESSION_INIT, "w"), KR_E_UNEXPECTED);
}

static void test_within(void **state)
{
    struct meeting *m = *state;
    for (enum kr_stock_type t = KR_STOCK_TYPE_SESSION_ACK; t <= KR_STOCK_TYPE_SAS_MAC; t++)
        assert_int_equal(tell(m, m->a, m->b, t, "u"), t == KR_STOCK_TYPE_ERROR ? 0 : KR_E_UNEXPECTED);
    open_session(m);
    assert_int_equal(tell(m, m->b, m->a, KR_STOCK_TYPE_KEY_INFO_ACK, "k1"), KR_E_UNEXPECTED);
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_KEY_INFO, "k1"), 0);
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_KEY_INFO_ACK, "k1"), KR_E_UNEXPECTED); /* its own */
    assert_int_equal(tell(m, m->b, m->a, KR_STOCK_TYPE_KEY_INFO_ACK, "k1"), 0);
    assert_int_equal(tell(m, m->b, m->a, KR_STOCK_TYPE_SAS_MAC, "s"), KR_E_UNEXPECTED);
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_SAS_START, "s"), 0);
    assert_int_equal(tell(m, m->b, m->a, KR_STOCK_TYPE_SAS_MAC, "t"), KR_E_UNEXPECTED);
    assert_int_equal(tell(m, m->b, m->a, KR_STOCK_TYPE_SAS_MAC, "s"), 0);
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_OTHER, ""), 0);
}

static void test_who(void **state)
{
    struct meeting *m = *state;
    open_session(m);
    m->room.policy.authorise = KR_AUTHORISE_MEMBERS;
    m->a->affiliation = KR_AFFILIATION_MEMBER;
    for (enum kr_stock_type t = KR_STOCK_TYPE_SESSION_INIT; t <= KR_STOCK_TYPE_OTHER; t++) {
        assert_int_equal(tell(m, m->a, m->b, t, "u"), KR_E_NOT_ALLOWED);
        assert_int_equal(tell(m, m->b, m->a, t, "u"), KR_E_NOT_ALLOWED);
    }
    assert_int_equal(tell(m, m->b, m->a, KR_STOCK_TYPE_NONE, ""), 0); /* what is no key exchange passes */
    m->b->affiliation = KR_AFFILIATION_OWNER;
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_KEY_INFO, "u"), 0);
    m->b->stock->revoked = true;
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_KEY_INFO, "u"), KR_E_NOT_ALLOWED);
    m->b->stock->revoked = false;
    m->room.policy.authorise = KR_AUTHORISE_REGISTERED;
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_KEY_INFO, "u"), KR_E_NOT_ALLOWED);
}

/* Two who were there before the service are believed to have a session, until one switches off. */
static void test_from_before(void **state)
{
    struct meeting *m = *state;
    m->a->stock->early = true;
    assert_int_equal(tell(m, m->b, m->a, KR_STOCK_TYPE_KEY_INFO, "u"), KR_E_UNEXPECTED);
    m->b->stock->early = true;
    assert_int_equal(tell(m, m->b, m->a, KR_STOCK_TYPE_KEY_INFO, "u"), 0);
    assert_int_equal(tell(m, m->b, m->a, KR_STOCK_TYPE_KEY_INFO_ACK, "v"), 0);
    kr_stock_pair_reset(&m->room, "bbbb");
    assert_int_equal(tell(m, m->b, m->a, KR_STOCK_TYPE_KEY_INFO, "w"), KR_E_UNEXPECTED);
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_SESSION_INIT, "x"), 0);
}

static const char *hint(struct meeting *m)
{
    return kr_stock_pair_hint(kr_stock_pair_find(&m->room, "bbbb", "aaaa"), m->now_ms);
}

static void test_hints(void **state)
{
    struct meeting *m = *state;
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_SESSION_INIT, "one"), 0);
    assert_null(hint(m));
    m->now_ms += 5001;
    assert_non_null(strstr(hint(m), "not answered"));
    assert_int_equal(tell(m, m->b, m->a, KR_STOCK_TYPE_SESSION_ACK, "one"), 0);
    assert_null(hint(m));
    assert_int_equal(tell(m, m->b, m->a, KR_STOCK_TYPE_KEY_INFO, "k"), 0);
    m->now_ms += 5001;
    assert_non_null(strstr(hint(m), "not acknowledged"));
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_KEY_INFO_ACK, "k"), 0);
    assert_null(hint(m));
    static const char *const errors[][2] = {
        {"Session already established", "half-open"},
        {"Invalid UUID", "5 s"},
        {"No session found while processing key-info", "without a session"}};
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        struct kr_stock_message s = message(KR_STOCK_TYPE_ERROR, "");
        memcpy(s.error, errors[i][0], strlen(errors[i][0]) + 1);
        assert_int_equal(say(m, m->a, m->b, &s), 0);
        assert_non_null(strstr(hint(m), errors[i][1]));
    }
}

static void test_leaving(void **state)
{
    struct meeting *m = *state;
    open_session(m);
    kr_occupant_remove(&m->room, m->b);
    assert_null(m->room.stock->pairs);
    m->b = enter(&m->room, "bbbb", 3);
    assert_int_equal(tell(m, m->a, m->b, KR_STOCK_TYPE_KEY_INFO, "u"), KR_E_UNEXPECTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_init, setup, teardown),
        cmocka_unit_test_setup_teardown(test_within, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who, setup, teardown),
        cmocka_unit_test_setup_teardown(test_from_before, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hints, setup, teardown),
        cmocka_unit_test_setup_teardown(test_leaving, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
