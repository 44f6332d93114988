/* Envelopes: who gets a ciphertext from us is the key source's to say, the rest is
 * docs/protocol.md 5.10, 5.11 and 6.4. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limit.h"
#include "load/light_state.h"

static struct kr_buf stamp(uint64_t epoch, size_t sender, size_t recipient)
{
    struct kr_buf b;
    kr_buf_init(&b, 32);
    kr_buf_add_u64(&b, epoch);
    kr_buf_add_u16(&b, (uint16_t)sender);
    kr_buf_add_u16(&b, (uint16_t)recipient);
    return b;
}

bool kr_light_genuine(struct kr_span body, uint64_t epoch, size_t sender, size_t recipient)
{
    struct kr_buf b = stamp(epoch, sender, recipient);
    bool same = body.len >= b.len && memcmp(body.ptr, b.ptr, b.len) == 0;
    kr_buf_done(&b);
    return same;
}

struct envelope { /* being made */
    struct kr_packed *entries;
    struct kr_id *sealed;
    uint8_t *bodies;
    size_t count, sealed_count;
};

static bool is_recipient(const struct kr_view *v, const struct kr_light_epoch *e, enum kr_round round,
                         size_t i)
{
    if (round != KR_ROUND_SUPPLEMENT)
        return kr_round_has(&v->sealing, round, e->me, i);
    return e->to[i] == KR_LIGHT_SESSIONLESS || e->to[i] == KR_LIGHT_WANTED;
}

static void add(struct kr_light *l, const struct kr_view *v, size_t i, struct envelope *out)
{
    struct kr_light_epoch *e = &l->epoch;
    uint8_t session = *kr_light_session(l, v->persons[i]);
    uint8_t *body = out->bodies + out->count * KR_LIGHT_PREKEY;
    struct kr_packed *entry = &out->entries[out->count++];
    entry->index = (uint16_t)i;
    if (session == KR_LIGHT_NO_SESSION) {
        body[0] = KR_WITHHELD_SESSION;
        entry->type = KR_PACKED_WITHHELD;
        entry->body = kr_span(body, 1);
        e->to[i] = KR_LIGHT_SESSIONLESS;
        return;
    }
    struct kr_buf b = stamp(e->number, e->me, i);
    memcpy(body, b.ptr, b.len);
    kr_buf_done(&b);
    entry->type = session == KR_LIGHT_OPENED ? KR_PACKED_PREKEY : KR_PACKED_NORMAL;
    entry->body = kr_span(body, session == KR_LIGHT_OPENED ? KR_LIGHT_PREKEY : KR_LIGHT_NORMAL);
    e->to[i] = KR_LIGHT_SEALED;
    out->sealed[out->sealed_count++] = v->roster.entries[i].attach;
}

/* How many of the entries from `at` fit one part: base64 turns 3 bytes into 4. */
static size_t part_len(const struct envelope *v, size_t at)
{
    size_t bytes = 0, n = 0;
    while (at + n < v->count) {
        bytes += 5 + v->entries[at + n].body.len;
        if (bytes > (size_t)KR_SPLIT_LEN / 4 * 3)
            break;
        n++;
    }
    return n;
}

static void send(struct kr_seat *seat, const struct kr_view *v, enum kr_round round,
                 const struct envelope *out)
{
    struct kr_light *l = kr_light_of(seat);
    struct kr_sealed_text t = {.room = seat->crowd->rooms[seat->room],
                               .instance = l->instance,
                               .epoch = l->epoch.number,
                               .context = v->context,
                               .attach = l->attach,
                               .round = round,
                               .recipients = kr_recipients_digest(out->sealed, out->sealed_count),
                               .has_confirm = kr_source_is_led(v->link.source),
                               .confirm = v->context};
    struct kr_buf text = kr_sealed_text(&t);
    struct kr_sig sig;
    uint32_t of = 0, part = 0;
    kr_light_sign(l, &text, &sig);
    for (size_t at = 0; at < out->count; at += part_len(out, at))
        of++;
    for (size_t at = 0; at < out->count; at += part_len(out, at)) {
        struct kr_request r = {.kind = KR_REQ_ENVELOPE};
        part++;
        r.u.envelope = (struct kr_req_envelope){.epoch = l->epoch.number,
                                                .round = round,
                                                .part = part,
                                                .of = of,
                                                .has_sig = part == of,
                                                .sig = sig,
                                                .has_confirm = part == of && t.has_confirm,
                                                .confirm = t.confirm,
                                                .entries = out->entries + at,
                                                .entry_count = part_len(out, at)};
        size_t bytes = kr_light_request(seat, &r, 'e', l->epoch.number);
        kr_trial_size(seat->crowd->trial, KR_REC_ENVELOPE, bytes);
    }
}

static void seal_round(struct kr_seat *seat, enum kr_round round)
{
    struct kr_light *l = kr_light_of(seat);
    const struct kr_view *v = kr_light_view(seat);
    size_t len = l->epoch.len;
    struct envelope out = {.entries = kr_calloc(len, sizeof(*out.entries)),
                           .sealed = kr_calloc(len, sizeof(*out.sealed)),
                           .bodies = kr_calloc(len, KR_LIGHT_PREKEY)};
    for (size_t i = 0; i < len; i++) {
        if (!is_recipient(v, &l->epoch, round, i))
            continue;
        if (round == KR_ROUND_SUPPLEMENT && *kr_light_session(l, v->persons[i]) == KR_LIGHT_NO_SESSION)
            continue; /* it stays asked for */
        add(l, v, i, &out);
    }
    if (out.count)
        send(seat, v, round, &out);
    free(out.entries);
    free(out.sealed);
    free(out.bodies);
}

