/* Verifications with the other devices of the room, one at a time each (docs/protocol.md 12.2): who asks,
 * what the own person says, and the messages in the Olm session of the two (6.6). */
#include "client/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

static struct kr_report *report(struct kr_client *c, const struct kr_peer *p, enum kr_verify_step step)
{
    struct kr_report *r = kr_output_report(c->out, KR_REPORT_VERIFY);
    r->verify = step;
    r->device = p->device;
    kr_report_who(r, p->participant);
    return r;
}

static void report_end(struct kr_client *c, const struct kr_peer *p, enum kr_sas_reason reason, bool by_peer)
{
    struct kr_report *r = report(c, p, reason == KR_SAS_MISMATCH ? KR_VERIFY_MISMATCH : KR_VERIFY_ENDED);
    r->what = kr_strdup(kr_sas_reason_name(reason));
    r->why = kr_strdup(kr_sas_reason_text(reason));
    r->by_peer = by_peer;
}

/* --- how often --- */

static struct kr_tried *tried(struct kr_client *c, const struct kr_id *device)
{
    struct kr_tried *t;
    HASH_FIND(hh, c->tried, device, sizeof(*device), t);
    if (!t) {
        t = kr_calloc(1, sizeof(*t));
        t->device = *device;
        HASH_ADD(hh, c->tried, device, sizeof(t->device), t);
    }
    return t;
}

void kr_verify_new_meeting(struct kr_client *c)
{
    struct kr_tried *t, *next;
    HASH_ITER (hh, c->tried, t, next) {
        HASH_DEL(c->tried, t);
        free(t);
    }
}

/* --- sending: in order, the next one when the service has taken the one before --- */

static void post(struct kr_peer *p, const struct kr_sas_message *m)
{
    struct kr_verification *v = &p->verification;
    if (v->outbox_len < KR_SAS_OUTBOX) /* more is only answered to a peer that is not honest */
        v->outbox[v->outbox_len++] = *m;
}

static void post_all(struct kr_peer *p, const struct kr_sas_output *out)
{
    for (size_t i = 0; i < out->count; i++)
        post(p, &out->send[i]);
}

static void post_cancel(struct kr_peer *p, const struct kr_id *transaction, enum kr_sas_reason reason)
{
    struct kr_sas_message m = {.kind = KR_SAS_CANCEL, .transaction = *transaction, .u.reason = reason};
    post(p, &m);
}

static bool send_first(struct kr_client *c, struct kr_peer *p, struct kr_peer_session *s)
{
    struct kr_verification *v = &p->verification;
    struct kr_secret plain = KR_SECRET_NONE;
    struct kr_buf message;
    enum kr_olm_type type = KR_OLM_NORMAL;
    struct kr_pending *q = NULL;
    kr_buf_init(&message, KR_CIPHERTEXT_MAX);
    int err = kr_sas_word(&v->outbox[0], &plain);
    if (!err)
        err = kr_peer_say(c, p, s, &plain, &type, &message);
    if (!err) {
        struct kr_request r = {.kind = KR_REQ_SESSION};
        r.u.session = (struct kr_req_session){
            .to = p->attach, .verify = true, .type = (uint8_t)type, .message = kr_buf_span(&message)};
        q = kr_request_send(c, &r);
    }
    if (q) {
        q->verifies = true;
        q->to = p->attach;
    }
    memmove(v->outbox, v->outbox + 1, --v->outbox_len * sizeof(*v->outbox));
    v->sending = q != NULL;
    kr_secret_done(&plain);
    kr_buf_done(&message);
    return q != NULL;
}

/* Without a session one is opened, from a claimed key. */
static void find_session(struct kr_client *c, struct kr_peer *p)
{
    if (p->claiming)
        return;
    if (p->claimed) {
        kr_peer_reset(c, p);
        return;
    }
    struct kr_claim_target t = {.attach = p->attach};
    kr_claim_send(c, &t, 1);
}

