#include <stdlib.h>
#include <string.h>

#include "base/sign.h"
#include "core/deliver.h"
#include "core/epoch.h"
#include "core/evidence.h"
#include "core/leader.h"
#include "core/member.h"
#include "core/request.h"
#include "core/room.h"
#include "core/tell.h"

/* The envelope as a whole while it is checked: the parts kept so far and the one that came. */
struct whole {
    struct kr_buf bytes;      /* packed entries of all parts */
    uint16_t *recipients;     /* seats, rising */
    uint32_t *offsets;        /* of each entry in bytes */
    struct kr_id *sealed_for; /* attach ids of those not withheld */
    uint16_t *sealed_seats;   /* and their seats */
    size_t count, sealed_count;
};

static void whole_done(struct whole *w)
{
    kr_buf_done(&w->bytes);
    free(w->recipients);
    free(w->offsets);
    free(w->sealed_for);
    free(w->sealed_seats);
}

static bool withheld(const struct kr_epoch *e, size_t sender, size_t recipient)
{
    struct kr_packed entry;
    return kr_sealed_entry(e, sender, recipient, &entry) && entry.type == KR_PACKED_WITHHELD;
}

/* May this sender seal for that recipient in a supplement? Withheld earlier, or asked for (7.5). One that
 * crossed our question on its way is welcome too: what else came with it is needed. */
static bool supplement_due(const struct kr_epoch *e, size_t sender, size_t recipient)
{
    const struct kr_seat *s = &e->seats[sender];
    if (recipient >= e->roster.len || recipient == sender)
        return false;
    if (!s->again)
        return withheld(e, sender, recipient);
    const struct kr_again *again = &s->again[recipient];
    return again->open || (again->asked && again->supplied <= again->asked) || withheld(e, sender, recipient);
}

/* Beside the signature of a leader's envelope, and nowhere else; a leader says one thing in an epoch. */
static int check_confirm(const struct kr_epoch *e, const struct kr_req_envelope *r)
{
    if (r->has_confirm != (r->has_sig && kr_source_is_led(e->link.source)))
        return KR_E_MALFORMED;
    return r->has_confirm && e->has_confirm && !kr_digest_equal(&r->confirm, &e->confirm) ? KR_E_MALFORMED
                                                                                          : 0;
}

static bool recipient_due(const struct kr_epoch *e, enum kr_round round, size_t sender, size_t recipient)
{
    return round == KR_ROUND_SUPPLEMENT ? supplement_due(e, sender, recipient)
                                        : kr_round_has(&e->sealing, round, sender, recipient);
}

/* Is a part of this form awaited now? A first part starts anew. */
static int check_order(const struct kr_epoch *e, size_t seat, const struct kr_req_envelope *r)
{
    const struct kr_seat *s = &e->seats[seat];
    if (r->round != KR_ROUND_SUPPLEMENT) {
        if (kr_round_count(&e->sealing, r->round, seat) == 0 || s->sent[r->round])
            return KR_E_UNEXPECTED;
    }
    if (r->part == 1)
        return 0;
    const struct kr_partial *p = s->partial;
    return p && p->next == r->part && p->of == r->of && p->round == r->round ? 0 : KR_E_UNEXPECTED;
}

/* The entries of this part must go on behind the last one, each for a recipient that is due. */
static int check_entries(const struct kr_epoch *e, size_t seat, const struct kr_req_envelope *r)
{
    int last = r->part == 1 ? -1 : e->seats[seat].partial->last_index;
    for (size_t i = 0; i < r->entry_count; i++) {
        if ((int)r->entries[i].index <= last || !recipient_due(e, r->round, seat, r->entries[i].index))
            return KR_E_WRONG_RECIPIENTS;
        /* A supplement seals: were it to withhold again, it could be repeated, and be delivered, for ever. */
        if (r->round == KR_ROUND_SUPPLEMENT && r->entries[i].type == KR_PACKED_WITHHELD)
            return KR_E_WRONG_RECIPIENTS;
        last = r->entries[i].index;
    }
    return r->entry_count ? 0 : KR_E_WRONG_RECIPIENTS;
}

static void keep_part(struct kr_seat *s, const struct kr_req_envelope *r)
{
    if (r->part == 1) {
        kr_seat_forget_parts(s);
        s->partial = kr_calloc(1, sizeof(*s->partial));
        s->partial->round = r->round;
        s->partial->of = r->of;
        kr_buf_init(&s->partial->bytes, SIZE_MAX);
    }
    struct kr_partial *p = s->partial;
    for (size_t i = 0; i < r->entry_count; i++)
        kr_pack_add(&p->bytes, &r->entries[i]);
    p->count += r->entry_count;
    p->last_index = r->entries[r->entry_count - 1].index;
    p->next = r->part + 1;
}

static void whole_read(const struct kr_epoch *e, const struct kr_partial *before,
                       const struct kr_req_envelope *r, struct whole *w)
{
    kr_buf_init(&w->bytes, SIZE_MAX);
    if (r->part > 1)
        kr_buf_add(&w->bytes, before->bytes.ptr, before->bytes.len);
    for (size_t i = 0; i < r->entry_count; i++)
        kr_pack_add(&w->bytes, &r->entries[i]);
    size_t max = r->entry_count + (r->part > 1 ? before->count : 0);
    w->recipients = kr_calloc(max, sizeof(*w->recipients));
    w->offsets = kr_calloc(max, sizeof(*w->offsets));
    w->sealed_for = kr_calloc(max, sizeof(*w->sealed_for));
    w->sealed_seats = kr_calloc(max, sizeof(*w->sealed_seats));
    size_t at = 0;
    while (w->count < max) {
        const uint8_t *b = w->bytes.ptr + at;
        uint16_t index = (uint16_t)(b[0] << 8 | b[1]);
        w->recipients[w->count] = index;
        w->offsets[w->count++] = (uint32_t)at;
        if (b[2] != KR_PACKED_WITHHELD) {
            w->sealed_seats[w->sealed_count] = index;
            w->sealed_for[w->sealed_count++] = e->roster.entries[index].attach;
        }
        at += 5u + (size_t)(b[3] << 8 | b[4]);
    }
}

