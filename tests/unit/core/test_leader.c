/* Epochs with a leader, as the service runs them (docs/protocol.md 5.13). */
#include "world.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

static struct world w;
enum { BOTH = 1u << KR_SOURCE_PARTICIPANTS | 1u << KR_SOURCE_LEADER };

static void set_policy(enum kr_source source, uint32_t leader_above)
{
    w.room_settings.policy.source = source;
    w.room_settings.policy.leader_above = leader_above;
    world_settings(&w);
}

static int setup(void **state)
{
    (void)state;
    world_init(&w, 1);
    world_start(&w);
    set_policy(KR_SOURCE_LEADER, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_done(&w);
    return 0;
}

static struct peer *enters(const char *nick, unsigned sources, bool lead)
{
    struct peer *p = world_peer(&w, nick);
    p->sources = sources;
    p->lead = lead;
    peer_join(&w, p);
    return p;
}

static struct peer *settled(const char *nick, unsigned sources, bool lead)
{
    struct peer *p = enters(nick, sources, lead);
    world_wait(&w, 5000);
    assert_int_equal(p->committed, p->highest);
    return p;
}

static bool leads(const struct peer *leader, const struct peer *told)
{
    return told->link.source == KR_SOURCE_LEADER && kr_id_equal(&told->link.leader, &leader->attach);
}

static void one_seals_for_all(void **state)
{
    (void)state;
    struct peer *a = settled("alice", BOTH, true), *b = settled("bob", BOTH, true);
    struct peer *c = settled("carol", BOTH, false);
    assert_true(leads(a, a) && leads(a, b) && leads(a, c));
    assert_int_equal(c->link.kind, KR_EPOCH_RATCHET);
    assert_int_equal(c->entries, 1);
    assert_int_equal(b->entries, 0); /* it ratchets */
    assert_true(c->was_told && kr_digest_equal(&c->told, &a->confirm));
    struct peer *d = settled("dave", BOTH, false);
    peer_leave(&w, d);
    world_wait(&w, 5000);
    assert_int_equal(b->link.kind, KR_EPOCH_FRESH);
    assert_true(leads(a, b));
    assert_int_equal(a->entries + b->entries + c->entries, 2);
    assert_int_equal(b->committed, b->highest);
    struct kr_room_view v;
    assert_true(world_view(&w, &v));
    assert_string_equal(v.source, "leader");
    assert_string_equal(v.leader, "alice");
}

static void nobody_else_may_seal(void **state)
{
    (void)state;
    settled("alice", BOTH, true);
    struct peer *b = settled("bob", BOTH, false), *c = settled("carol", BOTH, false);
    struct kr_packed entries[4] = {{.index = 0, .type = KR_PACKED_NORMAL}};
    const uint16_t to[] = {(uint16_t)kr_roster_find(&b->roster, &c->attach)};
    struct kr_request r = peer_supplement(b, entries, to, 1);
    peer_send(&w, b, &r);
    assert_string_equal(b->error, "wrong-recipients");
    r.u.envelope.round = KR_ROUND_2;
    peer_sign_envelope(b, &r);
    peer_send(&w, b, &r);
    assert_string_equal(b->error, "unexpected");
    /* nor be asked to */
    uint16_t seat = to[0];
    struct kr_request ack = peer_ack(b);
    ack.u.ack.missing = &seat;
    ack.u.ack.missing_count = 1;
    peer_send(&w, b, &ack);
    assert_string_equal(b->error, "malformed");
    assert_int_equal(c->wanted, 0);
}

static void a_confirm_is_asked_for_and_covered(void **state)
{
    (void)state;
    struct peer *a = settled("alice", BOTH, true), *b = settled("bob", BOTH, false);
    settled("carol", BOTH, false);
    a->mute = true;
    peer_leave(&w, b);
    world_wait(&w, 200);
    struct kr_packed entries[4];
    struct kr_request r = peer_envelope(a, KR_ROUND_2, entries);
    r.u.envelope.has_confirm = false;
    peer_sign_envelope(a, &r);
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "malformed");
    r = peer_envelope(a, KR_ROUND_2, entries);
    r.u.envelope.confirm.b[0] ^= 1;
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "bad-signature");
    r = peer_envelope(a, KR_ROUND_2, entries);
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "");
}

static void a_silent_leader_is_replaced(void **state)
{
    (void)state;
    struct peer *a = settled("alice", BOTH, true), *b = settled("bob", BOTH, true);
    struct peer *c = settled("carol", BOTH, true);
    a->mute = true;
    peer_leave(&w, c);
    world_wait(&w, 200);
    assert_true(leads(a, b));
    uint64_t first = b->highest;
    world_wait(&w, 1010); /* half of 2 s + 2 members */
    assert_true(b->highest > first && leads(b, b));
    assert_int_equal(b->link.kind, KR_EPOCH_FRESH);
    assert_true(b->reasons & KR_REASON_LEADER);
    assert_true(b->reasons & KR_REASON_LEAVE);
    world_wait(&w, 5000);
    assert_int_equal(b->committed, b->highest);
    a->mute = false;
    settled("dave", BOTH, true);
    assert_true(leads(b, a)); /* alice does not come back */
    /* not even over a restart */
    world_restart(&w);
    world_joined(&w);
    world_wait(&w, 5000);
    assert_true(leads(b, a));
    assert_int_equal(a->committed, a->highest);
}

