#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "client.h"
#include "message/stanza.h"
#include "parse/text.h"
#include "xml/ns.h"

enum { LINES_MAX = 16 };

static void flip(struct fuzz_meeting *f, void *bytes, size_t len)
{
    ((uint8_t *)bytes)[fuzz_u8(&f->in) % len] ^= (uint8_t)(1u << fuzz_below(&f->in, 8));
}

static uint64_t number(struct fuzz_meeting *f, uint64_t near)
{
    switch (fuzz_below(&f->in, 8)) {
    case 0:
        return near + 1;
    case 1:
        return near ? near - 1 : 0;
    case 2:
        return fuzz_u64(&f->in);
    case 3:
        return KR_EPOCH_MAX;
    case 4:
        return 0;
    default:
        return near + fuzz_u8(&f->in);
    }
}

static size_t indices(struct fuzz_meeting *f, const uint16_t **ret_list)
{
    static uint16_t list[8];
    unsigned bits = fuzz_u8(&f->in);
    size_t n = 0;
    for (uint16_t i = 0; i < 8; i++) {
        if (bits & (1u << i))
            list[n++] = i < 7 ? i : 4095;
    }
    *ret_list = list;
    return n;
}

/* --- announces --- */

static void bend_members(struct fuzz_meeting *f, struct kr_notice_announce *a)
{
    static struct kr_member_line lines[LINES_MAX];
    if (!a->member_count || a->member_count >= LINES_MAX)
        return;
    memcpy(lines, a->members, a->member_count * sizeof(lines[0]));
    a->members = lines;
    struct kr_member_line *m = &lines[fuzz_u8(&f->in) % a->member_count];
    switch (fuzz_below(&f->in, 10)) {
    case 0:
        a->member_count--;
        break;
    case 1:
        lines[a->member_count++] = *m;
        break;
    case 2:
        m->is_new = !m->is_new;
        break;
    case 3:
        m->participant = fuzz_bool(&f->in) ? "alice" : "nobody";
        break;
    case 4:
        m->owner = fuzz_bool(&f->in) ? "" : "alice@example.org";
        break;
    case 5:
        flip(f, &m->ed25519, sizeof(m->ed25519));
        break;
    case 6:
        flip(f, &m->curve25519, sizeof(m->curve25519));
        break;
    case 7:
        flip(f, &m->attach, sizeof(m->attach));
        break;
    case 8:
        flip(f, &m->device, sizeof(m->device));
        break;
    default:
        flip(f, &m->sig, sizeof(m->sig));
        break;
    }
}

static void bend_past(struct fuzz_meeting *f, struct kr_notice_announce *a)
{
    static struct kr_epoch_link links[LINES_MAX];
    size_t n = a->past_count < LINES_MAX - 1 ? a->past_count : LINES_MAX - 1;
    if (n)
        memcpy(links, a->past, n * sizeof(links[0]));
    a->past = links;
    if (fuzz_bool(&f->in) || !n)
        links[n++] = a->link;
    a->past_count = n;
    links[n - 1].epoch = number(f, links[n - 1].epoch);
}

static void bend_gone(struct fuzz_meeting *f, struct kr_notice_announce *a)
{
    static struct kr_gone_line gone[LINES_MAX];
    size_t n = a->gone_count < LINES_MAX - 1 ? a->gone_count : LINES_MAX - 1;
    if (n)
        memcpy(gone, a->gone, n * sizeof(gone[0]));
    if (a->member_count && fuzz_bool(&f->in))
        gone[n++] = (struct kr_gone_line){a->members[fuzz_u8(&f->in) % a->member_count].attach, "left"};
    else if (n)
        n--;
    a->gone = gone;
    a->gone_count = n;
}

