/* To whom the service tells what devices say of devices, and how much of it it takes (docs/protocol.md 6.9,
 * 7.9). */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "message/stanza.h"
#include "parse/text.h"
#include "text/attest.h"
#include "xml/ns.h"

#define OTHER "other@muc.example.org"

static struct world w;

static void service_in_other(void)
{
    world_xml(&w, "<presence from='" OTHER "/keyroom' to='" SERVICE
                  "'><x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='admin' jid='" SERVICE
                  "'/><status code='110'/></x></presence>");
}

static int setup(void **state)
{
    (void)state;
    static char *rooms[] = {(char *)ROOM, (char *)OTHER};
    world_init(&w, 3);
    w.settings.rooms = rooms;
    w.settings.room_count = 2;
    w.room_settings.policy.authorise = KR_AUTHORISE_VERIFIED;
    w.room_settings.policy.verified_by = KR_VERIFIED_BY_OWNERS;
    w.room_settings.policy.verified_for_s = 86400;
    kr_core_free(w.core);
    w.core = kr_core_new(&w.settings, &w.random);
    world_start(&w);
    service_in_other();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    world_done(&w);
    return 0;
}

static struct peer *joined(const char *nick)
{
    struct peer *p = world_peer(&w, nick);
    peer_join(&w, p);
    return p;
}

static void enter_other(const struct peer *p)
{
    char device[KR_ID_TEXT];
    kr_id_write(device, &p->device);
    world_xml(&w,
              "<presence from='" OTHER "/%s' to='" SERVICE "'><x xmlns='http://jabber.org/protocol/muc#user'>"
              "<item affiliation='none' jid='%s'/></x><device xmlns='urn:keyroom:1' id='%s'/></presence>",
              p->nick, p->jid, device);
}

/* As peer_join, in the other room. */
static struct peer *joined_other(const char *nick)
{
    struct peer *p = world_peer(&w, nick);
    struct kr_signed_key otks[1];
    enter_other(p);
    peer_new_attach(&w, p);
    struct kr_request r = {.kind = KR_REQ_CHALLENGE, .room = OTHER};
    peer_send(&w, p, &r);
    r = peer_attach_request(&w, p, otks, 1);
    r.room = OTHER;
    peer_sign_attach(p, &r);
    peer_send(&w, p, &r);
    assert_string_equal(p->error, "");
    return p;
}

static void leave_other(const struct peer *p)
{
    world_xml(&w, "<presence type='unavailable' from='" OTHER "/%s' to='" SERVICE "'/>", p->nick);
}

/* No two are the same. */
static struct kr_buf attestation(const struct peer *by, const struct peer *of, const char *room)
{
    static uint64_t more;
    const struct kr_attest_text t = {.verifier = by->device,
                                     .owner = of->owner,
                                     .device = of->device,
                                     .room = room,
                                     .issued_s = w.now.wall_ms / 1000,
                                     .expires_s = w.now.wall_ms / 1000 + 86400 + ++more};
    return kr_attest_text(&t);
}

static const char *attest_in(struct peer *by, const struct peer *of, const char *room,
                             struct kr_digest *ret_digest)
{
    struct kr_buf text = attestation(by, of, room);
    struct kr_request r = {.kind = KR_REQ_ATTEST, .room = ROOM, .u.attest = {.text = kr_buf_span(&text)}};
    r.u.attest.sig = peer_sign(by, r.u.attest.text);
    if (ret_digest)
        *ret_digest = kr_attest_digest(r.u.attest.text);
    peer_send(&w, by, &r);
    kr_buf_done(&text);
    return by->error;
}

static const char *take_back(struct peer *by, const struct kr_digest *digest)
{
    const struct kr_revoke_text t = {
        .verifier = by->device, .attestation = *digest, .issued_s = w.now.wall_ms / 1000};
    struct kr_buf text = kr_revoke_text(&t);
    struct kr_request r = {.kind = KR_REQ_UNATTEST, .room = ROOM, .u.attest = {.text = kr_buf_span(&text)}};
    r.u.attest.sig = peer_sign(by, r.u.attest.text);
    peer_send(&w, by, &r);
    kr_buf_done(&text);
    return by->error;
}

/* Else a device that nobody verified could have each of its words told to all rooms. */
static void told_where_its_subject_is(void **state)
{
    (void)state;
    struct kr_digest digest;
    struct peer *a = joined("alice"), *b = joined("bob"), *c = joined_other("carol");
    assert_string_equal(attest_in(a, b, KR_ATTEST_ANY_ROOM, &digest), "");
    assert_int_equal(a->attestations, 1);
    assert_int_equal(b->attestations, 1);
    assert_int_equal(c->attestations, 0);
    joined_other("bob"); /* now it is of use there */
    assert_int_equal(c->attestations, 1);
    struct peer *d = joined_other("dave");
    assert_int_equal(d->attestations, 1);
    leave_other(b);
    assert_string_equal(take_back(a, &digest), "");
    assert_int_equal(a->revocations, 1);
    assert_int_equal(b->revocations, 1);
    assert_int_equal(c->revocations, 0);
    joined_other("bob"); /* with what they know of it they would take it for verified */
    assert_int_equal(c->revocations, 1);
    assert_int_equal(d->revocations, 1);
    assert_int_equal(c->attestations, 1);
    assert_int_equal(joined_other("erin")->revocations, 0); /* who comes later knows of nothing */
}

