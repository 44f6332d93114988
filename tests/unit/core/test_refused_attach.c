/* An attach that is not as it should be, and what an occupant can do to the room by attaching: each gets its
 * application condition, and nothing has changed. */
#include "refused.h"

#include <stdio.h>
#include <string.h>

static struct peer *ready(const char *nick, struct kr_signed_key *otks, size_t count, struct kr_request *r)
{
    struct peer *p = world_peer(&w, nick);
    peer_new_attach(&w, p);
    peer_enter(&w, p);
    peer_challenge(&w, p);
    assert_string_equal(p->error, "");
    *r = peer_attach_request(&w, p, otks, count);
    return p;
}

static void attach_signatures(void **state)
{
    (void)state;
    struct kr_signed_key otks[2], bent[2];
    struct kr_request good, r;
    struct peer *a = ready("alice", otks, 2, &good);
    struct peer *m = world_peer(&w, "mallory");

    r = good;
    r.u.attach.sig.b[5] ^= 1;
    refused(a, &r, "bad-signature");
    r = good;
    peer_sign_attach(m, &r); /* somebody else's */
    refused(a, &r, "bad-signature");
    r = good;
    memcpy(bent, otks, sizeof(bent));
    r.u.attach.otks = bent;
    bent[1].sig.b[0] ^= 1;
    refused(a, &r, "bad-signature");
    memcpy(bent, otks, sizeof(bent));
    peer_sign_key(a, KR_KEY_FALLBACK, &bent[0]); /* of another kind */
    refused(a, &r, "bad-signature");
    memcpy(bent, otks, sizeof(bent));
    struct kr_id own = a->attach;
    peer_new_attach(&w, a);
    peer_sign_key(a, KR_KEY_ONE_TIME, &bent[0]); /* of another attach */
    a->attach = own;
    refused(a, &r, "bad-signature");
    r = good;
    r.u.attach.fallback.sig.b[1] ^= 1;
    refused(a, &r, "bad-signature");
    r = good;
    r.u.attach.curve25519 = m->curve25519; /* not the device's */
    peer_sign_attach(a, &r);
    refused(a, &r, "wrong-participant");
    a->attached = true;
    peer_send(&w, a, &good);
    assert_string_equal(a->error, "");
}

static void attach_names(void **state)
{
    (void)state;
    struct kr_signed_key otks[1];
    struct kr_request good, r;
    struct peer *b = world_peer(&w, "bob");
    peer_enter(&w, b);
    struct peer *a = ready("alice", otks, 1, &good);

    r = good;
    r.u.attach.participant = "bob";
    peer_sign_attach(a, &r);
    refused(a, &r, "wrong-participant");
    r = good;
    r.u.attach.owner = "bob@example.org";
    peer_sign_attach(a, &r);
    refused(a, &r, "wrong-participant");
    r = good;
    r.u.attach.owner = "";
    peer_sign_attach(a, &r);
    refused(a, &r, "wrong-participant");
    refused_as(a, "alice@example.org/other", &good, "not-occupant");
    r = good;
    r.room = "elsewhere@muc.example.org";
    peer_sign_attach(a, &r);
    refused(a, &r, "unknown-room");
    r = good;
    r.u.attach.instance.b[0] ^= 1;
    peer_sign_attach(a, &r);
    refused(a, &r, "wrong-instance");
    r = good;
    r.u.attach.device = b->device;
    peer_sign_attach(a, &r);
    refused(a, &r, "no-device");
    a->attached = true;
    peer_send(&w, a, &good);
    assert_string_equal(a->error, "");
}

static void attach_challenge(void **state)
{
    (void)state;
    struct kr_signed_key otks[1];
    struct kr_request good, r;
    struct peer *a = ready("alice", otks, 1, &good);
    r = good;
    r.u.attach.nonce.b[0] ^= 1;
    peer_sign_attach(a, &r);
    refused(a, &r, "bad-challenge");
    world_wait(&w, 60000);
    refused(a, &good, "bad-challenge"); /* too old */
    for (int i = 0; i < KR_CHALLENGES_MAX; i++) {
        peer_challenge(&w, a);
        assert_string_equal(a->error, "");
    }
    struct kr_request c = {.kind = KR_REQ_CHALLENGE, .room = ROOM};
    refused(a, &c, "quota");
    good = peer_attach_request(&w, a, otks, 1);
    a->attached = true;
    peer_send(&w, a, &good);
    assert_string_equal(a->error, "");
    peer_new_attach(&w, a);
    r = peer_attach_request(&w, a, otks, 1);
    refused(a, &r, "already-attached");
    a->attach = good.u.attach.attach;
    struct kr_request d = {.kind = KR_REQ_DETACH, .room = ROOM};
    struct peer *b = settled("bob"); /* keeps the instance alive */
    (void)b;
    peer_send(&w, a, &d);
    assert_string_equal(a->error, "");
    refused(a, &good, "bad-challenge"); /* used */
    peer_challenge(&w, a);
    r = peer_attach_request(&w, a, otks, 1);
    refused(a, &r, "already-attached"); /* an attach id is used once */
}

