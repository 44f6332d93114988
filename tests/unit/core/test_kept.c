/* What the core keeps of a committed epoch: what somebody may still ask for, and no more. Looks inside, for
 * nothing shows it. */
#include "meeting.h"

#include "core/state.h"

static const struct kr_epoch *committed(void)
{
    const struct kr_room *room = w.core->rooms;
    assert_non_null(room->committed);
    assert_null(room->flight);
    return room->committed;
}

static size_t sealed_bytes(void)
{
    const struct kr_epoch *e = committed();
    size_t bytes = 0;
    for (size_t i = 0; i < e->roster.len; i++) {
        bytes += e->seats[i].sealed.cap;
        assert_int_equal(e->seats[i].at != NULL, e->seats[i].sealed.len != 0);
    }
    return bytes;
}

static void rotate(void)
{
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    world_wait(&w, 10000);
}

static void nothing_is_kept_that_all_hold(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    rotate();
    assert_int_equal(a->committed, 3);
    assert_int_equal(a->have[kr_roster_find(&a->roster, &b->attach)], 1);
    assert_int_equal(sealed_bytes(), 0);
}

static void kept_until_the_laggard_acks(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    struct peer *c = settled("carol");
    c->deaf_to = a;
    rotate();
    assert_int_equal(a->committed, 4);
    assert_int_equal(a->laggards, 1);
    assert_int_not_equal(sealed_bytes(), 0);
    c->deaf_to = NULL;
    struct kr_request ack = peer_ack(c);
    peer_send(&w, c, &ack);
    assert_string_equal(c->error, "");
    assert_int_equal(sealed_bytes(), 0);
    (void)b;
}

static void kept_until_the_laggard_leaves(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    settled("bob");
    struct peer *c = settled("carol");
    c->deaf_to = a;
    rotate();
    assert_int_not_equal(sealed_bytes(), 0);
    peer_leave(&w, c);
    assert_int_equal(sealed_bytes(), 0);
}

/* A sender that could not seal for somebody seals later, whatever that one says it holds. */
static void what_was_withheld_may_still_come(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    b->mute = true;
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    struct kr_packed entries[PEERS_MAX];
    struct kr_request r = peer_envelope(b, KR_ROUND_2, entries);
    const uint8_t why = KR_WITHHELD_PRESENCE;
    entries[0].type = KR_PACKED_WITHHELD;
    entries[0].body = kr_span(&why, 1);
    peer_sign_envelope(b, &r);
    peer_send(&w, b, &r);
    assert_string_equal(b->error, "");
    struct kr_request ack = {.kind = KR_REQ_ACK, .room = ROOM, .u.ack = {.epoch = 3}};
    peer_send(&w, a, &ack);
    peer_send(&w, b, &ack);
    world_wait(&w, 1000);
    assert_int_equal(a->committed, 3);
    assert_int_not_equal(sealed_bytes(), 0);
    uint16_t to = (uint16_t)kr_roster_find(&b->roster, &a->attach);
    unsigned have = a->have[kr_roster_find(&a->roster, &b->attach)];
    r = peer_supplement(b, entries, &to, 1);
    peer_send(&w, b, &r);
    assert_string_equal(b->error, "");
    world_wait(&w, 100);
    assert_int_equal(a->have[kr_roster_find(&a->roster, &b->attach)], have + 1);
    peer_send(&w, a, &ack);
    assert_int_equal(sealed_bytes(), 0);
}

static void a_spent_challenge_is_not_kept(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    assert_null(w.core->rooms->attaches->occupant->challenges);
    peer_leave(&w, a);
    peer_enter(&w, a);
    for (unsigned i = 0; i < KR_CHALLENGES_MAX; i++) {
        peer_challenge(&w, a);
        assert_string_equal(a->error, "");
    }
    peer_challenge(&w, a);
    assert_string_equal(a->error, "quota");
    assert_non_null(w.core->rooms->occupants->challenges);
}

static void pairs_end_with_the_other(void **state)
{
    (void)state;
    settled("alice");
    struct peer *b = settled("bob");
    struct kr_attach *a = w.core->rooms->attaches;
    kr_sorted_put(&a->pairs, &kr_pairs, b->attach.b);
    peer_leave(&w, b);
    assert_int_equal(a->pairs.len, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(nothing_is_kept_that_all_hold), T(kept_until_the_laggard_acks),
        T(kept_until_the_laggard_leaves), T(what_was_withheld_may_still_come),
        T(a_spent_challenge_is_not_kept), T(pairs_end_with_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
