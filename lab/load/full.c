#include "load/full.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "client/client.h"
#include "io/random.h"
#include "load/tree.h"
#include "xml/ns.h"

enum { ACK_ID_MAX = 128 };

struct full {
    struct kr_client *client;
    uint64_t due_ms;
    uint64_t epoch, committed;
    size_t missing, roster_len;
    bool acked;
    bool fresh; /* announced in this step: what it can ratchet, it holds at once, and nobody sends */
};

static struct full *of(const struct kr_seat *seat)
{
    return seat->state;
}

static void take_report(struct kr_seat *seat, const struct kr_report *r)
{
    struct full *f = of(seat);
    switch (r->kind) {
    case KR_REPORT_ANNOUNCE:
        f->epoch = r->epoch;
        f->roster_len = r->who_count - (r->source == KR_SOURCE_SERVICE); /* whose line is its own */
        f->fresh = true;
        f->acked = false;
        break;
    case KR_REPORT_COMMIT:
        f->committed = r->epoch;
        kr_trial_commit(seat->crowd->trial);
        if (!f->missing && !f->acked) { /* that its ack has come is told by nothing else */
            f->acked = true;
            kr_trial_ack(seat->crowd->trial);
        }
        break;
    case KR_REPORT_SWITCH:
        kr_trial_switch(seat->crowd->trial);
        break;
    case KR_REPORT_MISMATCH:
    case KR_REPORT_STOP:
    case KR_REPORT_DETACHED:
        kr_trial_wrong(seat->crowd->trial, "%s has stopped sending (%s)", seat->nick, r->why ? r->why : "?");
        break;
    default:
        break;
    }
}

static void step(struct kr_seat *seat, struct kr_client_event event)
{
    struct full *f = of(seat);
    struct kr_client_output out;
    kr_client_output_init(&out);
    event.now_ms = kr_now_ns() / KR_NS_PER_MS;
    kr_client_step(f->client, &event, &out);
    f->due_ms = out.deadline_ms;
    for (size_t i = 0; i < out.report_count; i++)
        take_report(seat, &out.reports[i]);
    for (size_t i = 0; i < out.stanza_count; i++) {
        size_t len = strlen(out.stanzas[i]);
        kr_seat_send(seat, out.stanzas[i], len);
    }
    kr_client_output_clear(&out);
    struct kr_client_view v = kr_client_look(f->client);
    if (f->fresh)
        f->missing = v.missing;
    f->fresh = false;
    if (v.newest == f->epoch && v.missing < f->missing) {
        kr_trial_keys(seat->crowd->trial, f->missing - v.missing);
        f->missing = v.missing;
    }
}

static void stanza(struct kr_seat *seat, const struct kr_piece *p)
{
    struct kr_arena arena;
    const struct kr_el *el = NULL;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    if (kr_tree_parse(&arena, p->ptr, p->len, KR_NS_CLIENT, &el) == 0)
        step(seat, (struct kr_client_event){.kind = KR_CLIENT_STANZA, .stanza = el});
    else
        kr_trial_wrong(seat->crowd->trial, "a stanza that cannot be read");
    kr_arena_done(&arena);
}

static void come(struct kr_seat *seat)
{
    struct full *f = kr_calloc(1, sizeof(*f));
    struct kr_olm_account *account = NULL;
    struct kr_random random = kr_random_system();
    seat->state = f;
    if (kr_olm_account_new(&random, &account) != 0) {
        kr_load_fail(seat->crowd->load, "libolm makes no account");
        return;
    }
    const struct kr_client_config config = {.room = seat->crowd->rooms[seat->room],
                                            .nick = seat->nick,
                                            .service = seat->crowd->config->service,
                                            .floor = KR_AUTHORISE_OCCUPANTS,
                                            .any_format = true,
                                            .sources = KR_SOURCE_BIT(KR_SOURCE_PARTICIPANTS) |
                                                       KR_SOURCE_BIT(KR_SOURCE_LEADER) |
                                                       KR_SOURCE_BIT(KR_SOURCE_SERVICE),
                                            .has_service_device = seat->crowd->config->has_service_device,
                                            .service_device = seat->crowd->config->service_device,
                                            .lead = true,
                                            .random = random,
                                            .account = account};
    f->client = kr_client_new(&config);
    step(seat, (struct kr_client_event){.kind = KR_CLIENT_UP, .jid = seat->line->jid});
    step(seat, (struct kr_client_event){.kind = KR_CLIENT_JOIN});
}

static void leave(struct kr_seat *seat)
{
    step(seat, (struct kr_client_event){.kind = KR_CLIENT_LEAVE});
}

static void go(struct kr_seat *seat)
{
    kr_client_free(of(seat)->client);
    free(of(seat));
    seat->state = NULL;
}

static uint64_t due(const struct kr_seat *seat)
{
    uint64_t ms = of(seat)->due_ms;
    return ms == UINT64_MAX ? ms : ms * KR_NS_PER_MS;
}

static void on_time(struct kr_seat *seat)
{
    step(seat, (struct kr_client_event){.kind = KR_CLIENT_TIME});
}

const struct kr_dialect kr_full = {.name = "keyroom, real Olm",
                                   .come = come,
                                   .go = go,
                                   .stanza = stanza,
                                   .all = true,
                                   .self_made = true,
                                   .leave = leave,
                                   .due = due,
                                   .time = on_time};

struct kr_full_look kr_full_look(const struct kr_seat *seat)
{
    const struct full *f = of(seat);
    struct kr_client_view v = kr_client_look(f->client);
    return (struct kr_full_look){.member = v.member,
                                 .epoch = f->epoch,
                                 .missing = v.missing,
                                 .roster_len = f->roster_len,
                                 .acked = f->acked,
                                 .committed = f->epoch && f->committed == f->epoch};
}
