/* From a seed to a plan: who, and what goes wrong. A world is of one temper; the tempers take turns. */
#include <stdio.h>
#include <string.h>

#include "sim/plan/plan.h"
#include "sim/world/random.h"
#include "text/policy.h"

enum temper { CALM, ROUGH, CRASHES, LIARS, STORMS, POLICIES, EVERYTHING, TEMPERS };

struct weight {
    enum sim_act_kind kind;
    unsigned weight[TEMPERS];
};

static const struct weight weights[] = {
    /*                   calm rough crash liars storm policy all */
    {SIM_ACT_JOIN, {20, 12, 12, 12, 30, 12, 12}}, {SIM_ACT_LEAVE, {14, 6, 6, 6, 24, 6, 6}},
    {SIM_ACT_ROTATE, {6, 3, 5, 3, 3, 3, 3}},      {SIM_ACT_DETACH, {2, 1, 0, 0, 1, 1, 1}},
    {SIM_ACT_RELOAD, {0, 4, 2, 2, 6, 2, 3}},      {SIM_ACT_SLEEP, {0, 5, 2, 1, 2, 1, 2}},
    {SIM_ACT_SLOW, {0, 5, 2, 2, 2, 1, 2}},        {SIM_ACT_LOSE, {0, 8, 3, 2, 4, 2, 3}},
    {SIM_ACT_DEAF, {0, 4, 1, 1, 1, 1, 2}},        {SIM_ACT_MISS, {0, 4, 2, 2, 1, 1, 2}},
    {SIM_ACT_GHOST, {0, 2, 1, 0, 1, 0, 1}},       {SIM_ACT_REPEAT, {0, 3, 0, 1, 1, 0, 1}},
    {SIM_ACT_AGAIN, {0, 2, 1, 4, 0, 0, 1}},       {SIM_ACT_TURN, {0, 0, 0, 10, 0, 1, 3}},
    {SIM_ACT_FLOOD, {0, 0, 0, 2, 0, 0, 1}},       {SIM_ACT_FORK, {0, 0, 0, 5, 0, 0, 2}},
    {SIM_ACT_DOUBLE, {0, 1, 0, 2, 0, 0, 1}},      {SIM_ACT_KICK, {0, 1, 0, 1, 2, 2, 1}},
    {SIM_ACT_AFFILIATE, {0, 0, 0, 0, 0, 8, 2}},   {SIM_ACT_REVOKE, {0, 0, 1, 1, 1, 6, 2}},
    {SIM_ACT_APPROVE, {0, 0, 0, 0, 0, 4, 1}},     {SIM_ACT_POLICY, {0, 0, 0, 0, 0, 5, 1}},
    {SIM_ACT_CRASH, {0, 1, 12, 1, 0, 1, 4}},      {SIM_ACT_STOP, {0, 2, 3, 0, 1, 0, 2}},
    {SIM_ACT_CUT, {0, 3, 4, 1, 1, 1, 2}},         {SIM_ACT_STORE_FAIL, {0, 0, 5, 0, 0, 0, 2}},
    {SIM_ACT_STORE_SLOW, {0, 1, 3, 0, 1, 0, 1}},  {SIM_ACT_SERVER, {0, 1, 1, 0, 0, 0, 1}},
    {SIM_ACT_WALL, {0, 1, 1, 0, 0, 0, 1}},        {SIM_ACT_BACKUP, {0, 0, 1, 0, 0, 0, 1}},
    {SIM_ACT_RESTORE, {0, 0, 1, 0, 0, 0, 1}},
};
enum { WEIGHTS = sizeof(weights) / sizeof(weights[0]) };

static enum sim_act_kind pick_kind(struct sim_random *r, enum temper temper)
{
    unsigned total = 0;
    for (size_t i = 0; i < WEIGHTS; i++)
        total += weights[i].weight[temper];
    unsigned at = (unsigned)sim_below(r, total);
    for (size_t i = 0; i < WEIGHTS; i++) {
        if (at < weights[i].weight[temper])
            return weights[i].kind;
        at -= weights[i].weight[temper];
    }
    return SIM_ACT_ROTATE;
}

/* Mostly short, sometimes long. */
static int64_t some_ms(struct sim_random *r, uint64_t shorter, uint64_t longer)
{
    return (int64_t)(sim_chance(r, 75) ? sim_between(r, 1, shorter) : sim_between(r, shorter, longer));
}

