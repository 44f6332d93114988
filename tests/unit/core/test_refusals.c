/* Bad input: each gets its application condition, and nothing has changed. */
#include "world.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

static struct world w;

static int setup(void **state)
{
    (void)state;
    world_init(&w, 2);
    world_start(&w);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_done(&w);
    return 0;
}

static struct peer *settled(const char *nick)
{
    struct peer *p = world_peer(&w, nick);
    peer_join(&w, p);
    world_wait(&w, 5000);
    assert_int_equal(p->committed, p->highest);
    return p;
}

static void refused_as(struct peer *p, const char *jid, const struct kr_request *r, const char *condition)
{
    struct kr_digest before = world_state(&w);
    peer_send_as(&w, p, jid, r);
    if (strcmp(jid, p->jid) == 0)
        assert_string_equal(p->error, condition);
    struct kr_digest after = world_state(&w);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(w.writes, 0);
    assert_int_equal(w.sends, 1);
    char trace[64];
    snprintf(trace, sizeof(trace), "refused (%s)", condition);
    assert_true(world_traced(&w, trace));
}

static void refused(struct peer *p, const struct kr_request *r, const char *condition)
{
    refused_as(p, p->jid, r, condition);
}

/* --- attach --- */

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

/* --- keys and claims --- */

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

static struct kr_request claim(const struct kr_claim_target *t, size_t count)
{
    return (struct kr_request){
        .kind = KR_REQ_CLAIM, .room = ROOM, .u.claim = {.targets = t, .target_count = count}};
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

/* --- envelopes and acks --- */

/* alice, bob and carol with an epoch in flight that nobody has sealed for. */
static void in_flight(struct peer **a, struct peer **b)
{
    *a = settled("alice");
    *b = settled("bob");
    settled("carol");
    w.quiet = true;
    world_control(&w, KR_CONTROL_ROTATE, NULL, ROOM);
    assert_int_equal((*a)->highest, 4);
}

static void envelope_epochs(void **state)
{
    (void)state;
    struct peer *a, *b;
    in_flight(&a, &b);
    struct kr_packed entries[PEERS_MAX];
    struct kr_request good = peer_envelope(a, KR_ROUND_2, entries), r;
    r = good;
    r.u.envelope.epoch = 2;
    refused(a, &r, "stale-epoch");
    r.u.envelope.epoch = 5;
    refused(a, &r, "unknown-epoch");
    r.u.envelope.epoch = 0;
    refused(a, &r, "malformed");
    r = good;
    r.u.envelope.instance.b[0] ^= 1;
    refused(a, &r, "stale-epoch");
    struct peer *c = world_peer(&w, "carol");
    world_control(&w, KR_CONTROL_REVOKE, c, "*"); /* abandons 4, announces 5 */
    refused(a, &good, "stale-epoch");
    r = peer_envelope(b, KR_ROUND_2, entries);
    refused(c, &r, "not-member");
}

static void envelope_recipients(void **state)
{
    (void)state;
    struct peer *a, *b;
    in_flight(&a, &b);
    struct kr_packed entries[PEERS_MAX], bent[PEERS_MAX];
    struct kr_request good = peer_envelope(a, KR_ROUND_2, entries), r;
    uint16_t me = (uint16_t)kr_roster_find(&a->roster, &a->attach);
    assert_int_equal(good.u.envelope.entry_count, 2);

    r = good;
    r.u.envelope.entry_count = 1;
    peer_sign_envelope(a, &r);
    refused(a, &r, "wrong-recipients"); /* one is missing */
    memcpy(bent, entries, sizeof(bent));
    r = good;
    r.u.envelope.entries = bent;
    bent[1].index = 3;
    peer_sign_envelope(a, &r);
    refused(a, &r, "wrong-recipients"); /* outside the roster */
    bent[1].index = bent[0].index;
    peer_sign_envelope(a, &r);
    refused(a, &r, "wrong-recipients"); /* doubled */
    memcpy(bent, entries, sizeof(bent));
    bent[me == 0 ? 0 : me == 1 ? 0 : 1].index = me;
    peer_sign_envelope(a, &r);
    refused(a, &r, "wrong-recipients"); /* oneself */
    r = good;
    r.u.envelope.sig.b[3] ^= 1;
    refused(a, &r, "bad-signature");
    r = good;
    peer_sign_envelope(b, &r);
    refused(a, &r, "bad-signature");
    r = good;
    r.u.envelope.round = KR_ROUND_1;
    peer_sign_envelope(a, &r);
    refused(a, &r, "unexpected"); /* no joiner, no round 1 */
    r.u.envelope.round = KR_ROUND_SUPPLEMENT;
    peer_sign_envelope(a, &r);
    refused(a, &r, "wrong-recipients"); /* nothing was wanted */
    peer_send(&w, a, &good);
    assert_string_equal(a->error, "");
    refused(a, &good, "unexpected"); /* twice */
    assert_int_equal(b->entries, 0); /* not before all, or half of the deadline */
    world_wait(&w, 1015);
    assert_int_equal(b->entries, 1);
}

static void supplements_seal(void **state)
{
    (void)state;
    struct peer *a, *b;
    in_flight(&a, &b);
    static const uint8_t reason = KR_WITHHELD_SESSION;
    struct kr_packed entries[PEERS_MAX];
    struct kr_request r = peer_envelope(a, KR_ROUND_2, entries);
    entries[0].type = KR_PACKED_WITHHELD;
    entries[0].body = kr_span(&reason, 1);
    peer_sign_envelope(a, &r);
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "");
    uint16_t to = entries[0].index;
    struct kr_packed one[1];
    r = peer_supplement(a, one, &to, 1);
    one[0].type = KR_PACKED_WITHHELD;
    one[0].body = kr_span(&reason, 1);
    peer_sign_envelope(a, &r);
    refused(a, &r, "wrong-recipients"); /* it could be repeated for ever */
    r = peer_supplement(a, one, &to, 1);
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "");
    refused(a, &r, "wrong-recipients"); /* nothing is withheld any more */
}

