#include "load/light.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "epoch/rounds.h"
#include "io/random.h"
#include "load/light_state.h"
#include "load/tree.h"
#include "message/stanza.h"
#include "xml/ns.h"

struct kr_view *kr_light_view(const struct kr_seat *seat)
{
    return seat->crowd->room_states[seat->room];
}

struct kr_light_person *kr_light_person(struct kr_light *l, uint32_t person)
{
    if (person >= l->person_cap) {
        size_t cap = l->person_cap ? l->person_cap : 16;
        while (cap <= person)
            cap *= 2;
        l->persons = kr_realloc_array(l->persons, cap, sizeof(*l->persons));
        memset(l->persons + l->person_cap, 0, (cap - l->person_cap) * sizeof(*l->persons));
        l->person_cap = cap;
    }
    return &l->persons[person];
}

size_t kr_light_request(struct kr_seat *seat, const struct kr_request *request, char kind, uint64_t number)
{
    struct kr_request r = *request;
    struct kr_xml x;
    char id[32];
    r.room = seat->crowd->rooms[seat->room];
    kr_seat_iq_id(seat, id, kind, number);
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_iq_start(&x, kr_request_is_set(r.kind) ? "set" : "get", NULL, seat->crowd->config->service, id);
    kr_request_encode(&x, &r);
    kr_xml_end(&x);
    return kr_seat_send_xml(seat, &x);
}

/* --- acks --- */

static void ack(struct kr_seat *seat)
{
    struct kr_light *l = kr_light_of(seat);
    struct kr_light_epoch *e = &l->epoch;
    uint16_t *missing = kr_calloc(e->len, sizeof(*missing));
    size_t count = 0;
    for (size_t i = 0; e->missing && i < e->len; i++)
        if (!e->heard[i])
            missing[count++] = (uint16_t)i;
    struct kr_request r = {.kind = KR_REQ_ACK};
    r.u.ack = (struct kr_req_ack){
        .instance = l->instance, .epoch = e->number, .missing = missing, .missing_count = count};
    e->asked = true;
    size_t bytes = kr_light_request(seat, &r, 'A', e->number);
    kr_trial_size(seat->crowd->trial, KR_REC_ACK, bytes);
    free(missing);
}

/* --- events --- */

static void begin_epoch(struct kr_seat *seat, uint64_t deadline_ms)
{
    struct kr_light *l = kr_light_of(seat);
    struct kr_light_epoch *e = &l->epoch;
    const struct kr_view *v = kr_light_view(seat);
    int me = kr_roster_find(&v->roster, &l->attach);
    const struct kr_light_source *source = kr_light_source(v->link.source);
    uint64_t before = e->number;
    free(e->heard);
    free(e->to);
    *e = (struct kr_light_epoch){.number = 0};
    if (me < 0 || !source) {
        kr_trial_wrong(seat->crowd->trial, "an announce without %s, or of an unknown key source", seat->nick);
        return;
    }
    *e = (struct kr_light_epoch){.number = v->link.epoch,
                                 .instance = v->instance,
                                 .source = source,
                                 .switch_ns = kr_now_ns() + (deadline_ms + KR_SWITCH_SLACK_MS) * KR_NS_PER_MS,
                                 .me = (size_t)me,
                                 .len = v->roster.len};
    e->heard = kr_calloc(e->len, 1);
    e->to = kr_calloc(e->len, 1);
    for (size_t i = 0; i < e->len; i++) {
        struct kr_light_person *p = kr_light_person(l, v->persons[i]);
        /* What nobody seals for it, it ratchets: if it had what that comes from (5.5, 8.3). */
        e->heard[i] = i == e->me || (!source->hears(v, i, e->me) && before && p->holds == before);
        if (e->heard[i])
            p->holds = e->number;
        e->missing += !e->heard[i];
        e->round1_awaited = e->round1_awaited || source->seals(v, KR_ROUND_1, i, e->me);
    }
    l->claiming = 0;
    kr_light_seal(seat);
    if (e->missing == 0)
        ack(seat); /* nothing will come */
}

static void on_announce(struct kr_seat *seat, const struct kr_notice_announce *a)
{
    struct kr_light *l = kr_light_of(seat);
    bool whole = false;
    if (l->stage != KR_LIGHT_MEMBER)
        return;
    int err = kr_view_hear(kr_light_view(seat), &l->hearing, seat->crowd->rooms[seat->room], a, &whole);
    if (err)
        kr_trial_wrong(seat->crowd->trial, "an announce that does not hold (%s)", kr_errname(err));
    else if (whole && (l->epoch.number != a->link.epoch || !kr_id_equal(&l->epoch.instance, &a->instance)))
        begin_epoch(seat, a->deadline_ms);
}

