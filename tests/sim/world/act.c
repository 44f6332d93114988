/* What a plan does to a world. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world/world.h"

static const char *scope(const struct sim_person *p, int word)
{
    return word == 0 ? KR_SCOPE_EVERYWHERE : sim_room_jid[p->role->room];
}

static void control(struct sim_world *w, enum kr_control_kind kind, const struct sim_person *p,
                    const char *where)
{
    struct kr_control c = {.token = 1, .kind = kind, .scope = where, .reason = ""};
    struct kr_event e = {.kind = KR_EV_CONTROL, .u.control = &c};
    if (p)
        c.device = p->device;
    sim_service_event(w, &e);
}

static void notice_later(struct sim_world *w, int who, uint64_t in_ms)
{
    sim_queue_put(&w->queue, (struct sim_item){.at_ms = w->now.mono_ms + in_ms,
                                               .kind = SIM_NOTICED,
                                               .who = who,
                                               .life = sim_end(w, who)->life});
}

/* word 0: the server notices at once; 1: only when it is told by a new stream, or after 45 s. */
static void lose(struct sim_world *w, int who, int word)
{
    sim_disconnect(w, who);
    notice_later(w, who, word == 0 ? 1 : 45000);
}

static void hear_again(struct sim_world *w, struct sim_person *p)
{
    struct sim_texts again = p->heard;
    p->heard.count = 0; /* arriving, they are heard anew */
    for (size_t i = 0; i < again.count; i++)
        sim_send_down(w, p->index, again.texts[i]);
}

static void act_on_person(struct sim_world *w, const struct sim_act *a)
{
    struct sim_person *p = &w->people[a->who];
    uint64_t ms = (uint64_t)a->number;
    switch (a->kind) {
    case SIM_ACT_JOIN:
        p->wants = true;
        p->detached = false;
        sim_person_appear(w, p);
        sim_person_event(w, p, KR_CLIENT_JOIN);
        break;
    case SIM_ACT_LEAVE:
        p->wants = false;
        sim_person_event(w, p, KR_CLIENT_LEAVE);
        break;
    case SIM_ACT_RELOAD:
        if (!p->client)
            break;
        lose(w, a->who, 0);
        sim_person_reload(w, p);
        if (p->wants)
            sim_person_event(w, p, KR_CLIENT_JOIN);
        sim_later(w, ms + 5, SIM_RECONNECT, a->who, p->session);
        break;
    case SIM_ACT_DETACH:
        p->detached = true;
        sim_person_event(w, p, KR_CLIENT_DETACH);
        break;
    case SIM_ACT_SLEEP:
        sim_sleep(w, a->who, ms);
        break;
    case SIM_ACT_SLOW:
        p->end.delay_ms = ms;
        break;
    case SIM_ACT_LOSE:
        if (!p->client || !p->end.up)
            break;
        lose(w, a->who, a->word);
        sim_person_event(w, p, KR_CLIENT_DOWN);
        sim_later(w, ms + 5, SIM_RECONNECT, a->who, p->session);
        break;
    case SIM_ACT_TURN:
        p->mischief = (enum sim_mischief)a->word;
        p->suspect = true;
        break;
    case SIM_ACT_FLOOD:
        p->suspect = true;
        sim_flood(w, p, ms);
        break;
    case SIM_ACT_AFFILIATE:
        p->barred = true; /* what it may is the room's to say from now on */
        if (a->word == 0)
            p->wants = false;
        sim_muc_affiliate(w, p->role->room, a->who, a->word);
        break;
    case SIM_ACT_DOUBLE:
        sim_muc_two_sessions(w, p->role->room, a->who);
        break;
    case SIM_ACT_KICK:
        p->wants = false;
        sim_muc_leave(w, p->role->room, a->who, "307");
        break;
    case SIM_ACT_REVOKE:
        p->barred = true;
        if (p->client)
            control(w, KR_CONTROL_REVOKE, p, scope(p, a->word));
        break;
    case SIM_ACT_APPROVE:
        if (p->client)
            control(w, KR_CONTROL_APPROVE, p, scope(p, a->word));
        break;
    case SIM_ACT_DEAF:
        p->end.misses_presence = (unsigned)ms;
        break;
    case SIM_ACT_MISS:
        p->misses_announces = (unsigned)ms;
        break;
    case SIM_ACT_AGAIN:
        hear_again(w, p);
        break;
    case SIM_ACT_FORK:
        p->fork_next = 1;
        break;
    default:
        break;
    }
}

static void crash(struct sim_world *w, enum sim_death how, uint64_t away_ms)
{
    struct sim_service *s = &w->service;
    s->away_ms = away_ms;
    s->sends_left = (unsigned)sim_below(&w->random, 12);
    if (how == SIM_DIES_NOW)
        sim_service_die(w, "killed");
    else
        s->death = how;
}

