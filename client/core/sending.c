#include "client/sending.h"

#include "base/limit.h"

enum kr_sending kr_sending_decide(const struct kr_sending_facts *f, uint64_t now_ms, uint64_t *ret_next_ms)
{
    uint64_t due = f->announced_ms + f->deadline_ms;
    *ret_next_ms = UINT64_MAX;
    if (f->current && !f->mismatched)
        return KR_SENDING_KEEP;
    if (f->sealed && !f->mismatched) {
        if (f->committed)
            return KR_SENDING_SWITCH;
        if (now_ms >= due + KR_SWITCH_SLACK_MS)
            return KR_SENDING_SWITCH_CLOCK;
        *ret_next_ms = due + KR_SWITCH_SLACK_MS;
        return KR_SENDING_KEEP;
    }
    if (!f->sending && !f->current)
        return KR_SENDING_KEEP;
    if (now_ms >= due + KR_UNSEALED_STOP_MS)
        return KR_SENDING_STOP;
    *ret_next_ms = due + KR_UNSEALED_STOP_MS;
    return KR_SENDING_KEEP;
}
