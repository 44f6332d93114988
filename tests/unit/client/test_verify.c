/* Two persons compare codes: real cores, real Olm, the real service between them, and one that lies
 * (docs/protocol.md 6.6, 12.2). */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "client/state.h"
#include "desk.h"

static struct world w;

static void two(uint64_t seed, struct one **alice, struct one **bob)
{
    world_init(&w, seed);
    world_start(&w);
    *alice = world_join(&w, "alice");
    *bob = world_join(&w, "bob");
    world_wait(&w, 3000);
    world_all_hear(&w, one_view(*alice).newest);
}

/* The numbers that were shown last. */
static void code_of(const struct one *o, char out[20])
{
    const char *at = NULL;
    for (const char *next = o->said; (next = strstr(next, "verify code ")) != NULL; next++)
        at = next;
    if (!at)
        fail_msg("%s has shown no code", o->nick);
    else
        memcpy(out, at + strlen("verify code "), 14);
    out[14] = '\0';
}

static bool same_code(const struct one *a, const struct one *b)
{
    char x[20], y[20];
    code_of(a, x);
    code_of(b, y);
    return strcmp(x, y) == 0;
}

static void until_code(struct world *in, struct one *a, struct one *b)
{
    one_verify(in, a, KR_CLIENT_VERIFY, b->nick, false);
    assert_true(one_said(b, "verify asked"));
    one_verify(in, b, KR_CLIENT_VERIFY, a->nick, false);
}

static void two_verify_each_other(void **state)
{
    (void)state;
    struct one *alice, *bob;
    two(1, &alice, &bob);
    until_code(&w, alice, bob);
    assert_true(same_code(alice, bob));
    one_verify(&w, alice, KR_CLIENT_VERIFY_ANSWER, "bob", true);
    assert_false(one_said(alice, "verified") || one_said(bob, "verified")); /* one word is not enough */
    one_verify(&w, bob, KR_CLIENT_VERIFY_ANSWER, "alice", true);
    assert_true(one_said(alice, "verify verified bob") && one_said(bob, "verify verified alice"));
    assert_true(one_said(alice, "trust verified bob bob") && one_said(bob, "trust verified alice alice"));
    assert_false(one_said(alice, "refused") || one_said(bob, "refused"));
    world_rotate(&w); /* sessions are as they were */
    world_wait(&w, 3000);
    world_all_hear(&w, one_view(alice).newest);
    world_wait(&w, 400000); /* nothing is left to time out */
    assert_false(one_said(alice, "verify ended"));
    world_done(&w);
}

static void a_mismatch_is_as_loud(void **state)
{
    (void)state;
    struct one *alice, *bob;
    two(2, &alice, &bob);
    until_code(&w, alice, bob);
    one_verify(&w, alice, KR_CLIENT_VERIFY_ANSWER, "bob", true);
    one_verify(&w, bob, KR_CLIENT_VERIFY_ANSWER, "alice", false);
    assert_true(one_said(alice, "verify mismatch by-peer mismatch somebody said that the codes differ"));
    assert_true(one_said(bob, "verify mismatch mismatch somebody said that the codes differ"));
    assert_false(one_said(alice, "verified") || one_said(bob, "verified"));
    world_done(&w);
}

static void starts_that_cross_are_one(void **state)
{
    (void)state;
    struct one *alice, *bob;
    two(3, &alice, &bob);
    /* alice's is under way when bob begins */
    struct kr_client_event a = {.kind = KR_CLIENT_VERIFY, .participant = "bob"};
    struct kr_client_output out;
    kr_client_output_init(&out);
    a.now_ms = w.now.mono_ms;
    kr_client_step(alice->client, &a, &out);
    assert_int_equal(out.stanza_count, 1);
    world_queue(&w, NULL, alice, strdup(out.stanzas[0]));
    kr_client_output_clear(&out);
    one_verify(&w, bob, KR_CLIENT_VERIFY, "alice", false);
    assert_false(one_said(alice, "asked") && one_said(bob, "asked"));
    assert_true(same_code(alice, bob));
    one_verify(&w, alice, KR_CLIENT_VERIFY_ANSWER, "bob", true);
    one_verify(&w, bob, KR_CLIENT_VERIFY_ANSWER, "alice", true);
    assert_true(one_said(alice, "verify verified bob") && one_said(bob, "verify verified alice"));
    world_done(&w);
}

