#include "load/floor.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

/* A client of the floor; it knows the script as the service does. */
struct floor {
    const struct kr_floor_service *service;
    size_t delivers;
    bool committed;
};

static struct floor *of(const struct kr_seat *seat)
{
    return seat->state;
}

/* Stage letters: Announce, Envelope, Deliver, acK, Commit, Other. */

static size_t size_of(const struct kr_floor_service *f, enum kr_record_kind kind, size_t member, size_t nth)
{
    const struct kr_sizes *s = &f->script->of[kind];
    size_t at = nth * f->members + member;
    return at < s->len ? s->bytes[at] : 0;
}

/* How many of a kind a member gets or sends: the same for all, or one more for the first ones. Of a leader's
 * envelope, and of what everybody but the leader is given, that is one or none. */
static size_t each(const struct kr_floor_service *f, enum kr_record_kind kind, size_t member)
{
    return f->members ? (f->script->of[kind].len + f->members - 1 - member) / f->members : 0;
}

/* Text between head and tail such that the whole has `size` bytes, as far as that can be. */
static void padded(struct kr_buf *b, const char *head, const char *tail, size_t size)
{
    size_t used = strlen(head) + strlen(tail);
    kr_buf_add_str(b, head);
    for (size_t i = used; i < size; i++)
        kr_buf_add_u8(b, 'A');
    kr_buf_add_str(b, tail);
}

static void send(struct kr_load *load, struct kr_line *line, const struct kr_buf *head, const char *tail,
                 size_t size)
{
    struct kr_buf b;
    char *text = kr_calloc(head->len + 1, 1);
    memcpy(text, head->ptr, head->len);
    kr_buf_init(&b, 1 << 20);
    padded(&b, text, tail, size);
    kr_load_send(load, line, (const char *)b.ptr, b.len);
    kr_buf_done(&b);
    free(text);
}

/* --- the service --- */

static void tell_all(struct kr_floor_service *f, char stage, enum kr_record_kind kind)
{
    for (size_t nth = 0; nth < each(f, kind, 0); nth++) {
        for (size_t i = 0; i < f->members && nth < each(f, kind, i); i++) {
            struct kr_buf head;
            kr_buf_init(&head, 8192);
            kr_buf_printf(&head,
                          "<message type='headline' from='%s' to='%s'><f xmlns='urn:keyroom:floor' s='%c'>",
                          f->line->config->domain, f->crowd->seats[i].line->jid, stage);
            send(f->load, f->line, &head, "</f></message>", size_of(f, kind, i, nth));
            kr_buf_done(&head);
        }
    }
}

static void answer(struct kr_floor_service *f, const struct kr_piece *p)
{
    size_t from_len, id_len;
    const char *from = kr_piece_attr(p, "from", &from_len), *id = kr_piece_attr(p, "id", &id_len);
    struct kr_buf head;
    kr_buf_init(&head, 8192);
    kr_buf_printf(&head, "<iq type='result' from='%s' to='%.*s' id='%.*s'", f->line->config->domain,
                  from ? (int)from_len : 0, from ? from : "", id ? (int)id_len : 0, id ? id : "");
    send(f->load, f->line, &head, "/>", 0);
    kr_buf_done(&head);
}

static void on_request(struct kr_line *line, const struct kr_piece *p)
{
    struct kr_floor_service *f = line->owner;
    size_t len;
    const char *id = kr_piece_is(p, "iq") ? kr_piece_attr(p, "id", &len) : NULL;
    if (id && len && *id == 'e') {
        answer(f, p);
        if (++f->envelopes == f->script->of[KR_REC_ENVELOPE].len)
            tell_all(f, 'd', KR_REC_DELIVER);
    } else if (kr_piece_is(p, "message")) {
        if (++f->acks == f->script->of[KR_REC_ACK].len) {
            tell_all(f, 'o', KR_REC_OTHER);
            tell_all(f, 'c', KR_REC_COMMIT);
        }
    }
}