/* Asks for keys of the recipients of the round that it has no session with. */
static void claim(struct kr_seat *seat, enum kr_round round)
{
    struct kr_light *l = kr_light_of(seat);
    const struct kr_view *v = kr_light_view(seat);
    struct kr_claim_target *targets = kr_calloc(l->epoch.len, sizeof(*targets));
    size_t count = 0;
    for (size_t i = 0; i < l->epoch.len; i++)
        if (is_recipient(v, &l->epoch, round, i) &&
            (round != KR_ROUND_SUPPLEMENT || l->epoch.to[i] == KR_LIGHT_WANTED) &&
            *kr_light_session(l, v->persons[i]) == KR_LIGHT_NO_SESSION)
            targets[count++] = (struct kr_claim_target){.attach = v->roster.entries[i].attach,
                                                        .reset = round == KR_ROUND_SUPPLEMENT};
    for (size_t at = 0; at < count; at += KR_CLAIM_MAX) {
        struct kr_request r = {.kind = KR_REQ_CLAIM};
        size_t left = count - at;
        r.u.claim = (struct kr_req_claim){.targets = targets + at,
                                          .target_count = left < KR_CLAIM_MAX ? left : KR_CLAIM_MAX};
        kr_light_request(seat, &r, 'm', l->epoch.number);
        l->claiming++;
    }
    free(targets);
}

void kr_light_claimed(struct kr_seat *seat, const struct kr_res_claimed *c)
{
    struct kr_light *l = kr_light_of(seat);
    const struct kr_view *v = kr_light_view(seat);
    for (size_t i = 0; i < c->count; i++) {
        int at = kr_roster_find(&v->roster, &c->keys[i].attach);
        if (at >= 0 && !c->keys[i].none)
            *kr_light_session(l, v->persons[at]) = KR_LIGHT_OPENED;
    }
    l->claiming -= l->claiming != 0;
    kr_light_seal(seat);
}

static bool owes_supplement(const struct kr_seat *seat)
{
    struct kr_light *l = kr_light_of(seat);
    const struct kr_view *v = kr_light_view(seat);
    for (size_t i = 0; i < l->epoch.len; i++)
        if (is_recipient(v, &l->epoch, KR_ROUND_SUPPLEMENT, i) &&
            *kr_light_session(l, v->persons[i]) != KR_LIGHT_NO_SESSION)
            return true;
    return false;
}

static bool wanted_without_session(const struct kr_seat *seat)
{
    struct kr_light *l = kr_light_of(seat);
    const struct kr_view *v = kr_light_view(seat);
    for (size_t i = 0; i < l->epoch.len; i++)
        if (l->epoch.to[i] == KR_LIGHT_WANTED && *kr_light_session(l, v->persons[i]) == KR_LIGHT_NO_SESSION)
            return true;
    return false;
}

/* One that is refused is repeated, as the real core does, and then those it was for are withheld from. */
void kr_light_claim_again(struct kr_seat *seat)
{
    struct kr_light_epoch *e = &kr_light_of(seat)->epoch;
    if (e->round1_sent || e->claims >= KR_LIGHT_CLAIMS || kr_light_view(seat)->link.epoch != e->number)
        return;
    e->claims++;
    /* A leader has no first round to bring it sessions. */
    claim(seat, kr_source_is_led(kr_light_view(seat)->link.source) ? KR_ROUND_2 : KR_ROUND_1);
}

void kr_light_seal(struct kr_seat *seat)
{
    struct kr_light *l = kr_light_of(seat);
    struct kr_light_epoch *e = &l->epoch;
    /* Others may have been told the next epoch before this member reads of it. */
    if (!e->number || l->claiming || kr_light_view(seat)->link.epoch != e->number)
        return;
    if (!e->round1_sent) {
        if (e->claims == 0)
            kr_light_claim_again(seat);
        if (l->claiming)
            return;
        e->round1_sent = true;
        seal_round(seat, KR_ROUND_1);
    }
    if (!e->round2_sent && !e->round1_awaited) {
        e->round2_sent = true;
        seal_round(seat, KR_ROUND_2);
    }
    if (e->round2_sent && owes_supplement(seat))
        seal_round(seat, KR_ROUND_SUPPLEMENT);
    if (e->round2_sent && !e->reset && wanted_without_session(seat)) {
        e->reset = true;
        claim(seat, KR_ROUND_SUPPLEMENT);
    }
}

void kr_light_wanted(struct kr_seat *seat, const struct kr_notice_wanted *w)
{
    struct kr_light_epoch *e = &kr_light_of(seat)->epoch;
    if (w->epoch != e->number)
        return;
    for (size_t i = 0; i < w->recipient_count; i++)
        if (w->recipients[i] < e->len)
            e->to[w->recipients[i]] = KR_LIGHT_WANTED;
    kr_light_seal(seat);
}
