/* Rooms whose keys the service makes, by its own participant in its process (docs/protocol.md 5.15): the real
 * core, the real client cores on both sides, real Olm. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "core/view.h"
#include "world.h"
#include "xml/ns.h"

static void begin(struct world *w, uint64_t seed)
{
    world_init(w, seed);
    w->room.policy.source = KR_SOURCE_SERVICE;
    world_own_device(w);
    world_start(w);
}

static void meeting(struct world *w, uint64_t seed, const char *const *nicks)
{
    begin(w, seed);
    for (; *nicks; nicks++)
        world_join(w, *nicks);
    world_wait(w, 1500);
}

static bool take_room(void *arg, const struct kr_room_view *v)
{
    *(struct kr_room_view *)arg = *v;
    return false;
}

static struct kr_room_view view(struct world *w)
{
    struct kr_room_view v = {0};
    kr_core_rooms(w->core, w->now.mono_ms, take_room, &v);
    return v;
}

static bool take_own(void *arg, const struct kr_member_view *v)
{
    if (v->own)
        *(struct kr_member_view *)arg = *v;
    return true;
}

/* All zero: it has no part in the room. */
static struct kr_member_view own(struct world *w)
{
    struct kr_member_view v = {0};
    kr_core_members(w->core, ROOM, take_own, &v);
    return v;
}

static struct kr_stats stats(const struct world *w)
{
    struct kr_stats s;
    kr_core_stats(w->core, &s);
    return s;
}

static bool same(struct kr_id a, struct kr_id b)
{
    return kr_id_equal(&a, &b);
}

static size_t stored_attaches(struct world *w)
{
    struct kr_snapshot s = {0};
    assert_int_equal(w->store->ops->load(w->store, &s), 0);
    size_t n = s.attach_count;
    kr_snapshot_done(&s);
    return n;
}

/* --- as it should be --- */

static void the_service_makes_the_keys(void **state)
{
    (void)state;
    struct world w;
    meeting(&w, 1, (const char *const[]){"alice", "bob", "carol", NULL});
    for (size_t i = 0; i < 3; i++) {
        assert_true(one_said(&w.ones[i], "announce 1 fresh service by keyroom:"));
        assert_false(one_said(&w.ones[i], "refused"));
    }
    world_all_hear(&w, 1);
    assert_int_equal(stats(&w).envelopes, 1);
    struct kr_room_view v = view(&w);
    assert_true(v.by_service);
    assert_string_equal(v.source, "service");
    assert_string_equal(v.leader, "keyroom");
    assert_int_equal(v.occupants, 3);
    assert_int_equal(v.members, 4);
    assert_true(own(&w).member && same(own(&w).device, w.service_device));
    world_done(&w);
}

static void it_comes_with_the_first_and_goes_with_the_last(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 2);
    struct one *alice = world_one(&w, "alice");
    world_wait(&w, 5000);
    assert_false(own(&w).attached);
    one_event(&w, alice, KR_CLIENT_JOIN);
    world_wait(&w, 1500);
    assert_true(own(&w).member);
    world_all_hear(&w, 1);
    struct kr_id first = view(&w).instance;
    assert_int_equal(stored_attaches(&w), 2);
    one_event(&w, alice, KR_CLIENT_LEAVE);
    world_wait(&w, 10);
    assert_false(view(&w).has_instance);
    assert_false(own(&w).attached);
    assert_int_equal(stored_attaches(&w), 0);
    world_wait(&w, 20000);
    one_event(&w, alice, KR_CLIENT_JOIN);
    world_wait(&w, 1500);
    assert_false(same(view(&w).instance, first));
    world_all_hear(&w, 1);
    world_done(&w);
}

