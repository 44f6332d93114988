/* Rooms of verified devices, with the real service and real Olm (docs/protocol.md 6.9, 12.3). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "client/state.h"
#include "text/attest.h"
#include "world.h"

static struct world w;

static void room_of(enum kr_verified_by by, uint32_t verifiers, uint64_t seed)
{
    world_init(&w, seed);
    w.attest_for_s = 86400;
    w.room.policy.authorise = KR_AUTHORISE_VERIFIED;
    w.room.policy.verified_by = by;
    w.room.policy.verifiers = verifiers;
    w.room.policy.verified_for_s = 3600;
    world_start(&w);
}

static struct one *owner_joins(const char *nick)
{
    struct one *o = world_one(&w, nick);
    o->affiliation = "owner";
    one_event(&w, o, KR_CLIENT_JOIN);
    world_settle(&w);
    return o;
}

static bool verify(struct one *a, struct one *b)
{
    one_verify(&w, a, KR_CLIENT_VERIFY, b->nick, false);
    one_verify(&w, b, KR_CLIENT_VERIFY, a->nick, false);
    one_verify(&w, a, KR_CLIENT_VERIFY_ANSWER, b->nick, true);
    one_verify(&w, b, KR_CLIENT_VERIFY_ANSWER, a->nick, true);
    return one_said(a, "verify verified") && one_said(b, "verify verified");
}

static void hears_nothing(struct one *from, struct one *to)
{
    struct kr_buf frame = one_seal(from);
    assert_int_equal(one_open(to, from->nick, &frame), KR_E_NO_KEY);
    kr_buf_done(&frame);
}

/* One epoch brings it in, one puts it out. */
static void an_owner_lets_in_and_puts_out(void **state)
{
    (void)state;
    room_of(KR_VERIFIED_BY_OWNERS, 0, 1);
    struct one *alice = owner_joins("alice"), *bob = world_join(&w, "bob");
    world_wait(&w, 3000);
    assert_true(one_view(alice).member && one_view(bob).waiting);
    uint64_t epoch = one_view(alice).epoch;
    assert_int_equal(epoch, 1);
    hears_nothing(alice, bob);
    world_rotate(&w);
    world_wait(&w, 3000);
    hears_nothing(alice, bob); /* nor in the next */
    epoch = one_view(alice).epoch;
    assert_true(verify(bob, alice)); /* it asks; she would do as well */
    assert_false(one_said(alice, "refused") || one_said(bob, "refused"));
    world_wait(&w, 3000);
    assert_true(one_view(bob).member);
    world_all_hear(&w, epoch + 1);
    assert_true(one_said(alice, "trust verified bob bob"));

    one_verify(&w, alice, KR_CLIENT_UNATTEST, "bob", false);
    assert_true(one_said(bob, "detached policy"));
    world_wait(&w, 3000);
    assert_int_equal(one_view(alice).epoch, epoch + 2);
    hears_nothing(alice, bob);
    assert_true(one_said(alice, "trust none bob"));
    one_event(&w, bob, KR_CLIENT_JOIN); /* it may come and wait again */
    world_wait(&w, 6000);
    assert_true(one_view(bob).waiting);
    hears_nothing(alice, bob);
    world_done(&w);
}

static void who_is_no_owner_lets_nobody_in(void **state)
{
    (void)state;
    room_of(KR_VERIFIED_BY_OWNERS, 0, 2);
    struct one *alice = owner_joins("alice"), *bob = world_join(&w, "bob"), *carol = world_join(&w, "carol");
    world_wait(&w, 3000);
    assert_true(verify(bob, carol)); /* both wait, and may compare */
    world_wait(&w, 3000);
    assert_true(one_view(bob).waiting && one_view(carol).waiting);
    assert_true(verify(alice, bob));
    world_wait(&w, 3000);
    assert_true(one_view(bob).member && one_view(carol).waiting);
    muc_affiliate(&w, bob, "admin"); /* now its word counts, also that of before */
    world_wait(&w, 3000);
    assert_true(one_view(carol).member);
    world_all_hear(&w, one_view(alice).newest);
    muc_affiliate(&w, bob, "none");
    world_wait(&w, 3000);
    assert_true(one_said(carol, "detached policy"));
    assert_true(one_view(bob).member);
    world_done(&w);
}

