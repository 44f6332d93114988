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
    r.in = kr_tag(&kr_light_of(seat)->instance);
    kr_seat_iq_id(seat, id, kind, number);
    kr_xml_init(&x, KR_STANZA_MAX);
    if (r.kind == KR_REQ_ACK)
        kr_message_start(&x, NULL, NULL, seat->crowd->config->service);
    else
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
    const struct kr_view *v = kr_light_view(seat);
    /* What it derives nothing of it cannot vouch for: of a leader's in this crowd, the context stands for it.
     */
    bool ratcheted = v->link.source == KR_SOURCE_LEADER && v->link.kind == KR_EPOCH_RATCHET &&
                     !v->roster.entries[e->me].is_new;
    r.u.ack = (struct kr_req_ack){.epoch = e->number,
                                  .missing = missing,
                                  .missing_count = count,
                                  .has_confirm = ratcheted && count == 0,
                                  .confirm = v->context};
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
    uint64_t before = e->number;
    free(e->heard);
    free(e->to);
    *e = (struct kr_light_epoch){.number = 0};
    if (me < 0) {
        kr_trial_wrong(seat->crowd->trial, "an announce without %s", seat->nick);
        return;
    }
    *e = (struct kr_light_epoch){.number = v->link.epoch,
                                 .instance = v->instance,
                                 .switch_ns = kr_now_ns() + (deadline_ms + KR_SWITCH_SLACK_MS) * KR_NS_PER_MS,
                                 .me = (size_t)me,
                                 .len = v->roster.len,
                                 .by_service = v->link.source == KR_SOURCE_SERVICE};
    e->heard = kr_calloc(e->len, 1);
    e->to = kr_calloc(e->len, 1);
    for (size_t i = 0; i < e->len; i++) {
        struct kr_light_person *p = kr_light_person(l, v->persons[i]);
        /* What nobody seals for it, it ratchets: if it had what that comes from (5.5, 8.3). Whose secret is
         * the leader's, it needs nothing of. */
        e->heard[i] = i == e->me || kr_secret_of(&v->sealing, i) != i ||
                      (!kr_round_any(&v->sealing, i, e->me) && before && p->holds == before);
        if (e->heard[i])
            p->holds = e->number;
        e->missing += !e->heard[i];
        e->round1_awaited = e->round1_awaited || kr_round_has(&v->sealing, KR_ROUND_1, i, e->me);
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
    else if (whole && (l->epoch.number != a->link.epoch ||
                       !kr_id_equal(&l->epoch.instance, &kr_light_view(seat)->instance)))
        begin_epoch(seat, a->deadline_ms);
}

/* At a random moment, as 5.13 has it. */
static void answer_later(struct kr_light *l, const struct kr_view *v, size_t leader)
{
    struct kr_random random = kr_random_system();
    uint32_t n;
    kr_random_fill(&random, &n, sizeof(n));
    uint64_t spread_ms = KR_LIGHT_ANSWER_MS + KR_LIGHT_ANSWER_MEMBER_MS * (uint64_t)v->roster.len;
    l->answer_ns = kr_now_ns() + n % spread_ms * KR_NS_PER_MS;
    l->answer_to = v->roster.entries[leader].attach;
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
        bool real = v->link.source == KR_SOURCE_SERVICE; /* Olm's */
        if (p->body.len != want || !(real || kr_light_genuine(p->body, e->number, p->index, e->me))) {
            kr_trial_wrong(seat->crowd->trial, "a key for %s that is not what was sealed for it", seat->nick);
            continue;
        }
        if (p->type == KR_PACKED_PREKEY && v->link.source == KR_SOURCE_LEADER)
            answer_later(l, v, p->index);
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
    const struct kr_view *v = kr_light_view(seat);
    bool ours = v->link.source == KR_SOURCE_LEADER && kr_digest_equal(&d->confirm, &v->context);
    if (d->has_confirm && !ours && v->link.source != KR_SOURCE_SERVICE)
        kr_trial_wrong(seat->crowd->trial, "a confirm that is not its leader's");
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
    if (!l->epoch.missing && !l->epoch.acked) { /* that its ack has come is told by nothing else */
        l->epoch.acked = true;
        kr_trial_ack(seat->crowd->trial);
    }
    if (first)
        kr_trial_switch(seat->crowd->trial);
}

/* Its sender has spoken: what we seal for it is no pre-key message any more. */
static void on_session(struct kr_seat *seat, const struct kr_notice_session *s)
{
    const struct kr_view *v = kr_light_view(seat);
    int at = v->any ? kr_roster_find(&v->roster, &s->from) : -1;
    if (at >= 0 && s->type == KR_PACKED_NORMAL)
        *kr_light_session(kr_light_of(seat), v->persons[at]) = KR_LIGHT_STEADY;
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
    case KR_NOTICE_SESSION:
        on_session(seat, &n.u.session);
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
    if (!kind && type && strcmp(type, "error") == 0)
        on_refusal(seat, 'A', el);
    else if (!kind && payload && strcmp(payload->ns, KR_NS) == 0)
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
    bool plain = strchr("ekws", *id) && kr_piece_attr_is(p, "type", "result");
    if (plain && *id == 'e')
        kr_trial_size(seat->crowd->trial, KR_REC_ENVELOPE_RESULT, p->len);
    if (!plain)
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
    l->again_ns = l->answer_ns = UINT64_MAX;
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

static void answer(struct kr_seat *seat)
{
    struct kr_light *l = kr_light_of(seat);
    static const uint8_t word[KR_LIGHT_WORD] = {3};
    struct kr_request r = {.kind = KR_REQ_SESSION};
    r.u.session = (struct kr_req_session){
        .to = l->answer_to, .type = KR_PACKED_NORMAL, .message = kr_span(word, sizeof(word))};
    l->answer_ns = UINT64_MAX;
    kr_light_request(seat, &r, 's', 0);
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
    if (l->answer_ns <= now)
        answer(seat);
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
    uint64_t due = l->again_ns < l->answer_ns ? l->again_ns : l->answer_ns;
    return switches_by_clock(l) && l->epoch.switch_ns < due ? l->epoch.switch_ns : due;
}

static bool is_in(const struct kr_seat *seat, const struct kr_tag *tag)
{
    const struct kr_light *l = kr_light_of(seat);
    return l->stage == KR_LIGHT_MEMBER && kr_is_tag_of(tag, &l->instance);
}

const struct kr_dialect kr_light = {.name = "keyroom, sized ciphertexts",
                                    .come = come,
                                    .go = go,
                                    .room_over = room_over,
                                    .inside = kr_light_attach,
                                    .presence = presence,
                                    .is_in = is_in,
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
                                  .roster_len = l->epoch.len - l->epoch.by_service,
                                  .attach = l->attach,
                                  .switched = l->switched,
                                  .answers = l->answer_ns != UINT64_MAX};
}

uint64_t kr_light_epoch_without(const struct kr_crowd *crowd, size_t room, const struct kr_id *attach)
{
    const struct kr_view *v = crowd->room_states[room];
    return v && v->any && kr_roster_find(&v->roster, attach) < 0 ? v->link.epoch : 0;
}

size_t kr_light_expected(const struct kr_crowd *crowd, size_t room)
{
    const struct kr_view *v = crowd->room_states[room];
    size_t count = 0;
    for (size_t i = 0; v && i < v->roster.len; i++)
        for (size_t k = 0; kr_secret_of(&v->sealing, i) == i && k < v->roster.len; k++)
            count += kr_round_any(&v->sealing, i, k);
    return count;
}