static size_t take_entries(struct kr_seat *seat, const struct kr_notice_deliver *d)
{
    struct kr_light *l = kr_light_of(seat);
    struct kr_light_epoch *e = &l->epoch;
    const struct kr_view *v = kr_light_view(seat);
    size_t fresh = 0;
    for (size_t i = 0; i < d->entry_count; i++) {
        const struct kr_packed *p = &d->entries[i];
        if (p->index >= e->len || p->index == e->me) {
            kr_trial_wrong(seat->crowd->trial, "a key from somebody who is not in the roster");
            continue;
        }
        if (p->type == KR_PACKED_WITHHELD || e->heard[p->index])
            continue;
        size_t want = p->type == KR_PACKED_PREKEY ? KR_LIGHT_PREKEY : KR_LIGHT_NORMAL;
        if (p->body.len != want || !kr_light_genuine(p->body, e->number, p->index, e->me)) {
            kr_trial_wrong(seat->crowd->trial, "a key for %s that is not what was sealed for it", seat->nick);
            continue;
        }
        e->heard[p->index] = 1;
        kr_light_person(l, v->persons[p->index])->holds = e->number;
        *kr_light_session(l, v->persons[p->index]) = KR_LIGHT_STEADY;
        fresh++;
    }
    e->missing -= fresh;
    return fresh;
}

static void on_deliver(struct kr_seat *seat, const struct kr_notice_deliver *d)
{
    struct kr_light_epoch *e = &kr_light_of(seat)->epoch;
    if (!e->number || d->epoch != e->number || kr_light_view(seat)->link.epoch != e->number)
        return;
    size_t fresh = take_entries(seat, d);
    kr_trial_keys(seat->crowd->trial, fresh);
    bool whole = d->part == d->of;
    if (d->last && whole)
        e->last = true;
    if (whole && (d->round == KR_ROUND_1 || d->last))
        e->round1_awaited = false;
    if (!whole)
        return;
    if ((!e->asked && (e->missing == 0 || e->last)) || (e->asked && fresh))
        ack(seat);
    kr_light_seal(seat);
}

static void on_commit(struct kr_seat *seat, const struct kr_notice_commit *c)
{
    struct kr_light *l = kr_light_of(seat);
    if (!l->epoch.number || c->epoch != l->epoch.number)
        return;
    l->epoch.committed = true;
    bool first = l->switched != c->epoch;
    l->switched = c->epoch;
    if (c->has_exposure && c->exposure_ms > seat->crowd->trial->service_exposure_ms)
        seat->crowd->trial->service_exposure_ms = c->exposure_ms;
    kr_trial_commit(seat->crowd->trial);
    if (first)
        kr_trial_switch(seat->crowd->trial);
}

static enum kr_record_kind kind_of(enum kr_notice_kind kind)
{
    switch (kind) {
    case KR_NOTICE_ANNOUNCE:
        return KR_REC_ANNOUNCE;
    case KR_NOTICE_DELIVER:
        return KR_REC_DELIVER;
    case KR_NOTICE_COMMIT:
        return KR_REC_COMMIT;
    default:
        return KR_REC_OTHER;
    }
}

static void on_notice(struct kr_seat *seat, const struct kr_el *payload, struct kr_arena *arena, size_t bytes)
{
    struct kr_notice n;
    int err = kr_notice_decode(payload, arena, &n);
    if (err) {
        kr_trial_wrong(seat->crowd->trial, "an event that cannot be decoded (%s)", kr_errname(err));
        return;
    }
    kr_trial_size(seat->crowd->trial, kind_of(n.kind), bytes);
    switch (n.kind) {
    case KR_NOTICE_ANNOUNCE:
        on_announce(seat, &n.u.announce);
        break;
    case KR_NOTICE_DELIVER:
        on_deliver(seat, &n.u.deliver);
        break;
    case KR_NOTICE_COMMIT:
        on_commit(seat, &n.u.commit);
        break;
    case KR_NOTICE_WANTED:
        kr_light_wanted(seat, &n.u.wanted);
        break;
    case KR_NOTICE_LOW:
        kr_light_more_keys(seat, &n.u.low);
        break;
    case KR_NOTICE_DETACHED:
        kr_trial_wrong(seat->crowd->trial, "%s was detached (%s)", seat->nick, n.u.detached.reason);
        break;
    default:
        break;
    }
}

