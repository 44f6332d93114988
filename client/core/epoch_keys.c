/* Epochs: kept, sent with, replaced, erased in time (docs/protocol.md 5.12). */
#include <stdlib.h>

#include "base/alloc.h"
#include "client/state.h"

static void free_epoch(struct kr_epoch_state *e)
{
    kr_epoch_wipe(e);
    free(e->devices);
    free(e->to);
    free(e->supplements);
    free(e->reported);
    free(e->asked);
    free(e->mismatch);
    kr_roster_done(&e->roster);
    free(e);
}

static void erase(struct kr_client *c, struct kr_epoch_state **at)
{
    struct kr_epoch_state *e = *at;
    *at = e->next;
    if (c->sending == e)
        c->sending = NULL;
    free_epoch(e);
}

/* More than four: the oldest goes that nobody sends with, ourselves included. */
static void bound(struct kr_client *c)
{
    size_t count = 0;
    for (struct kr_epoch_state *e = c->epochs; e; e = e->next)
        count++;
    while (count > KR_EPOCHS_HELD_MAX) {
        struct kr_epoch_state **victim = NULL;
        for (struct kr_epoch_state **at = &c->epochs->next; *at; at = &(*at)->next)
            if (*at != c->sending)
                victim = at;
        erase(c, victim);
        count--;
    }
}

/* Frames name a JFrame epoch by its index alone, so no two that are held share one (5.9). */
static void free_index(struct kr_client *c, const struct kr_epoch_link *link)
{
    struct kr_epoch_state **at = &c->epochs;
    while (*at) {
        const struct kr_epoch_link *l = &(*at)->link;
        if (link->format == KR_FORMAT_JFRAME && l->format == KR_FORMAT_JFRAME && *at != c->sending &&
            l->epoch % KR_JFRAME_RING == link->epoch % KR_JFRAME_RING)
            erase(c, at);
        else
            at = &(*at)->next;
    }
}

struct kr_epoch_state *kr_epoch_new(struct kr_client *c, const struct kr_epoch_link *link,
                                    struct kr_roster *roster)
{
    free_index(c, link);
    struct kr_epoch_state *e = kr_calloc(1, sizeof(*e));
    e->instance = c->instance;
    e->attach = c->attach;
    e->link = *link;
    e->announced_ms = c->now_ms;
    e->erase_ms = e->ack_ms = UINT64_MAX;
    e->roster = *roster;
    kr_roster_init(roster);
    e->sealing = kr_sealing(&e->roster, &e->link);
    size_t n = e->roster.len;
    e->held = kr_calloc(n, sizeof(*e->held));
    e->devices = kr_calloc(n, sizeof(*e->devices));
    for (size_t i = 0; i < n; i++)
        e->devices[i] = kr_device_id(&e->roster.entries[i].ed25519, &e->roster.entries[i].curve25519);
    e->to = kr_calloc(n, 1);
    e->supplements = kr_calloc(n, 1);
    e->reported = kr_calloc(n, 1);
    e->asked = kr_calloc(n, 1);
    e->mismatch = kr_calloc(n, 1);
    e->next = c->epochs;
    c->epochs = e;
    bound(c);
    return e;
}

struct kr_epoch_state *kr_epoch_now(struct kr_client *c)
{
    struct kr_epoch_state *e = c->epochs;
    return e && c->phase >= KR_PHASE_ATTACHING && kr_id_equal(&e->attach, &c->attach) ? e : NULL;
}

void kr_epoch_replaced(struct kr_client *c, const struct kr_epoch_state *by)
{
    for (struct kr_epoch_state *e = by->next; e; e = e->next)
        e->erase_ms = kr_sooner(e->erase_ms, c->now_ms + KR_ERASE_MS);
}

void kr_epoch_fade(struct kr_client *c)
{
    for (struct kr_epoch_state *e = c->epochs; e; e = e->next)
        e->erase_ms = kr_sooner(e->erase_ms, c->now_ms + KR_ERASE_MS);
}

void kr_epoch_time(struct kr_client *c)
{
    struct kr_epoch_state **at = &c->epochs;
    while (*at) {
        if ((*at)->erase_ms <= c->now_ms && *at != c->sending)
            erase(c, at);
        else
            at = &(*at)->next;
    }
}

void kr_epoch_erase_all(struct kr_client *c)
{
    while (c->epochs)
        erase(c, &c->epochs);
    kr_secret_done(&c->passphrase_key);
}

void kr_epoch_commit(struct kr_client *c, const struct kr_notice_commit *n)
{
    struct kr_epoch_state *e = kr_epoch_now(c);
    if (!e || n->epoch != e->link.epoch || e->committed ||
        !kr_open_seats(c, e, n->laggards, n->laggard_count) ||
        !kr_open_seats(c, e, n->silent, n->silent_count))
        return;
    e->committed = true;
    for (size_t i = 0; i < n->silent_count; i++)
        e->posted = e->posted && n->silent[i] != e->me; /* what we posted has not arrived */
    struct kr_report *r = kr_output_report(c->out, KR_REPORT_COMMIT);
    r->instance = e->instance;
    r->epoch = e->link.epoch;
    r->has_exposure = n->has_exposure;
    r->exposure_ms = n->exposure_ms;
    kr_epoch_replaced(c, e);
}

/* Somebody of the key in use is not in this epoch: however many epochs follow, that key ends in time (5.12).
 */
static void expire(struct kr_client *c, const struct kr_epoch_state *e)
{
    for (size_t i = 0; i < c->sending->roster.len; i++)
        if (kr_roster_find(&e->roster, &c->sending->roster.entries[i].attach) < 0)
            c->expire_ms = kr_sooner(c->expire_ms, e->announced_ms + e->deadline_ms + KR_UNSEALED_STOP_MS);
}