static void declined_withdrawn_or_late(void **state)
{
    (void)state;
    struct one *alice, *bob;
    two(4, &alice, &bob);
    one_verify(&w, alice, KR_CLIENT_VERIFY, "bob", false);
    one_verify(&w, alice, KR_CLIENT_VERIFY, "bob", false);
    assert_true(one_said(alice, "refused verify unexpected bob")); /* one at a time */
    one_verify(&w, bob, KR_CLIENT_VERIFY_CANCEL, "alice", false);
    assert_true(one_said(alice, "verify ended by-peer user"));
    one_hush(alice);
    one_hush(bob);
    one_verify(&w, alice, KR_CLIENT_VERIFY, "bob", false);
    one_verify(&w, alice, KR_CLIENT_VERIFY_CANCEL, "bob", false);
    assert_true(one_said(bob, "verify ended by-peer user"));
    one_hush(alice);
    one_hush(bob);
    one_verify(&w, alice, KR_CLIENT_VERIFY, "bob", false);
    world_wait(&w, KR_SAS_PERSON_MS - 1);
    assert_false(one_said(alice, "ended"));
    world_wait(&w, 1);
    assert_true(one_said(alice, "verify ended") && one_said(alice, "timeout"));
    assert_true(one_said(bob, "verify ended") && one_said(bob, "timeout"));
    one_hush(alice);
    until_code(&w, alice, bob);
    world_wait(&w, KR_SAS_PERSON_MS);
    assert_true(one_said(alice, "timeout"));
    one_verify(&w, bob, KR_CLIENT_VERIFY_ANSWER, "alice", true);
    assert_true(one_said(bob, "refused verify unexpected alice")); /* too late */
    assert_false(one_said(bob, "verified"));
    world_done(&w);
}

static void nobody_is_there(void **state)
{
    (void)state;
    struct one *alice, *bob;
    two(5, &alice, &bob);
    one_verify(&w, alice, KR_CLIENT_VERIFY, "carol", false);
    assert_true(one_said(alice, "refused verify not-in-roster carol"));
    one_verify(&w, alice, KR_CLIENT_VERIFY_ANSWER, "bob", true);
    assert_true(one_said(alice, "refused verify unexpected bob"));
    until_code(&w, alice, bob);
    one_event(&w, bob, KR_CLIENT_LEAVE);
    world_wait(&w, 5000);
    assert_true(one_said(alice, "verify ended gone"));
    world_done(&w);
}

static void three_tries(void **state)
{
    (void)state;
    struct one *alice, *bob;
    two(6, &alice, &bob);
    for (int i = 0; i < KR_SAS_TRIES_MAX; i++) {
        until_code(&w, alice, bob);
        one_verify(&w, alice, KR_CLIENT_VERIFY_ANSWER, "bob", false);
        world_wait(&w, KR_SAS_WINDOW_MS);
    }
    one_hush(alice);
    one_hush(bob);
    one_verify(&w, bob, KR_CLIENT_VERIFY, "alice", false);
    assert_true(one_said(bob, "verify ended tries"));
    assert_false(one_said(alice, "verify")); /* it does not even ask */
    kr_verify_new_meeting(bob->client);      /* who is not honest does not count */
    one_hush(bob);
    one_verify(&w, bob, KR_CLIENT_VERIFY, "alice", false);
    assert_true(one_said(bob, "verify ended by-peer tries"));
    assert_false(one_said(alice, "verify asked"));
    one_event(&w, bob, KR_CLIENT_LEAVE); /* coming back makes it no other device */
    world_wait(&w, 3000);
    one_event(&w, bob, KR_CLIENT_JOIN);
    world_wait(&w, 5000);
    one_hush(alice);
    one_verify(&w, alice, KR_CLIENT_VERIFY, "bob", false);
    assert_true(one_said(alice, "verify ended tries"));
    world_done(&w);
}

static void asked_too_often(void **state)
{
    (void)state;
    struct one *alice, *bob;
    two(7, &alice, &bob);
    for (int i = 0; i < KR_SAS_ASKED_MAX + 2; i++) {
        one_verify(&w, alice, KR_CLIENT_VERIFY, "bob", false);
        one_verify(&w, alice, KR_CLIENT_VERIFY_CANCEL, "bob", false);
        world_wait(&w, KR_SAS_WINDOW_MS);
    }
    assert_int_equal(one_said_count(bob, "verify asked"), KR_SAS_ASKED_MAX);
    assert_true(one_said(alice, "verify ended by-peer tries"));
    world_done(&w);
}