static void envelope_context_is_signed(void **state)
{
    (void)state;
    struct peer *a, *b;
    in_flight(&a, &b);
    struct kr_packed entries[PEERS_MAX];
    a->context.b[0] ^= 1; /* a member that was told something else */
    struct kr_request r = peer_envelope(a, KR_ROUND_2, entries);
    refused(a, &r, "bad-signature");
}

static void envelope_in_parts(void **state)
{
    (void)state;
    struct peer *a, *b;
    in_flight(&a, &b);
    struct kr_packed entries[PEERS_MAX];
    struct kr_request whole = peer_envelope(a, KR_ROUND_2, entries);
    struct kr_request first = whole, second = whole;
    first.u.envelope.of = second.u.envelope.of = 2;
    first.u.envelope.entry_count = 1;
    first.u.envelope.has_sig = false;
    second.u.envelope.part = 2;
    second.u.envelope.entries = entries + 1;
    second.u.envelope.entry_count = 1;
    refused(a, &second, "unexpected"); /* out of order */
    peer_send(&w, a, &first);
    assert_string_equal(a->error, "");
    struct kr_request bent = second;
    bent.u.envelope.sig.b[0] ^= 1;
    refused(a, &bent, "bad-signature");
    bent = second;
    bent.u.envelope.entries = entries; /* does not rise */
    refused(a, &bent, "wrong-recipients");
    peer_send(&w, a, &second);
    assert_string_equal(a->error, "");
    world_wait(&w, 1015);
    assert_int_equal(b->entries, 1);
    struct kr_stats s;
    uint64_t before;
    kr_core_stats(w.core, &s);
    before = s.envelopes;
    peer_send(&w, a, &first);
    assert_string_equal(a->error, "unexpected");
    kr_core_stats(w.core, &s);
    assert_int_equal(s.envelopes, before);
}

