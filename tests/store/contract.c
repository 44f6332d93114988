#include "contract.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/limit.h"
#include "contract_log.h"
#include "fixture.h"

static const struct contract_backend *backend;

static int open_store(void **state)
{
    *state = backend->open();
    return *state ? 0 : -1;
}

static int close_store(void **state)
{
    backend->close(*state);
    return 0;
}

static struct kr_snapshot load(struct kr_store *s)
{
    struct kr_snapshot snap = {0};
    int err = s->ops->load(s, &snap);
    if (err)
        fail_msg("load: %d %s", err, s->errmsg);
    return snap;
}

static void an_empty_store_loads_nothing(void **state)
{
    struct kr_snapshot snap = load(*state);
    assert_int_equal(snap.room_count + snap.epoch_count + snap.attach_count + snap.opening_count, 0);
    assert_int_equal(snap.log_size, 0);
    kr_snapshot_done(&snap);
}

static void what_was_committed_is_loaded_as_written(void **state)
{
    struct kr_store *s = *state;
    populate(s);
    struct kr_snapshot snap = load(s);
    assert_int_equal(snap.room_count, 1);
    assert_string_equal(snap.rooms[0].room, ROOM_A);
    struct kr_id id = an_id(1);
    assert_memory_equal(&snap.rooms[0].instance, &id, sizeof(id));
    assert_int_equal(snap.rooms[0].epoch_high, 1);
    assert_int_equal(snap.rooms[0].started_ms, 1001);
    assert_int_equal(snap.epoch_count, 1);
    struct kr_rec_epoch e = w_epoch(1, 1).u.epoch;
    assert_memory_equal(&snap.epochs[0].context, &e.context, 32);
    assert_memory_equal(&snap.epochs[0].policy, &e.policy, 32);
    assert_memory_equal(&snap.epochs[0].roster, &e.roster, 32);
    assert_memory_equal(&snap.epochs[0].leader, &e.leader, 16);
    assert_int_equal(snap.epochs[0].kind, 1);
    assert_int_equal(snap.epochs[0].source, 2);
    assert_int_equal(snap.epochs[0].format, 1);
    assert_int_equal(snap.epochs[0].suite, 4);
    assert_int_equal(snap.epochs[0].fate, KR_FATE_IN_FLIGHT);
    assert_int_equal(snap.epochs[0].announced_ms, 2001);
    assert_int_equal(snap.attach_count, 1);
    const struct kr_rec_attach *a = &snap.attaches[0];
    struct kr_rec_attach wrote = w_attach(1, 1, ROOM_A, 1).u.attach;
    struct kr_key ed = a_key(101), curve = a_key(201);
    assert_memory_equal(&a->attach, &wrote.attach, 16);
    assert_memory_equal(&a->nonce, &wrote.nonce, 16);
    assert_memory_equal(&a->device, &wrote.device, 16);
    assert_memory_equal(&a->ed25519, &ed, 32);
    assert_memory_equal(&a->curve25519, &curve, 32);
    assert_memory_equal(&a->sig, &wrote.sig, 64);
    assert_string_equal(a->room, ROOM_A);
    assert_string_equal(a->participant, "nick");
    assert_string_equal(a->owner, "alice@example");
    assert_string_equal(a->full_jid, "alice@example/web");
    assert_int_equal(a->state, KR_ATTACH_WAITING);
    assert_false(a->settled);
    assert_int_equal(a->at_ms, 3001);
    assert_int_equal(snap.opening_count, 1);
    assert_string_equal(snap.openings[0].subject, "participant:nick");
    assert_int_equal(snap.openings[0].key.len, 32);
    assert_memory_equal(snap.openings[0].key.ptr, "0123456789abcdef0123456789abcdef", 32);
    assert_int_equal(snap.log_size, 1);
    kr_snapshot_done(&snap);
}

