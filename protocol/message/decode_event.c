#include <string.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/utf8.h"
#include "message/event.h"
#include "message/names.h"
#include "message/read.h"
#include "xml/ns.h"

static void read_policy(struct kr_read *r, const struct kr_el *el, struct kr_span *out)
{
    const struct kr_el *policy = kr_read_single(r, el, "policy");
    if (policy)
        kr_read_bytes(r, policy, 1, KR_TEXT_MAX, out);
}

static void read_past(struct kr_read *r, const struct kr_el *el, struct kr_notice_announce *a)
{
    struct kr_epoch_link *past =
        kr_read_array(r, el, "past", KR_CHAIN_MAX, KR_E_TOO_LARGE, sizeof(*past), &a->past_count);
    uint64_t last = 0;
    const struct kr_el *c = kr_el_child(el, "past", KR_NS);
    for (size_t i = 0; i < a->past_count && !r->err; i++, c = kr_el_next(c, "past", KR_NS)) {
        kr_read_link(r, c, &past[i]);
        if (!r->err && kr_source_is_led(past[i].source))
            kr_read_id(r, c, "leader", &past[i].leader);
        struct kr_log_claim log = {.size = 0};
        kr_read_log(r, c, false, &log);
        past[i].log_size = log.size;
        past[i].log_root = log.root;
        if (past[i].epoch <= last || past[i].epoch >= a->link.epoch)
            kr_read_fail(r, KR_E_MALFORMED);
        last = past[i].epoch;
    }
    a->past = past;
}

static void read_members(struct kr_read *r, const struct kr_el *el, struct kr_notice_announce *a)
{
    struct kr_member_line *members =
        kr_read_array(r, el, "member", KR_OCCUPANTS_MAX, KR_E_TOO_LARGE, sizeof(*members), &a->member_count);
    const struct kr_el *c = kr_el_child(el, "member", KR_NS);
    for (size_t i = 0; i < a->member_count; i++, c = kr_el_next(c, "member", KR_NS)) {
        kr_read_member(r, c, &members[i]);
    }
    a->members = members;
}

static void read_gone(struct kr_read *r, const struct kr_el *el, struct kr_notice_announce *a)
{
    struct kr_gone_line *gone =
        kr_read_array(r, el, "gone", KR_OCCUPANTS_MAX, KR_E_TOO_LARGE, sizeof(*gone), &a->gone_count);
    const struct kr_el *c = kr_el_child(el, "gone", KR_NS);
    for (size_t i = 0; i < a->gone_count; i++, c = kr_el_next(c, "gone", KR_NS)) {
        kr_read_id(r, c, "attach", &gone[i].attach);
        gone[i].reason = KR_GONE_USUAL;
        if (kr_el_attr(c, "reason"))
            kr_read_text(r, c, "reason", KR_REASON_MAX, false, &gone[i].reason);
    }
    a->gone = gone;
}

static void read_log(struct kr_read *r, const struct kr_el *el, struct kr_notice_announce *a)
{
    struct kr_log_claim log = {.size = 0};
    kr_read_log(r, el, true, &log);
    a->link.log_size = log.size;
    a->link.log_root = log.root;
    a->log_sig = log.sig;
    if (!log.size || !kr_el_attr(el, "log-origin"))
        return;
    kr_read_text(r, el, "log-origin", KR_NOTE_NAME_MAX, false, &a->log_origin);
    kr_read_key(r, el, "log-key", &a->log_key);
}

static void read_full_head(struct kr_read *r, const struct kr_el *el, struct kr_notice_announce *a)
{
    uint64_t size = 0;
    kr_read_id(r, el, "instance", &a->instance);
    kr_read_u64(r, el, "size", 1, KR_OCCUPANTS_MAX, &size);
    a->size = (uint32_t)size;
    kr_read_digest(r, el, "roster", &a->link.roster);
    a->has_prev = kr_el_attr(el, "prev") || kr_el_attr(el, "prev-context");
    if (a->has_prev) {
        kr_read_epoch(r, el, "prev", &a->prev);
        kr_read_digest(r, el, "prev-context", &a->prev_context);
    }
    if (kr_el_attr(el, "committed"))
        kr_read_epoch(r, el, "committed", &a->committed);
}

static void read_brief_head(struct kr_read *r, const struct kr_el *el, struct kr_notice_announce *a)
{
    const char *check = kr_el_attr(el, "check");
    if (!check || kr_b64_read(check, a->check.b, sizeof(a->check.b)))
        kr_read_fail(r, KR_E_MALFORMED);
    a->has_prev = true;
    a->prev = a->link.epoch - 1;
    if (kr_el_attr(el, "prev") || a->prev == 0)
        kr_read_epoch(r, el, "prev", &a->prev);
    a->committed = a->prev;
    if (kr_el_attr(el, "committed"))
        kr_read_u64(r, el, "committed", 0, KR_EPOCH_MAX, &a->committed);
}

