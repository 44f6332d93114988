/* What comes after the commit is gathered, and delivered in parts to large rooms. */
#include "meeting.h"

#include <stdio.h>
#include <string.h>

static void late_envelope_still_arrives(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    b->mute = true;
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    world_wait(&w, 3000);
    assert_int_equal(a->committed, 3);
    assert_int_equal(a->entries, 0);
    struct kr_packed entries[PEERS_MAX];
    struct kr_request r = peer_envelope(b, KR_ROUND_2, entries);
    peer_send(&w, b, &r);
    assert_string_equal(b->error, "");
    world_wait(&w, KR_GATHER_MS + 2 * KR_GATHER_MEMBER_MS - 1);
    assert_int_equal(a->entries, 0);
    world_wait(&w, 1);
    assert_int_equal(a->entries, 1);
}

enum { LATE = 6 };

/* All but the first of LATE members are mute in a rotation. */
static void rotate_mute(struct peer *p[static LATE])
{
    static const char *const nicks[LATE] = {"ann", "bob", "cid", "dot", "eve", "fay"};
    for (size_t i = 0; i < LATE; i++) {
        p[i] = settled(nicks[i]);
        p[i]->mute = false;
    }
    world_wait(&w, 10000);
    for (size_t i = 1; i < LATE; i++)
        p[i]->mute = true;
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
}

static void seal_late(struct peer *p)
{
    struct kr_packed entries[PEERS_MAX];
    struct kr_request r = peer_envelope(p, KR_ROUND_2, entries);
    peer_send(&w, p, &r);
    assert_string_equal(p->error, "");
}

static unsigned has(const struct peer *p, const struct peer *of)
{
    return p->have[kr_roster_find(&p->roster, &of->attach)];
}

static void late_ones_are_gathered(void **state)
{
    (void)state;
    struct peer *p[LATE];
    rotate_mute(p);
    uint64_t deadline = 2000 + 10 * LATE;
    world_wait(&w, deadline / 2);
    uint64_t delivers[LATE];
    for (size_t i = 0; i < LATE; i++)
        delivers[i] = p[i]->delivers;
    for (size_t i = 1; i < LATE; i++)
        seal_late(p[i]);
    for (size_t i = 0; i < LATE; i++)
        assert_int_equal(p[i]->delivers, delivers[i]);
    world_wait(&w, GATHER_MS);
    for (size_t i = 0; i < LATE; i++) {
        assert_int_equal(p[i]->delivers, delivers[i] + 1);
        for (size_t k = 1; k < LATE; k++)
            assert_int_equal(has(p[i], p[k]), i != k);
    }
    assert_true(p[0]->committed < p[0]->highest); /* and the others have not acked yet */
    for (size_t i = 1; i < LATE; i++) {
        struct kr_request ack = peer_ack(p[i]);
        peer_send(&w, p[i], &ack);
    }
    assert_int_equal(p[0]->committed, p[0]->highest);
}

/* Who leaves gets nothing; what a leaver sealed before is not lost. */
static void some_leave_while_gathered(void **state)
{
    (void)state;
    struct peer *p[LATE];
    rotate_mute(p);
    world_wait(&w, 1030);
    seal_late(p[1]);
    seal_late(p[2]);
    uint64_t delivers = p[3]->delivers;
    peer_leave(&w, p[3]);
    peer_leave(&w, p[1]);
    world_wait(&w, GATHER_MS);
    assert_int_equal(p[3]->delivers, delivers);
    assert_int_equal(has(p[0], p[1]), 1);
    assert_int_equal(has(p[0], p[2]), 1);
    assert_int_equal(has(p[4], p[1]), 1);
    assert_int_equal(has(p[4], p[2]), 1);
}

/* The commit does not overtake what came before it. */
static void gathered_goes_before_the_commit(void **state)
{
    (void)state;
    struct peer *p[LATE];
    rotate_mute(p);
    world_wait(&w, 2000 + 10 * LATE - 1);
    seal_late(p[1]);
    assert_int_equal(has(p[0], p[1]), 0);
    assert_true(p[0]->committed < p[0]->highest);
    world_wait(&w, 1);
    assert_int_equal(p[0]->committed, p[0]->highest);
    assert_int_equal(has(p[0], p[1]), 1);
    uint64_t delivers = p[0]->delivers;
    seal_late(p[2]); /* behind the commit */
    world_wait(&w, GATHER_MS);
    assert_int_equal(p[0]->delivers, delivers + 1);
    assert_int_equal(has(p[0], p[2]), 1);
}

/* Behind an abandoned epoch nothing of it is told any more; the next one is whole. */
static void abandoned_while_gathered(void **state)
{
    (void)state;
    struct peer *p[LATE];
    rotate_mute(p);
    world_wait(&w, 1030);
    seal_late(p[1]);
    uint64_t delivers = p[0]->delivers, epoch = p[0]->highest;
    for (size_t i = 1; i < LATE; i++)
        p[i]->mute = false;
    world_control(&w, KR_CONTROL_REVOKE, p[2], ROOM);
    assert_int_equal(p[0]->highest, epoch + 1);
    assert_int_equal(p[0]->delivers, delivers + 1); /* of the next one */
    world_wait(&w, 5000);
    assert_int_equal(p[0]->committed, epoch + 1);
    assert_int_equal(p[0]->delivers, delivers + 1);
    assert_int_equal(has(p[0], p[1]), 1);
}

/* Who says that it lacks what is gathered for it: that comes, and the sender is not asked again. */
static void what_is_gathered_is_not_wanted(void **state)
{
    (void)state;
    struct peer *p[LATE];
    rotate_mute(p);
    world_wait(&w, 1030);
    seal_late(p[1]);
    uint16_t from = (uint16_t)kr_roster_find(&p[0]->roster, &p[1]->attach);
    struct kr_request ack = {.kind = KR_REQ_ACK,
                             .room = ROOM,
                             .u.ack = {.epoch = p[0]->highest, .missing = &from, .missing_count = 1}};
    peer_send(&w, p[0], &ack);
    assert_string_equal(p[0]->error, "");
    world_wait(&w, GATHER_MS);
    assert_int_equal(p[1]->wanted, 0);
    assert_int_equal(has(p[0], p[1]), 1);
    peer_send(&w, p[0], &ack); /* it came, and could not be opened */
    assert_int_equal(p[1]->wanted, 1);
}

static void large_rooms_are_told_in_parts(void **state)
{
    (void)state;
    enum { N = 178 };
    char nick[16];
    struct peer *p[N];
    w.quiet = true;
    for (int i = 0; i < N; i++) {
        snprintf(nick, sizeof(nick), "peer%d", i);
        p[i] = world_peer(&w, nick);
        p[i]->body_len = KR_CIPHERTEXT_MAX;
        peer_join(&w, p[i]);
    }
    w.quiet = false;
    world_wait(&w, 300);
    for (int i = 0; i < N; i++) {
        assert_int_equal(p[i]->committed, 1);
        assert_int_equal(p[i]->entries, N - 1);
    }
    peer_leave(&w, p[7]);
    world_wait(&w, 1500);
    assert_int_equal(p[0]->committed, 2);
    assert_int_equal(p[0]->laggards, 0);
    assert_int_equal(p[0]->entries, N - 2);
    assert_true(p[0]->deliver_parts > 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(late_envelope_still_arrives),     T(late_ones_are_gathered),   T(some_leave_while_gathered),
        T(gathered_goes_before_the_commit), T(abandoned_while_gathered), T(what_is_gathered_is_not_wanted),
        T(large_rooms_are_told_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
