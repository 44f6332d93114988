#include "contract_log.h"

#include <stdlib.h>

#include "base/err.h"
#include "fixture.h"

enum { MINUTE_MS = 60000 };

static struct kr_write w_checkpoint(const char *origin, uint64_t size, uint64_t at_ms, const char *note)
{
    struct kr_write w = {.kind = KR_W_CHECKPOINT};
    w.u.checkpoint =
        (struct kr_rec_checkpoint){.origin = origin, .size = size, .at_ms = at_ms, .note = kr_span_str(note)};
    return w;
}

static struct kr_write w_cosignature(uint64_t size, const char *witness, const char *lines)
{
    struct kr_write w = {.kind = KR_W_COSIGNATURE};
    w.u.cosignature = (struct kr_rec_cosignature){
        .origin = "log", .size = size, .witness = witness, .time_s = 7, .lines = kr_span_str(lines)};
    return w;
}

static void expect_checkpoint(struct kr_store *s, enum kr_checkpoint_choice which, uint64_t size,
                              const char *note)
{
    struct kr_buf b;
    uint64_t got = 0;
    kr_buf_init(&b, 1000);
    assert_int_equal(s->ops->checkpoint(s, "log", which, &b, &got), 0);
    char *text = kr_buf_take_str(&b);
    assert_int_equal(got, size);
    assert_string_equal(text, note);
    free(text);
}

void a_checkpoint_is_shown_with_what_witnesses_signed(void **state)
{
    struct kr_store *s = *state;
    struct kr_buf b;
    uint64_t size = 0;
    kr_buf_init(&b, 1000);
    assert_int_equal(s->ops->checkpoint(s, "log", KR_CHECKPOINT_SHOWN, &b, &size), KR_E_NOT_FOUND);
    begin(s);
    write_ok(s, w_checkpoint("log", 8, 1000, "eight\n"));
    write_ok(s, w_checkpoint("log", 9, 2000, "nine\n"));
    write_ok(s, w_checkpoint("log", 10, 3000, "ten\n"));
    write_ok(s, w_checkpoint("other", 99, 3000, "other\n"));
    commit(s);
    expect_checkpoint(s, KR_CHECKPOINT_NEWEST, 10, "ten\n");
    expect_checkpoint(s, KR_CHECKPOINT_SHOWN, 10, "ten\n");
    begin(s);
    write_ok(s, w_cosignature(8, "b", "b8\n"));
    write_ok(s, w_cosignature(8, "a", "a8\n"));
    write_ok(s, w_cosignature(9, "a", "a9\n"));
    commit(s);
    expect_checkpoint(s, KR_CHECKPOINT_NEWEST, 10, "ten\n");
    expect_checkpoint(s, KR_CHECKPOINT_SHOWN, 8, "eight\na8\nb8\n");
    begin(s);
    write_ok(s, w_cosignature(9, "b", "b9\n"));
    write_ok(s, w_cosignature(9, "b", "b9 again\n"));
    commit(s);
    expect_checkpoint(s, KR_CHECKPOINT_SHOWN, 9, "nine\na9\nb9 again\n");
    /* One that is too far behind is not shown: the log goes on without its witnesses. */
    begin(s);
    write_ok(s, w_checkpoint("log", 11, 2000 + MINUTE_MS + 1, "eleven\n"));
    commit(s);
    expect_checkpoint(s, KR_CHECKPOINT_SHOWN, 11, "eleven\n");
}

static struct kr_query_result retain(struct kr_store *s, uint64_t names, uint64_t evidence, uint64_t devices,
                                     size_t limit)
{
    struct kr_query q = {.kind = KR_Q_RETAIN,
                         .retain = {.names_before_ms = names,
                                    .evidence_before_ms = evidence,
                                    .devices_before_ms = devices,
                                    .limit = limit,
                                    .evidence_limit = limit}};
    begin(s);
    struct kr_query_result r = query_ok(s, &q, 1);
    commit(s);
    return r;
}

