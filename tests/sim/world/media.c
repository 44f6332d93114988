#include "sim/world/media.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/check/check.h"
#include "sim/world/world.h"

enum { SPEAK_MS = 1500, SPEAK_WELL_MS = 15000, FORWARD_MS = 20 };
static const char words[] = "what was said";

void sim_frame_free(struct sim_frame *f)
{
    if (!f)
        return;
    kr_buf_done(&f->bytes);
    free(f);
}

static struct sim_frame *copy(const struct sim_frame *f)
{
    struct sim_frame *c = kr_calloc(1, sizeof(*c));
    *c = *f;
    kr_buf_init(&c->bytes, 256);
    kr_buf_add(&c->bytes, f->bytes.ptr, f->bytes.len);
    return c;
}

/* The forwarder sends to everybody who is there; who has left listens on as long as it has a page. */
static void forward(struct sim_world *w, struct sim_person *from, const struct sim_frame *f)
{
    for (size_t i = 0; i < w->count; i++) {
        struct sim_person *to = &w->people[i];
        if (to == from || !to->client || to->role->room != from->role->room)
            continue;
        uint64_t at = w->now.mono_ms + FORWARD_MS + sim_below(&w->random, (uint64_t)w->plan->jitter_ms + 1);
        sim_queue_put(&w->queue,
                      (struct sim_item){.at_ms = at, .kind = SIM_FRAME, .who = (int)i, .frame = copy(f)});
    }
}

void sim_speak(struct sim_world *w, struct sim_person *p)
{
    sim_later(w, w->well ? SPEAK_WELL_MS : SPEAK_MS, SIM_SPEAK, p->index, 0);
    if (!p->client || !sim_runs(w, p->index))
        return;
    struct sim_frame f = {.from = p->index, .sealed_ms = w->now.mono_ms};
    kr_buf_init(&f.bytes, 256);
    sim_check_spoken(w, p, &f);
    if (kr_client_seal_frame(p->client, kr_span(words, sizeof(words)), &f.bytes) == 0)
        forward(w, p, &f);
    kr_buf_done(&f.bytes);
}

void sim_hear(struct sim_world *w, struct sim_person *p, const struct sim_frame *f)
{
    struct kr_buf plain;
    uint64_t epoch = 0;
    if (!p->client || !sim_runs(w, p->index))
        return;
    kr_buf_init(&plain, 256);
    int err =
        kr_client_open_frame(p->client, w->people[f->from].nick, kr_buf_span(&f->bytes), &plain, &epoch);
    if (!err && (plain.len != sizeof(words) || memcmp(plain.ptr, words, sizeof(words)) != 0))
        sim_violate(w, SIM_P_FRAMES, "%s opened something else than %s said", p->role->name,
                    w->people[f->from].role->name);
    sim_check_heard(w, p, f, err);
    kr_buf_done(&plain);
}
