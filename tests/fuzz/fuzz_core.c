/* The service's core, from any sequence of events: every kind of event.h, presence, requests that are well
 * formed or nearly so, time, crashes and restarts from the store. The world (tests/unit/core) holds that
 * writes are accepted, what is sent parses and is small enough, epochs only rise and mean the same to all,
 * nobody is told of an epoch that it is not in, no one-time key is given twice, and deadlines move. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "core.h"

enum { STEPS_MAX = 96, LIFE_MS = 30 * 60000 };

static struct world world;

struct peer *fuzz_peer(struct fuzz_room *f)
{
    return &f->w->peers[fuzz_below(&f->in, FUZZ_PEERS)];
}

struct kr_id fuzz_attach_id(struct fuzz_room *f)
{
    static const struct kr_id nobody = {{1}};
    unsigned i = fuzz_below(&f->in, FUZZ_PEERS + 1);
    return i < FUZZ_PEERS ? f->w->peers[i].attach : nobody;
}

struct seek {
    const struct peer *p;
    bool found;
};

static bool compare(void *arg, const struct kr_member_view *v)
{
    struct seek *s = arg;
    s->found |= v->attached && kr_id_equal(&v->attach, &s->p->attach);
    return !s->found;
}

bool fuzz_is_attached(struct fuzz_room *f, const struct peer *p)
{
    struct seek s = {.p = p};
    kr_core_members(f->w->core, ROOM, compare, &s);
    return s.found;
}

/* --- time --- */

static void wait(struct fuzz_room *f)
{
    static const uint32_t ms[] = {1, 10, 100, 200, 500, 1000, 2000, 5000, 10000, 30000, 60000, 300000};
    uint64_t for_ms = ms[fuzz_below(&f->in, 12)];
    if (f->w->now.mono_ms + for_ms < f->end_ms)
        world_wait(f->w, for_ms);
}

/* The process was held up, or the wall clock was set; one tick must be enough. */
static void jump(struct fuzz_room *f)
{
    uint64_t passed = fuzz_u16(&f->in);
    f->w->now.mono_ms += passed;
    f->w->now.wall_ms += passed;
    if (passed & 1)
        f->w->now.wall_ms -= 3600000;
    struct kr_event e = {.kind = KR_EV_TICK, .now = f->w->now};
    world_event(f->w, &e);
    FUZZ_MUST(kr_core_deadline(f->w->core) > f->w->now.mono_ms);
}

/* --- the link, the process --- */

static void link(struct fuzz_room *f)
{
    unsigned bits = fuzz_u8(&f->in);
    if (f->linked)
        world_link_down(f->w);
    else
        world_link_up(f->w);
    f->linked = !f->linked;
    if (f->linked && bits & 1)
        world_joined(f->w);
}

/* What a turn that is not committed did is gone with the process. */
static void crash(struct fuzz_room *f)
{
    unsigned bits = fuzz_u8(&f->in);
    if (bits & 1) {
        struct kr_output lost;
        struct kr_event e = {.kind = KR_EV_TICK, .now = f->w->now};
        kr_output_init(&lost);
        kr_core_step(f->w->core, &e, &lost);
        kr_output_done(&lost);
    }
    f->linked = true;
    world_restart(f->w);
    if (bits & 2)
        world_joined(f->w);
}

/* --- the operator --- */

static void control(struct fuzz_room *f)
{
    static const char *const scopes[] = {ROOM, "*", "two@muc.example.org", ""};
    enum kr_control_kind kind = (enum kr_control_kind)fuzz_below(&f->in, 3);
    const char *scope = scopes[fuzz_below(&f->in, 4)];
    f->w->reply[0] = '\0';
    world_control(f->w, kind, fuzz_peer(f), scope);
    FUZZ_MUST(f->w->reply[0]);
}

