/* The service's process: the real core in the real turn, on a store that outlives it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/check/check.h"
#include "sim/world/world.h"
#include "support/room_settings.h"
#include "xml/ns.h"

enum { CONNECT_MS = 40 };

uint64_t sim_service_now(const struct sim_world *w)
{
    return w->now.mono_ms - w->service.born_ms;
}

/* --- what a turn does outside --- */

static void turn_step(void *arg, const struct kr_event *event, struct kr_output *out)
{
    struct sim_world *w = arg;
    kr_core_step(w->service.core, event, out);
    sim_check_stepped(w, out);
}

static void turn_now(void *arg, struct kr_now *ret_now)
{
    const struct sim_world *w = arg;
    ret_now->mono_ms = sim_service_now(w);
    ret_now->wall_ms = w->now.wall_ms + (uint64_t)w->service.wall_ms;
}

static void turn_send(void *arg, const char *xml, size_t len)
{
    struct sim_world *w = arg;
    struct sim_service *s = &w->service;
    (void)len;
    if (s->death == SIM_DIES_MIDWAY && s->sends_left-- == 0)
        s->dying = true;
    if (s->dying)
        return;
    sim_check_sent(w, xml);
    /* a commit that takes its time holds back what waits for it */
    uint64_t before = s->end.delay_ms;
    if (s->end.runs_at_ms > w->now.mono_ms)
        s->end.delay_ms += s->end.runs_at_ms - w->now.mono_ms;
    sim_send_up(w, SIM_SERVICE, kr_strdup(xml));
    s->end.delay_ms = before;
}

static void turn_trace(void *arg, enum kr_trace_level level, const char *line)
{
    struct sim_world *w = arg;
    (void)level;
    sim_check_line(w, "service", line);
    sim_say(w, "service", "%s", line);
}

static void turn_reply(void *arg, const struct kr_control_reply *reply)
{
    sim_check_line(arg, "operator", reply->text);
    sim_say(arg, "operator", "%s", reply->text);
}

/* --- its own participant --- */

static void turn_own(void *arg, struct kr_own_note *note)
{
    struct sim_world *w = arg;
    if (w->service.participant)
        kr_participant_take(w->service.participant, note);
}

static void own_ask(void *arg, const struct kr_el *iq)
{
    struct sim_world *w = arg;
    struct kr_event e = {.kind = KR_EV_OWN, .u.stanza = iq};
    kr_turn_event(&w->service.turn, &e);
}

static void own_warn(void *arg, const char *room, const char *what, const char *why)
{
    sim_say(arg, "service", "own device in %s: %s -> refused (%s)", room, what, why);
}

static struct kr_olm_account *own_account(const struct sim_service *s)
{
    struct kr_olm_account *account = NULL;
    if (kr_olm_account_unpickle(&s->device_pickle, &s->device_key, &account))
        abort();
    return account;
}

static void own_begin(struct sim_service *s)
{
    if (!s->settings.has_device)
        return;
    struct kr_participant_config config = {
        .service = SIM_SERVICE_JID, .random = s->source, .account = own_account(s)};
    if (kr_participant_new(&config, &s->participant))
        abort();
}

/* The device lasts as long as the world. */
static void own_init(struct sim_world *w)
{
    struct sim_service *s = &w->service;
    struct sim_random random = sim_random(w->plan->seed, "the service's device", 0);
    struct kr_random source = {sim_fill, &random};
    struct kr_olm_account *account = NULL;
    if (w->plan->source != KR_SOURCE_SERVICE)
        return;
    kr_secret_set(&s->device_key, "a key for the pickle of a device", 32);
    if (kr_olm_account_new(&source, &account) ||
        kr_olm_account_pickle(account, &s->device_key, &s->device_pickle))
        abort();
    struct kr_key ed25519, curve25519;
    kr_olm_account_keys(account, &ed25519, &curve25519);
    s->settings.has_device = true;
    s->settings.device = kr_device_id(&ed25519, &curve25519);
    kr_olm_account_free(account);
}

