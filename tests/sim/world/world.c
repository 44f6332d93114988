#include "sim/world/world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "sim/check/check.h"

enum { START_MS = 1000000, SAME_MS_STEPS_MAX = 50000 };

void sim_say(struct sim_world *w, const char *who, const char *fmt, ...)
{
    char line[1024];
    va_list ap;
    if (!w->trace)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    w->trace(w->trace_arg, w->now.mono_ms - START_MS, who, line);
}

void sim_later(struct sim_world *w, uint64_t in_ms, enum sim_item_kind kind, int who, uint64_t number)
{
    sim_queue_put(
        &w->queue,
        (struct sim_item){.at_ms = w->now.mono_ms + in_ms, .kind = kind, .who = who, .number = number});
}

struct sim_world *sim_world_new(const struct sim_plan *plan)
{
    struct sim_world *w = kr_calloc(1, sizeof(*w));
    w->plan = plan;
    w->now = (struct kr_now){START_MS, 1700000000000};
    w->random = sim_random(plan->seed, "world", 0);
    w->count = plan->role_count;
    w->server_up = true;
    w->check = sim_check_new();
    sim_service_init(w);
    for (size_t i = 0; i < w->count; i++)
        sim_person_init(w, i);
    for (size_t i = 0; i < plan->act_count; i++)
        sim_later(w, plan->acts[i].at_ms, SIM_ACT, 0, i);
    sim_service_start(w);
    return w;
}

void sim_world_free(struct sim_world *w)
{
    for (size_t i = 0; i < w->count; i++) {
        sim_disconnect(w, (int)i);
        sim_person_done(&w->people[i]);
    }
    sim_service_done(w);
    for (int r = 0; r < SIM_ROOMS; r++)
        free(w->rooms[r].untold);
    sim_queue_done(&w->queue);
    sim_check_free(w->check);
    free(w);
}

static void happens(struct sim_world *w, struct sim_item *item)
{
    switch (item->kind) {
    case SIM_UP:
    case SIM_DOWN:
        sim_arrived(w, item);
        break;
    case SIM_ACT:
        sim_act(w, &w->plan->acts[item->number]);
        break;
    case SIM_FRAME:
        sim_hear(w, &w->people[item->who], item->frame);
        break;
    case SIM_SPEAK:
        sim_speak(w, &w->people[item->who]);
        break;
    case SIM_WAKE:
        sim_wake(w, item->who);
        break;
    case SIM_RECONNECT:
        if (item->who == SIM_SERVICE)
            sim_service_reconnect(w);
        else if (w->people[item->who].session == item->number)
            sim_person_appear(w, &w->people[item->who]);
        break;
    case SIM_NOTICED:
        if (sim_end(w, item->who)->life == item->life && !sim_end(w, item->who)->up)
            sim_server_lost(w, item->who);
        break;
    case SIM_SERVICE_START:
        sim_service_start(w);
        break;
    case SIM_SERVER_START:
        w->server_up = true;
        break;
    }
}

/* The next thing that wants time: who (SIM_SERVICE, or a person), or -2 for nobody before `at`. */
static int next_deadline(const struct sim_world *w, uint64_t *at)
{
    int who = -2;
    if (w->service.deadline_ms < *at && sim_runs(w, SIM_SERVICE)) {
        *at = w->service.deadline_ms;
        who = SIM_SERVICE;
    }
    for (size_t i = 0; i < w->count; i++) {
        const struct sim_person *p = &w->people[i];
        uint64_t due = p->deadline_ms < p->rejoin_ms ? p->deadline_ms : p->rejoin_ms;
        if (due < *at && sim_runs(w, (int)i)) {
            *at = due;
            who = (int)i;
        }
    }
    return who;
}

static void tick(struct sim_world *w, int who)
{
    if (who == SIM_SERVICE) {
        struct kr_event e = {.kind = KR_EV_TICK};
        sim_service_event(w, &e);
        return;
    }
    struct sim_person *p = &w->people[who];
    if (p->rejoin_ms <= w->now.mono_ms) {
        p->rejoin_ms = UINT64_MAX;
        sim_person_event(w, p, KR_CLIENT_JOIN);
    } else {
        sim_person_event(w, p, KR_CLIENT_TIME);
    }
}

static void move_to(struct sim_world *w, uint64_t at)
{
    if (at > w->now.mono_ms) {
        w->now.wall_ms += at - w->now.mono_ms;
        w->now.mono_ms = at;
        w->same_ms_steps = 0;
    } else if (++w->same_ms_steps > SAME_MS_STEPS_MAX) {
        sim_violate(w, SIM_P_BOUNDED, "%d things happened in one millisecond: a deadline stands still",
                    SAME_MS_STEPS_MAX);
    }
}

/* Lets `ms` pass. */
static void pass(struct sim_world *w, uint64_t ms)
{
    uint64_t end = w->now.mono_ms + ms;
    while (!sim_violation(w)->promise) {
        const struct sim_item *top = sim_queue_peek(&w->queue);
        uint64_t at = top ? top->at_ms : UINT64_MAX;
        int who = next_deadline(w, &at);
        if (at > end) {
            move_to(w, end);
            break;
        }
        move_to(w, at);
        sim_check_time(w);
        w->steps++;
        if (who != -2) {
            tick(w, who);
        } else {
            struct sim_item item = sim_queue_take(&w->queue);
            happens(w, &item);
            sim_item_done(&item);
        }
    }
}

bool sim_world_run(struct sim_world *w)
{
    pass(w, w->plan->end_ms);
    if (w->plan->unsettled)
        return !sim_violation(w)->promise;
    sim_make_well(w);
    pass(w, SIM_SETTLE_MS);
    if (!sim_violation(w)->promise)
        sim_check_settled(w);
    sim_empty(w);
    pass(w, SIM_EMPTY_MS);
    if (!sim_violation(w)->promise)
        sim_check_emptied(w);
    return !sim_violation(w)->promise;
}
