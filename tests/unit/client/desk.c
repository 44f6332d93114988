#include "desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/sign.h"
#include "message/stanza.h"

static struct desk *desk_of(struct world *w)
{
    return (struct desk *)w->arg;
}

struct one *desk_one(struct desk *d, const char *nick)
{
    for (size_t i = 0; i < d->w.count; i++)
        if (strcmp(d->w.ones[i].nick, nick) == 0)
            return &d->w.ones[i];
    fail_msg("nobody is called %s", nick);
    return NULL;
}

struct desk_seat *desk_seat(struct desk *d, const char *nick)
{
    return &d->seats[desk_one(d, nick) - d->w.ones];
}

int desk_index(const struct desk *d, const char *nick)
{
    return kr_roster_find_participant(&d->roster, nick);
}

const struct kr_digest *desk_context(const struct desk *d, size_t view)
{
    return &d->views[view].contexts[d->views[view].count - 1];
}

/* --- answers --- */

static void answer(struct desk *d, struct one *to, void (*write)(struct kr_xml *, const void *),
                   const void *what)
{
    struct kr_xml x;
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_iq_start(&x, "result", SERVICE, to->jid, d->id);
    if (write)
        write(&x, what);
    kr_xml_end(&x);
    world_queue(&d->w, to, NULL, kr_xml_take(&x));
    kr_xml_done(&x);
}

static void write_challenge(struct kr_xml *x, const void *what)
{
    kr_res_challenge_encode(x, what);
}

static void write_attached(struct kr_xml *x, const void *what)
{
    kr_res_attached_encode(x, what);
}

static void write_claimed(struct kr_xml *x, const void *what)
{
    kr_res_claimed_encode(x, what);
}

static void refuse(struct desk *d, struct one *to)
{
    char xml[512];
    snprintf(xml, sizeof(xml),
             "<iq type='error' from='" SERVICE "' to='%s' id='%s'><error type='wait'>"
             "<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
             "<busy xmlns='urn:keyroom:1:errors'/></error></iq>",
             to->jid, d->id);
    world_queue(&d->w, to, NULL, kr_strdup(xml));
}

static void on_challenge(struct desk *d, struct one *from)
{
    struct kr_buf text = kr_policy_text(&d->views[0].policy, ROOM);
    struct kr_res_challenge ch = {.room = ROOM,
                                  .participant = from->nick,
                                  .owner = "",
                                  .instance = d->instance,
                                  .policy_text = kr_buf_span(&text)};
    kr_random_fill(&d->w.random, &ch.nonce, sizeof(ch.nonce));
    answer(d, from, write_challenge, &ch);
    kr_buf_done(&text);
}

static void on_attach(struct desk *d, struct one *from, struct desk_seat *s, const struct kr_req_attach *a)
{
    s->attached = true;
    s->old = false;
    s->line = (struct kr_member_line){.participant = from->nick,
                                      .owner = "",
                                      .device = a->device,
                                      .attach = a->attach,
                                      .nonce = a->nonce,
                                      .ed25519 = a->ed25519,
                                      .curve25519 = a->curve25519,
                                      .sig = a->sig};
    memcpy(s->otks, a->otks, a->otk_count * sizeof(*a->otks));
    s->otk_count = a->otk_count;
    s->fallback = a->fallback;
    s->sources = a->sources;
    s->lead = a->lead;
    struct kr_res_attached r = {.room = ROOM};
    answer(d, from, write_attached, &r);
}

static struct kr_claimed claimed_key(struct desk *d, const struct kr_id *attach)
{
    struct kr_claimed k = {.attach = *attach, .none = true};
    const struct kr_signed_key *key = NULL;
    for (size_t i = 0; i < d->w.count; i++) {
        struct desk_seat *s = &d->seats[i];
        if (!s->attached || !kr_id_equal(&s->line.attach, attach))
            continue;
        k.kind = s->otk_count ? KR_KEY_ONE_TIME : KR_KEY_FALLBACK;
        key = s->otk_count ? &s->otks[--s->otk_count] : &s->fallback;
    }
    for (size_t i = 0; i < d->extra_count; i++)
        if (kr_id_equal(&d->extra[i].attach, attach))
            key = &d->extra_keys[i];
    if (key) {
        k.none = false;
        k.key = key->key;
        k.sig = key->sig;
    }
    return k;
}

