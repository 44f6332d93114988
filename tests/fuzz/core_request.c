#include <stdio.h>

#include "base/hash.h"
#include "core.h"
#include "text/attest.h"

enum { OTKS_MAX = 3 };

static void flip(struct fuzz_room *f, void *bytes, size_t len)
{
    ((uint8_t *)bytes)[fuzz_u8(&f->in) % len] ^= (uint8_t)(1u << fuzz_below(&f->in, 8));
}

static void send(struct fuzz_room *f, struct peer *p, struct kr_request *r)
{
    unsigned how = fuzz_u8(&f->in);
    if (how >= 0xf8)
        r->room = how & 1 ? "other@muc.example.org" : "room@muc.example.net";
    if (how >= 0xf0)
        r->in.b[how & 3] ^= 1;
    if (how == 0xf7)
        peer_send_as(f->w, p, fuzz_peer(f)->jid, r);
    else
        peer_send(f->w, p, r);
}

/* --- attach, keys --- */

static void bend_attach(struct fuzz_room *f, struct peer *p, struct kr_request *r, struct kr_signed_key *otks)
{
    struct kr_req_attach *a = &r->u.attach;
    switch (fuzz_below(&f->in, 32)) {
    case 0:
        flip(f, &a->sig, sizeof(a->sig));
        return;
    case 1:
        flip(f, &a->fallback, sizeof(a->fallback));
        return;
    case 2:
        flip(f, &otks[0], sizeof(otks[0]));
        return;
    case 3:
        flip(f, &a->nonce, sizeof(a->nonce));
        break;
    case 4:
        flip(f, &a->instance, sizeof(a->instance));
        break;
    case 5:
        flip(f, &a->device, sizeof(a->device));
        break;
    case 6:
        flip(f, &a->curve25519, sizeof(a->curve25519));
        break;
    case 7:
        a->participant = fuzz_peer(f)->nick;
        break;
    case 8:
        a->owner = fuzz_bool(&f->in) ? "" : "b@example.org";
        break;
    case 9:
        if (fuzz_is_attached(f, p))
            a->attach = fuzz_attach_id(f);
        break;
    default:
        return;
    }
    peer_sign_attach(p, r);
}

void fuzz_attach(struct fuzz_room *f, struct peer *p)
{
    struct kr_signed_key otks[OTKS_MAX + 1];
    struct kr_id before = p->attach;
    bool attached = p->attached;
    if (!fuzz_is_attached(f, p) && fuzz_below(&f->in, 8) != 7) {
        peer_new_attach(f->w, p);
        p->highest = 0;
    }
    size_t count = fuzz_below(&f->in, OTKS_MAX + 1);
    struct kr_request r = peer_attach_request(f->w, p, otks, count);
    if (!count)
        otks[0] = (struct kr_signed_key){0};
    bend_attach(f, p, &r, otks);
    p->attached = true;
    peer_send(f->w, p, &r);
    if (p->error[0] && !fuzz_is_attached(f, p)) {
        p->attach = before;
        p->attached = attached;
    }
}

/* Publishes again what the attach has published, or remembers what it does. */
static void again(struct fuzz_room *f, const struct peer *p, bool repeat, struct kr_signed_key *k)
{
    size_t i = (size_t)(p - f->w->peers);
    if (repeat && kr_id_equal(&f->old_keys[i].attach, &p->attach)) {
        k->key = f->old_keys[i].key;
        peer_sign_key(p, KR_KEY_ONE_TIME, k);
    }
    f->old_keys[i].attach = p->attach;
    f->old_keys[i].key = k->key;
}

static void keys(struct fuzz_room *f, struct peer *p)
{
    struct kr_signed_key otks[OTKS_MAX + 1];
    unsigned bits = fuzz_u8(&f->in);
    struct kr_request r = {.kind = KR_REQ_KEYS, .room = ROOM, .u.keys = {.attach = p->attach, .otks = otks}};
    size_t count = r.u.keys.otk_count = bits % (OTKS_MAX + 1);
    for (size_t i = 0; i <= count; i++) {
        world_fill(f->w, &otks[i].key, sizeof(otks[i].key));
        peer_sign_key(p, i < count ? KR_KEY_ONE_TIME : KR_KEY_FALLBACK, &otks[i]);
    }
    if (count)
        again(f, p, bits >= 0xa0 && bits < 0xc0, &otks[0]);
    r.u.keys.has_fallback = (bits & 0x10) != 0;
    r.u.keys.fallback = otks[count];
    if (bits >= 0xe0)
        flip(f, &otks[0], sizeof(otks[0]));
    else if (bits >= 0xd0)
        flip(f, &r.u.keys.fallback, sizeof(r.u.keys.fallback));
    else if (bits >= 0xc0)
        r.u.keys.attach = fuzz_attach_id(f);
    send(f, p, &r);
}