static void rollback_leaves_nothing(void **state)
{
    struct kr_store *s = *state;
    populate(s);
    begin(s);
    register_device(s, 2, "", 1);
    write_ok(s, w_room(ROOM_B, 2, 9));
    write_ok(s, w_room(ROOM_A, 1, 7));
    write_ok(s, w_attach(2, 2, ROOM_B, 2));
    write_ok(s, w_log(1, "x"));
    write_ok(s, w_grant(KR_W_REVOKE, 1, "*"));
    assert_true(claim(s, 1).claimed);
    write_ok(s, w_attach_end(1));
    write_ok(s, w_room_end(ROOM_A, 1));
    s->ops->rollback(s);
    struct kr_snapshot snap = load(s);
    assert_int_equal(snap.room_count, 1);
    assert_int_equal(snap.rooms[0].epoch_high, 1);
    assert_int_equal(snap.attach_count, 1);
    assert_int_equal(snap.epoch_count, 1);
    assert_int_equal(snap.log_size, 1);
    kr_snapshot_done(&snap);
    begin(s);
    assert_false(device_word(s, 2, ROOM_A).known);
    assert_false(device_word(s, 1, ROOM_A).revoked);
    struct kr_query_result r = claim(s, 1);
    struct kr_key first = a_key(11);
    assert_memory_equal(&r.key.key, &first, 32);
    assert_int_equal(r.left, 1);
    commit(s);
}

static void a_transaction_sees_its_own_writes(void **state)
{
    struct kr_store *s = *state;
    begin(s);
    register_device(s, 1, "", 5);
    assert_true(device_word(s, 1, ROOM_A).known);
    write_ok(s, w_grant(KR_W_APPROVE, 1, ROOM_A));
    assert_true(device_word(s, 1, ROOM_A).approved);
    commit(s);
}

static void keys_are_claimed_once_and_oldest_first(void **state)
{
    struct kr_store *s = *state;
    populate(s);
    begin(s);
    for (unsigned n = 11; n <= 12; n++) {
        struct kr_query_result r = claim(s, 1);
        struct kr_write wrote = w_key(1, KR_CLASS_ONE_TIME, n);
        assert_true(r.claimed);
        assert_int_equal(r.key.kind, KR_CLASS_ONE_TIME);
        assert_memory_equal(&r.key.key, &wrote.u.key.key, 32);
        assert_memory_equal(&r.key.sig, &wrote.u.key.sig, 64);
        assert_memory_equal(&r.key.attach, &wrote.u.key.attach, 16);
        assert_int_equal(r.left, 12 - n);
    }
    commit(s);
    begin(s);
    struct kr_key fallback = a_key(19);
    for (int i = 0; i < 2; i++) {
        struct kr_query_result r = claim(s, 1);
        assert_true(r.claimed);
        assert_int_equal(r.key.kind, KR_CLASS_FALLBACK);
        assert_memory_equal(&r.key.key, &fallback, 32);
        assert_int_equal(r.left, 0);
    }
    write_ok(s, w_key(1, KR_CLASS_FALLBACK, 20));
    fallback = a_key(20);
    struct kr_query_result replaced = claim(s, 1);
    assert_memory_equal(&replaced.key.key, &fallback, 32);
    write_ok(s, w_key(1, KR_CLASS_ONE_TIME, 13));
    assert_int_equal(claim(s, 1).key.kind, KR_CLASS_ONE_TIME);
    assert_false(claim(s, 99).claimed);
    commit(s);
}

static void a_constraint_is_refused_by_name(struct kr_store *s, struct kr_write w)
{
    begin(s);
    assert_int_equal(try_write(s, w), KR_E_CONFLICT);
    s->ops->rollback(s);
}

static void broken_constraints_are_conflicts(void **state)
{
    struct kr_store *s = *state;
    populate(s);
    a_constraint_is_refused_by_name(s, w_epoch(1, 1));                   /* a number twice */
    a_constraint_is_refused_by_name(s, w_epoch(9, 1));                   /* no such instance */
    a_constraint_is_refused_by_name(s, w_attach(2, 9, ROOM_A, 1));       /* no such instance */
    a_constraint_is_refused_by_name(s, w_attach(2, 1, ROOM_A, 9));       /* no such device */
    a_constraint_is_refused_by_name(s, w_key(9, KR_CLASS_ONE_TIME, 1));  /* no such attach */
    a_constraint_is_refused_by_name(s, w_key(9, KR_CLASS_FALLBACK, 1));  /* no such attach */
    a_constraint_is_refused_by_name(s, w_key(1, KR_CLASS_ONE_TIME, 11)); /* a key twice */
    a_constraint_is_refused_by_name(s, w_room(ROOM_B, 1, 0));            /* an instance twice */
}

