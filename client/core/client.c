#include "client/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "client/state.h"
#include "message/stanza.h"
#include "xml/ns.h"

static void set_sources(struct kr_client *c, const struct kr_client_config *config)
{
    const struct kr_secret *p = config->passphrase;
    c->sources = config->sources ? config->sources : KR_SOURCE_BIT(KR_SOURCE_PARTICIPANTS);
    c->service_device = config->service_device;
    if (!config->has_service_device)
        c->sources &= ~KR_SOURCE_BIT(KR_SOURCE_SERVICE);
    if (!p || p->len == 0 || p->len > KR_PASSPHRASE_MAX)
        c->sources &= ~KR_SOURCE_BIT(KR_SOURCE_PASSPHRASE);
    if (kr_takes_part(c, KR_SOURCE_PASSPHRASE))
        kr_secret_copy(&c->passphrase, p);
    c->lead = config->lead && kr_takes_part(c, KR_SOURCE_LEADER);
}

struct kr_client *kr_client_new(const struct kr_client_config *config)
{
    struct kr_client *c = kr_calloc(1, sizeof(*c));
    c->room = kr_strdup(config->room);
    c->nick = kr_strdup(config->nick);
    c->token_owner = config->owner ? kr_strdup(config->owner) : NULL;
    c->service = kr_strdup(config->service);
    c->floor = config->floor;
    c->any_format = config->any_format;
    c->format = config->format;
    set_sources(c, config);
    c->attest_for_s = config->attest_for_s;
    c->operator_may_verify = config->operator_may_verify;
    c->keep = config->keep;
    c->random = config->random;
    c->account = config->account;
    kr_olm_account_keys(c->account, &c->ed25519, &c->curve25519);
    c->device = kr_device_id(&c->ed25519, &c->curve25519);
    c->log.at_ms = c->log.by_ms = UINT64_MAX;
    if (config->log_key) {
        c->log.has_key = true;
        c->log.given = config->log_key_given;
        c->log.key = *config->log_key;
        c->log.newest = c->log.proved = config->log_seen;
    }
    c->attach_at_ms = c->ask_at_ms = c->stop_at_ms = c->expire_ms = c->detach_at_ms = UINT64_MAX;
    return c;
}

void kr_client_free(struct kr_client *c)
{
    if (!c)
        return;
    kr_client_attach_end(c);
    kr_epoch_erase_all(c);
    kr_exposure_forget(c);
    kr_presence_forget(c);
    kr_request_forget(c);
    kr_verify_new_meeting(c);
    kr_trust_forget(c);
    kr_attested_forget(c, true);
    kr_secret_done(&c->passphrase);
    kr_olm_account_free(c->account);
    free(c->owner);
    free(c->jid);
    free(c->room);
    free(c->nick);
    free(c->service);
    free(c->token_owner);
    free(c);
}

static void handle_notice(struct kr_client *c, const struct kr_notice *n)
{
    if (n->kind == KR_NOTICE_ANNOUNCE || n->kind == KR_NOTICE_DELIVER || n->kind == KR_NOTICE_COMMIT)
        kr_attach_unasked(c);
    switch (n->kind) {
    case KR_NOTICE_ANNOUNCE:
        kr_announce_part(c, &n->u.announce);
        break;
    case KR_NOTICE_DELIVER:
        kr_announce_heard_of(c, n->u.deliver.epoch);
        kr_open_deliver(c, &n->u.deliver);
        break;
    case KR_NOTICE_COMMIT:
        kr_announce_heard_of(c, n->u.commit.epoch);
        kr_epoch_commit(c, &n->u.commit);
        break;
    case KR_NOTICE_WANTED:
        kr_announce_heard_of(c, n->u.wanted.epoch);
        kr_seal_wanted(c, &n->u.wanted);
        break;
    case KR_NOTICE_LOW:
        kr_attach_low(c, &n->u.low);
        break;
    case KR_NOTICE_SESSION:
        kr_peer_greeted(c, &n->u.session);
        break;
    case KR_NOTICE_DETACHED:
        kr_attach_over(c, &n->u.detached);
        break;
    case KR_NOTICE_STATE: {
        static const char *const modes[] = {"idle", "keyed", "blind", "suspended"};
        struct kr_report *r = kr_output_report(c->out, KR_REPORT_STATE);
        r->what = kr_strdup(modes[n->u.state.mode]);
        r->why = kr_strdup(n->u.state.text);
        for (size_t i = 0; i < n->u.state.waiting_count; i++)
            kr_report_who(r, n->u.state.waiting[i].participant);
        break;
    }
    case KR_NOTICE_ATTESTATIONS:
        kr_attested_heard(c, &n->u.attestations);
        break;
    case KR_NOTICE_KINDS:
        break;
    }
}

