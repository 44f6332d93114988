#include "world.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "message/stanza.h"
#include "parse/text.h"
#include "store_memory/memory.h"
#include "support/report_line.h"
#include "support/room_settings.h"
#include "support/turn.h"
#include "xml/ns.h"

/* splitmix64 */
static void fill(void *state, void *out, size_t len)
{
    struct world *w = state;
    uint8_t *b = out;
    for (size_t i = 0; i < len; i++) {
        uint64_t z = (w->seed += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        b[i] = (uint8_t)(z ^ (z >> 31));
    }
}

/* --- the wire --- */

void world_queue(struct world *w, struct one *to, struct one *from, char *xml)
{
    struct stanza *s = kr_calloc(1, sizeof(*s));
    s->to = to;
    s->from = from;
    s->xml = xml;
    *w->queue_end = s;
    w->queue_end = &s->next;
}

static struct kr_el *parse(struct kr_arena *arena, const char *xml, const char *ns)
{
    struct kr_el *el = NULL;
    kr_arena_init(arena, KR_STANZA_ARENA_MAX);
    assert_int_equal(kr_stanza_parse(arena, xml, strlen(xml), ns, &el), 0);
    return el;
}

/* --- the service --- */

void world_core_event(struct world *w, struct kr_event *e)
{
    struct kr_output out;
    kr_output_init(&out);
    e->now = w->now;
    assert_int_equal(kr_test_turn(w->core, w->store, e, &out, NULL), 0);
    for (size_t i = 0; getenv("KR_TEST_TRACE") && i < out.trace_count; i++)
        printf("%8llu service: %s\n", (unsigned long long)w->now.mono_ms, out.traces[i].line);
    for (size_t i = 0; i < out.send_count; i++) {
        struct kr_arena arena;
        struct kr_el *el = parse(&arena, out.sends[i].xml, KR_NS_COMPONENT);
        const char *to = kr_el_attr(el, "to");
        assert_true(to &&
                    strncmp(to, SERVICE, strlen(SERVICE)) != 0); /* what it says to itself stays in it */
        for (size_t k = 0; to && k < w->count; k++)
            if (strcmp(w->ones[k].jid, to) == 0)
                world_queue(w, &w->ones[k], NULL, kr_strdup(out.sends[i].xml));
        kr_arena_done(&arena);
    }
    for (size_t i = 0; i < out.own_count; i++)
        if (w->own && !w->own_deaf)
            kr_participant_take(w->own, &out.own[i]);
    kr_output_done(&out);
}

static void own_ask(void *arg, const struct kr_el *iq)
{
    struct kr_event e = {.kind = KR_EV_OWN, .u.stanza = iq};
    world_core_event(arg, &e);
}

static void own_warn(void *arg, const char *room, const char *what, const char *why)
{
    (void)arg;
    if (getenv("KR_TEST_TRACE"))
        printf("         own device in %s: %s refused (%s)\n", room, what, why);
}

static void run_own(struct world *w)
{
    const struct kr_participant_hooks hooks = {.arg = w, .ask = own_ask, .warn = own_warn};
    while (w->own && !w->core_down && kr_participant_due(w->own) <= w->now.mono_ms) {
        assert_true(++w->steps < 100000);
        kr_participant_run(w->own, w->now.mono_ms, &hooks);
    }
}

static char *bend_request(struct world *w, struct one *from, const struct kr_el *el, bool *ret_keep)
{
    struct kr_arena arena;
    struct kr_request r;
    struct kr_xml x;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    const char *type = kr_el_attr(el, "type");
    bool message = strcmp(el->name, "message") == 0, set = message || strcmp(type, "set") == 0;
    assert_int_equal(kr_request_decode(el->child, set, &arena, &r), 0);
    *ret_keep = w->request(w, from, &r);
    kr_xml_init(&x, KR_STANZA_MAX);
    if (message && r.kind == KR_REQ_ACK)
        kr_message_start(&x, NULL, from->jid, SERVICE);
    else
        kr_iq_start(&x, set ? "set" : "get", from->jid, SERVICE, message ? "bent" : kr_el_attr(el, "id"));
    kr_request_encode(&x, &r);
    kr_xml_end(&x);
    char *xml = kr_xml_take(&x);
    kr_arena_done(&arena);
    return xml;
}

static void to_service(struct world *w, struct stanza *s)
{
    struct kr_arena arena;
    struct kr_el *el = parse(&arena, s->xml, KR_NS_COMPONENT);
    bool keep = true;
    if (s->from && strcmp(el->name, "presence") == 0) {
        muc_presence(w, s->from, kr_el_attr(el, "type") == NULL);
        keep = false;
    } else if (s->from) {
        char *xml;
        if (w->request) {
            xml = bend_request(w, s->from, el, &keep);
        } else {
            xml = kr_calloc(1, strlen(s->xml) + sizeof(s->from->jid) + 16);
            int name_len = (int)strcspn(s->xml, " ");
            sprintf(xml, "%.*s from='%s'%s", name_len, s->xml, s->from->jid, s->xml + name_len);
        }
        kr_arena_done(&arena);
        el = parse(&arena, xml, KR_NS_COMPONENT);
        free(xml);
    }
    if (keep && !w->core_down) {
        struct kr_event e = {.kind = KR_EV_STANZA, .u.stanza = el};
        world_core_event(w, &e);
    }
    kr_arena_done(&arena);
}

/* --- the clients --- */

static void note(struct one *o, const struct kr_report *r)
{
    struct kr_buf b;
    char *line = kr_report_line(r);
    kr_buf_init(&b, 1 << 20);
    kr_buf_printf(&b, "%s%s\n", o->said, line);
    free(line);
    free(o->said);
    o->said = kr_buf_take_str(&b);
    kr_buf_done(&b);
}

static void step(struct world *w, struct one *o, struct kr_client_event *e)
{
    struct kr_client_output out;
    kr_client_output_init(&out);
    e->now_ms = w->now.mono_ms;
    e->wall_ms = w->now.wall_ms;
    e->jid = o->jid;
    kr_client_step(o->client, e, &out);
    o->deadline_ms = out.deadline_ms;
    for (size_t i = 0; i < out.stanza_count; i++)
        world_queue(w, NULL, o, kr_strdup(out.stanzas[i]));
    size_t before = strlen(o->said);
    for (size_t i = 0; i < out.report_count; i++)
        note(o, &out.reports[i]);
    if (getenv("KR_TEST_TRACE") && o->said[before])
        printf("%8llu %s: %s", (unsigned long long)w->now.mono_ms, o->nick, o->said + before);
    kr_client_output_clear(&out);
    assert_true(kr_client_look(o->client).held <= KR_EPOCHS_HELD_MAX);
}

static void to_client(struct world *w, struct stanza *s)
{
    struct kr_arena arena, bent;
    struct kr_el *el = parse(&arena, s->xml, KR_NS_CLIENT);
    struct kr_notice n;
    bool keep = true;
    if (w->notice && strcmp(el->name, "message") == 0 && el->child) {
        kr_arena_init(&bent, KR_STANZA_ARENA_MAX);
        assert_int_equal(kr_notice_decode(el->child, &bent, &n), 0);
        keep = w->notice(w, s->to, &n);
        struct kr_xml x;
        kr_xml_init(&x, KR_STANZA_MAX);
        kr_message_start(&x, "headline", kr_el_attr(el, "from"), s->to->jid);
        kr_notice_encode(&x, &n);
        kr_xml_end(&x);
        char *xml = kr_xml_take(&x);
        kr_arena_done(&bent);
        kr_arena_done(&arena);
        el = parse(&arena, xml, KR_NS_CLIENT);
        free(xml);
    }
    struct kr_client_event e = {.kind = KR_CLIENT_STANZA, .stanza = el};
    if (keep && !s->to->client)
        w->outside(w, s->to, el);
    else if (keep)
        step(w, s->to, &e);
    kr_arena_done(&arena);
}

void world_spoil_roster(struct kr_notice *n)
{
    n->u.announce.link.roster.b[0] ^= 1;
    n->u.announce.check.b[0] ^= 1;
}

void world_notice(struct world *w, struct one *to, const char *from, const struct kr_notice *n)
{
    struct kr_xml x;
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_message_start(&x, "headline", from, to->jid);
    kr_notice_encode(&x, n);
    kr_xml_end(&x);
    world_queue(w, to, NULL, kr_xml_take(&x));
}

void world_refuse(struct world *w, struct one *to, const char *request, const char *conditions)
{
    char *xml = kr_calloc(1, 1024);
    if (strncmp(request, "<message", 8) == 0)
        snprintf(xml, 1024,
                 "<message type='error' from='" SERVICE "' to='%s'><error type='wait'>%s</error></message>",
                 to->jid, conditions);
    else
        snprintf(xml, 1024,
                 "<iq type='error' from='" SERVICE "' to='%s' id='%.20s'><error type='wait'>%s</error></iq>",
                 to->jid, strstr(request, "id='") + 4, conditions);
    world_queue(w, to, NULL, xml);
}

bool one_xml(struct world *w, struct one *o, const char *xml)
{
    struct kr_arena arena;
    struct kr_el *el = NULL;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    bool is_xml = kr_stanza_parse(&arena, xml, strlen(xml), KR_NS_CLIENT, &el) == 0;
    if (is_xml) {
        struct kr_client_event e = {.kind = KR_CLIENT_STANZA, .stanza = el};
        step(w, o, &e);
    }
    kr_arena_done(&arena);
    return is_xml;
}

void one_event(struct world *w, struct one *o, enum kr_client_event_kind kind)
{
    struct kr_client_event e = {.kind = kind};
    step(w, o, &e);
}

void one_verify(struct world *w, struct one *o, enum kr_client_event_kind kind, const char *participant,
                bool same)
{
    struct kr_client_event e = {.kind = kind, .participant = participant, .same = same};
    step(w, o, &e);
    world_settle(w);
}

/* --- time --- */

void world_settle(struct world *w)
{
    for (run_own(w); w->queue; run_own(w)) {
        struct stanza *s = w->queue;
        w->queue = s->next;
        if (!w->queue)
            w->queue_end = &w->queue;
        assert_true(++w->steps < 100000);
        if (w->raw && !w->raw(w, s->to, s->from, s->xml))
            ;
        else if (s->to)
            to_client(w, s);
        else
            to_service(w, s);
        free(s->xml);
        free(s);
    }
}

void world_wait(struct world *w, uint64_t ms)
{
    uint64_t end = w->now.mono_ms + ms;
    for (;;) {
        world_settle(w);
        if (w->heard)
            return;
        uint64_t at = w->core_down ? UINT64_MAX : kr_core_deadline(w->core);
        uint64_t own = w->own && !w->core_down ? kr_participant_due(w->own) : UINT64_MAX;
        struct one *who = NULL;
        for (size_t i = 0; i < w->count; i++)
            if (w->ones[i].deadline_ms < at) {
                at = w->ones[i].deadline_ms;
                who = &w->ones[i];
            }
        bool own_first = own < at;
        at = own_first ? own : at;
        uint64_t to = at > end ? end : at > w->now.mono_ms ? at : w->now.mono_ms;
        w->now.wall_ms += to - w->now.mono_ms;
        w->now.mono_ms = to;
        if (at > end)
            return;
        assert_true(++w->steps < 100000); /* a deadline that does not move would be a busy loop */
        if (own_first) {
            run_own(w);
        } else if (who) {
            one_event(w, who, KR_CLIENT_TIME);
        } else {
            struct kr_event e = {.kind = KR_EV_TICK};
            world_core_event(w, &e);
        }
    }
}

/* --- the world --- */

void world_init(struct world *w, uint64_t seed)
{
    static char *rooms[] = {(char *)ROOM};
    static char *domains[] = {(char *)"muc.example.org"};
    static char *registered[] = {(char *)"example.org"};
    assert_true(sodium_init() >= 0);
    memset(w, 0, sizeof(*w));
    w->seed = seed;
    w->queue_end = &w->queue;
    w->random = (struct kr_random){fill, w};
    w->now = (struct kr_now){1000000, 1700000000000};
    w->store = kr_store_memory_new();
    w->room = kr_test_room_settings(KR_AUTHORISE_OCCUPANTS);
    w->settings = (struct kr_settings){.jid = (char *)SERVICE,
                                       .nick = (char *)"keyroom",
                                       .version = (char *)"test",
                                       .rooms = rooms,
                                       .room_count = 1,
                                       .muc_domains = domains,
                                       .muc_domain_count = 1,
                                       .registered_domains = registered,
                                       .registered_domain_count = 1,
                                       .room_settings = &w->room,
                                       .room_settings_count = 1};
}

/* As after a start of the process: the device is the same, nothing else is left. */
static void own_new(struct world *w)
{
    struct kr_participant_config config = {.service = SERVICE, .random = w->random};
    assert_int_equal(kr_olm_account_unpickle(&w->own_pickle, &w->own_pickle_key, &config.account), 0);
    kr_participant_free(w->own);
    assert_int_equal(kr_participant_new(&config, &w->own), 0);
}

void world_own_device(struct world *w)
{
    struct kr_olm_account *account;
    kr_secret_set(&w->own_pickle_key, "k", 1);
    assert_int_equal(kr_olm_account_new(&w->random, &account), 0);
    assert_int_equal(kr_olm_account_pickle(account, &w->own_pickle_key, &w->own_pickle), 0);
    kr_olm_account_free(account);
    own_new(w);
    w->settings.has_device = w->has_service_device = true;
    w->settings.device = w->service_device = kr_participant_device(w->own);
    w->sources = KR_SOURCE_BIT(KR_SOURCE_SERVICE);
}

void world_link(struct world *w, bool up)
{
    struct kr_event e = {.kind = up ? KR_EV_LINK_UP : KR_EV_LINK_DOWN};
    world_core_event(w, &e);
    w->service_present = up;
    if (up)
        muc_tell_service(w);
    muc_show_service(w, up);
    world_settle(w);
}

void world_start(struct world *w)
{
    struct kr_snapshot snapshot = {0};
    w->core = kr_core_new(&w->settings, &w->random);
    assert_int_equal(w->store->ops->load(w->store, &snapshot), 0);
    struct kr_event e = {.kind = KR_EV_START, .u.snapshot = &snapshot};
    world_core_event(w, &e);
    kr_snapshot_done(&snapshot);
    e = (struct kr_event){.kind = KR_EV_LINK_UP};
    world_core_event(w, &e);
    w->service_present = true;
    muc_tell_service(w);
    muc_show_service(w, true);
    world_settle(w);
}

void world_restart(struct world *w)
{
    kr_core_free(w->core);
    if (w->own)
        own_new(w);
    muc_show_service(w, false);
    world_start(w);
}

void world_settings(struct world *w)
{
    struct kr_event e = {.kind = KR_EV_SETTINGS, .u.settings = &w->settings};
    world_core_event(w, &e);
}

void world_rotate(struct world *w)
{
    struct kr_control c = {.token = 1, .kind = KR_CONTROL_ROTATE, .scope = ROOM, .reason = ""};
    struct kr_event e = {.kind = KR_EV_CONTROL, .u.control = &c};
    world_core_event(w, &e);
}

void world_approve(struct world *w, const struct one *o)
{
    struct kr_control c = {
        .token = 1, .kind = KR_CONTROL_APPROVE, .device = o->device, .scope = ROOM, .reason = ""};
    struct kr_event e = {.kind = KR_EV_CONTROL, .u.control = &c};
    world_core_event(w, &e);
}

void world_done(struct world *w)
{
    kr_core_free(w->core);
    kr_participant_free(w->own);
    kr_secret_done(&w->own_pickle);
    kr_secret_done(&w->own_pickle_key);
    w->store->ops->close(w->store);
    while (w->queue) {
        struct stanza *s = w->queue;
        w->queue = s->next;
        free(s->xml);
        free(s);
    }
    for (size_t i = 0; i < w->count; i++) {
        kr_client_free(w->ones[i].client);
        free(w->ones[i].said);
    }
}

static struct one *add(struct world *w, const char *nick)
{
    assert_true(w->count < CLIENTS_MAX);
    struct one *o = &w->ones[w->count++];
    snprintf(o->nick, sizeof(o->nick), "%s", nick);
    snprintf(o->jid, sizeof(o->jid), "%s@example.org/1", nick);
    o->affiliation = "none";
    o->said = kr_strdup("");
    o->deadline_ms = UINT64_MAX;
    return o;
}

struct one *world_outside(struct world *w, const char *nick, const struct kr_id *device)
{
    struct one *o = add(w, nick);
    o->device = *device;
    return o;
}

struct one *world_one(struct world *w, const char *nick)
{
    struct one *o = add(w, nick);
    struct kr_client_config config = {.room = ROOM,
                                      .nick = nick,
                                      .service = SERVICE,
                                      .floor = w->floor,
                                      .any_format = true,
                                      .sources = w->sources,
                                      .lead = w->lead,
                                      .has_service_device = w->has_service_device,
                                      .service_device = w->service_device,
                                      .passphrase = w->passphrase,
                                      .attest_for_s = w->attest_for_s,
                                      .operator_may_verify = w->operator_may_verify,
                                      .log_key = w->log_key,
                                      .log_key_given = w->log_key_given,
                                      .log_seen = w->log_seen,
                                      .random = w->random};
    struct kr_key ed25519, curve25519;
    assert_int_equal(kr_olm_account_new(&w->random, &config.account), 0);
    kr_olm_account_keys(config.account, &ed25519, &curve25519);
    o->device = kr_device_id(&ed25519, &curve25519);
    o->client = kr_client_new(&config);
    one_event(w, o, KR_CLIENT_UP);
    return o;
}

struct one *world_join(struct world *w, const char *nick)
{
    struct one *o = world_one(w, nick);
    one_event(w, o, KR_CLIENT_JOIN);
    world_settle(w);
    return o;
}

bool one_said(const struct one *o, const char *text)
{
    return strstr(o->said, text) != NULL;
}

size_t one_said_count(const struct one *o, const char *text)
{
    size_t n = 0;
    for (const char *at = o->said; (at = strstr(at, text)); at++)
        n++;
    return n;
}

void one_hush(struct one *o)
{
    o->said[0] = '\0';
}

struct kr_client_view one_view(const struct one *o)
{
    return kr_client_look(o->client);
}

/* --- frames --- */

struct kr_buf one_seal(struct one *o)
{
    static const char text[] = "what was said";
    struct kr_buf frame;
    kr_buf_init(&frame, 256);
    assert_int_equal(kr_client_seal_frame(o->client, kr_span(text, sizeof(text)), &frame), 0);
    return frame;
}

int one_open(struct one *o, const char *track, const struct kr_buf *frame)
{
    struct kr_buf plain;
    uint64_t epoch = 0;
    kr_buf_init(&plain, 256);
    int err = kr_client_open_frame(o->client, track, kr_buf_span(frame), &plain, &epoch);
    if (!err)
        assert_string_equal((const char *)plain.ptr, "what was said");
    kr_buf_done(&plain);
    return err;
}

void world_all_hear(struct world *w, uint64_t epoch)
{
    for (size_t i = 0; i < w->count; i++) {
        if (!w->ones[i].present)
            continue;
        struct kr_client_view v = one_view(&w->ones[i]);
        assert_true(v.may_send && v.epoch == epoch && v.newest == epoch);
        assert_int_equal(v.missing, 0);
        assert_false(v.mismatched);
        struct kr_buf frame = one_seal(&w->ones[i]);
        for (size_t k = 0; k < w->count; k++)
            if (k != i && w->ones[k].present)
                assert_int_equal(one_open(&w->ones[k], w->ones[i].nick, &frame), 0);
        kr_buf_done(&frame);
    }
}