/* Rooms come back one after the other. */
static void told_once_the_room_has_recovered(void **state)
{
    (void)state;
    struct kr_digest digest;
    struct peer *a = joined("alice"), *b = joined("bob"), *c = joined_other("carol");
    joined_other("bob");
    assert_string_equal(attest_in(a, b, KR_ATTEST_ANY_ROOM, &digest), "");
    assert_int_equal(c->attestations, 1);
    for (int restarts = 0; restarts < 2; restarts++) {
        if (restarts) {
            world_restart(&w);
        } else {
            world_link_down(&w);
            world_link_up(&w);
        }
        world_joined(&w);
        if (!restarts)
            assert_string_equal(take_back(a, &digest), "");
        assert_string_equal(attest_in(a, b, KR_ATTEST_ANY_ROOM, NULL), "");
        assert_int_equal(c->attestations, 1 + restarts);
        enter_other(b);
        enter_other(c);
        service_in_other();
        assert_int_equal(c->attestations, 2 + restarts);
        assert_int_equal(c->revocations, 1);
    }
}

static void a_verifiers_standing_is_not_told(void **state)
{
    (void)state;
    struct peer *a = joined("alice"), *b = joined("bob"), *c = joined("carol");
    assert_string_equal(attest_in(a, b, ROOM, NULL), "");
    assert_string_equal(attest_in(a, c, ROOM, NULL), "");
    assert_int_equal(c->attestations, 2);
    static const char *const affiliations[] = {"admin", "owner", "admin"};
    for (size_t i = 0; i < 3; i++) {
        a->affiliation = affiliations[i];
        peer_enter(&w, a);
    }
    assert_int_equal(c->attestations, 2);
    struct kr_room_view v;
    assert_true(world_view(&w, &v));
    assert_int_equal(v.members, 3); /* its word counts nevertheless, also that of before */
    struct peer *d = joined("dave");
    assert_int_equal(d->attestations, 2);
}

static void another_attach_gives_no_new_quota(void **state)
{
    (void)state;
    struct kr_digest last;
    struct peer *a = joined("alice"), *b = joined("bob");
    for (int i = 0; i < KR_ATTESTATIONS_A_MINUTE; i++)
        assert_string_equal(attest_in(a, b, KR_ATTEST_ANY_ROOM, &last), "");
    assert_string_equal(attest_in(a, b, KR_ATTEST_ANY_ROOM, NULL), "quota");
    assert_string_equal(take_back(a, &last), "quota");
    peer_leave(&w, a);
    world_wait(&w, 30000);
    joined("alice");
    assert_string_equal(attest_in(a, b, KR_ATTEST_ANY_ROOM, NULL), "quota");
    assert_int_equal(b->attestations, KR_ATTESTATIONS_A_MINUTE);
    world_wait(&w, 31000);
    assert_string_equal(attest_in(a, b, KR_ATTEST_ANY_ROOM, NULL), "");
}

/* The request alone, with what the turn has brought already in *out. */
static void step(const struct peer *by, const struct kr_request *r, struct kr_output *out)
{
    struct kr_xml x;
    struct kr_arena arena;
    struct kr_el *el = NULL;
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_iq_start(&x, "set", by->jid, SERVICE, "s1");
    kr_request_encode(&x, r);
    kr_xml_end(&x);
    char *xml = kr_xml_take(&x);
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    assert_int_equal(kr_el_parse(&arena, xml, strlen(xml), &el), 0);
    el->ns = KR_NS_COMPONENT;
    kr_core_step(w.core, &(struct kr_event){.kind = KR_EV_STANZA, .now = w.now, .u.stanza = el}, out);
    kr_arena_done(&arena);
    free(xml);
}

/* One turn may have 512 of them, and the core is told only afterwards that the link is full. */
static void a_turn_takes_only_so_many(void **state)
{
    (void)state;
    struct peer *a = joined("alice"), *b = joined("bob");
    struct kr_output out;
    kr_output_init(&out);
    for (int i = 0; i < KR_QUEUE_SOFT; i++)
        kr_output_send(&out, kr_strdup("<message/>"));
    struct kr_buf text = attestation(a, b, ROOM);
    struct kr_request r = {.kind = KR_REQ_ATTEST, .room = ROOM, .u.attest = {.text = kr_buf_span(&text)}};
    r.u.attest.sig = peer_sign(a, r.u.attest.text);
    step(a, &r, &out);
    assert_int_equal(out.send_count, KR_QUEUE_SOFT + 1);
    assert_non_null(strstr(out.sends[KR_QUEUE_SOFT].xml, "<busy"));
    assert_int_equal(out.write_count, 0);
    kr_output_done(&out);
    kr_buf_done(&text);
    assert_string_equal(attest_in(a, b, ROOM, NULL), "");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(told_where_its_subject_is),        T(told_once_the_room_has_recovered),
        T(a_verifiers_standing_is_not_told), T(another_attach_gives_no_new_quota),
        T(a_turn_takes_only_so_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