static void claim(struct fuzz_room *f, struct peer *p)
{
    struct kr_claim_target t[FUZZ_PEERS];
    size_t n = 1 + fuzz_below(&f->in, FUZZ_PEERS);
    for (size_t i = 0; i < n; i++)
        t[i] = (struct kr_claim_target){.attach = fuzz_attach_id(f), .reset = fuzz_below(&f->in, 4) == 0};
    struct kr_request r = {.kind = KR_REQ_CLAIM, .room = ROOM, .u.claim = {.targets = t, .target_count = n}};
    send(f, p, &r);
}

/* --- envelopes, acks --- */

static void bend_entries(struct fuzz_room *f, struct kr_packed *entries, size_t *count)
{
    static const uint8_t body[KR_CIPHERTEXT_MAX] = {KR_WITHHELD_PRESENCE};
    size_t at = *count ? fuzz_u8(&f->in) % *count : 0;
    switch (*count ? fuzz_below(&f->in, 16) : 15) {
    case 0: /* one less */
        for (size_t i = at; i + 1 < *count; i++)
            entries[i] = entries[i + 1];
        (*count)--;
        break;
    case 1:
        entries[at].index = (uint16_t)(fuzz_u8(&f->in) % (FUZZ_PEERS + 1));
        break;
    case 2:
    case 3:
    case 4:
        entries[at].type = KR_PACKED_WITHHELD;
        entries[at].body = kr_span(body, 1);
        break;
    case 5:
        entries[at].type = KR_PACKED_PREKEY;
        entries[at].body = kr_span(body, 1 + (size_t)fuzz_u16(&f->in) % KR_CIPHERTEXT_MAX);
        break;
    case 6: /* one more */
        entries[*count] = entries[*count - 1];
        entries[(*count)++].index++;
        break;
    default:
        break;
    }
}

static void send_parts(struct fuzz_room *f, struct peer *p, const struct kr_request *whole)
{
    size_t count = whole->u.envelope.entry_count;
    size_t first = count ? fuzz_u8(&f->in) % (count + 1) : 0;
    struct kr_request r = *whole;
    r.u.envelope.of = 2;
    r.u.envelope.has_sig = false;
    r.u.envelope.entry_count = first;
    send(f, p, &r);
    r = *whole;
    r.u.envelope.of = 2;
    r.u.envelope.part = 2;
    r.u.envelope.entries += first;
    r.u.envelope.entry_count -= first;
    send(f, p, &r);
}

static void envelope(struct fuzz_room *f, struct peer *p)
{
    struct kr_packed entries[PEERS_MAX + 1];
    uint16_t to[FUZZ_PEERS];
    struct kr_request r;
    if (!p->highest || kr_roster_find(&p->roster, &p->attach) < 0)
        return;
    unsigned round = 1 + fuzz_below(&f->in, 3);
    if (round == KR_ROUND_SUPPLEMENT) {
        size_t n = 0, mask = fuzz_u8(&f->in);
        for (size_t i = 0; i < FUZZ_PEERS && i < p->roster.len; i++) {
            if (mask & (1u << i))
                to[n++] = (uint16_t)i;
        }
        r = peer_supplement(p, entries, to, n);
    } else {
        r = peer_envelope(p, (enum kr_round)round, entries);
        p->sealed[round] = true;
    }
    bend_entries(f, entries, &r.u.envelope.entry_count);
    unsigned bits = fuzz_u8(&f->in);
    if (bits >= 0xf0)
        r.u.envelope.epoch += bits & 1 ? 1 : (uint64_t)-1;
    if (!(bits & 0x08))
        peer_sign_envelope(p, &r);
    if (bits & 0x10)
        send_parts(f, p, &r);
    else
        send(f, p, &r);
}

static size_t mask_of(unsigned bits, uint16_t out[static 8])
{
    size_t n = 0;
    for (uint16_t i = 0; i < 8; i++) {
        if (bits & (1u << i))
            out[n++] = i;
    }
    return n;
}