static void it_outlasts_the_verifier_and_the_service(void **state)
{
    (void)state;
    room_of(KR_VERIFIED_BY_OWNERS, 0, 3);
    struct one *alice = owner_joins("alice"), *bob = world_join(&w, "bob"), *carol = world_join(&w, "carol");
    world_wait(&w, 3000);
    assert_true(verify(alice, bob));
    assert_true(verify(alice, carol));
    world_wait(&w, 3000);
    world_all_hear(&w, one_view(alice).newest);
    one_event(&w, alice, KR_CLIENT_LEAVE);
    world_wait(&w, 3000);
    assert_true(one_view(bob).member && one_view(carol).member);
    world_all_hear(&w, one_view(bob).newest);
    world_restart(&w);
    world_wait(&w, 10000);
    assert_true(one_view(bob).member && one_view(carol).member);
    world_all_hear(&w, one_view(bob).newest);
    world_done(&w);
}

/* Everybody hears everybody when somebody has come who says that the owner's device is his. */
static void who_claims_a_device_takes_no_standing(void **state)
{
    (void)state;
    room_of(KR_VERIFIED_BY_OWNERS, 0, 6);
    struct one *alice = owner_joins("alice"), *bob = world_join(&w, "bob"), *carol = world_join(&w, "carol");
    struct one mallory = {.affiliation = "none"};
    snprintf(mallory.nick, sizeof(mallory.nick), "mallory");
    world_wait(&w, 3000);
    assert_true(verify(alice, bob));
    assert_true(verify(alice, carol));
    world_wait(&w, 3000);
    for (int away = 0; away < 2; away++) {
        if (away) {
            one_event(&w, alice, KR_CLIENT_LEAVE);
            world_settle(&w);
            snprintf(mallory.nick, sizeof(mallory.nick), "alice");
        }
        muc_show(&w, bob, &mallory, &alice->device);
        muc_show(&w, carol, &mallory, &alice->device);
        world_settle(&w);
        world_rotate(&w);
        world_wait(&w, 3000);
        world_all_hear(&w, one_view(bob).newest);
        assert_false(one_said(bob, "refused line") || one_said(carol, "refused line"));
    }
    world_done(&w);
}

/* What was said before the room wanted it is told to those who stay, also when the policy changed while the
 * service was down. */
static void a_policy_begins_to_want_it(void **state)
{
    (void)state;
    for (int down = 0; down < 2; down++) {
        world_init(&w, 7);
        w.attest_for_s = 86400;
        world_start(&w);
        struct one *alice = owner_joins("alice"), *bob = world_join(&w, "bob"),
                   *carol = world_join(&w, "carol");
        struct one *dora = world_join(&w, "dora");
        world_wait(&w, 3000);
        assert_true(verify(alice, bob));
        assert_true(verify(alice, carol));
        world_wait(&w, 3000);
        w.room.policy.authorise = KR_AUTHORISE_VERIFIED;
        w.room.policy.verified_by = KR_VERIFIED_BY_OWNERS;
        w.room.policy.verified_for_s = 3600;
        if (down)
            world_restart(&w);
        else
            world_settings(&w);
        world_wait(&w, 10000);
        assert_true(one_view(bob).member && one_view(carol).member);
        assert_false(one_view(dora).member);
        one_event(&w, dora, KR_CLIENT_LEAVE);
        world_wait(&w, 3000);
        world_all_hear(&w, one_view(bob).newest);
        world_done(&w);
    }
}

static void it_is_over_in_time(void **state)
{
    (void)state;
    room_of(KR_VERIFIED_BY_OWNERS, 0, 4);
    struct one *alice = owner_joins("alice"), *bob = world_join(&w, "bob");
    world_wait(&w, 3000);
    assert_true(verify(alice, bob));
    world_wait(&w, (uint64_t)3590 * 1000); /* the policy's hour, not the day that was signed */
    assert_true(one_view(bob).member);
    world_wait(&w, 15000);
    assert_true(one_said(bob, "detached policy"));
    assert_true(one_view(alice).member);
    world_done(&w);
}

