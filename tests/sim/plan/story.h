/* Stories: plans as text, with what is expected of them (docs/testing.md). */
#ifndef KR_SIM_STORY_H
#define KR_SIM_STORY_H

#include <stdio.h>

#include "sim/plan/plan.h"

struct sim_expectation {
    char text[200];
    bool never;        /* the text may stand in no line */
    uint64_t after_ms; /* `expect`: in a line at this time or later, and behind the one expected before */
};

struct sim_story {
    struct sim_plan plan;
    char title[160];
    struct sim_expectation *expectations;
    size_t count, cap;
};

/* err: 256 bytes, with the line's number. False: nothing to free. */
bool sim_story_read(FILE *f, struct sim_story *ret_story, char err[static 256]);
void sim_story_done(struct sim_story *s);
/* A plan as a story without expectations. */
void sim_story_write(FILE *f, const struct sim_plan *plan, const char *title);

#endif
