#include "core/epoch.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "core/announce.h"
#include "core/audit.h"
#include "core/churn.h"
#include "core/deliver.h"
#include "core/evidence.h"
#include "core/leader.h"
#include "core/logbook.h"
#include "core/member.h"
#include "core/room.h"
#include "core/settle.h"

void kr_seat_forget_parts(struct kr_seat *s)
{
    if (s->partial)
        kr_buf_done(&s->partial->bytes);
    free(s->partial);
    s->partial = NULL;
}

void kr_epoch_free(struct kr_epoch *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < e->roster.len; i++) {
        free(e->seats[i].missing);
        free(e->seats[i].at);
        free(e->seats[i].again);
        free(e->seats[i].late);
        kr_buf_done(&e->seats[i].sealed);
        kr_seat_forget_parts(&e->seats[i]);
    }
    free(e->seats);
    kr_buf_done(&e->policy_text);
    kr_evidence_free(e);
    free(e->leaves);
    kr_roster_done(&e->roster);
    free(e);
}

/* --- announce --- */

static int make_roster(const struct kr_room *room, struct kr_roster *ret_roster)
{
    kr_roster_init(ret_roster);
    for (const struct kr_attach *a = room->attaches; a; a = a->hh.next) {
        if (kr_room_is_in(a))
            kr_roster_add(ret_roster, a->participant, a->owner, &a->ed25519, &a->curve25519, &a->id,
                          !a->settled);
    }
    return kr_roster_seal(ret_roster);
}

static bool lost_somebody(const struct kr_room *room, const struct kr_roster *roster)
{
    const struct kr_id *before = room->announced.attaches.items;
    for (size_t i = 0; i < room->announced.attaches.len; i++) {
        if (kr_roster_find(roster, &before[i]) < 0)
            return true;
    }
    return false;
}

/* A ratchet goes on from the secrets of the epoch before: of the same source, and of the same leader (5.13).
 */
static bool goes_on(const struct kr_room *room, const struct kr_choice *choice)
{
    const struct kr_epoch_link *last = &room->chain[room->chain_len - 1].link;
    if (last->source != choice->source)
        return false;
    return !choice->leader || (choice->leader->settled && kr_id_equal(&last->leader, &choice->leader->id));
}

/* 5.5: a ratchet only if all changes are joins and the previously announced epoch was committed. */
static enum kr_epoch_kind kind_of(const struct kr_room *room, const struct kr_roster *roster,
                                  const struct kr_choice *choice)
{
    bool only_joins = room->changes.reasons == KR_REASON_JOIN;
    bool parent_committed = room->chain_len && room->chain[room->chain_len - 1].fate == KR_FATE_COMMITTED &&
                            room->committed &&
                            room->committed->link.epoch == room->chain[room->chain_len - 1].link.epoch;
    return only_joins && parent_committed && goes_on(room, choice) && !lost_somebody(room, roster) &&
                   !room->policy_changed
               ? KR_EPOCH_RATCHET
               : KR_EPOCH_FRESH;
}

static void keep_link(struct kr_room *room, const struct kr_epoch *e)
{
    *kr_room_link(room) =
        (struct kr_link_kept){.link = e->link, .context = e->context, .fate = KR_FATE_IN_FLIGHT};
}

static void fill_seats(const struct kr_room *room, struct kr_epoch *e)
{
    bool wait_for_slow = kr_settle_all_slow(room, &e->roster);
    e->seats = kr_calloc(e->roster.len, sizeof(*e->seats));
    for (size_t i = 0; i < e->roster.len; i++) {
        struct kr_seat *s = &e->seats[i];
        const struct kr_attach *a = kr_attach_find(room, &e->roster.entries[i].attach);
        s->device = a->device;
        s->nonce = a->nonce;
        s->sig = a->sig;
        s->knew_parent = kr_room_announced(room, &a->id);
        bool leads = i == e->sealing.leader; /* without whom there is no epoch */
        s->waited = !a->slow || wait_for_slow || leads;
        s->trusted = !a->faulty || leads;
        kr_buf_init(&s->sealed, SIZE_MAX); /* bounded by recipients and KR_SUPPLEMENTS_MAX */
        for (int round = KR_ROUND_1; round <= KR_ROUND_2; round++)
            e->owed[round] += s->waited && kr_round_count(&e->sealing, (enum kr_round)round, i) != 0;
        e->unacked += s->waited;
    }
}