static void bend_announce(struct fuzz_meeting *f, struct kr_notice_announce *a, struct kr_tag *in)
{
    switch (fuzz_below(&f->in, 18)) {
    case 0:
        flip(f, &a->instance, sizeof(a->instance));
        flip(f, in, sizeof(*in));
        break;
    case 1:
        a->link.epoch = number(f, a->link.epoch);
        break;
    case 2:
        a->link.kind = a->link.kind == KR_EPOCH_FRESH ? KR_EPOCH_RATCHET : KR_EPOCH_FRESH;
        break;
    case 3:
        a->has_source = !a->has_source;
        break;
    case 4:
        a->link.source = (enum kr_source)fuzz_below(&f->in, KR_SOURCES);
        break;
    case 5:
        a->has_leader = !a->has_leader;
        a->leader = (uint16_t)number(f, a->leader);
        break;
    case 6:
        flip(f, &a->link.roster, sizeof(a->link.roster));
        flip(f, &a->check, sizeof(a->check));
        break;
    case 7:
        a->deadline_ms = number(f, a->deadline_ms);
        break;
    case 8:
        a->size = (uint32_t)number(f, a->size);
        break;
    case 9:
        a->has_prev = !a->has_prev;
        break;
    case 10:
        a->prev = number(f, a->prev);
        break;
    case 11:
        flip(f, &a->prev_context, sizeof(a->prev_context));
        break;
    case 12:
        a->committed = number(f, a->committed);
        break;
    case 13:
        a->full = !a->full;
        break;
    case 14:
        a->part = 1 + fuzz_u8(&f->in) % 4;
        a->of = 1 + fuzz_u8(&f->in) % 4;
        break;
    case 15:
        bend_past(f, a);
        break;
    case 16:
        bend_gone(f, a);
        break;
    default:
        bend_members(f, a);
        break;
    }
}

/* --- the other notices --- */

static void bend_deliver(struct fuzz_meeting *f, struct kr_notice_deliver *d)
{
    static struct kr_packed entries[LINES_MAX];
    static uint8_t body[KR_CIPHERTEXT_MAX];
    size_t n = d->entry_count < LINES_MAX ? d->entry_count : LINES_MAX;
    if (n)
        memcpy(entries, d->entries, n * sizeof(entries[0]));
    struct kr_packed *e = &entries[n ? fuzz_u8(&f->in) % n : 0];
    d->entries = entries;
    d->entry_count = n;
    switch (fuzz_below(&f->in, 8)) {
    case 0:
        d->epoch = number(f, d->epoch);
        break;
    case 1:
        d->round = d->round == KR_ROUND_1 ? KR_ROUND_2 : KR_ROUND_1;
        break;
    case 2:
        d->last = !d->last;
        break;
    case 3:
        d->silent_count = indices(f, &d->silent);
        break;
    case 4:
        d->entry_count = n ? n - 1 : 0;
        break;
    case 5:
        if (n)
            e->index = (uint16_t)number(f, e->index);
        break;
    default:
        if (!n)
            break;
        memcpy(body, e->body.ptr, e->body.len);
        flip(f, body, e->body.len);
        e->body.ptr = body;
        e->type = (uint8_t)(fuzz_bool(&f->in) ? 1 - e->type : e->type);
        break;
    }
}

static void bend_lists(struct fuzz_meeting *f, struct kr_notice *n)
{
    if (n->kind == KR_NOTICE_WANTED) {
        n->u.wanted.recipient_count = indices(f, &n->u.wanted.recipients);
        n->u.wanted.epoch = number(f, n->u.wanted.epoch);
    } else if (fuzz_bool(&f->in)) {
        n->u.commit.laggard_count = indices(f, &n->u.commit.laggards);
    } else {
        n->u.commit.epoch = number(f, n->u.commit.epoch);
    }
}

static void bend_notice(struct fuzz_meeting *f, struct kr_notice *n)
{
    static uint8_t message[KR_CIPHERTEXT_MAX];
    switch (n->kind) {
    case KR_NOTICE_ANNOUNCE:
        bend_announce(f, &n->u.announce, &n->in);
        break;
    case KR_NOTICE_DELIVER:
        bend_deliver(f, &n->u.deliver);
        break;
    case KR_NOTICE_COMMIT:
    case KR_NOTICE_WANTED:
        bend_lists(f, n);
        break;
    case KR_NOTICE_LOW:
        n->u.low.count = number(f, n->u.low.count);
        break;
    case KR_NOTICE_SESSION:
        if (fuzz_bool(&f->in)) {
            flip(f, &n->u.session.from, sizeof(n->u.session.from));
            break;
        }
        memcpy(message, n->u.session.message.ptr, n->u.session.message.len);
        flip(f, message, n->u.session.message.len);
        n->u.session.message.ptr = message;
        break;
    case KR_NOTICE_DETACHED:
        n->u.detached.reason = fuzz_bool(&f->in) ? "instance-over" : "revoked";
        break;
    case KR_NOTICE_STATE:
        n->u.state.mode = (enum kr_room_mode)fuzz_below(&f->in, 4);
        break;
    case KR_NOTICE_ATTESTATIONS: /* bent as bytes: its texts are signed */
    case KR_NOTICE_KINDS:
        break;
    }
}

