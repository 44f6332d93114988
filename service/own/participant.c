#include "own/participant.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limit.h"
#include "client/client.h"
#include "parse/text.h"
#include "xml/ns.h"

enum { PICKLE_KEY_LEN = 32 };

struct seat { /* in one room */
    char *room, *jid;
    struct kr_client *client;
    uint64_t due_ms;
    UT_hash_handle hh; /* by room */
};

struct kr_participant {
    char *service;
    struct kr_random random;
    struct kr_id device;
    /* The account, from which each room's is made: one-time keys belong to an attach. */
    struct kr_secret pickle, pickle_key;
    struct seat *seats;
    struct kr_own_note *notes; /* put by, oldest first */
    size_t note_count, note_cap;
};

int kr_participant_new(const struct kr_participant_config *config, struct kr_participant **ret_participant)
{
    struct kr_participant *p = kr_calloc(1, sizeof(*p));
    struct kr_key ed25519, curve25519;
    p->service = kr_strdup(config->service);
    p->random = config->random;
    kr_olm_account_keys(config->account, &ed25519, &curve25519);
    p->device = kr_device_id(&ed25519, &curve25519);
    kr_secret_alloc(&p->pickle_key, PICKLE_KEY_LEN);
    kr_random_fill(&p->random, p->pickle_key.ptr, p->pickle_key.len);
    int err = kr_olm_account_pickle(config->account, &p->pickle_key, &p->pickle);
    kr_olm_account_free(config->account);
    if (err)
        kr_participant_free(p);
    else
        *ret_participant = p;
    return err;
}

static void seat_free(struct kr_participant *p, struct seat *s)
{
    HASH_DEL(p->seats, s);
    kr_client_free(s->client);
    free(s->room);
    free(s->jid);
    free(s);
}

void kr_participant_free(struct kr_participant *p)
{
    if (!p)
        return;
    struct seat *s, *next;
    HASH_ITER (hh, p->seats, s, next)
        seat_free(p, s);
    for (size_t i = 0; i < p->note_count; i++)
        kr_own_note_done(&p->notes[i]);
    free(p->notes);
    kr_secret_done(&p->pickle);
    kr_secret_done(&p->pickle_key);
    free(p->service);
    free(p);
}

struct kr_id kr_participant_device(const struct kr_participant *p)
{
    return p->device;
}

void kr_participant_take(struct kr_participant *p, struct kr_own_note *note)
{
    kr_grow((void **)&p->notes, &p->note_cap, p->note_count, sizeof(*p->notes));
    p->notes[p->note_count++] = *note; /* transferred */
    *note = (struct kr_own_note){0};
}

uint64_t kr_participant_due(const struct kr_participant *p)
{
    uint64_t due = p->note_count ? 0 : UINT64_MAX;
    for (const struct seat *s = p->seats; s; s = s->hh.next)
        due = s->due_ms < due ? s->due_ms : due;
    return due;
}

/* --- steps --- */

/* From its own address. What is no request, its presence, is the core's to send. */
static void pass_on(const struct seat *s, const char *xml, const struct kr_participant_hooks *hooks)
{
    struct kr_arena arena;
    struct kr_el *el = NULL;
    struct kr_el_maker maker = {.arena = &arena};
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    if (kr_stanza_parse(&arena, xml, strlen(xml), KR_NS_COMPONENT, &el) == 0 &&
        strcmp(el->name, "presence") != 0 && kr_el_add_attr(&maker, el, "from", s->jid) == 0)
        hooks->ask(hooks->arg, el);
    kr_arena_done(&arena);
}

static void tell_operator(const struct seat *s, const struct kr_report *r,
                          const struct kr_participant_hooks *hooks)
{
    if (r->kind == KR_REPORT_REFUSED)
        hooks->warn(hooks->arg, s->room, r->what ? r->what : "", r->why ? r->why : "");
    else if (r->kind == KR_REPORT_MISMATCH)
        hooks->warn(hooks->arg, s->room, "mismatch", r->why ? r->why : "");
}