static void registered_owners_vote(void **state)
{
    (void)state;
    room_of(KR_VERIFIED_BY_REGISTERED, 2, 5);
    struct one *p[3] = {world_join(&w, "alice"), world_join(&w, "bob"), world_join(&w, "carol")};
    world_wait(&w, 3000);
    assert_true(verify(p[0], p[1]));
    world_wait(&w, 3000);
    assert_true(one_view(p[0]).waiting && one_view(p[1]).waiting); /* one voice each */
    assert_true(verify(p[1], p[2]));
    world_wait(&w, 3000);
    assert_true(one_view(p[1]).member); /* of alice and carol */
    assert_true(one_view(p[0]).waiting && one_view(p[2]).waiting);
    assert_true(verify(p[2], p[0]));
    world_wait(&w, 3000);
    for (int i = 0; i < 3; i++)
        assert_true(one_view(p[i]).member);
    world_all_hear(&w, one_view(p[0]).newest);
    for (int i = 0; i < 3; i++)
        assert_false(one_said(p[i], "not-verified"));
    one_verify(&w, p[0], KR_CLIENT_UNATTEST, "bob", false); /* one is not enough any more */
    world_wait(&w, 3000);
    assert_true(one_said(p[1], "detached policy"));
    world_done(&w);
}

static void the_operator_says_who(void **state)
{
    (void)state;
    room_of(KR_VERIFIED_BY_OPERATOR, 0, 6);
    struct one *alice = owner_joins("alice"), *bob = world_join(&w, "bob");
    world_wait(&w, 3000);
    assert_true(one_view(alice).waiting && one_view(bob).waiting); /* owners as well */
    assert_true(verify(alice, bob));
    world_wait(&w, 3000);
    assert_true(one_view(bob).waiting);
    world_approve(&w, bob);
    world_wait(&w, 3000);
    assert_true(one_view(bob).member && one_view(alice).waiting);
    world_done(&w);
}

static void the_floor(void **state)
{
    (void)state;
    room_of(KR_VERIFIED_BY_OPERATOR, 0, 7);
    w.floor = KR_AUTHORISE_VERIFIED;
    struct one *alice = world_join(&w, "alice");
    assert_true(one_said(alice, "refused challenge below-floor"));
    w.operator_may_verify = true;
    struct one *bob = world_join(&w, "bob");
    assert_true(one_view(bob).waiting);
    world_done(&w);
    room_of(KR_VERIFIED_BY_OWNERS, 0, 8);
    w.floor = KR_AUTHORISE_VERIFIED;
    assert_true(one_view(world_join(&w, "alice")).waiting);
    world_done(&w);
}

/* --- a service that lies --- */

static bool no_attestations(struct world *in, struct one *to, struct kr_notice *n)
{
    (void)in;
    return n->kind != KR_NOTICE_ATTESTATIONS || strcmp(to->nick, "carol") != 0;
}

static void a_client_computes_for_itself(void **state)
{
    (void)state;
    room_of(KR_VERIFIED_BY_OWNERS, 0, 9);
    struct one *alice = owner_joins("alice"), *bob = world_join(&w, "bob"), *carol = world_join(&w, "carol");
    world_wait(&w, 3000);
    assert_true(verify(alice, carol));
    world_wait(&w, 3000);
    w.notice = no_attestations; /* carol is not told of what lets bob in */
    assert_true(verify(alice, bob));
    world_wait(&w, 5000);
    assert_true(one_view(bob).member);
    assert_true(one_said(carol, "refused line not-verified bob"));
    hears_nothing(carol, bob);
    struct kr_buf frame = one_seal(alice);
    assert_int_equal(one_open(bob, "alice", &frame), 0);
    kr_buf_done(&frame);
    w.notice = NULL; /* what was kept back comes with the whole, and the rest follows */
    one_event(&w, carol, KR_CLIENT_DETACH);
    one_event(&w, carol, KR_CLIENT_JOIN);
    world_wait(&w, 10000);
    world_all_hear(&w, one_view(alice).newest);
    world_done(&w);
}

