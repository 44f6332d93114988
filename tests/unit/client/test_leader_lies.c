/* Leaders that lie, services that lie about them, and rooms of a source that is not wanted
 * (docs/protocol.md 5.4, 5.13, 5.15, 5.16). */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "desk.h"

static void two_and_carol(struct desk *d, uint64_t seed)
{
    desk_init(d, seed, KR_SOURCE_LEADER);
    world_join(&d->w, "alice");
    world_join(&d->w, "bob");
    world_join(&d->w, "carol");
    world_wait(&d->w, 10);
}

/* --- confirm --- */

static bool bend_confirm(struct world *w, struct one *to, struct kr_notice *n)
{
    if (w->left && strcmp(to->nick, "bob") == 0 && n->kind == KR_NOTICE_DELIVER) {
        w->left--;
        n->u.deliver.confirm.b[31] ^= 1;
    }
    return true;
}

/* An epoch that bob is given another secret in than the others, as far as he can tell. */
static void bad_epoch(struct desk *d, const char *leader)
{
    d->w.notice = bend_confirm;
    d->w.left = 1;
    desk_announce(d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, leader, NULL);
    desk_deliver(d, KR_ROUND_2, true);
    assert_int_equal(d->w.left, 0);
    const struct desk_seat *s = desk_seat(d, "bob");
    assert_int_equal(s->acks, 1);
    assert_int_equal(s->missing_count, 0); /* it is not asked for again */
    assert_int_equal(s->mismatch_count, 1);
    assert_int_equal(s->mismatch[0], desk_index(d, leader));
    assert_int_equal(one_view(desk_one(d, "bob")).missing, d->roster.len);
    world_wait(&d->w, 200);
}

static void good_epoch(struct desk *d, const char *leader)
{
    desk_epoch(d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, leader);
    world_all_hear(&d->w, d->epoch);
    world_wait(&d->w, 200);
}

static void another_secret_is_not_held(void **state)
{
    (void)state;
    struct desk d;
    two_and_carol(&d, 21);
    struct one *bob = desk_one(&d, "bob");
    good_epoch(&d, "alice");
    bad_epoch(&d, "alice");
    assert_true(one_said(bob, "refused key wrong-confirm alice"));
    assert_true(one_said(bob, "mismatch 2 wrong-confirm alice"));
    assert_false(one_view(bob).mismatched); /* it may be her fault alone */
    world_wait(&d.w, 5000);
    assert_true(one_said(bob, "stop 2 unsealed"));
    good_epoch(&d, "carol"); /* she is deposed */
    desk_done(&d);
}

