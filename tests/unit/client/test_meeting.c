/* How a meeting goes when everybody is honest, and when what passes is lost (docs/protocol.md 5, 7, 8). */
#include <string.h>

#include "base/err.h"
#include "world.h"

static void meeting(struct world *w, uint64_t seed, const char *const *nicks)
{
    world_init(w, seed);
    world_start(w);
    for (; *nicks; nicks++)
        world_join(w, *nicks);
    world_wait(w, 1500);
}

static void first_member(void **state)
{
    (void)state;
    struct world w;
    meeting(&w, 1, (const char *const[]){"alice", NULL});
    struct one *alice = &w.ones[0];
    assert_true(one_said(alice, "joined\n"));
    assert_true(one_said(alice, "announce 1 fresh alice\n"));
    assert_true(one_said(alice, "commit 1\n"));
    world_all_hear(&w, 1);
    world_done(&w);
}

static void join_ratchets_and_leave_is_fresh(void **state)
{
    (void)state;
    struct world w;
    meeting(&w, 2, (const char *const[]){"alice", "bob", NULL});
    world_all_hear(&w, 1);
    struct one *carol = world_join(&w, "carol");
    struct kr_buf before = one_seal(&w.ones[0]);
    world_wait(&w, 1500);
    assert_true(one_said(&w.ones[0], "announce 2 ratchet"));
    assert_true(one_said(carol, "announce 2 ratchet"));
    world_all_hear(&w, 2);
    assert_int_equal(one_open(carol, "alice", &before), KR_E_NO_KEY); /* what was said before it came */
    one_event(&w, carol, KR_CLIENT_LEAVE);
    world_wait(&w, 2500);
    assert_true(one_said(&w.ones[0], "announce 3 fresh"));
    world_all_hear(&w, 3);
    struct kr_buf after = one_seal(&w.ones[0]);
    assert_int_equal(one_open(carol, "alice", &after), KR_E_NO_KEY);
    kr_buf_done(&before);
    kr_buf_done(&after);
    world_done(&w);
}

static void two_joiners_at_once(void **state)
{
    (void)state;
    struct world w;
    meeting(&w, 3, (const char *const[]){"alice", "bob", NULL});
    world_join(&w, "carol");
    world_join(&w, "dave");
    world_wait(&w, 1500);
    world_all_hear(&w, 2);
    for (size_t i = 0; i < w.count; i++)
        assert_false(one_said(&w.ones[i], "refused"));
    world_done(&w);
}

static void jframe(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 4);
    w.room.policy.format = KR_FORMAT_JFRAME;
    w.room.policy.suite = 0;
    world_start(&w);
    world_join(&w, "alice");
    world_join(&w, "bob");
    struct one *carol = world_join(&w, "carol");
    world_wait(&w, 1500);
    world_all_hear(&w, 1);
    one_event(&w, carol, KR_CLIENT_LEAVE);
    world_wait(&w, 2500);
    world_all_hear(&w, 2);
    struct kr_buf after = one_seal(&w.ones[0]);
    assert_int_equal(one_open(carol, "alice", &after), KR_E_NO_KEY);
    assert_int_equal(one_open(&w.ones[1], "carol", &after), KR_E_NO_KEY); /* not of another's track */
    kr_buf_done(&after);
    world_done(&w);
}

static void timer_rotates(void **state)
{
    (void)state;
    struct world w;
    meeting(&w, 5, (const char *const[]){"alice", "bob", NULL});
    world_wait(&w, 900000 + 2000);
    assert_true(one_said(&w.ones[0], "announce 2 fresh"));
    world_all_hear(&w, 2);
    world_done(&w);
}

static void service_restarts(void **state)
{
    (void)state;
    struct world w;
    meeting(&w, 6, (const char *const[]){"alice", "bob", NULL});
    world_restart(&w);
    world_wait(&w, 3000);
    assert_int_equal(one_said_count(&w.ones[0], "attached"), 1);
    world_all_hear(&w, 2);
    world_done(&w);
}

static bool drop_announces_to(struct world *w, struct one *to, struct kr_notice *n)
{
    if (to != w->arg || n->kind != KR_NOTICE_ANNOUNCE || w->left == 0)
        return true;
    w->left--;
    return false;
}

