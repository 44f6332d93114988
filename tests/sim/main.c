/* kr-sim: seeds and stories. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "options.h"
#include "sim/check/check.h"
#include "sim/plan/story.h"
#include "sim/world/world.h"
#include "sim_cipher/cipher.h"
#include "swarm.h"

struct lines { /* of a run */
    struct sim_story *story;
    bool print;
};

static void on_line(void *arg, uint64_t at_ms, const char *who, const char *line)
{
    const struct lines *l = arg;
    char text[1200];
    snprintf(text, sizeof(text), "%s: %s", who, line);
    if (l->print)
        printf("%8.3f %s\n", (double)at_ms / 1000, text);
    if (strcmp(who, "--") != 0 && strcmp(who, "wire") != 0)
        sim_story_line(l->story, at_ms, text);
}

static void say_unmet(const struct sim_expectation *e, const char *path)
{
    printf("%s:%u: %s from %.3f", path, e->line, e->kind == SIM_NEVER ? "there is a line" : "no line",
           (double)e->after_ms / 1000);
    if (e->before_ms != UINT64_MAX)
        printf(" to %.3f", (double)e->before_ms / 1000);
    printf(" on%s with: %s\n", e->kind == SIM_EXPECT ? ", behind what was met before," : "", e->text);
}

static bool play(struct sim_story *story, const char *path, bool trace, bool wire)
{
    struct lines l = {.story = story, .print = trace};
    kr_sim_cipher(story->plan.cipher == SIM_CIPHER_NULL);
    struct sim_world *w = sim_world_new(&story->plan);
    w->trace = on_line;
    w->trace_arg = &l;
    w->trace_wire = wire;
    bool good = sim_world_run(w);
    const struct sim_violation *v = sim_violation(w);
    const struct sim_expectation *unmet = sim_story_unmet(story);
    if (!good)
        printf("%s: P%d %s does not hold: %s\n", path, v->promise, sim_promise_name(v->promise), v->text);
    else if (unmet)
        say_unmet(unmet, path);
    good = good && !unmet;
    sim_world_free(w);
    if (good)
        printf("%s: held (%s)\n", path, story->title);
    else if (!trace)
        printf("  again: kr-sim --trace %s\n", path);
    return good;
}

static int play_stories(const struct sim_options *o)
{
    int bad = 0;
    for (int i = 0; i < o->story_count; i++) {
        struct sim_story story;
        char err[256];
        FILE *f = fopen(o->stories[i], "r");
        if (!f || !sim_story_read(f, &story, err)) {
            fprintf(stderr, "kr-sim: %s: %s\n", o->stories[i], f ? err : "cannot be read");
            if (f)
                fclose(f);
            return 2;
        }
        fclose(f);
        bad += !play(&story, o->stories[i], o->trace, o->wire);
        sim_story_done(&story);
    }
    printf("stories: %d violations: %d\n", o->story_count, bad);
    return bad ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct sim_options o;
    int status = sim_options_read(argc, argv, &o);
    if (status >= 0)
        return status;
    if (sodium_init() < 0)
        return 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    return o.story_count ? play_stories(&o) : sim_swarm(&o);
}
