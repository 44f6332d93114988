#include "core/announce.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "core/audit.h"
#include "core/coalesce.h"
#include "core/deliver.h"
#include "core/member.h"
#include "core/room.h"
#include "core/tell.h"

/* What a <member/> costs without its names, in bytes: two ids more than keys, signature, and the attribute
 * names. */
enum { MEMBER_BYTES = 512, GONE_BYTES = 80, HEAD_BYTES = 2048, PAST_BYTES = 256, ESCAPE = 6 };

/* An announce before it is cut into parts. */
struct draft {
    struct kr_notice_announce head;
    struct kr_member_line *members;
    struct kr_gone_line *gone;
    struct kr_epoch_link *past;
};

static void draft_done(struct draft *d)
{
    free(d->members);
    free(d->gone);
    free(d->past);
}

/* Bytes of a name once it is escaped, at the worst. */
static size_t escaped_len(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += strchr("&<>'\"", *s) ? ESCAPE : 1;
    return n;
}

static size_t member_len(const struct kr_member_line *m)
{
    return MEMBER_BYTES + escaped_len(m->participant) + escaped_len(m->owner);
}

/* Who missed the commit, when we ended between telling one and telling the next, learns of it from this. */
static uint64_t last_committed(const struct kr_room *room, const struct kr_epoch *e)
{
    uint64_t epoch = 0;
    for (size_t i = 0; i < room->chain_len; i++) {
        const struct kr_link_kept *k = &room->chain[i];
        if (k->fate == KR_FATE_COMMITTED && k->link.epoch < e->link.epoch)
            epoch = k->link.epoch;
    }
    return epoch;
}

/* Links of epochs behind `since`, before the announced one; at least those behind the last committed one. */
static void add_past(const struct kr_room *room, const struct kr_epoch *e, uint64_t since, struct draft *d)
{
    uint64_t committed = last_committed(room, e);
    uint64_t from = since < committed ? since : committed;
    d->past = kr_calloc(room->chain_len, sizeof(*d->past));
    for (size_t i = 0; i < room->chain_len; i++) {
        const struct kr_epoch_link *link = &room->chain[i].link;
        if (link->epoch > from && link->epoch < e->link.epoch)
            d->past[d->head.past_count++] = *link;
    }
    d->head.past = d->past;
}

static void add_members(const struct kr_epoch *e, bool only_new, struct draft *d)
{
    d->members = kr_calloc(e->roster.len, sizeof(*d->members));
    for (size_t i = 0; i < e->roster.len; i++) {
        const struct kr_roster_entry *r = &e->roster.entries[i];
        const struct kr_seat *s = &e->seats[i];
        if (only_new && !r->is_new && s->knew_parent)
            continue;
        d->members[d->head.member_count++] = (struct kr_member_line){.participant = r->participant,
                                                                     .owner = r->owner,
                                                                     .device = s->device,
                                                                     .attach = r->attach,
                                                                     .nonce = s->nonce,
                                                                     .ed25519 = r->ed25519,
                                                                     .curve25519 = r->curve25519,
                                                                     .sig = s->sig,
                                                                     .is_new = r->is_new};
    }
}

static void add_gone(const struct kr_room *room, const struct kr_epoch *e, struct draft *d)
{
    const struct kr_sorted *before = &room->announced.attaches;
    d->gone = kr_calloc(before->len, sizeof(*d->gone));
    for (size_t i = 0; i < before->len; i++) {
        const struct kr_id *attach = (const struct kr_id *)before->items + i;
        if (kr_roster_find(&e->roster, attach) >= 0)
            continue;
        const char *reason = kr_room_gone_reason(room, attach);
        d->gone[d->head.gone_count++] =
            (struct kr_gone_line){.attach = *attach, .reason = reason ? reason : KR_GONE_USUAL};
    }
    d->head.gone = d->gone;
}

/* Of the epoch that was announced before: a brief announce goes on from it. */
static enum kr_source source_before(const struct kr_room *room, const struct kr_epoch *e)
{
    for (size_t i = room->chain_len; i-- > 0;) {
        if (room->chain[i].link.epoch < e->link.epoch)
            return room->chain[i].link.source;
    }
    return e->link.source;
}

