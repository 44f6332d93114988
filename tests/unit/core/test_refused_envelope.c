/* Envelopes and acks that are refused, or taken only in part. */
#include "refused.h"

#include <stdio.h>
#include <string.h>

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
    r.in = kr_tag(&a->instance);
    r.in.b[5] ^= 1;
    refused(a, &r, "stale-epoch");
    struct peer *c = world_peer(&w, "carol");
    world_control(&w, KR_CONTROL_REVOKE, c, "*"); /* abandons 4, announces 5 */
    refused(a, &good, "stale-epoch");
    r = peer_envelope(b, KR_ROUND_2, entries);
    r.in = kr_tag(&b->instance);
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
    char in[KR_TAG_TEXT];
    struct kr_tag tag = kr_tag(&a->instance);
    kr_tag_write(in, &tag);
    static const struct {
        const char *body, *condition;
    } cases[] = {{"AAA=", "bad-base64"}, {"A AA", "bad-base64"}, {"AAAA", "malformed"}, {"!", "bad-base64"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kr_digest before = world_state(&w);
        world_xml(&w,
                  "<iq type='set' id='1' from='%s' to='" SERVICE
                  "'><envelope xmlns='urn:keyroom:1' in='%s' epoch='4' sig='%085dA'>%s</envelope></iq>",
                  a->jid, in, 0, cases[i].body);

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
    world_wait(&w, 100);
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
    r.in = kr_tag(&a->instance);
    refused(m, &r, "not-member");
    peer_leave(&w, b);
    refused(b, &r, "not-occupant"); /* it has just left */
}

/* By message an ack is answered when it is refused, and not otherwise (6.5). */
static void acks_by_message(void **state)
{
    (void)state;
    struct peer *a, *b;
    char in[KR_TAG_TEXT];
    in_flight(&a, &b);
    struct kr_tag tag = kr_tag(&a->instance);
    kr_tag_write(in, &tag);
    static const struct {
        const char *attrs, *error;
    } cases[] = {{"epoch='9'", "unknown-epoch"},
                 {"epoch='0'", "malformed"},
                 {"epoch='4' missing='0 99'", "malformed"},
                 {"", "malformed"},
                 {"epoch='4' missing='0'", "silence"},
                 {"type='chat'", "silence"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool typed = strncmp(cases[i].attrs, "type", 4) == 0;
        struct kr_stats before, after;
        kr_core_stats(w.core, &before);
        snprintf(a->error, sizeof(a->error), "silence");
        world_xml(&w,
                  "<message from='%s' to='" SERVICE "' %s><ack xmlns='urn:keyroom:1' in='%s' %s/></message>",
                  a->jid, typed ? cases[i].attrs : "", in, typed ? "epoch='4'" : cases[i].attrs);
        kr_core_stats(w.core, &after);
        assert_string_equal(a->error, cases[i].error);
        assert_int_equal(after.acks - before.acks, strcmp(cases[i].error, "silence") == 0 && !typed);
    }
    struct kr_stats before_all, after_all;
    struct peer *m = world_peer(&w, "mallory");
    snprintf(m->error, sizeof(m->error), "silence");
    world_xml(&w,
              "<message from='%s' to='" SERVICE "'><ack xmlns='urn:keyroom:1' in='%s' epoch='4'/></message>",
              m->jid, in);
    assert_string_equal(m->error, "not-occupant");
    snprintf(m->error, sizeof(m->error), "silence");
    world_xml(&w,
              "<message type='error' from='%s' to='" SERVICE
              "'><ack xmlns='urn:keyroom:1' in='%s' epoch='4'/></message>",
              m->jid, in);
    assert_string_equal(m->error, "silence"); /* what is an error itself is never answered */
    /* nor what comes through the room, which would put us out for it; sent to nobody that is listed here, an
     * answer would end the test */
    kr_core_stats(w.core, &before_all);
    world_xml(&w, "<message from='" ROOM "/alice' to='" SERVICE
                  "'><ack xmlns='urn:keyroom:1' in='AAAAAAAA' epoch='1'/></message>");
    world_xml(&w,
              "<message from='" ROOM "/alice' to='" SERVICE
              "'><ack xmlns='urn:keyroom:1' in='%s' epoch='9'/></message>",
              in);
    kr_core_stats(w.core, &after_all);
    assert_int_equal(after_all.requests, before_all.requests);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(envelope_epochs),          T(envelope_recipients),
        T(supplements_seal),         T(envelope_context_is_signed),
        T(envelope_in_parts),        T(envelope_texts),
        T(withheld_then_supplement), T(acks_for_nothing),
        T(acks_by_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