static void the_service_has_a_quota(void **state)
{
    (void)state;
    struct one *alice, *bob;
    two(8, &alice, &bob);
    for (int i = 0; i < KR_SAS_MESSAGES_MAX / 2; i++) {
        one_verify(&w, alice, KR_CLIENT_VERIFY, "bob", false);
        one_verify(&w, alice, KR_CLIENT_VERIFY_CANCEL, "bob", false);
    }
    assert_false(one_said(alice, "quota"));
    one_verify(&w, alice, KR_CLIENT_VERIFY, "bob", false);
    assert_true(one_said(alice, "refused verify quota bob"));
    assert_true(one_said(alice, "verify ended timeout")); /* said, not left hanging */
    world_wait(&w, KR_SAS_WINDOW_MS);
    one_hush(alice);
    one_verify(&w, bob, KR_CLIENT_VERIFY, "alice", false); /* the other direction has its own */
    one_verify(&w, alice, KR_CLIENT_VERIFY, "bob", false);
    assert_true(same_code(alice, bob));
    world_done(&w);
}

/* --- a service that lies --- */

static bool relabel(struct world *in, struct one *to, struct kr_notice *n)
{
    (void)to;
    if (n->kind == KR_NOTICE_SESSION && in->left > 0) {
        in->left--;
        n->u.session.verify = !n->u.session.verify;
    }
    return true;
}

static void a_word_is_what_it_is_labelled(void **state)
{
    (void)state;
    struct one *alice, *bob;
    two(9, &alice, &bob);
    w.notice = relabel;
    w.left = 1;
    one_verify(&w, alice, KR_CLIENT_VERIFY, "bob", false);
    assert_true(one_said(bob, "refused session malformed alice"));
    assert_false(one_said(bob, "asked"));
    world_wait(&w, KR_SAS_PERSON_MS);
    one_hush(alice);
    one_hush(bob);
    until_code(&w, alice, bob); /* the session itself is whole */
    /* the word that says nothing, as one of the verification that is going on */
    struct kr_peer *p = NULL;
    for (struct kr_peer *q = alice->client->peers; q; q = q->hh.next)
        p = q;
    struct kr_client_output out;
    kr_client_output_init(&out);
    alice->client->out = &out;
    enum kr_olm_type type = kr_peer_speak(p)->heard ? KR_OLM_NORMAL : KR_OLM_PREKEY;
    kr_peer_say_nothing(alice->client, p, kr_peer_speak(p), type);
    alice->client->out = NULL;
    assert_int_equal(out.stanza_count, 1);
    w.left = 1;
    world_queue(&w, NULL, alice, strdup(out.stanzas[0]));
    kr_client_output_clear(&out);
    world_settle(&w);
    assert_true(one_said(bob, "refused session malformed alice"));
    assert_true(one_said(bob, "verify ended malformed"));
    assert_true(one_said(alice, "verify ended by-peer malformed"));
    world_done(&w);
}

static struct kr_notice kept;
static uint8_t kept_bytes[KR_CIPHERTEXT_MAX];

static bool keep_first(struct world *in, struct one *to, struct kr_notice *n)
{
    (void)to;
    if (n->kind == KR_NOTICE_SESSION && in->left > 0) {
        in->left--;
        kept = *n;
        memcpy(kept_bytes, n->u.session.message.ptr, n->u.session.message.len);
        kept.u.session.message.ptr = kept_bytes;
        kept.room = ROOM;
    }
    return true;
}

static void a_message_counts_once(void **state)
{
    (void)state;
    struct one *alice, *bob;
    two(10, &alice, &bob);
    w.notice = keep_first;
    w.left = 1;
    until_code(&w, alice, bob);
    world_notice(&w, bob, SERVICE, &kept); /* replayed: Olm opens no message twice */
    world_settle(&w);
    assert_true(one_said(bob, "refused session cannot-open alice"));
    assert_int_equal(one_said_count(bob, "verify asked"), 1);
    one_verify(&w, alice, KR_CLIENT_VERIFY_ANSWER, "bob", true);
    one_verify(&w, bob, KR_CLIENT_VERIFY_ANSWER, "alice", true);
    assert_true(one_said(alice, "verify verified bob"));
    world_done(&w);
}

/* --- a peer that lies --- */

static struct kr_peer *peer_of(struct one *o)
{
    return o->client->peers; /* the only other one */
}

/* In the session of the two, whatever its own verification has come to. */
static void forge(struct one *from, const struct kr_sas_message *m)
{
    struct kr_verification *v = &peer_of(from)->verification;
    v->outbox[v->outbox_len++] = *m;
    one_event(&w, from, KR_CLIENT_TIME);
    world_settle(&w);
}

static struct kr_sas_message message(struct one *to, enum kr_sas_kind kind)
{
    return (struct kr_sas_message){.kind = kind,
                                   .transaction = peer_of(to)->verification.sas.subject.transaction};
}

