#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/err.h"
#include "message/encode.h"
#include "message/read.h"
#include "message/request.h"
#include "xml/ns.h"

void kr_res_challenge_encode(struct kr_xml *x, const struct kr_res_challenge *r)
{
    kr_write_start(x, "challenge", r->room);
    kr_xml_attr_id(x, "instance", &r->instance);
    kr_xml_attr_id(x, "nonce", &r->nonce);
    kr_xml_attr(x, "participant", r->participant);
    kr_xml_attr(x, "owner", r->owner);
    kr_write_policy(x, r->policy_text);
    kr_xml_end(x);
}

void kr_res_attached_encode(struct kr_xml *x, const struct kr_res_attached *r)
{
    kr_write_start(x, "attached", r->room);
    kr_xml_attr(x, "state", r->waiting ? "waiting" : "member");
    if (r->waiting)
        kr_xml_attr(x, "reason", r->reason);
    kr_xml_end(x);
}

void kr_res_keys_encode(struct kr_xml *x, const struct kr_res_keys *r)
{
    kr_write_start(x, "keys", r->room);
    kr_xml_attr_u64(x, "count", r->count);
    kr_xml_end(x);
}

void kr_res_claimed_encode(struct kr_xml *x, const struct kr_res_claimed *r)
{
    kr_write_start(x, "claimed", r->room);
    for (size_t i = 0; i < r->count; i++) {
        const struct kr_claimed *k = &r->keys[i];
        kr_xml_start(x, k->none ? "none" : "key", NULL);
        kr_xml_attr_id(x, "attach", &k->attach);
        if (!k->none) {
            kr_xml_attr(x, "kind", kr_key_kind_name(k->kind));
            kr_xml_attr_key(x, "key", &k->key);
            kr_xml_attr_sig(x, "sig", &k->sig);
        }
        kr_xml_end(x);
    }
    kr_xml_end(x);
}

static void write_bytes(struct kr_xml *x, const char *name, struct kr_span bytes)
{
    struct kr_buf text;
    kr_buf_init(&text, SIZE_MAX);
    kr_b64_add(&text, bytes);
    char *base64 = kr_buf_take_str(&text);
    kr_xml_start(x, name, NULL);
    if (base64)
        kr_xml_text(x, base64);
    kr_xml_end(x);
    free(base64);
}

void kr_res_proof_encode(struct kr_xml *x, const struct kr_res_proof *r)
{
    kr_write_start(x, "proof", r->room);
    kr_xml_attr_u64(x, "epoch", r->epoch);
    kr_xml_attr_u64(x, "index", r->index);
    kr_xml_attr_u64(x, "size", r->size);
    if (r->since)
        kr_xml_attr_u64(x, "since", r->since);
    kr_xml_attr_digest(x, "opening", &r->opening);
    write_bytes(x, "entry", r->entry);
    if (r->inclusion_count)
        write_bytes(x, "inclusion", kr_span(r->inclusion, r->inclusion_count * sizeof(*r->inclusion)));
    if (r->consistency_count)
        write_bytes(x, "consistency",
                    kr_span(r->consistency, r->consistency_count * sizeof(*r->consistency)));
    kr_xml_end(x);
}

void kr_res_line_encode(struct kr_xml *x, const struct kr_res_line *r)
{
    kr_write_start(x, "line", r->room);
    kr_write_member(x, &r->line);
    kr_xml_end(x);
}

/* A reader of the result of that name. */
static struct kr_read begin(const struct kr_el *payload, const char *name, struct kr_arena *arena,
                            const char **room)
{
    struct kr_read r = {.arena = arena};
    if (!kr_el_is(payload, name, KR_NS))
        r.err = KR_E_MALFORMED;
    kr_read_room(&r, payload, room);
    return r;
}

int kr_res_challenge_decode(const struct kr_el *payload, struct kr_arena *arena, struct kr_res_challenge *ret)
{
    struct kr_res_challenge c = {0};
    struct kr_read r = begin(payload, "challenge", arena, &c.room);
    kr_read_id(&r, payload, "instance", &c.instance);
    kr_read_id(&r, payload, "nonce", &c.nonce);
    kr_read_text(&r, payload, "participant", KR_NICK_MAX, false, &c.participant);
    kr_read_text(&r, payload, "owner", KR_JID_MAX, true, &c.owner);
    const struct kr_el *policy = kr_read_single(&r, payload, "policy");
    if (policy)
        kr_read_bytes(&r, policy, 1, KR_TEXT_MAX, &c.policy_text);
    else
        kr_read_fail(&r, KR_E_MALFORMED);
    if (!r.err)
        *ret = c;
    return r.err;
}

int kr_res_attached_decode(const struct kr_el *payload, struct kr_res_attached *ret)
{
    struct kr_res_attached a = {0};
    struct kr_read r = begin(payload, "attached", NULL, &a.room);
    const char *state = kr_el_attr(payload, "state");
    a.waiting = state && strcmp(state, "waiting") == 0;
    if (a.waiting)
        kr_read_text(&r, payload, "reason", KR_REASON_MAX, false, &a.reason);
    else if (!state || strcmp(state, "member") != 0)
        kr_read_fail(&r, KR_E_MALFORMED);
    if (!r.err)
        *ret = a;
    return r.err;
}