static void handle_message(struct kr_client *c, const struct kr_el *el)
{
    const char *from = kr_el_attr(el, "from");
    const char *type = kr_el_attr(el, "type");
    if (!from || strcmp(from, c->service) != 0 || !type)
        return;
    if (strcmp(type, "error") == 0)
        kr_open_ack_refused(c, kr_error_read(el)); /* nothing else is said by message */
    if (strcmp(type, "headline") != 0)
        return;
    const struct kr_el *payload = el->child;
    while (payload && strcmp(payload->ns, KR_NS) != 0)
        payload = payload->next;
    if (!payload)
        return;
    struct kr_arena arena;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    struct kr_notice notice;
    int err = kr_notice_decode(payload, &arena, &notice);
    if (err && err != KR_E_UNKNOWN_REQUEST)
        kr_output_refused(c->out, payload->name, err, NULL);
    else if (!err &&
             (notice.room ? strcmp(notice.room, c->room) == 0 : kr_is_tag_of(&notice.in, &c->instance)))
        handle_notice(c, &notice);
    kr_arena_done(&arena);
}

static void handle_stanza(struct kr_client *c, const struct kr_el *el)
{
    if (!c->jid || !kr_ns_is_stanza(el->ns))
        return;
    if (strcmp(el->name, "presence") == 0)
        kr_presence_stanza(c, el);
    else if (strcmp(el->name, "message") == 0)
        handle_message(c, el);
    else if (strcmp(el->name, "iq") == 0)
        kr_request_answer(c, el);
}

static void handle_down(struct kr_client *c)
{
    free(c->jid);
    c->jid = NULL;
    c->in_room = c->joining = false;
    c->leaving = 0;
    kr_exposure_forget(c);
    kr_client_attach_end(c);
    kr_presence_forget(c);
    kr_attested_forget(c, false);
    kr_request_forget(c);
    kr_epoch_fade(c);
    c->sending = NULL;
}

static void handle_command(struct kr_client *c, const struct kr_client_event *event)
{
    switch (event->kind) {
    case KR_CLIENT_UP:
        if (c->jid)
            handle_down(c);
        c->jid = kr_strdup(event->jid);
        if (c->wants_room)
            kr_presence_join(c);
        break;
    case KR_CLIENT_DOWN:
        handle_down(c);
        break;
    case KR_CLIENT_JOIN:
        c->wants_room = true;
        if (c->jid && !c->in_room && !c->joining)
            kr_presence_join(c);
        else if (c->in_room && c->phase == KR_PHASE_NONE)
            c->attach_at_ms = c->attach_paid_ms = c->now_ms;
        break;
    case KR_CLIENT_LEAVE:
        c->wants_room = false;
        kr_presence_leave(c);
        break;
    case KR_CLIENT_DETACH:
        c->attach_at_ms = UINT64_MAX;
        if (c->phase == KR_PHASE_MEMBER || c->phase == KR_PHASE_WAITING) {
            kr_attach_detach(c);
        }
        break;
    case KR_CLIENT_VERIFY:
    case KR_CLIENT_VERIFY_ANSWER:
    case KR_CLIENT_VERIFY_CANCEL:
    case KR_CLIENT_UNATTEST:
        kr_verify_command(c, event);
        break;
    case KR_CLIENT_STANZA:
    case KR_CLIENT_TIME:
        break;
    }
}

