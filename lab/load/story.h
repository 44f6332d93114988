/* What is played and measured. A story uses a system through this table; a system is a dialect and how to
 * tell that everybody has what they should. */
#ifndef KR_LOAD_STORY_H
#define KR_LOAD_STORY_H

#include "load/crowd.h"
#include "load/options.h"

struct kr_system {
    const char *name; /* as on the command line */
    bool olm;
    const struct kr_dialect *dialect;
    bool service; /* the room needs the service in it */
    /* Everybody who is in the room has everybody's newest key, and whoever waits for that knows. */
    bool (*complete)(void *crowd);
    void (*explain)(struct kr_load *load,
                    const struct kr_crowd *crowd); /* why it is not. NULL: cannot tell */
    /* Keys that a rotation (or a join of one) of so many members brings to their receivers; the newest
     * epoch's where the service decides. */
    size_t (*keys_of_leave)(const struct kr_crowd *crowd);
    size_t (*keys_of_join)(const struct kr_crowd *crowd);
    size_t (*failed_pairs)(const struct kr_crowd *crowd);
};
/* NULL if there is none of that name. */
const struct kr_system *kr_system_find(const char *name, bool olm);

struct kr_stage { /* everything a story needs */
    const struct kr_load_options *options;
    const struct kr_system *system;
    struct kr_load load;
    struct kr_line_config clients, component;
    struct kr_crowd_config crowd_config;
    struct kr_meter meter;
    struct kr_record record;
    struct kr_trial trial;
    struct kr_crowd crowd;
};

enum {
    KR_STORY_MS = 180000,    /* a rotation that takes longer has failed */
    KR_STORY_OLM_MS = 900000 /* all devices on one core */
};

/* 0, or KR_E_IO with stage->load.why. */
int kr_story_meeting(struct kr_stage *s);
int kr_story_join_storm(struct kr_stage *s);
int kr_story_enable(struct kr_stage *s);
int kr_story_floor(struct kr_stage *s);
int kr_story_storm(struct kr_stage *s);
int kr_story_many(struct kr_stage *s);

/* --- shared by stories --- */

/* Runs until the system is complete. */
int kr_story_complete(struct kr_stage *s, const char *what);
/* The first person, who opens the room and has the service come. */
int kr_story_found(struct kr_stage *s);
/* The others, up to N. */
int kr_story_fill(struct kr_stage *s);
/* Ends the round, checks how many keys arrived (SIZE_MAX: whatever) and prints. */
int kr_story_tell(struct kr_stage *s, const struct kr_outcome *outcome, size_t keys);

#endif