static void the_log_has_no_holes(void **state)
{
    struct kr_store *s = *state;
    a_constraint_is_refused_by_name(s, w_log(1, "x"));
    populate(s);
    a_constraint_is_refused_by_name(s, w_log(0, "again"));
    a_constraint_is_refused_by_name(s, w_log(2, "hole"));
    a_constraint_is_refused_by_name(s, w_log(1, ""));
    begin(s);
    write_ok(s, w_log(1, "entry-1"));
    write_ok(s, w_log(2, "entry-2"));
    commit(s);
    struct kr_snapshot snap = load(s);
    assert_int_equal(snap.log_size, 3);
    kr_snapshot_done(&snap);
}

static bool collect(void *arg, uint64_t idx, struct kr_span entry)
{
    char *out = arg;
    assert_int_equal(entry.ptr[entry.len - 1] - '0', idx);
    strncat(out, (const char *)entry.ptr + entry.len - 1, 1);
    return strlen(out) < 2;
}

static void the_log_is_read_in_order_until_told_to_stop(void **state)
{
    struct kr_store *s = *state;
    char seen[16] = "";
    populate(s);
    begin(s);
    for (uint64_t i = 1; i < 5; i++) {
        char entry[] = "entry-0";
        entry[6] = (char)('0' + i);
        write_ok(s, w_log(i, entry));
    }
    commit(s);
    assert_int_equal(s->ops->log(s, 2, collect, seen), 0);
    assert_string_equal(seen, "23");
}

static void a_known_curve_key_with_another_ed_key_is_a_result(void **state)
{
    struct kr_store *s = *state;
    begin(s);
    assert_false(register_device(s, 1, "alice@example", 100).known);
    struct kr_query q = {.kind = KR_Q_REGISTER, .owner = "mallory@example", .room = ROOM_A};
    q.device = (struct kr_rec_device){.id = an_id(2), .ed25519 = a_key(102), .curve25519 = a_key(201)};
    struct kr_query_result r = query_ok(s, &q, 200);
    assert_true(r.conflict);
    assert_false(r.known);
    assert_false(device_word(s, 2, ROOM_A).known);
    q.device = (struct kr_rec_device){.id = an_id(1), .ed25519 = a_key(999), .curve25519 = a_key(201)};
    assert_true(query_ok(s, &q, 200).conflict);
    assert_true(register_device(s, 1, "alice@example", 300).known); /* and the transaction goes on */
    commit(s);
}

struct seen_devices {
    size_t count;
    struct kr_rec_device device;
    char owners[64], approved[64], revoked[64];
};

static bool see_device(void *arg, const struct kr_device_info *info)
{
    struct seen_devices *seen = arg;
    if (seen->count++ == 0) {
        seen->device = info->device;
        strncpy(seen->owners, info->owners, sizeof(seen->owners) - 1);
        strncpy(seen->approved, info->approved, sizeof(seen->approved) - 1);
        strncpy(seen->revoked, info->revoked, sizeof(seen->revoked) - 1);
    }
    return seen->count < 2;
}

static void the_directory_remembers_when_and_for_whom(void **state)
{
    struct kr_store *s = *state;
    begin(s);
    register_device(s, 1, "bob@example", 100);
    register_device(s, 1, "alice@example", 300);
    register_device(s, 1, "", 200);
    register_device(s, 2, "", 400);
    register_device(s, 3, "", 500);
    write_ok(s, w_grant(KR_W_APPROVE, 1, ROOM_B));
    write_ok(s, w_grant(KR_W_APPROVE, 1, ROOM_A));
    write_ok(s, w_grant(KR_W_REVOKE, 1, "c@rooms.example"));
    commit(s);
    struct seen_devices seen = {0};
    assert_int_equal(s->ops->devices(s, see_device, &seen), 0);
    assert_int_equal(seen.count, 2); /* told to stop */
    struct kr_id id = an_id(1);
    assert_memory_equal(&seen.device.id, &id, 16);
    assert_int_equal(seen.device.first_seen_ms, 100);
    assert_int_equal(seen.device.last_seen_ms, 300);
    assert_string_equal(seen.owners, "alice@example,bob@example");
    assert_string_equal(seen.approved, ROOM_A "," ROOM_B);
    assert_string_equal(seen.revoked, "c@rooms.example");
}

