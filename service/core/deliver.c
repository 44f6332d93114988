#include "core/deliver.h"

#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "core/member.h"
#include "core/occupant.h"
#include "core/room.h"
#include "core/tell.h"

/* Bytes of packed entries that, in base64 and with attributes, stay below KR_SPLIT_LEN. */
enum { PART_BYTES = KR_SPLIT_LEN / 4 * 3 - 4096, ENTRY_HEAD = 5 };

struct kr_attach *kr_recipient(const struct kr_room *room, const struct kr_epoch *e, size_t seat)
{
    if (e->seats[seat].gone || room->presence != KR_IN)
        return NULL;
    struct kr_attach *a = kr_attach_find(room, &e->roster.entries[seat].attach);
    if (!a || !a->confirmed || !a->member || !a->occupant || a->occupant->attach != a ||
        !kr_occupant_has_jid(a->occupant, a->full_jid))
        return NULL;
    return a;
}

bool kr_sealed_entry(const struct kr_epoch *e, size_t sender, size_t recipient, struct kr_packed *ret_entry)
{
    const struct kr_seat *s = &e->seats[sender];
    if (!s->at || !s->at[recipient])
        return false;
    size_t offset = s->at[recipient] - 1;
    struct kr_cursor c = kr_cursor(kr_span(s->sealed.ptr + offset, s->sealed.len - offset));
    kr_cursor_u16(&c);
    uint8_t type = kr_cursor_u8(&c);
    size_t len = kr_cursor_u16(&c);
    *ret_entry =
        (struct kr_packed){.index = (uint16_t)sender, .type = type, .body = kr_cursor_bytes(&c, len)};
    return !c.failed;
}

/* Sends the entries in as many parts as they need. */
static void send_parts(struct kr_core *core, struct kr_room *room, const struct kr_attach *to,
                       struct kr_notice_deliver *d, const struct kr_packed *entries, size_t count)
{
    size_t *cuts = kr_calloc(count + 2, sizeof(*cuts)); /* start of each part */
    size_t parts = 1, bytes = 0;
    for (size_t i = 0; i < count; i++) {
        size_t len = ENTRY_HEAD + entries[i].body.len;
        if (bytes + len > PART_BYTES) {
            cuts[parts++] = i;
            bytes = 0;
        }
        bytes += len;
    }
    cuts[parts] = count;
    for (size_t p = 0; p < parts; p++) {
        d->part = (uint32_t)p + 1;
        d->of = (uint32_t)parts;
        d->entries = entries + cuts[p];
        d->entry_count = cuts[p + 1] - cuts[p];
        struct kr_notice n = {.kind = KR_NOTICE_DELIVER, .in = kr_tag(&room->instance), .u.deliver = *d};
        kr_tell(core, to->full_jid, &n);
    }
    free(cuts);
}

static struct kr_notice_deliver head(const struct kr_epoch *e, enum kr_round round)
{
    return (struct kr_notice_deliver){
        .epoch = e->link.epoch, .round = round, .has_confirm = e->has_confirm, .confirm = e->confirm};
}

static uint16_t *silent_seats(const struct kr_epoch *e, size_t *ret_count)
{
    uint16_t *silent = kr_calloc(e->roster.len, sizeof(*silent));
    size_t n = 0;
    for (size_t i = 0; i < e->roster.len; i++) {
        if (e->seats[i].silent)
            silent[n++] = (uint16_t)i;
    }
    *ret_count = n;
    return silent;
}

static void deliver_one(struct kr_core *core, struct kr_room *room, struct kr_epoch *e, size_t recipient,
                        enum kr_round round, bool last, const uint16_t *silent, size_t silent_count)
{
    struct kr_attach *a = kr_recipient(room, e, recipient);
    if (!a)
        return;
    struct kr_packed *entries = kr_calloc(e->roster.len, sizeof(*entries));
    bool led = e->sealing.leader < e->roster.len;
    size_t first = led ? e->sealing.leader : 0, end = led ? first + 1 : e->roster.len;
    size_t count = 0, due = 0;
    for (size_t s = first; s < end; s++) {
        bool is_due = kr_round_has(&e->sealing, round, s, recipient);
        due += is_due;
        if (is_due && kr_sealed_entry(e, s, recipient, &entries[count]))
            count++;
    }
    /* Who holds everything already, and has nothing coming, needs no word that collecting is over. */
    if (count || (last && !e->seats[recipient].ok) || (!last && due)) {
        struct kr_notice_deliver d = head(e, round);
        d.last = last;
        d.silent = last ? silent : NULL;
        d.silent_count = last ? silent_count : 0;
        send_parts(core, room, a, &d, entries, count);
    }
    e->seats[recipient].last_told |= last;
    free(entries);
}

void kr_deliver_round(struct kr_core *core, struct kr_room *room, struct kr_epoch *e, enum kr_round round,
                      bool last)
{
    size_t silent_count = 0;
    uint16_t *silent = silent_seats(e, &silent_count);
    for (size_t i = 0; i < e->roster.len; i++)
        deliver_one(core, room, e, i, round, last, silent, silent_count);
    free(silent);
}

void kr_deliver_to(struct kr_core *core, struct kr_room *room, struct kr_epoch *e, size_t recipient,
                   enum kr_round round, bool last)
{
    size_t silent_count = 0;
    uint16_t *silent = silent_seats(e, &silent_count);
    deliver_one(core, room, e, recipient, round, last, silent, silent_count);
    free(silent);
}

