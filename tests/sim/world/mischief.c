/* Dishonest clients, and what can happen to events on their way to a client. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "epoch/roster.h"
#include "message/event.h"
#include "message/request.h"
#include "message/stanza.h"
#include "sim/world/world.h"
#include "xml/ns.h"

void sim_remember(struct sim_texts *t, size_t most, const char *text)
{
    if (t->count == most) {
        free(t->texts[0]);
        memmove(t->texts, t->texts + 1, (most - 1) * sizeof(t->texts[0]));
        t->count--;
    }
    t->texts[t->count++] = kr_strdup(text);
}

void sim_forget(struct sim_texts *t)
{
    while (t->count)
        free(t->texts[--t->count]);
}

struct bent { /* a request that is being bent */
    struct kr_request r;
    struct kr_packed entries[SIM_PEOPLE_MAX];
    uint16_t seats[SIM_PEOPLE_MAX];
    struct kr_claim_target targets[SIM_PEOPLE_MAX];
    uint8_t noise[KR_CIPHERTEXT_MAX];
};

static void garble(struct sim_person *p, struct bent *b)
{
    struct kr_req_envelope *e = &b->r.u.envelope;
    size_t n = e->entry_count < SIM_PEOPLE_MAX ? e->entry_count : SIM_PEOPLE_MAX;
    sim_fill(&p->random, b->noise, sizeof(b->noise));
    for (size_t i = 0; i < n; i++) {
        b->entries[i] = e->entries[i];
        if (e->entries[i].type != KR_PACKED_WITHHELD)
            b->entries[i].body = kr_span(b->noise, 1 + sim_below(&p->random, KR_CIPHERTEXT_MAX));
    }
    e->entries = b->entries;
    e->entry_count = n;
}

static void cross(struct sim_person *p, struct bent *b)
{
    struct kr_req_envelope *e = &b->r.u.envelope;
    size_t n = 0;
    for (size_t i = 0; i < e->entry_count && n < SIM_PEOPLE_MAX; i++) {
        if (sim_chance(&p->random, 30))
            continue; /* left out */
        b->entries[n] = e->entries[i];
        b->entries[n].index = (uint16_t)(e->entries[i].index + sim_below(&p->random, 2));
        n++;
    }
    e->entries = b->entries;
    e->entry_count = n;
}

static void deny(struct sim_person *p, struct bent *b)
{
    struct kr_req_ack *a = &b->r.u.ack;
    size_t n = 0;
    for (uint16_t i = 0; i < 8; i++)
        if (sim_chance(&p->random, 40))
            b->seats[n++] = i;
    a->missing = b->seats;
    a->missing_count = n;
    a->mismatch = sim_chance(&p->random, 30) ? b->seats : NULL;
    a->mismatch_count = a->mismatch ? n : 0;
}

static void grasp(struct bent *b)
{
    struct kr_req_claim *c = &b->r.u.claim;
    size_t n = c->target_count < SIM_PEOPLE_MAX ? c->target_count : SIM_PEOPLE_MAX;
    for (size_t i = 0; i < n; i++) {
        b->targets[i] = c->targets[i];
        b->targets[i].reset = true;
    }
    c->targets = b->targets;
    c->target_count = n;
}

/* False: nothing is sent. */
static bool bend(struct sim_person *p, struct bent *b)
{
    enum kr_request_kind kind = b->r.kind;
    struct kr_sig *sig = kind == KR_REQ_ENVELOPE ? &b->r.u.envelope.sig
                         : kind == KR_REQ_ATTACH ? &b->r.u.attach.sig
                                                 : NULL;
    switch (p->mischief) {
    case SIM_MUTE:
        return kind != KR_REQ_ENVELOPE && !(kind == KR_REQ_ACK && sim_chance(&p->random, 50));
    case SIM_GARBLING:
        if (kind == KR_REQ_ENVELOPE)
            garble(p, b);
        break;
    case SIM_FORGING:
        if (sig && sim_chance(&p->random, 50))
            sig->b[sim_below(&p->random, sizeof(sig->b))] ^= 1;
        break;
    case SIM_STALE:
        if (kind == KR_REQ_ENVELOPE && b->r.u.envelope.epoch > 1)
            b->r.u.envelope.epoch -= sim_below(&p->random, 2);
        if (kind == KR_REQ_ACK && b->r.u.ack.epoch > 1)
            b->r.u.ack.epoch -= sim_below(&p->random, 2);
        break;
    case SIM_CROSSING:
        if (kind == KR_REQ_ENVELOPE)
            cross(p, b);
        break;
    case SIM_DENYING:
        if (kind == KR_REQ_ACK)
            deny(p, b);
        break;
    case SIM_GRASPING:
        if (kind == KR_REQ_CLAIM)
            grasp(b);
        break;
    default:
        break;
    }
    return true;
}

static char *encode(const struct kr_request *r, const char *id)
{
    struct kr_xml x;
    kr_xml_init(&x, KR_STANZA_MAX);
    if (id)
        kr_iq_start(&x, kr_request_is_set(r->kind) ? "set" : "get", NULL, SIM_SERVICE_JID, id);
    else
        kr_message_start(&x, NULL, NULL, SIM_SERVICE_JID);
    kr_request_encode(&x, r);
    kr_xml_end(&x);
    char *text = kr_xml_take(&x);
    kr_xml_done(&x);
    return text;
}