static int check_signature(const struct kr_room *room, const struct kr_epoch *e, const struct kr_attach *a,
                           const struct kr_req_envelope *r, const struct whole *w)
{
    struct kr_sealed_text t = {.room = room->jid,
                               .instance = e->instance,
                               .epoch = e->link.epoch,
                               .context = e->context,
                               .attach = a->id,
                               .round = r->round,
                               .recipients = kr_recipients_digest(w->sealed_for, w->sealed_count),
                               .has_confirm = r->has_confirm,
                               .confirm = r->confirm};
    struct kr_buf text = kr_sealed_text(&t);
    bool good = text.err == 0 && kr_verify(&a->ed25519, kr_buf_span(&text), &r->sig);
    kr_buf_done(&text);
    return good ? 0 : KR_E_BAD_SIGNATURE;
}

/* From here on it counts. A supplement replaces what was withheld by what is sealed. */
static void take(struct kr_epoch *e, size_t seat, const struct kr_req_envelope *r, const struct whole *w)
{
    struct kr_seat *s = &e->seats[seat];
    e->spared = false;
    if (!s->at)
        s->at = kr_calloc(e->roster.len, sizeof(*s->at));
    size_t before = s->sealed.len;
    kr_buf_add(&s->sealed, w->bytes.ptr, w->bytes.len);
    for (size_t i = 0; i < w->count; i++) {
        uint16_t to = w->recipients[i];
        s->at[to] = (uint32_t)(before + w->offsets[i]) + 1;
        if (r->round == KR_ROUND_SUPPLEMENT)
            kr_again_get(e, seat, to)->supplied++;
        if (s->again)
            s->again[to].open = false;
    }
    if (r->round != KR_ROUND_SUPPLEMENT)
        kr_epoch_sent(e, seat, r->round);
    if (r->has_confirm) {
        e->has_confirm = true;
        e->confirm = r->confirm;
    }
    kr_seat_forget_parts(s);
}

/* A round that was already turned round, and a supplement, go on to their recipients by themselves. */
static bool is_late(const struct kr_epoch *e, enum kr_round round)
{
    if (round == KR_ROUND_1)
        return e->stage > KR_STAGE_ROUND_1;
    return round == KR_ROUND_SUPPLEMENT || e->stage > KR_STAGE_ROUND_2;
}

/* Who has acked that it misses this secret, and now is told that there was no session for it: asked for, as
 * in an ack that comes behind the envelope (6.5). */
static void want_sessionless(struct kr_core *core, struct kr_room *room, struct kr_epoch *e, size_t seat,
                             const struct whole *w)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct kr_seat *to = &e->seats[w->recipients[i]];
        struct kr_packed entry;
        bool misses = false;
        for (size_t k = 0; k < to->missing_count; k++)
            misses = misses || to->missing[k] == seat;
        if (misses && kr_sealed_entry(e, seat, w->recipients[i], &entry) &&
            entry.type == KR_PACKED_WITHHELD && entry.body.ptr[0] == KR_WITHHELD_SESSION)
            kr_deliver_want(core, room, e, seat, w->recipients[i]);
    }
}

int kr_request_envelope(struct kr_core *core, const struct kr_ask *ask)
{
    const struct kr_req_envelope *r = &ask->request->u.envelope;
    struct kr_epoch *e = NULL;
    struct whole w = {0};
    int err = kr_epoch_find(ask->room, r->epoch, &e);
    if (err)
        return err;
    int found = kr_roster_find(&e->roster, &ask->attach->id);
    if (found < 0)
        return KR_E_NOT_MEMBER;
    size_t seat = (size_t)found;
    err = check_order(e, seat, r);
    if (!err)
        err = check_entries(e, seat, r);
    if (!err)
        err = check_confirm(e, r);
    if (err)
        return err;
    struct kr_seat *s = &e->seats[seat];
    if (r->part < r->of) {
        keep_part(s, r);
        kr_answer_empty(core, ask->asker);
        return 0;
    }
    whole_read(e, s->partial, r, &w);
    if (r->round != KR_ROUND_SUPPLEMENT && w.count != kr_round_count(&e->sealing, r->round, seat))
        err = KR_E_WRONG_RECIPIENTS;
    if (!err)
        err = check_signature(ask->room, e, ask->attach, r, &w);
    if (!err) {
        kr_evidence_add(e, seat, r->round, w.sealed_seats, w.sealed_count, &r->sig);
        take(e, seat, r, &w);
        core->stats.envelopes++;
        kr_answer_empty(core, ask->asker);
        if (is_late(e, r->round))
            kr_deliver_late(core, e, seat, w.recipients, w.count);
        want_sessionless(core, ask->room, e, seat, &w);
        if (r->has_confirm && r->round != KR_ROUND_SUPPLEMENT)
            kr_leader_sealed(core, ask->room, e); /* may abandon it */
    }
    whole_done(&w);
    return err;
}