static void attach_sessions_and_devices(void **state)
{
    (void)state;
    struct kr_signed_key otks[1];
    struct kr_request good;
    struct peer *a = ready("alice", otks, 1, &good);
    char device[KR_ID_TEXT];
    kr_id_write(device, &a->device);
    world_xml(&w,
              "<presence from='" ROOM "/alice' to='" SERVICE
              "'><x xmlns='http://jabber.org/protocol/muc#user'>"
              "<item affiliation='none' jid='%s'/><item affiliation='none' jid='alice@example.org/2'/></x>"
              "<device xmlns='urn:keyroom:1' id='%s'/></presence>",
              a->jid, device);
    refused(a, &good, "already-attached"); /* a second session on the nick */
    world_xml(&w,
              "<presence from='" ROOM "/alice' to='" SERVICE
              "'><x xmlns='http://jabber.org/protocol/muc#user'>"
              "<item affiliation='none' jid='%s'/></x></presence>",
              a->jid);
    peer_challenge(&w, a);
    good = peer_attach_request(&w, a, otks, 1);
    refused(a, &good, "no-device"); /* presence does not name it */
    peer_enter(&w, a);
    /* The same full JID under a second nick: contradictory, so neither is believed. */
    world_xml(&w,
              "<presence from='" ROOM "/twin' to='" SERVICE
              "'><x xmlns='http://jabber.org/protocol/muc#user'>"
              "<item affiliation='none' jid='%s'/></x></presence>",
              a->jid);
    refused(a, &good, "already-attached");
    world_xml(&w,
              "<presence type='unavailable' from='" ROOM "/twin' to='" SERVICE "'>"
              "<x xmlns='http://jabber.org/protocol/muc#user'><item jid='%s'/></x></presence>",
              a->jid);
    a->attached = true;
    peer_send(&w, a, &good);
    assert_string_equal(a->error, "");
}

static void second_session_speaks_for_itself(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    char device[KR_ID_TEXT];
    kr_id_write(device, &a->device);
    world_xml(&w,
              "<presence from='" ROOM "/alice' to='" SERVICE
              "'><x xmlns='http://jabber.org/protocol/muc#user'>"
              "<item affiliation='none' jid='%s'/><item affiliation='none' jid='alice@example.org/2'/></x>"
              "<device xmlns='urn:keyroom:1' id='%s'/></presence>",
              a->jid, device);
    struct kr_request r = {.kind = KR_REQ_DETACH, .room = ROOM};
    refused_as(a, "alice@example.org/2", &r, "not-member");
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "");
}

static void attach_key_conflict(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct peer *m = world_peer(&w, "mallory");
    m->curve25519 = a->curve25519;
    m->device = kr_device_id(&m->ed25519, &m->curve25519);
    struct kr_signed_key otks[1];
    struct kr_request r;
    ready("mallory", otks, 1, &r);
    refused(m, &r, "key-conflict");
}

static void attach_id_of_another(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct kr_signed_key otks[1];
    struct kr_request r;
    struct peer *m = ready("mallory", otks, 1, &r);
    m->attach = a->attach;
    r = peer_attach_request(&w, m, otks, 1);
    refused(m, &r, "already-attached");
}

static void attach_too_many_keys(void **state)
{
    (void)state;
    static struct kr_signed_key otks[KR_OTK_MAX + 1];
    struct kr_request r;
    struct peer *a = ready("alice", otks, KR_OTK_MAX + 1, &r);
    refused(a, &r, "too-many-keys");
}

static void blind_room(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    world_xml(&w, "<presence from='" ROOM "/hidden' to='" SERVICE
                  "'><x xmlns='http://jabber.org/protocol/muc#user'>"
                  "<item affiliation='none'/></x></presence>");
    assert_true(world_traced(&w, "blind"));
    assert_int_equal(a->mode, KR_MODE_BLIND);
    struct kr_request r = {.kind = KR_REQ_CHALLENGE, .room = ROOM};
    refused(a, &r, "blind");
    world_xml(&w, "<presence type='unavailable' from='" ROOM "/hidden' to='" SERVICE "'/>");
    assert_int_equal(a->mode, KR_MODE_KEYED);
}

/* Nobody blinds a room by opening sessions, or by an address without a resource. */
static void one_occupant_cannot_blind(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    world_xml(&w,
              "<presence from='" ROOM "/bot' to='" SERVICE "'><x xmlns='http://jabber.org/protocol/muc#user'>"
              "<item affiliation='none' jid='bot.example.org'/></x></presence>");
    char items[1024] = "";
    for (int i = 0; i <= KR_NICK_SESSIONS_MAX; i++) {
        size_t len = strlen(items);
        snprintf(items + len, sizeof(items) - len, "<item affiliation='none' jid='m@example.org/%d'/>", i);
    }
    world_xml(&w,
              "<presence from='" ROOM "/many' to='" SERVICE
              "'><x xmlns='http://jabber.org/protocol/muc#user'>%s</x></presence>",
              items);
    struct kr_request r = {.kind = KR_REQ_CHALLENGE, .room = ROOM};
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "");
    assert_int_equal(a->mode, KR_MODE_KEYED);
    refused_as(a, "bot.example.org", &r, "not-occupant");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(attach_signatures),
        T(attach_names),
        T(attach_challenge),
        T(attach_sessions_and_devices),
        T(second_session_speaks_for_itself),
        T(attach_key_conflict),
        T(attach_id_of_another),
        T(attach_too_many_keys),
        T(blind_room),
        T(one_occupant_cannot_blind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