static void a_secret_that_nothing_vouches_for_is_not_held(void **state)
{
    (void)state;
    struct desk d;
    two_and_carol(&d, 22);
    d.no_confirm = true;
    desk_announce(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice", NULL);
    desk_deliver(&d, KR_ROUND_2, true);
    assert_true(one_said(desk_one(&d, "bob"), "mismatch 1 wrong-confirm alice"));
    assert_int_equal(desk_seat(&d, "bob")->mismatch_count, 1);
    assert_int_equal(one_view(desk_one(&d, "bob")).missing, 3);
    desk_done(&d);
}

static void two_leaders_in_a_row_are_a_fork(void **state)
{
    (void)state;
    struct desk d;
    two_and_carol(&d, 23);
    struct one *bob = desk_one(&d, "bob");
    good_epoch(&d, "alice");
    bad_epoch(&d, "alice");
    assert_false(one_view(bob).mismatched);
    bad_epoch(&d, "carol");
    assert_true(one_view(bob).mismatched);
    assert_true(one_said(bob, "mismatch 3 context-mismatch"));
    world_wait(&d.w, 5000);
    assert_false(one_view(bob).may_send);
    desk_done(&d);
}

static void one_leader_twice_is_a_fork(void **state)
{
    (void)state;
    struct desk d;
    two_and_carol(&d, 24);
    struct one *bob = desk_one(&d, "bob");
    bad_epoch(&d, "alice");
    good_epoch(&d, "carol");
    bad_epoch(&d, "carol");
    assert_false(one_view(bob).mismatched); /* a secret was held in between, and it is another leader */
    good_epoch(&d, "carol");
    bad_epoch(&d, "alice");
    assert_true(one_view(bob).mismatched);
    desk_done(&d);
}

/* Bob is told another policy: every tag differs. */
static void a_fork_shows_in_the_tags_of_two_leaders(void **state)
{
    (void)state;
    struct desk d;
    two_and_carol(&d, 25);
    struct one *bob = desk_one(&d, "bob");
    desk_seat(&d, "bob")->view = 1;
    desk_epoch(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice");
    assert_true(one_said(bob, "mismatch 1 context-mismatch alice"));
    assert_int_equal(desk_seat(&d, "bob")->mismatch_count, 1);
    assert_false(one_view(bob).mismatched);
    desk_epoch(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "carol");
    assert_int_equal(desk_seat(&d, "bob")->mismatch_count, 1); /* said before it goes silent */
    assert_true(one_view(bob).mismatched);
    assert_false(one_view(bob).may_send);
    desk_done(&d);
}

/* --- announces that do not hold --- */

static void refused(struct desk *d, const char *why)
{
    struct one *bob = desk_one(d, "bob");
    char line[64];
    snprintf(line, sizeof(line), "refused announce %s\n", why);
    assert_true(one_said(bob, line));
    assert_true(one_view(bob).mismatched); /* the whole said the same */
    assert_int_equal(one_view(bob).newest, d->epoch - 1);
}

static void a_ratchet_has_the_leader_of_before(void **state)
{
    (void)state;
    static const char *const leaders[] = {"carol", "dave"};
    for (size_t i = 0; i < 2; i++) { /* another one; one that has just come */
        struct desk d;
        two_and_carol(&d, 26);
        good_epoch(&d, "alice");
        world_join(&d.w, "dave");
        desk_announce(&d, KR_EPOCH_RATCHET, KR_SOURCE_LEADER, leaders[i], NULL);
        refused(&d, "chain-broken");
        desk_done(&d);
    }
}

/* Who has just come knows of no leader before, but sees that this one is no incumbent either. */
static void a_joiner_is_not_ratcheted_by_another(void **state)
{
    (void)state;
    struct desk d;
    two_and_carol(&d, 27);
    good_epoch(&d, "alice");
    struct one *dave = world_join(&d.w, "dave");
    world_join(&d.w, "erin");
    desk_announce(&d, KR_EPOCH_RATCHET, KR_SOURCE_LEADER, "erin", NULL);
    assert_true(one_said(dave, "refused announce chain-broken"));
    assert_int_equal(one_view(dave).newest, 0);
    desk_done(&d);
}

static void another_source_is_fresh(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct desk d;
        desk_init(&d, 28, KR_SOURCE_PARTICIPANTS);
        world_join(&d.w, "alice");
        world_join(&d.w, "bob");
        world_wait(&d.w, 10);
        desk_epoch(&d, KR_EPOCH_FRESH, i ? KR_SOURCE_LEADER : KR_SOURCE_PARTICIPANTS, i ? "alice" : NULL);
        world_all_hear(&d.w, 1);
        world_join(&d.w, "dave");
        desk_announce(&d, KR_EPOCH_RATCHET, i ? KR_SOURCE_PARTICIPANTS : KR_SOURCE_LEADER, i ? NULL : "alice",
                      NULL);
        refused(&d, "chain-broken");
        desk_done(&d);
    }
}

static void the_policy_must_allow_the_source(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d, 29, KR_SOURCE_PARTICIPANTS);
    d.views[0].policy.leader_above = 0;
    world_join(&d.w, "alice");
    world_join(&d.w, "bob");
    world_wait(&d.w, 10);
    desk_epoch(&d, KR_EPOCH_FRESH, KR_SOURCE_PARTICIPANTS, NULL);
    desk_announce(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice", NULL);
    refused(&d, "chain-broken");
    desk_done(&d);
}

static bool halve(struct world *w, struct one *to, struct kr_notice *n)
{
    if (n->kind != KR_NOTICE_ANNOUNCE || n->u.announce.of != 1 || strcmp(to->nick, "bob") != 0)
        return true;
    struct kr_notice half = *n;
    half.u.announce.of = 2;
    half.u.announce.member_count = 1;
    world_notice(w, to, SERVICE, &half);
    half.u.announce.part = 2;
    half.u.announce.members = n->u.announce.members + 1;
    half.u.announce.member_count = n->u.announce.member_count - 1;
    half.u.announce.past_count = 0;
    half.u.announce.policy_text = kr_span(NULL, 0);
    if (w->left) {
        w->left--;
        half.u.announce.leader = !half.u.announce.leader;
    }
    world_notice(w, to, SERVICE, &half);
    return false;
}

static void all_parts_name_one_leader(void **state)
{
    (void)state;
    struct desk d;
    two_and_carol(&d, 30);
    d.w.notice = halve;
    good_epoch(&d, "alice");
    d.w.left = 1;
    desk_epoch(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice");
    assert_true(one_said(desk_one(&d, "bob"), "refused announce malformed"));
    desk_done(&d);
}

/* --- what only a leader gives --- */

static bool give_carols_seat(struct world *w, struct one *to, struct kr_notice *n)
{
    static struct kr_packed entry;
    struct desk *d = w->arg;
    if (strcmp(to->nick, "bob") == 0 && n->kind == KR_NOTICE_DELIVER && n->u.deliver.entry_count) {
        entry = n->u.deliver.entries[0];
        entry.index = (uint16_t)desk_index(d, "carol");
        n->u.deliver.entries = &entry;
    }
    return true;
}

static void an_entry_of_another_shows_a_fork(void **state)
{
    (void)state;
    struct desk d;
    two_and_carol(&d, 31);
    d.w.notice = give_carols_seat;
    desk_announce(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice", NULL);
    desk_deliver(&d, KR_ROUND_2, true);
    assert_true(one_said(desk_one(&d, "bob"), "mismatch 1 roster-mismatch"));
    assert_true(one_view(desk_one(&d, "bob")).mismatched);
    desk_done(&d);
}

static void nobody_else_gives_the_secret(void **state)
{
    (void)state;
    struct desk d;
    two_and_carol(&d, 32);
    good_epoch(&d, "alice");
    desk_wanted(&d, "bob", "carol");
    world_wait(&d.w, 100);
    assert_true(one_said(desk_one(&d, "bob"), "refused wanted unexpected"));
    assert_int_equal(desk_seat(&d, "bob")->envelopes + desk_seat(&d, "bob")->claims, 0);
    desk_done(&d);
}

/* --- the service's own device --- */

enum { SERVICE_SEED = 33 };

static void service_room(struct desk *d, const struct kr_id *device)
{
    desk_init(d, SERVICE_SEED, KR_SOURCE_SERVICE);
    d->w.sources = KR_SOURCE_BIT(KR_SOURCE_SERVICE);
    d->w.has_service_device = device != NULL;
    if (device)
        d->w.service_device = *device;
    world_join(&d->w, "alice"); /* in the part of the service */
    world_join(&d->w, "bob");
    world_wait(&d->w, 10);
}

static void the_service_leads_with_the_named_device(void **state)
{
    (void)state;
    struct desk d;
    struct kr_id device = {{1}};
    service_room(&d, &device);
    device = desk_one(&d, "alice")->device; /* the same in the next room, by its seed */
    desk_done(&d);
    service_room(&d, &device);
    assert_true(kr_id_equal(&device, &desk_one(&d, "alice")->device));
    desk_epoch(&d, KR_EPOCH_FRESH, KR_SOURCE_SERVICE, "alice");
    assert_true(one_said(desk_one(&d, "bob"), "announce 1 fresh service by alice:"));
    world_all_hear(&d.w, 1);
    desk_announce(&d, KR_EPOCH_FRESH, KR_SOURCE_SERVICE, "bob", NULL);
    assert_true(one_said(desk_one(&d, "bob"), "mismatch 2 wrong-leader\n"));
    assert_true(one_view(desk_one(&d, "bob")).mismatched);
    world_wait(&d.w, 4000);
    assert_false(one_view(desk_one(&d, "bob")).may_send);
    desk_done(&d);
}

static void no_device_no_service(void **state)
{
    (void)state;
    struct desk d;
    service_room(&d, NULL);
    assert_true(one_said(desk_one(&d, "bob"), "refused challenge below-floor"));
    assert_false(desk_seat(&d, "bob")->attached);
    desk_done(&d);
}

/* --- who takes part in none of it --- */

static void a_source_that_is_not_wanted_ends_the_attach(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d, 34, KR_SOURCE_PARTICIPANTS);
    world_join(&d.w, "alice");
    d.w.sources = 0;
    struct one *bob = world_join(&d.w, "bob");
    world_wait(&d.w, 10);
    assert_true(desk_seat(&d, "bob")->attached);
    assert_false(desk_seat(&d, "bob")->names_sources);
    assert_false(desk_seat(&d, "bob")->lead); /* of nothing that it takes part in */
    desk_epoch(&d, KR_EPOCH_FRESH, KR_SOURCE_PARTICIPANTS, NULL);
    world_all_hear(&d.w, 1);
    desk_announce(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice", NULL);
    assert_true(one_said(bob, "refused announce below-floor"));
    assert_false(one_view(bob).may_send || one_view(bob).member || one_view(bob).mismatched);
    assert_false(desk_seat(&d, "bob")->attached);
    desk_done(&d);
}

static void a_policy_that_is_not_wanted_is_not_attached_to(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d, 35, KR_SOURCE_LEADER);
    d.w.sources = 0;
    struct one *bob = world_join(&d.w, "bob");
    assert_true(one_said(bob, "refused challenge below-floor"));
    assert_false(desk_seat(&d, "bob")->attached);
    desk_done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(another_secret_is_not_held),
        cmocka_unit_test(a_secret_that_nothing_vouches_for_is_not_held),
        cmocka_unit_test(two_leaders_in_a_row_are_a_fork),
        cmocka_unit_test(one_leader_twice_is_a_fork),
        cmocka_unit_test(a_fork_shows_in_the_tags_of_two_leaders),
        cmocka_unit_test(a_ratchet_has_the_leader_of_before),
        cmocka_unit_test(a_joiner_is_not_ratcheted_by_another),
        cmocka_unit_test(another_source_is_fresh),
        cmocka_unit_test(the_policy_must_allow_the_source),
        cmocka_unit_test(all_parts_name_one_leader),
        cmocka_unit_test(an_entry_of_another_shows_a_fork),
        cmocka_unit_test(nobody_else_gives_the_secret),
        cmocka_unit_test(the_service_leads_with_the_named_device),
        cmocka_unit_test(no_device_no_service),
        cmocka_unit_test(a_source_that_is_not_wanted_ends_the_attach),
        cmocka_unit_test(a_policy_that_is_not_wanted_is_not_attached_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
