/* Leaves that do not stop, each leaver coming back: in one room, or spread over many. What counts is how long
 * somebody who has left could still read, from the leave sent to the moment when the last one who stays was
 * told to switch. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "load/leaves.h"
#include "load/light.h"
#include "load/stock.h"
#include "load/story.h"
#include "load/usage.h"

enum { BACK_MS = 1000, SETTLE_MS = 1500, WAVE_MS = 60000 };

struct back { /* who has left and comes back */
    struct kr_seat *seat;
    uint64_t at_ns;
};

struct storm {
    struct kr_stage *stage;
    struct kr_leaves leaves;
    struct back *away; /* a ring of those outside, in order; owned */
    size_t away_first, away_len, away_cap;
    uint64_t next_ns, end_ns;
    size_t count;    /* leaves so far */
    uint32_t random; /* the same in each run */
};

static uint32_t draw(struct storm *s, size_t below)
{
    s->random = s->random * 1664525U + 1013904223U;
    return (uint32_t)(((uint64_t)s->random * below) >> 32);
}

/* Somebody who is a member, in a room where nobody is missing just now. NULL: nobody was found. */
static struct kr_seat *choose(struct storm *s)
{
    struct kr_crowd *crowd = &s->stage->crowd;
    for (int tries = 0; tries < 200; tries++) {
        struct kr_seat *seat = crowd->who[draw(s, crowd->who_len)];
        if (!seat || !seat->inside)
            continue;
        bool light = crowd->dialect == &kr_light;
        if (light && (!kr_light_look(seat).switched ||
                      (crowd->config->rooms > 1 && kr_leaves_in_room(&s->leaves, seat->room))))
            continue;
        return seat;
    }
    return NULL;
}

static void leave(struct storm *s, uint64_t now)
{
    struct kr_seat *seat = choose(s);
    s->next_ns += s->stage->options->every_ms * KR_NS_PER_MS;
    if (!seat || s->away_len == s->away_cap)
        return;
    s->away[(s->away_first + s->away_len++) % s->away_cap] =
        (struct back){seat, now + BACK_MS * KR_NS_PER_MS};
    s->count++;
    if (s->stage->crowd.dialect == &kr_light)
        kr_leaves_add(&s->leaves, seat);
    else
        kr_seat_leave(seat);
}

/* Runs as a condition: looks, does what is due, and holds when the storm is over. */
static bool storm_over(void *arg)
{
    struct storm *s = arg;
    uint64_t now = kr_now_ns();
    size_t open = kr_leaves_look(&s->leaves);
    if (now < s->end_ns && now >= s->next_ns)
        leave(s, now);
    while (s->away_len && s->away[s->away_first].at_ns <= now) {
        kr_seat_join(s->away[s->away_first].seat);
        s->away_first = (s->away_first + 1) % s->away_cap;
        s->away_len--;
    }
    return now >= s->end_ns && !open && !s->away_len;
}

static void begin(struct storm *s, struct kr_stage *stage)
{
    uint64_t now = kr_now_ns();
    *s = (struct storm){.stage = stage, .leaves = {.crowd = &stage->crowd}, .random = 1};
    s->away_cap = stage->crowd.seat_count;
    s->away = kr_calloc(s->away_cap, sizeof(*s->away));
    s->next_ns = now;
    s->end_ns = now + stage->options->seconds * KR_NS_PER_S;
    kr_trial_begin(&stage->trial, now, now);
}

static void done(struct storm *s)
{
    kr_leaves_done(&s->leaves);
    free(s->away);
}

static double seconds(uint64_t ns)
{
    return (double)ns / 1e9;
}

static int tell(struct storm *s, const char *name, uint64_t members, double memory)
{
    struct kr_samples *e = &s->leaves.exposure;
    uint64_t coalesce_ns = s->stage->options->coalesce_ms * KR_NS_PER_MS, now = kr_now_ns();
    kr_samples_sort(e);
    uint64_t max = kr_samples_rank(e, 100);
    const struct kr_extra extra[] = {
        {"leaves", (double)s->count},
        {"seconds", seconds(now - s->stage->trial.start_ns)},
        {"exposure", seconds(max)},
        {"exposure_service", (double)s->stage->trial.service_exposure_ms / 1e3},
        {"exposure_p50", seconds(kr_samples_rank(e, 50))},
        {"exposure_p99", seconds(kr_samples_rank(e, 99))},
        {"rotation_max", seconds(max > coalesce_ns ? max - coalesce_ns : 0)},
        {"members", (double)members},
        {"memory_per_member", memory},
    };
    const struct kr_outcome outcome = {.name = name,
                                       .n = s->stage->options->n,
                                       .extra = extra,
                                       .extra_count = sizeof(extra) / sizeof(extra[0]) - (memory == 0.0),
                                       .only_extra = true};
    if (e->len != s->count)
        kr_trial_wrong(&s->stage->trial, "%zu leaves were answered of %zu", e->len, s->count);
    return kr_story_tell(s->stage, &outcome, SIZE_MAX);
}