static int falling(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x < y) - (x > y);
}

int kr_floor_start(struct kr_floor_service *f)
{
    f->line->stanza = on_request;
    f->line->owner = f;
    for (size_t k = 0; k < KR_REC_KINDS; k++) {
        struct kr_sizes *s = &f->script->of[k];
        bool of_all = k == KR_REC_ANNOUNCE || k == KR_REC_ACK || k == KR_REC_COMMIT;
        if (of_all && (s->len == 0 || s->len % f->members))
            return KR_E_MALFORMED;
        /* Of a message in parts all but the last are the largest: so each member gets parts of the right
         * sizes. */
        if (s->len)
            qsort(s->bytes, s->len, sizeof(*s->bytes), falling);
    }
    for (size_t i = 0; i < f->members; i++)
        of(&f->crowd->seats[i])->service = f;
    return f->script->of[KR_REC_ENVELOPE].len ? 0 : KR_E_MALFORMED;
}

void kr_floor_round(struct kr_floor_service *f)
{
    f->envelopes = f->acks = 0;
    for (size_t i = 0; i < f->members; i++) {
        of(&f->crowd->seats[i])->delivers = 0;
        of(&f->crowd->seats[i])->committed = false;
    }
    tell_all(f, 'a', KR_REC_ANNOUNCE);
}

bool kr_floor_done(void *arg)
{
    const struct kr_floor_service *f = arg;
    for (size_t i = 0; i < f->members; i++)
        if (!of(&f->crowd->seats[i])->committed)
            return false;
    return true;
}

/* --- the clients --- */

static void seal(struct kr_seat *seat, size_t nth)
{
    const struct kr_floor_service *f = of(seat)->service;
    struct kr_buf head;
    char id[32];
    kr_seat_iq_id(seat, id, 'e', nth);
    kr_buf_init(&head, 8192);
    kr_buf_printf(&head, "<iq type='set' to='%s' id='%s'><f xmlns='urn:keyroom:floor'>",
                  f->line->config->domain, id);
    send(seat->crowd->load, seat->line, &head, "</f></iq>", size_of(f, KR_REC_ENVELOPE, seat->index, nth));
    kr_buf_done(&head);
}

static void ack(struct kr_seat *seat)
{
    const struct kr_floor_service *f = of(seat)->service;
    struct kr_buf head;
    kr_buf_init(&head, 8192);
    kr_buf_printf(&head, "<message to='%s'><f xmlns='urn:keyroom:floor'>", f->line->config->domain);
    send(seat->crowd->load, seat->line, &head, "</f></message>", size_of(f, KR_REC_ACK, seat->index, 0));
    kr_buf_done(&head);
}

static void stanza(struct kr_seat *seat, const struct kr_piece *p)
{
    struct floor *me = of(seat);
    const char *stage = kr_piece_find(p, NULL, " s='");
    if (!kr_piece_is(p, "message") || !stage || !me->service)
        return;
    switch (stage[4]) {
    case 'a':
        for (size_t nth = 0; nth < each(me->service, KR_REC_ENVELOPE, seat->index); nth++)
            seal(seat, nth);
        if (each(me->service, KR_REC_DELIVER, seat->index) == 0)
            ack(seat);
        break;
    case 'd':
        kr_trial_keys(seat->crowd->trial, 1);
        if (++me->delivers == each(me->service, KR_REC_DELIVER, seat->index))
            ack(seat);
        break;
    case 'c':
        me->committed = true;
        kr_trial_ack(seat->crowd->trial);
        kr_trial_commit(seat->crowd->trial);
        kr_trial_switch(seat->crowd->trial);
        break;
    default:
        break;
    }
}

static void come(struct kr_seat *seat)
{
    seat->state = kr_calloc(1, sizeof(struct floor));
}

static void go(struct kr_seat *seat)
{
    free(seat->state);
    seat->state = NULL;
}

const struct kr_dialect kr_floor = {.name = "floor", .come = come, .go = go, .stanza = stanza};