static void write_epoch(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e)
{
    kr_room_store(core, room); /* epoch_high: the number is reserved before anybody hears of it */
    struct kr_write w = {.kind = KR_W_EPOCH,
                         .u.epoch = {.instance = room->instance,
                                     .epoch = e->link.epoch,
                                     .kind = (uint8_t)e->link.kind,
                                     .source = (uint8_t)e->link.source,
                                     .format = (uint8_t)e->link.format,
                                     .suite = e->link.suite,
                                     .policy = e->link.policy,
                                     .roster = e->link.roster,
                                     .leader = e->link.leader,
                                     .context = e->context,
                                     .fate = KR_FATE_IN_FLIGHT,
                                     .announced_ms = core->now.wall_ms,
                                     .log_size = e->link.log_size,
                                     .log_root = e->link.log_root}};
    kr_output_write(core->out, &w);
}

/* The epoch's entry, and the checkpoint that its announce names: with the entry as its last. */
static void log_epoch(struct kr_core *core, struct kr_room *room, struct kr_epoch *e)
{
    char reasons[64], digest[KR_KEY_TEXT];
    kr_reasons_write(reasons, e->reasons);
    kr_digest_write(digest, &e->link.roster);
    struct kr_entry entry;
    kr_entry_begin(&entry, core, "epoch", room);
    kr_entry_u64(&entry, "epoch", e->link.epoch);
    kr_entry_text(&entry, "kind", kr_epoch_kind_name(e->link.kind));
    kr_entry_text(&entry, "source", kr_source_name(e->link.source));
    kr_entry_text(&entry, "reason", reasons);
    kr_entry_u64(&entry, "size", e->roster.len);
    kr_entry_recipients(&entry, room, &e->roster);
    kr_entry_commit(&entry, "roster", "roster", digest);
    kr_digest_write(digest, &e->link.policy);
    kr_entry_commit(&entry, "policy", "policy",
                    digest); /* it hashes the room's name, which could be guessed */
    kr_entry_end(&entry);
    kr_logbook_sign(core);
    if (kr_logbook_link(core, &e->link))
        e->log_sig = core->log.claim.sig;
}

static void count_epoch(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e)
{
    for (unsigned i = 0; i < KR_REASONS; i++)
        core->stats.epochs_by_reason[i] += (e->reasons >> i) & 1;
    if (e->link.kind == KR_EPOCH_RATCHET)
        core->stats.epochs_ratchet++;
    else
        core->stats.epochs_fresh++;
    if (e->reasons & KR_REASON_LEAVE)
        kr_churn_rotated(&room->churn, core->now.mono_ms);
    char reasons[64];
    kr_reasons_write(reasons, e->reasons);
    kr_trace(core, KR_TRACE_INFO, "epoch %llu of " KR_PEER " -> announced (%s, %s, %zu members)",
             (unsigned long long)e->link.epoch, room->jid, reasons, kr_epoch_kind_name(e->link.kind),
             e->roster.len);
}