/* --- life and death --- */

static void adjust(struct sim_world *w)
{
    struct sim_service *s = &w->service;
    uint64_t at = s->core ? kr_core_deadline(s->core) : UINT64_MAX;
    uint64_t own = s->core && s->participant ? kr_participant_due(s->participant) : UINT64_MAX;
    at = own < at ? own : at;
    s->deadline_ms = at == UINT64_MAX ? at : at + s->born_ms;
}

void sim_service_die(struct sim_world *w, const char *why)
{
    struct sim_service *s = &w->service;
    if (!s->core)
        return;
    sim_say(w, "service", "process -> ended (%s)", why);
    kr_turn_done(&s->turn);
    kr_core_free(s->core);
    s->core = NULL;
    kr_participant_free(s->participant);
    s->participant = NULL;
    s->deadline_ms = UINT64_MAX;
    s->death = SIM_LIVES;
    s->dying = false;
    s->deaths++;
    s->end.runs_at_ms = 0;
    s->end.asleep = false;
    sim_check_died(w);
    uint32_t life = s->end.life;
    sim_disconnect(w, SIM_SERVICE);
    s->end.life = life; /* what it had sent is on its way; the server hears of the end behind it */
    s->end.dead = false;
    uint64_t in = s->end.up_free_ms > w->now.mono_ms ? s->end.up_free_ms - w->now.mono_ms : 0;
    sim_queue_put(&w->queue, (struct sim_item){.at_ms = w->now.mono_ms + in + 1,
                                               .kind = SIM_NOTICED,
                                               .who = SIM_SERVICE,
                                               .life = life});
    sim_later(w, s->away_ms, SIM_SERVICE_START, SIM_SERVICE, 0);
}

static void end_if_broken(struct sim_world *w)
{
    struct sim_service *s = &w->service;
    if (s->core && s->turn.failed)
        sim_service_die(w, s->turn.errmsg);
    else if (s->core && s->dying)
        sim_service_die(w, "killed");
}

static void end_turn(struct sim_world *w)
{
    if (kr_turn_end(&w->service.turn) == 0)
        sim_check_turn(w);
    end_if_broken(w);
}

/* Turns of its own, as the daemon makes them: what it is told, and asks. */
static void run_own(struct sim_world *w)
{
    const struct kr_participant_hooks hooks = {.arg = w, .ask = own_ask, .warn = own_warn};
    struct sim_service *s = &w->service;
    while (s->core && s->participant && kr_participant_due(s->participant) <= sim_service_now(w)) {
        kr_participant_run(s->participant, sim_service_now(w), &hooks);
        end_if_broken(w);
        if (s->core)
            end_turn(w);
    }
}

void sim_service_end_turn(struct sim_world *w)
{
    if (!w->service.core)
        return;
    end_turn(w);
    run_own(w);
    adjust(w);
}

/* The turn goes on while more has arrived at this very moment. */
void sim_service_event(struct sim_world *w, struct kr_event *event)
{
    struct sim_service *s = &w->service;
    if (!s->core)
        return;
    kr_turn_event(&s->turn, event);
    end_if_broken(w);
    adjust(w);
    const struct sim_item *next = sim_queue_peek(&w->queue);
    bool more = next && next->at_ms == w->now.mono_ms && next->kind == SIM_DOWN && next->who == SIM_SERVICE;
    if (s->core && !more && !s->end.inbox)
        sim_service_end_turn(w);
}

void sim_service_got(struct sim_world *w, const char *text)
{
    struct kr_arena arena;
    struct kr_event e = {.kind = KR_EV_STANZA};
    e.u.stanza = sim_parse(&arena, text, KR_NS_COMPONENT);
    if (e.u.stanza)
        sim_service_event(w, &e);
    kr_arena_done(&arena);
}

static void link_up(struct sim_world *w)
{
    struct kr_event e = {.kind = KR_EV_LINK_UP};
    sim_connect(w, SIM_SERVICE);
    sim_service_event(w, &e);
}