static void flush(struct kr_client *c, struct kr_peer *p)
{
    struct kr_verification *v = &p->verification;
    while (v->outbox_len && !v->sending && p->verified) {
        struct kr_peer_session *s = kr_peer_speak(p);
        if (!s) {
            find_session(c, p);
            return;
        }
        send_first(c, p, s);
    }
}

/* --- what has become of it --- */

static void verified(struct kr_client *c, struct kr_peer *p)
{
    tried(c, &p->device)->count = 0;
    report(c, p, KR_VERIFY_DONE);
    kr_trust_verified(c, p);
    kr_attest_send(c, p);
}

static void ended(struct kr_client *c, const struct kr_peer *p)
{
    const struct kr_sas *s = &p->verification.sas;
    report_end(c, p, s->reason, s->by_peer);
    if (s->reason != KR_SAS_MISMATCH || s->by_peer)
        return;
    struct kr_request r = {.kind = KR_REQ_ALARM, .u.attach_of = p->attach}; /* the log is to have it too */
    kr_request_send(c, &r);
}

/* After whatever may have moved it on from `before`. */
static void follow(struct kr_client *c, struct kr_peer *p, enum kr_sas_state before)
{
    const struct kr_sas *s = &p->verification.sas;
    if (s->state == before)
        return;
    if (s->state == KR_SAS_COMPARING)
        report(c, p, KR_VERIFY_CODE)->code = s->code;
    else if (s->state == KR_SAS_VERIFIED)
        verified(c, p);
    else if (s->state == KR_SAS_CANCELLED)
        ended(c, p);
    else if (s->state == KR_SAS_KEYED) /* the peer agreed: this is a try */
        tried(c, &p->device)->count++;
}

static bool is_going_on(const struct kr_verification *v)
{
    return v->sas.state != KR_SAS_IDLE && !kr_sas_is_over(&v->sas);
}

static struct kr_sas_setup setup(const struct kr_client *c, const struct kr_peer *p)
{
    return (struct kr_sas_setup){.room = c->room,
                                 .instance = c->instance,
                                 .own_owner = c->owner,
                                 .peer_owner = p->owner,
                                 .own_ed25519 = c->ed25519,
                                 .own_curve25519 = c->curve25519,
                                 .peer_ed25519 = p->ed25519,
                                 .peer_curve25519 = p->curve25519};
}

static void begin(struct kr_client *c, struct kr_peer *p)
{
    struct kr_verification *v = &p->verification;
    struct kr_sas_output out;
    struct kr_sas_setup with = setup(c, p);
    kr_sas_done(&v->sas);
    int err = kr_sas_start(&v->sas, &with, &c->random, c->now_ms, &out);
    if (err)
        kr_output_refused(c->out, "verify", err, p->participant);
    post_all(p, &out);
}

/* The own person agrees to what the peer asked for. */
static void agree(struct kr_client *c, struct kr_peer *p)
{
    struct kr_verification *v = &p->verification;
    struct kr_sas_output out;
    struct kr_sas_setup with = setup(c, p);
    v->asked = false;
    kr_sas_done(&v->sas);
    int err = kr_sas_answer(&v->sas, &with, &v->start, &c->random, c->now_ms, &out);
    if (err)
        kr_output_refused(c->out, "verify", err, p->participant);
    else
        tried(c, &p->device)->count++;
    post_all(p, &out);
    follow(c, p, KR_SAS_IDLE);
}

/* --- what the peer says --- */

