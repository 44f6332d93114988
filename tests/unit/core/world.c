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

void world_joined(struct world *w)
{
    for (size_t i = 0; i < w->peer_count; i++) {
        if (w->peers[i].present)
            peer_enter(w, &w->peers[i]);
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