static void a_device_that_nobody_verified_is_sealed_for_by_nobody(void **state)
{
    (void)state;
    world_init(&w, 10);
    world_start(&w);
    struct one *alice = owner_joins("alice"), *bob = world_join(&w, "bob");
    alice->client->policy.authorise = KR_AUTHORISE_VERIFIED;
    alice->client->policy.verified_by = KR_VERIFIED_BY_OWNERS;
    alice->client->policy.verified_for_s = 3600;
    struct kr_peer p = {.device = bob->device, .participant = bob->nick, .owner = (char *)"bob@example.org"};
    assert_false(kr_attested_holds(alice->client, &p));
    alice->client->policy.verified_by = KR_VERIFIED_BY_REGISTERED;
    alice->client->policy.verifiers = 1;
    assert_false(kr_attested_holds(alice->client, &p));
    p.participant = alice->nick; /* an owner of the room, in her presence */
    alice->client->policy.verified_by = KR_VERIFIED_BY_OWNERS;
    assert_true(kr_attested_holds(alice->client, &p));
    world_done(&w);
}

/* --- what is refused, by name --- */

static struct kr_request sent;
static uint8_t sent_text[KR_TEXT_MAX];

static bool keep_attest(struct world *in, struct one *from, struct kr_request *r)
{
    (void)in, (void)from;
    if (r->kind == KR_REQ_ATTEST) {
        sent = *r;
        memcpy(sent_text, r->u.attest.text.ptr, r->u.attest.text.len);
        sent.u.attest.text.ptr = sent_text;
        sent.room = ROOM;
    }
    return true;
}

/* As `as`, of its own device unless the text is another's. */
static void attest(struct one *as, const struct kr_attest_text *t, bool bad_sig)
{
    struct kr_buf text = kr_attest_text(t);
    struct kr_request r = {.kind = KR_REQ_ATTEST, .u.attest = {.text = kr_buf_span(&text)}};
    struct kr_client_output out;
    kr_client_output_init(&out);
    assert_int_equal(kr_olm_account_sign(as->client->account, r.u.attest.text, &r.u.attest.sig), 0);
    r.u.attest.sig.b[3] ^= bad_sig;
    as->client->out = &out;
    kr_request_send(as->client, &r);
    as->client->out = NULL;
    world_queue(&w, NULL, as, strdup(out.stanzas[0]));
    kr_client_output_clear(&out);
    kr_buf_done(&text);
    one_hush(as);
    world_settle(&w);
}

static void refused_by_the_service(void **state)
{
    (void)state;
    room_of(KR_VERIFIED_BY_OWNERS, 0, 11);
    struct one *alice = owner_joins("alice"), *bob = world_join(&w, "bob");
    world_wait(&w, 3000);
    uint64_t now = w.now.wall_ms / 1000;
    const struct kr_attest_text good = {.verifier = alice->device,
                                        .owner = "bob@example.org",
                                        .device = bob->device,
                                        .room = ROOM,
                                        .issued_s = now,
                                        .expires_s = now + 1000};
    struct kr_attest_text t = good;
    t.verifier.b[0] ^= 1;
    attest(alice, &t, false);
    assert_true(one_said(alice, "refused attest wrong-participant"));
    attest(alice, &good, true);
    assert_true(one_said(alice, "refused attest bad-signature"));
    t = good;
    t.device.b[0] ^= 1; /* another key */
    attest(alice, &t, false);
    assert_true(one_said(alice, "refused attest not-in-room"));
    t = good;
    t.owner = "eve@example.org";
    attest(alice, &t, false);
    assert_true(one_said(alice, "refused attest wrong-subject"));
    t = good;
    t.room = "other@muc.example.org";
    attest(alice, &t, false);
    assert_true(one_said(alice, "refused attest wrong-subject"));
    t = good;
    t.issued_s = now - KR_ATTEST_CLOCK_S - 1;
    attest(alice, &t, false);
    assert_true(one_said(alice, "refused attest expired"));
    t.issued_s = now + KR_ATTEST_CLOCK_S + 1;
    t.expires_s = t.issued_s + 1000;
    attest(alice, &t, false);
    assert_true(one_said(alice, "refused attest expired"));
    t.issued_s = now - 10;
    t.expires_s = now;
    attest(alice, &t, false);
    assert_true(one_said(alice, "refused attest expired"));
    assert_true(one_view(bob).waiting);

    w.request = keep_attest;
    attest(alice, &good, false);
    assert_false(one_said(alice, "refused"));
    world_wait(&w, 3000);
    assert_true(one_view(bob).member);
    one_verify(&w, alice, KR_CLIENT_UNATTEST, "bob", false);
    world_wait(&w, 3000);
    one_event(&w, bob, KR_CLIENT_JOIN);
    world_wait(&w, 6000);
    assert_true(one_view(bob).waiting);
    attest(alice, &good, false); /* the very same does not return */
    assert_true(one_said(alice, "refused attest attestation-revoked"));
    world_wait(&w, 3000);
    assert_true(one_view(bob).waiting);
    world_done(&w);
}