static void expect_word(struct kr_store *s, const char *room, bool approved, bool revoked)
{
    struct kr_query_result r = device_word(s, 1, room);
    assert_int_equal(r.approved, approved);
    assert_int_equal(r.revoked, revoked);
}

static void grants_hold_in_their_scope(void **state)
{
    struct kr_store *s = *state;
    begin(s);
    expect_word(s, ROOM_A, false, false);
    write_ok(s, w_grant(KR_W_APPROVE, 1, ROOM_A)); /* before it is first seen */
    expect_word(s, ROOM_A, true, false);
    expect_word(s, ROOM_B, false, false);
    write_ok(s, w_grant(KR_W_APPROVE, 1, "*"));
    expect_word(s, ROOM_B, true, false);
    write_ok(s, w_grant(KR_W_REVOKE, 1, ROOM_A)); /* the approval of that room only */
    expect_word(s, ROOM_A, true, true);
    expect_word(s, ROOM_B, true, false);
    write_ok(s, w_grant(KR_W_APPROVE, 1, ROOM_A)); /* does not undo the revocation */
    expect_word(s, ROOM_A, true, true);
    write_ok(s, w_grant(KR_W_REVOKE, 1, "*")); /* every approval */
    expect_word(s, ROOM_A, false, true);
    expect_word(s, ROOM_B, false, true);
    write_ok(s, w_grant(KR_W_APPROVE, 1, ROOM_A)); /* does not undo a wider revocation */
    expect_word(s, ROOM_A, true, true);
    write_ok(s, w_grant(KR_W_REVOKE, 1, "*")); /* keeps the one there is, deletes approvals again */
    expect_word(s, ROOM_A, false, true);
    struct kr_query_result r = register_device(s, 1, "", 1);
    assert_true(r.revoked);
    commit(s);
}

static void the_operators_approval_is_told_apart(void **state)
{
    struct kr_store *s = *state;
    struct kr_write by_owner = w_grant(KR_W_APPROVE, 1, ROOM_A);
    by_owner.u.grant.by = "o@example.org/1";
    begin(s);
    write_ok(s, by_owner);
    assert_true(device_word(s, 1, ROOM_A).approved);
    assert_false(device_word(s, 1, ROOM_A).approved_by_operator);
    write_ok(s, w_grant(KR_W_APPROVE, 1, ROOM_A)); /* replaces it */
    assert_true(device_word(s, 1, ROOM_A).approved_by_operator);
    write_ok(s, by_owner); /* does not replace that */
    assert_true(device_word(s, 1, ROOM_A).approved_by_operator);
    assert_false(device_word(s, 1, ROOM_B).approved_by_operator);
    write_ok(s, w_grant(KR_W_APPROVE, 1, "*"));
    assert_true(device_word(s, 1, ROOM_B).approved_by_operator);
    commit(s);
}

static struct kr_write w_attestation(uint8_t n, const char *admin_in)
{
    struct kr_write w = {.kind = KR_W_ATTESTATION};
    w.u.attestation = (struct kr_rec_attestation){.digest = {{n}},
                                                  .text = kr_span_str("what it says"),
                                                  .sig = {{n, 1}},
                                                  .ed25519 = a_key(n + 100u),
                                                  .curve25519 = a_key(n + 200u),
                                                  .by_owner = "alice@example.org",
                                                  .admin_in = admin_in,
                                                  .at_ms = 5000u + n};
    return w;
}