static char *bend_text(struct sim_person *p, char *text)
{
    struct kr_arena arena;
    struct bent *b = kr_calloc(1, sizeof(*b));
    const struct kr_el *el = sim_parse(&arena, text, KR_NS_CLIENT);
    const char *type = el ? kr_el_attr(el, "type") : NULL;
    char *out = text;
    bool set = !type || strcmp(type, "set") == 0; /* an ack has none */
    if (el && el->child && kr_request_decode(el->child, set, &arena, &b->r) == 0) {
        out = bend(p, b) ? encode(&b->r, kr_el_attr(el, "id")) : NULL;
        free(text);
    }
    kr_arena_done(&arena);
    free(b);
    return out;
}

/* A byte of it is another one, or its end is missing. */
static void misshape(struct sim_person *p, char *text)
{
    size_t len = strlen(text);
    size_t at = len > 40 ? 40 + sim_below(&p->random, len - 40) : 0;
    if (at && text[at] != '<' && text[at] != '>' && text[at] != '&' && text[at] != '\'' && text[at] != '"')
        text[at] = "0Zz= /"[sim_below(&p->random, 6)];
}

char *sim_mischief(struct sim_world *w, struct sim_person *p, char *text)
{
    if (p->mischief == SIM_REPLAYING && p->said.count && sim_chance(&p->random, 50))
        sim_send_up(w, p->index, kr_strdup(p->said.texts[sim_below(&p->random, p->said.count)]));
    if (p->mischief == SIM_MISSHAPEN) {
        if (sim_chance(&p->random, 30))
            misshape(p, text);
        return text;
    }
    if (p->mischief == SIM_GRASPING)
        sim_send_up(w, p->index, bend_text(p, kr_strdup(text)));
    return bend_text(p, text);
}

void sim_flood(struct sim_world *w, struct sim_person *p, uint64_t count)
{
    struct kr_request r = {.kind = KR_REQ_CHALLENGE, .room = sim_room_jid[p->role->room]};
    for (uint64_t i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof(id), "flood%llu", (unsigned long long)i);
        r.kind = i % 3 ? KR_REQ_WHOLE : KR_REQ_CHALLENGE;
        r.u.whole = (struct kr_req_whole){.has_since = false};
        sim_send_up(w, p->index,
                    p->said.count && i % 5 == 0 ? kr_strdup(p->said.texts[i % p->said.count])
                                                : encode(&r, id));
    }
}

/* --- events on their way to a client --- */

/* Leaves out one of the members. True if there was another one. */
static bool leave_one_out(const struct sim_person *p, struct kr_notice_announce *a,
                          struct kr_member_line *lines, struct kr_roster *roster)
{
    size_t count = 0;
    bool left_out = false;
    for (size_t i = 0; i < a->member_count; i++) {
        const struct kr_member_line *m = &a->members[i];
        if (!left_out && strcmp(m->participant, p->nick) != 0) {
            left_out = true;
            continue;
        }
        lines[count++] = *m;
        kr_roster_add(roster, m->participant, m->owner, &m->ed25519, &m->curve25519, &m->attach, m->is_new);
    }
    if (!left_out || kr_roster_seal(roster) != 0)
        return false;
    a->members = lines;
    a->member_count = count;
    a->size = (uint32_t)count;
    a->link.roster = roster->digest;
    return true;
}

/* Names other members, with a digest that fits, or another past: only the context can show it. */
static char *fork(struct sim_person *p, char *text)
{
    struct kr_arena arena;
    struct kr_notice n;
    char *out = text;
    const struct kr_el *el = sim_parse(&arena, text, KR_NS_CLIENT);
    if (!el || !el->child || kr_notice_decode(el->child, &arena, &n) != 0 || n.kind != KR_NOTICE_ANNOUNCE ||
        !n.u.announce.full || n.u.announce.of != 1) {
        kr_arena_done(&arena);
        return out;
    }
    struct kr_notice_announce *a = &n.u.announce;
    struct kr_member_line *lines = kr_calloc(a->member_count, sizeof(*lines));
    struct kr_roster roster;
    kr_roster_init(&roster);
    bool past = a->has_prev && sim_chance(&p->random, 50);
    if (past)
        a->prev_context.b[0] ^= 1;
    if (past || leave_one_out(p, a, lines, &roster)) {
        struct kr_xml x;
        kr_xml_init(&x, KR_STANZA_MAX);
        kr_message_start(&x, "headline", SIM_SERVICE_JID, p->jid);
        kr_notice_encode(&x, &n);
        kr_xml_end(&x);
        free(text);
        out = kr_xml_take(&x);
        kr_xml_done(&x);
        p->fork_next = 0;
        p->forked = true;
        p->kept_in_the_dark = sim_chance(&p->random, 50);
    }
    kr_roster_done(&roster);
    free(lines);
    kr_arena_done(&arena);
    return out;
}

char *sim_bend(struct sim_world *w, struct sim_person *p, char *text)
{
    if (p->forked && p->kept_in_the_dark && strstr(text, "<bad-signature ")) {
        free(text); /* who tells another roster does not tell that it shows */
        return NULL;
    }
    if (strncmp(text, "<message", 8) != 0)
        return text;
    if (strstr(text, "<announce ")) {
        if (p->misses_announces && !w->well) {
            p->misses_announces--;
            free(text);
            return NULL;
        }
        if (p->fork_next && !w->well)
            text = fork(p, text);
    }
    sim_remember(&p->heard, SIM_TEXTS_KEPT, text);
    return text;
}