static void settings(struct fuzz_room *f)
{
    struct kr_room_settings *r = &f->w->room_settings;
    unsigned bits = fuzz_u8(&f->in), more = fuzz_u8(&f->in);
    r->policy.authorise = (enum kr_authorise)(bits % 3);
    r->policy.verified_by = (enum kr_verified_by)0;
    r->policy.verifiers = r->policy.verified_for_s = 0;
    if ((bits & 0xc0) == 0xc0) {
        r->policy.authorise = KR_AUTHORISE_VERIFIED;
        r->policy.verified_by = (enum kr_verified_by)(bits % 3);
        r->policy.verifiers = r->policy.verified_by == KR_VERIFIED_BY_REGISTERED;
        r->policy.verified_for_s = 600;
    }
    r->policy.approval = bits & 4 ? KR_APPROVAL_OWNERS : KR_APPROVAL_OPERATOR;
    r->policy.format = bits & 8 ? KR_FORMAT_JFRAME : KR_FORMAT_SFRAME;
    r->policy.suite = bits & 8 ? 0 : (uint16_t)(1 + (bits >> 4) % 5);
    r->policy.rotate_s = more & 1 ? 60 : 900;
    r->deadline_ms = more & 2 ? 100 : 2000;
    r->coalesce_ms = more & 4 ? 0 : 200;
    r->coalesce_max_ms = more & 8 ? r->coalesce_ms : 1000;
    f->w->settings.registered_domain_count = more >= 0xf0 ? 0 : 1;
    f->w->settings.room_count = more >= 0xe0 && more < 0xf0 ? 0 : 1;
    f->w->settings.muc_domain_count = more >= 0xd0 && more < 0xe0 ? 0 : 1;
    world_settings(f->w);
}

/* --- what else comes from the link --- */

static void oversize(struct fuzz_room *f)
{
    static const char *const names[] = {"iq", "message", "presence"};
    static const char *const types[] = {"get", "set", "result", "error", NULL};
    char id[256];
    struct kr_event e = {.kind = KR_EV_OVERSIZE, .now = f->w->now};
    unsigned bits = fuzz_u8(&f->in);
    e.u.oversize.name = names[bits % 3];
    e.u.oversize.type = types[fuzz_below(&f->in, 5)];
    e.u.oversize.from = bits & 8 ? fuzz_peer(f)->jid : bits & 16 ? ROOM "/a" : NULL;
    e.u.oversize.id = bits & 32 ? fuzz_text(&f->in, id) : NULL;
    if (e.u.oversize.id && !kr_utf8_plain(id, sizeof(id)))
        e.u.oversize.id = "i";
    world_event(f->w, &e);
}

static void queue(struct fuzz_room *f)
{
    struct kr_event e = {.kind = KR_EV_QUEUE, .now = f->w->now};
    e.u.queue_over_soft = fuzz_bool(&f->in);
    world_event(f->w, &e);
}

static void temper(struct fuzz_room *f)
{
    struct peer *p = fuzz_peer(f);
    unsigned bits = fuzz_u8(&f->in);
    p->mute = bits & 1;
    p->deaf_to = bits & 2 ? fuzz_peer(f) : NULL;
    p->body_len = bits & 4 ? KR_CIPHERTEXT_MAX : 0;
    f->w->quiet = (bits & 0xf0) == 0xf0;
}

static void join(struct fuzz_room *f)
{
    struct peer *p = fuzz_peer(f);
    fuzz_enter(f, p);
    peer_challenge(f->w, p);
    fuzz_attach(f, p);
}

static void step(struct fuzz_room *f)
{
    static void (*const steps[])(struct fuzz_room *) = {join,
                                                        join,
                                                        wait,
                                                        wait,
                                                        wait,
                                                        fuzz_request,
                                                        fuzz_request,
                                                        fuzz_request,
                                                        temper,
                                                        fuzz_request,
                                                        fuzz_presence,
                                                        jump,
                                                        link,
                                                        crash,
                                                        control,
                                                        settings,
                                                        oversize,
                                                        queue,
                                                        fuzz_own_presence,
                                                        fuzz_message,
                                                        fuzz_raw};
    unsigned what = fuzz_below(&f->in, sizeof(steps) / sizeof(steps[0]) + 2);
    if (what < sizeof(steps) / sizeof(steps[0]))
        steps[what](f);
    else if (fuzz_bool(&f->in))
        fuzz_leave(f, fuzz_peer(f));
    else
        fuzz_enter(f, fuzz_peer(f));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const nicks[FUZZ_PEERS] = {"a", "bb", "ccc", "guest"};
    struct fuzz_room f = {.in = {data, size}, .w = &world, .linked = true};
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* the world's assertions end here, not in cmocka */
    world_init(f.w, 1);
    f.end_ms = f.w->now.mono_ms + LIFE_MS;
    for (size_t i = 0; i < FUZZ_PEERS; i++)
        world_peer(f.w, nicks[i]);
    snprintf(f.w->peers[3].jid, sizeof(f.w->peers[3].jid), "guest@example.net/1");
    world_start(f.w);
    for (int i = 0; i < STEPS_MAX && f.in.left; i++)
        step(&f);
    world_done(f.w);
    return 0;
}
