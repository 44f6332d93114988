#include "core/churn.h"

#include <string.h>

enum { MINUTE_MS = 60000, KEPT = KR_LEAVE_BUDGET + 1 };

void kr_churn_rotated(struct kr_churn *c, uint64_t now_ms)
{
    if (c->count == KEPT) {
        memmove(c->rotations_ms, c->rotations_ms + 1, (KEPT - 1) * sizeof(c->rotations_ms[0]));
        c->count--;
    }
    c->rotations_ms[c->count++] = now_ms;
}

bool kr_churn_over(const struct kr_churn *c, uint64_t now_ms)
{
    return c->count == KEPT && now_ms - c->rotations_ms[0] < MINUTE_MS;
}

bool kr_churn_hold(struct kr_churn *c, uint64_t now_ms)
{
    if (c->held)
        return true;
    if (!kr_churn_over(c, now_ms))
        return false;
    c->held = true;
    c->let_in_ms = now_ms + KR_JOIN_HOLD_MS;
    return true;
}
