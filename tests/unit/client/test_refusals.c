/* What a client refuses from a service, or a peer, that lies (docs/protocol.md 3.5, 5.1 - 5.8, 6.3, 7.2). */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "text/policy.h"
#include "world.h"

static void two(struct world *w, uint64_t seed)
{
    world_init(w, seed);
    world_start(w);
    world_join(w, "alice");
    world_join(w, "bob");
    world_wait(w, 1500);
    world_all_hear(w, 1);
}

/* --- sealed keys --- */

static bool repeat_delivers(struct world *w, struct one *to, struct kr_notice *n)
{
    if (n->kind == KR_NOTICE_DELIVER && w->left > 0) {
        w->left--;
        world_notice(w, to, SERVICE, n);
    }
    return true;
}

static void same_key_twice(void **state)
{
    (void)state;
    struct world w;
    two(&w, 41);
    w.notice = repeat_delivers;
    w.left = 2;
    world_rotate(&w);
    world_wait(&w, 3000);
    assert_int_equal(w.left, 0);
    assert_false(one_said(&w.ones[0], "refused"));
    assert_false(one_said(&w.ones[1], "refused"));
    world_all_hear(&w, 2);
    world_done(&w);
}

static char *kept;

/* Keeps a stanza of that kind to bob; gives it again behind the next announce. */
static bool keep_and_repeat(struct world *w, struct one *to, struct one *from, char *xml)
{
    (void)from;
    if (to != &w->ones[1])
        return true;
    if (!kept && strstr(xml, w->arg)) {
        kept = kr_strdup(xml);
        w->left = 1;
    } else if (kept && w->left && strstr(xml, "<announce")) {
        w->left = 0;
        world_queue(w, to, NULL, kept);
    }
    return true;
}

static void key_of_an_older_epoch(void **state)
{
    (void)state;
    struct world w;
    two(&w, 42);
    kept = NULL;
    w.raw = keep_and_repeat;
    w.arg = "<deliver";
    world_rotate(&w);
    world_wait(&w, 3000);
    world_rotate(&w);
    world_wait(&w, 3000);
    assert_true(kept && w.left == 0);
    assert_false(one_said(&w.ones[1], "refused"));
    world_all_hear(&w, 3);
    world_done(&w);
}

static void older_announce(void **state)
{
    (void)state;
    struct world w;
    two(&w, 43);
    kept = NULL;
    w.raw = keep_and_repeat;
    w.arg = "<announce";
    world_rotate(&w);
    world_wait(&w, 3000);
    world_rotate(&w);
    world_wait(&w, 3000);
    assert_true(kept && w.left == 0);
    assert_true(one_said(&w.ones[1], "refused announce epoch-not-above"));
    world_all_hear(&w, 3);
    world_done(&w);
}

static void key_from_outside_the_roster(void **state)
{
    (void)state;
    struct world w;
    two(&w, 44);
    struct kr_client_view v = one_view(&w.ones[1]);
    static const uint8_t body[100] = {3};
    struct kr_packed entry = {77, KR_PACKED_NORMAL, kr_span(body, sizeof(body))};
    struct kr_notice n = {
        .kind = KR_NOTICE_DELIVER,
        .in = kr_tag(&v.instance),
        .u.deliver = {
            .epoch = v.newest, .round = KR_ROUND_2, .part = 1, .of = 1, .entries = &entry, .entry_count = 1}};
    world_notice(&w, &w.ones[1], SERVICE, &n);
    world_settle(&w);
    assert_true(
        one_said(&w.ones[1], "mismatch 1 not-in-roster")); /* others were told of a seat that we lack */
    world_wait(&w, 5000);
    assert_false(one_view(&w.ones[1]).may_send);
    world_done(&w);
}

/* --- roster lines --- */

static bool hide_bob(struct world *w, struct one *to, struct one *from, char *xml)
{
    (void)from;
    return !(to == &w->ones[0] && strncmp(xml, "<presence", 9) == 0 && strstr(xml, "/bob'"));
}