static void notice(struct one *to, const struct kr_attestation_line *l)
{
    struct kr_notice n = {
        .kind = KR_NOTICE_ATTESTATIONS, .room = ROOM, .u.attestations = {.lines = l, .count = 1}};
    one_hush(to);
    world_notice(&w, to, SERVICE, &n);
    world_settle(&w);
}

static void sign_word(struct one *by, const struct one *of, uint64_t issued_s, struct kr_buf *text,
                      struct kr_attestation_line *ret)
{
    struct kr_attest_text t = {.verifier = by->device,
                               .owner = "bob@example.org",
                               .device = of->device,
                               .room = ROOM,
                               .issued_s = issued_s,
                               .expires_s = issued_s + 1000};
    *text = kr_attest_text(&t);
    *ret = (struct kr_attestation_line){
        .text = kr_buf_span(text), .ed25519 = by->client->ed25519, .curve25519 = by->client->curve25519};
    assert_int_equal(kr_olm_account_sign(by->client->account, ret->text, &ret->sig), 0);
}

/* An older word of the same verifier does not outlast the newer one that was taken back. */
static void the_newest_word_counts(void **state)
{
    (void)state;
    room_of(KR_VERIFIED_BY_OWNERS, 0, 13);
    struct one *alice = owner_joins("alice"), *bob = world_join(&w, "bob"), *carol = world_join(&w, "carol");
    world_wait(&w, 3000);
    uint64_t now = w.now.wall_ms / 1000;
    struct kr_buf texts[2];
    struct kr_attestation_line words[2];
    sign_word(alice, carol, now - 100, &texts[0], &words[0]);
    sign_word(alice, carol, now, &texts[1], &words[1]);
    notice(bob, &words[0]);
    notice(bob, &words[1]);
    assert_int_equal(HASH_COUNT(bob->client->attestations), 1);
    notice(bob, &words[0]); /* told once more */
    assert_int_equal(HASH_COUNT(bob->client->attestations), 1);
    struct kr_revoke_text r = {
        .verifier = alice->device, .attestation = kr_attest_digest(words[1].text), .issued_s = now};
    struct kr_buf word = kr_revoke_text(&r);
    struct kr_attestation_line back = words[1];
    back.revokes = true;
    back.text = kr_buf_span(&word);
    assert_int_equal(kr_olm_account_sign(alice->client->account, back.text, &back.sig), 0);
    notice(bob, &back);
    assert_false(one_said(bob, "refused"));
    notice(bob, &words[0]);
    assert_true(one_said(bob, "refused attestation attestation-revoked"));
    assert_int_equal(HASH_COUNT(bob->client->attestations), 1);
    kr_buf_done(&word);
    kr_buf_done(&texts[0]);
    kr_buf_done(&texts[1]);
    world_done(&w);
}

