/* Which frame counters of one key were seen (docs/protocol.md 5.8): a replayed frame is dropped.
 *
 * A receiver asks before it opens a frame and marks after the tag verified, so a forged counter moves
 * nothing. Pure state without memory of its own; one per (KID, key). */
#ifndef KR_FRAME_WINDOW_H
#define KR_FRAME_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limit.h"

struct kr_sframe_window { /* all zero is an empty one */
    bool any;             /* something was marked */
    uint64_t top;         /* highest counter marked */
    uint64_t
        seen[KR_FRAME_WINDOW / 64]; /* bit (counter mod KR_FRAME_WINDOW) for (top - KR_FRAME_WINDOW, top] */
};

/* 0 if the counter was not marked yet; KR_E_REPLAY if it was, or is KR_FRAME_WINDOW or more below the
 * highest. */
int kr_sframe_window_check(const struct kr_sframe_window *w, uint64_t ctr);

/* The same, and the counter is marked. On failure the window is as it was. */
int kr_sframe_window_mark(struct kr_sframe_window *w, uint64_t ctr);

#endif