static void detail(struct sim_random *r, struct sim_act *a)
{
    switch (a->kind) {
    case SIM_ACT_RELOAD:
        a->number = some_ms(r, 300, 6000);
        break;
    case SIM_ACT_SLEEP:
    case SIM_ACT_STOP:
        a->number = some_ms(r, 4000, 40000);
        break;
    case SIM_ACT_SLOW:
        a->number = sim_chance(r, 30) ? 0 : some_ms(r, 800, 5000);
        break;
    case SIM_ACT_LOSE:
    case SIM_ACT_CUT:
        a->word = (int)sim_below(r, 2);
        a->number = some_ms(r, 1500, 20000);
        break;
    case SIM_ACT_TURN:
        a->word = (int)sim_below(r, SIM_MISCHIEFS);
        break;
    case SIM_ACT_FLOOD:
        a->number = (int64_t)sim_between(r, 20, 400);
        break;
    case SIM_ACT_AFFILIATE:
        a->word = (int)sim_below(r, 5);
        break;
    case SIM_ACT_REVOKE:
    case SIM_ACT_APPROVE:
        a->word = (int)sim_below(r, 2);
        break;
    case SIM_ACT_DEAF:
    case SIM_ACT_GHOST:
    case SIM_ACT_MISS:
        a->number = (int64_t)sim_between(r, 1, 3);
        break;
    case SIM_ACT_REPEAT:
        a->number = (int64_t)sim_between(r, 1, 30);
        break;
    case SIM_ACT_CRASH:
        a->word = (int)sim_below(r, 5);
        a->number = some_ms(r, 800, 15000);
        break;
    case SIM_ACT_STORE_FAIL:
        a->word = (int)sim_below(r, 4);
        a->number = some_ms(r, 800, 8000);
        break;
    case SIM_ACT_STORE_SLOW:
        a->number = sim_chance(r, 40) ? 0 : some_ms(r, 50, 1200);
        break;
    case SIM_ACT_SERVER:
    case SIM_ACT_RESTORE:
        a->number = some_ms(r, 1500, 10000);
        break;
    case SIM_ACT_POLICY:
        a->word = (int)sim_below(r, 3);
        break;
    case SIM_ACT_WALL:
        a->number = (int64_t)sim_below(r, 8000000) - 4000000;
        break;
    default:
        break;
    }
}

static void add_people(struct sim_plan *p, struct sim_random *r, enum temper temper)
{
    static const char *const names[] = {"ann", "bob", "cid", "dot", "eve", "fay",
                                        "gus", "hal", "ivy", "joe", "kit", "lou"};
    bool small =
        p->cipher == SIM_CIPHER_OLM; /* an attach costs 12 ms then, and there are many seeds to run */
    size_t count = temper != STORMS ? sim_between(r, 2, small ? 3 : 6) : small ? 4 : sim_between(r, 6, 12);
    for (size_t i = 0; i < count; i++) {
        struct sim_role *role = sim_plan_add_role(p, names[i]);
        role->guest = sim_chance(r, 15);
        role->room = sim_chance(r, 8);
        if (i && sim_chance(r, 10))
            role->same_user_as = (int)sim_below(r, i);
        if (role->same_user_as >= 0)
            role->guest = p->roles[role->same_user_as].guest;
        while (role->same_user_as >= 0 && p->roles[role->same_user_as].same_user_as >= 0)
            role->same_user_as = p->roles[role->same_user_as].same_user_as;
        sim_plan_add(p, (struct sim_act){.at_ms = 60 + sim_below(r, sim_chance(r, 50) ? 1500 : 15000),
                                         .kind = SIM_ACT_JOIN,
                                         .who = (int)i});
    }
}

/* Drawn apart from the rest: without it, a seed stands for the plan it always stood for. */
static void add_source(struct sim_plan *p)
{
    struct sim_random r = sim_random(p->seed, "source", 0);
    uint64_t at = sim_below(&r, 100);
    p->source = at < 35 ? KR_SOURCE_LEADER : at >= 50 && at < 65 ? KR_SOURCE_SERVICE : KR_SOURCE_PARTICIPANTS;
    p->leader_above = at >= 35 && at < 50 ? (int)sim_between(&r, 2, 5) : 0;
    for (size_t i = 0; i < p->role_count; i++)
        p->roles[i].follows = !p->calm && sim_chance(&r, 25); /* in a calm room somebody leads */
}

void sim_plan_generate(struct sim_plan *p, uint64_t seed, enum sim_cipher cipher)
{
    struct sim_random r = sim_random(seed, "plan", 0);
    enum temper temper = (enum temper)sim_below(&r, TEMPERS);
    sim_plan_init(p);
    p->seed = seed;
    p->cipher = cipher;
    p->calm = temper == CALM;
    p->policy = temper == POLICIES || sim_chance(&r, 15) ? (int)sim_below(&r, 3) : 0;
    p->jitter_ms = temper == CALM ? (int)sim_between(&r, 1, 60)
                                  : (int)sim_between(&r, 1, sim_chance(&r, 80) ? 120 : 1500);
    p->end_ms = sim_between(&r, 10000, cipher == SIM_CIPHER_OLM ? 15000 : temper == STORMS ? 60000 : 40000);
    add_people(p, &r, temper);
    add_source(p);
    uint64_t gap = sim_between(&r, 400, 4000);
    for (uint64_t at = 1000; at < p->end_ms; at += 1 + sim_below(&r, 2 * gap)) {
        struct sim_act a = {.at_ms = at, .kind = pick_kind(&r, temper)};
        if (a.kind < SIM_ACT_CRASH)
            a.who = (int)sim_below(&r, p->role_count);
        detail(&r, &a);
        sim_plan_add(p, a);
    }
    sim_plan_sort(p);
}