static void opening_at(struct kr_store *s, unsigned instance, const char *subject, uint64_t at_ms)
{
    struct kr_write w = {.kind = KR_W_OPENING};
    if (instance)
        w.u.opening.instance = an_id(instance);
    w.u.opening.subject = subject;
    w.u.opening.at_ms = at_ms;
    kr_secret_set(&w.u.opening.key, "0123456789abcdef0123456789abcdef", 32);
    write_ok(s, w);
    kr_secret_done(&w.u.opening.key);
}

static void evidence_at(struct kr_store *s, uint64_t idx, uint64_t at_ms)
{
    struct kr_write w = {.kind = KR_W_EVIDENCE};
    w.u.evidence = (struct kr_rec_evidence){
        .idx = idx, .instance = an_id(1), .bytes = kr_span_str("signatures"), .at_ms = at_ms};
    write_ok(s, w);
}

void what_is_too_old_goes(void **state)
{
    struct kr_store *s = *state;
    begin(s);
    write_ok(s, w_room(ROOM_A, 1, 1));
    opening_at(s, 1, "of a live room", 100);
    opening_at(s, 2, "of one that is over", 100);
    opening_at(s, 2, "of one that is over, later", 200);
    opening_at(s, 0, "outside", 150);
    evidence_at(s, 3, 100);
    evidence_at(s, 4, 200);
    commit(s);
    struct kr_query_result r = retain(s, 0, 0, 0, 10);
    assert_int_equal(r.names_gone + r.evidence_gone + r.devices_gone, 0);
    r = retain(s, 200, 0, 0, 1);
    assert_int_equal(r.names_gone, 1);
    assert_int_equal(r.evidence_gone, 0);
    r = retain(s, 200, 200, 0, 10);
    assert_int_equal(r.names_gone, 1);
    assert_int_equal(r.evidence_gone, 1);
    r = retain(s, 1000, 1000, 0, 10);
    assert_int_equal(r.names_gone, 1);
    assert_int_equal(r.evidence_gone, 1);
    struct kr_snapshot snap;
    assert_int_equal(s->ops->load(s, &snap), 0);
    assert_int_equal(snap.opening_count, 1);
    assert_string_equal(snap.openings[0].subject, "of a live room");
    assert_int_equal(snap.openings[0].at_ms, 100);
    kr_snapshot_done(&snap);
}

void a_guest_is_forgotten_unless_something_was_decided(void **state)
{
    struct kr_store *s = *state;
    begin(s);
    for (unsigned n = 1; n <= 7; n++)
        register_device(s, n, n == 2 ? "alice@example" : "", 100);
    register_device(s, 7, "", 5000);
    write_ok(s, w_room(ROOM_A, 1, 1));
    write_ok(s, w_attach(3, 1, ROOM_A, 3));
    write_ok(s, w_grant(KR_W_APPROVE, 4, ROOM_A));
    write_ok(s, w_grant(KR_W_REVOKE, 5, "*"));
    struct kr_write at = {.kind = KR_W_ATTESTATION};
    at.u.attestation = (struct kr_rec_attestation){.digest = {{1}},
                                                   .text = kr_span_str("what it says"),
                                                   .by_owner = "",
                                                   .admin_in = "",
                                                   .ed25519 = a_key(106)};
    write_ok(s, at);
    commit(s);
    assert_int_equal(retain(s, 0, 0, 100, 10).devices_gone, 0);
    assert_int_equal(retain(s, 0, 0, 1000, 10).devices_gone, 1);
    begin(s);
    for (unsigned n = 1; n <= 7; n++)
        assert_int_equal(device_word(s, n, ROOM_A).known, n != 1);
    struct kr_query_result again = register_device(s, 1, "", 6000); /* as one that was never seen */
    assert_false(again.known);
    assert_false(again.conflict);
    commit(s);
}