/* Of two starts that cross, ours stands, or is as if never sent: our person has agreed to it already. */
static void hear_start(struct kr_client *c, struct kr_peer *p, const struct kr_sas_message *m)
{
    struct kr_verification *v = &p->verification;
    struct kr_tried *t = tried(c, &p->device);
    if (v->sas.state == KR_SAS_STARTED) {
        if (kr_sas_own_start_stands(&c->device, &p->device))
            return;
        v->start = *m;
        agree(c, p);
        return;
    }
    enum kr_sas_reason reason = KR_SAS_FINE;
    if (!kr_id_equal(&m->u.start.initiator, &p->device) || !kr_id_equal(&m->u.start.responder, &c->device))
        reason = KR_SAS_WRONG_DEVICE;
    else if (v->asked || is_going_on(v))
        reason = KR_SAS_BUSY;
    else if (t->count >= KR_SAS_TRIES_MAX || t->asked >= KR_SAS_ASKED_MAX)
        reason = KR_SAS_TRIES;
    if (reason != KR_SAS_FINE) {
        post_cancel(p, &m->transaction, reason);
        if (reason != KR_SAS_BUSY)
            report_end(c, p, reason, false);
        return;
    }
    t->asked++;
    v->asked = true;
    v->start = *m;
    v->asked_until_ms = c->now_ms + KR_SAS_PERSON_MS;
    report(c, p, KR_VERIFY_ASKED);
}

static void hear(struct kr_client *c, struct kr_peer *p, const struct kr_sas_message *m)
{
    struct kr_verification *v = &p->verification;
    enum kr_sas_state before = v->sas.state;
    struct kr_sas_output out;
    bool is_current = before != KR_SAS_IDLE && kr_id_equal(&m->transaction, &v->sas.subject.transaction);
    if (v->asked && kr_id_equal(&m->transaction, &v->start.transaction)) {
        v->asked = false; /* it waits for our person: all it may say is that it does not go on */
        if (m->kind != KR_SAS_CANCEL)
            post_cancel(p, &m->transaction, KR_SAS_OUT_OF_TURN);
        report_end(c, p, m->kind == KR_SAS_CANCEL ? m->u.reason : KR_SAS_OUT_OF_TURN,
                   m->kind == KR_SAS_CANCEL);
    } else if (m->kind == KR_SAS_START && !is_current) {
        hear_start(c, p, m);
    } else {
        if (kr_sas_receive(&v->sas, m, c->now_ms, &out) == KR_SAS_UNKNOWN && !is_current)
            kr_output_refused(c->out, "verify", KR_E_UNEXPECTED, p->participant);
        post_all(p, &out);
        follow(c, p, before);
    }
}

int kr_verify_heard(struct kr_client *c, struct kr_peer *p, const struct kr_secret *plain)
{
    struct kr_sas_message m;
    int err = kr_sas_word_read(plain, &m);
    if (!err) {
        hear(c, p, &m);
        return 0;
    }
    kr_verify_stop(c, p, KR_SAS_MALFORMED);
    return err;
}

/* --- the own person --- */

/* One of the roster, if there are two. */
static struct kr_peer *find(struct kr_client *c, const char *participant)
{
    struct kr_peer *found = NULL;
    for (struct kr_peer *p = c->peers; p; p = p->hh.next)
        if (strcmp(p->participant, participant) == 0 && (!found || found->outside))
            found = p;
    return found;
}

/* 0, or why nobody can be verified there. */
static int check(const struct kr_client *c, const struct kr_peer *p)
{
    if (!p)
        return KR_E_NOT_IN_ROSTER;
    if (c->mismatched) /* the others see another room: what they would say is not of this one */
        return KR_E_CONTEXT_MISMATCH;
    if (!p->verified)
        return KR_E_BAD_SIGNATURE;
    return kr_presence_shows(c, p->participant, &p->device) ? 0 : KR_E_NOT_IN_PRESENCE;
}

void kr_verify_want(struct kr_client *c, struct kr_peer *p)
{
    struct kr_verification *v = &p->verification;
    if (is_going_on(v))
        kr_output_refused(c->out, "verify", KR_E_UNEXPECTED, p->participant);
    else if (tried(c, &p->device)->count >= KR_SAS_TRIES_MAX)
        report_end(c, p, KR_SAS_TRIES, false);
    else if (v->asked)
        agree(c, p);
    else
        begin(c, p);
}

