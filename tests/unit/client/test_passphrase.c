/* Rooms whose keys follow from a passphrase (docs/protocol.md 5.14). */
#include <string.h>

#include "base/err.h"
#include "client/state.h"
#include "desk.h"
#include "epoch/schedule.h"

static struct kr_secret secret_of(const char *text)
{
    struct kr_secret s = KR_SECRET_NONE;
    kr_secret_set(&s, text, strlen(text));
    return s;
}

static void room(struct desk *d, uint64_t seed)
{
    desk_init(d, seed, KR_SOURCE_PASSPHRASE);
    d->w.sources = KR_SOURCE_BIT(KR_SOURCE_PASSPHRASE);
}

static struct one *join_with(struct desk *d, const char *nick, const char *text)
{
    struct kr_secret s = secret_of(text);
    d->w.passphrase = &s;
    struct one *o = world_join(&d->w, nick);
    d->w.passphrase = NULL;
    kr_secret_done(&s); /* the client has its own */
    world_wait(&d->w, 10);
    return o;
}

static void check_secret(const struct desk *d, const struct one *o, const char *text)
{
    struct kr_secret passphrase = secret_of(text), key = KR_SECRET_NONE, secret = KR_SECRET_NONE;
    assert_int_equal(kr_passphrase_key(&passphrase, ROOM, &d->instance, &key), 0);
    assert_int_equal(kr_passphrase_secret(&key, desk_context(d, 0), &secret), 0);
    assert_true(kr_secret_equal(&secret, &o->client->epochs->shared));
    kr_secret_done(&passphrase);
    kr_secret_done(&key);
    kr_secret_done(&secret);
}

static void who_knows_it_hears(void **state)
{
    (void)state;
    struct desk d;
    room(&d, 41);
    struct one *alice = join_with(&d, "alice", "correct horse"), *bob = join_with(&d, "bob", "correct horse");
    desk_announce(&d, KR_EPOCH_FRESH, KR_SOURCE_PASSPHRASE, NULL, NULL);
    assert_true(one_said(bob, "announce 1 fresh passphrase "));
    assert_int_equal(desk_seat(&d, "bob")->acks, 1); /* at once: nobody seals */
    assert_false(desk_seat(&d, "bob")->ack_confirms);
    check_secret(&d, alice, "correct horse");
    desk_commit(&d);
    world_all_hear(&d.w, 1);
    const uint8_t *slow = bob->client->passphrase_key.ptr;
    struct one *carol = join_with(&d, "carol", "wrong horse");
    desk_announce(&d, KR_EPOCH_RATCHET, KR_SOURCE_PASSPHRASE, NULL, NULL);
    check_secret(&d, alice, "correct horse"); /* a ratchet is made in the same way */
    world_wait(&d.w, 2000 + KR_SWITCH_SLACK_MS);
    assert_true(one_said(bob, "switch 2 by-clock"));
    assert_ptr_equal(bob->client->passphrase_key.ptr, slow);
    struct kr_buf frame = one_seal(alice);
    assert_int_equal(one_open(bob, "alice", &frame), 0);
    assert_int_equal(one_open(carol, "alice", &frame), KR_E_BAD_FRAME);
    kr_buf_done(&frame);
    frame = one_seal(carol);
    assert_int_equal(one_open(alice, "carol", &frame), KR_E_BAD_FRAME);
    kr_buf_done(&frame);
    for (size_t i = 0; i < d.w.count; i++) {
        assert_int_equal(d.seats[i].claims + d.seats[i].envelopes, 0);
        assert_false(one_said(&d.w.ones[i], "refused"));
    }
    desk_done(&d);
}

static void none_or_too_long_a_one_is_below_the_floor(void **state)
{
    (void)state;
    static char longer[KR_PASSPHRASE_MAX + 2];
    struct desk d;
    room(&d, 42);
    memset(longer, 'a', KR_PASSPHRASE_MAX + 1);
    struct one *ones[] = {world_join(&d.w, "alice"), join_with(&d, "bob", ""),
                          join_with(&d, "carol", longer)};
    for (size_t i = 0; i < 3; i++) {
        assert_true(one_said(ones[i], "refused challenge below-floor"));
        assert_false(one_view(ones[i]).member);
    }
    desk_done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_knows_it_hears),
        cmocka_unit_test(none_or_too_long_a_one_is_below_the_floor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
