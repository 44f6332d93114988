#include "frame/window.h"

#include <string.h>

#include "base/err.h"

static uint64_t bit(uint64_t ctr)
{
    return UINT64_C(1) << (ctr % 64);
}

static size_t word(uint64_t ctr)
{
    return (size_t)(ctr % KR_FRAME_WINDOW / 64);
}

int kr_sframe_window_check(const struct kr_sframe_window *w, uint64_t ctr)
{
    if (!w->any || ctr > w->top)
        return 0;
    if (w->top - ctr >= KR_FRAME_WINDOW || (w->seen[word(ctr)] & bit(ctr)))
        return KR_E_REPLAY;
    return 0;
}

int kr_sframe_window_mark(struct kr_sframe_window *w, uint64_t ctr)
{
    int err = kr_sframe_window_check(w, ctr);
    if (err)
        return err;
    if (!w->any || (ctr > w->top && ctr - w->top >= KR_FRAME_WINDOW)) {
        memset(w->seen, 0, sizeof(w->seen));
        w->top = ctr;
        w->any = true;
    }
    while (w->top < ctr) {
        w->top++;
        w->seen[word(w->top)] &= ~bit(w->top);
    }
    w->seen[word(ctr)] |= bit(ctr);
    return 0;
}
