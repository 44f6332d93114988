/* IQs to the service and their answers. Ids are random: nobody else can answer. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "client/state.h"
#include "message/stanza.h"
#include "xml/ns.h"

static void free_pending(struct kr_pending *q)
{
    free(q->payload);
    free(q->held);
    free(q->targets);
    free(q);
}

/* Under an id of its own each time. False: too large. */
static bool put(struct kr_client *c, struct kr_pending *q, const char *payload)
{
    uint8_t bytes[KR_CLIENT_ID_LEN];
    kr_random_fill(&c->random, bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        q->id[i] = "abcdefghijklmnopqrstuvwxyz234567"[bytes[i] % 32];
    q->sent_ms = c->now_ms;
    q->due_ms = c->now_ms + KR_CLIENT_IQ_MS;
    struct kr_xml x;
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_iq_start(&x, kr_request_is_set(q->kind) ? "set" : "get", NULL, c->service, q->id);
    kr_xml_text(&x, ""); /* closes the start tag */
    kr_buf_add_str(&x.out, payload);
    kr_xml_end(&x);
    char *xml = kr_xml_take(&x);
    kr_xml_done(&x);
    if (xml)
        kr_output_stanza(c->out, xml);
    return xml != NULL;
}

/* Sent again as it is when the service is busy. An ack is made anew: what it says may have changed. */
static bool is_repeated(enum kr_request_kind kind)
{
    return kind == KR_REQ_ENVELOPE || kind == KR_REQ_CLAIM || kind == KR_REQ_SESSION || kind == KR_REQ_KEYS;
}

void kr_request_say(struct kr_client *c, struct kr_request *r)
{
    struct kr_xml x;
    r->in = kr_tag(&c->instance);
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_message_start(&x, NULL, NULL, c->service);
    kr_request_encode(&x, r);
    kr_xml_end(&x);
    char *xml = kr_xml_take(&x);
    kr_xml_done(&x);
    if (xml)
        kr_output_stanza(c->out, xml);
}

struct kr_pending *kr_request_send(struct kr_client *c, struct kr_request *r)
{
    r->room = c->room;
    r->in = kr_tag(&c->instance);
    struct kr_pending *q = kr_calloc(1, sizeof(*q));
    const struct kr_epoch_state *e = kr_epoch_now(c);
    q->kind = r->kind;
    q->epoch = e ? e->link.epoch : 0;
    struct kr_xml x;
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_request_encode(&x, r);
    q->payload = kr_xml_take(&x);
    kr_xml_done(&x);
    if (!q->payload || !put(c, q, q->payload)) {
        free_pending(q);
        return NULL;
    }
    if (!is_repeated(q->kind)) {
        free(q->payload);
        q->payload = NULL;
    }
    q->next = c->pending;
    c->pending = q;
    return q;
}

uint64_t kr_request_again_ms(struct kr_client *c)
{
    uint8_t r[2];
    kr_random_fill(&c->random, r, sizeof(r));
    return c->now_ms + KR_CLIENT_BUSY_MS + (uint64_t)(r[0] << 8 | r[1]) % KR_CLIENT_BUSY_SPREAD_MS;
}

/* What was for an epoch is for nothing when the next one is announced; keys are for all of them. */
static bool is_past(struct kr_client *c, const struct kr_pending *q)
{
    const struct kr_epoch_state *e = kr_epoch_now(c);
    return q->kind != KR_REQ_KEYS && !q->verifies && (!e || q->epoch != e->link.epoch);
}

/* 9.3: the service was busy. A later part of an envelope is unexpected if an earlier one was put off. */
static bool put_off(struct kr_client *c, struct kr_pending *q, int err)
{
    bool busy = err == KR_E_BUSY || (err == KR_E_UNEXPECTED && q->kind == KR_REQ_ENVELOPE && q->part > 1);
    if (!busy || !q->payload || q->overdue || q->repeats >= KR_CLIENT_BUSY_TRIES || is_past(c, q))
        return false;
    if (q->seals)
        kr_epoch_now(c)->posted = false; /* for now */
    q->repeats++;
    q->put_off = true;
    q->due_ms = kr_request_again_ms(c);
    q->next = c->pending;
    c->pending = q;
    return true;
}

static const struct kr_pending *earlier_part(const struct kr_client *c, const struct kr_pending *of)
{
    for (const struct kr_pending *q = c->pending; q; q = q->next)
        if (q->put_off && q->kind == KR_REQ_ENVELOPE && of->kind == KR_REQ_ENVELOPE &&
            q->epoch == of->epoch && q->round == of->round && q->part < of->part)
            return q;
    return NULL;
}

/* Its time has come, unless an earlier part goes first. */
static bool repeat(struct kr_client *c, struct kr_pending *q)
{
    const struct kr_pending *earlier = earlier_part(c, q);
    if (earlier) {
        if (earlier->due_ms > c->now_ms)
            q->due_ms = earlier->due_ms;
        return false;
    }
    q->put_off = false;
    put(c, q, q->payload);
    if (q->seals)
        kr_epoch_now(c)->posted = true;
    return true;
}

static void refused(struct kr_client *c, const struct kr_pending *q, int err)
{
    if (err != KR_E_STALE_EPOCH)
        kr_output_refused(c->out, kr_request_name(q->kind), err, NULL);
}

/* err: 0 for a result, else why there is none (KR_E_IO: no answer in time). */
static void answered(struct kr_client *c, const struct kr_pending *q, const struct kr_el *payload, int err)
{
    switch (q->kind) {
    case KR_REQ_CHALLENGE:
        kr_attach_challenge(c, payload, err);
        break;
    case KR_REQ_ATTACH:
        kr_attach_result(c, payload, err);
        break;
    case KR_REQ_CLAIM:
        kr_claim_result(c, q, payload, err);
        break;
    case KR_REQ_ENVELOPE:
        kr_seal_result(c, q, err);
        break;
    case KR_REQ_WHOLE:
        if (err == KR_E_NOT_MEMBER || err == KR_E_NOT_OCCUPANT || err == KR_E_UNKNOWN_ROOM) {
            if (!c->mismatched) /* what does not hold is healed by nobody's word but the user's (5.4) */
                kr_attach_anew(c);
        } else if (err) {
            refused(c, q, err);
            c->ask_at_ms = kr_sooner(c->ask_at_ms, c->now_ms + KR_CLIENT_REATTACH_MS);
        } else {
            c->answered = true;
        }
        break;
    case KR_REQ_PROOF:
        kr_log_result(c, payload, err);
        break;
    case KR_REQ_DETACH:
        if (err && err != KR_E_NOT_MEMBER && !c->detach_told)
            refused(c, q, err);
        c->detach_told = err != 0;
        kr_attach_detached(c, err);
        break;
    case KR_REQ_LINE:
        kr_line_result(c, q, payload, err);
        break;
    case KR_REQ_SESSION:
        if (q->verifies)
            kr_verify_sent(c, q, err);
        else if (err)
            refused(c, q, err);
        break;
    default:
        if (err)
            refused(c, q, err);
        break;
    }
}

/* Takes the entry out of the list. */
static struct kr_pending *unlink_pending(struct kr_client *c, struct kr_pending **at)
{
    (void)c;
    struct kr_pending *q = *at;
    *at = q->next;
    return q;
}

void kr_request_answer(struct kr_client *c, const struct kr_el *iq)
{
    const char *from = kr_el_attr(iq, "from");
    const char *id = kr_el_attr(iq, "id");
    const char *type = kr_el_attr(iq, "type");
    if (!from || !id || !type || strcmp(from, c->service) != 0)
        return;
    bool is_error = strcmp(type, "error") == 0;
    if (!is_error && strcmp(type, "result") != 0)
        return;
    struct kr_pending **at = &c->pending;
    while (*at && strcmp((*at)->id, id) != 0)
        at = &(*at)->next;
    if (!*at)
        return;
    struct kr_pending *q = unlink_pending(c, at);
    const struct kr_el *payload = iq->child;
    while (payload && strcmp(payload->ns, KR_NS) != 0)
        payload = payload->next;
    int err = is_error ? kr_error_read(iq) : 0;
    if (put_off(c, q, err))
        return;
    answered(c, q, payload, err);
    free_pending(q);
}

void kr_request_time(struct kr_client *c)
{
    struct kr_pending **at = &c->pending;
    while (*at) {
        bool past = (*at)->overdue && (*at)->kind == KR_REQ_ENVELOPE &&
                    (!kr_epoch_now(c) || (*at)->epoch != kr_epoch_now(c)->link.epoch);
        if ((*at)->due_ms > c->now_ms && !past) {
            at = &(*at)->next;
            continue;
        }
        if ((*at)->put_off && !is_past(c, *at)) {
            at = repeat(c, *at) ? &c->pending : &(*at)->next;
            continue;
        }
        if ((*at)->put_off) {
            struct kr_pending *late = unlink_pending(c, at);
            answered(c, late, NULL, KR_E_BUSY);
            free_pending(late);
            at = &c->pending;
            continue;
        }
        if (((*at)->kind == KR_REQ_CLAIM || (*at)->kind == KR_REQ_ENVELOPE) && !(*at)->overdue) {
            (*at)->overdue = true;
            (*at)->due_ms = (*at)->sent_ms + KR_CLIENT_LATE_MS;
            answered(c, *at, NULL, KR_E_IO);
            at = &c->pending;
            continue;
        }
        struct kr_pending *q = unlink_pending(c, at);
        if (!q->overdue)
            answered(c, q, NULL, KR_E_IO);
        free_pending(q);
        at = &c->pending; /* the answer may have changed the list */
    }
}

void kr_request_lost(struct kr_client *c)
{
    for (struct kr_pending *q = c->pending; q; q = q->next) {
        if (q->kind == KR_REQ_CLAIM)
            q->due_ms = c->now_ms; /* the keys are asked for again; the rest of the answers changes nothing */
    }
    kr_request_time(c);
}

void kr_request_hurry(struct kr_client *c)
{
    for (struct kr_pending *q = c->pending; q; q = q->next) {
        if (q->kind == KR_REQ_CHALLENGE || q->kind == KR_REQ_ATTACH)
            q->due_ms = kr_sooner(q->due_ms, c->now_ms + KR_CLIENT_HURRY_MS);
    }
}

void kr_request_forget(struct kr_client *c)
{
    while (c->pending)
        free_pending(unlink_pending(c, &c->pending));
}
