/* Who left and still holds the key in use: by our own presence and clock (docs/protocol.md 5.12). */
#include <stdlib.h>

#include "base/alloc.h"
#include "client/state.h"

static void forget(struct kr_client *c, struct kr_absence *a)
{
    HASH_DEL(c->absences, a);
    free(a->participant);
    free(a);
}

void kr_exposure_forget(struct kr_client *c)
{
    struct kr_absence *a, *next;
    HASH_ITER (hh, c->absences, a, next) {
        forget(c, a);
    }
}

static void absent(struct kr_client *c, const struct kr_roster_entry *m)
{
    struct kr_absence *a;
    HASH_FIND(hh, c->absences, &m->attach, sizeof(m->attach), a);
    if (!a) {
        a = kr_calloc(1, sizeof(*a));
        a->attach = m->attach;
        a->since_ms = c->now_ms;
        a->participant = kr_strdup(m->participant);
        HASH_ADD(hh, c->absences, attach, sizeof(a->attach), a);
    }
    a->marked = true;
}

/* Those of the key in use whom our presence lacks. Kept beyond an attach, as that key is. */
static void look(struct kr_client *c)
{
    struct kr_absence *a, *next;
    const struct kr_epoch_state *e = c->sending;
    if (!e)
        return; /* who was gone before is so still when sending goes on */
    HASH_ITER (hh, c->absences, a, next) {
        a->marked = false;
    }
    for (size_t i = 0; i < e->roster.len; i++) {
        const struct kr_roster_entry *m = &e->roster.entries[i];
        if (i != e->me && !kr_presence_shows(c, m->participant, &e->devices[i]))
            absent(c, m);
    }
    HASH_ITER (hh, c->absences, a, next) {
        if (!a->marked)
            forget(c, a);
    }
}

/* An epoch without it was announced: then the bounds of that epoch hold. */
static bool answered(const struct kr_client *c, const struct kr_absence *a)
{
    const struct kr_epoch_state *e = c->epochs;
    return e && e != c->sending && kr_id_equal(&e->attach, &c->attach) && c->phase >= KR_PHASE_ATTACHING &&
           kr_roster_find(&e->roster, &a->attach) < 0;
}

static bool exposes(const struct kr_client *c, const struct kr_absence *a)
{
    return c->sending && c->now_ms >= a->since_ms + KR_EXPOSED_MS && !answered(c, a);
}

void kr_exposure_update(struct kr_client *c)
{
    struct kr_absence *a, *next;
    bool exposed = false;
    look(c);
    HASH_ITER (hh, c->absences, a, next) {
        exposed = exposed || exposes(c, a);
    }
    if (exposed == c->exposed)
        return;
    c->exposed = exposed;
    struct kr_report *r = kr_output_report(c->out, exposed ? KR_REPORT_EXPOSED : KR_REPORT_UNEXPOSED);
    HASH_ITER (hh, c->absences, a, next) {
        if (exposed && exposes(c, a))
            kr_report_who(r, a->participant);
    }
    /* an announce may have been lost on the way */
    if (exposed && c->phase == KR_PHASE_MEMBER && !c->mismatched)
        kr_announce_ask(c);
}

uint64_t kr_exposure_next(const struct kr_client *c)
{
    uint64_t due = UINT64_MAX;
    for (const struct kr_absence *a = c->absences; a; a = a->hh.next)
        if (c->now_ms < a->since_ms + KR_EXPOSED_MS)
            due = kr_sooner(due, a->since_ms + KR_EXPOSED_MS);
    return due;
}