static void envelope_texts(void **state)
{
    (void)state;
    struct peer *a, *b;
    in_flight(&a, &b);
    char instance[KR_ID_TEXT];
    kr_id_write(instance, &a->instance);
    static const struct {
        const char *body, *condition;
    } cases[] = {{"AAA=", "bad-base64"}, {"A AA", "bad-base64"}, {"AAAA", "malformed"}, {"!", "bad-base64"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kr_digest before = world_state(&w);
        world_xml(&w,
                  "<iq type='set' id='1' from='%s' to='" SERVICE
                  "'><envelope xmlns='urn:keyroom:1' room='" ROOM
                  "' instance='%s' epoch='4' round='2' sig='%085dA'>%s</envelope></iq>",
                  a->jid, instance, 0, cases[i].body);

        assert_string_equal(a->error, cases[i].condition);
        struct kr_digest after = world_state(&w);
        assert_memory_equal(&before, &after, sizeof(before));
        assert_int_equal(w.writes, 0);
    }
    struct kr_event e = {.kind = KR_EV_OVERSIZE, .now = w.now};
    e.u.oversize.name = "iq";
    e.u.oversize.from = a->jid;
    e.u.oversize.id = "x";
    e.u.oversize.type = "set";
    world_event(&w, &e);
    assert_string_equal(a->error, "too-large");
    e.u.oversize.type = "result";
    world_event(&w, &e);
    assert_int_equal(w.sends, 0);
}

static void withheld_then_supplement(void **state)
{
    (void)state;
    struct peer *a, *b;
    in_flight(&a, &b);
    static const uint8_t reason[] = {KR_WITHHELD_ATTACH};
    struct kr_packed entries[PEERS_MAX];
    struct kr_request r = peer_envelope(a, KR_ROUND_2, entries);
    int at = entries[0].index == kr_roster_find(&a->roster, &b->attach) ? 0 : 1;
    entries[at].type = KR_PACKED_WITHHELD;
    entries[at].body = kr_span(reason, 1);
    peer_sign_envelope(a, &r);
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "");
    world_wait(&w, 1015);
    uint64_t delivers = b->delivers;
    uint16_t to = (uint16_t)kr_roster_find(&a->roster, &b->attach);
    r = peer_supplement(a, entries, &to, 1);
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "");
    assert_int_equal(b->delivers, delivers + 1);
    refused(a, &r, "wrong-recipients"); /* it holds it now */
}

static void acks_for_nothing(void **state)
{
    (void)state;
    struct peer *a, *b;
    in_flight(&a, &b);
    struct kr_request r = peer_ack(a);
    r.u.ack.epoch = 9;
    refused(a, &r, "unknown-epoch");
    r.u.ack.epoch = 1;
    refused(a, &r, "stale-epoch");
    r = peer_ack(a);
    uint16_t index = 3;
    r.u.ack.missing = &index;
    r.u.ack.missing_count = 1;
    refused(a, &r, "malformed"); /* outside the roster */
    index = (uint16_t)kr_roster_find(&a->roster, &a->attach);
    refused(a, &r, "malformed"); /* oneself */
    struct peer *m = world_peer(&w, "mallory");
    peer_enter(&w, m);
    r = peer_ack(a);
    refused(m, &r, "not-member");
    peer_leave(&w, b);
    refused(b, &r, "not-occupant"); /* it has just left */
}

/* --- everything else --- */

static void unknown_requests(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    world_xml(&w,
              "<iq type='set' id='1' from='%s' to='" SERVICE "'><dance xmlns='urn:keyroom:1' room='" ROOM
              "'/></iq>",
              a->jid);
    assert_string_equal(a->error, "unknown-request");
    world_xml(&w,
              "<iq type='get' id='1' from='%s' to='" SERVICE "'><detach xmlns='urn:keyroom:1' room='" ROOM
              "'/></iq>",
              a->jid);
    assert_string_equal(a->error, "unknown-request");
    assert_true(a->attached);
    uint64_t errors = w.service_errors;
    world_xml(&w, "<iq type='get' id='1' from='%s' to='" SERVICE "'><query xmlns='jabber:iq:roster'/></iq>",
              a->jid);
    assert_int_equal(w.service_errors, errors + 1);
    world_xml(&w, "<iq type='get' id='1' from='%s' to='x@" SERVICE "'><query xmlns='jabber:iq:roster'/></iq>",
              a->jid);
    assert_int_equal(w.service_errors, errors + 2);
    world_xml(&w, "<iq type='get' id='1' from='%s' to='" SERVICE "'/>", a->jid);
    assert_int_equal(w.service_errors, errors + 3);
    static const char *const silent[] = {"result", "error", "strange"};
    for (size_t i = 0; i < 3; i++) {
        world_xml(&w,
                  "<iq type='%s' id='1' from='%s' to='" SERVICE "'><detach xmlns='urn:keyroom:1' room='" ROOM
                  "'/></iq>",
                  silent[i], a->jid);
        assert_int_equal(w.sends, 0);
        assert_int_equal(w.writes, 0);
    }
    world_xml(&w,
              "<message type='error' from='%s' to='" SERVICE
              "'><x xmlns='jabber:x:conference' jid='y@muc.example.org'/>"
              "</message>",
              a->jid);
    assert_int_equal(w.sends, 0);
    world_xml(&w,
              "<iq type='get' id='1' from='%s' to='" SERVICE
              "'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
              a->jid);
    assert_string_equal(a->error, "");
    assert_string_equal(a->answer, "query");
    world_xml(&w, "<iq type='get' id='1' from='%s' to='" SERVICE "'><ping xmlns='urn:xmpp:ping'/></iq>",
              a->jid);
    assert_string_equal(a->error, "");
}

