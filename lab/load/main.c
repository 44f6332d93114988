/* kr-load: many participants in one process. See kr-load --help, and docs/benchmark.md. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/secret.h"
#include "io/file.h"
#include "io/random.h"
#include "load/floor.h"
#include "load/story.h"

static const struct {
    const char *name;
    int (*play)(struct kr_stage *s);
} stories[] = {{"meeting", kr_story_meeting},
               {"join-storm", kr_story_join_storm},
               {"enable", kr_story_enable},
               {"storm", kr_story_storm},
               {"many", kr_story_many}};

enum { ROOMS_A_LINE = 50, SECRET_MAX = 256 };

/* How many connections: one a person, one more for whoever joins and leaves, and in many rooms shared. */
static size_t line_count(const struct kr_load_options *o)
{
    if (o->rooms == 1)
        return o->n + 1;
    size_t groups = (o->rooms + ROOMS_A_LINE - 1) / ROOMS_A_LINE;
    return groups * o->n;
}

static int read_secret(const char *path, char out[static SECRET_MAX])
{
    char errmsg[256] = "--secret-file is wanted";
    struct kr_secret secret = KR_SECRET_NONE;
    int err = path ? kr_file_read_line_secret(path, SECRET_MAX - 1, errmsg, &secret) : KR_E_CONFIG;
    if (err)
        (void)fprintf(stderr, "kr-load: %s\n", errmsg);
    else
        memcpy(out, secret.ptr, secret.len);
    kr_secret_done(&secret);
    return err;
}

static int set(struct kr_stage *s, char secret[static SECRET_MAX])
{
    const struct kr_load_options *o = s->options;
    bool is_floor = s->system->dialect == &kr_floor;
    size_t lines = line_count(o);
    s->clients = (struct kr_line_config){.port = o->c2s_port, .domain = o->guests};
    s->component =
        (struct kr_line_config){.port = o->component_port, .domain = o->component, .secret = secret};
    int err = is_floor ? read_secret(o->secret_file, secret) : 0;
    if (is_floor)
        lines = o->n;
    if (!err)
        err = kr_load_init(&s->load, lines + is_floor);
    s->crowd_config = (struct kr_crowd_config){.muc = o->muc,
                                               .service = o->service,
                                               .label = o->label,
                                               .lines = lines,
                                               .rooms = o->rooms,
                                               .has_service_device = o->has_service_device,
                                               .service_device = o->service_device};
    s->meter = (struct kr_meter){.load = &s->load,
                                 .line_count = lines,
                                 .service_lines = is_floor,
                                 .prosody = o->prosody,
                                 .keyroomd = s->system->service ? o->keyroomd : 0,
                                 .component_port = o->component_port,
                                 .metrics_port = s->system->service ? o->metrics_port : 0};
    s->trial =
        (struct kr_trial){.meter = &s->meter, .record = s->system->service && o->script ? &s->record : NULL};
    if (!err)
        kr_crowd_init(&s->crowd, &s->load, s->system->dialect, &s->crowd_config, &s->trial);
    if (!err)
        err = kr_load_connect(&s->load, &s->clients, 0, lines);
    if (!err && is_floor)
        err = kr_load_connect(&s->load, &s->component, lines, 1);
    return err;
}

int main(int argc, char **argv)
{
    static struct kr_load_options options;
    static struct kr_stage stage;
    char secret[SECRET_MAX] = "";
    int done = kr_load_options_read(argc, argv, &options);
    if (done)
        return done - 1;
    stage.options = &options;
    stage.system = kr_system_find(options.system, options.olm);
    size_t story = 0;
    while (story < sizeof(stories) / sizeof(stories[0]) && strcmp(stories[story].name, options.story) != 0)
        story++;
    bool is_floor = stage.system && stage.system->dialect == &kr_floor;
    if (!stage.system || story == sizeof(stories) / sizeof(stories[0]) || (is_floor && story != 0)) {
        (void)fputs("kr-load: no such system, or no such story with it (see kr-load --help)\n", stderr);
        return 2;
    }
    int err = kr_random_init();
    if (!err)
        err = set(&stage, secret);
    if (!err)
        err = is_floor ? kr_story_floor(&stage) : stories[story].play(&stage);
    if (err || stage.load.failed)
        (void)fprintf(stderr, "kr-load: %s\n", stage.load.failed ? stage.load.why : kr_strerror(err));
    if (stage.crowd.seats)
        kr_crowd_done(&stage.crowd);
    kr_record_done(&stage.record);
    kr_trial_done(&stage.trial);
    kr_load_done(&stage.load);
    return err || stage.load.failed ? 1 : 0;
}