static void out_of_turn(void **state)
{
    (void)state;
    struct one *alice, *bob;
    two(14, &alice, &bob);
    until_code(&w, alice, bob);
    struct kr_sas_message m = message(alice, KR_SAS_ACCEPT);
    forge(bob, &m);
    assert_true(one_said(alice, "verify ended out-of-turn"));
    assert_true(one_said(bob, "verify ended by-peer out-of-turn"));
    one_verify(&w, alice, KR_CLIENT_VERIFY_ANSWER, "bob", true);
    assert_false(one_said(alice, "verified"));
    world_done(&w);
}

static bool bob_is_deaf(struct world *in, struct one *to, struct kr_notice *n)
{
    (void)in;
    return n->kind != KR_NOTICE_SESSION || strcmp(to->nick, "bob") != 0;
}

static void a_reflected_key(void **state)
{
    (void)state;
    struct one *alice, *bob;
    two(15, &alice, &bob);
    w.notice = bob_is_deaf; /* what he would answer by himself is not what he says */
    one_verify(&w, alice, KR_CLIENT_VERIFY, "bob", false);
    const struct kr_sas_subject *subject = &peer_of(alice)->verification.sas.subject;
    struct kr_sas_message m = message(alice, KR_SAS_ACCEPT);
    m.u.commitment = kr_sas_commitment(&subject->transaction, &subject->initiator_key);
    forge(bob, &m);
    m = message(alice, KR_SAS_KEY);
    m.u.key = subject->initiator_key;
    forge(bob, &m);
    assert_true(one_said(alice, "verify ended reflected-key"));
    assert_false(one_said(alice, "verify code"));
    world_done(&w);
}

static void macs_of_another_transaction(void **state)
{
    (void)state;
    struct one *alice, *bob;
    two(16, &alice, &bob);
    until_code(&w, alice, bob);
    struct kr_sas_message m = message(alice, KR_SAS_MAC), mine = m;
    assert_int_equal(kr_sas_macs(&peer_of(bob)->verification.sas.shared,
                                 &peer_of(bob)->verification.sas.subject, false, &mine.u.mac.ed25519,
                                 &mine.u.mac.curve25519),
                     0);
    mine.transaction.b[0] ^= 1;
    forge(bob, &mine);
    assert_true(one_said(alice, "refused verify unexpected bob")); /* it ends nothing */
    assert_false(one_said(alice, "verify ended"));
    memset(&m.u.mac, 7, sizeof(m.u.mac)); /* what fits no transaction */
    forge(bob, &m);
    assert_true(one_said(alice, "verify ended bad-mac"));
    one_verify(&w, alice, KR_CLIENT_VERIFY_ANSWER, "bob", true);
    assert_false(one_said(alice, "verified"));
    world_done(&w);
}

/* One desk for each of the two, and for each a stranger who calls itself the other: the keys were swapped
 * before anything was signed, and whoever swapped them holds both sessions. */
static void keys_that_were_swapped_at_first_show_in_the_code(void **state)
{
    (void)state;
    static struct desk left, right;
    desk_init(&left, 61, KR_SOURCE_PARTICIPANTS);
    desk_init(&right, 62, KR_SOURCE_PARTICIPANTS);
    right.instance = left.instance;
    struct one *alice = world_join(&left.w, "alice"), *as_bob = world_join(&left.w, "bob");
    struct one *as_alice = world_join(&right.w, "alice"), *bob = world_join(&right.w, "bob");
    world_wait(&left.w, 10);
    world_wait(&right.w, 10);
    desk_epoch(&left, KR_EPOCH_FRESH, KR_SOURCE_PARTICIPANTS, NULL);
    desk_epoch(&right, KR_EPOCH_FRESH, KR_SOURCE_PARTICIPANTS, NULL);
    until_code(&left.w, alice, as_bob);
    until_code(&right.w, as_alice, bob);
    assert_true(same_code(alice, as_bob) && same_code(as_alice, bob)); /* each half is whole in itself */
    assert_false(same_code(alice, bob));
    one_verify(&left.w, as_bob, KR_CLIENT_VERIFY_ANSWER, "alice", true);
    one_verify(&right.w, as_alice, KR_CLIENT_VERIFY_ANSWER, "bob", true);
    one_verify(&left.w, alice, KR_CLIENT_VERIFY_ANSWER, "bob", false);
    one_verify(&right.w, bob, KR_CLIENT_VERIFY_ANSWER, "alice", false);
    assert_true(one_said(alice, "verify mismatch") && one_said(bob, "verify mismatch"));
    assert_false(one_said(alice, "verified") || one_said(bob, "verified"));
    assert_false(one_said(as_alice, "verified") || one_said(as_bob, "verified"));
    desk_done(&left);
    desk_done(&right);
}