static struct kr_epoch *make_epoch(struct kr_core *core, struct kr_room *room, struct kr_roster *roster,
                                   const struct kr_choice *choice)
{
    struct kr_epoch *e = kr_calloc(1, sizeof(*e));
    e->instance = room->instance;
    e->reasons = room->changes.reasons;
    e->link = (struct kr_epoch_link){.epoch = ++room->epoch_high,
                                     .kind = kind_of(room, roster, choice),
                                     .source = choice->source,
                                     .format = room->policy.format,
                                     .suite = room->policy.suite,
                                     .policy = room->policy_hash,
                                     .roster = roster->digest};
    if (choice->leader)
        e->link.leader = choice->leader->id;
    if (room->chain_len) {
        e->has_prev = true;
        e->prev = room->chain[room->chain_len - 1].link.epoch;
        e->prev_context = room->chain[room->chain_len - 1].context;
    }
    kr_buf_init(&e->policy_text, KR_TEXT_MAX);
    kr_buf_add(&e->policy_text, room->policy_text.ptr, room->policy_text.len);
    kr_buf_fit(&e->policy_text);
    e->roster = *roster; /* transferred */
    kr_roster_init(roster);
    log_epoch(core, room, e);
    e->context = kr_context(room->jid, &room->instance, e->has_prev ? &e->prev_context : NULL, &e->link);
    e->sealing = kr_sealing(&e->roster, &e->link);
    e->announced_ms = core->now.mono_ms;
    e->deadline_ms =
        room->settings->deadline_ms + (uint64_t)room->settings->deadline_member_ms * e->roster.len;
    e->stage = KR_STAGE_ROUND_1;
    fill_seats(room, e);
    /* It answers the leaves seen so far. */
    e->leaves = room->leaves;
    e->leave_count = room->leave_count;
    e->leave_cap = room->leave_cap;
    room->leaves = NULL;
    room->leave_count = room->leave_cap = 0;
    return e;
}

void kr_epoch_announce(struct kr_core *core, struct kr_room *room)
{
    if (core->log.halted) {
        room->changes = (struct kr_changes){0};
        return;
    }
    struct kr_roster roster;
    bool usable = make_roster(room, &roster) == 0;
    bool nothing = room->changes.reasons == KR_REASON_JOIN && usable && room->announced.known &&
                   kr_digest_equal(&room->announced.digest, &roster.digest);
    if (!usable || roster.len == 0 || nothing) {
        /* Nobody to key (some may wait for approval), or a joiner that left before it was announced. */
        if (!usable)
            kr_trace(core, KR_TRACE_ERROR, "epoch of " KR_PEER " -> not announced (roster unusable)",
                     room->jid);
        if (roster.len == 0) { /* nobody holds its keys any more: nothing to rotate */
            room->leave_count = 0;
            kr_epoch_free(room->committed);
            room->committed = NULL;
            room->state_due = true;
        }
        room->changes = (struct kr_changes){0};
        kr_roster_done(&roster);
        return;
    }
    struct kr_choice choice = kr_leader_choose(room);
    if (kr_leader_lacks(&choice)) {
        kr_roster_done(&roster);
        room->leaderless = room->state_due = true;
        kr_trace(core, KR_TRACE_ERROR, "epoch of " KR_PEER " -> not announced (%s)", room->jid,
                 choice.source == KR_SOURCE_SERVICE ? "the service's own device could not attach"
                                                    : "no member that may lead offers to");
        return;
    }
    if (room->epoch_high >= KR_EPOCH_MAX) {
        kr_roster_done(&roster);
        struct kr_attach *a, *tmp;
        HASH_ITER (hh, room->attaches, a, tmp)
            kr_attach_end(core, room, a, "instance-over");
        return;
    }
    struct kr_epoch *e = make_epoch(core, room, &roster, &choice);
    room->flight = e;
    keep_link(room, e);
    write_epoch(core, room, e);
    count_epoch(core, room, e);
    kr_announce_all(core, room, e);
    kr_room_announce_keep(room, &e->roster);
    room->gone_count = 0;
    room->changes = (struct kr_changes){0};
    room->policy_changed = false;
    room->state_due = true;
    kr_epoch_advance(core, room);
}

/* --- commit and abandon --- */