static char *write_notice(const char *from, const struct kr_notice *n)
{
    struct kr_xml x;
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_message_start(&x, "headline", from, "x@example.org/1");
    kr_notice_encode(&x, n);
    kr_xml_end(&x);
    char *xml = kr_xml_take(&x);
    kr_xml_done(&x);
    return xml;
}

char *fuzz_forge(struct fuzz_meeting *f, const struct one *to)
{
    static const enum kr_notice_kind kinds[] = {KR_NOTICE_COMMIT,  KR_NOTICE_WANTED,   KR_NOTICE_LOW,
                                                KR_NOTICE_SESSION, KR_NOTICE_DETACHED, KR_NOTICE_STATE};
    struct kr_client_view v = one_view(to);
    struct kr_notice n = {.kind = kinds[fuzz_below(&f->in, 6)], .room = ROOM};
    if (n.kind == KR_NOTICE_COMMIT || n.kind == KR_NOTICE_WANTED) {
        n.room = NULL;
        n.in = kr_tag(&v.instance);
    }
    if (n.kind == KR_NOTICE_COMMIT) {
        n.u.commit = (struct kr_notice_commit){.epoch = v.newest};
    } else if (n.kind == KR_NOTICE_WANTED) {
        n.u.wanted = (struct kr_notice_wanted){.epoch = v.newest};
    } else if (n.kind == KR_NOTICE_SESSION) {
        n.u.session.message = fuzz_bytes(&f->in);
        if (!n.u.session.message.len)
            n.u.session.message = kr_span("x", 1);
    } else if (n.kind == KR_NOTICE_DETACHED) {
        n.u.detached.instance = v.instance;
    } else if (n.kind == KR_NOTICE_STATE) {
        n.u.state.text = "";
    }
    bend_notice(f, &n);
    return write_notice(fuzz_below(&f->in, 16) ? SERVICE : ROOM "/keyroom", &n);
}

/* --- text --- */

static char *refusal(struct fuzz_meeting *f, const struct kr_el *iq)
{
    struct kr_attr type = {.name = "type", .value = "get"},
                   from = {.name = "from", .value = "x@example.org/1", .next = &type},
                   to = {.name = "to", .value = SERVICE, .next = &from},
                   id = {.name = "id", .value = kr_el_attr(iq, "id"), .next = &to};
    struct kr_el asked = {.name = "iq", .ns = KR_NS_CLIENT, .text = "", .attrs = &id};
    return kr_error_reply(&asked, KR_E_MALFORMED - (int)fuzz_below(&f->in, 40), NULL);
}

/* One letter or digit in a value or a text becomes another: what is XML stays XML. */
static char *misspell(struct fuzz_meeting *f, const char *xml)
{
    char *s = kr_strdup(xml);
    size_t len = strlen(s), want = fuzz_u16(&f->in) % len, last = 0;
    bool in_tag = false, in_value = false, in_entity = false;
    for (size_t i = 0; i < len; i++) {
        if (in_tag && s[i] == '\'')
            in_value = !in_value;
        else if (!in_value && (s[i] == '<' || s[i] == '>'))
            in_tag = s[i] == '<';
        in_entity = s[i] == '&' || (in_entity && s[i] != ';');
        if (in_tag == in_value && !in_entity && isalnum((unsigned char)s[i]) && (i <= want || !last))
            last = i;
    }
    if (last)
        s[last] = "0129afzAZ"[fuzz_below(&f->in, 9)];
    return s;
}

char *fuzz_bend(struct fuzz_meeting *f, const char *xml)
{
    struct kr_arena arena;
    struct kr_el *el = NULL;
    struct kr_notice n;
    char *bent = NULL;
    unsigned how = fuzz_below(&f->in, 8);
    if (how == 0)
        return NULL;
    if (how == 1)
        return misspell(f, xml);
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    bool is_xml = kr_el_parse(&arena, xml, strlen(xml), &el) == 0;
    if (is_xml && strcmp(el->name, "iq") == 0) {
        bent = refusal(f, el);
    } else if (is_xml && el->child && kr_notice_decode(el->child, &arena, &n) == 0) {
        bend_notice(f, &n);
        bent = write_notice(SERVICE, &n);
    } else {
        bent = misspell(f, xml);
    }
    kr_arena_done(&arena);
    return bent;
}
