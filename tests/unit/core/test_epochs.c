/* The life of epochs, from the first join on. */
#include "meeting.h"

#include "base/err.h"
#include "base/limit.h"

#include <stdio.h>
#include <string.h>

static struct peer *joined(const char *nick)
{
    struct peer *p = world_peer(&w, nick);
    peer_join(&w, p);
    return p;
}

static void first_member_alone(void **state)
{
    (void)state;
    struct peer *a = joined("alice");
    assert_int_equal(a->announces, 0); /* coalesced */
    world_wait(&w, 199);
    assert_int_equal(a->announces, 0);
    world_wait(&w, 1);
    assert_int_equal(a->highest, 1);
    assert_int_equal(a->link.kind, KR_EPOCH_FRESH);
    assert_int_equal(a->reasons, KR_REASON_JOIN);
    assert_int_equal(a->committed, 1);
    assert_int_equal(a->mode, KR_MODE_KEYED);
}

static void second_ratchets(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    assert_int_equal(b->highest, 2);
    assert_int_equal(a->link.kind, KR_EPOCH_RATCHET);
    assert_int_equal(a->entries, 1);
    assert_int_equal(b->entries, 1);
    assert_memory_equal(&a->context, &b->context, sizeof(a->context));
    struct kr_room_view v;
    assert_true(world_view(&w, &v));
    assert_memory_equal(&v.context, &a->context, sizeof(v.context));
}

static void leave_is_fresh_and_measured(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    settled("bob");
    struct peer *c = settled("carol");
    uint64_t bob_entries = world_peer(&w, "bob")->announces;
    peer_leave(&w, world_peer(&w, "bob"));
    world_wait(&w, 200);
    assert_int_equal(a->reasons, KR_REASON_LEAVE);
    assert_int_equal(a->link.kind, KR_EPOCH_FRESH);
    assert_int_equal(a->link.epoch, 4);
    assert_int_equal(a->roster.len, 2);
    assert_int_equal(c->committed, 4);
    assert_true(c->commit.has_exposure);
    assert_int_equal(c->commit.exposure_ms, 200);
    assert_int_equal(world_peer(&w, "bob")->announces, bob_entries);
    struct kr_stats s;
    kr_core_stats(w.core, &s);
    assert_int_equal(s.exposure_count, 1);
    assert_int_equal(s.exposure_max_ms, 200);
}

static void leave_and_return_in_one_window(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    peer_leave(&w, b);
    peer_join(&w, b);
    world_wait(&w, 200);
    assert_int_equal(a->link.epoch, 3);
    assert_int_equal(a->reasons, KR_REASON_JOIN | KR_REASON_LEAVE);
    assert_int_equal(a->link.kind, KR_EPOCH_FRESH);
    assert_int_equal(a->roster.len, 2);
    assert_int_equal(a->committed, 3);
}

static void joiner_that_leaves_at_once_costs_nothing(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    peer_leave(&w, joined("bob"));
    world_wait(&w, 5000);
    assert_int_equal(a->highest, 1);
}

static void coalescing_has_a_maximum(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    static const char *const names[] = {"b", "c", "d", "e", "f", "g", "h"};
    for (size_t i = 0; i < 7; i++) {
        joined(names[i]);
        assert_int_equal(a->highest, i < 7 ? 1 : 2);
        world_wait(&w, i < 6 ? 150 : 100);
    }
    assert_int_equal(a->highest, 2); /* 1 s after the first */
    assert_int_equal(a->roster.len, 8);
}

/* Nothing is due while only waiting devices are there: a due time in the past would spin the daemon. */
static void no_timer_without_members(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    w.room_settings.policy.authorise = KR_AUTHORISE_REGISTERED;
    world_control(&w, KR_CONTROL_APPROVE, a, "*");
    world_settings(&w);
    world_wait(&w, 5000);
    joined("mallory");
    peer_leave(&w, a);
    world_wait(&w, 5000);
    w.now.mono_ms += 1000000;
    struct kr_event tick = {.kind = KR_EV_TICK, .now = w.now};
    world_event(&w, &tick);
    assert_true(kr_core_deadline(w.core) > w.now.mono_ms);
}

