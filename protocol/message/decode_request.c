#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "message/read.h"
#include "message/request.h"
#include "xml/ns.h"

static const struct {
    const char *name;
    bool is_set;
} requests[KR_REQ_KINDS] = {
    [KR_REQ_CHALLENGE] = {"challenge", false},
    [KR_REQ_ATTACH] = {"attach", true},
    [KR_REQ_KEYS] = {"keys", true},
    [KR_REQ_DETACH] = {"detach", true},
    [KR_REQ_CLAIM] = {"claim", true},
    [KR_REQ_ENVELOPE] = {"envelope", true},
    [KR_REQ_ACK] = {"ack", true},
    [KR_REQ_SESSION] = {"session", true},
    [KR_REQ_WHOLE] = {"whole", false},
    [KR_REQ_APPROVE] = {"approve", true},
    [KR_REQ_REVOKE] = {"revoke", true},
    [KR_REQ_ROTATE] = {"rotate", true},
    [KR_REQ_PROOF] = {"proof", false},
    [KR_REQ_LINE] = {"line", false},
    [KR_REQ_ATTEST] = {"attest", true},
    [KR_REQ_UNATTEST] = {"unattest", true},
    [KR_REQ_ALARM] = {"alarm", true},
};

const char *kr_request_name(enum kr_request_kind kind)
{
    return requests[kind].name;
}

bool kr_request_is_in(enum kr_request_kind kind)
{
    return kind == KR_REQ_ENVELOPE || kind == KR_REQ_ACK;
}

bool kr_request_is_set(enum kr_request_kind kind)
{
    return requests[kind].is_set;
}

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct kr_key));
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct kr_id));
}

/* Are two of the `count` values of `size` bytes equal? Sorts them. */
static bool any_doubled(uint8_t *values, size_t count, size_t size,
                        int (*compare)(const void *, const void *))
{
    if (count)
        qsort(values, count, size, compare);
    for (size_t i = 1; i < count; i++) {
        if (compare(values + (i - 1) * size, values + i * size) == 0)
            return true;
    }
    return false;
}

static void read_signed_key(struct kr_read *r, const struct kr_el *el, struct kr_signed_key *out)
{
    kr_read_key(r, el, "key", &out->key);
    kr_read_sig(r, el, "sig", &out->sig);
}

static void read_otks(struct kr_read *r, const struct kr_el *el, const struct kr_signed_key **out,
                      size_t *count)
{
    struct kr_key sorted[KR_OTK_MAX];
    struct kr_signed_key *otks =
        kr_read_array(r, el, "otk", KR_OTK_MAX, KR_E_TOO_MANY_KEYS, sizeof(*otks), count);
    const struct kr_el *c = kr_el_child(el, "otk", KR_NS);
    for (size_t i = 0; i < *count; i++, c = kr_el_next(c, "otk", KR_NS)) {
        read_signed_key(r, c, &otks[i]);
        sorted[i] = otks[i].key;
    }
    if (!r->err && any_doubled((uint8_t *)sorted, *count, sizeof(sorted[0]), compare_keys))
        r->err = KR_E_MALFORMED;
    *out = otks;
}

/* The newest checkpoint that the client has of the service's log, if it has one. */
static void read_seen_log(struct kr_read *r, const struct kr_el *el, struct kr_log_claim *ret_log,
                          const char **ret_origin)
{
    kr_read_log(r, el, true, ret_log);
    if (ret_log->size)
        kr_read_text(r, el, "log-origin", KR_NOTE_NAME_MAX, false, ret_origin);
}

static void read_attach(struct kr_read *r, const struct kr_el *el, struct kr_req_attach *out)
{
    kr_read_id(r, el, "instance", &out->instance);
    kr_read_text(r, el, "participant", KR_NICK_MAX, false, &out->participant);
    kr_read_text(r, el, "owner", KR_JID_MAX, true, &out->owner);
    kr_read_id(r, el, "device", &out->device);
    kr_read_id(r, el, "attach", &out->attach);
    kr_read_id(r, el, "nonce", &out->nonce);
    kr_read_key(r, el, "ed25519", &out->ed25519);
    kr_read_key(r, el, "curve25519", &out->curve25519);
    kr_read_sig(r, el, "sig", &out->sig);
    const char *sources = kr_el_attr(el, "sources");
    if (sources && kr_sources_read(sources, &out->sources))
        kr_read_fail(r, KR_E_MALFORMED);
    kr_read_bool(r, el, "lead", &out->lead);
    read_seen_log(r, el, &out->log, &out->log_origin);
    read_otks(r, el, &out->otks, &out->otk_count);
    const struct kr_el *fallback = kr_read_single(r, el, "fallback");
    if (fallback)
        read_signed_key(r, fallback, &out->fallback);
    else
        kr_read_fail(r, KR_E_MALFORMED);
}

static void read_keys(struct kr_read *r, const struct kr_el *el, struct kr_req_keys *out)
{
    kr_read_id(r, el, "attach", &out->attach);
    read_otks(r, el, &out->otks, &out->otk_count);
    const struct kr_el *fallback = kr_read_single(r, el, "fallback");
    out->has_fallback = fallback != NULL;
    if (fallback)
        read_signed_key(r, fallback, &out->fallback);
}