static void stop_server(struct sim_world *w, uint64_t ms)
{
    sim_server_stop(w);
    sim_later(w, ms, SIM_SERVER_START, 0, 0);
    if (w->service.end.up) {
        struct kr_event down = {.kind = KR_EV_LINK_DOWN};
        sim_disconnect(w, SIM_SERVICE);
        sim_service_event(w, &down);
        sim_later(w, ms + 50, SIM_RECONNECT, SIM_SERVICE, 0);
    }
    for (size_t i = 0; i < w->count; i++) {
        struct sim_person *p = &w->people[i];
        if (!p->client || !p->end.up)
            continue;
        sim_disconnect(w, p->index);
        sim_person_event(w, p, KR_CLIENT_DOWN);
        sim_later(w, ms + 20 + sim_below(&w->random, 2000), SIM_RECONNECT, p->index, p->session);
    }
}

static void act_on_service(struct sim_world *w, const struct sim_act *a)
{
    struct sim_service *s = &w->service;
    uint64_t ms = (uint64_t)a->number;
    switch (a->kind) {
    case SIM_ACT_CRASH:
        crash(w, (enum sim_death)a->word, ms);
        break;
    case SIM_ACT_STOP:
        sim_sleep(w, SIM_SERVICE, ms);
        break;
    case SIM_ACT_CUT:
        if (s->core && s->end.up) {
            struct kr_event down = {.kind = KR_EV_LINK_DOWN};
            lose(w, SIM_SERVICE, a->word);
            sim_service_event(w, &down);
            sim_later(w, ms + 5, SIM_RECONNECT, SIM_SERVICE, 0);
        }
        break;
    case SIM_ACT_GHOST:
        s->end.misses_presence = (unsigned)ms;
        break;
    case SIM_ACT_STORE_FAIL:
        s->store.fault = (enum sim_store_fault)a->word;
        s->away_ms = ms;
        break;
    case SIM_ACT_STORE_SLOW:
        s->store.commit_ms = ms;
        break;
    case SIM_ACT_BACKUP:
        sim_store_backup(&s->store);
        break;
    case SIM_ACT_RESTORE:
        s->away_ms = ms;
        sim_service_die(w, "stopped");
        sim_store_restore(&s->store);
        break;
    default:
        break;
    }
}

void sim_act(struct sim_world *w, const struct sim_act *a)
{
    char line[128];
    sim_act_write(w->plan, a, line);
    sim_say(w, "--", "%s", line);
    switch (a->kind) {
    case SIM_ACT_SERVER:
        stop_server(w, (uint64_t)a->number);
        break;
    case SIM_ACT_REPEAT:
        w->repeats = (unsigned)a->number;
        break;
    case SIM_ACT_ROTATE:
        control(w, KR_CONTROL_ROTATE, NULL, sim_room_jid[0]);
        break;
    case SIM_ACT_POLICY:
        w->service.room_settings.policy.authorise = (enum kr_authorise)a->word;
        sim_service_settings(w);
        break;
    case SIM_ACT_WALL:
        w->service.wall_ms += a->number;
        break;
    default:
        if (a->kind >= SIM_ACT_CRASH)
            act_on_service(w, a);
        else
            act_on_person(w, a);
    }
}

/* Faults stop: who is dishonest stays so, everything else works. */
void sim_make_well(struct sim_world *w)
{
    struct sim_service *s = &w->service;
    sim_say(w, "--", "faults stop");
    w->well = true;
    w->repeats = 0;
    s->death = SIM_LIVES;
    s->store.fault = SIM_STORE_WORKS;
    s->store.commit_ms = 0;
    s->end.misses_presence = 0;
    s->end.runs_at_ms = 0;
    sim_later(w, 0, SIM_WAKE, SIM_SERVICE, 0);
    for (size_t i = 0; i < w->count; i++) {
        struct sim_person *p = &w->people[i];
        p->end.misses_presence = p->misses_announces = 0;
        p->fork_next = 0;
        p->end.delay_ms = 0;
        p->end.runs_at_ms = 0;
        sim_later(w, 0, SIM_WAKE, (int)i, 0);
    }
    sim_muc_heal(w);
}

void sim_empty(struct sim_world *w)
{
    sim_say(w, "--", "everybody leaves");
    for (size_t i = 0; i < w->count; i++) {
        w->people[i].wants = false;
        w->people[i].rejoin_ms = UINT64_MAX;
        if (w->people[i].client)
            sim_person_event(w, &w->people[i], KR_CLIENT_LEAVE);
    }
}