static void timer_rotates(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    settled("bob");
    world_wait(&w, 890000);
    assert_int_equal(a->highest, 2);
    world_wait(&w, 15000);
    assert_int_equal(a->highest, 3);
    assert_int_equal(a->reasons, KR_REASON_TIMER);
    assert_int_equal(a->link.kind, KR_EPOCH_FRESH);
}

static void operator_and_owner_rotate(void **state)
{
    (void)state;
    struct peer *a = world_peer(&w, "alice");
    a->affiliation = "owner";
    settled("alice");
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    assert_int_equal(w.reply_err, 0);
    assert_int_equal(a->highest, 2);
    assert_int_equal(a->reasons, KR_REASON_MANUAL);
    world_control(&w, KR_CONTROL_ROTATE, NULL, "nowhere@muc.example.org");
    assert_int_equal(w.reply_err, KR_E_UNKNOWN_ROOM);
    world_wait(&w, 3000);
    struct kr_request r = {.kind = KR_REQ_ROTATE, .room = ROOM};
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "");
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "quota");
    world_wait(&w, 3000);
    assert_int_equal(a->highest, 3);
    struct peer *b = settled("bob");
    peer_send(&w, b, &r);
    assert_string_equal(b->error, "not-allowed");
}

static void revoke_abandons_what_is_in_flight(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    struct peer *c = settled("carol");
    b->mute = true; /* the epoch stays in collecting */
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    assert_int_equal(a->highest, 4);
    assert_int_equal(a->committed, 3);
    world_control(&w, KR_CONTROL_REVOKE, c, "*");
    assert_int_equal(w.reply_err, 0);
    assert_non_null(strstr(w.reply, ": 1 room rotates"));
    assert_int_equal(c->detached, 1);
    assert_string_equal(c->detached_reason, "revoked");
    assert_int_equal(c->highest, 4); /* heard nothing of the next */
    assert_int_equal(a->highest, 5); /* in the same turn */
    assert_true(a->reasons & KR_REASON_REVOKE);
    assert_int_equal(a->link.kind, KR_EPOCH_FRESH);
    assert_int_equal(a->roster.len, 2);
    struct kr_stats s;
    kr_core_stats(w.core, &s);
    assert_int_equal(s.epochs_abandoned, 1);
    /* It does not come back. */
    c->attached = false;
    struct kr_signed_key otks[1];
    peer_new_attach(&w, c);
    peer_challenge(&w, c);
    struct kr_request r = peer_attach_request(&w, c, otks, 1);
    peer_send(&w, c, &r);
    assert_string_equal(c->error, "revoked");
}

static void laggard_is_named_and_not_waited_for_twice(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    b->mute = true;
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    world_wait(&w, 2019);
    assert_int_equal(a->committed, 2);
    world_wait(&w, 1);
    assert_int_equal(a->committed, 3);
    assert_int_equal(a->laggards, 1);
    assert_int_equal(a->silent, 1);
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    assert_int_equal(a->highest, 4);
    world_wait(&w, 1000); /* only the gap between commits */
    assert_int_equal(a->committed, 4);
    b->mute = false; /* it is back, acks in time once, and is waited for again */
    world_wait(&w, 2000);
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    world_wait(&w, 2000);
    b->mute = true;
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    world_wait(&w, 1900);
    assert_int_equal(a->committed, 5);
    world_wait(&w, 200);
    assert_int_equal(a->committed, 6);
}

static void the_fault_is_the_senders(void **state)
{
    (void)state;
    struct peer *a = settled("alice"), *b = settled("bob"), *c = settled("carol"), *d = settled("dave");
    a->deaf_to = b->deaf_to = c->deaf_to = d;
    uint64_t before = a->committed;
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    world_wait(&w, 2030);
    assert_int_equal(a->committed, before);
    world_wait(&w, 10); /* the deadline */
    assert_int_equal(a->committed, before + 1);
    b->mute = true; /* he was late through no fault of his own: he is waited for */
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    world_wait(&w, 2030);
    assert_int_equal(a->committed, before + 1);
    world_wait(&w, 10);
    assert_int_equal(a->committed, before + 2);
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    world_wait(&w, 1000); /* nobody waits for dave's secret again, nor for bob now */
    assert_int_equal(a->committed, before + 3);
}