static void on_claim(struct desk *d, struct one *from, struct desk_seat *s, const struct kr_req_claim *c)
{
    s->claims++;
    s->targets += c->target_count;
    if (d->mute_claims)
        return;
    struct kr_claimed *keys = kr_calloc(c->target_count, sizeof(*keys));
    for (size_t i = 0; i < c->target_count; i++)
        keys[i] = claimed_key(d, &c->targets[i].attach);
    struct kr_res_claimed r = {.room = ROOM, .keys = keys, .count = c->target_count};
    answer(d, from, write_claimed, &r);
    free(keys);
}

/* The signature covers the confirm. */
static void check_signature(struct desk *d, const struct desk_seat *s, const struct kr_req_envelope *v)
{
    struct kr_id *sealed = kr_calloc(KR_OCCUPANTS_MAX, sizeof(*sealed));
    size_t n = 0, sender = (size_t)kr_roster_find(&d->roster, &s->line.attach);
    for (size_t i = 0; i < d->roster.len; i++)
        for (size_t k = 0; k < d->entry_count; k++) {
            const struct desk_entry *e = &d->entries[k];
            if (e->sender == sender && e->recipient == i && e->round == v->round &&
                e->type != KR_PACKED_WITHHELD)
                sealed[n++] = d->roster.entries[i].attach;
        }
    struct kr_sealed_text t = {.room = ROOM,
                               .instance = d->instance,
                               .epoch = d->epoch,
                               .context = *desk_context(d, s->view),
                               .attach = s->line.attach,
                               .round = v->round,
                               .recipients = kr_recipients_digest(sealed, n),
                               .has_confirm = v->has_confirm,
                               .confirm = v->confirm};
    struct kr_buf text = kr_sealed_text(&t);
    assert_true(kr_verify(&s->line.ed25519, kr_buf_span(&text), &v->sig));
    kr_buf_done(&text);
    free(sealed);
}

static void on_envelope(struct desk *d, struct one *from, struct desk_seat *s,
                        const struct kr_req_envelope *v)
{
    assert_int_equal(v->epoch, d->epoch);
    if (d->refuse_envelopes) {
        refuse(d, from);
        return;
    }
    d->parts = v->part == 1 ? 1 : d->parts + 1;
    d->part_entries = v->part == 1 ? v->entry_count : d->part_entries + v->entry_count;
    assert_int_equal(d->parts, v->part);
    assert_false(v->has_confirm && !v->has_sig);
    for (size_t i = 0; i < v->entry_count && d->extra_count == 0; i++) {
        assert_true(d->entry_count < DESK_ENTRIES_MAX);
        struct desk_entry *e = &d->entries[d->entry_count++];
        e->sender = (uint16_t)kr_roster_find(&d->roster, &s->line.attach);
        e->recipient = v->entries[i].index;
        e->round = v->round;
        e->type = v->entries[i].type;
        e->len = v->entries[i].body.len;
        memcpy(e->body, v->entries[i].body.ptr, e->len);
    }
    if (v->part == v->of) {
        s->envelopes++;
        d->sealed_sig = v->sig;
        d->sealed_confirms = v->has_confirm;
        d->confirm = v->confirm;
        if (d->extra_count == 0)
            check_signature(d, s, v);
    }
    answer(d, from, NULL, NULL);
}

static void on_ack(const struct desk *d, struct desk_seat *s, const struct kr_req_ack *a)
{
    assert_int_equal(a->epoch, d->epoch);
    assert_true(a->missing_count <= 4 && a->mismatch_count <= 4);
    s->acks++;
    s->missing_count = a->missing_count;
    s->mismatch_count = a->mismatch_count;
    if (a->missing_count)
        memcpy(s->missing, a->missing, a->missing_count * sizeof(*a->missing));
    if (a->mismatch_count)
        memcpy(s->mismatch, a->mismatch, a->mismatch_count * sizeof(*a->mismatch));
    s->ack_confirms = a->has_confirm;
    s->ack_confirm = a->confirm;
}