static void two_failures_in_a_row_are_told(void **state)
{
    (void)state;
    struct peer *a = settled("alice", BOTH, true), *b = settled("bob", BOTH, true);
    struct peer *c = settled("carol", BOTH, true), *d = settled("dave", BOTH, false);
    a->mute = b->mute = true;
    peer_leave(&w, d);
    world_wait(&w, 1300);
    assert_true(leads(b, c));
    assert_false(c->exposed);
    world_wait(&w, 1100);
    assert_true(leads(c, c));
    assert_true(c->exposed);
    world_wait(&w, 5000);
    assert_int_equal(c->committed, c->highest);
    assert_false(c->exposed);
}

static void the_last_one_is_pardoned_for_being_late(void **state)
{
    (void)state;
    struct peer *a = settled("alice", BOTH, true), *b = settled("bob", BOTH, false);
    a->mute = true;
    peer_leave(&w, b);
    enters("carol", BOTH, false);
    world_wait(&w, 1500);
    a->mute = false;
    world_wait(&w, 8000);
    struct peer *c = world_peer(&w, "carol");
    assert_true(leads(a, c));
    assert_int_equal(c->committed, c->highest);
}

static void who_was_late_leads_again_in_turn_and_with_patience(void **state)
{
    (void)state;
    struct peer *a = settled("alice", BOTH, true), *b = settled("bob", BOTH, true);
    struct peer *c = settled("carol", BOTH, false), *d = settled("dave", BOTH, false);
    a->mute = b->mute = true;
    peer_leave(&w, d);
    world_wait(&w, 200 + 1015); /* half of 2 s and 10 ms for each of three */
    assert_true(leads(b, c));
    world_wait(&w, 1015);
    assert_true(leads(a, c)); /* its failure is the older one */
    world_wait(&w, KR_LEADER_PATIENCE_MS - 1);
    assert_true(leads(a, c));
    world_wait(&w, 1);
    assert_true(leads(b, c));
    world_wait(&w, 5000);
    struct kr_packed entries[4]; /* late for half of the deadline, in time for the patience with it */
    struct kr_request r = peer_envelope(b, KR_ROUND_2, entries);
    b->sealed[KR_ROUND_2] = true;
    b->mute = false;
    peer_send(&w, b, &r);
    assert_string_equal(b->error, "");
    world_wait(&w, 3000);
    assert_int_equal(c->committed, c->highest);
}

static void a_leader_that_leaves_is_replaced_at_once(void **state)
{
    (void)state;
    struct peer *a = settled("alice", BOTH, true), *b = settled("bob", BOTH, true);
    struct peer *c = settled("carol", BOTH, true);
    a->mute = true;
    peer_leave(&w, c);
    world_wait(&w, 200);
    uint64_t first = b->highest;
    assert_true(leads(a, b));
    peer_leave(&w, a);
    assert_true(b->highest > first && leads(b, b));
    world_wait(&w, 5000);
    assert_int_equal(b->committed, b->highest);
    assert_false(b->exposed);
}

static void accuse(struct peer *p)
{
    uint16_t seat = (uint16_t)kr_roster_find(&p->roster, &p->link.leader);
    struct kr_request r = peer_ack(p);
    r.u.ack.missing_count = 0;
    r.u.ack.has_confirm = false;
    r.u.ack.mismatch = &seat;
    r.u.ack.mismatch_count = 1;
    peer_send(&w, p, &r);
    assert_string_equal(p->error, "");
}

static void an_accused_leader_is_deposed_once(void **state)
{
    (void)state;
    struct peer *a = settled("alice", BOTH, true), *b = settled("bob", BOTH, true);
    struct peer *c = settled("carol", BOTH, true), *d = settled("dave", BOTH, false);
    settled("erin", BOTH, false);
    assert_true(leads(a, d));
    accuse(d);
    world_wait(&w, 5000);
    assert_true(leads(b, d));
    assert_int_equal(d->committed, d->highest);
    accuse(d); /* the same one again counts only with others */
    world_wait(&w, 5000);
    assert_true(leads(b, d));
    accuse(c);
    world_wait(&w, 5000);
    assert_true(leads(c, d));
    (void)a;
}

static void by_most_it_is_for_good(void **state)
{
    (void)state;
    struct peer *a = settled("alice", BOTH, true), *b = settled("bob", BOTH, false);
    accuse(b); /* one of one other */
    world_wait(&w, 5000);
    assert_true(b->highest == b->committed);
    assert_int_equal(b->mode, KR_MODE_SUSPENDED); /* nobody is left to lead */
    struct peer *c = settled("carol", BOTH, true);
    assert_true(leads(c, a));
    assert_int_equal(b->mode, KR_MODE_KEYED);
}

