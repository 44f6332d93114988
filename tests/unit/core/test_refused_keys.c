/* One-time keys that are refused, and claims of them. */
#include "refused.h"

/* A restart forgets what was published: then no key may come a second time. */
static void keys_after_a_restart(void **state)
{
    (void)state;
    settled("alice");
    struct peer *b = world_peer(&w, "bob");
    struct kr_signed_key otks[5];
    peer_new_attach(&w, b);
    peer_enter(&w, b);
    peer_challenge(&w, b);
    struct kr_request r = peer_attach_request(&w, b, otks, 5);
    b->attached = true;
    peer_send(&w, b, &r);
    world_wait(&w, 5000);
    world_restart(&w);
    world_joined(&w);
    world_wait(&w, 5000);
    struct kr_claim_target t = {.attach = b->attach};
    r = (struct kr_request){
        .kind = KR_REQ_CLAIM, .room = ROOM, .u.claim = {.targets = &t, .target_count = 1}};
    peer_send(&w, world_peer(&w, "alice"), &r);
    assert_string_equal(world_peer(&w, "alice")->error, "");
    r = (struct kr_request){
        .kind = KR_REQ_KEYS, .room = ROOM, .u.keys = {.attach = b->attach, .otks = otks, .otk_count = 1}};
    refused(b, &r, "too-many-keys");
}

static void keys(void **state)
{
    (void)state;
    struct peer *a = settled("alice"), *b = settled("bob");
    static struct kr_signed_key otks[KR_OTK_MAX];
    for (size_t i = 0; i < KR_OTK_MAX; i++) {
        world_fill(&w, otks[i].key.b, 32);
        peer_sign_key(a, KR_KEY_ONE_TIME, &otks[i]);
    }
    struct kr_request r = {
        .kind = KR_REQ_KEYS, .room = ROOM, .u.keys = {.attach = a->attach, .otks = otks, .otk_count = 46}};
    refused(a, &r, "too-many-keys"); /* five are there */
    r.u.keys.otk_count = 3;
    r.u.keys.attach = b->attach;
    refused(a, &r, "wrong-participant");
    r.u.keys.attach = a->attach;
    otks[1].sig.b[0] ^= 1;
    refused(a, &r, "bad-signature");
    otks[1].sig.b[0] ^= 1;
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "");
    assert_int_equal(w.writes, 3);
    r.u.keys.otk_count = 1;
    refused(a, &r, "malformed"); /* published once already */
}

static void claims_once_and_low_water(void **state)
{
    (void)state;
    struct peer *a = settled("alice"), *b = settled("bob");
    struct kr_claim_target t = {.attach = b->attach};
    struct kr_request r = claim(&t, 1);
    peer_send(&w, a, &r);
    assert_int_equal(a->claimed, 1);
    assert_int_equal(b->low, 1); /* four are left */
    refused(a, &r, "quota");
    t.reset = true;
    peer_send(&w, a, &r);
    assert_int_equal(a->claimed, 1);
    refused(a, &r, "quota");
    world_wait(&w, 59999);
    refused(a, &r, "quota");
    world_wait(&w, 1);
    peer_send(&w, a, &r);
    assert_int_equal(a->claimed_fallback, 0);
    for (int i = 0; i < 2; i++) {
        world_wait(&w, 60000);
        peer_send(&w, a, &r);
        assert_int_equal(a->claimed_fallback, 0);
    }
    world_wait(&w, 60000);
    peer_send(&w, a, &r); /* the pool of five is empty */
    assert_int_equal(a->claimed, 1);
    assert_int_equal(a->claimed_fallback, 1);
    assert_true(world_traced(&w, "fallback"));
    struct kr_stats s;
    kr_core_stats(w.core, &s);
    assert_int_equal(s.claims_fallback, 1);
}

static void claims_refused(void **state)
{
    (void)state;
    struct peer *a = settled("alice"), *b = settled("bob"), *c = settled("carol"), *d = settled("dave");
    struct kr_claim_target t[2] = {{.attach = b->attach}, {.attach = {{9}}}};
    struct kr_request r = claim(t, 2);
    refused(a, &r, "not-in-room"); /* and nothing of bob's is taken: */
    t[1].attach = a->attach;
    refused(a, &r, "malformed"); /* oneself */
    r = claim(t, 1);
    peer_send(&w, a, &r);
    assert_int_equal(a->claimed, 1);
    struct peer *stranger = world_peer(&w, "mallory");
    refused_as(stranger, stranger->jid, &r, "not-occupant");
    peer_enter(&w, stranger);
    refused(stranger, &r, "not-member");

    d->mute = true; /* the next epoch stays in flight, so that the leaver is still in the current roster */
    peer_leave(&w, c);
    t[0].attach = c->attach;
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "");
    assert_int_equal(a->claimed_none, 1);
    world_wait(&w, 5000);
    refused(a, &r, "not-in-room"); /* not in the current one any more */
}

static void claim_of_a_revoked_device(void **state)
{
    (void)state;
    struct peer *a = settled("alice"), *b = settled("bob");
    settled("carol");
    struct kr_claim_target t = {.attach = b->attach};
    struct kr_request r = claim(&t, 1);
    world_control(&w, KR_CONTROL_REVOKE, b, "*");
    /* At once an epoch without it: it is in no roster and no room. */
    refused(a, &r, "not-in-room");
    b->attached = false;
    refused(b, &r, "not-member");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(keys_after_a_restart),      T(keys), T(claims_once_and_low_water), T(claims_refused),
        T(claim_of_a_revoked_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
