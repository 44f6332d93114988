/* What a peer does: presence, and requests that it signs. */
#include "world.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "message/stanza.h"

static const uint8_t dummy[KR_CIPHERTEXT_MAX] = {1, 2, 3};
enum { SHORT = 64 };

struct peer *world_peer(struct world *w, const char *nick)
{
    for (size_t i = 0; i < w->peer_count; i++) {
        if (strcmp(w->peers[i].nick, nick) == 0)
            return &w->peers[i];
    }
    assert_true(w->peer_count < PEERS_MAX);
    struct peer *p = &w->peers[w->peer_count++];
    snprintf(p->nick, sizeof(p->nick), "%s", nick);
    snprintf(p->jid, sizeof(p->jid), "%s@example.org/1", nick);
    p->affiliation = "none";
    uint8_t seed[32];
    world_fill(w, seed, sizeof(seed));
    crypto_sign_seed_keypair(p->ed25519.b, p->ed_secret, seed);
    world_fill(w, p->curve25519.b, sizeof(p->curve25519.b));
    p->device = kr_device_id(&p->ed25519, &p->curve25519);
    kr_roster_init(&p->roster);
    kr_roster_init(&p->building);
    return p;
}

struct kr_sig peer_sign(const struct peer *p, struct kr_span text)
{
    struct kr_sig sig;
    crypto_sign_detached(sig.b, NULL, text.ptr, text.len, p->ed_secret);
    return sig;
}

static struct kr_sig sign(const struct peer *p, struct kr_buf *text)
{
    assert_int_equal(text->err, 0);
    struct kr_sig sig = peer_sign(p, kr_buf_span(text));
    kr_buf_done(text);
    return sig;
}

void peer_enter(struct world *w, struct peer *p)
{
    char device[KR_ID_TEXT];
    kr_id_write(device, &p->device);
    p->present = true;
    world_xml(w,
              "<presence from='" ROOM "/%s' to='" SERVICE "'><x xmlns='http://jabber.org/protocol/muc#user'>"
              "<item affiliation='%s' role='participant' jid='%s'/></x><device xmlns='urn:keyroom:1' "
              "id='%s'/></presence>",
              p->nick, p->affiliation, p->jid, device);
}

void peer_leave(struct world *w, struct peer *p)
{
    p->present = p->attached = false;
    p->highest = 0;
    kr_roster_done(&p->roster);
    kr_roster_init(&p->roster);
    world_xml(w,
              "<presence type='unavailable' from='" ROOM "/%s' to='" SERVICE "'>"
              "<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='none' role='none' "
              "jid='%s'/></x></presence>",
              p->nick, p->jid);
}

void peer_send_as(struct world *w, struct peer *p, const char *jid, const struct kr_request *r)
{
    struct kr_xml x;
    char id[32];
    snprintf(id, sizeof(id), "q%llu", (unsigned long long)++w->iq);
    kr_xml_init(&x, KR_STANZA_MAX);
    struct kr_request q = *r;
    if (kr_is_tag_of(&q.in, &(struct kr_id){{0}}))
        q.in = kr_tag(&p->instance);
    kr_iq_start(&x, kr_request_is_set(q.kind) ? "set" : "get", jid, SERVICE, id);
    kr_request_encode(&x, &q);
    kr_xml_end(&x);
    char *xml = kr_xml_take(&x);
    assert_non_null(xml);
    snprintf(p->error, sizeof(p->error), "unanswered");
    p->answer[0] = '\0';
    world_xml(w, "%s", xml);
    free(xml);
}

void peer_send(struct world *w, struct peer *p, const struct kr_request *r)
{
    peer_send_as(w, p, p->jid, r);
}

void peer_challenge(struct world *w, struct peer *p)
{
    struct kr_request r = {.kind = KR_REQ_CHALLENGE, .room = ROOM};
    peer_send(w, p, &r);
}

void peer_new_attach(struct world *w, struct peer *p)
{
    world_fill(w, p->attach.b, sizeof(p->attach.b));
}

void peer_sign_key(const struct peer *p, enum kr_key_kind kind, struct kr_signed_key *k)
{
    struct kr_key_text t = {.kind = kind, .key = k->key, .device = p->device, .attach = p->attach};
    struct kr_buf text = kr_key_text(&t);
    k->sig = sign(p, &text);
}

void peer_sign_attach(struct peer *p, struct kr_request *r)
{
    const struct kr_req_attach *a = &r->u.attach;
    struct kr_attach_text t = {.room = r->room,
                               .instance = a->instance,
                               .participant = a->participant,
                               .owner = a->owner,
                               .device = a->device,
                               .attach = a->attach,
                               .nonce = a->nonce};
    struct kr_buf text = kr_attach_text(&t);
    r->u.attach.sig = sign(p, &text);
}