int kr_res_keys_decode(const struct kr_el *payload, struct kr_res_keys *ret)
{
    struct kr_res_keys k = {0};
    struct kr_read r = begin(payload, "keys", NULL, &k.room);
    kr_read_u64(&r, payload, "count", 0, KR_OTK_MAX, &k.count);
    if (!r.err)
        *ret = k;
    return r.err;
}

int kr_res_line_decode(const struct kr_el *payload, struct kr_res_line *ret)
{
    struct kr_res_line l = {0};
    struct kr_read r = begin(payload, "line", NULL, &l.room);
    const struct kr_el *member = kr_read_single(&r, payload, "member");
    if (member)
        kr_read_member(&r, member, &l.line);
    else
        kr_read_fail(&r, KR_E_MALFORMED);
    if (!r.err)
        *ret = l;
    return r.err;
}

static void read_claimed(struct kr_read *r, const struct kr_el *el, struct kr_claimed *out)
{
    kr_read_id(r, el, "attach", &out->attach);
    out->none = strcmp(el->name, "none") == 0;
    if (out->none)
        return;
    const char *kind = kr_el_attr(el, "kind");
    if (kind && strcmp(kind, kr_key_kind_name(KR_KEY_ONE_TIME)) == 0)
        out->kind = KR_KEY_ONE_TIME;
    else if (kind && strcmp(kind, kr_key_kind_name(KR_KEY_FALLBACK)) == 0)
        out->kind = KR_KEY_FALLBACK;
    else
        kr_read_fail(r, KR_E_MALFORMED);
    kr_read_key(r, el, "key", &out->key);
    kr_read_sig(r, el, "sig", &out->sig);
}

static bool is_claimed(const struct kr_el *el)
{
    return kr_el_is(el, "key", KR_NS) || kr_el_is(el, "none", KR_NS);
}

int kr_res_claimed_decode(const struct kr_el *payload, struct kr_arena *arena, struct kr_res_claimed *ret)
{
    struct kr_res_claimed res = {0};
    struct kr_read r = begin(payload, "claimed", arena, &res.room);
    size_t count = 0;
    for (const struct kr_el *c = payload->child; c; c = c->next)
        count += is_claimed(c);
    if (count == 0)
        kr_read_fail(&r, KR_E_MALFORMED);
    if (count > KR_CLAIM_MAX)
        kr_read_fail(&r, KR_E_TOO_LARGE);
    struct kr_claimed *keys = r.err ? NULL : kr_arena_array(arena, count, sizeof(*keys));
    if (!keys) {
        kr_read_fail(&r, KR_E_TOO_LARGE);
        return r.err;
    }
    for (const struct kr_el *c = payload->child; c; c = c->next) {
        if (is_claimed(c))
            read_claimed(&r, c, &keys[res.count++]);
    }
    res.keys = keys;
    if (!r.err)
        *ret = res;
    return r.err;
}

static void read_hashes(struct kr_read *r, const struct kr_el *el, const char *name,
                        const struct kr_digest **out, size_t *count)
{
    const struct kr_el *child = kr_read_single(r, el, name);
    struct kr_span bytes = kr_span(NULL, 0);
    if (!child)
        return;
    kr_read_bytes(r, child, sizeof(**out), KR_PROOF_HASHES * sizeof(**out), &bytes);
    if (bytes.len % sizeof(**out))
        kr_read_fail(r, KR_E_MALFORMED);
    if (r->err)
        return;
    *out = (const struct kr_digest *)bytes.ptr; /* an array of bytes */
    *count = bytes.len / sizeof(**out);
}

int kr_res_proof_decode(const struct kr_el *payload, struct kr_arena *arena, struct kr_res_proof *ret)
{
    struct kr_res_proof p = {.room = NULL};
    struct kr_read r = begin(payload, "proof", arena, &p.room);
    kr_read_epoch(&r, payload, "epoch", &p.epoch);
    kr_read_u64(&r, payload, "index", 0, INT64_MAX, &p.index);
    kr_read_u64(&r, payload, "size", 1, INT64_MAX, &p.size);
    if (kr_el_attr(payload, "since"))
        kr_read_u64(&r, payload, "since", 1, p.size, &p.since);
    kr_read_digest(&r, payload, "opening", &p.opening);
    const struct kr_el *entry = kr_read_single(&r, payload, "entry");
    if (entry)
        kr_read_bytes(&r, entry, 1, KR_LOG_ENTRY_MAX, &p.entry);
    else
        kr_read_fail(&r, KR_E_MALFORMED);
    read_hashes(&r, payload, "inclusion", &p.inclusion, &p.inclusion_count);
    read_hashes(&r, payload, "consistency", &p.consistency, &p.consistency_count);
    if (!r.err)
        *ret = p;
    return r.err;
}
