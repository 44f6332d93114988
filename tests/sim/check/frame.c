/* Frames: opened by nobody whose epoch it is not, and by everybody else where nothing fails. */
#include "base/err.h"
#include "sim/check/state.h"

void sim_check_spoken(struct sim_world *w, struct sim_person *p, struct sim_frame *f)
{
    check_client_spoken(w, p, f);
}

/* Is one of its attaches in that epoch's roster? */
static bool was_in(const struct watched *me, const struct seen_epoch *e)
{
    for (size_t i = 0; i < me->attach_count; i++)
        if (check_is_among(e->members, e->member_count, &me->attaches[i]))
            return true;
    return false;
}

static bool is_in_now(const struct watched *me, const struct seen_epoch *e)
{
    return me->attach_count &&
           check_is_among(e->members, e->member_count, &me->attaches[me->attach_count - 1]);
}

void sim_check_heard(struct sim_world *w, struct sim_person *p, const struct sim_frame *f, int err)
{
    struct sim_check *c = w->check;
    const struct watched *me = &c->people[p->index];
    const struct sim_person *from = &w->people[f->from];
    const struct seen_epoch *e = check_seen_epoch(c, &f->context);
    c->seen.frames_opened += err == 0;
    c->seen.frames_refused += err != 0;
    if (!e)
        return;
    if (!err && !was_in(me, e))
        sim_violate(w, SIM_P_ROSTER, "%s opens a frame of %s of epoch %llu, in which it is not",
                    p->role->name, from->role->name, (unsigned long long)f->epoch);
    bool both_there = sim_muc_has(w, p->role->room, p->index) && sim_muc_has(w, p->role->room, f->from);
    if (err && w->plan->calm && both_there && is_in_now(me, e) && kr_client_look(p->client).member)
        sim_violate(w, SIM_P_FRAMES, "%s loses a frame of %s of epoch %llu (%s)", p->role->name,
                    from->role->name, (unsigned long long)f->epoch, kr_errname(err));
}
