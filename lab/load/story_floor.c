#include "base/err.h"
#include "load/floor.h"
#include "load/story.h"

int kr_story_floor(struct kr_stage *s)
{
    size_t n = s->options->n;
    struct kr_record script;
    if (!s->options->script || kr_record_read(s->options->script, &script) != 0) {
        kr_load_fail(&s->load, "no script that can be read");
        return KR_E_IO;
    }
    struct kr_floor_service service = {
        .load = &s->load, .line = &s->load.lines[n], .crowd = &s->crowd, .script = &script, .members = n};
    /* In a room, as the others: what that costs the server in memory is then the same. */
    for (size_t i = 0; i < n; i++)
        kr_seat_join(kr_crowd_seat(&s->crowd, i, 0));
    int err = kr_load_until(&s->load, kr_crowd_all_inside, &s->crowd, KR_STORY_MS, "all are in the room");
    if (!err && kr_floor_start(&service) != 0) {
        kr_load_fail(&s->load, "the script is not one of a rotation of %zu members", n);
        err = KR_E_IO;
    }
    for (size_t i = 0; !err && i < s->options->rounds; i++) {
        err = kr_crowd_quiet(&s->crowd, 250);
        uint64_t now = kr_now_ns();
        kr_trial_begin(&s->trial, now, now);
        kr_floor_round(&service);
        err =
            err ? err
                : kr_load_until(&s->load, kr_floor_done, &service, KR_STORY_MS, "the floor's round is over");
        err = err ? err
                  : kr_story_tell(s, &(struct kr_outcome){.name = "leave", .n = n},
                                  script.of[KR_REC_DELIVER].len);
    }
    kr_record_done(&script);
    return err;
}