static void grants_refused(void **state)
{
    (void)state;
    struct peer *a = settled("alice"), *o = world_peer(&w, "olga"), *ghost = world_peer(&w, "ghost");
    o->affiliation = "owner";
    peer_enter(&w, o);
    struct kr_request r = {.kind = KR_REQ_REVOKE, .room = ROOM, .u.device = a->device};
    refused(a, &r, "not-allowed");
    r.kind = KR_REQ_APPROVE;
    refused(o, &r, "not-allowed"); /* the policy says: the operator */
    r.kind = KR_REQ_REVOKE;
    r.u.device = ghost->device;
    refused(o, &r, "unknown-device");
    world_control(&w, KR_CONTROL_APPROVE, ghost, "*");
    assert_int_equal(w.reply_err, KR_E_UNKNOWN_DEVICE);
    assert_int_equal(w.writes, 0);
    r.u.device = a->device;
    peer_send(&w, o, &r);
    assert_string_equal(o->error, "");
    assert_string_equal(a->detached_reason, "revoked");
    world_control(&w, KR_CONTROL_APPROVE, a, ROOM);
    assert_int_equal(w.reply_err, KR_E_REVOKED);
    assert_int_equal(w.writes, 0);
}

static void waiting_devices(void **state)
{
    (void)state;
    struct peer *a = settled("alice"), *b = settled("bob");
    w.room_settings.policy.authorise = KR_AUTHORISE_REGISTERED;
    w.room_settings.policy.approval = KR_APPROVAL_OWNERS;
    world_settings(&w);
    world_wait(&w, 5000);
    assert_int_equal(a->roster.len, 2); /* users of a registered domain */
    struct peer *c = world_peer(&w, "carol");
    snprintf(c->jid, sizeof(c->jid), "x7f3@guest.example.org/1"); /* a guest */
    peer_join(&w, c);
    world_wait(&w, 5000);
    assert_int_equal(c->announces, 0);
    struct kr_claim_target t = {.attach = a->attach};
    struct kr_request r = claim(&t, 1);
    refused(c, &r, "not-member");
    t.attach = c->attach;
    refused(a, &r, "not-in-room");
    r = (struct kr_request){.kind = KR_REQ_WHOLE, .room = ROOM};
    peer_send(&w, c, &r); /* it learns that its attach is known, and nothing else */
    assert_string_equal(c->error, "");
    assert_int_equal(c->announces, 0);
    r = (struct kr_request){
        .kind = KR_REQ_SESSION, .room = ROOM, .u.session = {.to = c->attach, .message = {c->attach.b, 16}}};
    refused(a, &r, "not-in-room");
    r = (struct kr_request){.kind = KR_REQ_APPROVE, .room = ROOM, .u.device = c->device};
    refused(c, &r, "not-allowed");
    b->affiliation = "owner";
    peer_enter(&w, b);
    peer_send(&w, b, &r);
    assert_string_equal(b->error, "");
    world_wait(&w, 5000);
    assert_int_equal(c->roster.len, 3);
    assert_int_equal(c->committed, c->highest);
}

static void sessions(void **state)
{
    (void)state;
    struct peer *a = settled("alice"), *b = settled("bob");
    static const uint8_t message[] = {3, 1, 4};
    struct kr_request r = {
        .kind = KR_REQ_SESSION, .room = ROOM, .u.session = {.to = b->attach, .message = kr_span(message, 3)}};
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "");
    refused(a, &r, "quota");
    r.u.session.to = a->attach;
    refused(a, &r, "not-in-room");
    r.u.session.to.b[0] ^= 1;
    refused(a, &r, "not-in-room");
}

