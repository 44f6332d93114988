/* What a service that lies, is silent, or loses things, cannot bring a client to
 * (docs/protocol.md 5.4, 5.5, 5.12). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "epoch/roster.h"
#include "support/log_name.h"
#include "world.h"

static const char not_member[] = "<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
                                 "<not-member xmlns='urn:keyroom:1:errors'/>";
static const char quota[] = "<policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
                            "<quota xmlns='urn:keyroom:1:errors'/>";

/* --- a leaver and a ratchet that nobody announced --- */

struct told {                       /* the last announce, as all heard it */
    struct kr_notice_announce head; /* whole */
    struct kr_buf policy_text;
    struct kr_digest context;
    struct kr_member_line lines[CLIENTS_MAX];
    size_t count;
    bool deaf; /* nothing more reaches anybody */
};

static bool remember(struct world *w, struct one *to, struct kr_notice *n)
{
    struct told *t = w->arg;
    (void)to;
    if (t->deaf || n->kind != KR_NOTICE_ANNOUNCE)
        return !t->deaf;
    const struct kr_notice_announce *a = &n->u.announce;
    for (size_t i = 0; i < a->member_count; i++) {
        size_t k = 0;
        while (k < t->count && !kr_id_equal(&t->lines[k].attach, &a->members[i].attach))
            k++;
        if (k < t->count)
            continue;
        t->lines[t->count] = a->members[i];
        t->lines[t->count].participant = kr_strdup(a->members[i].participant);
        t->lines[t->count++].owner = kr_strdup(a->members[i].owner);
    }
    t->head = *a;
    assert_true(a->full);
    kr_test_log_name(a, &t->head.link);
    t->head.log_origin = t->head.link.log_origin; /* which stays */
    assert_int_equal(kr_announce_fill(&t->head, ROOM, NULL, NULL), 0);
    t->context = kr_context(ROOM, &a->instance, a->has_prev ? &a->prev_context : NULL, &t->head.link);
    kr_buf_done(&t->policy_text);
    kr_buf_init(&t->policy_text, KR_TEXT_MAX);
    kr_buf_add(&t->policy_text, a->policy_text.ptr, a->policy_text.len);
    return true;
}

/* Epoch 3, a ratchet without carol, behind an epoch 2 that nobody was told of. */
static void tell_ratchet_without_carol(struct world *w, const struct told *t)
{
    struct kr_roster r;
    struct kr_member_line now[CLIENTS_MAX];
    size_t n = 0;
    kr_roster_init(&r);
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(t->lines[i].participant, "carol") == 0)
            continue;
        now[n] = t->lines[i];
        now[n].is_new = false;
        kr_roster_add(&r, now[n].participant, now[n].owner, &now[n].ed25519, &now[n].curve25519,
                      &now[n].attach, false);
        n++;
    }
    now[n] = now[0]; /* and somebody who is said to have come */
    now[n].participant = "dave";
    now[n].attach.b[0] ^= 1;
    now[n].is_new = true;
    kr_roster_add(&r, now[n].participant, now[n].owner, &now[n].ed25519, &now[n].curve25519, &now[n].attach,
                  true);
    n++;
    assert_int_equal(kr_roster_seal(&r), 0);
    struct kr_epoch_link two = t->head.link;
    two.epoch = 2;
    two.kind = KR_EPOCH_RATCHET;
    struct kr_notice m = {.kind = KR_NOTICE_ANNOUNCE, .room = ROOM, .u.announce = t->head};
    struct kr_notice_announce *a = &m.u.announce;
    a->link = two;
    a->link.epoch = 3;
    a->link.roster = r.digest;
    a->reasons = KR_REASON_JOIN;
    a->size = (uint32_t)n;
    a->full = a->has_prev = true;
    a->prev = 2;
    a->prev_context = kr_context(ROOM, &t->head.instance, &t->context, &two);
    a->committed = a->part = a->of = 1;
    a->policy_text = kr_buf_span(&t->policy_text);
    a->past = &two;
    a->past_count = 1;
    a->members = now;
    a->member_count = n;
    a->gone_count = 0;
    w->notice = NULL;
    for (size_t i = 0; i < 2; i++)
        world_notice(w, &w->ones[i], SERVICE, &m);
    kr_roster_done(&r);
}

