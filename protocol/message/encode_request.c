#include <stdlib.h>

#include "message/encode.h"
#include "message/request.h"
#include "text/policy.h"

static void write_signed_key(struct kr_xml *x, const char *name, const struct kr_signed_key *k)
{
    kr_xml_start(x, name, NULL);
    kr_xml_attr_key(x, "key", &k->key);
    kr_xml_attr_sig(x, "sig", &k->sig);
    kr_xml_end(x);
}

static void write_otks(struct kr_xml *x, const struct kr_signed_key *otks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        write_signed_key(x, "otk", &otks[i]);
}

static void write_seen_log(struct kr_xml *x, const struct kr_log_claim *log, const char *origin)
{
    if (!log->size)
        return;
    kr_write_log(x, log, true);
    kr_xml_attr(x, "log-origin", origin);
}

static void write_attach(struct kr_xml *x, const struct kr_req_attach *a)
{
    kr_xml_attr_id(x, "instance", &a->instance);
    kr_xml_attr(x, "participant", a->participant);
    kr_xml_attr(x, "owner", a->owner);
    kr_xml_attr_id(x, "device", &a->device);
    kr_xml_attr_id(x, "attach", &a->attach);
    kr_xml_attr_id(x, "nonce", &a->nonce);
    kr_xml_attr_key(x, "ed25519", &a->ed25519);
    kr_xml_attr_key(x, "curve25519", &a->curve25519);
    kr_xml_attr_sig(x, "sig", &a->sig);
    if (a->sources) {
        struct kr_buf names = kr_sources_write(a->sources);
        char *text = kr_buf_take_str(&names);
        kr_xml_attr(x, "sources", text);
        free(text);
    }
    kr_xml_attr_bool(x, "lead", a->lead);
    write_seen_log(x, &a->log, a->log_origin);
    write_otks(x, a->otks, a->otk_count);
    write_signed_key(x, "fallback", &a->fallback);
}

static void write_keys(struct kr_xml *x, const struct kr_req_keys *k)
{
    kr_xml_attr_id(x, "attach", &k->attach);
    write_otks(x, k->otks, k->otk_count);
    if (k->has_fallback)
        write_signed_key(x, "fallback", &k->fallback);
}

static void write_claim(struct kr_xml *x, const struct kr_req_claim *c)
{
    for (size_t i = 0; i < c->target_count; i++) {
        kr_xml_start(x, "of", NULL);
        kr_xml_attr_id(x, "attach", &c->targets[i].attach);
        kr_xml_attr_bool(x, "reset", c->targets[i].reset);
        kr_xml_end(x);
    }
}

static void write_envelope(struct kr_xml *x, const struct kr_req_envelope *e)
{
    kr_xml_attr_u64(x, "epoch", e->epoch);
    kr_write_round(x, e->round);
    kr_write_part(x, e->part, e->of);
    if (e->has_sig)
        kr_xml_attr_sig(x, "sig", &e->sig);
    if (e->has_confirm)
        kr_xml_attr_digest(x, "confirm", &e->confirm);
    kr_write_entries(x, e->entries, e->entry_count);
}

static void write_ack(struct kr_xml *x, const struct kr_req_ack *a)
{
    kr_xml_attr_u64(x, "epoch", a->epoch);
    kr_write_list(x, "missing", a->missing, a->missing_count);
    kr_write_list(x, "mismatch", a->mismatch, a->mismatch_count);
    if (a->has_confirm)
        kr_xml_attr_digest(x, "confirm", &a->confirm);
}

void kr_request_encode(struct kr_xml *x, const struct kr_request *r)
{
    if (kr_request_is_in(r->kind))
        kr_write_start_in(x, kr_request_name(r->kind), &r->in);
    else
        kr_write_start(x, kr_request_name(r->kind), r->room);
    switch (r->kind) {
    case KR_REQ_ATTACH:
        write_attach(x, &r->u.attach);
        break;
    case KR_REQ_KEYS:
        write_keys(x, &r->u.keys);
        break;
    case KR_REQ_CLAIM:
        write_claim(x, &r->u.claim);
        break;
    case KR_REQ_ENVELOPE:
        write_envelope(x, &r->u.envelope);
        break;
    case KR_REQ_ACK:
        write_ack(x, &r->u.ack);
        break;
    case KR_REQ_SESSION:
        kr_xml_attr_id(x, "to", &r->u.session.to);
        kr_xml_attr_bool(x, "verify", r->u.session.verify);
        kr_write_session(x, r->u.session.type, r->u.session.message);
        break;
    case KR_REQ_WHOLE:
        if (r->u.whole.has_since)
            kr_xml_attr_u64(x, "since", r->u.whole.since);
        write_seen_log(x, &r->u.whole.log, r->u.whole.log_origin);
        break;
    case KR_REQ_APPROVE:
    case KR_REQ_REVOKE:
        kr_xml_attr_id(x, "device", &r->u.device);
        break;
    case KR_REQ_PROOF:
        kr_xml_attr_id(x, "instance", &r->u.proof.instance);
        kr_xml_attr_u64(x, "epoch", r->u.proof.epoch);
        kr_xml_attr_u64(x, "size", r->u.proof.size);
        if (r->u.proof.since)
            kr_xml_attr_u64(x, "since", r->u.proof.since);
        break;
    case KR_REQ_LINE:
        if (r->u.line.has_attach)
            kr_xml_attr_id(x, "attach", &r->u.line.attach);
        else
            kr_xml_attr(x, "participant", r->u.line.participant);
        break;
    case KR_REQ_ATTEST:
    case KR_REQ_UNATTEST:
        kr_xml_attr_sig(x, "sig", &r->u.attest.sig);
        kr_xml_b64(x, r->u.attest.text);
        break;
    case KR_REQ_ALARM:
        kr_xml_attr_id(x, "attach", &r->u.attach_of);
        break;
    case KR_REQ_CHALLENGE:
    case KR_REQ_DETACH:
    case KR_REQ_ROTATE:
    case KR_REQ_KINDS:
        break;
    }
    kr_xml_end(x);
}
