/* What the members of a room know in common: roster and context of the epoch in flight. Each of them is told
 * it, and checks that it was told the same; it is kept once, since a thousand copies would be the generator's
 * cost and not the service's. */
#ifndef KR_LOAD_LIGHT_VIEW_H
#define KR_LOAD_LIGHT_VIEW_H

#include "epoch/rounds.h"
#include "log/note_key.h"
#include "message/event.h"

struct kr_view {
    bool any; /* an epoch is known */
    struct kr_id instance;
    struct kr_epoch_link link;
    struct kr_note_key log_key; /* of the service's log, whose origin the link borrows */
    struct kr_digest context;
    struct kr_roster roster;
    struct kr_sealing sealing; /* of roster and link */
    bool has_joiners;
    uint32_t *persons;   /* by roster index: a number of that attach that stays; owned */
    struct kr_id *known; /* attaches by number; owned */
    size_t known_len, known_cap;
};

/* An announce that is coming in parts, as one member receives it. */
struct kr_hearing {
    bool any;
    struct kr_id instance;
    struct kr_epoch_link link; /* but the roster and the leader's attach */
    bool has_prev;
    struct kr_digest prev_context;
    uint32_t parts;                /* heard so far */
    struct kr_roster_entry *lines; /* owned, strings too */
    size_t line_len, line_cap;
    struct kr_id *gone; /* owned */
    size_t gone_len, gone_cap;
};

struct kr_view *kr_view_new(void);
void kr_view_free(struct kr_view *v);

void kr_hearing_done(struct kr_hearing *h);

/* One part of an announce. *ret_whole: it was the last one, and the view is of its epoch now. KR_E_MALFORMED:
 * parts out of order; KR_E_ROSTER_MISMATCH: not what the others were told. */
int kr_view_hear(struct kr_view *v, struct kr_hearing *h, const char *room,
                 const struct kr_notice_announce *a, bool *ret_whole);

#endif