static void set_fate(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e,
                     enum kr_epoch_fate fate)
{
    for (size_t i = 0; i < room->chain_len; i++) {
        if (room->chain[i].link.epoch == e->link.epoch)
            room->chain[i].fate = fate;
    }
    struct kr_write w = {.kind = KR_W_EPOCH_FATE,
                         .u.epoch = {.instance = e->instance, .epoch = e->link.epoch, .fate = fate}};
    kr_output_write(core->out, &w);
}

static bool rank_exposure(struct kr_core *core, const struct kr_epoch *e, bool all_switched,
                          uint64_t *ret_max_ms)
{
    uint64_t end = e->announced_ms + e->deadline_ms + KR_SWITCH_SLACK_MS;
    if (all_switched || core->now.mono_ms > end)
        end = core->now.mono_ms;
    uint64_t max = 0;
    for (size_t i = 0; i < e->leave_count; i++) {
        uint64_t ms = end - e->leaves[i];
        struct kr_stats *s = &core->stats;
        s->exposure_count++;
        s->exposure_sum_ms += ms;
        s->exposure_max_ms = ms > s->exposure_max_ms ? ms : s->exposure_max_ms;
        size_t b = 0;
        while (b < KR_EXPOSURE_BUCKETS && ms > kr_exposure_bucket_ms[b])
            b++;
        s->exposure_bucket[b]++;
        max = ms > max ? ms : max;
    }
    *ret_max_ms = max;
    return e->leave_count != 0;
}

static void commit(struct kr_core *core, struct kr_room *room)
{
    struct kr_epoch *e = room->flight;
    uint16_t *laggards = kr_calloc(e->roster.len, sizeof(*laggards)),
             *silent = kr_calloc(e->roster.len, sizeof(*silent));
    size_t laggard_count = 0, silent_count = 0, acked = 0;
    for (size_t i = 0; i < e->roster.len; i++) {
        const struct kr_seat *s = &e->seats[i];
        acked += s->ok;
        if (s->gone)
            continue;
        if (!s->ok)
            laggards[laggard_count++] = (uint16_t)i;
        if (s->silent)
            silent[silent_count++] = (uint16_t)i;
    }
    kr_deliver_gathered(core, room, e);
    set_fate(core, room, e, KR_FATE_COMMITTED);
    kr_settle_members(core, room, e);
    uint64_t exposure_ms = 0;
    bool has_exposure = rank_exposure(core, e, laggard_count == 0, &exposure_ms);
    e->leave_count = 0;
    core->stats.epochs_committed++;
    core->stats.laggards += laggard_count;
    core->stats.silent_senders += silent_count;

    struct kr_entry entry;
    kr_entry_begin(&entry, core, "commit", room);
    kr_entry_u64(&entry, "epoch", e->link.epoch);
    kr_entry_u64(&entry, "acked", acked);
    kr_entry_u64(&entry, "total", e->roster.len);
    kr_entry_u64(&entry, "silent", silent_count);
    if (has_exposure)
        kr_entry_u64(&entry, "exposure", exposure_ms);
    kr_entry_recipients(&entry, room, &e->roster);
    struct kr_buf evidence = kr_evidence(core, room, e);
    struct kr_digest proof = kr_sha256(kr_buf_span(&evidence));
    kr_entry_digest(&entry, "proof", &proof);
    kr_evidence_write(core, room, &evidence);
    kr_entry_end(&entry);
    kr_trace(core, KR_TRACE_INFO,
             "epoch %llu of " KR_PEER " -> committed (%zu of %zu acked, %zu laggards, %zu silent)",
             (unsigned long long)e->link.epoch, room->jid, acked, e->roster.len, laggard_count, silent_count);
    kr_commit_tell(core, room, e, laggards, laggard_count, silent, silent_count, has_exposure, exposure_ms);

    e->stage = KR_STAGE_COMMITTED;
    kr_evidence_free(e);
    kr_epoch_free(room->committed);
    room->committed = e;
    room->flight = NULL;
    room->leaders_failed = 0;
    room->commit_ms = core->now.mono_ms;
    room->state_due = true;
    kr_epoch_spare(e);
    free(laggards);
    free(silent);
}