static void read_claim(struct kr_read *r, const struct kr_el *el, struct kr_req_claim *out)
{
    size_t count = 0;
    struct kr_claim_target *targets =
        kr_read_array(r, el, "of", KR_CLAIM_MAX, KR_E_TOO_LARGE, sizeof(*targets), &count);
    if (count == 0)
        kr_read_fail(r, KR_E_MALFORMED);
    struct kr_id sorted[KR_CLAIM_MAX];
    const struct kr_el *c = kr_el_child(el, "of", KR_NS);
    for (size_t i = 0; i < count; i++, c = kr_el_next(c, "of", KR_NS)) {
        kr_read_id(r, c, "attach", &targets[i].attach);
        kr_read_bool(r, c, "reset", &targets[i].reset);
        sorted[i] = targets[i].attach;
    }
    if (!r->err && any_doubled((uint8_t *)sorted, count, sizeof(sorted[0]), compare_ids))
        r->err = KR_E_WRONG_RECIPIENTS;
    out->targets = targets;
    out->target_count = count;
}

static void read_envelope(struct kr_read *r, const struct kr_el *el, struct kr_req_envelope *out)
{
    kr_read_epoch(r, el, "epoch", &out->epoch);
    kr_read_round(r, el, &out->round);
    kr_read_part(r, el, &out->part, &out->of);
    out->has_sig = kr_el_attr(el, "sig") != NULL;
    if (out->has_sig)
        kr_read_sig(r, el, "sig", &out->sig);
    if (out->has_sig != (out->part == out->of))
        kr_read_fail(r, KR_E_MALFORMED);
    kr_read_confirm(r, el, &out->has_confirm, &out->confirm);
    if (out->has_confirm && !out->has_sig) /* which covers it */
        kr_read_fail(r, KR_E_MALFORMED);
    kr_read_entries(r, el, &out->entries, &out->entry_count);
    if (out->entry_count == 0) /* who has nobody to seal for sends nothing */
        kr_read_fail(r, KR_E_WRONG_RECIPIENTS);
}

static void read_ack(struct kr_read *r, const struct kr_el *el, struct kr_req_ack *out)
{
    kr_read_epoch(r, el, "epoch", &out->epoch);
    kr_read_list(r, el, "missing", &out->missing, &out->missing_count);
    kr_read_list(r, el, "mismatch", &out->mismatch, &out->mismatch_count);
    kr_read_confirm(r, el, &out->has_confirm, &out->confirm);
}

static void read_whole(struct kr_read *r, const struct kr_el *el, struct kr_req_whole *out)
{
    out->has_since = kr_el_attr(el, "since") != NULL;
    if (out->has_since)
        kr_read_epoch(r, el, "since", &out->since);
    read_seen_log(r, el, &out->log, &out->log_origin);
}

static void read_proof(struct kr_read *r, const struct kr_el *el, struct kr_req_proof *out)
{
    kr_read_id(r, el, "instance", &out->instance);
    kr_read_epoch(r, el, "epoch", &out->epoch);
    kr_read_u64(r, el, "size", 1, INT64_MAX, &out->size);
    if (kr_el_attr(el, "since"))
        kr_read_u64(r, el, "since", 1, out->size, &out->since);
}

static void read_body(struct kr_read *r, const struct kr_el *el, struct kr_request *q)
{
    switch (q->kind) {
    case KR_REQ_ATTACH:
        read_attach(r, el, &q->u.attach);
        break;
    case KR_REQ_KEYS:
        read_keys(r, el, &q->u.keys);
        break;
    case KR_REQ_CLAIM:
        read_claim(r, el, &q->u.claim);
        break;
    case KR_REQ_ENVELOPE:
        read_envelope(r, el, &q->u.envelope);
        break;
    case KR_REQ_ACK:
        read_ack(r, el, &q->u.ack);
        break;
    case KR_REQ_SESSION:
        kr_read_id(r, el, "to", &q->u.session.to);
        kr_read_bool(r, el, "verify", &q->u.session.verify);
        kr_read_session(r, el, &q->u.session.type, &q->u.session.message);
        break;
    case KR_REQ_WHOLE:
        read_whole(r, el, &q->u.whole);
        break;
    case KR_REQ_APPROVE:
    case KR_REQ_REVOKE:
        kr_read_id(r, el, "device", &q->u.device);
        break;
    case KR_REQ_PROOF:
        read_proof(r, el, &q->u.proof);
        break;
    case KR_REQ_LINE:
        q->u.line.has_attach = kr_el_attr(el, "attach") != NULL;
        if (q->u.line.has_attach)
            kr_read_id(r, el, "attach", &q->u.line.attach);
        else
            kr_read_text(r, el, "participant", KR_NICK_MAX, false, &q->u.line.participant);
        break;
    case KR_REQ_ATTEST:
    case KR_REQ_UNATTEST:
        kr_read_sig(r, el, "sig", &q->u.attest.sig);
        kr_read_bytes(r, el, 1, KR_TEXT_MAX, &q->u.attest.text);
        break;
    case KR_REQ_ALARM:
        kr_read_id(r, el, "attach", &q->u.attach_of);
        break;
    case KR_REQ_CHALLENGE:
    case KR_REQ_DETACH:
    case KR_REQ_ROTATE:
    case KR_REQ_KINDS:
        break;
    }
}

int kr_request_decode(const struct kr_el *payload, bool is_set, struct kr_arena *arena,
                      struct kr_request *ret_request)
{
    struct kr_request q;
    memset(&q, 0, sizeof(q));
    enum kr_request_kind kind = 0;
    while (kind < KR_REQ_KINDS && !kr_el_is(payload, requests[kind].name, KR_NS))
        kind++;
    if (kind == KR_REQ_KINDS || requests[kind].is_set != is_set)
        return KR_E_UNKNOWN_REQUEST;
    q.kind = kind;

    struct kr_read r = {.arena = arena};
    if (kr_request_is_in(kind))
        kr_read_tag(&r, payload, &q.in);
    else
        kr_read_room(&r, payload, &q.room);
    read_body(&r, payload, &q);
    if (!r.err)
        *ret_request = q;
    return r.err;
}
