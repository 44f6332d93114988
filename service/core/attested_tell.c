/* Who is told of which attestations. */
#include <stdlib.h>
#include <string.h>

#include "core/attested.h"
#include "core/tell.h"

enum {
    LINE_BYTES = 320, /* of an element beside its text */
    AT_ONCE = 256,    /* stanzas of a changed policy: some MB at the most, a part of what the link holds */
    PAUSE_MS = 200
};

struct batch { /* for one client, sent in events of a bounded size */
    struct kr_core *core;
    const struct kr_room *room;
    const struct kr_attach *to;
    struct kr_attestation_line lines[KR_ATTESTATIONS_PART];
    size_t count, bytes;
};

static void flush(struct batch *b)
{
    struct kr_notice n = {.kind = KR_NOTICE_ATTESTATIONS,
                          .room = b->room->jid,
                          .u.attestations = {.lines = b->lines, .count = b->count}};
    if (b->count)
        kr_tell(b->core, b->to->full_jid, &n);
    b->count = b->bytes = 0;
}

static void add(struct batch *b, const struct kr_attestation_line *line)
{
    size_t bytes = LINE_BYTES + line->text.len / 3 * 4;
    if (b->count == KR_ATTESTATIONS_PART || b->bytes + bytes > KR_SPLIT_LEN)
        flush(b);
    b->lines[b->count++] = *line;
    b->bytes += bytes;
}

/* One that was taken back is told with the word of that. */
static void add_both(struct batch *b, const struct kr_attested *at)
{
    struct kr_attestation_line line = {.text = at->rec.text,
                                       .sig = at->rec.sig,
                                       .ed25519 = at->rec.ed25519,
                                       .curve25519 = at->rec.curve25519};
    if (!at->rec.revoke_text.len) {
        add(b, &line);
        return;
    }
    line.revokes = true;
    line.text = at->rec.revoke_text;
    line.sig = at->rec.revoke_sig;
    add(b, &line);
}

static bool tells_all(const struct kr_room *room)
{
    return room->policy.authorise == KR_AUTHORISE_VERIFIED &&
           room->policy.verified_by != KR_VERIFIED_BY_OPERATOR;
}

static bool concerns(const struct kr_room *room, const struct kr_attested *at, const struct kr_attach *to)
{
    if (strcmp(at->t.room, KR_ATTEST_ANY_ROOM) != 0 && strcmp(at->t.room, room->jid) != 0)
        return false;
    return kr_id_equal(&at->t.verifier, &to->device) || tells_all(room);
}

/* taken_back: also those, the newest ones, of which there may be many. */
static void add_of(struct batch *b, const struct kr_id *device, bool taken_back)
{
    size_t left = taken_back ? KR_ATTESTATIONS_PART : 0;
    struct kr_subject *s = NULL;
    HASH_FIND(hh, b->core->subjects, device, sizeof(*device), s);
    for (const struct kr_attested *at = s ? s->first : NULL; at; at = at->next) {
        bool over = b->core->now.wall_ms / 1000 >= at->t.expires_s;
        if (over || !concerns(b->room, at, b->to) || (at->rec.revoke_text.len && left == 0))
            continue;
        left -= at->rec.revoke_text.len != 0;
        add_both(b, at);
    }
}

/* Also one that is still to be confirmed: it may well be there. */
static bool is_attached(const struct kr_room *room, const struct kr_id *device)
{
    for (const struct kr_attach *a = room->attaches; a; a = a->hh.next)
        if (kr_id_equal(&a->device, device))
            return true;
    return false;
}

void kr_attested_tell(struct kr_core *core, struct kr_attested *at)
{
    for (struct kr_room *room = core->rooms; room; room = room->hh.next) {
        bool about = is_attached(room, &at->t.device);
        for (const struct kr_attach *a = room->attaches; a; a = a->hh.next) {
            struct batch b = {.core = core, .room = room, .to = a};
            if (!concerns(room, at, a) || (!about && !kr_id_equal(&at->t.verifier, &a->device)))
                continue;
            if (!a->confirmed) {
                room->attest_missed = at->untold = true;
                continue;
            }
            add_both(&b, at);
            flush(&b);
        }
    }
}

void kr_attested_tell_missed(struct kr_core *core, struct kr_room *room)
{
    room->words_at_ms = core->now.mono_ms; /* whose were due may be confirmed by now */
    if (!room->attest_missed)
        return;
    room->attest_missed = false;
    size_t count = 0;
    const struct kr_attested **missed = kr_calloc(HASH_COUNT(core->attested), sizeof(struct kr_attested *));
    for (const struct kr_attested *at = core->attested; at; at = at->hh.next)
        if (at->untold && core->now.wall_ms / 1000 < at->t.expires_s && is_attached(room, &at->t.device))
            missed[count++] = at;
    for (const struct kr_attach *a = room->attaches; a; a = a->hh.next) {
        struct batch b = {.core = core, .room = room, .to = a};
        for (size_t i = 0; i < count; i++)
            if (concerns(room, missed[i], a))
                add_both(&b, missed[i]);
        flush(&b);
    }
    free(missed);
}

void kr_attested_tell_one(struct kr_core *core, const struct kr_room *room, const struct kr_attach *to)
{
    struct batch b = {.core = core, .room = room, .to = to};
    for (const struct kr_attach *a = core->subjects ? room->attaches : NULL; a; a = a->hh.next)
        if (a != to)
            add_of(&b, &a->device, false);
    flush(&b);
}

void kr_attested_tell_new(struct kr_core *core, const struct kr_room *room, const struct kr_attach *newcomer)
{
    kr_attested_tell_one(core, room, newcomer);
    for (const struct kr_attach *a = core->subjects ? room->attaches : NULL; a; a = a->hh.next) {
        struct batch b = {.core = core, .room = room, .to = a};
        if (a == newcomer || !a->confirmed)
            continue;
        add_of(&b, &newcomer->device, true); /* what was taken back while it was away was not told */
        flush(&b);
    }
}

void kr_attested_policy(const struct kr_core *core, struct kr_room *room)
{
    bool due = tells_all(room);
    for (struct kr_attach *a = room->attaches; a; a = a->hh.next)
        a->words_due = due;
    room->words_at_ms = due ? core->now.mono_ms : UINT64_MAX;
}

void kr_attested_advance(struct kr_core *core, struct kr_room *room)
{
    if (core->now.mono_ms < room->words_at_ms || core->congested)
        return;
    const size_t before = core->out->send_count;
    room->words_at_ms = UINT64_MAX;
    for (struct kr_attach *a = room->attaches; a; a = a->hh.next) {
        if (!a->words_due || !a->confirmed)
            continue;
        if (core->out->send_count - before >= AT_ONCE) {
            room->words_at_ms = core->now.mono_ms + PAUSE_MS;
            return;
        }
        a->words_due = false;
        kr_attested_tell_one(core, room, a);
    }
}

uint64_t kr_attested_words_at(const struct kr_core *core, const struct kr_room *room)
{
    return core->congested ? UINT64_MAX : room->words_at_ms;
}