static bool withholds(const struct kr_epoch *e, size_t sender)
{
    struct kr_packed entry;
    for (size_t i = 0; i < e->roster.len; i++)
        if (kr_sealed_entry(e, sender, i, &entry) && entry.type == KR_PACKED_WITHHELD)
            return true;
    return false;
}

void kr_epoch_spare(struct kr_epoch *e)
{
    if (e->stage != KR_STAGE_COMMITTED || e->spared)
        return;
    for (size_t i = 0; i < e->roster.len; i++)
        if (!e->seats[i].gone && (!e->seats[i].acked || e->seats[i].missing_count))
            return;
    e->spared = true;
    for (size_t i = 0; i < e->roster.len; i++) {
        struct kr_seat *s = &e->seats[i];
        if (!s->at || withholds(e, i)) /* what it withheld it may still supplement */
            continue;
        s->spared = true;
        free(s->at);
        s->at = NULL;
        kr_buf_done(&s->sealed);
    }
}

void kr_epoch_abandon(struct kr_core *core, struct kr_room *room, const char *why)
{
    struct kr_epoch *e = room->flight;
    if (!e)
        return;
    set_fate(core, room, e, KR_FATE_ABANDONED);
    core->stats.epochs_abandoned++;
    kr_trace(core, KR_TRACE_INFO, "epoch %llu of " KR_PEER " -> abandoned (%s)",
             (unsigned long long)e->link.epoch, room->jid, why);
    struct kr_entry entry;
    kr_entry_begin(&entry, core, "abandon", room);
    kr_entry_u64(&entry, "epoch", e->link.epoch);
    kr_entry_text(&entry, "reason", why);
    kr_entry_end(&entry);
    kr_room_change(core, room, e->reasons, true);
    for (size_t i = 0; i < e->leave_count; i++)
        kr_room_leave_seen(room, e->leaves[i]);
    room->flight = NULL;
    kr_epoch_free(e);
}

/* --- progress --- */

/* Does it hold all that it can, and what the leader says it should? */
static bool within(const struct kr_seat *s, const struct kr_epoch *e)
{
    bool ratcheted = s->has_confirm && e->sealing.leader < e->roster.len;
    if (ratcheted && !(e->has_confirm && kr_digest_equal(&s->confirm, &e->confirm)))
        return false;
    for (size_t i = 0; i < s->missing_count; i++) {
        const struct kr_seat *m = &e->seats[s->missing[i]];
        if (!m->silent && !m->gone && m->trusted)
            return false;
    }
    return true;
}

void kr_epoch_weigh(struct kr_epoch *e, size_t seat)
{
    struct kr_seat *s = &e->seats[seat];
    if (s->ok || !s->acked || !within(s, e))
        return;
    s->ok = true;
    if (s->waited && !s->gone)
        e->unacked--;
}

static bool owes(const struct kr_epoch *e, size_t seat, enum kr_round round)
{
    return !e->seats[seat].sent[round] && kr_round_count(&e->sealing, round, seat) != 0;
}

void kr_epoch_sent(struct kr_epoch *e, size_t seat, enum kr_round round)
{
    struct kr_seat *s = &e->seats[seat];
    s->sent[round] = true;
    if (s->waited && !s->gone)
        e->owed[round]--;
    s->silent = s->silent && (owes(e, seat, KR_ROUND_1) || owes(e, seat, KR_ROUND_2));
}