static void no_leaver_follows_a_missed_ratchet(void **state)
{
    (void)state;
    struct world w;
    struct told t = {.count = 0};
    world_init(&w, 91);
    world_start(&w);
    w.notice = remember;
    w.arg = &t;
    struct one *alice = world_join(&w, "alice");
    world_join(&w, "bob");
    struct one *carol = world_join(&w, "carol");
    world_wait(&w, 3000);
    world_all_hear(&w, 1);
    t.deaf = true;
    one_event(&w, carol, KR_CLIENT_LEAVE);
    world_settle(&w);
    tell_ratchet_without_carol(&w, &t);
    world_settle(&w);
    w.core_down = true;
    world_wait(&w, 4500);
    assert_true(one_said(alice, "refused announce roster-mismatch"));
    assert_false(one_view(alice).may_send); /* nor with the key that carol has */
    for (size_t i = 0; i < t.count; i++) {
        free((char *)t.lines[i].participant);
        free((char *)t.lines[i].owner);
    }
    kr_buf_done(&t.policy_text);
    world_done(&w);
}

/* --- keys that nobody should have sealed for us --- */

enum { BOBS_SEAT, ALICES_SEAT, CAROLS_SEAT };

static bool give_the_seat(struct world *w, struct one *to, struct kr_notice *n)
{
    static struct kr_packed entry;
    if (to != &w->ones[0] || n->kind != KR_NOTICE_DELIVER || n->u.deliver.epoch != 2 ||
        n->u.deliver.entry_count == 0)
        return true;
    entry = n->u.deliver.entries[0];
    assert_int_equal(entry.index, CAROLS_SEAT);
    entry.index = (uint16_t)w->left;
    n->u.deliver.entries = &entry;
    return true;
}

/* Carol has come, and what she sealed for alice is said to be of another seat. */
static void seat_is_taken(int seat)
{
    struct world w;
    world_init(&w, 92);
    world_start(&w);
    struct one *alice = world_join(&w, "alice");
    world_join(&w, "bob");
    world_wait(&w, 3000);
    world_all_hear(&w, 1);
    w.notice = give_the_seat;
    w.left = seat;
    world_join(&w, "carol");
    world_wait(&w, 300);
    assert_true(one_said(alice, "mismatch 2 roster-mismatch"));
    assert_true(one_view(alice).mismatched);
    world_wait(&w, 6000);
    assert_false(one_view(alice).may_send);
    world_done(&w);
}

static void an_entry_of_who_ratchets_shows_a_fork(void **state)
{
    (void)state;
    seat_is_taken(BOBS_SEAT);
}

static void an_entry_of_our_own_shows_a_fork(void **state)
{
    (void)state;
    seat_is_taken(ALICES_SEAT);
}

/* --- exposure --- */

static bool spoil_one(struct world *w, struct one *to, struct kr_notice *n)
{
    if (to == &w->ones[0] && n->kind == KR_NOTICE_ANNOUNCE && w->left > 0) {
        w->left--;
        n->u.announce.deadline_ms = 0;
        world_spoil_roster(n);
    }
    return true;
}

static bool hide_wholes(struct world *w, struct one *from, struct kr_request *r)
{
    return !(w->arg && from == &w->ones[0] && r->kind == KR_REQ_WHOLE);
}

/* She is made to stop and to go on, again and again, always with a key that carol has. */
static void a_pause_does_not_hide_exposure(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 92);
    world_start(&w);
    struct one *alice = world_join(&w, "alice");
    world_join(&w, "bob");
    struct one *carol = world_join(&w, "carol");
    world_wait(&w, 3000);
    w.notice = spoil_one;
    w.request = hide_wholes;
    muc_gone_quietly(&w, carol, false); /* the service pretends not to see it */
    world_settle(&w);
    for (int i = 0; i < 3; i++) {
        char nick[8];
        snprintf(nick, sizeof(nick), "d%d", i);
        world_wait(&w, 2000);
        w.left = 1;
        w.arg = alice;
        world_join(&w, nick);
        world_wait(&w, 3500);
        w.arg = NULL;
        world_wait(&w, 3000);
    }
    assert_true(one_said(alice, "exposed carol"));
    world_done(&w);
}

/* --- what all missed, they do not all ask for at once --- */

struct asked {
    uint64_t reason;
    size_t times, moments; /* how many asked, and when not two at a time */
    uint64_t last_ms;
};

