#include "core/leader.h"

#include <string.h>

#include "core/audit.h"
#include "core/deliver.h"
#include "core/epoch.h"
#include "core/member.h"
#include "core/own.h"
#include "core/room.h"

/* --- the choice --- */

static const struct kr_epoch_link *last_link(const struct kr_room *room)
{
    return room->chain_len ? &room->chain[room->chain_len - 1].link : NULL;
}

static bool was_led(const struct kr_room *room)
{
    const struct kr_epoch_link *last = last_link(room);
    return last && kr_source_is_led(last->source);
}

/* Longest attached first; the id makes the order a total one. */
static bool before(const struct kr_attach *a, const struct kr_attach *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : memcmp(a->id.b, b->id.b, sizeof(a->id.b)) < 0;
}

/* Who is not waited for leads only if nobody else can; who was deposed, only then, and the longest ago first;
 * who lied, never. */
static bool better(const struct kr_attach *a, const struct kr_attach *b)
{
    if (a->lead_fault != b->lead_fault)
        return a->lead_fault < b->lead_fault;
    if (a->deposed_ms != b->deposed_ms)
        return a->deposed_ms < b->deposed_ms;
    if (a->slow != b->slow)
        return !a->slow;
    return before(a, b);
}

static struct kr_attach *best(const struct kr_room *room)
{
    struct kr_attach *found = NULL;
    for (struct kr_attach *a = room->attaches; a; a = a->hh.next) {
        if (kr_room_is_in(a) && a->lead && a->lead_fault != KR_LEAD_LIED && (!found || better(a, found)))
            found = a;
    }
    return found;
}

static bool all_take_part(const struct kr_room *room, size_t *ret_members)
{
    size_t members = 0;
    bool all = true;
    for (const struct kr_attach *a = room->attaches; a; a = a->hh.next) {
        if (!kr_room_is_in(a))
            continue;
        members++;
        all = all && (a->sources & KR_SOURCE_BIT(KR_SOURCE_LEADER));
    }
    *ret_members = members;
    return all;
}

struct kr_choice kr_leader_choose(const struct kr_room *room)
{
    struct kr_choice c = {.source = room->policy.source};
    if (c.source == KR_SOURCE_PARTICIPANTS && room->policy.leader_above) {
        size_t members = 0;
        uint64_t above = room->policy.leader_above;
        bool all = all_take_part(room, &members);
        bool many = was_led(room) ? members * 5 >= above * 4 : members > above;
        c.leader = all && many ? best(room) : NULL;
        c.source = c.leader ? KR_SOURCE_LEADER : c.source;
    } else if (c.source == KR_SOURCE_LEADER) {
        c.leader = best(room);
    } else if (c.source == KR_SOURCE_SERVICE) {
        c.leader = kr_own_leader(room);
    }
    return c;
}

int kr_leader_admits(const struct kr_room *room, unsigned sources)
{
    enum kr_source source = room->policy.source;
    if (!(sources & KR_SOURCE_BIT(source)))
        return KR_E_NOT_ALLOWED;
    bool led = source == KR_SOURCE_LEADER || (source == KR_SOURCE_PARTICIPANTS && was_led(room));
    if (led && !(sources & KR_SOURCE_BIT(KR_SOURCE_LEADER)))
        return KR_E_ROOM_FULL; /* with it, everybody would have to seal for everybody again */
    bool each = source == KR_SOURCE_PARTICIPANTS && !led;
    return kr_room_members(room) < (size_t)(each ? KR_MEMBERS_MAX : KR_LED_MEMBERS_MAX) ? 0 : KR_E_ROOM_FULL;
}

/* --- the leader of an epoch --- */

static bool is_led(const struct kr_epoch *e)
{
    return e && e->sealing.leader < e->roster.len;
}

static bool has_sealed(const struct kr_epoch *e)
{
    return e->seats[e->sealing.leader].sent[KR_ROUND_2] ||
           kr_round_count(&e->sealing, KR_ROUND_2, e->sealing.leader) == 0;
}

struct kr_attach *kr_leader_of(const struct kr_room *room, const struct kr_epoch *e)
{
    return is_led(e) ? kr_attach_find(room, &e->link.leader) : NULL;
}

uint64_t kr_leader_collects_until(const struct kr_room *room, const struct kr_epoch *e)
{
    const struct kr_attach *a = kr_leader_of(room, e);
    uint64_t half_ms = e->deadline_ms / 2;
    bool patient = a && a->lead_fault != KR_LEAD_FINE && half_ms < KR_LEADER_PATIENCE_MS;
    return e->announced_ms + (patient ? (uint64_t)KR_LEADER_PATIENCE_MS : half_ms);
}