static void attestations_are_kept_replaced_and_ended(void **state)
{
    struct kr_store *s = *state;
    begin(s);
    write_ok(s, w_attestation(2, ""));
    write_ok(s, w_attestation(1, ""));
    write_ok(s, w_attestation(3, ROOM_A));
    struct kr_write back = w_attestation(1, ROOM_B);
    back.u.attestation.revoke_text = kr_span_str("taken back");
    back.u.attestation.revoke_sig.b[5] = 7;
    write_ok(s, back);
    struct kr_write end = {.kind = KR_W_ATTESTATION_END};
    end.u.attestation.digest = (struct kr_digest){{3}};
    write_ok(s, end);
    write_ok(s, end); /* of one that is not there */
    commit(s);
    struct kr_snapshot snap = load(s);
    assert_int_equal(snap.attestation_count, 2);
    const struct kr_rec_attestation *a = &snap.attestations[0], *b = &snap.attestations[1];
    assert_int_equal(a->digest.b[0], 1);
    assert_int_equal(a->text.len, 12);
    assert_memory_equal(a->text.ptr, "what it says", 12);
    assert_memory_equal(a->sig.b, back.u.attestation.sig.b, 64);
    assert_true(kr_key_equal(&a->ed25519, &back.u.attestation.ed25519));
    assert_true(kr_key_equal(&a->curve25519, &back.u.attestation.curve25519));
    assert_string_equal(a->by_owner, "alice@example.org");
    assert_string_equal(a->admin_in, ROOM_B);
    assert_int_equal(a->at_ms, 5001);
    assert_int_equal(a->revoke_text.len, 10);
    assert_int_equal(a->revoke_sig.b[5], 7);
    assert_int_equal(b->digest.b[0], 2);
    assert_int_equal(b->revoke_text.len, 0);
    kr_snapshot_done(&snap);
}

static void the_end_of_a_room_takes_all_that_hangs_on_it(void **state)
{
    struct kr_store *s = *state;
    populate(s);
    begin(s);
    write_ok(s, w_room(ROOM_B, 2, 1));
    write_ok(s, w_attach(2, 2, ROOM_B, 1));
    write_ok(s, w_key(2, KR_CLASS_FALLBACK, 30));
    write_ok(s, w_room_end(ROOM_A, 9)); /* another instance: nothing */
    assert_true(claim(s, 1).claimed);
    write_ok(s, w_room_end(ROOM_A, 1));
    assert_false(claim(s, 1).claimed);
    assert_true(claim(s, 2).claimed);
    commit(s);
    struct kr_snapshot snap = load(s);
    assert_int_equal(snap.room_count, 1);
    assert_string_equal(snap.rooms[0].room, ROOM_B);
    assert_int_equal(snap.epoch_count, 0);
    assert_int_equal(snap.attach_count, 1);
    assert_int_equal(snap.opening_count, 0); /* kept, but not of a live instance */
    assert_int_equal(snap.log_size, 1);
    kr_snapshot_done(&snap);
}

static void a_new_instance_replaces_the_old(void **state)
{
    struct kr_store *s = *state;
    populate(s);
    begin(s);
    write_ok(s, w_room(ROOM_A, 5, 0));
    commit(s);
    struct kr_snapshot snap = load(s);
    struct kr_id id = an_id(5);
    assert_int_equal(snap.room_count, 1);
    assert_memory_equal(&snap.rooms[0].instance, &id, 16);
    assert_int_equal(snap.attach_count + snap.epoch_count, 0);
    kr_snapshot_done(&snap);
}

static void an_attach_changes_and_ends(void **state)
{
    struct kr_store *s = *state;
    populate(s);
    begin(s);
    struct kr_write w = w_attach(1, 1, ROOM_A, 1);
    w.u.attach.state = KR_ATTACH_MEMBER;
    w.u.attach.settled = true;
    w.u.attach.lead_fault = 2;
    w.u.attach.participant = "not taken";
    write_ok(s, w);
    commit(s);
    struct kr_snapshot snap = load(s);
    assert_int_equal(snap.attaches[0].state, KR_ATTACH_MEMBER);
    assert_true(snap.attaches[0].settled);
    assert_int_equal(snap.attaches[0].lead_fault, 2);
    assert_int_equal(snap.attaches[0].sources, 3);
    assert_true(snap.attaches[0].lead);
    assert_string_equal(snap.attaches[0].participant, "nick");
    kr_snapshot_done(&snap);
    begin(s);
    write_ok(s, w_attach_end(1));
    assert_false(claim(s, 1).claimed);
    commit(s);
    snap = load(s);
    assert_int_equal(snap.attach_count, 0);
    assert_int_equal(snap.room_count, 1);
    kr_snapshot_done(&snap);
}