static void expire_again(struct kr_client *c)
{
    c->expire_ms = UINT64_MAX;
    for (const struct kr_epoch_state *e = c->epochs; c->sending && e && e != c->sending; e = e->next)
        expire(c, e);
}

void kr_epoch_announced(struct kr_client *c, const struct kr_epoch_state *e)
{
    if (c->sending)
        expire(c, e);
}

/* We send with a newer one already: there is no way back. */
static bool is_older(const struct kr_client *c, const struct kr_epoch_state *e)
{
    return c->sending && kr_id_equal(&c->sending->attach, &e->attach) &&
           c->sending->link.epoch > e->link.epoch;
}

void kr_epoch_was_committed(struct kr_client *c, uint64_t epoch)
{
    struct kr_epoch_state *e = c->epochs;
    while (e && !(e->link.epoch == epoch && kr_id_equal(&e->instance, &c->instance) &&
                  kr_id_equal(&e->attach, &c->attach)))
        e = e->next;
    if (!e || e->committed || is_older(c, e))
        return;
    e->committed = true;
    struct kr_report *r = kr_output_report(c->out, KR_REPORT_COMMIT);
    r->instance = e->instance;
    r->epoch = e->link.epoch;
    if ((e->sealed || e->posted) && c->sending != e && !c->mismatched) {
        r = kr_output_report(c->out, KR_REPORT_SWITCH);
        r->instance = e->instance;
        r->epoch = e->link.epoch;
        c->sending = e;
        c->stop_at_ms = UINT64_MAX;
        expire_again(c);
    }
    kr_epoch_replaced(c, e);
}

static struct kr_sending_facts facts_of(const struct kr_client *c, const struct kr_epoch_state *e)
{
    if (c->mismatched) {
        struct kr_sending_facts f = c->broken;
        f.sending = c->sending != NULL;
        f.mismatched = true;
        return f;
    }
    return (struct kr_sending_facts){.announced_ms = e->announced_ms,
                                     .deadline_ms = e->deadline_ms,
                                     .sealed = e->sealed || (e->committed && e->posted),
                                     .committed = e->committed,
                                     .sending = c->sending != NULL,
                                     .current = c->sending == e};
}

static void stop(struct kr_client *c, const char *why)
{
    struct kr_report *r = kr_output_report(c->out, KR_REPORT_STOP);
    r->instance = c->sending->instance;
    r->epoch = c->sending->link.epoch;
    r->why = kr_strdup(why);
    c->sending = NULL;
    c->stop_at_ms = c->expire_ms = UINT64_MAX;
}

/* An announce does not hold and its whole does not come: until then we send with what we have. */
static uint64_t unresolved_until(const struct kr_client *c)
{
    return c->unresolved ? kr_epoch_broken_until(c) : UINT64_MAX;
}

uint64_t kr_epoch_broken_until(const struct kr_client *c)
{
    return c->unresolved || c->mismatched
               ? c->broken.announced_ms + c->broken.deadline_ms + KR_UNSEALED_STOP_MS
               : UINT64_MAX;
}

/* Keys of attaches before this one: 5 s left. */
static void fade_older(struct kr_client *c)
{
    for (struct kr_epoch_state *e = c->epochs; e; e = e->next)
        if (!kr_id_equal(&e->attach, &c->attach))
            e->erase_ms = kr_sooner(e->erase_ms, c->now_ms + KR_ERASE_MS);
}

void kr_epoch_send(struct kr_client *c)
{
    struct kr_epoch_state *e = kr_epoch_now(c);
    if (!c->sending)
        c->stop_at_ms = c->expire_ms = UINT64_MAX;
    if (c->sending && c->stop_at_ms <= c->now_ms) {
        stop(c, "not-member");
        fade_older(c);
    }
    if (c->sending && c->expire_ms <= c->now_ms)
        stop(c, c->mismatched ? "mismatched" : "overdue");
    if (c->sending && unresolved_until(c) <= c->now_ms)
        stop(c, "unresolved");
    if (!e || c->phase < KR_PHASE_MEMBER || unresolved_until(c) <= c->now_ms)
        return;
    struct kr_sending_facts f = facts_of(c, e);
    uint64_t next;
    enum kr_sending what = kr_sending_decide(&f, c->now_ms, &next);
    if (what == KR_SENDING_KEEP)
        return;
    struct kr_report *r =
        kr_output_report(c->out, what == KR_SENDING_STOP ? KR_REPORT_STOP : KR_REPORT_SWITCH);
    r->instance = e->instance;
    r->epoch = e->link.epoch;
    if (what == KR_SENDING_STOP) {
        r->why = kr_strdup(c->mismatched ? "mismatched" : "unsealed");
        c->sending = NULL;
        return;
    }
    r->by_clock = what == KR_SENDING_SWITCH_CLOCK;
    c->sending = e;
    c->stop_at_ms = UINT64_MAX;
    expire_again(c);
    kr_epoch_replaced(c, e);
}

uint64_t kr_epoch_next(const struct kr_client *c)
{
    uint64_t due =
        c->sending ? kr_sooner(unresolved_until(c), kr_sooner(c->stop_at_ms, c->expire_ms)) : UINT64_MAX;
    for (const struct kr_epoch_state *e = c->epochs; e; e = e->next)
        if (e != c->sending)
            due = kr_sooner(due, e->erase_ms);
    if (c->phase == KR_PHASE_MEMBER && c->epochs && kr_id_equal(&c->epochs->attach, &c->attach) &&
        unresolved_until(c) > c->now_ms) {
        struct kr_sending_facts f = facts_of(c, c->epochs);
        uint64_t next;
        kr_sending_decide(&f, c->now_ms, &next);
        due = kr_sooner(due, next);
    }
    return due;
}