/* Kept and passed on. */
static void on_session(struct desk *d, struct one *from, struct desk_seat *s, const struct kr_req_session *q)
{
    s->sessions++;
    s->session_type = q->type;
    kr_buf_clear(&s->session);
    kr_buf_add(&s->session, q->message.ptr, q->message.len);
    for (size_t i = 0; i < d->w.count; i++)
        if (kr_id_equal(&d->seats[i].line.attach, &q->to)) {
            struct kr_notice n = {
                .kind = KR_NOTICE_SESSION,
                .room = ROOM,
                .u.session = {
                    .from = s->line.attach, .verify = q->verify, .type = q->type, .message = q->message}};
            world_notice(&d->w, &d->w.ones[i], SERVICE, &n);
        }
    answer(d, from, NULL, NULL);
}

static bool on_request(struct world *w, struct one *from, struct kr_request *r)
{
    struct desk *d = desk_of(w);
    struct desk_seat *s = &d->seats[from - w->ones];
    switch (r->kind) {
    case KR_REQ_CHALLENGE:
        on_challenge(d, from);
        break;
    case KR_REQ_ATTACH:
        on_attach(d, from, s, &r->u.attach);
        break;
    case KR_REQ_CLAIM:
        on_claim(d, from, s, &r->u.claim);
        break;
    case KR_REQ_ENVELOPE:
        on_envelope(d, from, s, &r->u.envelope);
        break;
    case KR_REQ_ACK:
        on_ack(d, s, &r->u.ack);
        break;
    case KR_REQ_SESSION:
        on_session(d, from, s, &r->u.session);
        break;
    case KR_REQ_WHOLE:
        answer(d, from, NULL, NULL);
        if (d->epoch)
            desk_whole(d, from);
        break;
    case KR_REQ_DETACH:
        s->attached = false;
        answer(d, from, NULL, NULL);
        break;
    default:
        answer(d, from, NULL, NULL);
        break;
    }
    return false;
}

static bool note_id(struct world *w, struct one *to, struct one *from, char *xml)
{
    struct desk *d = desk_of(w);
    if (from && strstr(xml, "<attach"))
        d->seats[from - w->ones].names_sources = strstr(xml, " sources='") != NULL;
    if (!to && from && strncmp(xml, "<iq", 3) == 0)
        snprintf(d->id, sizeof(d->id), "%.20s", strstr(xml, "id='") + 4);
    return true;
}

void desk_init(struct desk *d, uint64_t seed, enum kr_source source)
{
    memset(d, 0, sizeof(*d));
    world_init(&d->w, seed);
    d->w.core_down = d->w.service_present = true;
    d->w.arg = d;
    d->w.raw = note_id;
    d->w.request = on_request;
    d->w.sources = KR_SOURCE_BIT(KR_SOURCE_PARTICIPANTS) | KR_SOURCE_BIT(KR_SOURCE_LEADER);
    d->w.lead = true;
    for (size_t i = 0; i < DESK_VIEWS; i++) {
        d->views[i].policy = (struct kr_policy){.authorise = KR_AUTHORISE_OCCUPANTS,
                                                .source = source,
                                                .format = KR_FORMAT_SFRAME,
                                                .suite = 4,
                                                .rotate_s = 900 + (uint32_t)i};
        if (source == KR_SOURCE_PARTICIPANTS)
            d->views[i].policy.leader_above = 2;
    }
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        kr_buf_init(&d->seats[i].session, KR_CIPHERTEXT_MAX);
    kr_random_fill(&d->w.random, &d->instance, sizeof(d->instance));
    kr_roster_init(&d->roster);
}

void desk_done(struct desk *d)
{
    kr_roster_done(&d->roster);
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        kr_buf_done(&d->seats[i].session);
    world_done(&d->w);
}