void kr_deliver_late(struct kr_core *core, struct kr_epoch *e, size_t sender, const uint16_t *who,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct kr_seat *s = &e->seats[who[i]];
        if (!s->late)
            s->late = kr_calloc(e->roster.len, sizeof(*s->late));
        s->late[sender] = true;
    }
    if (!e->gathered_ms)
        e->gathered_ms = core->now.mono_ms + KR_GATHER_MS + KR_GATHER_MEMBER_MS * e->roster.len;
}

bool kr_deliver_is_gathered(const struct kr_epoch *e, size_t sender, size_t recipient)
{
    return e->seats[recipient].late && e->seats[recipient].late[sender];
}

static void deliver_gathered_to(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e,
                                size_t recipient)
{
    const struct kr_attach *a = kr_recipient(room, e, recipient);
    if (!a)
        return;
    struct kr_packed *entries = kr_calloc(e->roster.len, sizeof(*entries));
    size_t count = 0;
    bool first = true; /* all are of round 1 */
    for (size_t s = 0; s < e->roster.len; s++) {
        if (!e->seats[recipient].late[s] || !kr_sealed_entry(e, s, recipient, &entries[count]))
            continue;
        count++;
        first = first && kr_round_has(&e->sealing, KR_ROUND_1, s, recipient);
    }
    struct kr_notice_deliver d = head(e, first ? KR_ROUND_1 : KR_ROUND_2);
    if (count)
        send_parts(core, room, a, &d, entries, count);
    free(entries);
}

void kr_deliver_gathered(struct kr_core *core, struct kr_room *room, struct kr_epoch *e)
{
    if (!e->gathered_ms)
        return;
    e->gathered_ms = 0;
    for (size_t i = 0; i < e->roster.len; i++) {
        if (!e->seats[i].late)
            continue;
        deliver_gathered_to(core, room, e, i);
        free(e->seats[i].late);
        e->seats[i].late = NULL;
    }
}

void kr_deliver_advance(struct kr_core *core, struct kr_room *room)
{
    if (room->committed && core->now.mono_ms >= room->committed->gathered_ms)
        kr_deliver_gathered(core, room, room->committed);
    if (room->flight && core->now.mono_ms >= room->flight->gathered_ms)
        kr_deliver_gathered(core, room, room->flight);
}

uint64_t kr_deliver_deadline(const struct kr_room *room)
{
    uint64_t at = room->committed && room->committed->gathered_ms ? room->committed->gathered_ms : UINT64_MAX;
    return room->flight && room->flight->gathered_ms && room->flight->gathered_ms < at
               ? room->flight->gathered_ms
               : at;
}

void kr_deliver_again(struct kr_core *core, struct kr_room *room, struct kr_epoch *e, size_t recipient,
                      const uint16_t *senders, size_t count)
{
    struct kr_attach *a = kr_recipient(room, e, recipient);
    if (!a)
        return;
    struct kr_packed *entries = kr_calloc(count, sizeof(*entries));
    size_t held = 0;
    for (size_t i = 0; i < count; i++) {
        if (kr_sealed_entry(e, senders[i], recipient, &entries[held]))
            held++;
    }
    if (held) {
        struct kr_notice_deliver d = head(e, KR_ROUND_2);
        send_parts(core, room, a, &d, entries, held);
    }
    free(entries);
}

struct kr_again *kr_again_get(struct kr_epoch *e, size_t sender, size_t recipient)
{
    struct kr_seat *s = &e->seats[sender];
    if (!s->again)
        s->again = kr_calloc(e->roster.len, sizeof(*s->again));
    return &s->again[recipient];
}

static void tell_wanted(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e, size_t sender,
                        const uint16_t *recipients, size_t count)
{
    const struct kr_attach *a = kr_recipient(room, e, sender);
    struct kr_notice n = {
        .kind = KR_NOTICE_WANTED,
        .in = kr_tag(&e->instance),
        .u.wanted = {.epoch = e->link.epoch, .recipients = recipients, .recipient_count = count}};
    if (a && count)
        kr_tell(core, a->full_jid, &n);
}

bool kr_deliver_want(struct kr_core *core, struct kr_room *room, struct kr_epoch *e, size_t sender,
                     size_t recipient)
{
    if (!kr_recipient(room, e, sender) || !kr_recipient(room, e, recipient) || sender == recipient)
        return false;
    struct kr_again *again = kr_again_get(e, sender, recipient);
    if (again->open || again->asked >= KR_SUPPLEMENTS_MAX)
        return false;
    again->asked++;
    again->open = true;
    uint16_t index = (uint16_t)recipient;
    tell_wanted(core, room, e, sender, &index, 1);
    return true;
}

void kr_deliver_want_open(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e, size_t sender)
{
    const struct kr_again *again = e->seats[sender].again;
    uint16_t *open = kr_calloc(e->roster.len, sizeof(*open));
    size_t count = 0;
    for (size_t i = 0; again && i < e->roster.len; i++)
        if (again[i].open && kr_recipient(room, e, i))
            open[count++] = (uint16_t)i;
    tell_wanted(core, room, e, sender, open, count);
    free(open);
}