static struct draft draft(const struct kr_core *core, const struct kr_room *room, const struct kr_epoch *e,
                          bool full, uint64_t since)
{
    bool led = kr_source_is_led(e->link.source);
    struct draft d = {.head = {.full = full,
                               .instance = e->instance,
                               .link = e->link,
                               .log_sig = e->log_sig,
                               .has_source = full || e->link.source != source_before(room, e),
                               .has_leader = led,
                               .leader = led ? (uint16_t)e->sealing.leader : 0,
                               .reasons = e->reasons,
                               .deadline_ms = e->deadline_ms,
                               .size = (uint32_t)e->roster.len,
                               .check = kr_roster_check(&e->roster),
                               .has_prev = e->has_prev,
                               .prev = e->prev,
                               .prev_context = e->prev_context,
                               .committed = last_committed(room, e)}};
    if (full && e->link.log_size) {
        d.head.log_origin = core->log.signer.key.name;
        d.head.log_key = core->log.signer.key.key;
    }
    if (full || room->policy_changed)
        d.head.policy_text = kr_buf_span(&e->policy_text);
    if (full)
        add_past(room, e, since, &d);
    add_members(e, !full, &d);
    d.head.members = d.members;
    if (!full)
        add_gone(room, e, &d);
    return d;
}

/* Where the lists are cut: fills the payloads of all parts. */
static size_t cut(const struct kr_room *room, const struct draft *d, char *payloads[static KR_PARTS_MAX])
{
    size_t starts[KR_PARTS_MAX + 1] = {0}, parts = 1;
    size_t bytes = HEAD_BYTES + d->head.policy_text.len * 2 + d->head.past_count * PAST_BYTES +
                   d->head.gone_count * GONE_BYTES;
    for (size_t i = 0; i < d->head.member_count; i++) {
        size_t len = member_len(&d->members[i]);
        if (bytes + len > KR_SPLIT_LEN && i > starts[parts - 1] && parts < KR_PARTS_MAX) {
            starts[parts++] = i;
            bytes = HEAD_BYTES;
        }
        bytes += len;
    }
    starts[parts] = d->head.member_count;
    for (size_t p = 0; p < parts; p++) {
        struct kr_notice n = {.kind = KR_NOTICE_ANNOUNCE,
                              .room = d->head.full ? room->jid : NULL,
                              .in = kr_tag(&d->head.instance),
                              .u.announce = d->head};
        struct kr_notice_announce *a = &n.u.announce;
        a->part = (uint32_t)p + 1;
        a->of = (uint32_t)parts;
        a->members = d->members + starts[p];
        a->member_count = starts[p + 1] - starts[p];
        if (p > 0) {
            a->policy_text = kr_span(NULL, 0);
            a->past_count = a->gone_count = 0;
        }
        payloads[p] = kr_tell_payload(&n);
    }
    return parts;
}

static void tell_parts(struct kr_core *core, const struct kr_attach *to, char *const *payloads, size_t parts)
{
    for (size_t p = 0; p < parts; p++)
        kr_tell_raw(core, to->full_jid, payloads[p]);
}

static void free_parts(char **payloads, size_t parts)
{
    for (size_t p = 0; p < parts; p++)
        free(payloads[p]);
}

void kr_announce_all(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e)
{
    char *full[KR_PARTS_MAX] = {0}, *brief[KR_PARTS_MAX] = {0};
    size_t full_parts = 0, brief_parts = 0;
    for (size_t i = 0; i < e->roster.len; i++) {
        struct kr_attach *a = kr_recipient(room, e, i);
        if (!a)
            continue;
        bool knows = e->seats[i].knew_parent;
        size_t *parts = knows ? &brief_parts : &full_parts;
        char **payloads = knows ? brief : full;
        if (!*parts) {
            struct draft d = draft(core, room, e, !knows, UINT64_MAX);
            *parts = cut(room, &d, payloads);
            draft_done(&d);
        }
        tell_parts(core, a, payloads, *parts);
    }
    free_parts(full, full_parts);
    free_parts(brief, brief_parts);
}

void kr_announce_to(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e, size_t seat,
                    uint64_t since)
{
    struct kr_attach *a = kr_recipient(room, e, seat);
    if (!a)
        return;
    char *payloads[KR_PARTS_MAX] = {0};
    struct draft d = draft(core, room, e, true, since);
    size_t parts = cut(room, &d, payloads);
    draft_done(&d);
    tell_parts(core, a, payloads, parts);
    free_parts(payloads, parts);
}