struct kr_request peer_attach_request(struct world *w, struct peer *p, struct kr_signed_key *otks,
                                      size_t count)
{
    bool registered = strstr(p->jid, "@example.org/") != NULL;
    snprintf(p->owner, sizeof(p->owner), "%.*s", registered ? (int)strcspn(p->jid, "/") : 0, p->jid);
    struct kr_request r = {.kind = KR_REQ_ATTACH,
                           .room = ROOM,
                           .u.attach = {.instance = p->instance,
                                        .device = p->device,
                                        .attach = p->attach,
                                        .nonce = p->nonce,
                                        .participant = p->nick,
                                        .owner = p->owner,
                                        .sources = p->sources,
                                        .lead = p->lead,
                                        .ed25519 = p->ed25519,
                                        .curve25519 = p->curve25519,
                                        .otks = otks,
                                        .otk_count = count}};
    for (size_t i = 0; i < count; i++) {
        world_fill(w, otks[i].key.b, sizeof(otks[i].key.b));
        peer_sign_key(p, KR_KEY_ONE_TIME, &otks[i]);
    }
    world_fill(w, r.u.attach.fallback.key.b, sizeof(r.u.attach.fallback.key.b));
    peer_sign_key(p, KR_KEY_FALLBACK, &r.u.attach.fallback);
    peer_sign_attach(p, &r);
    return r;
}

void peer_join(struct world *w, struct peer *p)
{
    struct kr_signed_key otks[5];
    peer_new_attach(w, p);
    peer_enter(w, p);
    peer_challenge(w, p);
    assert_string_equal(p->error, "");
    struct kr_request r = peer_attach_request(w, p, otks, 5);
    p->attached = true;
    peer_send(w, p, &r);
    assert_string_equal(p->error, "");
}

struct peer *peer_settle(struct world *w, const char *nick)
{
    struct peer *p = world_peer(w, nick);
    peer_join(w, p);
    world_wait(w, 5000);
    assert_int_equal(p->committed, p->highest);
    return p;
}

void peer_sign_envelope(struct peer *p, struct kr_request *r)
{
    const struct kr_req_envelope *e = &r->u.envelope;
    struct kr_id sealed_for[PEERS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < e->entry_count; i++) {
        if (e->entries[i].type != KR_PACKED_WITHHELD && e->entries[i].index < p->roster.len)
            sealed_for[count++] = p->roster.entries[e->entries[i].index].attach;
    }
    struct kr_sealed_text t = {.room = r->room,
                               .instance = p->instance,
                               .epoch = e->epoch,
                               .context = p->context,
                               .attach = p->attach,
                               .round = e->round,
                               .recipients = kr_recipients_digest(sealed_for, count),
                               .has_confirm = e->has_confirm,
                               .confirm = e->confirm};
    struct kr_buf text = kr_sealed_text(&t);
    r->u.envelope.sig = sign(p, &text);
    r->u.envelope.has_sig = true;
}

static struct kr_request envelope(struct peer *p, enum kr_round round, struct kr_packed *entries,
                                  size_t count)
{
    struct kr_request r = {.kind = KR_REQ_ENVELOPE,
                           .room = ROOM,
                           .u.envelope = {.epoch = p->link.epoch,
                                          .round = round,
                                          .part = 1,
                                          .of = 1,
                                          .has_confirm = kr_source_is_led(p->link.source),
                                          .confirm = p->confirm,
                                          .entries = entries,
                                          .entry_count = count}};
    peer_sign_envelope(p, &r);
    return r;
}

struct kr_request peer_envelope(struct peer *p, enum kr_round round, struct kr_packed *entries)
{
    size_t me = (size_t)kr_roster_find(&p->roster, &p->attach), count = 0;
    struct kr_sealing sealing = kr_sealing(&p->roster, &p->link);
    for (size_t i = 0; i < p->roster.len; i++) {
        if (kr_round_has(&sealing, round, me, i))
            entries[count++] = (struct kr_packed){(uint16_t)i, KR_PACKED_NORMAL,
                                                  kr_span(dummy, p->body_len ? p->body_len : SHORT)};
    }
    return envelope(p, round, entries, count);
}

struct kr_request peer_supplement(struct peer *p, struct kr_packed *entries, const uint16_t *to, size_t count)
{
    for (size_t i = 0; i < count; i++)
        entries[i] =
            (struct kr_packed){to[i], KR_PACKED_NORMAL, kr_span(dummy, p->body_len ? p->body_len : SHORT)};
    return envelope(p, KR_ROUND_SUPPLEMENT, entries, count);
}

struct kr_request peer_ack(struct peer *p)
{
    static uint16_t missing[PEERS_MAX];
    size_t me = (size_t)kr_roster_find(&p->roster, &p->attach), count = 0;
    struct kr_sealing sealing = kr_sealing(&p->roster, &p->link);
    for (size_t i = 0; i < p->roster.len; i++) {
        bool deaf = p->deaf_to && kr_id_equal(&p->deaf_to->attach, &p->roster.entries[i].attach);
        if (kr_round_any(&sealing, i, me) && (!p->have[i] || deaf))
            missing[count++] = (uint16_t)i;
    }
    bool ratcheted = kr_source_is_led(p->link.source) && p->link.kind == KR_EPOCH_RATCHET &&
                     !p->roster.entries[me].is_new && count == 0;
    return (struct kr_request){.kind = KR_REQ_ACK,
                               .room = ROOM,
                               .u.ack = {.epoch = p->link.epoch,
                                         .missing = missing,
                                         .missing_count = count,
                                         .has_confirm = ratcheted,
                                         .confirm = p->confirm}};
}