static void the_chain_of_epochs_is_trimmed_and_ordered(void **state)
{
    struct kr_store *s = *state;
    populate(s);
    begin(s);
    write_ok(s, w_room(ROOM_B, 2, 1));
    write_ok(s, w_epoch(2, 1));
    for (uint64_t e = 2; e <= KR_CHAIN_MAX + 3; e++)
        write_ok(s, w_epoch(1, e));
    struct kr_write fate = {.kind = KR_W_EPOCH_FATE};
    fate.u.epoch = (struct kr_rec_epoch){.instance = an_id(1), .epoch = 10, .fate = KR_FATE_ABANDONED};
    write_ok(s, fate);
    commit(s);
    struct kr_snapshot snap = load(s);
    assert_int_equal(snap.epoch_count, KR_CHAIN_MAX + 1);
    for (size_t i = 0; i < KR_CHAIN_MAX; i++) {
        assert_int_equal(snap.epochs[i].epoch, i + 4);
        assert_int_equal(snap.epochs[i].fate, i + 4 == 10 ? KR_FATE_ABANDONED : KR_FATE_IN_FLIGHT);
    }
    assert_int_equal(snap.epochs[KR_CHAIN_MAX].epoch, 1);
    kr_snapshot_done(&snap);
}

static void openings_are_kept_once_and_those_outside_rooms_are_loaded(void **state)
{
    struct kr_store *s = *state;
    populate(s);
    begin(s);
    add_opening(s, 1, "participant:nick", "ffffffffffffffffffffffffffffffff");
    add_opening(s, 0, "owner:alice@example", "11111111111111111111111111111111");
    add_opening(s, 8, "room:gone", "22222222222222222222222222222222");
    commit(s);
    struct kr_snapshot snap = load(s);
    assert_int_equal(snap.opening_count, 2);
    assert_string_equal(snap.openings[0].subject, "owner:alice@example");
    assert_string_equal(snap.openings[1].subject, "participant:nick");
    assert_memory_equal(snap.openings[1].key.ptr, "0123456789abcdef0123456789abcdef", 32);
    kr_snapshot_done(&snap);
}

int run_contract(const char *name, const struct contract_backend *of)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_store, close_store)
    const struct CMUnitTest tests[] = {
        CASE(an_empty_store_loads_nothing),
        CASE(what_was_committed_is_loaded_as_written),
        CASE(rollback_leaves_nothing),
        CASE(a_transaction_sees_its_own_writes),
        CASE(keys_are_claimed_once_and_oldest_first),
        CASE(broken_constraints_are_conflicts),
        CASE(the_log_has_no_holes),
        CASE(the_log_is_read_in_order_until_told_to_stop),
        CASE(a_known_curve_key_with_another_ed_key_is_a_result),
        CASE(the_directory_remembers_when_and_for_whom),
        CASE(grants_hold_in_their_scope),
        CASE(the_operators_approval_is_told_apart),
        CASE(attestations_are_kept_replaced_and_ended),
        CASE(the_end_of_a_room_takes_all_that_hangs_on_it),
        CASE(a_new_instance_replaces_the_old),
        CASE(an_attach_changes_and_ends),
        CASE(the_chain_of_epochs_is_trimmed_and_ordered),
        CASE(openings_are_kept_once_and_those_outside_rooms_are_loaded),
        CASE(a_checkpoint_is_shown_with_what_witnesses_signed),
        CASE(what_is_too_old_goes),
        CASE(a_guest_is_forgotten_unless_something_was_decided),
    };
    backend = of;
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
