/* What is refused of everything but attaches, keys and envelopes, and how refusals are counted and told. */
#include "refused.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"

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
