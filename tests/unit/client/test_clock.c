/* What a client does by its own clock, whatever it is told (docs/protocol.md 5.12). */
#include <string.h>

#include "base/err.h"
#include "world.h"

static uint64_t announced_ms, deadline_ms, committed_ms;

static void two(struct world *w, uint64_t seed)
{
    world_init(w, seed);
    world_start(w);
    world_join(w, "alice");
    world_join(w, "bob");
    world_wait(w, 1500);
    world_all_hear(w, 1);
}

static void until(struct world *w, uint64_t ms)
{
    assert_true(ms >= w->now.mono_ms);
    world_wait(w, ms - w->now.mono_ms);
}

static bool note_times(struct world *w, struct one *to, struct kr_notice *n)
{
    (void)to;
    if (n->kind == KR_NOTICE_ANNOUNCE) {
        announced_ms = w->now.mono_ms;
        deadline_ms = n->u.announce.deadline_ms;
    }
    if (n->kind == KR_NOTICE_COMMIT)
        committed_ms = w->now.mono_ms;
    return !(n->kind == KR_NOTICE_COMMIT && w->left);
}

static void switches_without_commit(void **state)
{
    (void)state;
    struct world w;
    two(&w, 21);
    w.notice = note_times;
    w.left = 1;
    world_rotate(&w);
    world_wait(&w, 1000);
    until(&w, announced_ms + deadline_ms + KR_SWITCH_SLACK_MS - 1);
    assert_true(one_view(&w.ones[1]).epoch == 1);
    world_wait(&w, 1);
    assert_true(one_view(&w.ones[1]).epoch == 2);
    assert_true(one_said(&w.ones[1], "switch 2 by-clock"));
    world_all_hear(&w, 2);
    world_done(&w);
}

static void erases_replaced_secrets(void **state)
{
    (void)state;
    struct world w;
    two(&w, 22);
    struct kr_buf a = one_seal(&w.ones[0]), b = one_seal(&w.ones[0]);
    w.notice = note_times;
    committed_ms = 0;
    world_rotate(&w);
    world_wait(&w, 1500);
    assert_true(committed_ms > 0 && one_view(&w.ones[1]).held == 2);
    until(&w, committed_ms + KR_ERASE_MS - 1);
    assert_int_equal(one_open(&w.ones[1], "alice", &a), 0);
    world_wait(&w, 1);
    assert_int_equal(one_open(&w.ones[1], "alice", &b), KR_E_NO_KEY);
    assert_int_equal(one_view(&w.ones[1]).held, 1);
    kr_buf_done(&a);
    kr_buf_done(&b);
    world_done(&w);
}

static bool lose_envelope(struct world *w, struct one *from, struct kr_request *r)
{
    return from != w->arg || r->kind != KR_REQ_ENVELOPE;
}

static void unsealed_sender_stops(void **state)
{
    (void)state;
    struct world w;
    two(&w, 23);
    w.notice = note_times;
    w.request = lose_envelope;
    w.arg = &w.ones[1];
    world_rotate(&w);
    world_wait(&w, 1000);
    until(&w, announced_ms + deadline_ms + KR_UNSEALED_STOP_MS - 1);
    assert_true(one_view(&w.ones[1]).may_send);
    world_wait(&w, 1);
    assert_false(one_view(&w.ones[1]).may_send);
    assert_true(one_said(&w.ones[1], "stop 2 unsealed"));
    world_done(&w);
}

/* The service announces and never lets anything be committed; world.c looks at every step. */
static bool no_commits(struct world *w, struct one *to, struct kr_notice *n)
{
    (void)w;
    (void)to;
    if (n->kind == KR_NOTICE_ANNOUNCE)
        n->u.announce.committed = 0;
    return n->kind != KR_NOTICE_COMMIT;
}

static void holds_four_epochs(void **state)
{
    (void)state;
    struct world w;
    two(&w, 24);
    w.notice = no_commits;
    size_t most = 0;
    for (int i = 0; i < 7; i++) {
        world_rotate(&w);
        world_wait(&w, 1200);
        size_t held = one_view(&w.ones[1]).held;
        most = held > most ? held : most;
    }
    assert_int_equal(most, KR_EPOCHS_HELD_MAX);
    assert_true(one_view(&w.ones[1]).may_send); /* what it sends with is none of those that went */
    world_done(&w);
}

static void shows_exposure(void **state)
{
    (void)state;
    struct world w;
    two(&w, 25);
    struct one *alice = &w.ones[0], *carol = world_join(&w, "carol");
    world_wait(&w, 1500);
    world_all_hear(&w, 2);
    carol->present = false;
    muc_gone_quietly(&w, carol, false); /* the service does not act on it */
    world_wait(&w, KR_EXPOSED_MS - 1);
    assert_false(one_view(alice).exposed);
    world_wait(&w, 1);
    assert_true(one_view(alice).exposed);
    assert_true(one_said(alice, "exposed carol"));
    muc_gone_quietly(&w, carol, true);
    world_wait(&w, 3000);
    assert_false(one_view(alice).exposed);
    assert_true(one_said(alice, "unexposed"));
    world_all_hear(&w, 3);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(switches_without_commit), cmocka_unit_test(erases_replaced_secrets),
        cmocka_unit_test(unsealed_sender_stops),   cmocka_unit_test(holds_four_epochs),
        cmocka_unit_test(shows_exposure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