static void rate_and_queue(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct kr_request r = {.kind = KR_REQ_WHOLE, .room = ROOM};
    for (int i = 0; i < KR_WHOLE_MAX; i++) {
        peer_send(&w, a, &r);
        assert_string_equal(a->error, "");
    }
    refused(a, &r, "quota");
    world_wait(&w, 10000);
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "");
    world_wait(&w, 10000);
    r = peer_ack(a);
    for (int i = 0; i < KR_REQUESTS_PER_S * 4; i++) {
        peer_send(&w, a, &r);
        assert_string_equal(a->error, "");
    }
    refused(a, &r, "quota");
    world_wait(&w, 20);
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "");
    refused(a, &r, "quota");
    world_wait(&w, 1000);
    struct kr_event e = {.kind = KR_EV_QUEUE, .now = w.now, .u.queue_over_soft = true};
    world_event(&w, &e);
    refused(a, &r, "busy");
    e.u.queue_over_soft = false;
    world_event(&w, &e);
    peer_send(&w, a, &r);
    assert_string_equal(a->error, "");
}

static void refusals_are_logged_once_a_minute(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct kr_request r = {.kind = KR_REQ_ROTATE, .room = ROOM};
    for (int i = 0; i < 5; i++)
        refused(a, &r, "not-allowed");
    world_wait(&w, 59000);
    struct kr_snapshot s = {0};
    assert_int_equal(w.store->ops->load(w.store, &s), 0);
    uint64_t before = s.log_size;
    kr_snapshot_done(&s);
    world_wait(&w, 2000);
    assert_int_equal(w.store->ops->load(w.store, &s), 0);
    assert_int_equal(s.log_size, before + 1);
    kr_snapshot_done(&s);
}

/* Anybody can ask under as many addresses as he likes: the log counts them, and names no more than so many.
 */
static void strangers_are_not_kept_for_ever(void **state)
{
    (void)state;
    settled("alice");
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < KR_STRANGERS_KEPT / 2; i++)
            world_xml(&w,
                      "<iq type='set' id='x' from='s%d-%d@guests.example.org/1' to='" SERVICE
                      "'><detach xmlns='urn:keyroom:1' room='" ROOM "'/></iq>",
                      round, i);
        world_wait(&w, 61000);
    }
    struct kr_snapshot s = {0};
    size_t strangers = 0;
    assert_int_equal(w.store->ops->load(w.store, &s), 0);
    for (size_t i = 0; i < s.opening_count; i++)
        strangers += strncmp(s.openings[i].subject, "jid:", 4) == 0;
    assert_int_equal(strangers, KR_STRANGERS_KEPT);
    assert_true(s.log_size > (uint64_t)3 * KR_STRANGERS_KEPT / 2); /* all were counted */
    kr_snapshot_done(&s);
}

static void presence_that_contradicts(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    struct kr_digest before = world_state(&w);
    world_xml(&w, "<presence type='unavailable' from='" ROOM "/nobody' to='" SERVICE "'/>");
    world_xml(&w, "<presence from='other@muc.example.org/alice' to='" SERVICE "'/>");
    world_xml(&w, "<presence type='unavailable' from='" ROOM "@evil/alice' to='" SERVICE "'/>");
    world_xml(&w, "<presence type='unavailable' from='" ROOM "' to='" SERVICE "'/>");
    world_xml(&w, "<presence type='subscribe' from='" ROOM "/alice' to='" SERVICE "'/>");
    world_xml(&w, "<presence type='error' from='" ROOM "/alice' to='" SERVICE "'/>");
    struct kr_digest after = world_state(&w);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(a->detached, 0);
    /* A nick change is a leave and a join. */
    world_xml(&w,
              "<presence type='unavailable' from='" ROOM "/alice' to='" SERVICE
              "'><x xmlns='http://jabber.org/protocol/"
              "muc#user'><item nick='alice2' jid='%s'/><status code='303'/></x></presence>",
              a->jid);
    a->attached = a->present = false;
    world_xml(&w,
              "<presence from='" ROOM "/alice2' to='" SERVICE
              "'><x xmlns='http://jabber.org/protocol/muc#user'>"
              "<item affiliation='none' jid='%s'/></x></presence>",
              a->jid);
    struct kr_request r = {.kind = KR_REQ_WHOLE, .room = ROOM};
    refused(a, &r, "not-member");
}

