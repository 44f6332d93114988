/* Stories: plans as text, with what is expected of them (docs/testing.md). */
#ifndef KR_SIM_STORY_H
#define KR_SIM_STORY_H

#include <stdio.h>

#include "sim/plan/plan.h"

enum sim_expectation_kind {
    SIM_EXPECT, /* in a line behind the one that the `expect` before was met by */
    SIM_ALSO,   /* in a line, wherever it stands among the others */
    SIM_NEVER   /* in no line */
};
struct sim_expectation {
    enum sim_expectation_kind kind;
    unsigned line;      /* of the story */
    uint64_t after_ms;  /* the act or `at` above; 0 for `never` */
    uint64_t before_ms; /* `within` */
    bool met;           /* while it plays */
    char text[200];
};

struct sim_story {
    struct sim_plan plan;
    char title[160];
    uint64_t act_ms; /* of the act or `at` above, while it is read */
    struct sim_expectation *expectations;
    size_t count, cap;
};

/* err: 256 bytes, with the line's number. False: nothing to free. */
bool sim_story_read(FILE *f, struct sim_story *ret_story, char err[static 256]);
void sim_story_done(struct sim_story *s);
/* Holds a line `who: what` of the run against what is expected; in the order of the run. */
void sim_story_line(struct sim_story *s, uint64_t at_ms, const char *line);
/* What is not as expected when the run is over, or NULL: the story's. */
const struct sim_expectation *sim_story_unmet(const struct sim_story *s);
/* A plan as a story without expectations. */
void sim_story_write(FILE *f, const struct sim_plan *plan, const char *title);

#endif