static void line_not_in_presence(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 45);
    world_start(&w);
    struct one *alice = world_join(&w, "alice");
    world_wait(&w, 1500);
    w.raw = hide_bob;
    struct one *bob = world_join(&w, "bob");
    world_wait(&w, 3000);
    assert_true(one_said(alice, "refused line not-in-presence bob"));
    assert_int_equal(one_view(bob).missing, 1);
    struct kr_buf frame = one_seal(alice);
    assert_int_equal(one_open(bob, "alice", &frame), KR_E_NO_KEY);
    kr_buf_done(&frame);
    w.raw = NULL;
    muc_show(&w, alice, bob, &alice->device); /* with another device: still not */
    world_wait(&w, 1000);
    assert_int_equal(one_view(bob).missing, 1);
    muc_show(&w, alice, bob, &bob->device);
    world_wait(&w, 1000);
    assert_int_equal(one_view(bob).missing, 0);
    world_all_hear(&w, 2);
    world_done(&w);
}

enum bend { BEND_SIGNATURE, BEND_NONCE, BEND_DEVICE };

static bool bend_line(struct world *w, struct one *to, struct kr_notice *n)
{
    if (to != &w->ones[0] || n->kind != KR_NOTICE_ANNOUNCE)
        return true;
    for (size_t i = 0; i < n->u.announce.member_count; i++) {
        struct kr_member_line *m = (struct kr_member_line *)&n->u.announce.members[i];
        if (strcmp(m->participant, "bob") != 0)
            continue;
        if (w->left == BEND_SIGNATURE)
            m->sig.b[5] ^= 1;
        if (w->left == BEND_NONCE)
            m->nonce.b[5] ^= 1;
        if (w->left == BEND_DEVICE)
            m->device.b[5] ^= 1;
    }
    return true;
}

static void attach_does_not_verify(void **state)
{
    (void)state;
    for (int bend = BEND_SIGNATURE; bend <= BEND_DEVICE; bend++) {
        struct world w;
        world_init(&w, 46);
        world_start(&w);
        struct one *alice = world_join(&w, "alice");
        world_wait(&w, 1500);
        w.notice = bend_line;
        w.left = bend;
        struct one *bob = world_join(&w, "bob");
        world_wait(&w, 4000);
        assert_true(one_said(alice, "refused line bad-signature bob"));
        assert_true(one_said(alice, "refused key bad-signature bob")); /* nor is its key taken */
        assert_int_equal(one_view(bob).missing, 1);
        struct kr_buf frame = one_seal(alice);
        assert_int_equal(one_open(bob, "alice", &frame), KR_E_NO_KEY);
        kr_buf_done(&frame);
        world_done(&w);
    }
}

static bool bend_claimed(struct world *w, struct one *to, struct one *from, char *xml)
{
    (void)from;
    char *at = to && strstr(xml, "<claimed") ? strstr(xml, "sig=") : NULL;
    if (at) {
        at[8] = at[8] == 'A' ? 'B' : 'A';
        w->left++;
    }
    return true;
}

static void claimed_key_with_a_bad_signature(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 47);
    world_start(&w);
    struct one *alice = world_join(&w, "alice");
    world_wait(&w, 1500);
    w.raw = bend_claimed;
    struct one *bob = world_join(&w, "bob");
    world_wait(&w, 2000);
    assert_true(w.left > 0);
    assert_true(one_said(bob, "refused key bad-signature alice"));
    assert_int_equal(one_view(alice).missing, 1);
    world_done(&w);
}

/* --- announces --- */

enum lie { LIE_ROSTER, LIE_CHAIN };

static bool lie(struct world *w, struct one *to, struct kr_notice *n)
{
    if (to != &w->ones[1] || n->kind != KR_NOTICE_ANNOUNCE || w->left == 0)
        return true;
    w->left--;
    if (*(const enum lie *)w->arg == LIE_ROSTER) {
        world_spoil_roster(n);
    } else if (n->u.announce.full) {
        n->u.announce.prev_context.b[0] ^= 1;
    } else { /* another source than the policy's */
        n->u.announce.has_source = true;
        n->u.announce.link.source = KR_SOURCE_PASSPHRASE;
    }
    return true;
}