static void commits_keep_their_distance(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    settled("bob");
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    assert_int_equal(a->committed, 3);
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    assert_int_equal(a->highest, 4);
    world_wait(&w, 999);
    assert_int_equal(a->committed, 3);
    world_wait(&w, 1);
    assert_int_equal(a->committed, 4);
}

static void missing_is_delivered_again_and_wanted(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    uint16_t from = (uint16_t)kr_roster_find(&a->roster, &b->attach);
    struct kr_request ack = {
        .kind = KR_REQ_ACK, .room = ROOM, .u.ack = {.epoch = 3, .missing = &from, .missing_count = 1}};
    struct kr_packed entries[PEERS_MAX];
    uint16_t to = (uint16_t)kr_roster_find(&b->roster, &a->attach);
    for (unsigned asked = 1; asked <= KR_SUPPLEMENTS_MAX + 2; asked++) {
        unsigned most = asked < KR_SUPPLEMENTS_MAX ? asked : KR_SUPPLEMENTS_MAX; /* bounded */
        for (int i = 0; i < 3; i++) { /* one question is open at a time */
            peer_send(&w, a, &ack);
            assert_string_equal(a->error, "");
            assert_int_equal(b->wanted, most);
        }
        struct kr_request s = peer_supplement(b, entries, &to, 1);
        unsigned have = a->have[from];
        peer_send(&w, b, &s);
        assert_string_equal(b->error, asked > KR_SUPPLEMENTS_MAX + 1 ? "wrong-recipients" : "");
        world_wait(&w, GATHER_MS);
        assert_int_equal(a->have[from], have + (asked <= KR_SUPPLEMENTS_MAX + 1));
    }
}

static void lost_parent_is_sealed_for(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    settled("carol"); /* a ratchet: bob need not seal for alice */
    uint16_t from = (uint16_t)kr_roster_find(&a->roster, &b->attach);
    assert_int_equal(a->have[from], 0);
    struct kr_request ack = {
        .kind = KR_REQ_ACK, .room = ROOM, .u.ack = {.epoch = 3, .missing = &from, .missing_count = 1}};
    peer_send(&w, a, &ack);
    assert_int_equal(b->wanted, 1);
    struct kr_packed entries[PEERS_MAX];
    uint16_t to = (uint16_t)kr_roster_find(&b->roster, &a->attach);
    struct kr_request s = peer_supplement(b, entries, &to, 1);
    peer_send(&w, b, &s);
    assert_string_equal(b->error, "");
    world_wait(&w, GATHER_MS);
    assert_int_equal(a->have[from], 1);
}

static void whole_tells_all(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    settled("bob");
    uint64_t announces = a->announces, delivers = a->delivers;
    struct kr_request r = {.kind = KR_REQ_WHOLE, .room = ROOM};
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "");
    assert_int_equal(a->announces, announces + 1);
    assert_true(a->delivers > delivers);
}

static void policy_change_withdraws(void **state)
{
    (void)state;
    struct peer *a = world_peer(&w, "alice");
    a->affiliation = "member";
    settled("alice");
    struct peer *b = settled("bob");
    w.room_settings.policy.authorise = KR_AUTHORISE_MEMBERS;
    world_settings(&w);
    assert_string_equal(b->detached_reason, "policy");
    assert_int_equal(a->highest, 3);
    assert_int_equal(a->reasons, KR_REASON_POLICY);
    assert_int_equal(a->roster.len, 1);
    /* It may attach again, waits, and is let in when it is approved. */
    struct kr_signed_key otks[1];
    peer_new_attach(&w, b);
    peer_challenge(&w, b);
    struct kr_request r = peer_attach_request(&w, b, otks, 1);
    b->attached = true;
    b->highest = 0;
    peer_send(&w, b, &r);
    assert_string_equal(b->error, "");
    world_wait(&w, 5000);
    assert_int_equal(b->highest, 0);
    assert_int_equal(a->waiting, 1);
    world_control(&w, KR_CONTROL_APPROVE, b, ROOM);
    assert_int_equal(w.reply_err, 0);
    world_wait(&w, 5000);
    assert_int_equal(a->waiting, 0);
    assert_int_equal(b->roster.len, 2);
    assert_int_equal(b->committed, b->highest);
}