static void a_join_is_one_upload_for_one(void **state)
{
    (void)state;
    struct world w;
    meeting(&w, 3, (const char *const[]){"alice", "bob", NULL});
    struct kr_buf before = one_seal(&w.ones[0]);
    struct one *carol = world_join(&w, "carol");
    world_wait(&w, 1500);
    assert_true(one_said(carol, "announce 2 ratchet service by keyroom:"));
    world_all_hear(&w, 2);
    assert_int_equal(stats(&w).envelopes, 2);
    assert_int_equal(one_open(carol, "alice", &before), KR_E_NO_KEY);
    kr_buf_done(&before);
    one_event(&w, carol, KR_CLIENT_LEAVE);
    world_wait(&w, 2500);
    assert_true(one_said(&w.ones[0], "announce 3 fresh service by keyroom:"));
    world_all_hear(&w, 3);
    struct kr_buf after = one_seal(&w.ones[0]);
    assert_int_equal(one_open(carol, "alice", &after), KR_E_NO_KEY);
    kr_buf_done(&after);
    world_done(&w);
}

/* By the key source, whatever else the policy asks for: it is nobody's guest. But not for those who wait. */
static void the_source_is_its_right(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 16);
    w.room.policy.source = KR_SOURCE_SERVICE;
    w.room.policy.authorise = KR_AUTHORISE_REGISTERED;
    world_own_device(&w);
    world_start(&w);
    struct one *guest = world_one(&w, "guest");
    snprintf(guest->jid, sizeof(guest->jid), "guest@elsewhere.example/1");
    one_event(&w, guest, KR_CLIENT_UP); /* under that address */
    one_event(&w, guest, KR_CLIENT_JOIN);
    world_wait(&w, 3000);
    assert_true(one_view(guest).waiting);
    assert_false(own(&w).attached);
    struct one *alice = world_join(&w, "alice");
    world_wait(&w, 1500);
    assert_true(own(&w).member);
    assert_true(one_said(alice, "announce 1 fresh service by keyroom: alice keyroom\n"));
    assert_true(one_view(alice).may_send);
    one_event(&w, alice, KR_CLIENT_LEAVE);
    world_wait(&w, 1500);
    assert_false(own(&w).attached); /* the one that waits has no keys to be made */
    assert_true(one_view(guest).waiting);
    world_done(&w);
}

/* Nobody verifies it: clients pin it, and it seals for whom the room's own rule has let in. */
static void in_a_room_of_verified_devices(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 17);
    w.room.policy.source = KR_SOURCE_SERVICE;
    w.room.policy.authorise = KR_AUTHORISE_VERIFIED;
    w.room.policy.verified_by = KR_VERIFIED_BY_OPERATOR;
    w.room.policy.verified_for_s = 3600;
    world_own_device(&w);
    world_start(&w);
    struct one *alice = world_join(&w, "alice"), *bob = world_join(&w, "bob");
    world_wait(&w, 3000);
    assert_true(one_view(alice).waiting && one_view(bob).waiting);
    assert_false(own(&w).attached);
    struct kr_control c = {
        .token = 1, .kind = KR_CONTROL_APPROVE, .scope = "*", .reason = "", .device = alice->device};
    struct kr_event e = {.kind = KR_EV_CONTROL, .u.control = &c};
    world_core_event(&w, &e);
    world_wait(&w, 2500);
    assert_true(own(&w).member);
    assert_true(one_view(alice).may_send);
    assert_int_equal(one_view(alice).missing, 0);
    assert_false(one_view(bob).may_send);
    world_done(&w);
}

/* --- what happens to services --- */

static void it_restarts(void **state)
{
    (void)state;
    struct world w;
    meeting(&w, 4, (const char *const[]){"alice", "bob", NULL});
    struct kr_id before = own(&w).attach, instance = view(&w).instance;
    world_restart(&w);
    world_wait(&w, 3000);
    assert_int_equal(one_said_count(&w.ones[0], "attached"), 1); /* members go on */
    assert_false(one_said(&w.ones[0], "suspended"));
    assert_true(same(view(&w).instance, instance));
    assert_false(same(own(&w).attach, before)); /* and it comes anew: its sessions are gone */
    assert_true(one_said(&w.ones[0], "announce 2 fresh service by keyroom:"));
    assert_int_equal(stored_attaches(&w), 3);
    world_all_hear(&w, 2);
    world_done(&w);
}