static void ack(struct fuzz_room *f, struct peer *p)
{
    uint16_t missing[8], mismatch[8];
    struct kr_request r = {.kind = KR_REQ_ACK,
                           .room = ROOM,
                           .u.ack = {.epoch = p->link.epoch, .missing = missing, .mismatch = mismatch}};
    r.u.ack.missing_count = mask_of(fuzz_u8(&f->in), missing);
    r.u.ack.mismatch_count = mask_of(fuzz_u8(&f->in), mismatch);
    unsigned bits = fuzz_u8(&f->in);
    if (bits >= 0xf0)
        r.u.ack.epoch += bits & 1 ? 1 : (uint64_t)-1;
    send(f, p, &r);
}

/* --- the others --- */

static void small(struct fuzz_room *f, struct peer *p, enum kr_request_kind kind)
{
    struct kr_request r = {.kind = kind, .room = ROOM};
    if (kind == KR_REQ_WHOLE) {
        r.u.whole.since = fuzz_u8(&f->in);
        r.u.whole.has_since = r.u.whole.since & 1;
    } else if (kind == KR_REQ_SESSION) {
        r.u.session.to = fuzz_attach_id(f);
        r.u.session.message = fuzz_bytes(&f->in);
        r.u.session.verify = r.u.session.message.len & 1;
        if (!r.u.session.message.len)
            r.u.session.message = kr_span("x", 1);
    } else if (kind == KR_REQ_APPROVE || kind == KR_REQ_REVOKE) {
        r.u.device = fuzz_peer(f)->device;
    } else if (kind == KR_REQ_LINE) {
        r.u.line.has_attach = fuzz_bool(&f->in);
        r.u.line.attach = fuzz_attach_id(f);
        r.u.line.participant = fuzz_peer(f)->nick;
    } else if (kind == KR_REQ_ALARM) {
        r.u.attach_of = fuzz_attach_id(f);
    }
    send(f, p, &r);
    if (kind == KR_REQ_DETACH && !p->error[0])
        p->attached = false;
}

/* Signed for real, of now, about a peer that may be there; or bent. */
static void attest(struct fuzz_room *f, struct peer *p, enum kr_request_kind kind)
{
    struct peer *about = fuzz_peer(f);
    unsigned bits = fuzz_u8(&f->in);
    uint64_t now_s = f->w->now.wall_ms / 1000;
    struct kr_attest_text t = {.verifier = bits & 1 ? about->device : p->device,
                               .owner = bits & 2 ? "x@example.org" : about->owner,
                               .device = about->device,
                               .room = bits & 4 ? "*" : ROOM,
                               .issued_s = now_s + (bits & 8 ? 400 : 0),
                               .expires_s = now_s + 401 + (bits & 16 ? 100 : 100000)};
    struct kr_revoke_text back = {.verifier = t.verifier, .attestation = f->attested, .issued_s = now_s};
    struct kr_buf text = kind == KR_REQ_ATTEST ? kr_attest_text(&t) : kr_revoke_text(&back);
    struct kr_request r = {.kind = kind, .room = ROOM, .u.attest = {.text = kr_buf_span(&text)}};
    if (!text.err) {
        if (kind == KR_REQ_ATTEST)
            f->attested = kr_attest_digest(r.u.attest.text);
        r.u.attest.sig = peer_sign(p, r.u.attest.text);
        r.u.attest.sig.b[0] ^= (uint8_t)(bits & 32);
        send(f, p, &r);
    }
    kr_buf_done(&text);
}

void fuzz_request(struct fuzz_room *f)
{
    struct peer *p = fuzz_peer(f);
    enum kr_request_kind kind = (enum kr_request_kind)fuzz_below(&f->in, KR_REQ_KINDS);
    switch (kind) {
    case KR_REQ_ATTACH:
        fuzz_attach(f, p);
        break;
    case KR_REQ_KEYS:
        keys(f, p);
        break;
    case KR_REQ_CLAIM:
        claim(f, p);
        break;
    case KR_REQ_ENVELOPE:
        envelope(f, p);
        break;
    case KR_REQ_ACK:
        ack(f, p);
        break;
    case KR_REQ_ATTEST:
    case KR_REQ_UNATTEST:
        attest(f, p, kind);
        break;
    default:
        small(f, p, kind);
        break;
    }
}