static void rooms_are_joined_and_left(void **state)
{
    (void)state;
    size_t joins = w.joins_sent;
    world_xml(&w, "<message from='evil@example.org/1' to='" SERVICE "'><x xmlns='jabber:x:conference' "
                  "jid='new@muc.example.org'/></message>");
    assert_int_equal(w.joins_sent, joins);
    world_xml(&w, "<message from='focus@auth.example.org/1' to='" SERVICE "'><x xmlns='jabber:x:conference' "
                  "jid='new@elsewhere.org'/></message>");
    assert_int_equal(w.joins_sent, joins);
    struct kr_stats s;
    kr_core_stats(w.core, &s);
    assert_int_equal(s.invitations_refused, 2);
    world_xml(&w, "<message from='focus@auth.example.org/1' to='" SERVICE "'><x xmlns='jabber:x:conference' "
                  "jid='new@muc.example.org'/></message>");
    assert_int_equal(w.joins_sent, joins + 1);
    assert_non_null(strstr(w.last_presence, "new@muc.example.org/keyroom"));
    world_xml(&w, "<presence xmlns='jabber:component:accept' type='error' from='new@muc.example.org/keyroom' "
                  "to='" SERVICE "'><error type='cancel'>"
                  "<conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>");
    assert_int_equal(w.joins_sent, joins + 2);
    assert_non_null(strstr(w.last_presence, "new@muc.example.org/keyroom-2"));
    world_xml(&w, "<presence from='new@muc.example.org/x' to='" SERVICE
                  "'><x xmlns='http://jabber.org/protocol/muc#user'>"
                  "<item affiliation='none' jid='x@example.org/1'/></x></presence>");
    world_xml(&w, "<presence from='new@muc.example.org/keyroom-2' to='" SERVICE "'>"
                  "<x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x></presence>");
    world_xml(&w, "<presence type='unavailable' from='new@muc.example.org/x' to='" SERVICE "'/>");
    assert_non_null(strstr(w.last_presence, "unavailable")); /* nobody else is there */
    struct kr_stats now;
    kr_core_stats(w.core, &now);
    assert_int_equal(now.rooms_now, 1);
    /* Mediated, from the room. */
    world_xml(&w, "<message from='m@muc.example.org' to='" SERVICE
                  "'><x xmlns='http://jabber.org/protocol/muc#user'>"
                  "<invite from='focus@auth.example.org/9'/></x></message>");
    assert_int_equal(w.joins_sent, joins + 3);
    /* Kicked: back after a while; banned: never. */
    joins = w.joins_sent;
    world_xml(&w, "<presence type='unavailable' from='" ROOM "/keyroom' to='" SERVICE "'>"
                  "<x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/><status "
                  "code='307'/></x></presence>");
    assert_int_equal(w.joins_sent, joins);
    world_wait(&w, 2000);
    assert_int_equal(w.joins_sent, joins + 1);
    world_joined(&w);
    world_xml(&w, "<presence type='unavailable' from='" ROOM "/keyroom' to='" SERVICE "'>"
                  "<x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/><status "
                  "code='301'/></x></presence>");
    w.last_presence[0] = '\0';
    world_wait(&w, 200000);
    assert_null(strstr(w.last_presence, ROOM));
}

static void kicked_service_recovers(void **state)
{
    (void)state;
    struct peer *a = settled("alice");
    world_xml(&w, "<presence type='unavailable' from='" ROOM "/keyroom' to='" SERVICE "'>"
                  "<x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/><status "
                  "code='307'/></x></presence>");
    struct kr_request r = {.kind = KR_REQ_WHOLE, .room = ROOM};
    refused(a, &r, "unknown-room");
    world_wait(&w, 2000);
    world_joined(&w);
    assert_int_equal(a->highest, 2);
    assert_int_equal(a->reasons, KR_REASON_RECOVER);
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
        T(keys_after_a_restart),
        T(keys),
        T(claims_once_and_low_water),
        T(claims_refused),
        T(claim_of_a_revoked_device),
        T(envelope_epochs),
        T(envelope_recipients),
        T(supplements_seal),
        T(envelope_context_is_signed),
        T(envelope_in_parts),
        T(envelope_texts),
        T(withheld_then_supplement),
        T(acks_for_nothing),
        T(unknown_requests),
        T(grants_refused),
        T(waiting_devices),
        T(sessions),
        T(rate_and_queue),
        T(refusals_are_logged_once_a_minute),
        T(strangers_are_not_kept_for_ever),
        T(presence_that_contradicts),
        T(rooms_are_joined_and_left),
        T(kicked_service_recovers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