static bool swap_curve(struct world *in, struct one *from, struct kr_request *r)
{
    (void)in;
    if (r->kind == KR_REQ_ATTACH && strcmp(from->nick, "bob") == 0)
        memset(r->u.attach.curve25519.b, 9, sizeof(r->u.attach.curve25519.b));
    return true;
}

static bool swap_curve_in_lines(struct world *in, struct one *to, struct kr_notice *n)
{
    (void)in;
    if (n->kind != KR_NOTICE_ANNOUNCE || strcmp(to->nick, "alice") != 0)
        return true;
    struct kr_roster r;
    struct kr_member_line *members = (struct kr_member_line *)n->u.announce.members;
    kr_roster_init(&r);
    for (size_t i = 0; i < n->u.announce.member_count; i++) {
        if (strcmp(members[i].participant, "bob") == 0)
            memset(members[i].curve25519.b, 9, sizeof(members[i].curve25519.b));
        kr_roster_add(&r, members[i].participant, members[i].owner, &members[i].ed25519,
                      &members[i].curve25519, &members[i].attach, members[i].is_new);
    }
    assert_int_equal(kr_roster_seal(&r), 0);
    n->u.announce.link.roster = r.digest; /* a roster that holds, of a key that nobody signed */
    kr_roster_done(&r);
    return true;
}

static void keys_of_a_signed_attach_cannot_be_swapped(void **state)
{
    (void)state;
    world_init(&w, 11);
    world_start(&w);
    w.request = swap_curve;
    world_join(&w, "alice");
    struct one *bob = world_join(&w, "bob");
    world_wait(&w, 3000);
    assert_true(one_said(bob, "refused attach"));
    assert_false(one_view(bob).member);
    world_done(&w);

    world_init(&w, 12);
    world_start(&w);
    w.notice = swap_curve_in_lines;
    struct one *alice = world_join(&w, "alice");
    world_join(&w, "bob");
    world_wait(&w, 3000);
    assert_true(one_said(alice, "refused line bad-signature bob"));
    one_verify(&w, alice, KR_CLIENT_VERIFY, "bob", false);
    assert_true(one_said(alice, "refused verify context-mismatch bob"));
    world_done(&w);
}

/* --- another device --- */

static void another_device_of_who_was_verified_is_not(void **state)
{
    (void)state;
    struct one *alice, *bob;
    two(13, &alice, &bob);
    until_code(&w, alice, bob);
    one_verify(&w, alice, KR_CLIENT_VERIFY_ANSWER, "bob", true);
    one_verify(&w, bob, KR_CLIENT_VERIFY_ANSWER, "alice", true);
    one_event(&w, bob, KR_CLIENT_LEAVE);
    world_wait(&w, 3000);
    one_event(&w, bob, KR_CLIENT_JOIN); /* the same device */
    world_wait(&w, 5000);
    assert_int_equal(one_said_count(alice, "trust verified bob bob"), 2);
    assert_false(one_said(alice, "trust changed"));
    one_event(&w, bob, KR_CLIENT_LEAVE);
    world_wait(&w, 3000);
    strcpy(bob->nick, "gone"); /* the same person, by its JID, with new keys */
    struct one *again = world_join(&w, "bob");
    world_wait(&w, 5000);
    assert_true(one_view(again).member);
    assert_true(one_said(alice, "trust changed bob bob"));
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_verify_each_other),
        cmocka_unit_test(a_mismatch_is_as_loud),
        cmocka_unit_test(starts_that_cross_are_one),
        cmocka_unit_test(declined_withdrawn_or_late),
        cmocka_unit_test(nobody_is_there),
        cmocka_unit_test(three_tries),
        cmocka_unit_test(asked_too_often),
        cmocka_unit_test(the_service_has_a_quota),
        cmocka_unit_test(a_word_is_what_it_is_labelled),
        cmocka_unit_test(a_message_counts_once),
        cmocka_unit_test(out_of_turn),
        cmocka_unit_test(a_reflected_key),
        cmocka_unit_test(macs_of_another_transaction),
        cmocka_unit_test(keys_that_were_swapped_at_first_show_in_the_code),
        cmocka_unit_test(keys_of_a_signed_attach_cannot_be_swapped),
        cmocka_unit_test(another_device_of_who_was_verified_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