static void announce_that_does_not_hold(void **state)
{
    (void)state;
    static const char *const names[] = {"roster-mismatch", "chain-broken"};
    for (enum lie kind = LIE_ROSTER; kind <= LIE_CHAIN; kind++) {
        for (int times = 1; times <= 2; times++) {
            struct world w;
            char refused[64], mismatch[64];
            snprintf(refused, sizeof(refused), "refused announce %s", names[kind]);
            snprintf(mismatch, sizeof(mismatch), "mismatch 2 %s", names[kind]);
            two(&w, 48);
            struct one *bob = &w.ones[1];
            w.notice = lie;
            w.arg = &kind;
            w.left = times;
            world_rotate(&w);
            world_wait(&w, 6000);
            assert_int_equal(w.left, 0); /* the whole was asked for */
            assert_int_equal(one_said_count(bob, refused), 1);
            assert_int_equal(one_said_count(bob, mismatch), times - 1);
            if (times == 1) {
                world_all_hear(&w, 2);
            } else {
                assert_true(one_view(bob).mismatched);
                assert_false(one_view(bob).may_send);
                assert_true(one_said(bob, "stop 1 mismatched"));
                world_rotate(&w); /* nothing but a new attach heals it */
                world_wait(&w, 3000);
                assert_true(one_view(bob).mismatched);
            }
            world_done(&w);
        }
    }
}

static void policy_below_the_floor(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 49);
    w.floor = KR_AUTHORISE_REGISTERED;
    world_start(&w);
    struct one *alice = world_join(&w, "alice");
    world_wait(&w, 3000);
    assert_true(one_said(alice, "refused challenge below-floor"));
    assert_false(one_said(alice, "attached"));
    world_done(&w);
}

static void policy_lowered_in_mid_meeting(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 50);
    w.floor = KR_AUTHORISE_REGISTERED;
    w.room.policy.authorise = KR_AUTHORISE_REGISTERED;
    world_start(&w);
    struct one *alice = world_join(&w, "alice");
    w.floor = KR_AUTHORISE_OCCUPANTS;
    struct one *bob = world_join(&w, "bob");
    world_wait(&w, 1500);
    world_all_hear(&w, 1);
    w.room.policy.authorise = KR_AUTHORISE_OCCUPANTS;
    world_settings(&w);
    world_wait(&w, 6000);
    assert_true(one_said(alice, "refused announce below-floor"));
    assert_false(one_view(alice).member);
    assert_false(one_view(alice).may_send);
    assert_true(one_view(bob).may_send); /* and it left in order: the others go on without it */
    assert_int_equal(one_view(bob).missing, 0);
    struct kr_buf frame = one_seal(bob);
    assert_int_equal(one_open(alice, "bob", &frame), KR_E_NO_KEY);
    kr_buf_done(&frame);
    world_done(&w);
}

static void events_of_others(void **state)
{
    (void)state;
    struct world w;
    two(&w, 51);
    struct one *bob = &w.ones[1];
    struct kr_client_view v = one_view(bob);
    struct kr_notice n = {.kind = KR_NOTICE_DETACHED,
                          .room = ROOM,
                          .u.detached = {.instance = v.instance, .reason = "revoked"}};
    static const char *const liars[] = {"alice@example.org/1", ROOM "/keyroom", SERVICE "/x", "example.org"};
    for (size_t i = 0; i < sizeof(liars) / sizeof(liars[0]); i++)
        world_notice(&w, bob, liars[i], &n);
    world_settle(&w);
    assert_false(one_said(bob, "detached"));
    world_all_hear(&w, 1);
    world_notice(&w, bob, SERVICE, &n);
    world_settle(&w);
    assert_true(one_said(bob, "detached revoked"));
    assert_int_equal(one_view(bob).held, 0);
    world_done(&w);
}

