#include "world.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "message/stanza.h"
#include "parse/text.h"
#include "store_memory/memory.h"
#include "support/log_name.h"
#include "support/room_settings.h"
#include "support/turn.h"
#include "xml/ns.h"

static const uint8_t dummy[KR_CIPHERTEXT_MAX] = {1, 2, 3};
enum { SHORT = 64 };

/* splitmix64 */
static uint64_t next(struct world *w)
{
    uint64_t z = (w->seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void fill(void *state, void *out, size_t len)
{
    uint8_t *b = out;
    for (size_t i = 0; i < len; i++)
        b[i] = (uint8_t)next(state);
}

void world_fill(struct world *w, void *out, size_t len)
{
    fill(w, out, len);
}

uint64_t world_random(struct world *w, uint64_t below)
{
    return next(w) % below;
}

/* --- turns --- */

static void peer_receive(struct world *w, struct peer *p, const struct kr_el *el);

static void receive(struct world *w, const char *xml)
{
    assert_true(strlen(xml) < KR_SPLIT_LEN + 1024);
    struct kr_arena arena;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    struct kr_el *el = NULL;
    assert_int_equal(kr_el_parse(&arena, xml, strlen(xml), &el), 0);
    const char *to = kr_el_attr(el, "to");
    assert_non_null(to);
    if (strcmp(el->name, "presence") == 0) {
        w->joins_sent += kr_el_attr(el, "type") == NULL;
        snprintf(w->last_presence, sizeof(w->last_presence), "%s", xml);
    }
    if (strcmp(el->name, "iq") == 0 && strcmp(kr_el_attr(el, "type"), "error") == 0)
        w->service_errors++;
    bool known = strcmp(to, "muc.example.org") == 0; /* the module there is given orders */
    for (size_t i = 0; i < w->peer_count; i++) {
        if (strcmp(w->peers[i].jid, to) != 0)
            continue;
        known = true;
        peer_receive(w, &w->peers[i], el);
    }
    assert_true(known || strcmp(el->name, "message") != 0); /* nothing is told to strangers */
    kr_arena_done(&arena);
}

static void keep_traces(struct world *w, const struct kr_output *out)
{
    for (size_t i = 0; i < out->trace_count; i++) {
        size_t old = strlen(w->traces), len = strlen(out->traces[i].line);
        w->traces = realloc(w->traces, old + len + 2);
        memcpy(w->traces + old, out->traces[i].line, len);
        memcpy(w->traces + old + len, "\n", 2);
        if (getenv("KR_TEST_TRACE"))
            printf("%8llu %s\n", (unsigned long long)w->now.mono_ms, out->traces[i].line);
    }
}

static void turn(struct world *w, const struct kr_event *event)
{
    struct kr_output out;
    kr_output_init(&out);
    assert_int_equal(kr_test_turn(w->core, w->store, event, &out, &w->writes), 0);
    keep_traces(w, &out);
    for (size_t i = 0; i < out.reply_count; i++) {
        w->reply_err = out.replies[i].err;
        snprintf(w->reply, sizeof(w->reply), "%s", out.replies[i].text);
    }
    w->sends += out.send_count;
    for (size_t i = 0; i < out.send_count; i++)
        receive(w, out.sends[i].xml);
    kr_output_done(&out);
}

/* What an honest client does by itself. True if it did something. */
static bool react(struct world *w, struct peer *p)
{
    if (!p->attached || p->mute || !p->highest || kr_roster_find(&p->roster, &p->attach) < 0)
        return false;
    size_t me = (size_t)kr_roster_find(&p->roster, &p->attach);
    struct kr_sealing sealing = kr_sealing(&p->roster, &p->link);
    struct kr_packed entries[PEERS_MAX];
    for (int round = KR_ROUND_1; round <= KR_ROUND_2; round++) {
        if (p->sealed[round] || kr_round_count(&sealing, (enum kr_round)round, me) == 0)
            continue;
        p->sealed[round] = true;
        struct kr_request r = peer_envelope(p, (enum kr_round)round, entries);
        peer_send(w, p, &r);
        return true;
    }
    bool waits = false; /* for something to be delivered */
    for (size_t i = 0; i < p->roster.len; i++)
        waits = waits || kr_round_any(&sealing, i, me) || sealing.source == KR_SOURCE_PARTICIPANTS;
    if (!p->acked && (p->last_delivers || p->roster.len == 1 || !waits)) {
        p->acked = true;
        struct kr_request r = peer_ack(p);
        peer_send(w, p, &r);
        return true;
    }
    return false;
}

static void settle(struct world *w)
{
    static bool inside;
    if (inside || w->quiet)
        return;
    inside = true;
    for (size_t i = 0; i < w->peer_count;) {
        i = react(w, &w->peers[i]) ? 0 : i + 1;
    }
    inside = false;
}

void world_event(struct world *w, const struct kr_event *event)
{
    w->traces[0] = '\0';
    w->writes = w->sends = 0;
    turn(w, event);
    settle(w);
}

void world_xml(struct world *w, const char *fmt, ...)
{
    static char xml[KR_STANZA_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(xml, sizeof(xml), fmt, args);
    va_end(args);
    struct kr_arena arena;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    struct kr_el *el = NULL;
    assert_int_equal(kr_el_parse(&arena, xml, strlen(xml), &el), 0);
    el->ns = KR_NS_COMPONENT;
    struct kr_event e = {.kind = KR_EV_STANZA, .now = w->now, .u.stanza = el};
    world_event(w, &e);
    kr_arena_done(&arena);
}

void world_wait(struct world *w, uint64_t ms)
{
    uint64_t end = w->now.mono_ms + ms;
    for (;;) {
        uint64_t at = kr_core_deadline(w->core);
        uint64_t to = at > end ? end : at > w->now.mono_ms ? at : w->now.mono_ms;
        w->now.wall_ms += to - w->now.mono_ms;
        w->now.mono_ms = to;
        if (at > end)
            return;
        struct kr_event e = {.kind = KR_EV_TICK, .now = w->now};
        world_event(w, &e);
        /* A deadline that a tick does not move would be a busy loop. */
        if (kr_core_deadline(w->core) <= w->now.mono_ms)
            fail_msg("the deadline %llu stays at %llu", (unsigned long long)kr_core_deadline(w->core),
                     (unsigned long long)w->now.mono_ms);
    }
}

void world_control(struct world *w, enum kr_control_kind kind, const struct peer *p, const char *scope)
{
    struct kr_control c = {.token = 7, .kind = kind, .scope = scope, .reason = ""};
    if (p)
        c.device = p->device;
    struct kr_event e = {.kind = KR_EV_CONTROL, .now = w->now, .u.control = &c};
    world_event(w, &e);
}

/* --- the world --- */

void world_init(struct world *w, uint64_t seed)
{
    assert_true(sodium_init() >= 0);
    memset(w, 0, sizeof(*w));
    w->seed = seed;
    w->random = (struct kr_random){fill, w};
    w->now = (struct kr_now){1000000, 1700000000000};
    w->traces = kr_strdup("");
    w->store = kr_store_memory_new();
    static char *rooms[] = {(char *)ROOM};
    static char *domains[] = {(char *)"muc.example.org"};
    static char *inviters[] = {(char *)"focus@auth.example.org"};
    static char *registered[] = {(char *)"example.org"};
    w->room_settings = kr_test_room_settings(KR_AUTHORISE_OCCUPANTS);
    w->settings = (struct kr_settings){.jid = (char *)SERVICE,
                                       .nick = (char *)"keyroom",
                                       .version = (char *)"test",
                                       .rooms = rooms,
                                       .room_count = 1,
                                       .muc_domains = domains,
                                       .muc_domain_count = 1,
                                       .inviters = inviters,
                                       .inviter_count = 1,
                                       .registered_domains = registered,
                                       .registered_domain_count = 1,
                                       .room_settings = &w->room_settings,
                                       .room_settings_count = 1};
    w->core = kr_core_new(&w->settings, &w->random);
}

void world_done(struct world *w)
{
    kr_core_free(w->core);
    w->store->ops->close(w->store);
    for (size_t i = 0; i < w->peer_count; i++) {
        kr_roster_done(&w->peers[i].roster);
        kr_roster_done(&w->peers[i].building);
        free(w->peers[i].have);
    }
    free(w->traces);
}

static void start(struct world *w)
{
    struct kr_snapshot snapshot = {0};
    assert_int_equal(w->store->ops->load(w->store, &snapshot), 0);
    struct kr_event e = {.kind = KR_EV_START, .now = w->now, .u.snapshot = &snapshot};
    world_event(w, &e);
    kr_snapshot_done(&snapshot);
}

void world_link_up(struct world *w)
{
    struct kr_event e = {.kind = KR_EV_LINK_UP, .now = w->now};
    world_event(w, &e);
}

void world_link_down(struct world *w)
{
    struct kr_event e = {.kind = KR_EV_LINK_DOWN, .now = w->now};
    world_event(w, &e);
}

void world_settings(struct world *w)
{
    struct kr_event e = {.kind = KR_EV_SETTINGS, .now = w->now, .u.settings = &w->settings};
    world_event(w, &e);
}

static void show(struct world *w, struct peer *p)
{
    char device[KR_ID_TEXT];
    kr_id_write(device, &p->device);
    world_xml(w,
              "<presence from='" ROOM "/%s' to='" SERVICE "'><x xmlns='http://jabber.org/protocol/muc#user'>"
              "<item affiliation='%s' role='participant' jid='%s'/></x><device xmlns='urn:keyroom:1' "
              "id='%s'/></presence>",
              p->nick, p->affiliation, p->jid, device);
}

void world_joined(struct world *w)
{
    for (size_t i = 0; i < w->peer_count; i++) {
        if (w->peers[i].present)
            show(w, &w->peers[i]);
    }
    world_xml(w, "<presence from='" ROOM "/keyroom' to='" SERVICE
                 "'><x xmlns='http://jabber.org/protocol/muc#user'>"
                 "<item affiliation='admin' role='moderator' jid='" SERVICE
                 "'/><status code='110'/></x></presence>");
}

void world_start(struct world *w)
{
    start(w);
    world_link_up(w);
    world_joined(w);
}

void world_restart(struct world *w)
{
    kr_core_free(w->core);
    w->core = kr_core_new(&w->settings, &w->random);
    start(w);
    world_link_up(w);
}

static bool take_room(void *arg, const struct kr_room_view *v)
{
    *(struct kr_room_view *)arg = *v;
    return false;
}

bool world_view(struct world *w, struct kr_room_view *ret_view)
{
    memset(ret_view, 0, sizeof(*ret_view));
    kr_core_rooms(w->core, w->now.mono_ms, take_room, ret_view);
    return ret_view->room != NULL;
}

static bool add_member(void *arg, const struct kr_member_view *v)
{
    char id[KR_ID_TEXT];
    kr_id_write(id, &v->attach);
    kr_buf_printf(arg, "%s|%s|%s|%s|%s|%d%d%d%d%d|%llu\n", v->participant, v->owner, v->full_jid,
                  v->affiliation, id, v->attached, v->member, v->waiting, v->settled, v->laggard,
                  (unsigned long long)v->acked_epoch);
    return true;
}

static bool add_room(void *arg, const struct kr_room_view *v)
{
    kr_buf_printf(arg, "%s %d%d%d %zu %zu %zu %llu %llu %d\n", v->room, v->joined, v->blind, v->joins_held,
                  v->occupants, v->members, v->waiting, (unsigned long long)v->epoch,
                  (unsigned long long)v->committed_epoch, v->in_flight);
    return true;
}

struct kr_digest world_state(struct world *w)
{
    struct kr_buf b;
    kr_buf_init(&b, 1 << 20);
    kr_core_rooms(w->core, w->now.mono_ms, add_room, &b);
    kr_core_members(w->core, ROOM, add_member, &b);
    struct kr_stats s;
    kr_core_stats(w->core, &s);
    kr_buf_printf(&b, "%llu %llu %llu %llu", (unsigned long long)s.envelopes, (unsigned long long)s.acks,
                  (unsigned long long)s.claims, (unsigned long long)s.attaches);
    struct kr_digest d = kr_sha256(kr_buf_span(&b));
    kr_buf_done(&b);
    return d;
}

bool world_traced(const struct world *w, const char *text)
{
    return strstr(w->traces, text) != NULL;
}

/* --- peers --- */

struct peer *world_peer(struct world *w, const char *nick)
{
    for (size_t i = 0; i < w->peer_count; i++) {
        if (strcmp(w->peers[i].nick, nick) == 0)
            return &w->peers[i];
    }
    assert_true(w->peer_count < PEERS_MAX);
    struct peer *p = &w->peers[w->peer_count++];
    snprintf(p->nick, sizeof(p->nick), "%s", nick);
    snprintf(p->jid, sizeof(p->jid), "%s@example.org/1", nick);
    p->affiliation = "none";
    uint8_t seed[32];
    fill(w, seed, sizeof(seed));
    crypto_sign_seed_keypair(p->ed25519.b, p->ed_secret, seed);
    fill(w, p->curve25519.b, sizeof(p->curve25519.b));
    p->device = kr_device_id(&p->ed25519, &p->curve25519);
    kr_roster_init(&p->roster);
    kr_roster_init(&p->building);
    return p;
}

struct kr_sig peer_sign(const struct peer *p, struct kr_span text)
{
    struct kr_sig sig;
    crypto_sign_detached(sig.b, NULL, text.ptr, text.len, p->ed_secret);
    return sig;
}

static struct kr_sig sign(const struct peer *p, struct kr_buf *text)
{
    assert_int_equal(text->err, 0);
    struct kr_sig sig = peer_sign(p, kr_buf_span(text));
    kr_buf_done(text);
    return sig;
}

void peer_enter(struct world *w, struct peer *p)
{
    p->present = true;
    show(w, p);
}

void peer_leave(struct world *w, struct peer *p)
{
    p->present = p->attached = false;
    p->highest = 0;
    kr_roster_done(&p->roster);
    kr_roster_init(&p->roster);
    world_xml(w,
              "<presence type='unavailable' from='" ROOM "/%s' to='" SERVICE "'>"
              "<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='none' role='none' "
              "jid='%s'/></x></presence>",
              p->nick, p->jid);
}

void peer_send_as(struct world *w, struct peer *p, const char *jid, const struct kr_request *r)
{
    struct kr_xml x;
    char id[32];
    snprintf(id, sizeof(id), "q%llu", (unsigned long long)++w->iq);
    kr_xml_init(&x, KR_STANZA_MAX);
    struct kr_request q = *r;
    if (kr_is_tag_of(&q.in, &(struct kr_id){{0}}))
        q.in = kr_tag(&p->instance);
    kr_iq_start(&x, kr_request_is_set(q.kind) ? "set" : "get", jid, SERVICE, id);
    kr_request_encode(&x, &q);
    kr_xml_end(&x);
    char *xml = kr_xml_take(&x);
    assert_non_null(xml);
    snprintf(p->error, sizeof(p->error), "unanswered");
    p->answer[0] = '\0';
    world_xml(w, "%s", xml);
    free(xml);
}

void peer_send(struct world *w, struct peer *p, const struct kr_request *r)
{
    peer_send_as(w, p, p->jid, r);
}

void peer_challenge(struct world *w, struct peer *p)
{
    struct kr_request r = {.kind = KR_REQ_CHALLENGE, .room = ROOM};
    peer_send(w, p, &r);
}

void peer_new_attach(struct world *w, struct peer *p)
{
    fill(w, p->attach.b, sizeof(p->attach.b));
}

void peer_sign_key(const struct peer *p, enum kr_key_kind kind, struct kr_signed_key *k)
{
    struct kr_key_text t = {.kind = kind, .key = k->key, .device = p->device, .attach = p->attach};
    struct kr_buf text = kr_key_text(&t);
    k->sig = sign(p, &text);
}

void peer_sign_attach(struct peer *p, struct kr_request *r)
{
    const struct kr_req_attach *a = &r->u.attach;
    struct kr_attach_text t = {.room = r->room,
                               .instance = a->instance,
                               .participant = a->participant,
                               .owner = a->owner,
                               .device = a->device,
                               .attach = a->attach,
                               .nonce = a->nonce};
    struct kr_buf text = kr_attach_text(&t);
    r->u.attach.sig = sign(p, &text);
}

struct kr_request peer_attach_request(struct world *w, struct peer *p, struct kr_signed_key *otks,
                                      size_t count)
{
    bool registered = strstr(p->jid, "@example.org/") != NULL;
    snprintf(p->owner, sizeof(p->owner), "%.*s", registered ? (int)strcspn(p->jid, "/") : 0, p->jid);
    struct kr_request r = {.kind = KR_REQ_ATTACH,
                           .room = ROOM,
                           .u.attach = {.instance = p->instance,
                                        .device = p->device,
                                        .attach = p->attach,
                                        .nonce = p->nonce,
                                        .participant = p->nick,
                                        .owner = p->owner,
                                        .sources = p->sources,
                                        .lead = p->lead,
                                        .ed25519 = p->ed25519,
                                        .curve25519 = p->curve25519,
                                        .otks = otks,
                                        .otk_count = count}};
    for (size_t i = 0; i < count; i++) {
        fill(w, otks[i].key.b, sizeof(otks[i].key.b));
        peer_sign_key(p, KR_KEY_ONE_TIME, &otks[i]);
    }
    fill(w, r.u.attach.fallback.key.b, sizeof(r.u.attach.fallback.key.b));
    peer_sign_key(p, KR_KEY_FALLBACK, &r.u.attach.fallback);
    peer_sign_attach(p, &r);
    return r;
}

void peer_join(struct world *w, struct peer *p)
{
    struct kr_signed_key otks[5];
    peer_new_attach(w, p);
    peer_enter(w, p);
    peer_challenge(w, p);
    assert_string_equal(p->error, "");
    struct kr_request r = peer_attach_request(w, p, otks, 5);
    p->attached = true;
    peer_send(w, p, &r);
    assert_string_equal(p->error, "");
}

void peer_sign_envelope(struct peer *p, struct kr_request *r)
{
    const struct kr_req_envelope *e = &r->u.envelope;
    struct kr_id sealed_for[PEERS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < e->entry_count; i++) {
        if (e->entries[i].type != KR_PACKED_WITHHELD && e->entries[i].index < p->roster.len)
            sealed_for[count++] = p->roster.entries[e->entries[i].index].attach;
    }
    struct kr_sealed_text t = {.room = r->room,
                               .instance = p->instance,
                               .epoch = e->epoch,
                               .context = p->context,
                               .attach = p->attach,
                               .round = e->round,
                               .recipients = kr_recipients_digest(sealed_for, count),
                               .has_confirm = e->has_confirm,
                               .confirm = e->confirm};
    struct kr_buf text = kr_sealed_text(&t);
    r->u.envelope.sig = sign(p, &text);
    r->u.envelope.has_sig = true;
}

static struct kr_request envelope(struct peer *p, enum kr_round round, struct kr_packed *entries,
                                  size_t count)
{
    struct kr_request r = {.kind = KR_REQ_ENVELOPE,
                           .room = ROOM,
                           .u.envelope = {.epoch = p->link.epoch,
                                          .round = round,
                                          .part = 1,
                                          .of = 1,
                                          .has_confirm = kr_source_is_led(p->link.source),
                                          .confirm = p->confirm,
                                          .entries = entries,
                                          .entry_count = count}};
    peer_sign_envelope(p, &r);
    return r;
}

struct kr_request peer_envelope(struct peer *p, enum kr_round round, struct kr_packed *entries)
{
    size_t me = (size_t)kr_roster_find(&p->roster, &p->attach), count = 0;
    struct kr_sealing sealing = kr_sealing(&p->roster, &p->link);
    for (size_t i = 0; i < p->roster.len; i++) {
        if (kr_round_has(&sealing, round, me, i))
            entries[count++] = (struct kr_packed){(uint16_t)i, KR_PACKED_NORMAL,
                                                  kr_span(dummy, p->body_len ? p->body_len : SHORT)};
    }
    return envelope(p, round, entries, count);
}

struct kr_request peer_supplement(struct peer *p, struct kr_packed *entries, const uint16_t *to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        entries[i] =
            (struct kr_packed){to[i], KR_PACKED_NORMAL, kr_span(dummy, p->body_len ? p->body_len : SHORT)};
    return envelope(p, KR_ROUND_SUPPLEMENT, entries, count);
}

struct kr_request peer_ack(struct peer *p)
{
    static uint16_t missing[PEERS_MAX];
    size_t me = (size_t)kr_roster_find(&p->roster, &p->attach), count = 0;
    struct kr_sealing sealing = kr_sealing(&p->roster, &p->link);
    for (size_t i = 0; i < p->roster.len; i++) {
        bool deaf = p->deaf_to && kr_id_equal(&p->deaf_to->attach, &p->roster.entries[i].attach);
        if (kr_round_any(&sealing, i, me) && (!p->have[i] || deaf))
            missing[count++] = (uint16_t)i;
    }
    bool ratcheted = kr_source_is_led(p->link.source) && p->link.kind == KR_EPOCH_RATCHET &&
                     !p->roster.entries[me].is_new && count == 0;
    return (struct kr_request){.kind = KR_REQ_ACK,
                               .room = ROOM,
                               .u.ack = {.epoch = p->link.epoch,
                                         .missing = missing,
                                         .missing_count = count,
                                         .has_confirm = ratcheted,
                                         .confirm = p->confirm}};
}

/* --- what peers are told --- */

/* Epochs only rise in an instance, and all are told the same of one. */
static void note_epoch(struct world *w, const struct peer *p)
{
    for (size_t i = w->seen_count; i > 0; i--) {
        if (!kr_id_equal(&w->seen[i - 1].instance, &p->instance))
            continue;
        assert_true(w->seen[i - 1].epoch <= p->link.epoch);
        if (w->seen[i - 1].epoch == p->link.epoch) {
            assert_memory_equal(&w->seen[i - 1].context, &p->context, sizeof(p->context));
            return;
        }
        break;
    }
    assert_true(w->seen_count < sizeof(w->seen) / sizeof(w->seen[0]));
    w->seen[w->seen_count].instance = p->instance;
    w->seen[w->seen_count].epoch = p->link.epoch;
    w->seen[w->seen_count++].context = p->context;
}

static void note_key(struct world *w, const struct kr_key *key)
{
    for (size_t i = 0; i < w->given_count; i++)
        assert_memory_not_equal(&w->given[i], key, sizeof(*key));
    assert_true(w->given_count < sizeof(w->given) / sizeof(w->given[0]));
    w->given[w->given_count++] = *key;
}

static void drop_line(struct kr_roster *r, const struct kr_id *attach)
{
    int at = kr_roster_find(r, attach);
    if (at < 0)
        return;
    free(r->entries[at].participant);
    free(r->entries[at].owner);
    kr_buf_done(&r->entries[at].line);
    r->entries[at] = r->entries[--r->len];
    r->sealed = false;
}

/* The roster in p->building, part by part. True when it is complete. */
static bool build_roster(struct peer *p, const struct kr_notice_announce *a)
{
    struct kr_roster *r = &p->building;
    if (a->part == 1) {
        kr_roster_done(r);
        kr_roster_init(r);
        for (size_t i = 0; !a->full && i < p->roster.len; i++) {
            const struct kr_roster_entry *e = &p->roster.entries[i];
            kr_roster_add(r, e->participant, e->owner, &e->ed25519, &e->curve25519, &e->attach, false);
        }
        for (size_t k = 0; k < a->gone_count; k++)
            drop_line(r, &a->gone[k].attach);
        if (a->full) {
            struct kr_policy policy;
            assert_int_equal(kr_policy_read(a->policy_text, ROOM, &policy), 0);
        }
        p->heard = *a;
        assert_int_equal(kr_announce_fill(&p->heard, ROOM, &p->link, &p->context), 0);
    }
    assert_int_equal(a->part, p->parts + 1);
    p->parts = a->part == a->of ? 0 : a->part;
    for (size_t i = 0; i < a->member_count; i++) {
        const struct kr_member_line *m = &a->members[i];
        drop_line(r, &m->attach);
        kr_roster_add(r, m->participant, m->owner, &m->ed25519, &m->curve25519, &m->attach, m->is_new);
    }
    return a->part == a->of;
}

static void on_announce(struct world *w, struct peer *p, const struct kr_notice_announce *a)
{
    if (!build_roster(p, a))
        return;
    assert_int_equal(kr_roster_seal(&p->building), 0);
    if (a->full) { /* the digest is that of what it was told */
        assert_int_equal(p->building.len, a->size);
        assert_true(kr_digest_equal(&p->building.digest, &a->link.roster));
    } else {
        struct kr_roster_check check = kr_roster_check(&p->building);
        assert_memory_equal(&check, &a->check, sizeof(check));
    }
    assert_true(kr_roster_find(&p->building, &p->attach) >= 0);
    struct kr_id instance = a->full ? a->instance : p->instance;
    bool again = a->link.epoch == p->highest && kr_id_equal(&p->instance, &instance);
    kr_roster_done(&p->roster);
    p->roster = p->building; /* transferred */
    kr_roster_init(&p->building);
    p->instance = instance;
    p->link = p->heard.link;
    p->link.roster = p->roster.digest;
    if (kr_source_is_led(p->link.source))
        p->link.leader = p->roster.entries[a->leader].attach;
    kr_test_log_name(a, &p->link);
    p->reasons = a->reasons;
    p->highest = a->link.epoch;
    p->announces++;
    p->context = kr_context(ROOM, &instance, a->has_prev ? &p->heard.prev_context : NULL, &p->link);
    note_epoch(w, p);
    if (again)
        return;
    p->sealed[1] = p->sealed[2] = p->acked = p->was_told = false;
    memset(&p->confirm, 7, sizeof(p->confirm));
    p->entries = p->last_delivers = 0;
    free(p->have);
    p->have = kr_calloc(PEERS_MAX + 1, sizeof(*p->have));
}

static void on_notice(struct world *w, struct peer *p, const struct kr_notice *n)
{
    switch (n->kind) {
    case KR_NOTICE_ANNOUNCE:
        on_announce(w, p, &n->u.announce);
        break;
    case KR_NOTICE_DELIVER:
        p->delivers++;
        assert_true(n->u.deliver.epoch == p->link.epoch || n->u.deliver.epoch == p->committed);
        if (n->u.deliver.epoch != p->link.epoch)
            break;
        p->was_told = n->u.deliver.has_confirm;
        p->told = n->u.deliver.confirm;
        p->last_delivers += n->u.deliver.last && n->u.deliver.part == n->u.deliver.of;
        p->deliver_parts = n->u.deliver.of > p->deliver_parts ? n->u.deliver.of : p->deliver_parts;
        for (size_t i = 0; i < n->u.deliver.entry_count; i++) {
            p->have[n->u.deliver.entries[i].index]++;
            p->entries++;
        }
        break;
    case KR_NOTICE_COMMIT:
        p->commits++;
        p->committed = n->u.commit.epoch;
        p->commit = n->u.commit;
        p->laggards = n->u.commit.laggard_count;
        p->silent = n->u.commit.silent_count;
        break;
    case KR_NOTICE_WANTED:
        p->wanted++;
        break;
    case KR_NOTICE_LOW:
        p->low++;
        break;
    case KR_NOTICE_DETACHED:
        p->detached++;
        p->attached = false;
        snprintf(p->detached_reason, sizeof(p->detached_reason), "%s", n->u.detached.reason);
        break;
    case KR_NOTICE_ATTESTATIONS:
        break;
    case KR_NOTICE_STATE:
        p->states++;
        p->mode = n->u.state.mode;
        p->exposed = n->u.state.exposed;
        p->joins_held = n->u.state.joins_held;
        p->waiting = n->u.state.waiting_count;
        break;
    case KR_NOTICE_SESSION:
    case KR_NOTICE_KINDS:
        break;
    }
}

static void on_result(struct world *w, struct peer *p, const struct kr_el *payload, struct kr_arena *arena)
{
    p->error[0] = '\0';
    if (!payload)
        return;
    snprintf(p->answer, sizeof(p->answer), "%s", payload->name);
    struct kr_res_challenge c;
    struct kr_res_claimed claimed;
    if (strcmp(payload->name, "challenge") == 0 && kr_res_challenge_decode(payload, arena, &c) == 0) {
        p->instance = c.instance;
        p->nonce = c.nonce;
    }
    if (strcmp(payload->name, "claimed") == 0 && kr_res_claimed_decode(payload, arena, &claimed) == 0) {
        p->claimed = p->claimed_none = p->claimed_fallback = 0;
        for (size_t i = 0; i < claimed.count; i++) {
            p->claimed += !claimed.keys[i].none;
            if (!claimed.keys[i].none && claimed.keys[i].kind == KR_KEY_ONE_TIME)
                note_key(w, &claimed.keys[i].key);
            p->claimed_none += claimed.keys[i].none;
            p->claimed_fallback += !claimed.keys[i].none && claimed.keys[i].kind == KR_KEY_FALLBACK;
        }
    }
}

static void peer_receive(struct world *w, struct peer *p, const struct kr_el *el)
{
    struct kr_arena arena;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    struct kr_notice n;
    if (strcmp(el->name, "iq") == 0 && strcmp(kr_el_attr(el, "type"), "result") == 0) {
        on_result(w, p, el->child, &arena);
    } else if (strcmp(el->name, "iq") == 0 || strcmp(kr_el_attr(el, "type"), "error") == 0) {
        snprintf(p->error, sizeof(p->error), "%s", kr_errname(kr_error_read(el)));
    } else {
        assert_int_equal(kr_notice_decode(el->child, &arena, &n), 0);
        /* No epoch, and nothing of it, for somebody who is not there. */
        if (n.kind == KR_NOTICE_ANNOUNCE || n.kind == KR_NOTICE_DELIVER || n.kind == KR_NOTICE_COMMIT)
            assert_true(p->present && p->attached);
        on_notice(w, p, &n);
    }
    kr_arena_done(&arena);
}
