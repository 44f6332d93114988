/* What must be so when all has been well for a while, and when everybody has left. */
#include <string.h>

#include "base/err.h"
#include "sim/check/state.h"

/* Somebody of whom everything is promised: honest, told the truth, there, running. */
static bool is_honest(const struct sim_world *w, const struct sim_person *p)
{
    return p->client && !p->suspect && !w->check->people[p->index].forked_epoch;
}

/* Whose attach it is; NULL: nobody's that we know. */
static const struct sim_person *whose(const struct sim_world *w, const struct kr_id *attach)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct watched *other = &w->check->people[i];
        if (check_is_among(other->attaches, other->attach_count, attach))
            return &w->people[i];
    }
    return NULL;
}

/* The other members of its room; how many of them are honest. */
static size_t others(const struct sim_world *w, const struct sim_person *p, size_t *ret_honest)
{
    struct kr_id instance;
    uint64_t epoch;
    size_t count = 0;
    *ret_honest = 0;
    for (size_t i = 0; i < w->count; i++) {
        const struct sim_person *o = &w->people[i];
        if (o == p || o->role->room != p->role->room || !check_core_member(w, o, &instance, &epoch))
            continue;
        count++;
        *ret_honest += is_honest(w, o);
    }
    return count;
}

/* Whom nobody honest helps to a session does not send; who is alone does. */
static bool must_send(const struct sim_world *w, const struct sim_person *p)
{
    size_t honest;
    return others(w, p, &honest) == 0 || honest;
}

/* Nobody leads, or a leader that is not honest keeps its secret from it: as long as nobody else complains,
 * that stays so. */
static bool is_deprived(const struct sim_world *w, const struct sim_person *p)
{
    if (check_core_leaderless(w, p))
        return true;
    const struct kr_id *leader = p->client ? check_client_waits_for(p) : NULL;
    const struct sim_person *of = leader ? whose(w, leader) : NULL;
    return of && !is_honest(w, of);
}

static void check_keys(struct sim_world *w, const struct sim_person *p)
{
    struct kr_client_view v = kr_client_look(p->client);
    struct kr_id instance, missing[SIM_PEOPLE_MAX];
    uint64_t epoch = 0;
    const char *name = p->role->name;
    if (is_deprived(w, p))
        return;
    if (!check_core_member(w, p, &instance, &epoch)) {
        /* revoked, kept waiting by policy, or turned away for good: it knows */
        if (v.member)
            sim_violate(w, SIM_P_RECOVERY, "%s believes to be a member and is none", name);
        return;
    }
    if (!v.member || v.mismatched)
        sim_violate(w, SIM_P_RECOVERY, "%s is a member and %s", name,
                    v.member ? "says it was told otherwise" : "does not know");
    else if (v.newest != epoch ||
             ((!v.may_send || v.epoch != epoch || !kr_id_equal(&v.instance, &instance)) && must_send(w, p)))
        sim_violate(w, SIM_P_RECOVERY, "%s %s epoch %llu, knows %llu, and %llu is committed", name,
                    v.may_send ? "sends with" : "sends nothing, last", (unsigned long long)v.epoch,
                    (unsigned long long)v.newest, (unsigned long long)epoch);
    else if (v.exposed)
        sim_violate(w, SIM_P_RECOVERY, "%s still shows the room as exposed", name);
    size_t n = check_client_missing(p, missing, SIM_PEOPLE_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct sim_person *of = whose(w, &missing[i]);
        if (!of || is_honest(w, of))
            sim_violate(w, SIM_P_RECOVERY, "%s lacks the secret of %s in epoch %llu", name,
                        of ? of->role->name : "somebody", (unsigned long long)v.newest);
    }
}

static bool policy_changes(const struct sim_plan *plan)
{
    for (size_t i = 0; i < plan->act_count; i++)
        if (plan->acts[i].kind == SIM_ACT_POLICY)
            return true;
    return false;
}

/* In the room and wanting keys, and not even attached. */
static void check_attached(struct sim_world *w, const struct sim_person *p)
{
    struct kr_client_view v = kr_client_look(p->client);
    struct kr_id instance;
    uint64_t epoch;
    bool welcome = w->plan->policy == KR_AUTHORISE_OCCUPANTS ||
                   (w->plan->policy == KR_AUTHORISE_REGISTERED && !p->role->guest);
    if (p->wants && !v.joined)
        sim_violate(w, SIM_P_RECOVERY, "%s wants to be in the room and is not", p->role->name);
    else if (p->wants && welcome && !p->barred && !p->detached && !policy_changes(w->plan) &&
             !check_core_member(w, p, &instance, &epoch))
        sim_violate(w, SIM_P_RECOVERY, "%s may be a member and is none", p->role->name);
}

/* Each says a word, and each hears it. */
static void check_hearing(struct sim_world *w, struct sim_person *from)
{
    struct kr_id instance;
    uint64_t epoch;
    struct kr_buf frame, plain;
    static const char word[] = "a last word";
    if (!check_core_member(w, from, &instance, &epoch) || !must_send(w, from) || is_deprived(w, from))
        return;
    kr_buf_init(&frame, 256);
    kr_buf_init(&plain, 256);
    if (kr_client_seal_frame(from->client, kr_span(word, sizeof(word)), &frame) != 0)
        sim_violate(w, SIM_P_RECOVERY, "%s cannot seal a frame", from->role->name);
    for (size_t i = 0; i < w->count && frame.len; i++) {
        struct sim_person *to = &w->people[i];
        uint64_t named = 0;
        if (to == from || to->role->room != from->role->room || !is_honest(w, to) ||
            !check_core_member(w, to, &instance, &epoch) || is_deprived(w, to))
            continue;
        kr_buf_clear(&plain);
        int err = kr_client_open_frame(to->client, from->nick, kr_buf_span(&frame), &plain, &named);
        if (err)
            sim_violate(w, SIM_P_RECOVERY, "%s cannot open what %s sends (%s)", to->role->name,
                        from->role->name, kr_errname(err));
    }
    kr_buf_done(&plain);
    kr_buf_done(&frame);
}

/* Who is told nothing more, and sends nothing or to nobody honest, cannot know. */
static void check_fork(struct sim_world *w, const struct sim_person *p)
{
    const struct watched *me = &w->check->people[p->index];
    if (!p->client || p->suspect || !me->forked_epoch || me->said_mismatch)
        return;
    struct kr_client_view v = kr_client_look(p->client);
    size_t honest;
    others(w, p, &honest);
    if (v.mismatched || (v.may_send && honest))
        sim_violate(w, SIM_P_FORK, "%s was told another roster and has not said so", p->role->name);
}

void sim_check_settled(struct sim_world *w)
{
    for (size_t i = 0; i < w->count; i++) {
        struct sim_person *p = &w->people[i];
        check_fork(w, p);
        if (!is_honest(w, p) || !p->end.up)
            continue;
        check_attached(w, p);
        check_keys(w, p);
    }
    for (size_t i = 0; i < w->count && !sim_violation(w)->promise; i++)
        if (is_honest(w, &w->people[i]))
            check_hearing(w, &w->people[i]);
    if (!w->service.core)
        sim_violate(w, SIM_P_RECOVERY, "the service does not run");
}

void sim_check_emptied(struct sim_world *w)
{
    check_core_empty(w);
    for (size_t i = 0; i < w->count; i++) {
        const struct sim_person *p = &w->people[i];
        if (p->client && kr_client_look(p->client).held)
            sim_violate(w, SIM_P_BOUNDED, "%s has left and still holds keys", p->role->name);
    }
}
