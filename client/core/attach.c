/* Challenge, floor, attach; again when that fails; more one-time keys (docs/protocol.md 6.1, 6.2, 7.6, 7.8).
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "client/state.h"
#include "message/stanza.h"

bool kr_takes_part(const struct kr_client *c, enum kr_source source)
{
    return (c->sources & KR_SOURCE_BIT(source)) != 0;
}

bool kr_floor_holds(const struct kr_client *c, const struct kr_policy *p)
{
    bool by_operator = p->authorise == KR_AUTHORISE_VERIFIED && p->verified_by == KR_VERIFIED_BY_OPERATOR;
    if (c->floor == KR_AUTHORISE_VERIFIED && by_operator && !c->operator_may_verify)
        return false;
    return p->authorise >= c->floor && kr_takes_part(c, p->source) &&
           (c->any_format || p->format == c->format);
}

void kr_attach_again(struct kr_client *c, uint64_t wait_ms)
{
    c->phase = KR_PHASE_NONE;
    c->attach_at_ms = c->now_ms + wait_ms;
}

void kr_client_attach_end(struct kr_client *c)
{
    struct kr_peer *p, *next;
    HASH_ITER (hh, c->peers, p, next) {
        kr_peer_free(c, p);
    }
    kr_announce_reset(c);
    kr_request_forget(c);
    c->phase = KR_PHASE_NONE;
    c->attach_at_ms = c->ask_at_ms = c->detach_at_ms = UINT64_MAX;
    c->missed_epoch = 0;
    c->has_policy = c->unresolved = c->mismatched = c->doubted = false;
}

void kr_attach_anew(struct kr_client *c)
{
    uint64_t until = kr_sooner(c->now_ms + KR_EXPOSED_MS, kr_epoch_broken_until(c));
    kr_client_attach_end(c);
    kr_attach_again(c, 0);
    c->stop_at_ms = kr_sooner(c->stop_at_ms, until);
}

void kr_attach_start(struct kr_client *c)
{
    c->phase = KR_PHASE_CHALLENGING;
    c->detach_at_ms = UINT64_MAX;
    c->has_sealed = false;
    uint64_t from = c->attach_paid_ms > c->now_ms ? c->attach_paid_ms : c->now_ms;
    c->attach_paid_ms = from + KR_CLIENT_REATTACH_MS;
    struct kr_request r = {.kind = KR_REQ_CHALLENGE};
    kr_request_send(c, &r);
}

/* Some refusals do not change by asking again. */
static void failed(struct kr_client *c, const char *what, int err)
{
    kr_output_refused(c->out, what, err, NULL);
    c->phase = KR_PHASE_NONE;
    if (err == KR_E_ALREADY_ATTACHED) { /* ours, of an answer that was lost (7.8) */
        kr_attach_detach_send(c);
    }
    bool final = err == KR_E_REVOKED || err == KR_E_KEY_CONFLICT || err == KR_E_NOT_ALLOWED ||
                 err == KR_E_BELOW_FLOOR || err == KR_E_NO_DEVICE || err == KR_E_WRONG_PARTICIPANT;
    /* No answer came: the time-out was wait enough. */
    uint64_t wait_ms = err == KR_E_IO ? 0 : KR_CLIENT_REATTACH_MS;
    c->attach_at_ms = final ? UINT64_MAX : c->now_ms + wait_ms;
}

static int sign_text(struct kr_client *c, struct kr_buf *text, struct kr_sig *ret_sig)
{
    int err = text->err ? text->err : kr_olm_account_sign(c->account, kr_buf_span(text), ret_sig);
    kr_buf_done(text);
    return err;
}

static int sign_key(struct kr_client *c, enum kr_key_kind kind, struct kr_signed_key *k)
{
    struct kr_key_text t = {.kind = kind, .key = k->key, .device = c->device, .attach = c->attach};
    struct kr_buf text = kr_key_text(&t);
    return sign_text(c, &text, &k->sig);
}

