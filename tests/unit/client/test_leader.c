/* Epochs whose secret a leader makes for all, as honest ones live them (docs/protocol.md 5.13). */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "client/state.h"
#include "desk.h"
#include "epoch/schedule.h"

enum { BOTH = KR_SOURCE_BIT(KR_SOURCE_PARTICIPANTS) | KR_SOURCE_BIT(KR_SOURCE_LEADER) };

static void join(struct desk *d, const char *const *nicks)
{
    for (; *nicks; nicks++)
        world_join(&d->w, *nicks);
    world_wait(&d->w, 10);
}

static void three(struct desk *d, uint64_t seed)
{
    desk_init(d, seed, KR_SOURCE_LEADER);
    join(d, (const char *const[]){"alice", "bob", "carol", NULL});
    desk_epoch(d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice");
}

static const struct kr_epoch_state *newest(struct desk *d, const char *nick)
{
    return desk_one(d, nick)->client->epochs;
}

static void one_seals_for_all(void **state)
{
    (void)state;
    struct desk d;
    three(&d, 1);
    assert_int_equal(desk_seat(&d, "alice")->sources, BOTH);
    assert_true(desk_seat(&d, "alice")->lead);
    assert_true(one_said(desk_one(&d, "bob"), "announce 1 fresh leader by alice: "));
    assert_int_equal(d.entry_count, 2);
    assert_true(d.sealed_confirms);
    assert_int_equal(desk_seat(&d, "alice")->targets, 2);
    for (size_t i = 0; i < d.w.count; i++) {
        bool leads = strcmp(d.w.ones[i].nick, "alice") == 0;
        assert_int_equal(d.seats[i].claims, leads);
        assert_int_equal(d.seats[i].envelopes, leads);
        assert_int_equal(d.seats[i].acks, 1);
        assert_int_equal(d.seats[i].missing_count + d.seats[i].mismatch_count, 0);
        assert_false(d.seats[i].ack_confirms);
        assert_false(one_said(&d.w.ones[i], "refused"));
    }
    world_all_hear(&d.w, 1);
    desk_done(&d);
}

static void a_ratchet_seals_for_joiners_alone(void **state)
{
    (void)state;
    struct desk d;
    three(&d, 2);
    world_join(&d.w, "dave");
    desk_epoch(&d, KR_EPOCH_RATCHET, KR_SOURCE_LEADER, "alice");
    assert_int_equal(desk_seat(&d, "alice")->targets, 1);
    assert_int_equal(d.entry_count, 1);
    assert_int_equal(d.entries[0].recipient, desk_index(&d, "dave"));
    static const char *const ratcheted[] = {"alice", "bob", "carol"};
    for (size_t i = 0; i < 3; i++) {
        const struct desk_seat *s = desk_seat(&d, ratcheted[i]);
        assert_int_equal(s->acks, 1);
        assert_true(s->ack_confirms && kr_digest_equal(&s->ack_confirm, &d.confirm));
    }
    assert_false(desk_seat(&d, "dave")->ack_confirms);
    world_all_hear(&d.w, 2);
    desk_done(&d);
}

/* --- an announce that did not come --- */

static struct one *deaf;

static bool hears_nothing(struct world *w, struct one *to, struct kr_notice *n)
{
    (void)w, (void)n;
    return to != deaf;
}

static void who_missed_an_announce_asks_the_leader(void **state)
{
    (void)state;
    struct desk d;
    three(&d, 3);
    struct one *bob = desk_one(&d, "bob");
    d.w.notice = hears_nothing;
    deaf = bob;
    world_join(&d.w, "dave");
    desk_epoch(&d, KR_EPOCH_RATCHET, KR_SOURCE_LEADER, "alice");
    deaf = NULL;
    world_join(&d.w, "erin");
    desk_announce(&d, KR_EPOCH_RATCHET, KR_SOURCE_LEADER, "alice", NULL);
    assert_int_equal(desk_seat(&d, "bob")->acks, 0);
    assert_int_equal(one_view(bob).missing, d.roster.len);
    desk_deliver(&d, KR_ROUND_2, true);
    const struct desk_seat *s = desk_seat(&d, "bob");
    assert_int_equal(s->acks, 1);
    assert_int_equal(s->missing_count, 1); /* the leader, and nobody else */
    assert_int_equal(s->missing[0], desk_index(&d, "alice"));
    assert_false(s->ack_confirms);
    size_t before = d.entry_count;
    d.sealed_confirms = false;
    desk_wanted(&d, "alice", "bob");
    assert_int_equal(d.entry_count, before + 1);
    assert_true(d.sealed_confirms);
    desk_deliver_to(&d, bob, KR_ROUND_SUPPLEMENT, false);
    assert_int_equal(s->acks, 2);
    assert_int_equal(s->missing_count, 0);
    assert_false(s->ack_confirms);
    desk_commit(&d);
    world_all_hear(&d.w, 3);
    assert_false(one_view(bob).mismatched);
    desk_done(&d);
}

static void who_lacks_the_secret_stops(void **state)
{
    (void)state;
    struct desk d;
    three(&d, 4);
    desk_announce(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice", NULL);
    world_wait(&d.w, 2000 + KR_UNSEALED_STOP_MS - 1);
    struct one *bob = desk_one(&d, "bob"), *alice = desk_one(&d, "alice");
    assert_int_equal(one_view(bob).epoch, 1);
    assert_true(one_view(bob).may_send);
    assert_int_equal(one_view(alice).epoch, 2); /* by its clock: the desk has taken what it sealed */
    world_wait(&d.w, 1);
    assert_false(one_view(bob).may_send);
    assert_true(one_said(bob, "stop 2 unsealed"));
    desk_done(&d);
}

static void who_holds_it_switches_by_its_clock(void **state)
{
    (void)state;
    struct desk d;
    three(&d, 5);
    desk_announce(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice", NULL);
    desk_deliver(&d, KR_ROUND_2, true);
    world_wait(&d.w, 2000 + KR_SWITCH_SLACK_MS - 1);
    assert_int_equal(one_view(desk_one(&d, "bob")).epoch, 1);
    world_wait(&d.w, 1);
    assert_true(one_said(desk_one(&d, "bob"), "switch 2 by-clock"));
    world_all_hear(&d.w, 2);
    desk_done(&d);
}

/* --- the leader --- */

static void a_leader_alone(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d, 6, KR_SOURCE_LEADER);
    join(&d, (const char *const[]){"alice", NULL});
    desk_epoch(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice");
    assert_int_equal(desk_seat(&d, "alice")->envelopes, 0);
    assert_int_equal(desk_seat(&d, "alice")->acks, 1);
    world_all_hear(&d.w, 1);
    desk_done(&d);
}

static void a_leader_whose_envelope_is_refused_has_not_sealed(void **state)
{
    (void)state;
    struct desk d;
    three(&d, 7);
    d.refuse_envelopes = true;
    desk_announce(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice", NULL);
    world_wait(&d.w, 2000 + KR_SWITCH_SLACK_MS);
    struct one *alice = desk_one(&d, "alice");
    assert_int_equal(one_view(alice).epoch, 1);
    world_wait(&d.w, KR_UNSEALED_STOP_MS - KR_SWITCH_SLACK_MS);
    assert_true(one_said(alice, "stop 2 unsealed"));
    desk_done(&d);
}

/* It would be deposed if it waited until collecting ends. */
static void a_leader_does_not_wait_for_keys(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d, 8, KR_SOURCE_LEADER);
    join(&d, (const char *const[]){"alice", "bob", NULL});
    d.mute_claims = true;
    desk_announce(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice", NULL);
    world_wait(&d.w, 2000 * 3 / 8 - 1);
    assert_int_equal(desk_seat(&d, "alice")->envelopes, 0);
    world_wait(&d.w, 1);
    assert_int_equal(desk_seat(&d, "alice")->envelopes, 1);
    assert_int_equal(d.entry_count, 1);
    assert_int_equal(d.entries[0].type, KR_PACKED_WITHHELD);
    assert_int_equal(d.entries[0].body[0], KR_WITHHELD_SESSION);
    d.mute_claims = false;
    desk_wanted(&d, "alice", "bob");
    world_wait(&d.w, 3000);
    desk_deliver(&d, KR_ROUND_SUPPLEMENT, true);
    assert_int_equal(one_view(desk_one(&d, "bob")).missing, 0);
    desk_done(&d);
}

/* --- a large room --- */

enum { MANY = 600 };

static void sign(const uint8_t *secret, struct kr_buf *text, struct kr_sig *ret_sig)
{
    assert_false(text->err);
    crypto_sign_detached(ret_sig->b, NULL, text->ptr, text->len, secret);
    kr_buf_done(text);
}

static void make_extra(struct desk *d, size_t i, char *nick, struct one *to)
{
    uint8_t seed[crypto_sign_SEEDBYTES], secret[crypto_sign_SECRETKEYBYTES];
    struct kr_member_line *m = &d->extra[i];
    *m = (struct kr_member_line){.participant = nick, .owner = "", .is_new = true};
    kr_random_fill(&d->w.random, seed, sizeof(seed));
    crypto_sign_seed_keypair(m->ed25519.b, secret, seed);
    kr_random_fill(&d->w.random, &m->curve25519, sizeof(m->curve25519));
    kr_random_fill(&d->w.random, &m->attach, sizeof(m->attach));
    m->device = kr_device_id(&m->ed25519, &m->curve25519);
    struct kr_attach_text t = {.room = ROOM,
                               .instance = d->instance,
                               .participant = nick,
                               .owner = "",
                               .device = m->device,
                               .attach = m->attach,
                               .nonce = m->nonce};
    struct kr_buf text = kr_attach_text(&t);
    sign(secret, &text, &m->sig);
    struct kr_signed_key *k = &d->extra_keys[i];
    kr_random_fill(&d->w.random, &k->key, sizeof(k->key));
    struct kr_key_text kt = {
        .kind = KR_KEY_ONE_TIME, .key = k->key, .device = m->device, .attach = m->attach};
    text = kr_key_text(&kt);
    sign(secret, &text, &k->sig);
    struct one shown = {.device = m->device};
    snprintf(shown.nick, sizeof(shown.nick), "%s", nick);
    muc_show(&d->w, to, &shown, &shown.device);
}

static void a_leader_of_many(void **state)
{
    (void)state;
    struct desk d;
    static char nicks[MANY][8];
    desk_init(&d, 9, KR_SOURCE_LEADER);
    join(&d, (const char *const[]){"alice", NULL});
    d.extra = kr_calloc(MANY, sizeof(*d.extra));
    d.extra_keys = kr_calloc(MANY, sizeof(*d.extra_keys));
    for (; d.extra_count < MANY; d.extra_count++) {
        snprintf(nicks[d.extra_count], sizeof(nicks[0]), "m%03zu", d.extra_count);
        make_extra(&d, d.extra_count, nicks[d.extra_count], desk_one(&d, "alice"));
    }
    desk_announce(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice", NULL);
    const struct desk_seat *s = desk_seat(&d, "alice");
    assert_int_equal(s->claims, 2);
    assert_int_equal(s->targets, MANY);
    assert_int_equal(s->envelopes, 1);
    assert_int_equal(d.part_entries, MANY);
    assert_true(d.parts > 1);
    assert_true(d.sealed_confirms);
    desk_commit(&d);
    assert_int_equal(one_view(desk_one(&d, "alice")).epoch, 1);
    assert_int_equal(one_view(desk_one(&d, "alice")).missing, 0);
    const struct kr_epoch_state *e = newest(&d, "alice");
    for (size_t i = 0; i < e->roster.len; i++)
        assert_true(kr_epoch_holds(e, i) && !e->held[i].keys && !kr_secret_is_set(&e->held[i].secret));
    free(d.extra);
    free(d.extra_keys);
    desk_done(&d);
}

/* --- frames --- */

static void keys_are_made_when_they_are_used(void **state)
{
    (void)state;
    struct desk d;
    three(&d, 10);
    const struct kr_epoch_state *e = newest(&d, "bob");
    size_t alice = (size_t)desk_index(&d, "alice"), carol = (size_t)desk_index(&d, "carol");
    assert_null(e->held[alice].keys);
    struct kr_secret base = KR_SECRET_NONE;
    struct kr_sframe_key key;
    assert_int_equal(kr_base_key(&e->shared, desk_context(&d, 0), kr_roster_line(&d.roster, alice), &base),
                     0);
    assert_int_equal(kr_sframe_key_init(4, KR_OCCUPANTS_MAX + alice, &base, &key), 0);
    struct kr_buf frame = one_seal(desk_one(&d, "alice")), plain;
    kr_buf_init(&plain, 256);
    assert_int_equal(kr_sframe_open(&key, kr_span(NULL, 0), kr_buf_span(&frame), &plain), 0);
    assert_int_equal(one_open(desk_one(&d, "bob"), "carol", &frame), KR_E_WRONG_SENDER);
    assert_null(e->held[alice].keys);
    assert_int_equal(one_open(desk_one(&d, "bob"), "alice", &frame), 0);
    assert_int_equal(one_open(desk_one(&d, "bob"), "alice", &frame), KR_E_REPLAY);
    assert_non_null(e->held[alice].keys);
    assert_null(e->held[carol].keys);
    assert_true(kr_secret_equal(&e->held[alice].keys->sframe.key, &key.key));
    kr_sframe_key_done(&key);
    kr_secret_done(&base);
    kr_buf_done(&plain);
    kr_buf_done(&frame);
    desk_done(&d);
}

/* A number that has the ring index of the epoch before: what a ratchet should come from would be gone, and
 * the keys of all would come from nothing. */
static void no_ratchet_drops_what_it_comes_from(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d, 18, KR_SOURCE_PARTICIPANTS);
    for (size_t i = 0; i < DESK_VIEWS; i++) {
        d.views[i].policy.leader_above = 0;
        d.views[i].policy.format = KR_FORMAT_JFRAME;
        d.views[i].policy.suite = 0;
    }
    struct one *alice = world_join(&d.w, "alice");
    world_join(&d.w, "bob");
    world_wait(&d.w, 10);
    desk_epoch(&d, KR_EPOCH_FRESH, KR_SOURCE_PARTICIPANTS, NULL);
    world_all_hear(&d.w, 1);
    desk_announce(&d, KR_EPOCH_FRESH, KR_SOURCE_PARTICIPANTS, NULL, NULL); /* 2; they send with 1 */
    assert_true(one_view(alice).newest == 2 && one_view(alice).epoch == 1);
    world_join(&d.w, "carol");
    world_wait(&d.w, 10);
    d.epoch = 2 + KR_JFRAME_RING - 1;
    desk_announce(&d, KR_EPOCH_RATCHET, KR_SOURCE_PARTICIPANTS, NULL, NULL); /* 18 */
    assert_true(one_said(alice, "refused announce KR_E_BAD_STATE"));
    assert_false(one_said(alice, "announce 18"));
    desk_done(&d);
}

static void jframe(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d, 11, KR_SOURCE_LEADER);
    d.views[0].policy.format = KR_FORMAT_JFRAME;
    d.views[0].policy.suite = 0;
    join(&d, (const char *const[]){"alice", "bob", NULL});
    desk_epoch(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "bob");
    world_all_hear(&d.w, 1);
    desk_done(&d);
}

/* Before each word that reaches one of them, whatever anybody says is heard by all. */
static bool all_are_heard(struct world *w, struct one *to, struct kr_notice *n)
{
    (void)to, (void)n;
    for (size_t i = 0; w->left && i < w->count; i++) {
        struct kr_buf frame = one_seal(&w->ones[i]);
        for (size_t k = 0; k < w->count; k++)
            if (k != i)
                assert_int_equal(one_open(&w->ones[k], w->ones[i].nick, &frame), 0);
        kr_buf_done(&frame);
    }
    return true;
}

static void the_source_changes_without_a_gap(void **state)
{
    (void)state;
    struct desk d;
    desk_init(&d, 12, KR_SOURCE_PARTICIPANTS);
    join(&d, (const char *const[]){"alice", "bob", "carol", NULL});
    desk_epoch(&d, KR_EPOCH_FRESH, KR_SOURCE_PARTICIPANTS, NULL);
    world_all_hear(&d.w, 1);
    d.w.notice = all_are_heard;
    d.w.left = 1;
    desk_epoch(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "alice");
    world_all_hear(&d.w, 2);
    world_wait(&d.w, 2000);
    desk_epoch(&d, KR_EPOCH_FRESH, KR_SOURCE_LEADER, "bob");
    world_all_hear(&d.w, 3);
    world_wait(&d.w, 2000);
    desk_epoch(&d, KR_EPOCH_FRESH, KR_SOURCE_PARTICIPANTS, NULL);
    world_all_hear(&d.w, 4);
    for (size_t i = 0; i < d.w.count; i++) {
        assert_false(one_said(&d.w.ones[i], "stop"));
        assert_false(one_said(&d.w.ones[i], "refused"));
    }
    desk_done(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_seals_for_all),
        cmocka_unit_test(a_ratchet_seals_for_joiners_alone),
        cmocka_unit_test(who_missed_an_announce_asks_the_leader),
        cmocka_unit_test(who_lacks_the_secret_stops),
        cmocka_unit_test(who_holds_it_switches_by_its_clock),
        cmocka_unit_test(a_leader_alone),
        cmocka_unit_test(a_leader_whose_envelope_is_refused_has_not_sealed),
        cmocka_unit_test(a_leader_does_not_wait_for_keys),
        cmocka_unit_test(a_leader_of_many),
        cmocka_unit_test(keys_are_made_when_they_are_used),
        cmocka_unit_test(jframe),
        cmocka_unit_test(no_ratchet_drops_what_it_comes_from),
        cmocka_unit_test(the_source_changes_without_a_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