static void its_link_is_lost(void **state)
{
    (void)state;
    struct world w;
    meeting(&w, 5, (const char *const[]){"alice", "bob", NULL});
    world_link(&w, false);
    assert_false(own(&w).attached);
    world_wait(&w, 3000);
    world_link(&w, true);
    world_wait(&w, 3000);
    world_all_hear(&w, 2);
    assert_int_equal(stored_attaches(&w), 3);
    world_done(&w);
}

static void it_is_deaf_for_a_while(void **state)
{
    (void)state;
    struct world w;
    meeting(&w, 6, (const char *const[]){"alice", "bob", NULL});
    w.own_deaf = true;
    world_rotate(&w);
    world_wait(&w, 60000);
    assert_true(stats(&w).epochs_abandoned >= 2);
    assert_true(view(&w).exposed);
    assert_true(view(&w).committed_epoch == 1);
    w.own_deaf = false;
    world_link(&w, false);
    world_link(&w, true);
    world_wait(&w, 15000);
    assert_false(view(&w).exposed);
    world_all_hear(&w, view(&w).committed_epoch);
    world_done(&w);
}

static void it_does_not_attach(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 7);
    w.own_deaf = true;
    struct one *alice = world_join(&w, "alice");
    world_wait(&w, 10000);
    assert_int_equal(view(&w).mode, KR_MODE_SUSPENDED);
    assert_int_equal(view(&w).epoch, 0);
    assert_true(one_said(alice, "suspended the service's own device, which makes its keys, is not there"));
    world_done(&w);
}

static void it_is_revoked(void **state)
{
    (void)state;
    struct world w;
    meeting(&w, 8, (const char *const[]){"alice", "bob", NULL});
    struct kr_control c = {
        .token = 1, .kind = KR_CONTROL_REVOKE, .scope = "*", .reason = "", .device = w.service_device};
    struct kr_event e = {.kind = KR_EV_CONTROL, .u.control = &c};
    world_core_event(&w, &e);
    world_wait(&w, 20000);
    assert_int_equal(view(&w).mode, KR_MODE_SUSPENDED);
    assert_false(own(&w).attached);
    assert_true(view(&w).exposed); /* nobody can rotate what the revoked device knows */
    world_restart(&w);
    world_wait(&w, 20000);
    assert_int_equal(view(&w).mode, KR_MODE_SUSPENDED);
    world_done(&w);
}

static void the_policy_changes(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, 9);
    world_own_device(&w);
    w.sources |= KR_SOURCE_BIT(KR_SOURCE_PARTICIPANTS);
    world_start(&w);
    world_join(&w, "alice");
    world_join(&w, "bob");
    world_wait(&w, 1500);
    assert_false(own(&w).attached);
    world_all_hear(&w, 1);
    w.room.policy.source = KR_SOURCE_SERVICE;
    world_settings(&w);
    world_wait(&w, 2500);
    assert_true(one_said(&w.ones[0], "fresh service by keyroom:"));
    world_all_hear(&w, 2);
    w.room.policy.source = KR_SOURCE_PARTICIPANTS;
    world_settings(&w);
    world_wait(&w, 2500);
    assert_false(own(&w).attached);
    assert_false(view(&w).by_service);
    world_all_hear(&w, 3);
    world_done(&w);
}

/* --- whom clients follow --- */

static void who_does_not_pin_it_has_no_part(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 10);
    world_join(&w, "alice");
    w.sources = 0;
    struct one *bob = world_join(&w, "bob");
    w.sources = KR_SOURCE_BIT(KR_SOURCE_SERVICE);
    w.service_device.b[0] ^= 1;
    struct one *carol = world_join(&w, "carol");
    world_wait(&w, 8000);
    assert_true(one_said(bob, "below-floor"));
    assert_false(one_view(bob).member);
    assert_true(one_said(carol, "wrong-leader"));
    assert_true(one_view(carol).mismatched);
    assert_false(one_view(bob).may_send || one_view(carol).may_send);
    assert_true(one_view(&w.ones[0]).may_send);
    world_done(&w);
}

