/* Streams: stanzas take their time, keep their order within a stream, and are lost with it. */
#include <stdlib.h>

#include "base/alloc.h"
#include "sim/world/world.h"

struct sim_end *sim_end(struct sim_world *w, int who)
{
    return who == SIM_SERVICE ? &w->service.end : &w->people[who].end;
}

bool sim_runs(const struct sim_world *w, int who)
{
    const struct sim_end *e = who == SIM_SERVICE ? &w->service.end : &w->people[who].end;
    return !e->asleep && !e->inbox;
}

static uint64_t delay(const struct sim_world *w, struct sim_end *e, int who)
{
    uint64_t jitter = sim_below(&e->random, (uint64_t)w->plan->jitter_ms + 1);
    return (who == SIM_SERVICE ? 1 : 5 + jitter) + e->delay_ms;
}

static void put(struct sim_world *w, enum sim_item_kind kind, int who, struct sim_end *e, uint64_t *free_ms,
                char *text)
{
    uint64_t at = w->now.mono_ms + delay(w, e, who);
    if (at < *free_ms)
        at = *free_ms;
    *free_ms = at;
    sim_queue_put(&w->queue,
                  (struct sim_item){.at_ms = at, .kind = kind, .who = who, .life = e->life, .text = text});
}

void sim_send_up(struct sim_world *w, int who, char *text)
{
    struct sim_end *e = sim_end(w, who);
    if (!text || !e->up || e->dead) {
        free(text);
        return;
    }
    put(w, SIM_UP, who, e, &e->up_free_ms, text);
}

void sim_send_down(struct sim_world *w, int who, char *text)
{
    struct sim_end *e = sim_end(w, who);
    if (!text || !e->known || e->dead) {
        free(text);
        return;
    }
    put(w, SIM_DOWN, who, e, &e->down_free_ms, text);
}

static void handle(struct sim_world *w, int who, const char *text)
{
    if (who == SIM_SERVICE)
        sim_service_got(w, text);
    else
        sim_person_got(w, &w->people[who], text);
}

static void say_arrival(struct sim_world *w, const struct sim_item *item)
{
    const char *who = item->who == SIM_SERVICE ? "service" : w->people[item->who].role->name;
    if (w->trace_wire)
        sim_say(w, "wire", "%s %s %.400s", who, item->kind == SIM_UP ? "->" : "<-", item->text);
}

void sim_arrived(struct sim_world *w, struct sim_item *item)
{
    struct sim_end *e = sim_end(w, item->who);
    if (item->life != e->life || e->dead)
        return;
    say_arrival(w, item);
    if (item->kind == SIM_UP) {
        if (e->known)
            sim_server_got(w, item->who, item->text);
    } else if (sim_runs(w, item->who)) {
        handle(w, item->who, item->text);
    } else {
        struct sim_text *t = kr_calloc(1, sizeof(*t));
        t->text = item->text;
        item->text = NULL;
        if (!e->inbox)
            e->inbox_end = &e->inbox;
        *e->inbox_end = t;
        e->inbox_end = &t->next;
    }
}

static void drop_inbox(struct sim_end *e)
{
    while (e->inbox) {
        struct sim_text *t = e->inbox;
        e->inbox = t->next;
        free(t->text);
        free(t);
    }
}

void sim_connect(struct sim_world *w, int who)
{
    struct sim_end *e = sim_end(w, who);
    e->life++;
    e->up = e->known = true;
    e->dead = false;
    e->up_free_ms = e->down_free_ms = w->now.mono_ms;
    drop_inbox(e);
}

void sim_disconnect(struct sim_world *w, int who)
{
    struct sim_end *e = sim_end(w, who);
    e->life++;
    e->up = false;
    e->dead = true;
    drop_inbox(e);
}

void sim_sleep(struct sim_world *w, int who, uint64_t ms)
{
    struct sim_end *e = sim_end(w, who);
    uint64_t until = w->now.mono_ms + ms;
    e->asleep = true;
    if (until > e->runs_at_ms)
        e->runs_at_ms = until;
    sim_later(w, ms, SIM_WAKE, who, 0);
}

/* A client's timer and its stream are both ready: time first, which is harder on what has arrived. The
 * service's loop reads before it looks at the clock. */
void sim_wake(struct sim_world *w, int who)
{
    struct sim_end *e = sim_end(w, who);
    if (e->runs_at_ms > w->now.mono_ms)
        return; /* sleeps on */
    e->asleep = false;
    if (who != SIM_SERVICE)
        sim_person_event(w, &w->people[who], KR_CLIENT_TIME);
    uint32_t life = e->life;
    while (e->inbox && e->life == life && !e->asleep) {
        struct sim_text *t = e->inbox;
        e->inbox = t->next;
        handle(w, who, t->text);
        free(t->text);
        free(t);
    }
    if (who == SIM_SERVICE && w->service.core && !e->asleep) {
        struct kr_event tick = {.kind = KR_EV_TICK};
        sim_service_event(w, &tick);
        sim_service_end_turn(w);
    }
}