/* --- answers --- */

enum { RETRY_MS = 100, ASK_MS = 5000 };

static void on_refusal(struct kr_seat *seat, char kind, const struct kr_el *el)
{
    struct kr_light *l = kr_light_of(seat);
    if (kind == 'c' || kind == 'a') { /* the service is not in the room yet, or does not see us yet */
        l->stage = KR_LIGHT_OUT;
        l->again_ns = kr_now_ns() + RETRY_MS * KR_NS_PER_MS;
        return;
    }
    int err = kr_error_read(el);
    /* The epoch was over, or somebody gone, before our word arrived. */
    bool busy = err == KR_E_BUSY || err == KR_E_QUOTA;
    seat->crowd->trial->busy += busy;
    if (err != KR_E_STALE_EPOCH && err != KR_E_NOT_IN_ROOM && !busy)
        kr_trial_wrong(seat->crowd->trial, "the service refused a request of kind %c (%s)", kind,
                       kr_errname(err));
    if (kind == 'e' && busy) { /* what is still wanted comes with the whole (6.7) */
        uint64_t at = kr_now_ns() + ASK_MS * KR_NS_PER_MS;
        l->again_ns = at < l->again_ns ? at : l->again_ns;
    }
    if (kind == 'm') {
        l->claiming -= l->claiming != 0;
        kr_light_claim_again(seat);
        kr_light_seal(seat);
    }
}

static void on_claimed(struct kr_seat *seat, const struct kr_el *payload, struct kr_arena *arena)
{
    struct kr_res_claimed claimed;
    if (payload && kr_res_claimed_decode(payload, arena, &claimed) == 0)
        kr_light_claimed(seat, &claimed);
    else
        kr_trial_wrong(seat->crowd->trial, "an answer to a claim that cannot be decoded");
}

static void on_attached(struct kr_seat *seat, const struct kr_el *payload)
{
    struct kr_res_attached attached;
    struct kr_light *l = kr_light_of(seat);
    if (!payload || kr_res_attached_decode(payload, &attached) != 0 || attached.waiting)
        kr_load_fail(seat->crowd->load, "%s is not made a member", seat->nick);
    l->stage = KR_LIGHT_MEMBER;
    l->attached_ns = kr_now_ns();
}

/* An empty result: what it says is in its id. */
static void on_plain_result(struct kr_seat *seat, char kind, const char *number, size_t bytes)
{
    struct kr_light_epoch *e = &kr_light_of(seat)->epoch;
    if (kind == 'e')
        kr_trial_size(seat->crowd->trial, KR_REC_ENVELOPE_RESULT, bytes);
    if (kind != 'A')
        return;
    kr_trial_size(seat->crowd->trial, KR_REC_ACK_RESULT, bytes);
    if (strtoull(number, NULL, 10) != e->number || e->missing || e->acked)
        return;
    e->acked = true;
    kr_trial_ack(seat->crowd->trial);
}

static void with_tree(struct kr_seat *seat, const struct kr_piece *p, char kind)
{
    struct kr_arena arena;
    const struct kr_el *el = NULL;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    if (kr_tree_parse(&arena, p->ptr, p->len, KR_NS_CLIENT, &el) != 0) {
        kr_trial_wrong(seat->crowd->trial, "a stanza that cannot be read");
        kr_arena_done(&arena);
        return;
    }
    const struct kr_el *payload = el->child;
    const char *type = kr_el_attr(el, "type");
    if (!kind && payload && strcmp(payload->ns, KR_NS) == 0)
        on_notice(seat, payload, &arena, p->len);
    else if (kind && type && strcmp(type, "error") == 0)
        on_refusal(seat, kind, el);
    else if (kind == 'c')
        kr_light_challenge(seat, payload);
    else if (kind == 'a')
        on_attached(seat, payload);
    else if (kind == 'm')
        on_claimed(seat, payload, &arena);
    kr_arena_done(&arena);
}

static void stanza(struct kr_seat *seat, const struct kr_piece *p)
{
    size_t len;
    if (kr_piece_is(p, "message")) {
        if (kr_piece_attr_is(p, "from", seat->crowd->config->service))
            with_tree(seat, p, 0);
        return;
    }
    const char *id = kr_piece_is(p, "iq") ? kr_piece_attr(p, "id", &len) : NULL;
    if (!id || !len)
        return;
    bool plain = strchr("eAkw", *id) && kr_piece_attr_is(p, "type", "result");
    const char *dash = memchr(id, '-', len);
    if (plain && dash)
        on_plain_result(seat, *id, dash + 1, p->len);
    else
        with_tree(seat, p, *id);
}