static void refused_by_clients(void **state)
{
    (void)state;
    room_of(KR_VERIFIED_BY_OWNERS, 0, 12);
    struct one *alice = owner_joins("alice"), *bob = world_join(&w, "bob");
    world_wait(&w, 3000);
    uint64_t now = w.now.wall_ms / 1000;
    struct kr_attest_text t = {.verifier = bob->device,
                               .owner = "",
                               .device = {{1}},
                               .room = ROOM,
                               .issued_s = now,
                               .expires_s = now + 1000};
    struct kr_buf text = kr_attest_text(&t);
    struct kr_attestation_line l = {
        .text = kr_buf_span(&text), .ed25519 = bob->client->ed25519, .curve25519 = bob->client->curve25519};
    assert_int_equal(kr_olm_account_sign(bob->client->account, l.text, &l.sig), 0);
    notice(alice, &l);
    assert_false(one_said(alice, "refused"));

    struct kr_attestation_line bad = l;
    bad.sig.b[9] ^= 1;
    notice(alice, &bad);
    assert_true(one_said(alice, "refused attestation bad-signature"));
    bad = l;
    bad.curve25519.b[0] ^= 1; /* of another device than the text names */
    notice(alice, &bad);
    assert_true(one_said(alice, "refused attestation bad-signature"));
    bad = l;
    bad.text.len--;
    notice(alice, &bad);
    assert_true(one_said(alice, "refused attestation malformed"));
    struct kr_digest digest = kr_attest_digest(l.text);
    struct kr_revoke_text r = {.verifier = alice->device, .attestation = digest, .issued_s = now};
    struct kr_buf word = kr_revoke_text(&r);
    struct kr_attestation_line back = {.revokes = true,
                                       .text = kr_buf_span(&word),
                                       .ed25519 = alice->client->ed25519,
                                       .curve25519 = alice->client->curve25519};
    assert_int_equal(kr_olm_account_sign(alice->client->account, back.text, &back.sig), 0);
    notice(alice, &back);
    assert_true(one_said(alice, "refused revocation bad-signature")); /* not hers to take back */
    kr_buf_done(&word);
    r.verifier = bob->device;
    word = kr_revoke_text(&r);
    back.text = kr_buf_span(&word);
    back.ed25519 = l.ed25519;
    back.curve25519 = l.curve25519;
    assert_int_equal(kr_olm_account_sign(bob->client->account, back.text, &back.sig), 0);
    notice(alice, &back);
    assert_false(one_said(alice, "refused"));
    notice(alice, &l);
    assert_true(one_said(alice, "refused attestation attestation-revoked"));
    kr_buf_done(&word);
    kr_buf_done(&text);
    t.issued_s = now - 2000;
    t.expires_s = now;
    text = kr_attest_text(&t);
    l.text = kr_buf_span(&text);
    assert_int_equal(kr_olm_account_sign(bob->client->account, l.text, &l.sig), 0);
    notice(alice, &l);
    assert_true(one_said(alice, "refused attestation expired"));
    kr_buf_done(&text);
    world_done(&w);
}

/* In rooms of other policies it is for the own badge: told to who said it, when it comes back; and another
 * device under that name is one that was not verified. Guests have no name but the one they are seen with
 * then. */
static void our_own_word_is_remembered(void **state)
{
    (void)state;
    for (size_t registered = 0; registered < 2; registered++) {
        world_init(&w, 13);
        w.attest_for_s = 1000;
        w.settings.registered_domain_count = registered;
        world_start(&w);
        struct one *alice = world_join(&w, "alice"), *bob = world_join(&w, "bob");
        world_wait(&w, 3000);
        assert_true(verify(alice, bob));
        kr_trust_forget(alice->client); /* as after a restart of the program */
        kr_attested_forget(alice->client, true);
        one_event(&w, alice, KR_CLIENT_DETACH);
        one_hush(alice);
        one_event(&w, alice, KR_CLIENT_JOIN);
        world_wait(&w, 6000);
        assert_true(
            one_said(alice, registered ? "trust verified bob@example.org bob" : "trust verified bob bob"));
        one_event(&w, bob, KR_CLIENT_LEAVE);
        world_wait(&w, 3000);
        strcpy(bob->nick, "gone");
        world_join(&w, "bob");
        world_wait(&w, 5000);
        assert_true(
            one_said(alice, registered ? "trust changed bob@example.org bob" : "trust changed bob bob"));
        world_done(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_owner_lets_in_and_puts_out),
        cmocka_unit_test(who_is_no_owner_lets_nobody_in),
        cmocka_unit_test(it_outlasts_the_verifier_and_the_service),
        cmocka_unit_test(who_claims_a_device_takes_no_standing),
        cmocka_unit_test(a_policy_begins_to_want_it),
        cmocka_unit_test(it_is_over_in_time),
        cmocka_unit_test(registered_owners_vote),
        cmocka_unit_test(the_operator_says_who),
        cmocka_unit_test(the_floor),
        cmocka_unit_test(a_client_computes_for_itself),
        cmocka_unit_test(a_device_that_nobody_verified_is_sealed_for_by_nobody),
        cmocka_unit_test(refused_by_the_service),
        cmocka_unit_test(the_newest_word_counts),
        cmocka_unit_test(refused_by_clients),
        cmocka_unit_test(our_own_word_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
