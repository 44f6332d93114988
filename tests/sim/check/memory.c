/* The core's memory: against the store, and against the limits. The only place of the simulation that knows
 * what the core looks like inside. */
#include "core/state.h"

#include <string.h>

#include "sim/check/state.h"

/* A ratchet is followed by everybody who held its parent: nobody of those may be missing (docs/protocol.md
 * 5.5). */
static void check_ratchet(struct sim_world *w, const struct kr_epoch *e, const struct known_epoch *k)
{
    const struct sim_check *c = w->check;
    if (e->link.kind != KR_EPOCH_RATCHET)
        return;
    const struct mirror_epoch *before = mirror_find_epoch(&c->written, &e->instance, e->prev);
    const struct known_epoch *parent = check_epoch(c, &e->instance, e->prev);
    if (!e->has_prev || !before || before->fate != KR_FATE_COMMITTED)
        sim_violate(w, SIM_P_ROSTER, "epoch %llu ratchets from one that was not committed",
                    (unsigned long long)e->link.epoch);
    for (size_t i = 0; parent && i < parent->member_count; i++)
        if (!check_is_among(k->members, k->member_count, &parent->members[i]))
            sim_violate(w, SIM_P_ROSTER, "epoch %llu ratchets, and who left can follow it",
                        (unsigned long long)e->link.epoch);
}

static void keep_roster(struct sim_world *w, const struct kr_epoch *e)
{
    struct sim_check *c = w->check;
    struct known_epoch *k = check_epoch(c, &e->instance, e->link.epoch);
    if (k && k->members)
        return;
    if (!k) { /* announced in a turn that is not committed yet */
        k = kr_calloc(1, sizeof(*k));
        k->key.instance = e->instance;
        k->key.epoch = e->link.epoch;
        HASH_ADD(hh, c->epochs, key, sizeof(k->key), k);
    }
    k->members = kr_calloc(e->roster.len, sizeof(*k->members));
    k->member_count = e->roster.len;
    for (size_t i = 0; i < e->roster.len; i++)
        k->members[i] = e->roster.entries[i].attach;
    check_ratchet(w, e, k);
}

void check_rosters(struct sim_world *w)
{
    const struct kr_core *core = w->service.core;
    for (const struct kr_room *room = core->rooms; room; room = room->hh.next) {
        if (room->flight)
            keep_roster(w, room->flight);
        if (room->committed)
            keep_roster(w, room->committed);
    }
}

static void differ(struct sim_world *w, const struct kr_room *room, const char *what)
{
    sim_violate(w, SIM_P_MEMORY, "%s: memory and store differ in %s", room->jid, what);
}

static const struct mirror_attach *mirrored(const struct mirror *m, const struct kr_id *id)
{
    for (size_t i = 0; i < m->attach_count; i++)
        if (kr_id_equal(&m->attaches[i].attach, id))
            return &m->attaches[i];
    return NULL;
}

static void check_attaches(struct sim_world *w, const struct kr_room *room, int at)
{
    const struct mirror *m = &w->check->committed;
    size_t stored = 0;
    for (size_t i = 0; i < m->attach_count; i++)
        stored += m->attaches[i].room == at;
    if (stored != HASH_COUNT(room->attaches))
        differ(w, room, "how many are attached");
    for (const struct kr_attach *a = room->attaches; a; a = a->hh.next) {
        const struct mirror_attach *s = mirrored(m, &a->id);
        if (!s || s->member != a->member || s->settled != a->settled || strcmp(s->jid, a->full_jid) != 0)
            differ(w, room, "an attach");
    }
}

static void check_room(struct sim_world *w, const struct kr_room *room, int at)
{
    const struct mirror *m = &w->check->committed;
    bool has = room->has_instance && room->instance_stored;
    if (has != m->rooms[at].has)
        differ(w, room, "whether it has an instance");
    if (has && (!kr_id_equal(&room->instance, &m->rooms[at].instance) ||
                room->epoch_high != m->rooms[at].epoch_high))
        differ(w, room, "instance or highest epoch");
    check_attaches(w, room, at);
    const struct kr_link_kept *last = room->chain_len ? &room->chain[room->chain_len - 1] : NULL;
    const struct mirror_epoch *stored = last ? mirror_find_epoch(m, &room->instance, last->link.epoch) : NULL;
    if (last && (!stored || stored->fate != last->fate || !kr_digest_equal(&stored->context, &last->context)))
        differ(w, room, "the last epoch");
    if (room->flight &&
        (!last || last->link.epoch != room->flight->link.epoch || last->fate != KR_FATE_IN_FLIGHT))
        differ(w, room, "the epoch in flight");
}