void kr_epoch_member_gone(struct kr_core *core, struct kr_room *room, const struct kr_id *attach)
{
    struct kr_epoch *both[] = {room->flight, room->committed};
    for (size_t k = 0; k < 2; k++) {
        struct kr_epoch *e = both[k];
        int seat = e ? kr_roster_find(&e->roster, attach) : -1;
        if (seat < 0 || e->seats[seat].gone)
            continue;
        struct kr_seat *s = &e->seats[seat];
        s->gone = true;
        if (kr_leader_left(core, room, e, (size_t)seat) || !s->waited)
            continue;
        for (int round = KR_ROUND_1; round <= KR_ROUND_2; round++)
            e->owed[round] -= owes(e, (size_t)seat, (enum kr_round)round);
        e->unacked -= !s->ok;
    }
    if (room->flight) {
        for (size_t i = 0; i < room->flight->roster.len; i++)
            kr_epoch_weigh(room->flight, i);
    }
    if (room->committed)
        kr_epoch_spare(room->committed);
}

/* Collecting is over: who still owes is silent, for all to know. */
static void end_collecting(struct kr_core *core, struct kr_room *room, struct kr_epoch *e)
{
    e->collected_ms = core->now.mono_ms;
    for (size_t i = 0; i < e->roster.len; i++)
        e->seats[i].silent = !e->seats[i].gone && (owes(e, i, KR_ROUND_1) || owes(e, i, KR_ROUND_2));
    kr_deliver_gathered(core, room, e);
    kr_deliver_round(core, room, e, KR_ROUND_2, true);
    for (size_t i = 0; i < e->roster.len; i++)
        kr_epoch_weigh(e, i);
}

void kr_epoch_advance(struct kr_core *core, struct kr_room *room)
{
    struct kr_epoch *e = room->flight;
    uint64_t now = core->now.mono_ms;
    if (e && e->stage == KR_STAGE_ROUND_1 &&
        (e->owed[KR_ROUND_1] == 0 || now >= e->announced_ms + e->deadline_ms / 4)) {
        e->stage = KR_STAGE_ROUND_2;
        if (kr_round_1_exists(&e->sealing))
            kr_deliver_round(core, room, e, KR_ROUND_1, false);
    }
    if (e && e->stage == KR_STAGE_ROUND_2 &&
        ((e->owed[KR_ROUND_1] == 0 && e->owed[KR_ROUND_2] == 0) ||
         now >= kr_leader_collects_until(room, e))) {
        if (kr_leader_failed(core, room))
            return;
        e->stage = KR_STAGE_ACKS;
        end_collecting(core, room, e);
    }
    if (e && e->stage == KR_STAGE_ACKS && now >= kr_epoch_deadline(room) && !kr_leader_failed(core, room))
        commit(core, room);
}

uint64_t kr_epoch_acks_until(const struct kr_epoch *e)
{
    uint64_t end = e->announced_ms + e->deadline_ms, late = e->collected_ms + e->deadline_ms / 2;
    return late > end ? late : end;
}

uint64_t kr_epoch_deadline(const struct kr_room *room)
{
    const struct kr_epoch *e = room->flight;
    uint64_t end = kr_epoch_acks_until(e);
    if (e->stage == KR_STAGE_ROUND_1)
        return e->announced_ms + e->deadline_ms / 4;
    if (e->stage == KR_STAGE_ROUND_2)
        return kr_leader_collects_until(room, e);
    uint64_t gap = room->commit_ms ? room->commit_ms + KR_COMMIT_GAP_MS : 0;
    uint64_t due = e->unacked == 0 ? e->announced_ms : end;
    return due > gap ? due : gap;
}

int kr_epoch_find(struct kr_room *room, uint64_t number, struct kr_epoch **ret_epoch)
{
    if (room->flight && room->flight->link.epoch == number) {
        *ret_epoch = room->flight;
        return 0;
    }
    if (room->committed && room->committed->link.epoch == number) {
        *ret_epoch = room->committed;
        return 0;
    }
    return number > room->epoch_high || number == 0 ? KR_E_UNKNOWN_EPOCH : KR_E_STALE_EPOCH;
}