/* A member that ratcheted another secret than the leader did. */
static void another_confirm_is_an_accusation(void **state)
{
    (void)state;
    struct peer *a = settled("alice", BOTH, true), *b = settled("bob", BOTH, true);
    struct peer *c = enters("carol", BOTH, false);
    a->mute = b->mute = true;
    world_wait(&w, 200);
    assert_int_equal(b->link.kind, KR_EPOCH_RATCHET);
    struct kr_request ack = peer_ack(b);
    ack.u.ack.confirm.b[3] ^= 1;
    peer_send(&w, b, &ack); /* before the leader has sealed */
    assert_true(leads(a, c));
    a->mute = false;
    b->mute = false;
    b->acked = true;
    world_wait(&w, 1);
    struct kr_packed entries[4];
    if (!a->sealed[2]) {
        struct kr_request r = peer_envelope(a, KR_ROUND_2, entries);
        a->sealed[2] = true;
        peer_send(&w, a, &r);
    }
    world_wait(&w, 5000);
    assert_true(leads(b, c));
    assert_int_equal(c->committed, c->highest);
}

static void who_takes_no_part_is_refused(void **state)
{
    (void)state;
    settled("alice", BOTH, true);
    struct peer *b = world_peer(&w, "bob");
    struct kr_signed_key otks[5];
    peer_new_attach(&w, b);
    peer_enter(&w, b);
    peer_challenge(&w, b);
    struct kr_request r = peer_attach_request(&w, b, otks, 5);
    peer_send(&w, b, &r);
    assert_string_equal(b->error, "not-allowed");
}

/* --- leader-above --- */

static void a_crowd_gets_a_leader_and_loses_it_again(void **state)
{
    (void)state;
    set_policy(KR_SOURCE_PARTICIPANTS, 5);
    struct peer *p[6];
    char nick[8];
    for (int i = 0; i < 6; i++) {
        snprintf(nick, sizeof(nick), "p%d", i);
        p[i] = settled(nick, BOTH, true);
        assert_int_equal(p[0]->link.source, i < 5 ? KR_SOURCE_PARTICIPANTS : KR_SOURCE_LEADER);
    }
    assert_true(leads(p[0], p[5]));
    assert_int_equal(p[0]->link.kind, KR_EPOCH_FRESH); /* although only somebody joined */
    /* who cannot follow is kept out as long as that is so */
    struct peer *x = world_peer(&w, "xaver");
    struct kr_signed_key otks[5];
    peer_new_attach(&w, x);
    peer_enter(&w, x);
    peer_challenge(&w, x);
    struct kr_request r = peer_attach_request(&w, x, otks, 5);
    peer_send(&w, x, &r);
    assert_string_equal(x->error, "room-full");
    for (int i = 5; i >= 3; i--) {
        assert_int_equal(p[0]->link.source, KR_SOURCE_LEADER); /* down to 80 %: 4 */
        peer_leave(&w, p[i]);
        world_wait(&w, 5000);
    }
    assert_int_equal(p[0]->roster.len, 3);
    assert_int_equal(p[0]->link.source, KR_SOURCE_PARTICIPANTS);
    assert_int_equal(p[0]->link.kind, KR_EPOCH_FRESH);
    assert_int_equal(p[0]->committed, p[0]->highest);
}

static void one_that_takes_no_part_keeps_a_crowd_as_it_is(void **state)
{
    (void)state;
    set_policy(KR_SOURCE_PARTICIPANTS, 2);
    settled("alice", 0, false);
    settled("bob", BOTH, true);
    struct peer *c = settled("carol", BOTH, true);
    assert_int_equal(c->link.source, KR_SOURCE_PARTICIPANTS);
}

/* --- passphrase --- */

static void of_a_passphrase_nobody_seals(void **state)
{
    (void)state;
    set_policy(KR_SOURCE_PASSPHRASE, 0);
    unsigned set = 1u << KR_SOURCE_PASSPHRASE;
    struct peer *a = settled("alice", set, false), *b = settled("bob", set, false);
    assert_int_equal(b->link.source, KR_SOURCE_PASSPHRASE);
    assert_int_equal(a->entries + b->entries, 0);
    peer_leave(&w, a);
    world_wait(&w, 5000);
    assert_int_equal(b->committed, b->highest);
    assert_int_equal(b->laggards, 0);
}

int main(void)
{
#define LED(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        LED(one_seals_for_all),
        LED(nobody_else_may_seal),
        LED(a_confirm_is_asked_for_and_covered),
        LED(a_silent_leader_is_replaced),
        LED(two_failures_in_a_row_are_told),
        LED(the_last_one_is_pardoned_for_being_late),
        LED(who_was_late_leads_again_in_turn_and_with_patience),
        LED(a_leader_that_leaves_is_replaced_at_once),
        LED(an_accused_leader_is_deposed_once),
        LED(by_most_it_is_for_good),
        LED(another_confirm_is_an_accusation),
        LED(who_takes_no_part_is_refused),
        LED(a_crowd_gets_a_leader_and_loses_it_again),
        LED(one_that_takes_no_part_keeps_a_crowd_as_it_is),
        LED(of_a_passphrase_nobody_seals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