static int make_keys(struct kr_client *c, size_t count, struct kr_signed_key *out)
{
    struct kr_key keys[KR_OTK_MAX];
    int err = kr_olm_account_make_keys(c->account, &c->random, count, keys);
    for (size_t i = 0; !err && i < count; i++) {
        out[i].key = keys[i];
        err = sign_key(c, KR_KEY_ONE_TIME, &out[i]);
    }
    return err;
}

/* None: participants alone. */
static unsigned named_sources(const struct kr_client *c)
{
    return c->sources == KR_SOURCE_BIT(KR_SOURCE_PARTICIPANTS) ? 0 : c->sources;
}

static int send_attach(struct kr_client *c, const struct kr_res_challenge *ch)
{
    kr_random_fill(&c->random, &c->attach, sizeof(c->attach));
    if (!kr_id_equal(&c->instance, &ch->instance))
        kr_verify_new_meeting(c);
    c->instance = ch->instance;
    if (!kr_id_equal(&c->log.instance, &c->instance)) /* what was to be proved is over */
        c->log.at_ms = c->log.by_ms = UINT64_MAX;
    struct kr_attach_text t = {.room = c->room,
                               .instance = ch->instance,
                               .participant = c->nick,
                               .owner = ch->owner,
                               .device = c->device,
                               .attach = c->attach,
                               .nonce = ch->nonce};
    struct kr_signed_key otks[KR_OTK_MAX];
    struct kr_request r = {.kind = KR_REQ_ATTACH};
    struct kr_req_attach *a = &r.u.attach;
    *a = (struct kr_req_attach){.instance = ch->instance,
                                .device = c->device,
                                .attach = c->attach,
                                .nonce = ch->nonce,
                                .participant = c->nick,
                                .owner = ch->owner,
                                .ed25519 = c->ed25519,
                                .curve25519 = c->curve25519,
                                .sources = named_sources(c),
                                .lead = c->lead,
                                .log = c->log.newest,
                                .log_origin = c->log.key.name,
                                .otks = otks,
                                .otk_count = KR_OTK_MAX};
    struct kr_buf text = kr_attach_text(&t);
    int err = sign_text(c, &text, &a->sig);
    if (!err)
        err = make_keys(c, KR_OTK_MAX, otks);
    if (!err)
        err = kr_olm_account_make_fallback(c->account, &c->random, &a->fallback.key);
    if (!err)
        err = sign_key(c, KR_KEY_FALLBACK, &a->fallback);
    if (!err && !kr_request_send(c, &r))
        err = KR_E_INTERNAL;
    return err;
}

static bool owner_is_ours(const struct kr_client *c, const char *owner)
{
    return owner[0] == '\0' || (c->token_owner && strcmp(owner, c->token_owner) == 0) ||
           (kr_jid_same_bare(owner, c->jid) && kr_jid_resource(owner)[0] == '\0');
}

void kr_attach_challenge(struct kr_client *c, const struct kr_el *payload, int err)
{
    if (c->phase != KR_PHASE_CHALLENGING)
        return;
    struct kr_arena arena;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    struct kr_res_challenge ch;
    struct kr_policy policy;
    if (!err)
        err = payload ? kr_res_challenge_decode(payload, &arena, &ch) : KR_E_MALFORMED;
    if (!err && (strcmp(ch.room, c->room) != 0 || strcmp(ch.participant, c->nick) != 0 ||
                 !owner_is_ours(c, ch.owner)))
        err = KR_E_WRONG_PARTICIPANT;
    if (!err)
        err = kr_policy_read(ch.policy_text, c->room, &policy);
    if (!err && !kr_floor_holds(c, &policy))
        err = KR_E_BELOW_FLOOR;
    if (!err) {
        c->policy = policy;
        c->policy_hash = kr_policy_hash(&policy, c->room);
        c->has_policy = true;
        free(c->owner);
        c->owner = kr_strdup(ch.owner);
        c->phase = KR_PHASE_ATTACHING;
        err = send_attach(c, &ch);
    }
    if (err)
        failed(c, "challenge", err);
    kr_arena_done(&arena);
}

