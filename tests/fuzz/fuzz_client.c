/* Clients, from any sequence of commands, presence, time, and what a lying service or a bad wire makes of the
 * stanzas to them. Whatever comes: a client holds a bounded number of epochs, its deadline moves, it does not
 * send for ever after a mismatch, and never seals two frames alike. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "client.h"

enum {
    STEPS_MAX = 64,
    CLIENTS = 3,
    KEYS_MAX = 12,
    LIFE_MS = 600000,
    BOUND_MS = KR_DEADLINE_MAX_MS + KR_UNSEALED_STOP_MS
};

static struct one *some(struct fuzz_meeting *f)
{
    return &f->w->ones[fuzz_below(&f->in, CLIENTS)];
}

/* --- the wire --- */

static void keep(struct fuzz_meeting *f, const char *xml)
{
    unsigned at = f->kept_next++ % FUZZ_KEPT;
    free(f->kept[at]);
    f->kept[at] = kr_strdup(xml);
}

/* An attach brings 50 one-time keys, and most of an input's time would go into carrying them: a dozen will
 * do.
 */
static void cut_keys(char *xml)
{
    char *otk = xml, *end = strstr(xml, "<fallback ");
    for (int i = 0; i <= KEYS_MAX && otk; i++)
        otk = strstr(otk + 1, "<otk ");
    if (!end)
        end = strstr(xml, "</keys>");
    if (otk && end)
        memmove(otk, end, strlen(end) + 1);
}

static bool pass(struct world *w, struct one *to, struct one *from, char *xml)
{
    struct fuzz_meeting *f = w->arg;
    if (from && f->drop_in && --f->drop_in == 0)
        return false;
    if (!to) {
        cut_keys(xml);
        return true;
    }
    keep(f, xml);
    if (!f->bend_in || --f->bend_in)
        return true;
    char *bent = fuzz_bend(f, xml);
    if (bent) {
        FUZZ_MUST(one_xml(w, to, bent));
        keep(f, bent);
    }
    free(bent);
    f->bend_in = fuzz_below(&f->in, 8); /* a lie may need another one */
    return false;
}

/* --- what must hold --- */

static void see(struct fuzz_meeting *f, size_t i)
{
    static const char plain[] = "what was said";
    struct one *o = &f->w->ones[i];
    struct kr_client_view v = one_view(o);
    struct kr_buf frame;
    FUZZ_MUST(v.held <= KR_EPOCHS_HELD_MAX);
    kr_buf_init(&frame, 256);
    int err = kr_client_seal_frame(o->client, kr_span(plain, sizeof(plain)), &frame);
    FUZZ_MUST(err == (v.may_send ? 0 : KR_E_NO_KEY));
    if (!err) {
        struct kr_digest d = kr_sha256(kr_buf_span(&frame));
        for (size_t k = 0; k < f->frame_count; k++)
            FUZZ_MUST(!kr_digest_equal(&f->frames[k], &d));
        if (f->frame_count < FUZZ_FRAMES)
            f->frames[f->frame_count++] = d;
    }
    kr_buf_done(&frame);
    if (!v.mismatched || !v.may_send)
        f->broken_since[i] = 0;
    else if (!f->broken_since[i])
        f->broken_since[i] = f->w->now.mono_ms;
    else
        FUZZ_MUST(f->w->now.mono_ms - f->broken_since[i] <= BOUND_MS);
}

static void check(struct fuzz_meeting *f)
{
    world_settle(f->w);
    for (size_t i = 0; i < CLIENTS; i++) {
        struct one *o = &f->w->ones[i];
        for (int n = 0; o->deadline_ms <= f->w->now.mono_ms; n++) {
            FUZZ_MUST(n < 3); /* a deadline that stands still would be a busy loop */
            one_event(f->w, o, KR_CLIENT_TIME);
            world_settle(f->w);
        }
        see(f, i);
    }
}

/* --- steps --- */

static void wait(struct fuzz_meeting *f)
{
    static const uint32_t ms[] = {1, 100, 200, 500, 1000, 2000, 3000, 5000, 10000, 20000, 60000, 100000};
    uint64_t for_ms = ms[fuzz_below(&f->in, 12)];
    if (f->w->now.mono_ms + for_ms > 1000000 + (uint64_t)LIFE_MS)
        return;
    f->w->steps = 0;
    world_wait(f->w, for_ms);
    FUZZ_MUST(f->w->steps < 5000);
}

static void join(struct fuzz_meeting *f)
{
    one_event(f->w, some(f), KR_CLIENT_JOIN);
}

static void command(struct fuzz_meeting *f)
{
    static const enum kr_client_event_kind kinds[] = {KR_CLIENT_LEAVE, KR_CLIENT_DETACH, KR_CLIENT_TIME,
                                                      KR_CLIENT_UP, KR_CLIENT_DOWN};
    struct one *o = some(f);
    enum kr_client_event_kind kind = kinds[fuzz_below(&f->in, 5)];
    if ((kind == KR_CLIENT_DOWN || kind == KR_CLIENT_UP) && o->present)
        muc_presence(f->w, o, false);
    one_event(f->w, o, kind);
}