static void step(struct seat *s, struct kr_client_event event, uint64_t now_ms,
                 const struct kr_participant_hooks *hooks)
{
    struct kr_client_output out;
    kr_client_output_init(&out);
    event.now_ms = now_ms;
    kr_client_step(s->client, &event, &out);
    s->due_ms = out.deadline_ms;
    for (size_t i = 0; i < out.report_count; i++)
        tell_operator(s, &out.reports[i], hooks);
    for (size_t i = 0; i < out.stanza_count; i++)
        pass_on(s, out.stanzas[i], hooks);
    kr_client_output_clear(&out);
}

static struct seat *find(struct kr_participant *p, const char *room)
{
    struct seat *s = NULL;
    HASH_FIND_STR(p->seats, room, s);
    return s;
}

static void begin(struct kr_participant *p, const char *room, const char *nick, uint64_t now_ms,
                  const struct kr_participant_hooks *hooks)
{
    struct kr_client_config config = {.room = room,
                                      .nick = nick,
                                      .service = p->service,
                                      .floor = KR_AUTHORISE_OCCUPANTS,
                                      .any_format = true,
                                      .sources = KR_SOURCE_BIT(KR_SOURCE_SERVICE),
                                      .has_service_device = true,
                                      .service_device = p->device,
                                      .random = p->random};
    int err = kr_olm_account_unpickle(&p->pickle, &p->pickle_key, &config.account);
    if (err) {
        hooks->warn(hooks->arg, room, "device", kr_errname(err));
        return;
    }
    struct seat *s = kr_calloc(1, sizeof(*s));
    size_t size = strlen(p->service) + strlen(room) + 2;
    s->room = kr_strdup(room);
    struct kr_buf jid;
    kr_buf_init(&jid, size);
    kr_buf_printf(&jid, "%s/%s", p->service, room);
    s->jid = kr_buf_take_str(&jid);
    kr_buf_done(&jid);
    s->client = kr_client_new(&config);
    HASH_ADD_KEYPTR(hh, p->seats, s->room, strlen(s->room), s);
    step(s, (struct kr_client_event){.kind = KR_CLIENT_UP, .jid = s->jid}, now_ms, hooks);
    step(s, (struct kr_client_event){.kind = KR_CLIENT_JOIN}, now_ms, hooks);
}

static void hear(struct seat *s, const char *xml, uint64_t now_ms, const struct kr_participant_hooks *hooks)
{
    struct kr_arena arena;
    struct kr_el *el = NULL;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    int err = kr_stanza_parse(&arena, xml, strlen(xml), KR_NS_CLIENT, &el);
    if (err)
        hooks->warn(hooks->arg, s->room, "stanza", kr_errname(err));
    else
        step(s, (struct kr_client_event){.kind = KR_CLIENT_STANZA, .stanza = el}, now_ms, hooks);
    kr_arena_done(&arena);
}

static void handle(struct kr_participant *p, const struct kr_own_note *note, uint64_t now_ms,
                   const struct kr_participant_hooks *hooks)
{
    struct seat *s = find(p, note->room);
    switch (note->kind) {
    case KR_OWN_BEGIN:
        if (s)
            seat_free(p, s);
        begin(p, note->room, note->text, now_ms, hooks);
        break;
    case KR_OWN_STANZA:
        if (s)
            hear(s, note->text, now_ms, hooks);
        break;
    case KR_OWN_END:
        if (s)
            seat_free(p, s);
        break;
    }
}

void kr_participant_run(struct kr_participant *p, uint64_t now_ms, const struct kr_participant_hooks *hooks)
{
    /* What comes of these is put by for the next time: others have their turn in between. */
    struct kr_own_note *notes = p->notes;
    size_t count = p->note_count;
    p->notes = NULL;
    p->note_count = p->note_cap = 0;
    for (size_t i = 0; i < count; i++) {
        handle(p, &notes[i], now_ms, hooks);
        kr_own_note_done(&notes[i]);
    }
    free(notes);
    for (struct seat *s = p->seats; s; s = s->hh.next)
        if (s->due_ms <= now_ms)
            step(s, (struct kr_client_event){.kind = KR_CLIENT_TIME}, now_ms, hooks);
}