static void affiliation_change_withdraws(void **state)
{
    (void)state;
    w.room_settings.policy.authorise = KR_AUTHORISE_MEMBERS;
    world_settings(&w);
    struct peer *a = world_peer(&w, "alice"), *b = world_peer(&w, "bob");
    a->affiliation = b->affiliation = "member";
    settled("alice");
    settled("bob");
    b->affiliation = "none";
    peer_enter(&w, b);
    assert_string_equal(b->detached_reason, "policy");
    assert_int_equal(a->highest, 3);
    assert_int_equal(a->reasons, KR_REASON_POLICY);
    assert_int_equal(a->roster.len, 1);
}

static void churn_holds_joins_not_leaves(void **state)
{
    (void)state;
    static const char *const names[] = {"b", "c", "d", "e", "f", "g", "h"};
    struct peer *a = joined("alice");
    for (size_t i = 0; i < 7; i++)
        joined(names[i]);
    world_wait(&w, 3000);
    for (size_t i = 0; i < 7; i++) {
        peer_leave(&w, world_peer(&w, names[i]));
        world_wait(&w, 1500);
        assert_int_equal(a->roster.len, 7 - i);
    }
    struct peer *z = joined("zoe");
    assert_true(a->joins_held);
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM); /* an epoch does not let them in either */
    world_wait(&w, 5000);
    assert_int_equal(z->highest, 0);
    world_wait(&w, 5100);
    assert_true(z->highest > 0);
    world_wait(&w, 60000);
    assert_false(a->joins_held);
}

static void leaver_is_not_waited_for(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    struct peer *c = settled("carol");
    b->mute = true;
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    assert_int_equal(a->committed, 3);
    uint64_t delivers = b->delivers;
    peer_leave(&w, b); /* both its envelope and its ack were awaited */
    assert_int_equal(a->committed, 4);
    assert_int_equal(a->laggards, 0);
    assert_int_equal(c->silent, 0);
    assert_int_equal(b->delivers, delivers);
    world_wait(&w, 1500);
    assert_int_equal(a->roster.len, 2);
}

static void another_session_under_the_nick_is_a_leave(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    snprintf(b->jid, sizeof(b->jid), "bob@example.org/2");
    b->attached = false;
    peer_enter(&w, b);
    world_wait(&w, 300);
    assert_int_equal(a->reasons, KR_REASON_LEAVE);
    assert_int_equal(a->roster.len, 1);
    assert_int_equal(b->highest, 2);
}

static void missing_holds_the_commit_up(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    w.quiet = true;
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    struct kr_packed entries[PEERS_MAX];
    struct kr_request r = peer_envelope(a, KR_ROUND_2, entries);
    peer_send(&w, a, &r);
    r = peer_envelope(b, KR_ROUND_2, entries);
    peer_send(&w, b, &r);
    assert_int_equal(a->last_delivers, 1);
    uint16_t from = (uint16_t)kr_roster_find(&a->roster, &b->attach);
    r = (struct kr_request){
        .kind = KR_REQ_ACK, .room = ROOM, .u.ack = {.epoch = 3, .missing = &from, .missing_count = 1}};
    peer_send(&w, a, &r);
    r = peer_ack(b);
    peer_send(&w, b, &r);
    world_wait(&w, 1500);
    assert_int_equal(a->committed, 2);
    r = peer_ack(a); /* it could be opened after all */
    peer_send(&w, a, &r);
    assert_int_equal(a->committed, 3);
    assert_int_equal(a->laggards, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(first_member_alone),
        T(second_ratchets),
        T(leave_is_fresh_and_measured),
        T(leave_and_return_in_one_window),
        T(joiner_that_leaves_at_once_costs_nothing),
        T(coalescing_has_a_maximum),
        T(timer_rotates),
        T(no_timer_without_members),
        T(operator_and_owner_rotate),
        T(revoke_abandons_what_is_in_flight),
        T(laggard_is_named_and_not_waited_for_twice),
        T(the_fault_is_the_senders),
        T(commits_keep_their_distance),
        T(missing_is_delivered_again_and_wanted),
        T(lost_parent_is_sealed_for),
        T(whole_tells_all),
        T(policy_change_withdraws),
        T(affiliation_change_withdraws),
        T(churn_holds_joins_not_leaves),
        T(leaver_is_not_waited_for),
        T(another_session_under_the_nick_is_a_leave),
        T(missing_holds_the_commit_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