static void read_source(struct kr_read *r, const struct kr_el *el, struct kr_notice_announce *a)
{
    const char *source = kr_el_attr(el, "source");
    a->has_source = source != NULL;
    if (source ? kr_source_read(kr_span_str(source), &a->link.source) != 0 : a->full)
        kr_read_fail(r, KR_E_MALFORMED);
    a->has_leader = kr_el_attr(el, "leader") != NULL;
    if (a->has_leader) {
        uint64_t leader = 0;
        kr_read_u64(r, el, "leader", 0, KR_OCCUPANTS_MAX - 1, &leader);
        a->leader = (uint16_t)leader;
    }
    if ((a->full && a->leader >= a->size) ||
        (a->has_source && a->has_leader != kr_source_is_led(a->link.source)))
        kr_read_fail(r, KR_E_MALFORMED);
}

static void read_announce_head(struct kr_read *r, const struct kr_el *el, struct kr_notice_announce *a)
{
    const char *reasons = kr_el_attr(el, "reason");
    kr_read_epoch(r, el, "epoch", &a->link.epoch);
    if (!reasons || kr_reasons_read(reasons, &a->reasons))
        kr_read_fail(r, KR_E_MALFORMED);
    kr_read_kind(r, el, &a->link.kind);
    kr_read_u64(r, el, "deadline", 0, UINT32_MAX, &a->deadline_ms);
    kr_read_bool(r, el, "full", &a->full);
    if (a->full)
        read_full_head(r, el, a);
    else
        read_brief_head(r, el, a);
    if ((a->has_prev && a->prev >= a->link.epoch) || a->committed >= a->link.epoch)
        kr_read_fail(r, KR_E_MALFORMED);
    read_source(r, el, a);
    read_log(r, el, a);
    kr_read_part(r, el, &a->part, &a->of);
}

static void read_announce(struct kr_read *r, const struct kr_el *el, struct kr_notice_announce *a)
{
    read_announce_head(r, el, a);
    if (a->full == (kr_el_attr(el, "in") != NULL))
        kr_read_fail(r, KR_E_MALFORMED);
    read_policy(r, el, &a->policy_text);
    read_past(r, el, a);
    read_members(r, el, a);
    read_gone(r, el, a);
}

static void read_deliver(struct kr_read *r, const struct kr_el *el, struct kr_notice_deliver *d)
{
    kr_read_epoch(r, el, "epoch", &d->epoch);
    kr_read_round(r, el, &d->round);
    kr_read_bool(r, el, "last", &d->last);
    kr_read_list(r, el, "silent", &d->silent, &d->silent_count);
    kr_read_part(r, el, &d->part, &d->of);
    kr_read_confirm(r, el, &d->has_confirm, &d->confirm);
    kr_read_entries(r, el, &d->entries, &d->entry_count);
}

static void read_commit(struct kr_read *r, const struct kr_el *el, struct kr_notice_commit *c)
{
    kr_read_epoch(r, el, "epoch", &c->epoch);
    kr_read_list(r, el, "laggards", &c->laggards, &c->laggard_count);
    kr_read_list(r, el, "silent", &c->silent, &c->silent_count);
    c->has_exposure = kr_el_attr(el, "exposure") != NULL;
    if (c->has_exposure)
        kr_read_u64(r, el, "exposure", 0, UINT64_MAX, &c->exposure_ms);
}

static void read_wanted(struct kr_read *r, const struct kr_el *el, struct kr_notice_wanted *w)
{
    kr_read_epoch(r, el, "epoch", &w->epoch);
    kr_read_list(r, el, "for", &w->recipients, &w->recipient_count);
    if (w->recipient_count == 0)
        kr_read_fail(r, KR_E_MALFORMED);
}

static void read_waiting(struct kr_read *r, const struct kr_el *el, struct kr_notice_state *s)
{
    struct kr_waiting_line *waiting = kr_read_array(r, el, "waiting", KR_OCCUPANTS_MAX, KR_E_TOO_LARGE,
                                                    sizeof(*waiting), &s->waiting_count);
    const struct kr_el *c = kr_el_child(el, "waiting", KR_NS);
    for (size_t i = 0; i < s->waiting_count; i++, c = kr_el_next(c, "waiting", KR_NS)) {
        kr_read_text(r, c, "participant", KR_NICK_MAX, false, &waiting[i].participant);
        kr_read_id(r, c, "device", &waiting[i].device);
        kr_read_text(r, c, "owner", KR_JID_MAX, true, &waiting[i].owner);
    }
    s->waiting = waiting;
}