/* --- who would be it --- */

static void from_the_server(struct world *w, const char *from, const char *payload, const char *type)
{
    char xml[2048];
    snprintf(xml, sizeof(xml), "<iq type='%s' from='%s' to='" SERVICE "' id='x'>%s</iq>", type, from,
             payload);
    world_queue(w, NULL, NULL, kr_strdup(xml));
    world_settle(w);
}

static void nothing_from_the_server_is_its_word(void **state)
{
    (void)state;
    static const char *const addresses[] = {SERVICE, SERVICE "/" ROOM, SERVICE "/other"};
    struct world w;
    meeting(&w, 11, (const char *const[]){"alice", "bob", NULL});
    struct kr_id attach = own(&w).attach;
    struct kr_stats before = stats(&w);
    for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
        from_the_server(&w, addresses[i], "<detach xmlns='" KR_NS "' room='" ROOM "'/>", "set");
        from_the_server(&w, addresses[i], "<challenge xmlns='" KR_NS "' room='" ROOM "'/>", "get");
        from_the_server(&w, addresses[i], "<whole xmlns='" KR_NS "' room='" ROOM "'/>", "set");
        from_the_server(&w, addresses[i], "<query xmlns='http://jabber.org/protocol/disco#info'/>", "get");
    }
    struct kr_stats after = stats(&w);
    assert_int_equal(after.requests, before.requests);
    assert_int_equal(after.detaches, before.detaches);
    assert_true(same(own(&w).attach, attach));
    world_rotate(&w);
    world_wait(&w, 2500);
    world_all_hear(&w, 2);
    world_done(&w);
}

static void count_strangers(void *arg, const char *condition, uint64_t count)
{
    if (strcmp(condition, "not-occupant") == 0)
        *(uint64_t *)arg += count;
}

/* What it asks of a room that it was not told to enter. */
static void it_speaks_only_where_it_was_sent(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 12);
    world_one(&w, "alice");
    struct kr_attr id = {.name = "id", .value = "x"}, to = {.name = "to", .value = SERVICE, .next = &id},
                   type = {.name = "type", .value = "get", .next = &to},
                   from = {.name = "from", .value = SERVICE "/" ROOM, .next = &type},
                   room = {.name = "room", .value = ROOM};
    struct kr_el ask = {.name = "challenge", .ns = KR_NS, .text = "", .attrs = &room};
    struct kr_el iq = {.name = "iq", .ns = KR_NS_COMPONENT, .text = "", .attrs = &from, .child = &ask};
    struct kr_event e = {.kind = KR_EV_OWN, .u.stanza = &iq};
    uint64_t strangers = 0;
    world_core_event(&w, &e);
    world_settle(&w);
    kr_core_refusals(w.core, count_strangers, &strangers);
    assert_int_equal(strangers, 1);
    assert_false(view(&w).has_instance);
    world_done(&w);
}

/* Its device in another's presence: that one has no key to sign with, and nobody takes it for the leader. */
static void its_device_in_anothers_presence(void **state)
{
    (void)state;
    struct world w;
    meeting(&w, 13, (const char *const[]){"alice", "bob", NULL});
    struct one *mallory = world_one(&w, "mallory");
    mallory->device = w.service_device; /* what the room shows of it */
    one_event(&w, mallory, KR_CLIENT_JOIN);
    world_wait(&w, 3000);
    assert_true(one_said(mallory, "no-device"));
    assert_false(one_view(mallory).member);
    assert_true(own(&w).member);
    world_rotate(&w);
    world_wait(&w, 2500);
    assert_true(one_view(&w.ones[0]).epoch == 2 && one_view(&w.ones[1]).epoch == 2);
    world_done(&w);
}