static void answer(struct kr_client *c, struct kr_peer *p, bool same)
{
    struct kr_sas *s = &p->verification.sas;
    enum kr_sas_state before = s->state;
    struct kr_sas_output out;
    if (before != KR_SAS_COMPARING || s->confirmed) {
        kr_output_refused(c->out, "verify", KR_E_UNEXPECTED, p->participant);
        return;
    }
    kr_sas_confirm(s, same, &out);
    post_all(p, &out);
    follow(c, p, before);
}

void kr_verify_command(struct kr_client *c, const struct kr_client_event *event)
{
    struct kr_peer *p = find(c, event->participant);
    int err = check(c, p);
    bool outside = c->phase >= KR_PHASE_WAITING && c->policy.authorise == KR_AUTHORISE_VERIFIED;
    if (!p && outside && event->kind == KR_CLIENT_VERIFY)
        kr_line_ask(c, event->participant);
    else if (p && event->kind == KR_CLIENT_UNATTEST)
        kr_unattest(c, p);
    else if (err)
        kr_output_refused(c->out, "verify", err, event->participant);
    else if (event->kind == KR_CLIENT_VERIFY)
        kr_verify_want(c, p);
    else if (event->kind == KR_CLIENT_VERIFY_ANSWER)
        answer(c, p, event->same);
    else
        kr_verify_stop(c, p, KR_SAS_BY_USER);
}

/* --- ends and time --- */

void kr_verify_stop(struct kr_client *c, struct kr_peer *p, enum kr_sas_reason reason)
{
    struct kr_verification *v = &p->verification;
    enum kr_sas_state before = v->sas.state;
    struct kr_sas_output out;
    if (v->asked) {
        v->asked = false;
        post_cancel(p, &v->start.transaction, reason);
        report_end(c, p, reason, false);
        return;
    }
    kr_sas_cancel(&v->sas, reason, &out);
    post_all(p, &out);
    follow(c, p, before);
}

void kr_verify_sent(struct kr_client *c, const struct kr_pending *q, int err)
{
    struct kr_peer *p = kr_peer_find(c, &q->to);
    if (!p)
        return;
    p->verification.sending = false;
    if (!err || err == KR_E_IO) /* it may have come through */
        return;
    kr_output_refused(c->out, "verify", err, p->participant);
    p->verification.outbox_len = 0;
    kr_verify_stop(c, p, err == KR_E_NOT_IN_ROOM ? KR_SAS_GONE : KR_SAS_TIMEOUT);
    p->verification.outbox_len = 0; /* nor would the word of it come through */
    if (p->outside && err == KR_E_NOT_IN_ROOM)
        kr_peer_free(c, p);
}

void kr_verify_peer_gone(struct kr_client *c, struct kr_peer *p)
{
    if (c->out)
        kr_verify_stop(c, p, KR_SAS_GONE);
    kr_sas_done(&p->verification.sas);
}

void kr_verify_time(struct kr_client *c)
{
    for (struct kr_peer *p = c->peers; p; p = p->hh.next) {
        struct kr_verification *v = &p->verification;
        enum kr_sas_state before = v->sas.state;
        struct kr_sas_output out;
        if (v->asked && v->asked_until_ms <= c->now_ms)
            kr_verify_stop(c, p, KR_SAS_TIMEOUT);
        kr_sas_tick(&v->sas, c->now_ms, &out);
        post_all(p, &out);
        follow(c, p, before);
        if (v->outbox_len)
            flush(c, p);
    }
}

uint64_t kr_verify_next(const struct kr_client *c)
{
    uint64_t due = UINT64_MAX;
    for (const struct kr_peer *p = c->peers; p; p = p->hh.next) {
        const struct kr_verification *v = &p->verification;
        if (v->asked)
            due = kr_sooner(due, v->asked_until_ms);
        if (is_going_on(v))
            due = kr_sooner(due, v->sas.deadline_ms);
    }
    return due;
}