void kr_leader_depose(struct kr_core *core, struct kr_room *room, const struct kr_id *attach,
                      enum kr_lead_fault fault, const char *why)
{
    struct kr_attach *a = kr_attach_find(room, attach);
    if (a) {
        a->lead_fault = fault > a->lead_fault ? fault : a->lead_fault;
        a->deposed_ms = core->now.mono_ms;
        kr_attach_store(core, room, a);
        kr_audit_attach(core, "deposed", room, a, why);
        core->stats.leaders_deposed++;
        room->leaders_failed++;
        room->state_due = true;
        kr_trace(core, KR_TRACE_WARN, "leader " KR_PEER " of " KR_PEER " -> deposed (%s)", a->participant,
                 room->jid, why);
    }
    kr_room_change(core, room, KR_REASON_LEADER, true);
    if (room->flight && kr_id_equal(&room->flight->link.leader, attach))
        kr_epoch_abandon(core, room, why);
}

/* How many of the others that answered lack the secret. */
static bool most_lack_it(const struct kr_epoch *e)
{
    size_t others = 0, lack = 0;
    for (size_t i = 0; i < e->roster.len; i++) {
        const struct kr_seat *s = &e->seats[i];
        if (i == e->sealing.leader || !s->acked || s->gone)
            continue;
        others++;
        lack += s->missing_count != 0; /* there is but one secret */
    }
    return lack * 2 > others;
}

bool kr_leader_failed(struct kr_core *core, struct kr_room *room)
{
    const struct kr_epoch *e = room->flight;
    if (!is_led(e))
        return false;
    bool silent = !has_sealed(e);
    if (!silent && !(e->stage == KR_STAGE_ACKS && most_lack_it(e)))
        return false;
    struct kr_id leader = e->link.leader;
    kr_leader_depose(core, room, &leader, KR_LEAD_LATE,
                     silent ? "it has not sealed in time" : "most could not open what it sealed");
    return true;
}

bool kr_leader_left(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e, size_t seat)
{
    if (!is_led(e) || e != room->flight || seat != e->sealing.leader || has_sealed(e))
        return false;
    kr_room_change(core, room, KR_REASON_LEADER, true);
    kr_epoch_abandon(core, room, "its leader has left");
    return true;
}

/* --- accusations --- */

bool kr_leader_accused(const struct kr_epoch *e, size_t seat)
{
    const struct kr_seat *s = &e->seats[seat];
    if (!is_led(e) || !s->acked)
        return false;
    return s->accuses || (s->has_confirm && e->has_confirm && !kr_digest_equal(&s->confirm, &e->confirm));
}

static bool by_most(const struct kr_epoch *e)
{
    size_t others = 0, accusers = 0;
    for (size_t i = 0; i < e->roster.len; i++) {
        if (i == e->sealing.leader || !e->seats[i].acked || e->seats[i].gone)
            continue;
        others++;
        accusers += kr_leader_accused(e, i);
    }
    return accusers * 2 > others;
}

void kr_leader_judge(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e,
                     struct kr_attach *accuser)
{
    const struct kr_attach *leader = kr_leader_of(room, e);
    if (!leader || leader == accuser)
        return;
    if (e->link.source == KR_SOURCE_SERVICE) {
        kr_own_accused(core, room, leader, accuser);
        return;
    }
    struct kr_id id = leader->id;
    /* One voice is enough, once: it may be the only one that was told something else. It must not be enough
     * for one member to bring down all leaders, one after the other. */
    if (by_most(e))
        kr_leader_depose(core, room, &id, KR_LEAD_LIED, "most say that its secret is another one");
    else if (!accuser->has_accused)
        kr_leader_depose(core, room, &id, KR_LEAD_DOUBTED, "a member says that its secret is another one");
    accuser->has_accused = true;
}

void kr_leader_sealed(struct kr_core *core, struct kr_room *room, struct kr_epoch *e)
{
    for (size_t i = 0; room->flight == e && i < e->roster.len; i++) {
        struct kr_attach *a = kr_attach_find(room, &e->roster.entries[i].attach);
        if (a && kr_leader_accused(e, i))
            kr_leader_judge(core, room, e, a);
        else
            kr_epoch_weigh(e, i);
    }
}