static struct kr_report *attached(struct kr_client *c, bool waiting)
{
    c->phase = waiting ? KR_PHASE_WAITING : KR_PHASE_MEMBER;
    c->attach_at_ms = UINT64_MAX;
    struct kr_report *r = kr_output_report(c->out, KR_REPORT_ATTACHED);
    r->waiting = waiting;
    r->device = c->device;
    r->attach = c->attach;
    r->instance = c->instance;
    return r;
}

void kr_attach_member(struct kr_client *c)
{
    attached(c, false);
}

void kr_attach_detach(struct kr_client *c)
{
    kr_client_attach_end(c);
    kr_epoch_fade(c);
    c->sending = NULL;
    kr_attach_detach_send(c); /* after the end, which forgets what is pending */
}

void kr_attach_detach_send(struct kr_client *c)
{
    struct kr_request r = {.kind = KR_REQ_DETACH};
    c->detach_at_ms = UINT64_MAX;
    c->detached_ms = c->now_ms;
    kr_request_send(c, &r);
}

static bool stays_without_keys(const struct kr_client *c)
{
    return c->in_room && c->phase == KR_PHASE_NONE && c->attach_at_ms == UINT64_MAX;
}

void kr_attach_unasked(struct kr_client *c)
{
    uint64_t due = c->detached_ms + KR_CLIENT_REATTACH_MS;
    if (stays_without_keys(c))
        c->detach_at_ms = kr_sooner(c->detach_at_ms, due > c->now_ms ? due : c->now_ms);
}

/* Unless it was heard, the service counts us as a member on and on: until we attach anew, or are out. */
void kr_attach_detached(struct kr_client *c, int err)
{
    bool unheard = err == KR_E_IO || err == KR_E_INTERNAL || err == KR_E_BUSY || err == KR_E_QUOTA;
    if (unheard && stays_without_keys(c))
        c->detach_at_ms = c->now_ms + KR_CLIENT_REATTACH_MS;
}

void kr_attach_result(struct kr_client *c, const struct kr_el *payload, int err)
{
    if (c->phase != KR_PHASE_ATTACHING)
        return;
    struct kr_res_attached a;
    if (!err)
        err = payload ? kr_res_attached_decode(payload, &a) : KR_E_MALFORMED;
    if (!err && strcmp(a.room, c->room) != 0)
        err = KR_E_MALFORMED;
    if (err) {
        failed(c, "attach", err);
        return;
    }
    struct kr_report *r = attached(c, a.waiting);
    if (a.reason)
        r->why = kr_strdup(a.reason);
}

void kr_attach_low(struct kr_client *c, const struct kr_notice_low *low)
{
    if (c->phase < KR_PHASE_WAITING || !kr_id_equal(&low->attach, &c->attach) || low->count >= KR_OTK_LOW)
        return;
    for (const struct kr_pending *q = c->pending; q; q = q->next)
        if (q->kind == KR_REQ_KEYS)
            return;
    struct kr_signed_key otks[KR_OTK_MAX];
    struct kr_request r = {.kind = KR_REQ_KEYS};
    r.u.keys = (struct kr_req_keys){
        .attach = c->attach, .otks = otks, .otk_count = (size_t)(KR_OTK_MAX - low->count)};
    if (make_keys(c, r.u.keys.otk_count, otks) == 0)
        kr_request_send(c, &r);
}

void kr_attach_over(struct kr_client *c, const struct kr_notice_detached *d)
{
    if (c->phase < KR_PHASE_WAITING || !kr_id_equal(&d->instance, &c->instance))
        return;
    kr_client_attach_end(c);
    kr_epoch_erase_all(c);
    kr_output_report(c->out, KR_REPORT_DETACHED)->why = kr_strdup(d->reason);
    if (strcmp(d->reason, "instance-over") == 0)
        kr_attach_again(c, 0);
}
