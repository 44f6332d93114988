/* What the clients hold and send with. The only place of the simulation that knows what a client looks like
 * inside. */
#include "client/state.h"

#include <string.h>

#include "sim/check/state.h"

enum { PENDING_MAX = 128, GRACE_MS = 5 };

/* --- ROSTER and FORK: secrets --- */

static const struct kr_id *attach_of(const struct kr_epoch_state *e, size_t index)
{
    return &e->roster.entries[index].attach;
}

/* Has the seat a secret of its own? In an epoch with a leader only the leader has. */
static bool is_source(const struct kr_epoch_state *e, size_t index)
{
    return kr_secret_of(&e->sealing, index) == index;
}

static bool is_of(const struct epoch_key *key, const struct kr_epoch_state *e)
{
    return key->epoch == e->link.epoch && kr_id_equal(&key->instance, &e->instance);
}

static void check_held(struct sim_world *w, struct sim_person *p, const struct kr_epoch_state *e,
                       size_t index)
{
    struct sim_check *c = w->check;
    const struct kr_secret *secret = kr_epoch_secret(e, index);
    struct known_secret *s = secret->len == 32 ? check_secret(c, secret->ptr) : NULL;
    if (!s) {
        if (secret->len == 32)
            check_secret_known(c, secret->ptr, &e->context, attach_of(e, index));
        return;
    }
    const struct seen_epoch *made_for = check_seen_epoch(c, &s->context);
    if (made_for && !check_is_among(made_for->members, made_for->member_count, &e->attach))
        sim_violate(w, SIM_P_ROSTER, "%s holds a secret of epoch %llu, in which it is not", p->role->name,
                    (unsigned long long)made_for->key.epoch);
    else if (made_for && !is_of(&made_for->key, e)) /* who is in one of them only has the other's */
        sim_violate(w, SIM_P_ROSTER, "%s holds in epoch %llu a secret of epoch %llu", p->role->name,
                    (unsigned long long)e->link.epoch, (unsigned long long)made_for->key.epoch);
    else if (!kr_digest_equal(&s->context, &e->context))
        sim_violate(w, SIM_P_FORK, "%s holds in epoch %llu a secret that was made for another context",
                    p->role->name, (unsigned long long)e->link.epoch);
    else if (!kr_id_equal(&s->sender, attach_of(e, index)))
        sim_violate(w, SIM_P_ROSTER, "%s holds one member's secret as another's", p->role->name);
}

static void see_epoch(struct sim_world *w, struct sim_person *p, const struct kr_epoch_state *e)
{
    struct sim_check *c = w->check;
    struct watched *me = &c->people[p->index];
    if (!check_seen_epoch(c, &e->context)) {
        struct seen_epoch *s = kr_calloc(1, sizeof(*s));
        s->context = e->context;
        s->key.instance = e->instance;
        s->key.epoch = e->link.epoch;
        s->members = kr_calloc(e->roster.len, sizeof(*s->members));
        s->member_count = e->roster.len;
        for (size_t i = 0; i < e->roster.len; i++)
            s->members[i] = *attach_of(e, i);
        HASH_ADD(hh, c->seen_epochs, context, sizeof(s->context), s);
    }
    const struct known_epoch *k = check_epoch(c, &e->instance, e->link.epoch);
    bool agrees = k && k->stored && kr_digest_equal(&k->context, &e->context);
    if (!agrees && !p->forked)
        sim_violate(w, SIM_P_FORK, "%s has another context for epoch %llu than the service", p->role->name,
                    (unsigned long long)e->link.epoch);
    if (agrees && !kr_digest_equal(&k->roster, &e->link.roster))
        sim_violate(w, SIM_P_FORK, "%s was told another roster of epoch %llu, and has the others' context",
                    p->role->name, (unsigned long long)e->link.epoch);
    me->forked_epoch = me->forked_epoch || !agrees;
}