void sim_service_start(struct sim_world *w)
{
    struct sim_service *s = &w->service;
    struct kr_snapshot snapshot;
    struct kr_event e = {.kind = KR_EV_START, .u.snapshot = &snapshot};
    struct kr_turn_config config = {.arg = w,
                                    .step = turn_step,
                                    .now = turn_now,
                                    .send = turn_send,
                                    .trace = turn_trace,
                                    .reply = turn_reply,
                                    .own = turn_own};
    if (s->core)
        return;
    /* a machine may have started anew too: its clock then begins near nothing */
    s->born_ms = sim_chance(&s->random, 50) ? 0 : w->now.mono_ms - sim_below(&s->random, 1000);
    s->core = kr_core_new(&s->settings, &s->source);
    own_begin(s);
    kr_turn_init(&s->turn, &config, &s->store.base);
    if (s->store.base.ops->load(&s->store.base, &snapshot) != 0)
        abort();
    sim_check_loaded(w, &snapshot);
    sim_say(w, "service", "process -> started");
    kr_turn_event(&s->turn, &e);
    kr_snapshot_done(&snapshot);
    sim_service_end_turn(w);
    adjust(w);
    sim_later(w, CONNECT_MS, SIM_RECONNECT, SIM_SERVICE, 0);
}

/* The service tries until the server is there. */
void sim_service_reconnect(struct sim_world *w)
{
    struct sim_service *s = &w->service;
    if (!s->core || s->end.up)
        return;
    if (s->end.known) /* kick_old: the server drops the dead link for the new one */
        sim_server_lost(w, SIM_SERVICE);
    if (w->server_up)
        link_up(w);
    else
        sim_later(w, 500, SIM_RECONNECT, SIM_SERVICE, 0);
}

/* --- settings --- */

void sim_service_settings(struct sim_world *w)
{
    struct kr_event e = {.kind = KR_EV_SETTINGS, .u.settings = &w->service.settings};
    sim_service_event(w, &e);
}

void sim_service_init(struct sim_world *w)
{
    static char *rooms[SIM_ROOMS], *domains[] = {(char *)SIM_MUC_DOMAIN},
                                   *registered[] = {(char *)"home.lab"};
    struct sim_service *s = &w->service;
    for (int i = 0; i < SIM_ROOMS; i++)
        rooms[i] = (char *)sim_room_jid[i];
    s->room_settings = kr_test_room_settings((enum kr_authorise)w->plan->policy);
    s->room_settings.policy.source = (enum kr_source)w->plan->source;
    s->room_settings.policy.leader_above = (uint32_t)w->plan->leader_above;
    s->settings = (struct kr_settings){.jid = (char *)SIM_SERVICE_JID,
                                       .nick = (char *)SIM_SERVICE_NICK,
                                       .version = (char *)"sim",
                                       .rooms = rooms,
                                       .room_count = SIM_ROOMS,
                                       .muc_domains = domains,
                                       .muc_domain_count = 1,
                                       .registered_domains = registered,
                                       .registered_domain_count = 1,
                                       .room_settings = &s->room_settings,
                                       .room_settings_count = 1};
    own_init(w);
    s->random = sim_random(w->plan->seed, "service", 0);
    s->end.random = sim_random(w->plan->seed, "service's stream", 0);
    s->source = (struct kr_random){sim_fill, &s->random};
    s->death = SIM_LIVES;
    s->deadline_ms = UINT64_MAX;
    sim_store_init(&s->store, w);
}

void sim_service_done(struct sim_world *w)
{
    struct sim_service *s = &w->service;
    if (s->core) {
        kr_turn_done(&s->turn);
        kr_core_free(s->core);
        s->core = NULL;
        kr_participant_free(s->participant);
    }
    kr_secret_done(&s->device_pickle);
    kr_secret_done(&s->device_key);
    sim_disconnect(w, SIM_SERVICE);
    sim_store_done(&s->store);
}
