/* When a sender uses which key: a pure function of times (docs/protocol.md 5.12). */
#ifndef KR_CLIENT_SENDING_H
#define KR_CLIENT_SENDING_H

#include <stdbool.h>
#include <stdint.h>

struct kr_sending_facts {  /* of the newest announced epoch */
    uint64_t announced_ms; /* when it arrived, monotonic */
    uint64_t deadline_ms;  /* as announced, a duration */
    bool sealed;           /* our secret went out to at least one who needs it, or nobody does */
    bool committed;
    bool mismatched; /* we were told something that does not hold */
    bool sending;    /* frames go out with an older key */
    bool current;    /* frames go out with this epoch's key already */
};

enum kr_sending { KR_SENDING_KEEP, KR_SENDING_SWITCH, KR_SENDING_SWITCH_CLOCK, KR_SENDING_STOP };

/* What to do now; *ret_next_ms is when to ask again (UINT64_MAX: no time changes it). */
enum kr_sending kr_sending_decide(const struct kr_sending_facts *f, uint64_t now_ms, uint64_t *ret_next_ms);

#endif
