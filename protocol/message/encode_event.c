#include <string.h>

#include "base/base64.h"
#include "message/encode.h"
#include "message/event.h"
#include "message/names.h"

static void write_kind(struct kr_xml *x, enum kr_epoch_kind kind)
{
    if (kind != KR_EPOCH_FRESH)
        kr_xml_attr(x, "kind", kr_epoch_kind_name(kind));
}

static void write_link(struct kr_xml *x, const struct kr_epoch_link *l)
{
    write_kind(x, l->kind);
    kr_xml_attr(x, "source", kr_source_name(l->source));
    kr_xml_attr(x, "format", kr_format_name(l->format));
    kr_xml_attr_u64(x, "suite", l->suite);
    kr_xml_attr_digest(x, "roster", &l->roster);
    kr_xml_attr_digest(x, "policy", &l->policy);
}

static void write_past_log(struct kr_xml *x, const struct kr_epoch_link *l)
{
    struct kr_log_claim claim = {.size = l->log_size, .root = l->log_root};
    if (l->log_size)
        kr_write_log(x, &claim, false);
}

static void write_log(struct kr_xml *x, const struct kr_notice_announce *a)
{
    struct kr_log_claim claim = {.size = a->link.log_size, .root = a->link.log_root, .sig = a->log_sig};
    if (!a->link.log_size)
        return;
    kr_write_log(x, &claim, true);
    if (a->log_origin) {
        kr_xml_attr(x, "log-origin", a->log_origin);
        kr_xml_attr_key(x, "log-key", &a->log_key);
    }
}

static void write_full_head(struct kr_xml *x, const struct kr_notice_announce *a)
{
    kr_xml_attr_bool(x, "full", true);
    kr_xml_attr_id(x, "instance", &a->instance);
    kr_xml_attr_u64(x, "size", a->size);
    kr_xml_attr_digest(x, "roster", &a->link.roster);
    if (a->has_prev) {
        kr_xml_attr_u64(x, "prev", a->prev);
        kr_xml_attr_digest(x, "prev-context", &a->prev_context);
    }
    if (a->committed)
        kr_xml_attr_u64(x, "committed", a->committed);
}

/* N of it go through the server at every rotation: what is as usual is not said. */
static void write_brief_head(struct kr_xml *x, const struct kr_notice_announce *a)
{
    char check[KR_B64_LEN(sizeof(a->check.b)) + 1];
    kr_b64_write(check, kr_span(a->check.b, sizeof(a->check.b)));
    kr_xml_attr(x, "check", check);
    if (a->prev != a->link.epoch - 1)
        kr_xml_attr_u64(x, "prev", a->prev);
    if (a->committed != a->prev)
        kr_xml_attr_u64(x, "committed", a->committed);
}

static void write_announce_head(struct kr_xml *x, const struct kr_notice_announce *a)
{
    char reasons[64];
    kr_reasons_write(reasons, a->reasons);
    kr_xml_attr_u64(x, "epoch", a->link.epoch);
    kr_xml_attr(x, "reason", reasons);
    write_kind(x, a->link.kind);
    if (a->has_source)
        kr_xml_attr(x, "source", kr_source_name(a->link.source));
    if (a->has_leader)
        kr_xml_attr_u64(x, "leader", a->leader);
    kr_xml_attr_u64(x, "deadline", a->deadline_ms);
    if (a->full)
        write_full_head(x, a);
    else
        write_brief_head(x, a);
    write_log(x, a);
    kr_write_part(x, a->part, a->of);
}

static void write_announce(struct kr_xml *x, const struct kr_notice_announce *a)
{
    write_announce_head(x, a);
    if (a->policy_text.len)
        kr_write_policy(x, a->policy_text);
    for (size_t i = 0; i < a->past_count; i++) {
        kr_xml_start(x, "past", NULL);
        kr_xml_attr_u64(x, "epoch", a->past[i].epoch);
        write_link(x, &a->past[i]);
        if (kr_source_is_led(a->past[i].source))
            kr_xml_attr_id(x, "leader", &a->past[i].leader);
        write_past_log(x, &a->past[i]);
        kr_xml_end(x);
    }
    for (size_t i = 0; i < a->member_count; i++)
        kr_write_member(x, &a->members[i]);
    for (size_t i = 0; i < a->gone_count; i++) {
        kr_xml_start(x, "gone", NULL);
        kr_xml_attr_id(x, "attach", &a->gone[i].attach);
        if (strcmp(a->gone[i].reason, KR_GONE_USUAL) != 0)
            kr_xml_attr(x, "reason", a->gone[i].reason);
        kr_xml_end(x);
    }
}

