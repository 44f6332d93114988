/* Epochs after a restart and after a lost link: who is confirmed, and who is told what. */
#include "meeting.h"

#include <stdio.h>

static void restart_recovers(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    struct peer *c = settled("carol");
    struct kr_id instance = a->instance;
    b->mute = true;
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM); /* in flight when it stops */
    assert_int_equal(a->highest, 4);
    b->mute = false;
    c->present = c->attached = false; /* left meanwhile */
    world_restart(&w);
    world_joined(&w);
    assert_int_equal(a->highest, 5); /* 4 is never used again */
    assert_int_equal(a->reasons, KR_REASON_RECOVER | KR_REASON_LEAVE);
    assert_int_equal(a->link.kind, KR_EPOCH_FRESH);
    assert_int_equal(a->roster.len, 2);
    assert_memory_equal(&a->instance, &instance, sizeof(instance));
    world_wait(&w, 100);
    assert_int_equal(b->committed, 5);
    assert_int_equal(c->highest, 4);
}

static void restart_with_nobody_ends_the_instance(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct kr_id instance = a->instance;
    a->present = false;
    world_restart(&w);
    world_joined(&w);
    struct kr_room_view v;
    assert_true(world_view(&w, &v));
    assert_false(v.has_instance);
    struct kr_snapshot s = {0};
    assert_int_equal(w.store->ops->load(w.store, &s), 0);
    assert_int_equal(s.room_count, 0);
    assert_int_equal(s.attach_count, 0);
    kr_snapshot_done(&s);
    a->highest = 0;
    peer_join(&w, a);
    assert_memory_not_equal(&a->instance, &instance, sizeof(instance));
    world_wait(&w, 200);
    assert_int_equal(a->highest, 1);
}

static void link_loss_recovers(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    world_link_down(&w);
    world_wait(&w, 5000);
    snprintf(b->jid, sizeof(b->jid),
             "bob@example.org/2"); /* another session under the nick: the attach is over */
    b->attached = false;
    world_link_up(&w);
    world_joined(&w);
    assert_int_equal(a->highest, 3);
    assert_int_equal(a->reasons, KR_REASON_RECOVER | KR_REASON_LEAVE);
    assert_int_equal(a->roster.len, 1);
    assert_int_equal(b->highest, 2);
}

static void the_link_is(bool full)
{
    world_event(&w, &(struct kr_event){.kind = KR_EV_QUEUE, .now = w.now, .u.queue_over_soft = full});
}

/* A thousand rooms that recover at once would bring the link down again. A leave does not wait. */
static void recovering_waits_for_a_full_link(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    for (int left = 0; left < 2; left++) {
        uint64_t before = a->highest;
        world_link_down(&w);
        world_link_up(&w);
        the_link_is(true);
        world_joined(&w);
        world_wait(&w, 3000);
        assert_int_equal(a->highest, before);
        if (left)
            peer_leave(&w, b);
        else
            the_link_is(false);
        world_wait(&w, 200);
        assert_int_equal(a->highest, before + 1);
        assert_int_equal(a->reasons, left ? KR_REASON_RECOVER | KR_REASON_LEAVE : KR_REASON_RECOVER);
        the_link_is(false);
        world_wait(&w, 2000);
        assert_int_equal(a->committed, before + 1);
    }
}

/* A room of a thousand could not be told its whole roster by each of a thousand announces. */
static void who_knows_the_roster_is_told_briefly(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    world_restart(&w);
    world_joined(&w);
    assert_int_equal(a->highest, 3);
    assert_int_equal(a->reasons, KR_REASON_RECOVER);
    assert_false(a->heard.full || b->heard.full || a->heard.policy_text.len);
    world_wait(&w, 2000);
    assert_int_equal(a->committed, 3);
    world_link_down(&w);
    world_link_up(&w);
    world_joined(&w);
    assert_int_equal(a->highest, 4);
    assert_false(a->heard.full || b->heard.full);
    world_wait(&w, 2000);
    assert_int_equal(b->committed, 4);
    w.room_settings.policy.rotate_s++; /* changed while it was stopped */
    world_restart(&w);
    world_joined(&w);
    assert_int_equal(a->highest, 5);
    assert_false(a->heard.full);
    assert_true(a->heard.policy_text.len);
    struct peer *c = world_peer(&w, "carol");
    peer_join(&w, c);
    world_wait(&w, 2000);
    assert_int_equal(c->committed, 6);
    assert_true(c->heard.full);
}

static void revoked_while_away_is_not_confirmed(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    world_link_down(&w);
    world_control(&w, KR_CONTROL_REVOKE, b, ROOM);
    assert_int_equal(w.reply_err, 0);
    world_link_up(&w);
    world_joined(&w);
    assert_int_equal(a->roster.len, 1);
    assert_int_equal(b->highest, 2);
    assert_string_equal(b->detached_reason, "revoked");
}

static void another_device_in_presence_is_not_confirmed(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *b = settled("bob");
    world_link_down(&w);
    b->device = a->device; /* same session, same nick, another <device/> */
    b->attached = false;
    world_link_up(&w);
    world_joined(&w);
    assert_int_equal(a->roster.len, 1);
    assert_int_equal(b->highest, 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(restart_recovers),
        T(restart_with_nobody_ends_the_instance),
        T(link_loss_recovers),
        T(recovering_waits_for_a_full_link),
        T(who_knows_the_roster_is_told_briefly),
        T(revoked_while_away_is_not_confirmed),
        T(another_device_in_presence_is_not_confirmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