static void bounded(struct sim_world *w, size_t count, size_t most, const char *what)
{
    if (count > most)
        sim_violate(w, SIM_P_BOUNDED, "the service holds %zu %s, at most %zu are meant", count, what, most);
}

static void check_bounds(struct sim_world *w)
{
    const struct kr_core *core = w->service.core;
    bounded(w, HASH_COUNT(core->rooms), KR_ROOMS_MAX, "rooms");
    bounded(w, HASH_COUNT(core->pendings), 0, "questions without an answer behind a turn");
    bounded(w, HASH_COUNT(core->refusals), KR_REFUSALS_KEPT, "counts of refusals");
    bounded(w, HASH_COUNT(core->buckets), (size_t)4 * SIM_PEOPLE_MAX, "buckets");
    for (const struct kr_room *room = core->rooms; room; room = room->hh.next) {
        bounded(w, HASH_COUNT(room->occupants), KR_OCCUPANTS_MAX, "occupants");
        bounded(w, kr_core_deadline(core) == 0, 0, "deadlines at the beginning of time");
        bounded(w, room->chain_len, KR_CHAIN_MAX, "links of a chain");
        bounded(w, room->gone_count, room->announced.attaches.len, "words about who is gone");
        for (const struct kr_attach *a = room->attaches; a; a = a->hh.next)
            bounded(w, a->pairs.len, HASH_COUNT(room->attaches), "pairs of an attach");
    }
}

void check_memory(struct sim_world *w)
{
    const struct kr_core *core = w->service.core;
    if (!core)
        return;
    if (core->log.tree.size != w->check->committed.log_size)
        sim_violate(w, SIM_P_MEMORY, "memory and store differ in the size of the log");
    for (const struct kr_room *room = core->rooms; room; room = room->hh.next) {
        int at = check_room_of(room->jid);
        if (at >= 0)
            check_room(w, room, at);
    }
    check_bounds(w);
}

void check_core_empty(struct sim_world *w)
{
    const struct kr_core *core = w->service.core;
    if (!core)
        return;
    bounded(w, HASH_COUNT(core->buckets), 0, "buckets, and nobody is there");
    bounded(w, HASH_COUNT(core->refusals), 0, "counts of refusals, and nobody is there");
    for (const struct kr_room *room = core->rooms; room; room = room->hh.next) {
        bounded(w, HASH_COUNT(room->occupants), 0, "occupants, and nobody is there");
        bounded(w, HASH_COUNT(room->attaches), 0, "attaches, and nobody is there");
        bounded(w, room->used.len, 0, "used attach ids, and nobody is there");
        bounded(w, room->has_instance && room->instance_stored, 0, "instances, and nobody is there");
        bounded(w, room->flight != NULL, 0, "epochs in flight, and nobody is there");
        bounded(w, room->committed != NULL, 0, "committed epochs, and nobody is there");
        bounded(w, room->leave_count, 0, "leaves to answer, and nobody is there");
    }
    for (const struct kr_opening *o = core->openings; o; o = o->hh.next) {
        static const struct kr_id nowhere;
        bounded(w, !kr_id_equal(&o->instance, &nowhere), 0, "openings of an instance that is over");
    }
}

bool check_core_leaderless(const struct sim_world *w, const struct sim_person *p)
{
    const struct kr_room *room = NULL;
    if (w->service.core)
        HASH_FIND_STR(w->service.core->rooms, sim_room_jid[p->role->room], room);
    for (const struct kr_attach *a = room ? room->attaches : NULL; a; a = a->hh.next)
        if (a->confirmed && a->member && !a->held && a->lead && a->lead_fault != KR_LEAD_LIED)
            return false;
    return room && room->leaderless && room->policy.source == KR_SOURCE_LEADER;
}

bool check_core_member(const struct sim_world *w, const struct sim_person *p, struct kr_id *ret_instance,
                       uint64_t *ret_epoch)
{
    const struct kr_core *core = w->service.core;
    for (const struct kr_room *room = core ? core->rooms : NULL; room; room = room->hh.next) {
        if (check_room_of(room->jid) != p->role->room)
            continue;
        *ret_instance = room->instance;
        *ret_epoch = room->committed ? room->committed->link.epoch : 0;
        for (const struct kr_attach *a = room->attaches; a; a = a->hh.next)
            if (a->confirmed && a->member && strcmp(a->full_jid, p->jid) == 0)
                return true;
    }
    return false;
}