static bool spoil_all(struct world *w, struct one *to, struct kr_notice *n)
{
    (void)to;
    const struct asked *asked = w->arg;
    if (asked && n->kind == KR_NOTICE_ANNOUNCE && w->left > 0) {
        w->left--;
        n->u.announce.reasons |= (unsigned)asked->reason;
        world_spoil_roster(n);
    }
    return true;
}

static bool note_wholes(struct world *w, struct one *from, struct kr_request *r)
{
    (void)from;
    struct asked *asked = w->arg;
    if (asked && r->kind == KR_REQ_WHOLE) {
        asked->moments += !asked->times || asked->last_ms != w->now.mono_ms;
        asked->times++;
        asked->last_ms = w->now.mono_ms;
    }
    return true;
}

static void what_a_link_lost_is_asked_for_in_turn(void **state)
{
    (void)state;
    for (int recover = 0; recover < 2; recover++) {
        struct world w;
        struct asked asked = {.reason = recover ? KR_REASON_RECOVER : 0};
        world_init(&w, 99);
        world_start(&w);
        for (char nick[] = "a"; nick[0] < 'a' + CLIENTS_MAX; nick[0]++) {
            world_join(&w, nick);
            world_wait(&w, 3000);
        }
        w.notice = spoil_all;
        w.request = note_wholes;
        w.left = CLIENTS_MAX;
        w.arg = &asked;
        world_rotate(&w);
        world_wait(&w, 10000);
        assert_int_equal(asked.times, CLIENTS_MAX);
        if (recover)
            assert_true(asked.moments > CLIENTS_MAX / 2);
        else
            assert_int_equal(asked.moments, 1);
        w.arg = NULL;
        for (size_t i = 0; i < w.count; i++)
            assert_true(one_view(&w.ones[i]).may_send);
        world_done(&w);
    }
}

/* --- the bounds of who is told that it is no member --- */

static bool mute_alice(struct world *w, struct one *to, struct one *from, char *xml)
{
    (void)to;
    char *id = w->arg;
    if (!id || from != &w->ones[0])
        return true;
    if (strstr(xml, "<whole"))
        snprintf(id, 32, "id='%.20s", strstr(xml, "id='") + 4);
    return false;
}

static void not_member_is_no_excuse(void **state)
{
    (void)state;
    struct world w;
    char id[32] = "";
    world_init(&w, 93);
    world_start(&w);
    struct one *alice = world_join(&w, "alice");
    world_join(&w, "bob");
    world_wait(&w, 3000);
    w.notice = spoil_one; /* an announce that does not hold, with a deadline of 0 */
    w.left = 1;
    w.raw = mute_alice;
    w.arg = id;
    world_rotate(&w);
    world_wait(&w, 1900);
    world_refuse(&w, alice, id, not_member);
    world_settle(&w);
    world_wait(&w, KR_UNSEALED_STOP_MS - 1900 + 50);
    assert_false(one_view(alice).may_send);
    w.arg = NULL;
    world_done(&w);
}

/* --- no way back to an older epoch --- */

static bool withhold(struct world *w, struct one *to, struct kr_notice *n)
{
    if (to != &w->ones[0])
        return true;
    if (n->kind == KR_NOTICE_ANNOUNCE && n->u.announce.link.epoch >= 3) {
        n->u.announce.committed = n->u.announce.link.epoch == 4 ? 2 : 1;
        n->u.announce.deadline_ms = 60000;
    }
    return !(n->kind == KR_NOTICE_COMMIT && (n->u.commit.epoch == 2 || n->u.commit.epoch == 4));
}

static void an_older_commit_does_not_switch_back(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 95);
    world_start(&w);
    struct one *alice = world_join(&w, "alice");
    world_join(&w, "bob");
    struct one *carol = world_join(&w, "carol");
    world_wait(&w, 3000);
    w.notice = withhold;
    world_rotate(&w); /* 2, with carol: alice switches by the clock */
    world_wait(&w, 3500);
    one_event(&w, carol, KR_CLIENT_LEAVE); /* 3, without */
    world_wait(&w, 1500);
    assert_int_equal(one_view(alice).epoch, 3);
    world_rotate(&w); /* 4 says that 2 was the last that was committed */
    world_wait(&w, 2000);
    assert_int_equal(one_view(alice).epoch, 3);
    world_done(&w);
}

/* --- a leave that the room never confirms --- */

static bool no_presence(struct world *w, struct one *to, struct one *from, char *xml)
{
    (void)to;
    return !(w->left && from && strncmp(xml, "<presence", 9) == 0);
}

