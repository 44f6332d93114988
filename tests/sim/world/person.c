/* A participant: a real client core, its application's few wishes, and its end of a stream. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "olm/olm.h"
#include "sim/check/check.h"
#include "sim/world/world.h"
#include "support/report_line.h"
#include "xml/ns.h"

enum { REJOIN_MS = 2000, SPEAK_MS = 1500, SAID_MAX = 8 };

void sim_person_init(struct sim_world *w, size_t index)
{
    struct sim_person *p = &w->people[index];
    p->role = &w->plan->roles[index];
    p->index = (int)index;
    p->mischief = SIM_HONEST;
    p->deadline_ms = p->rejoin_ms = UINT64_MAX;
    p->random = sim_random(w->plan->seed, "person", index);
    p->end.random = sim_random(w->plan->seed, "stream", index);
    p->offset_ms = sim_below(&p->random, 1000000000);
    w->rooms[p->role->room].affiliation[index] = 1;
}

/* A page: a client on the device that the account is. */
static void open_page(struct sim_world *w, struct sim_person *p, struct kr_olm_account *account)
{
    const char *user =
        p->role->same_user_as >= 0 ? w->plan->roles[p->role->same_user_as].name : p->role->name;
    struct kr_key ed25519, curve25519;
    kr_olm_account_keys(account, &ed25519, &curve25519);
    p->device = kr_device_id(&ed25519, &curve25519);
    p->session++;
    snprintf(p->nick, sizeof(p->nick), "%s", p->role->name);
    snprintf(p->jid, sizeof(p->jid), "%s@%s/%s%u", user, p->role->guest ? "guest.lab" : "home.lab",
             p->role->name, p->session);
    struct kr_client_config config = {.room = sim_room_jid[p->role->room],
                                      .nick = p->nick,
                                      .service = SIM_SERVICE_JID,
                                      .any_format = true,
                                      .sources = KR_SOURCE_BIT(KR_SOURCE_PARTICIPANTS) |
                                                 KR_SOURCE_BIT(KR_SOURCE_LEADER) |
                                                 KR_SOURCE_BIT(KR_SOURCE_SERVICE),
                                      .has_service_device = w->service.settings.has_device,
                                      .service_device = w->service.settings.device,
                                      .lead = !p->role->follows,
                                      .random = {sim_fill, &p->random},
                                      .account = account};
    p->client = kr_client_new(&config);
}

/* The identity survives the page. */
static struct kr_olm_account *keep_identity(struct sim_person *p)
{
    struct kr_secret key = KR_SECRET_NONE, pickle = KR_SECRET_NONE;
    struct kr_olm_account *again = NULL;
    kr_secret_set(&key, "a key for the pickle of a person", 32);
    if (kr_olm_account_pickle(p->spare, &key, &pickle) || kr_olm_account_unpickle(&pickle, &key, &again))
        abort();
    kr_secret_done(&pickle);
    kr_secret_done(&key);
    return again;
}

void sim_person_appear(struct sim_world *w, struct sim_person *p)
{
    if (!p->client) {
        struct kr_random random = {sim_fill, &p->random};
        if (kr_olm_account_new(&random, &p->spare))
            abort();
        open_page(w, p, keep_identity(p));
        sim_later(w, sim_below(&p->random, SPEAK_MS), SIM_SPEAK, p->index, 0);
    }
    if (!p->end.up && w->server_up) {
        if (p->end.known) /* a session that it did not know to be dead: the new one takes its place */
            sim_server_lost(w, p->index);
        sim_connect(w, p->index);
        sim_person_event(w, p, KR_CLIENT_UP);
    }
}

static void close_page(struct sim_person *p)
{
    kr_client_free(p->client);
    p->client = NULL;
    sim_forget(&p->said);
    sim_forget(&p->heard);
    p->deadline_ms = UINT64_MAX;
}

void sim_person_reload(struct sim_world *w, struct sim_person *p)
{
    sim_disconnect(w, p->index);
    close_page(p);
    open_page(w, p, keep_identity(p));
    sim_check_person(w, p);
}

void sim_person_done(struct sim_person *p)
{
    if (p->client)
        close_page(p);
    kr_olm_account_free(p->spare);
}

bool sim_person_joined(const struct sim_person *p)
{
    return p->client && kr_client_look(p->client).joined;
}

static void say_report(struct sim_world *w, struct sim_person *p, const struct kr_report *r)
{
    char *line = kr_report_line(r);
    if (line) {
        sim_check_line(w, p->role->name, line);
        sim_say(w, p->role->name, "%s", line);
    }
    free(line);
}

static void step(struct sim_world *w, struct sim_person *p, struct kr_client_event *e)
{
    struct kr_client_output out;
    if (!p->client)
        return;
    kr_client_output_init(&out);
    e->now_ms = w->now.mono_ms + p->offset_ms;
    e->wall_ms = w->now.wall_ms;
    e->jid = p->jid;
    kr_client_step(p->client, e, &out);
    p->deadline_ms = out.deadline_ms == UINT64_MAX ? UINT64_MAX : out.deadline_ms - p->offset_ms;
    for (size_t i = 0; i < out.stanza_count; i++) {
        char *text = kr_strdup(out.stanzas[i]);
        if (p->mischief != SIM_HONEST && strncmp(text, "<presence", 9) != 0) {
            sim_remember(&p->said, SAID_MAX, text);
            text = sim_mischief(w, p, text);
        }
        sim_send_up(w, p->index, text);
    }
    for (size_t i = 0; i < out.report_count; i++) {
        say_report(w, p, &out.reports[i]);
        sim_check_report(w, p, &out.reports[i]);
    }
    kr_client_output_clear(&out);
    sim_person_look(w, p);
    sim_check_person(w, p);
}

void sim_person_event(struct sim_world *w, struct sim_person *p, enum kr_client_event_kind kind)
{
    struct kr_client_event e = {.kind = kind};
    step(w, p, &e);
}

void sim_person_got(struct sim_world *w, struct sim_person *p, const char *text)
{
    struct kr_arena arena;
    struct kr_client_event e = {.kind = KR_CLIENT_STANZA};
    e.stanza = sim_parse(&arena, text, KR_NS_CLIENT);
    if (e.stanza)
        step(w, p, &e);
    kr_arena_done(&arena);
}

/* Who wants to be in the room and was turned away, or removed without having asked for it, tries again. */
void sim_person_look(struct sim_world *w, struct sim_person *p)
{
    bool out = p->wants && p->end.up && !sim_person_joined(p);
    if (!out)
        p->rejoin_ms = UINT64_MAX;
    else if (p->rejoin_ms == UINT64_MAX)
        p->rejoin_ms = w->now.mono_ms + REJOIN_MS;
}
