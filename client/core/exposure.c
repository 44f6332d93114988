/* Who left and still holds the keys in use: by our own presence and clock (docs/protocol.md 5.12). */
#include "client/state.h"

static bool exposes(const struct kr_client *c, const struct kr_peer *p)
{
    return p->absent && c->now_ms >= p->absent_ms + KR_EXPOSED_MS;
}

void kr_exposure_update(struct kr_client *c)
{
    struct kr_peer *p, *next;
    bool exposed = false;
    HASH_ITER (hh, c->peers, p, next) {
        bool absent = !kr_presence_shows(c, p->participant, &p->device);
        if (absent && !p->absent)
            p->absent_ms = c->now_ms;
        p->absent = absent;
        exposed = exposed || exposes(c, p);
    }
    if (exposed == c->exposed)
        return;
    c->exposed = exposed;
    struct kr_report *r = kr_output_report(c->out, exposed ? KR_REPORT_EXPOSED : KR_REPORT_UNEXPOSED);
    HASH_ITER (hh, c->peers, p, next) {
        if (exposed && exposes(c, p))
            kr_report_who(r, p->participant);
    }
    /* an announce may have been lost on the way */
    if (exposed && c->phase == KR_PHASE_MEMBER && !c->mismatched)
        kr_announce_ask(c);
}

uint64_t kr_exposure_next(const struct kr_client *c)
{
    uint64_t due = UINT64_MAX;
    for (const struct kr_peer *p = c->peers; p; p = p->hh.next)
        if (p->absent && !exposes(c, p))
            due = kr_sooner(due, p->absent_ms + KR_EXPOSED_MS);
    return due;
}
