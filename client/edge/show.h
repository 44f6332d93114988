/* What happens, as lines for people or as JSON for machines, on standard output. */
#ifndef KR_EDGE_SHOW_H
#define KR_EDGE_SHOW_H

#include <jansson.h>
#include <stdbool.h>

#include "client/output.h"

struct kr_show {
    bool json;
    const char *nick, *room;
    unsigned warned; /* set of KR_SOURCE_BIT: what it means of these was said */
};

/* Takes `fields` (may be NULL). text: the line for people. */
void kr_show(const struct kr_show *s, const char *event, json_t *fields, const char *text);
/* With the first epoch of a source it also says what that source does not protect. */
void kr_show_report(struct kr_show *s, const struct kr_report *r);
void kr_show_frames(const struct kr_show *s, json_t *tally); /* takes tally */

#endif