static void write_deliver(struct kr_xml *x, const struct kr_notice_deliver *d)
{
    kr_xml_attr_u64(x, "epoch", d->epoch);
    kr_write_round(x, d->round);
    kr_xml_attr_bool(x, "last", d->last);
    kr_write_list(x, "silent", d->silent, d->silent_count);
    kr_write_part(x, d->part, d->of);
    if (d->has_confirm)
        kr_xml_attr_digest(x, "confirm", &d->confirm);
    kr_write_entries(x, d->entries, d->entry_count);
}

static void write_commit(struct kr_xml *x, const struct kr_notice_commit *c)
{
    kr_xml_attr_u64(x, "epoch", c->epoch);
    kr_write_list(x, "laggards", c->laggards, c->laggard_count);
    kr_write_list(x, "silent", c->silent, c->silent_count);
    if (c->has_exposure)
        kr_xml_attr_u64(x, "exposure", c->exposure_ms);
}

static void write_wanted(struct kr_xml *x, const struct kr_notice_wanted *w)
{
    kr_xml_attr_u64(x, "epoch", w->epoch);
    kr_write_list(x, "for", w->recipients, w->recipient_count);
}

static void write_state(struct kr_xml *x, const struct kr_notice_state *s)
{
    if (s->has_instance)
        kr_xml_attr_id(x, "instance", &s->instance);
    kr_xml_attr(x, "mode", kr_mode_name(s->mode));
    kr_xml_attr_bool(x, "exposed", s->exposed);
    kr_xml_attr_bool(x, "joins-held", s->joins_held);
    if (s->text && s->text[0])
        kr_xml_text(x, s->text);
    for (size_t i = 0; i < s->waiting_count; i++) {
        kr_xml_start(x, "waiting", NULL);
        kr_xml_attr(x, "participant", s->waiting[i].participant);
        kr_xml_attr_id(x, "device", &s->waiting[i].device);
        kr_xml_attr(x, "owner", s->waiting[i].owner);
        kr_xml_end(x);
    }
}

static void write_attestations(struct kr_xml *x, const struct kr_notice_attestations *a)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct kr_attestation_line *l = &a->lines[i];
        kr_xml_start(x, l->revokes ? "revocation" : "attestation", NULL);
        kr_xml_attr_sig(x, "sig", &l->sig);
        kr_xml_attr_key(x, "ed25519", &l->ed25519);
        kr_xml_attr_key(x, "curve25519", &l->curve25519);
        kr_xml_b64(x, l->text);
        kr_xml_end(x);
    }
}

void kr_notice_encode(struct kr_xml *x, const struct kr_notice *n)
{
    if (n->room)
        kr_write_start(x, kr_notice_name(n->kind), n->room);
    else
        kr_write_start_in(x, kr_notice_name(n->kind), &n->in);
    switch (n->kind) {
    case KR_NOTICE_ANNOUNCE:
        write_announce(x, &n->u.announce);
        break;
    case KR_NOTICE_DELIVER:
        write_deliver(x, &n->u.deliver);
        break;
    case KR_NOTICE_COMMIT:
        write_commit(x, &n->u.commit);
        break;
    case KR_NOTICE_WANTED:
        write_wanted(x, &n->u.wanted);
        break;
    case KR_NOTICE_LOW:
        kr_xml_attr_id(x, "attach", &n->u.low.attach);
        kr_xml_attr_u64(x, "count", n->u.low.count);
        break;
    case KR_NOTICE_SESSION:
        kr_xml_attr_id(x, "from", &n->u.session.from);
        kr_xml_attr_bool(x, "verify", n->u.session.verify);
        kr_write_session(x, n->u.session.type, n->u.session.message);
        break;
    case KR_NOTICE_DETACHED:
        kr_xml_attr_id(x, "instance", &n->u.detached.instance);
        kr_xml_attr(x, "reason", n->u.detached.reason);
        break;
    case KR_NOTICE_STATE:
        write_state(x, &n->u.state);
        break;
    case KR_NOTICE_ATTESTATIONS:
        write_attestations(x, &n->u.attestations);
        break;
    case KR_NOTICE_KINDS:
        break;
    }
    kr_xml_end(x);
}