static void bend(struct fuzz_meeting *f)
{
    f->bend_in = 1 + fuzz_below(&f->in, 32);
}

static void drop(struct fuzz_meeting *f)
{
    f->drop_in = 1 + fuzz_below(&f->in, 16);
}

static void replay(struct fuzz_meeting *f)
{
    struct one *o = some(f);
    const char *xml = f->kept[fuzz_below(&f->in, FUZZ_KEPT)];
    if (xml)
        FUZZ_MUST(one_xml(f->w, o, xml));
}

static void replay_bent(struct fuzz_meeting *f)
{
    struct one *o = some(f);
    const char *xml = f->kept[fuzz_below(&f->in, FUZZ_KEPT)];
    char *bent = xml ? fuzz_bend(f, xml) : NULL;
    if (bent)
        FUZZ_MUST(one_xml(f->w, o, bent));
    free(bent);
}

static void forge(struct fuzz_meeting *f)
{
    struct one *o = some(f);
    char *xml = fuzz_forge(f, o);
    if (xml)
        FUZZ_MUST(one_xml(f->w, o, xml));
    free(xml);
}

static void raw(struct fuzz_meeting *f)
{
    char text[256];
    struct one *o = some(f);
    (void)one_xml(f->w, o, fuzz_text(&f->in, text));
}

static void presence(struct fuzz_meeting *f)
{
    struct one *o = some(f), *who = some(f);
    struct kr_id device = who->device;
    switch (fuzz_below(&f->in, 5)) {
    case 0:
        muc_show_service(f->w, fuzz_bool(&f->in));
        break;
    case 1:
        muc_gone_quietly(f->w, who, fuzz_bool(&f->in));
        break;
    case 2:
        device.b[0] ^= 1;
        muc_show(f->w, o, who, &device);
        break;
    case 3:
        muc_show(f->w, o, who, NULL);
        break;
    default:
        muc_show(f->w, o, who, &device);
        break;
    }
}

static void service(struct fuzz_meeting *f)
{
    unsigned bits = fuzz_u8(&f->in);
    switch (bits % 8) {
    case 0:
    case 1:
    case 2:
        world_rotate(f->w);
        break;
    case 3:
        world_restart(f->w);
        break;
    case 4:
        f->w->core_down = !f->w->core_down;
        break;
    default:
        f->w->room.policy.format = bits & 8 ? KR_FORMAT_JFRAME : KR_FORMAT_SFRAME;
        f->w->room.policy.suite = bits & 8 ? 0 : (uint16_t)(1 + (bits >> 4) % 5);
        world_settings(f->w);
        break;
    }
}

/* A frame of one, whole or damaged, on the track of another. */
static void frame(struct fuzz_meeting *f)
{
    static const char plain[] = "a frame";
    struct one *from = some(f), *to = some(f), *track = some(f);
    struct kr_buf sealed, opened;
    uint64_t epoch = 0;
    kr_buf_init(&sealed, 256);
    kr_buf_init(&opened, 256);
    unsigned bits = fuzz_u8(&f->in);
    int err = kr_client_seal_frame(from->client, kr_span(plain, sizeof(plain)), &sealed);
    if (!err && bits & 1)
        sealed.ptr[bits % sealed.len] ^= 1;
    if (!err && kr_client_open_frame(to->client, track->nick, kr_buf_span(&sealed), &opened, &epoch) == 0)
        FUZZ_MUST(track == from && opened.len == sizeof(plain) &&
                  memcmp(opened.ptr, plain, sizeof(plain)) == 0 && !(bits & 1));
    struct kr_span any = fuzz_bytes(&f->in);
    kr_buf_clear(&opened);
    FUZZ_MUST(kr_client_open_frame(to->client, track->nick, any, &opened, &epoch) != 0 && !opened.len);
    kr_buf_done(&opened);
    kr_buf_done(&sealed);
}

static void step(struct fuzz_meeting *f)
{
    static void (*const steps[])(struct fuzz_meeting *) = {join,  join, wait,  wait, wait,     command,
                                                           bend,  bend, bend,  drop, replay,   replay_bent,
                                                           forge, raw,  frame, wait, presence, service};
    steps[fuzz_below(&f->in, sizeof(steps) / sizeof(steps[0]))](f);
    check(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const nicks[CLIENTS] = {"alice", "bob", "carol"};
    static struct world world;
    static struct fuzz_meeting meeting;
    struct fuzz_meeting *f = &meeting;
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* the world's assertions end here, not in cmocka */
    *f = (struct fuzz_meeting){.in = {data, size}, .w = &world};
    world_init(f->w, 1);
    f->w->arg = f;
    f->w->raw = pass;
    world_start(f->w);
    for (size_t i = 0; i < CLIENTS; i++)
        (void)world_one(f->w, nicks[i]);
    for (int i = 0; i < STEPS_MAX && f->in.left; i++)
        step(f);
    world_done(f->w);
    for (size_t i = 0; i < FUZZ_KEPT; i++)
        free(f->kept[i]);
    return 0;
}
