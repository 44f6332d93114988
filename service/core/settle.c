#include "core/settle.h"

#include <stdlib.h>

#include "core/deliver.h"
#include "core/epoch.h"
#include "core/member.h"

bool kr_settle_all_slow(const struct kr_room *room, const struct kr_roster *roster)
{
    for (size_t i = 0; i < roster->len; i++)
        if (!kr_attach_find(room, &roster->entries[i].attach)->slow)
            return false;
    return true;
}

/* missed[i]: how many of those who acked do not hold the secret of seat i. Returns how many acked. */
static size_t count_missed(const struct kr_epoch *e, size_t *missed)
{
    size_t acked = 0;
    for (size_t i = 0; i < e->roster.len; i++) {
        const struct kr_seat *s = &e->seats[i];
        if (!s->acked || s->gone)
            continue;
        acked++;
        for (size_t k = 0; k < s->missing_count; k++)
            missed[s->missing[k]]++;
    }
    return acked;
}

/* More than half of the others who acked miss it: the fault is the sender's, not theirs. */
static bool is_faulty(const struct kr_epoch *e, size_t seat, const size_t *missed, size_t acked)
{
    size_t others = acked - (e->seats[seat].acked && !e->seats[seat].gone);
    return missed[seat] * 2 > others;
}

/* Is the seat late through no fault of its own? */
static bool is_excused(const struct kr_epoch *e, size_t seat, const size_t *missed, size_t acked)
{
    const struct kr_seat *s = &e->seats[seat];
    for (size_t k = 0; k < s->missing_count; k++) {
        const struct kr_seat *m = &e->seats[s->missing[k]];
        struct kr_packed entry;
        if (kr_sealed_entry(e, s->missing[k], seat, &entry) && entry.type == KR_PACKED_WITHHELD)
            continue;
        if (!m->silent && !m->gone && m->trusted && !is_faulty(e, s->missing[k], missed, acked))
            return false;
    }
    return s->acked;
}

static void judge_speed(struct kr_core *core, const struct kr_room *room, const struct kr_epoch *e,
                        size_t seat, struct kr_attach *a, const size_t *missed, size_t acked)
{
    bool late = core->now.mono_ms >= kr_epoch_acks_until(e);
    if (late && is_faulty(e, seat, missed, acked) && !e->seats[seat].silent)
        a->faulty = true;
    else if (missed[seat] == 0 && !e->seats[seat].silent)
        a->faulty = false;
    if (e->seats[seat].ok) {
        a->slow = false;
    } else if (late && e->seats[seat].waited && !is_excused(e, seat, missed, acked)) {
        a->slow = true;
        kr_trace(core, KR_TRACE_INFO,
                 "laggard " KR_PEER " in " KR_PEER " -> not waited for (epoch %llu ran to its deadline)",
                 a->participant, room->jid, (unsigned long long)e->link.epoch);
    }
}

void kr_settle_members(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e)
{
    size_t *missed = kr_calloc(e->roster.len, sizeof(*missed));
    size_t acked = count_missed(e, missed);
    for (size_t i = 0; i < e->roster.len; i++) {
        struct kr_attach *a = kr_attach_find(room, &e->roster.entries[i].attach);
        if (!a || e->seats[i].gone)
            continue;
        judge_speed(core, room, e, i, a, missed, acked);
        if (!a->settled) {
            a->settled = true;
            kr_attach_store(core, room, a);
        }
    }
    free(missed);
}