/* --- coming and going --- */

static void come(struct kr_seat *seat)
{
    struct kr_light *l = kr_calloc(1, sizeof(*l));
    struct kr_random random = kr_random_system();
    kr_secret_alloc(&l->signer, crypto_sign_SECRETKEYBYTES);
    (void)crypto_sign_keypair(l->ed25519.b, l->signer.ptr);
    kr_random_fill(&random, &l->curve25519, sizeof(l->curve25519));
    l->device = kr_device_id(&l->ed25519, &l->curve25519);
    l->again_ns = UINT64_MAX;
    if (!seat->crowd->room_states[seat->room])
        seat->crowd->room_states[seat->room] = kr_view_new();
    seat->state = l;
}

static void go(struct kr_seat *seat)
{
    struct kr_light *l = kr_light_of(seat);
    kr_secret_done(&l->signer);
    kr_hearing_done(&l->hearing);
    free(l->epoch.heard);
    free(l->epoch.to);
    free(l->persons);
    free(l);
    seat->state = NULL;
}

static void room_over(struct kr_crowd *crowd, size_t room)
{
    kr_view_free(crowd->room_states[room]);
    crowd->room_states[room] = NULL;
}

static void presence(struct kr_seat *seat, struct kr_xml *x)
{
    kr_xml_start(x, "device", KR_NS);
    kr_xml_attr_id(x, "id", &kr_light_of(seat)->device);
    kr_xml_end(x);
}

/* Only an epoch that it has sealed for: what the service did not take may not be sent with. */
static bool switches_by_clock(const struct kr_light *l)
{
    return l->epoch.number && l->epoch.round2_sent && l->switched != l->epoch.number;
}

static void on_time(struct kr_seat *seat)
{
    struct kr_light *l = kr_light_of(seat);
    struct kr_request r = {.kind = KR_REQ_WHOLE};
    uint64_t now = kr_now_ns();
    if (switches_by_clock(l) && l->epoch.switch_ns <= now) {
        l->switched = l->epoch.number;
        kr_trial_switch(seat->crowd->trial);
    }
    if (l->again_ns > now)
        return;
    if (l->stage == KR_LIGHT_OUT) {
        kr_light_attach(seat);
        return;
    }
    l->again_ns = UINT64_MAX;
    kr_light_request(seat, &r, 'w', 0);
}

static uint64_t due(const struct kr_seat *seat)
{
    const struct kr_light *l = kr_light_of(seat);
    return switches_by_clock(l) && l->epoch.switch_ns < l->again_ns ? l->epoch.switch_ns : l->again_ns;
}

const struct kr_dialect kr_light = {.name = "keyroom, sized ciphertexts",
                                    .come = come,
                                    .go = go,
                                    .room_over = room_over,
                                    .inside = kr_light_attach,
                                    .presence = presence,
                                    .stanza = stanza,
                                    .due = due,
                                    .time = on_time};

struct kr_light_look kr_light_look(const struct kr_seat *seat)
{
    const struct kr_light *l = kr_light_of(seat);
    return (struct kr_light_look){.member = l->stage == KR_LIGHT_MEMBER,
                                  .attach_sent_ns = l->attach_sent_ns,
                                  .attached_ns = l->attached_ns,
                                  .epoch = l->epoch.number,
                                  .missing = l->epoch.missing,
                                  .acked = l->epoch.acked,
                                  .committed = l->epoch.committed,
                                  .roster_len = l->epoch.len,
                                  .attach = l->attach,
                                  .switched = l->switched};
}

uint64_t kr_light_epoch_without(const struct kr_crowd *crowd, size_t room, const struct kr_id *attach)
{
    const struct kr_view *v = crowd->room_states[room];
    return v && v->any && kr_roster_find(&v->roster, attach) < 0 ? v->link.epoch : 0;
}

size_t kr_light_expected(const struct kr_crowd *crowd, size_t room)
{
    const struct kr_view *v = crowd->room_states[room];
    const struct kr_light_source *source = v ? kr_light_source(v->link.source) : NULL;
    size_t count = 0;
    for (size_t i = 0; source && i < v->roster.len; i++)
        for (size_t k = 0; k < v->roster.len; k++)
            count += source->hears(v, i, k);
    return count;
}