static void read_state(struct kr_read *r, const struct kr_el *el, struct kr_notice_state *s)
{
    const char *mode = kr_el_attr(el, "mode");
    if (!mode || kr_mode_read(mode, &s->mode))
        kr_read_fail(r, KR_E_MALFORMED);
    s->has_instance = kr_el_attr(el, "instance") != NULL;
    if (s->has_instance)
        kr_read_id(r, el, "instance", &s->instance);
    kr_read_bool(r, el, "exposed", &s->exposed);
    kr_read_bool(r, el, "joins-held", &s->joins_held);
    s->text = el->text;
    if (!kr_utf8_plain(s->text, KR_TEXT_MAX)) /* it is shown to people, perhaps on a terminal */
        kr_read_fail(r, KR_E_MALFORMED);
    read_waiting(r, el, s);
}

static bool is_attestation(const struct kr_el *el)
{
    return kr_el_is(el, "attestation", KR_NS) || kr_el_is(el, "revocation", KR_NS);
}

/* In the order in which they stand: one that is taken back comes before the word of that. */
static void read_attestations(struct kr_read *r, const struct kr_el *el, struct kr_notice_attestations *a)
{
    size_t count = 0;
    for (const struct kr_el *c = el->child; c; c = c->next)
        count += is_attestation(c);
    if (count == 0 || count > KR_ATTESTATIONS_PART)
        kr_read_fail(r, count ? KR_E_TOO_LARGE : KR_E_MALFORMED);
    struct kr_attestation_line *lines = r->err ? NULL : kr_arena_array(r->arena, count, sizeof(*lines));
    if (!lines) {
        kr_read_fail(r, KR_E_TOO_LARGE);
        return;
    }
    for (const struct kr_el *c = el->child; c && !r->err; c = c->next) {
        if (!is_attestation(c))
            continue;
        struct kr_attestation_line *l = &lines[a->count++];
        l->revokes = strcmp(c->name, "revocation") == 0;
        kr_read_sig(r, c, "sig", &l->sig);
        kr_read_key(r, c, "ed25519", &l->ed25519);
        kr_read_key(r, c, "curve25519", &l->curve25519);
        kr_read_bytes(r, c, 1, KR_TEXT_MAX, &l->text);
    }
    a->lines = lines;
}

static void read_body(struct kr_read *r, const struct kr_el *el, struct kr_notice *n)
{
    switch (n->kind) {
    case KR_NOTICE_ANNOUNCE:
        read_announce(r, el, &n->u.announce);
        break;
    case KR_NOTICE_DELIVER:
        read_deliver(r, el, &n->u.deliver);
        break;
    case KR_NOTICE_COMMIT:
        read_commit(r, el, &n->u.commit);
        break;
    case KR_NOTICE_WANTED:
        read_wanted(r, el, &n->u.wanted);
        break;
    case KR_NOTICE_LOW:
        kr_read_id(r, el, "attach", &n->u.low.attach);
        kr_read_u64(r, el, "count", 0, KR_OTK_MAX, &n->u.low.count);
        break;
    case KR_NOTICE_SESSION:
        kr_read_id(r, el, "from", &n->u.session.from);
        kr_read_bool(r, el, "verify", &n->u.session.verify);
        kr_read_session(r, el, &n->u.session.type, &n->u.session.message);
        break;
    case KR_NOTICE_DETACHED:
        kr_read_id(r, el, "instance", &n->u.detached.instance);
        kr_read_text(r, el, "reason", KR_REASON_MAX, false, &n->u.detached.reason);
        break;
    case KR_NOTICE_STATE:
        read_state(r, el, &n->u.state);
        break;
    case KR_NOTICE_ATTESTATIONS:
        read_attestations(r, el, &n->u.attestations);
        break;
    case KR_NOTICE_KINDS:
        break;
    }
}

/* Does it name its instance by tag alone? What all members are told at each rotation does. */
static bool is_in(const struct kr_el *payload, enum kr_notice_kind kind)
{
    if (kind == KR_NOTICE_ANNOUNCE)
        return kr_el_attr(payload, "in") != NULL;
    return kind == KR_NOTICE_DELIVER || kind == KR_NOTICE_COMMIT || kind == KR_NOTICE_WANTED;
}

int kr_notice_decode(const struct kr_el *payload, struct kr_arena *arena, struct kr_notice *ret_notice)
{
    struct kr_notice n;
    memset(&n, 0, sizeof(n));
    enum kr_notice_kind kind = 0;
    while (kind < KR_NOTICE_KINDS && !kr_el_is(payload, kr_notice_name(kind), KR_NS))
        kind++;
    if (kind == KR_NOTICE_KINDS)
        return KR_E_UNKNOWN_REQUEST;
    n.kind = kind;

    struct kr_read r = {.arena = arena};
    if (is_in(payload, kind))
        kr_read_tag(&r, payload, &n.in);
    else
        kr_read_room(&r, payload, &n.room);
    read_body(&r, payload, &n);
    if (!r.err)
        *ret_notice = n;
    return r.err;
}