static bool in_its_place(struct world *w, struct one *from, struct kr_request *r)
{
    (void)w;
    if (from != w->arg || r->kind != KR_REQ_ACK || w->left == 0)
        return true;
    w->left--;
    static struct kr_packed entry;
    entry = (struct kr_packed){.index = 0, .type = KR_PACKED_NORMAL, .body = kr_span("xxxxxxxxxxxxxxxx", 16)};
    struct kr_req_envelope v = {.epoch = r->u.ack.epoch,
                                .round = KR_ROUND_2,
                                .part = 1,
                                .of = 1,
                                .has_sig = true,
                                .has_confirm = true,
                                .entries = &entry,
                                .entry_count = 1};
    *r = (struct kr_request){.kind = KR_REQ_ENVELOPE, .in = r->in, .u.envelope = v};
    return true;
}

static void count_unexpected(void *arg, const char *condition, uint64_t count)
{
    if (strcmp(condition, "unexpected") == 0)
        *(uint64_t *)arg += count;
}

static void a_members_envelope_is_not_its(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 14);
    w.request = in_its_place;
    w.left = 1;
    world_join(&w, "alice");
    w.arg = &w.ones[0];
    world_join(&w, "bob");
    world_wait(&w, 6000);
    assert_int_equal(w.left, 0);
    uint64_t unexpected = 0;
    kr_core_refusals(w.core, count_unexpected, &unexpected);
    assert_int_equal(unexpected, 1);
    assert_int_equal(stats(&w).envelopes, 1);
    assert_true(view(&w).committed_epoch == 1);
    world_done(&w);
}

/* Lines are in order of their names' length first: bob, zoe, alice, keyroom. */
static bool accuses(struct world *w, struct one *from, struct kr_request *r)
{
    static const uint16_t leader = 3;
    if (from != w->arg || r->kind != KR_REQ_ACK)
        return true;
    r->u.ack.missing_count = 0;
    r->u.ack.mismatch = &leader;
    r->u.ack.mismatch_count = 1;
    w->left++;
    return true;
}

static void one_voice_does_not_stop_the_room(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 15);
    w.request = accuses;
    for (const char *const *n = (const char *const[]){"alice", "bob", "zoe", NULL}; *n; n++)
        world_join(&w, *n);
    w.arg = &w.ones[2];
    for (int i = 0; i < 4; i++) {
        world_rotate(&w);
        world_wait(&w, 6000);
    }
    struct kr_stats s = stats(&w);
    assert_true(w.left >= 4);
    assert_false(one_said(&w.ones[2], "malformed"));
    assert_int_equal(s.epochs_abandoned, 0);
    assert_int_equal(s.leaders_deposed, 0);
    assert_true(s.epochs_committed >= 4);
    assert_true(one_view(&w.ones[0]).may_send && one_view(&w.ones[1]).may_send);
    assert_false(view(&w).exposed);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_service_makes_the_keys),
        cmocka_unit_test(it_comes_with_the_first_and_goes_with_the_last),
        cmocka_unit_test(a_join_is_one_upload_for_one),
        cmocka_unit_test(the_source_is_its_right),
        cmocka_unit_test(in_a_room_of_verified_devices),
        cmocka_unit_test(it_restarts),
        cmocka_unit_test(its_link_is_lost),
        cmocka_unit_test(it_is_deaf_for_a_while),
        cmocka_unit_test(it_does_not_attach),
        cmocka_unit_test(it_is_revoked),
        cmocka_unit_test(the_policy_changes),
        cmocka_unit_test(who_does_not_pin_it_has_no_part),
        cmocka_unit_test(nothing_from_the_server_is_its_word),
        cmocka_unit_test(it_speaks_only_where_it_was_sent),
        cmocka_unit_test(its_device_in_anothers_presence),
        cmocka_unit_test(a_members_envelope_is_not_its),
        cmocka_unit_test(one_voice_does_not_stop_the_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