static void see_attach(struct watched *me, const struct kr_client *c, uint64_t now_ms)
{
    if (c->phase < KR_PHASE_ATTACHING || check_is_among(me->attaches, me->attach_count, &c->attach))
        return;
    if (me->attach_count == SIM_ATTACHES_KEPT) {
        memmove(me->attaches, me->attaches + 1, (SIM_ATTACHES_KEPT - 1) * sizeof(me->attaches[0]));
        me->attach_count--;
    }
    me->attaches[me->attach_count++] = c->attach;
    me->said_mismatch = me->forked_epoch = false;
    me->member_since_ms = now_ms;
}

/* --- EXPOSURE --- */

static struct absent *find_absent(struct watched *me, const struct kr_id *attach)
{
    for (size_t i = 0; i < me->absent_count; i++)
        if (kr_id_equal(&me->absent[i].attach, attach))
            return &me->absent[i];
    return NULL;
}

/* The first epoch after the one in use that leaves the attach out, if one was accepted. */
static const struct kr_epoch_state *answer_to(const struct kr_client *c, const struct kr_id *attach)
{
    const struct kr_epoch_state *first = NULL;
    for (const struct kr_epoch_state *e = c->epochs; e && e != c->sending; e = e->next)
        if (kr_roster_find(&e->roster, attach) < 0)
            first = e;
    return first;
}

/* The device of a roster line of the epoch in use; peers that are in no newer roster are forgotten. */
static struct kr_id device_of(const struct kr_roster_entry *m)
{
    return kr_device_id(&m->ed25519, &m->curve25519);
}

static void mark_absent(struct sim_world *w, struct watched *me, const struct kr_client *c,
                        const struct kr_roster_entry *m)
{
    struct absent *a = find_absent(me, &m->attach);
    if (!a) {
        if (me->absent_count == SIM_PEOPLE_MAX)
            return;
        a = &me->absent[me->absent_count++];
        *a = (struct absent){.attach = m->attach, .since_ms = w->now.mono_ms};
    }
    a->marked = true;
    const struct kr_epoch_state *e = answer_to(c, &m->attach);
    if (!e)
        a->answered = false;
    if (e && !a->answered) {
        a->answered = true;
        a->due_ms = w->now.mono_ms + e->deadline_ms + KR_UNSEALED_STOP_MS;
    }
}

/* Who holds the key that we send with, and is not there. */
static void watch_absent(struct sim_world *w, struct sim_person *p)
{
    struct watched *me = &w->check->people[p->index];
    const struct kr_client *c = p->client;
    if (!c->in_room)
        me->absent_count = 0;
    if (!c->sending) /* who was gone before is so still when sending goes on */
        return;
    for (size_t i = 0; i < me->absent_count; i++)
        me->absent[i].marked = false;
    for (size_t i = 0; i < c->sending->roster.len; i++) {
        const struct kr_roster_entry *m = &c->sending->roster.entries[i];
        struct kr_id device = device_of(m);
        if (i != c->sending->me && !kr_presence_shows(c, m->participant, &device))
            mark_absent(w, me, c, m);
    }
    size_t n = 0;
    for (size_t i = 0; i < me->absent_count; i++)
        if (me->absent[i].marked)
            me->absent[n++] = me->absent[i];
    me->absent_count = n;
}

void check_client_time(struct sim_world *w, struct sim_person *p)
{
    struct watched *me = &w->check->people[p->index];
    if (!me->absent_count || !p->client || !sim_runs(w, p->index) || !p->client->sending)
        return;
    const struct kr_client *c = p->client;
    for (size_t i = 0; i < me->absent_count; i++) {
        const struct absent *a = &me->absent[i];
        uint64_t now = w->now.mono_ms;
        if (a->answered && now > a->due_ms + GRACE_MS)
            sim_violate(w, SIM_P_EXPOSURE, "%s still sends with a key of epoch %llu %llu ms after its bound",
                        p->role->name, (unsigned long long)c->sending->link.epoch,
                        (unsigned long long)(now - a->due_ms));
        else if (!a->answered && now > a->since_ms + KR_EXPOSED_MS + GRACE_MS && !c->exposed)
            sim_violate(
                w, SIM_P_EXPOSURE,
                "%s has sent for %llu ms with a key that somebody holds who is gone, and shows nothing",
                p->role->name, (unsigned long long)(now - a->since_ms));
        uint64_t deadline = c->sending->deadline_ms;
        uint64_t most = (deadline > 1000 ? deadline : 1000) + deadline + KR_SWITCH_SLACK_MS +
                        4 * (uint64_t)w->plan->jitter_ms + 50;
        if (w->plan->calm && now > a->since_ms + most)
            sim_violate(w, SIM_P_EXPOSURE, "%s sends with a key that somebody holds who left %llu ms ago",
                        p->role->name, (unsigned long long)(now - a->since_ms));
    }
}

