/* IQs to the service and their answers. Ids are random: nobody else can answer. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "client/state.h"
#include "message/stanza.h"
#include "xml/ns.h"

struct kr_pending *kr_request_send(struct kr_client *c, struct kr_request *r)
{
    r->room = c->room;
    struct kr_pending *q = kr_calloc(1, sizeof(*q));
    uint8_t bytes[KR_CLIENT_ID_LEN];
    kr_random_fill(&c->random, bytes, sizeof(bytes));
    for (size_t i = 0; i < sizeof(bytes); i++)
        q->id[i] = "abcdefghijklmnopqrstuvwxyz234567"[bytes[i] % 32];
    q->kind = r->kind;
    q->sent_ms = c->now_ms;
    q->due_ms = c->now_ms + KR_CLIENT_IQ_MS;
    struct kr_xml x;
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_iq_start(&x, kr_request_is_set(r->kind) ? "set" : "get", NULL, c->service, q->id);
    kr_request_encode(&x, r);
    kr_xml_end(&x);
    char *xml = kr_xml_take(&x);
    kr_xml_done(&x);
    if (!xml) {
        free(q);
        return NULL;
    }
    kr_output_stanza(c->out, xml);
    q->next = c->pending;
    c->pending = q;
    return q;
}

static void free_pending(struct kr_pending *q)
{
    free(q->targets);
    free(q);
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
    case KR_REQ_DETACH:
        if (err && err != KR_E_NOT_MEMBER && !c->detach_told)
            refused(c, q, err);
        c->detach_told = err != 0;
        kr_attach_detached(c, err);
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
    answered(c, q, payload, is_error ? kr_error_read(iq) : 0);
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