/* On average one in 5 s, three in a row (7.8): the service may come and go while a room starts. */
static uint64_t attach_due(const struct kr_client *c)
{
    uint64_t burst = (uint64_t)2 * KR_CLIENT_REATTACH_MS;
    uint64_t free_ms = c->attach_paid_ms > burst ? c->attach_paid_ms - burst : 0;
    return c->attach_at_ms > free_ms ? c->attach_at_ms : free_ms;
}

uint64_t kr_client_within(struct kr_client *c, uint64_t spread_ms)
{
    uint32_t random;
    kr_random_fill(&c->random, &random, sizeof(random));
    return c->now_ms + random % spread_ms;
}

static void handle_time(struct kr_client *c)
{
    kr_request_time(c);
    if (c->jid && c->in_room && c->phase == KR_PHASE_NONE && attach_due(c) <= c->now_ms)
        kr_attach_start(c);
    if (c->ask_at_ms <= c->now_ms) {
        c->ask_at_ms = UINT64_MAX;
        if (c->phase >= KR_PHASE_WAITING && !c->mismatched)
            kr_announce_ask_again(c);
    }
    if (c->detach_at_ms <= c->now_ms)
        kr_attach_detach_send(c);
    kr_seal_advance(c);
    kr_open_ack(c);
    kr_epoch_send(c);
    kr_epoch_time(c);
    kr_heal_time(c);
    kr_log_time(c);
    kr_verify_time(c);
    kr_exposure_update(c); /* of the key in use by now */
}

static uint64_t next_deadline(const struct kr_client *c)
{
    uint64_t due = kr_sooner(kr_epoch_next(c), kr_sooner(kr_exposure_next(c), kr_seal_next(c)));
    if (c->jid && c->in_room && c->phase == KR_PHASE_NONE)
        due = kr_sooner(due, attach_due(c));
    due = kr_sooner(due, kr_sooner(kr_heal_next(c), kr_sooner(c->ask_at_ms, c->detach_at_ms)));
    due = kr_sooner(due, kr_sooner(kr_open_next(c), kr_sooner(kr_log_next(c), kr_verify_next(c))));
    for (const struct kr_pending *q = c->pending; q; q = q->next)
        due = kr_sooner(due, q->due_ms);
    return due;
}

void kr_client_step(struct kr_client *c, const struct kr_client_event *event, struct kr_client_output *out)
{
    c->now_ms = event->now_ms;
    c->wall_s = event->wall_ms / 1000;
    c->out = out;
    if (event->kind == KR_CLIENT_STANZA)
        handle_stanza(c, event->stanza);
    else
        handle_command(c, event);
    handle_time(c);
    out->deadline_ms = next_deadline(c);
    c->out = NULL;
}

struct kr_client_view kr_client_look(const struct kr_client *c)
{
    struct kr_client_view v = {.joined = c->in_room,
                               .member = c->phase == KR_PHASE_MEMBER,
                               .waiting = c->phase == KR_PHASE_WAITING,
                               .mismatched = c->mismatched,
                               .exposed = c->exposed,
                               .may_send = c->sending != NULL};
    if (c->sending) {
        v.instance = c->sending->instance;
        v.epoch = c->sending->link.epoch;
        v.counter = c->sending->counter;
    }
    for (const struct kr_epoch_state *e = c->epochs; e; e = e->next)
        v.held++;
    const struct kr_epoch_state *e = c->epochs;
    if (c->phase == KR_PHASE_MEMBER && e) {
        v.newest = e->link.epoch;
        v.roster = e->link.roster;
        v.members = e->roster.len;
        for (size_t i = 0; i < e->roster.len; i++)
            v.missing += kr_epoch_holds(e, i) ? 0 : 1;
    }
    return v;
}
