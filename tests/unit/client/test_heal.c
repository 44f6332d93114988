/* A member that only hears its leader turns the ratchet now and then, with real Olm (docs/protocol.md 5.13,
 * 6.6). */
#include <string.h>

#include "base/err.h"
#include "client/state.h"
#include "desk.h"

enum { ANSWER_MS = 5020 };                         /* two members: all have answered by then */
enum { RATCHET_KEY_AT = 3, RATCHET_KEY_LEN = 32 }; /* in a normal Olm message: version, tag, length, key */

static void two(struct desk *d, uint64_t seed)
{
    desk_init(d, seed, KR_SOURCE_LEADER);
    world_join(&d->w, "alice");
    world_join(&d->w, "bob");
    world_wait(&d->w, 10);
    desk_epoch(d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice");
    world_all_hear(&d->w, 1);
}

/* A rotation; what alice sealed for bob. */
static struct desk_entry rotate(struct desk *d)
{
    desk_epoch(d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice");
    world_all_hear(&d->w, d->epoch);
    assert_int_equal(d->entry_count, 1);
    return d->entries[0];
}

static bool same_ratchet_key(const struct desk_entry *a, const struct desk_entry *b)
{
    assert_int_equal(a->type, KR_PACKED_NORMAL);
    assert_int_equal(b->type, KR_PACKED_NORMAL);
    return memcmp(a->body + RATCHET_KEY_AT, b->body + RATCHET_KEY_AT, RATCHET_KEY_LEN) == 0;
}

static void a_listener_turns_the_ratchet(void **state)
{
    (void)state;
    struct desk d;
    two(&d, 51);
    struct desk_seat *bob = desk_seat(&d, "bob");
    assert_int_equal(d.entries[0].type, KR_PACKED_PREKEY);
    assert_int_equal(bob->sessions, 0);
    world_wait(&d.w, ANSWER_MS); /* he answers, and her messages are shorter from then on */
    assert_int_equal(bob->sessions, 1);
    uint64_t first = d.w.now.mono_ms - ANSWER_MS, spread = ANSWER_MS; /* he spoke within it behind `first` */
    for (size_t turn = 2; turn <= 3; turn++) {
        assert_int_equal(bob->session_type, KR_OLM_NORMAL);
        struct desk_entry before = rotate(&d);
        world_wait(&d.w, first + KR_HEAL_MS - 1 - d.w.now.mono_ms);
        assert_int_equal(bob->sessions, turn - 1);
        world_wait(&d.w, 1 + spread + 60000);
        first += KR_HEAL_MS;
        spread += 60000;
        assert_int_equal(bob->sessions, turn);
        struct desk_entry after = rotate(&d), again = rotate(&d);
        assert_true(same_ratchet_key(&after, &again));
        assert_false(same_ratchet_key(&before, &after));
    }
    assert_int_equal(desk_seat(&d, "alice")->sessions, 0);
    assert_false(one_said(desk_one(&d, "alice"), "refused"));
    world_wait(&d.w, (uint64_t)2 * (KR_HEAL_MS + 60000)); /* only if there was something to hear since */
    assert_int_equal(bob->sessions, 4);
    desk_done(&d);
}

static void who_speaks_need_not(void **state)
{
    (void)state;
    struct desk d;
    two(&d, 52);
    world_wait(&d.w, ANSWER_MS);
    assert_int_equal(desk_seat(&d, "bob")->sessions, 1);
    rotate(&d);
    world_wait(&d.w, KR_HEAL_MS - ANSWER_MS - 1000);
    desk_epoch(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "bob"); /* in the session that he has with her */
    assert_int_equal(desk_seat(&d, "bob")->claims, 0);
    world_all_hear(&d.w, 3);
    world_wait(&d.w, 62000);
    assert_int_equal(desk_seat(&d, "bob")->sessions, 1);
    world_wait(&d.w, KR_HEAL_MS); /* nor later: he has heard nothing since */
    assert_int_equal(desk_seat(&d, "bob")->sessions, 1);
    desk_done(&d);
}

/* --- what is said to be such a word --- */

static size_t sessions_with(struct desk *d, const char *nick, const char *peer)
{
    struct kr_client *c = desk_one(d, nick)->client;
    return kr_peer_find(c, &desk_seat(d, peer)->line.attach)->session_count;
}

static void say_to_bob(struct desk *d, const struct kr_id *from, struct kr_span message)
{
    struct kr_notice n = {.kind = KR_NOTICE_SESSION,
                          .room = ROOM,
                          .u.session = {.from = *from, .type = KR_PACKED_NORMAL, .message = message}};
    one_hush(desk_one(d, "bob"));
    world_notice(&d->w, desk_one(d, "bob"), SERVICE, &n);
    world_settle(&d->w);
}

static void hostile_words(void **state)
{
    (void)state;
    struct desk d;
    two(&d, 53);
    const struct kr_id *alice = &desk_seat(&d, "alice")->line.attach;
    struct one *bob = desk_one(&d, "bob");
    struct kr_id nobody = {{7}};
    say_to_bob(&d, &nobody, kr_span("x", 1));
    assert_true(one_said(bob, "refused session not-in-roster"));
    uint8_t noise[64];
    memset(noise, 3, sizeof(noise));
    for (size_t len = 1; len <= sizeof(noise); len++) {
        say_to_bob(&d, alice, kr_span(noise, len));
        assert_true(one_said(bob, "refused session cannot-open alice"));
    }
    /* a secret that is on its way is none: it is not taken, and comes again when asked for */
    world_wait(&d.w, KR_HEAL_MS + 60000);
    desk_announce(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice", NULL);
    assert_int_equal(d.entries[0].type, KR_PACKED_NORMAL);
    struct desk_entry sealed = d.entries[0];
    say_to_bob(&d, alice, kr_span(sealed.body, sealed.len));
    assert_true(one_said(bob, "refused session malformed alice"));
    assert_int_equal(one_view(bob).missing, 2);
    desk_done(&d);
}

static void no_word_opens_a_session(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d, 55, KR_SOURCE_LEADER);
    world_join(&d.w, "alice");
    world_join(&d.w, "bob");
    world_wait(&d.w, 10);
    desk_announce(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice", NULL);
    struct desk_entry first = d.entries[0]; /* not heard yet, and would open one */
    assert_int_equal(first.type, KR_PACKED_PREKEY);
    say_to_bob(&d, &desk_seat(&d, "alice")->line.attach, kr_span(first.body, first.len));
    assert_true(one_said(desk_one(&d, "bob"), "refused session cannot-open alice"));
    assert_int_equal(sessions_with(&d, "bob", "alice"), 0);
    desk_deliver(&d, KR_ROUND_2, true);
    desk_commit(&d);
    world_all_hear(&d.w, 1);
    desk_done(&d);
}

static void a_word_counts_once(void **state)
{
    (void)state;
    struct desk d;
    two(&d, 54);
    world_wait(&d.w, KR_HEAL_MS + 60000);
    struct desk_seat *bob = desk_seat(&d, "bob");
    assert_int_equal(bob->sessions, 1);
    size_t before = sessions_with(&d, "alice", "bob");
    struct kr_notice n = {.kind = KR_NOTICE_SESSION,
                          .room = ROOM,
                          .u.session = {.from = bob->line.attach,
                                        .type = KR_PACKED_NORMAL,
                                        .message = kr_buf_span(&bob->session)}};
    world_notice(&d.w, desk_one(&d, "alice"), SERVICE, &n);
    world_settle(&d.w);
    assert_true(one_said(desk_one(&d, "alice"), "refused session cannot-open bob"));
    assert_int_equal(sessions_with(&d, "alice", "bob"), before);
    rotate(&d);
    desk_done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_turns_the_ratchet),
        cmocka_unit_test(who_speaks_need_not),
        cmocka_unit_test(hostile_words),
        cmocka_unit_test(no_word_opens_a_session),
        cmocka_unit_test(a_word_counts_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