/* --- BOUNDED --- */

static void check_bounds(struct sim_world *w, const struct sim_person *p)
{
    const struct kr_client *c = p->client;
    size_t epochs = 0, pending = 0;
    for (const struct kr_epoch_state *e = c->epochs; e; e = e->next)
        epochs++;
    for (const struct kr_pending *q = c->pending; q; q = q->next)
        pending++;
    if (epochs > KR_EPOCHS_HELD_MAX)
        sim_violate(w, SIM_P_BOUNDED, "%s holds the keys of %zu epochs", p->role->name, epochs);
    if (pending > PENDING_MAX)
        sim_violate(w, SIM_P_BOUNDED, "%s waits for %zu answers", p->role->name, pending);
    if (p->deadline_ms < w->now.mono_ms)
        sim_violate(w, SIM_P_BOUNDED, "%s wants to run in the past", p->role->name);
}

/* --- what the world asks --- */

void check_client_look(struct sim_world *w, struct sim_person *p)
{
    struct watched *me = &w->check->people[p->index];
    const struct kr_client *c = p->client;
    if (!c) {
        me->absent_count = me->held = 0;
        me->epoch = NULL;
        return;
    }
    see_attach(me, c, w->now.mono_ms);
    const struct kr_epoch_state *e = c->epochs;
    if (e != me->epoch) {
        me->epoch = e;
        me->held = 0;
        if (e)
            see_epoch(w, p, e);
    }
    size_t held = 0;
    for (size_t i = 0; e && i < e->roster.len; i++)
        held += is_source(e, i) && kr_epoch_holds(e, i);
    if (e && held != me->held) {
        for (size_t i = 0; i < e->roster.len; i++)
            if (is_source(e, i) && kr_epoch_holds(e, i))
                check_held(w, p, e, i);
        me->held = held;
    }
    watch_absent(w, p);
    check_bounds(w, p);
}

void check_client_spoken(struct sim_world *w, struct sim_person *p, struct sim_frame *f)
{
    const struct kr_epoch_state *e = p->client->sending;
    (void)w;
    if (!e)
        return;
    f->attach = e->attach;
    f->instance = e->instance;
    f->epoch = e->link.epoch;
    f->context = e->context;
}

bool check_client_in(const struct sim_person *p, const struct kr_digest *context)
{
    for (const struct kr_epoch_state *e = p->client->epochs; e; e = e->next)
        if (kr_digest_equal(&e->context, context))
            return true;
    return false;
}

/* The one who makes the keys of its newest epoch for all; NULL: nobody does, or it holds them. */
const struct kr_id *check_client_waits_for(const struct sim_person *p)
{
    const struct kr_epoch_state *e = p->client->epochs;
    bool lacks = e && kr_source_is_led(e->link.source) && !kr_epoch_holds(e, e->me);
    return lacks ? &e->link.leader : NULL;
}

size_t check_client_missing(const struct sim_person *p, struct kr_id *out, size_t max)
{
    const struct kr_epoch_state *e = p->client->epochs;
    size_t n = 0;
    for (size_t i = 0; e && i < e->roster.len && n < max; i++)
        if (is_source(e, i) && !kr_epoch_holds(e, i))
            out[n++] = *attach_of(e, i);
    return n;
}