static void missed_announce_is_made_up(void **state)
{
    (void)state;
    struct world w;
    meeting(&w, 7, (const char *const[]){"alice", "bob", NULL});
    w.notice = drop_announces_to;
    w.arg = &w.ones[1];
    w.left = 1;
    world_rotate(&w);
    world_wait(&w, 4000);
    world_all_hear(&w, 2); /* the first word of it made it ask for the whole */
    w.left = 2;            /* and the answer to that */
    world_rotate(&w);
    world_wait(&w, 4000);
    assert_true(one_view(&w.ones[1]).newest == 2);
    world_rotate(&w);
    world_wait(&w, 4000);
    assert_true(one_said(&w.ones[1], "refused announce")); /* asked for what it missed */
    assert_false(one_said(&w.ones[1], "mismatch"));
    world_all_hear(&w, 4);
    world_done(&w);
}

/* A whole announce goes out as one part for each member; w->left of them have another head. */
static bool cut_announce(struct world *w, struct one *to, struct kr_notice *n)
{
    if (n->kind != KR_NOTICE_ANNOUNCE || n->u.announce.of != 1 || !n->u.announce.full)
        return true;
    for (size_t i = 0; i < n->u.announce.member_count; i++) {
        struct kr_notice part = *n;
        struct kr_notice_announce *a = &part.u.announce;
        a->part = (uint32_t)i + 1;
        a->of = (uint32_t)n->u.announce.member_count;
        a->members = n->u.announce.members + i;
        a->member_count = 1;
        if (i) {
            a->policy_text = kr_span(NULL, 0);
            a->past_count = a->gone_count = 0;
        }
        if (i + 1 == a->of && a->of > 1 && w->left) {
            w->left--;
            a->deadline_ms++;
        }
        world_notice(w, to, SERVICE, &part);
    }
    return false;
}

static void announce_in_parts(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 13);
    world_start(&w);
    w.notice = cut_announce;
    world_join(&w, "alice");
    world_join(&w, "bob");
    world_join(&w, "carol");
    world_wait(&w, 1500);
    world_all_hear(&w, 1);
    w.left = 1; /* the last part is of another whole: all is asked for again */
    struct one *dave = world_join(&w, "dave");
    world_wait(&w, 4000);
    assert_int_equal(w.left, 0);
    assert_true(one_said(dave, "refused announce malformed"));
    assert_false(one_said(dave, "mismatch"));
    world_all_hear(&w, 2);
    world_done(&w);
}

static bool damage_one_deliver(struct world *w, struct one *to, struct kr_notice *n)
{
    if (to != w->arg || n->kind != KR_NOTICE_DELIVER || w->left == 0 || n->u.deliver.entry_count == 0)
        return true;
    w->left--;
    uint8_t *body = (uint8_t *)n->u.deliver.entries[0].body.ptr;
    body[n->u.deliver.entries[0].body.len - 1] ^= 1; /* the MAC */
    return true;
}

static void what_cannot_be_opened_is_sealed_again(void **state)
{
    (void)state;
    struct world w;
    meeting(&w, 8, (const char *const[]){"alice", "bob", NULL});
    w.notice = damage_one_deliver;
    w.arg = &w.ones[1];
    w.left = 1;
    world_rotate(&w);
    world_wait(&w, 3000);
    assert_int_equal(w.left, 0);
    assert_true(one_said(&w.ones[1], "refused key cannot-open alice"));
    world_all_hear(&w, 2);
    world_rotate(&w); /* and the sessions go on */
    world_wait(&w, 3000);
    world_all_hear(&w, 3);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_member),
        cmocka_unit_test(join_ratchets_and_leave_is_fresh),
        cmocka_unit_test(two_joiners_at_once),
        cmocka_unit_test(jframe),
        cmocka_unit_test(timer_rotates),
        cmocka_unit_test(service_restarts),
        cmocka_unit_test(missed_announce_is_made_up),
        cmocka_unit_test(announce_in_parts),
        cmocka_unit_test(what_cannot_be_opened_is_sealed_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