/* --- frames --- */

static void frames(void **state)
{
    (void)state;
    struct world w;
    two(&w, 52);
    struct one *carol = world_join(&w, "carol");
    world_wait(&w, 1500);
    struct kr_buf frame = one_seal(&w.ones[0]);
    assert_int_equal(one_open(carol, "bob", &frame), KR_E_WRONG_SENDER);
    frame.ptr[frame.len - 1] ^= 1;
    assert_int_equal(one_open(carol, "alice", &frame), KR_E_BAD_FRAME);
    frame.ptr[frame.len - 1] ^= 1;
    assert_int_equal(one_open(carol, "alice", &frame), 0);
    assert_int_equal(one_open(carol, "alice", &frame), KR_E_REPLAY);
    world_rotate(&w);
    world_wait(&w, 8000);
    struct kr_buf old = frame;
    assert_int_equal(one_open(&w.ones[1], "alice", &old), KR_E_NO_KEY);
    kr_buf_done(&frame);
    world_done(&w);
}

/* --- a fork: bob is told another policy, and the service hides what would give it away --- */

static struct kr_buf other_text;

static bool fork_notice(struct world *w, struct one *to, struct kr_notice *n)
{
    if (to == &w->ones[1] && n->kind == KR_NOTICE_ANNOUNCE && n->u.announce.link.epoch == 2) {
        n->u.announce.policy_text = kr_buf_span(&other_text);
    }
    return true;
}

static bool fork_request(struct world *w, struct one *from, struct kr_request *r)
{
    if (from != &w->ones[1] || r->kind != KR_REQ_ENVELOPE)
        return true;
    struct kr_packed entry = r->u.envelope.entries[0];
    entry.index = entry.index == 0 ? 1 : 0; /* of the recipient, now of the sender */
    struct kr_notice n = {.kind = KR_NOTICE_DELIVER,
                          .in = r->in,
                          .u.deliver = {.epoch = r->u.envelope.epoch,
                                        .round = KR_ROUND_2,
                                        .last = true,
                                        .part = 1,
                                        .of = 1,
                                        .entries = &entry,
                                        .entry_count = 1}};
    world_notice(w, &w->ones[0], SERVICE, &n);
    return false;
}

static void fork_of_the_room(void **state)
{
    (void)state;
    struct world w;
    two(&w, 53);
    struct one *alice = &w.ones[0], *bob = &w.ones[1];
    struct kr_policy other = w.room.policy;
    other.rotate_s++;
    other_text = kr_policy_text(&other, ROOM);
    w.notice = fork_notice;
    w.request = fork_request;
    world_rotate(&w);
    world_wait(&w, 5000);
    assert_true(one_said(alice, "refused key context-mismatch bob"));
    assert_true(one_said(alice, "mismatch 2 context-mismatch bob"));
    assert_true(one_said(bob, "refused key context-mismatch alice"));
    assert_true(one_said(bob, "mismatch 2 context-mismatch alice"));
    /* nobody's key is theirs: both have stopped, within the bound of 5.12 */
    struct one *ends[] = {alice, bob};
    for (size_t i = 0; i < 2; i++) {
        assert_true(one_view(ends[i]).newest == 2 && one_view(ends[i]).missing == 1);
        assert_false(one_view(ends[i]).may_send);
    }
    kr_buf_done(&other_text);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_key_twice),
        cmocka_unit_test(key_of_an_older_epoch),
        cmocka_unit_test(older_announce),
        cmocka_unit_test(key_from_outside_the_roster),
        cmocka_unit_test(line_not_in_presence),
        cmocka_unit_test(attach_does_not_verify),
        cmocka_unit_test(claimed_key_with_a_bad_signature),
        cmocka_unit_test(announce_that_does_not_hold),
        cmocka_unit_test(policy_below_the_floor),
        cmocka_unit_test(policy_lowered_in_mid_meeting),
        cmocka_unit_test(events_of_others),
        cmocka_unit_test(frames),
        cmocka_unit_test(fork_of_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