static void a_refused_join_that_was_left_is_over(void **state)
{
    (void)state;
    for (int with_error = 0; with_error < 2; with_error++) {
        struct world w;
        world_init(&w, 94);
        world_start(&w);
        world_join(&w, "alice");
        struct one *bob = world_one(&w, "bob");
        w.raw = no_presence;
        w.left = 1;
        one_event(&w, bob, KR_CLIENT_JOIN);
        one_event(&w, bob, KR_CLIENT_LEAVE); /* before the refusal comes */
        world_settle(&w);
        if (with_error)
            one_xml(
                &w, bob,
                "<presence type='error' from='" ROOM "/bob' to='bob@example.org/1'><error type='auth'>"
                "<registration-required xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>");
        world_wait(&w, with_error ? 100 : 11000);
        w.left = 0;
        one_event(&w, bob, KR_CLIENT_JOIN);
        world_wait(&w, 3000);
        assert_true(one_view(bob).joined && one_view(bob).member);
        world_done(&w);
    }
}

/* --- a supplement that is not taken --- */

static bool damage_delivers(struct world *w, struct one *to, struct kr_notice *n)
{
    if (to != &w->ones[1] || n->kind != KR_NOTICE_DELIVER || w->left == 0 || n->u.deliver.epoch != 2 ||
        !n->u.deliver.entry_count)
        return true;
    const struct kr_span body = n->u.deliver.entries[0].body;
    ((uint8_t *)body.ptr)[body.len - 1] ^= 1;
    w->left--;
    return true;
}

static bool refuse_supplement(struct world *w, struct one *to, struct one *from, char *xml)
{
    (void)to;
    if (from != &w->ones[0] || !w->arg || !strstr(xml, "'supplement'"))
        return true;
    w->arg = NULL;
    world_refuse(w, from, xml, quota);
    return false;
}

static void a_refused_supplement_is_made_up_for(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 97);
    world_start(&w);
    struct one *alice = world_join(&w, "alice"), *bob = world_join(&w, "bob");
    world_wait(&w, 3000);
    w.notice = damage_delivers;
    w.raw = refuse_supplement;
    w.left = 2;
    w.arg = alice;
    world_rotate(&w);
    world_wait(&w, 15000);
    assert_null(w.arg);
    assert_int_equal(one_view(bob).missing, 0);
    world_done(&w);
}

/* --- the old key's end --- */

static bool refuse_whole_and_hold_acks(struct world *w, struct one *to, struct one *from, char *xml)
{
    (void)to;
    if (from == &w->ones[0] && w->left && strstr(xml, "<whole")) {
        w->left--;
        world_refuse(w, from, xml, not_member);
        return false;
    }
    return !(w->arg && from == &w->ones[1] && strstr(xml, "<ack"));
}

static void the_old_keys_end_is_not_the_new_ones(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 98);
    w.room.deadline_ms = 12000;
    world_start(&w);
    struct one *alice = world_join(&w, "alice"), *bob = world_join(&w, "bob");
    world_wait(&w, 3000);
    w.raw = refuse_whole_and_hold_acks;
    w.left = 1;
    muc_show_service(&w, true); /* alice asks, is told that she is no member, and attaches anew */
    world_wait(&w, 6100);
    w.arg = bob; /* late acks: the epoch of her new attach takes its time */
    world_wait(&w, 20000);
    w.arg = NULL;
    world_join(&w, "dave"); /* a ratchet of it */
    world_wait(&w, 10000);
    assert_true(one_view(alice).may_send);
    struct kr_buf frame = one_seal(alice);
    assert_int_equal(one_open(bob, "alice", &frame), 0);
    kr_buf_done(&frame);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_leaver_follows_a_missed_ratchet),
        cmocka_unit_test(an_entry_of_who_ratchets_shows_a_fork),
        cmocka_unit_test(an_entry_of_our_own_shows_a_fork),
        cmocka_unit_test(a_pause_does_not_hide_exposure),
        cmocka_unit_test(what_a_link_lost_is_asked_for_in_turn),
        cmocka_unit_test(not_member_is_no_excuse),
        cmocka_unit_test(an_older_commit_does_not_switch_back),
        cmocka_unit_test(a_refused_join_that_was_left_is_over),
        cmocka_unit_test(a_refused_supplement_is_made_up_for),
        cmocka_unit_test(the_old_keys_end_is_not_the_new_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