void kr_commit_tell(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e,
                    const uint16_t *laggards, size_t laggard_count, const uint16_t *silent,
                    size_t silent_count, bool has_exposure, uint64_t exposure_ms)
{
    struct kr_notice n = {.kind = KR_NOTICE_COMMIT,
                          .in = kr_tag(&e->instance),
                          .u.commit = {.epoch = e->link.epoch,
                                       .laggards = laggards,
                                       .laggard_count = laggard_count,
                                       .silent = silent,
                                       .silent_count = silent_count,
                                       .has_exposure = has_exposure,
                                       .exposure_ms = exposure_ms}};
    char *payload = kr_tell_payload(&n);
    for (size_t i = 0; i < e->roster.len; i++) {
        struct kr_attach *a = kr_recipient(room, e, i);
        if (a)
            kr_tell_raw(core, a->full_jid, payload);
    }
    free(payload);
}

enum kr_room_mode kr_room_mode(const struct kr_room *room)
{
    if (kr_room_blind(room))
        return KR_MODE_BLIND;
    if (room->leaderless)
        return KR_MODE_SUSPENDED;
    return room->flight || room->committed ? KR_MODE_KEYED : KR_MODE_IDLE;
}

static char *state_payload(const struct kr_core *core, const struct kr_room *room)
{
    struct kr_waiting_line *waiting = kr_calloc(HASH_COUNT(room->attaches), sizeof(*waiting));
    struct kr_notice n = {
        .kind = KR_NOTICE_STATE,
        .room = room->jid,
        .u.state = {.mode = core->log.halted ? KR_MODE_SUSPENDED : kr_room_mode(room),
                    .has_instance = room->has_instance,
                    .instance = room->instance,
                    .exposed = kr_room_exposed(room, core->now.mono_ms),
                    .joins_held = room->churn.held,
                    .text = kr_room_blind(room) ? "the room hides real addresses from the service"
                            : core->log.halted  ? kr_strerror(KR_E_LOG_HALTED)
                            : !room->leaderless ? ""
                            : room->policy.source == KR_SOURCE_SERVICE
                                ? "the service's own device, which makes its keys, is not there"
                                : "nobody in the room offers to make its keys",
                    .waiting = waiting}};
    for (const struct kr_attach *a = room->attaches; a; a = a->hh.next) {
        if (a->confirmed && !a->member)
            waiting[n.u.state.waiting_count++] = (struct kr_waiting_line){
                .participant = a->participant, .owner = a->owner, .device = a->device};
    }
    char *payload = kr_tell_payload(&n);
    free(waiting);
    return payload;
}

/* What is less than the policy asks, as the log has it: an entry for each change, none while it lasts. */
static void record_degraded(struct kr_core *core, struct kr_room *room, bool exposed)
{
    static const char *const names[] = {"exposed", "joins-held", "no-leader", "blind"};
    unsigned now = (unsigned)exposed | (unsigned)room->churn.held << 1 | (unsigned)room->leaderless << 2 |
                   (unsigned)kr_room_blind(room) << 3;
    if (now == room->degraded || !room->instance_stored)
        return;
    room->degraded = now;
    struct kr_buf b;
    kr_buf_init(&b, 64);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (now >> i & 1)
            kr_buf_printf(&b, "%s%s", b.len ? "," : "", names[i]);
    }
    char *reasons = kr_buf_take_str(&b);
    struct kr_entry e;
    kr_entry_begin(&e, core, "degrade", room);
    kr_entry_text(&e, "reason", now && reasons ? reasons : "over");
    kr_entry_end(&e);
    free(reasons);
}

void kr_state_tell(struct kr_core *core, struct kr_room *room)
{
    bool exposed = kr_room_exposed(room, core->now.mono_ms);
    record_degraded(core, room, exposed);
    if ((!room->state_due && exposed == room->exposed_told) || room->presence != KR_IN)
        return;
    room->state_due = false;
    if (exposed && !room->exposed_told)
        kr_trace(core, KR_TRACE_WARN, "room " KR_PEER " -> exposed (%s)", room->jid,
                 room->leaders_failed >= KR_LEADERS_FAILED ? "two leaders in a row have failed"
                                                           : "a leave is older than 10 s and not answered");
    room->exposed_told = exposed;
    char *payload = state_payload(core, room);
    if (!payload)
        return;
    struct kr_digest d = kr_sha256(kr_span_str(payload));
    if (!room->state_was_told || !kr_digest_equal(&d, &room->state_told)) {
        for (const struct kr_attach *a = room->attaches; a; a = a->hh.next) {
            if (a->confirmed)
                kr_tell_raw(core, a->full_jid, payload);
        }
    }
    room->state_told = d;
    room->state_was_told = true;
    free(payload);
}

void kr_state_tell_one(struct kr_core *core, struct kr_room *room, const char *to)
{
    char *payload = state_payload(core, room);
    kr_tell_raw(core, to, payload);
    free(payload);
}