/* A stock client rotates 5 s after the last change that it has seen: a storm puts that off to its end. */
static int answer_as_stock(struct storm *s, uint64_t started_ns)
{
    struct kr_stage *stage = s->stage;
    int err = kr_load_wait(&stage->load, kr_now_ns() + KR_STOCK_DEBOUNCE_MS * KR_NS_PER_MS);
    for (size_t i = 0; !err && i < stage->crowd.seat_count; i++)
        if (stage->crowd.seats[i].inside)
            kr_stock_rotate(&stage->crowd.seats[i]);
    if (!err)
        err = kr_load_until(&stage->load, kr_stock_all_on, &stage->crowd, KR_STORY_MS, "all have switched");
    uint64_t now = kr_now_ns();
    for (size_t i = 0; i < s->count; i++)
        kr_samples_add(&s->leaves.exposure, now - started_ns - i * stage->options->every_ms * KR_NS_PER_MS);
    return err;
}

int kr_story_storm(struct kr_stage *stage)
{
    struct storm s;
    bool light = stage->system->dialect == &kr_light;
    stage->crowd.eager = true;
    int err = kr_story_found(stage);
    err = err ? err : kr_story_fill(stage);
    err = err ? err : kr_load_wait(&stage->load, kr_now_ns() + SETTLE_MS * KR_NS_PER_MS);
    begin(&s, stage);
    uint64_t started_ns = kr_now_ns(), ms = stage->options->seconds * 1000 + KR_STORY_MS;
    if (!err)
        err = kr_load_until(&stage->load, storm_over, &s, ms, "every leave is answered");
    if (!err && !light)
        err = answer_as_stock(&s, started_ns);
    err = err ? err : tell(&s, "leave-storm", kr_crowd_count(&stage->crowd), 0);
    done(&s);
    return err;
}

/* --- many rooms --- */

enum { ROOMS_A_LINE = 50 };

struct wave { /* rooms that are being opened: one of each group of lines */
    struct kr_stage *stage;
    size_t nth; /* room of each group */
};

static size_t line_of(const struct kr_stage *s, size_t room, size_t person)
{
    return room / ROOMS_A_LINE * s->options->n + person;
}

static bool room_is_complete(const struct kr_stage *s, size_t room)
{
    struct kr_crowd *crowd = (struct kr_crowd *)&s->crowd;
    for (size_t i = 0; i < s->options->n; i++) {
        const struct kr_seat *seat = kr_crowd_seat(crowd, line_of(s, room, i), room);
        struct kr_light_look l = seat->state ? kr_light_look(seat) : (struct kr_light_look){.member = false};
        if (!seat->inside || !l.member || l.roster_len != s->options->n || l.missing || !l.committed)
            return false;
    }
    return true;
}

static bool wave_complete(void *arg)
{
    const struct wave *w = arg;
    for (size_t room = w->nth; room < w->stage->options->rooms; room += ROOMS_A_LINE)
        if (!room_is_complete(w->stage, room))
            return false;
    return true;
}

static bool wave_open(void *arg)
{
    const struct wave *w = arg;
    for (size_t room = w->nth; room < w->stage->options->rooms; room += ROOMS_A_LINE)
        if (!kr_crowd_seat(&w->stage->crowd, line_of(w->stage, room, 0), room)->inside)
            return false;
    return true;
}

static int open_wave(struct kr_stage *s, size_t nth)
{
    struct wave w = {s, nth};
    for (size_t room = nth; room < s->options->rooms; room += ROOMS_A_LINE)
        kr_seat_join(kr_crowd_seat(&s->crowd, line_of(s, room, 0), room));
    int err = kr_load_until(&s->load, wave_open, &w, WAVE_MS, "rooms are opened");
    for (size_t room = nth; !err && room < s->options->rooms; room += ROOMS_A_LINE) {
        kr_seat_invite(kr_crowd_seat(&s->crowd, line_of(s, room, 0), room));
        for (size_t i = 1; i < s->options->n; i++)
            kr_seat_join(kr_crowd_seat(&s->crowd, line_of(s, room, i), room));
    }
    return err ? err : kr_load_until(&s->load, wave_complete, &w, WAVE_MS, "rooms are keyed");
}

int kr_story_many(struct kr_stage *stage)
{
    struct storm s;
    uint64_t before = stage->meter.keyroomd ? kr_usage_resident(stage->meter.keyroomd) : 0;
    int err = 0;
    if (stage->system->dialect != &kr_light) {
        kr_load_fail(&stage->load, "many rooms are for keyroom");
        return KR_E_IO;
    }
    stage->crowd.eager = true;
    for (size_t nth = 0; !err && nth < ROOMS_A_LINE && nth < stage->options->rooms; nth++)
        err = open_wave(stage, nth);
    err = err ? err : kr_load_wait(&stage->load, kr_now_ns() + SETTLE_MS * KR_NS_PER_MS);
    uint64_t after = stage->meter.keyroomd ? kr_usage_resident(stage->meter.keyroomd) : 0;
    size_t members = kr_crowd_count(&stage->crowd);
    begin(&s, stage);
    if (!err)
        err = kr_load_until(&stage->load, storm_over, &s, stage->options->seconds * 1000 + KR_STORY_MS,
                            "every leave is answered");
    double memory = members && after > before ? (double)(after - before) / (double)members : 0;
    err = err ? err : tell(&s, "many-rooms", members, memory);
    done(&s);
    return err;
}
