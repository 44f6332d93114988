#include "sim/check/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim/check/state.h"

static const struct {
    int number;
    const char *name;
} promises[] = {
#define PROMISE(name, number, text) {number, #name},
#include "sim/check/promise.def"
#undef PROMISE
};
enum { PROMISES = sizeof(promises) / sizeof(promises[0]) };

const char *sim_promise_name(int promise)
{
    for (size_t i = 0; i < PROMISES; i++)
        if (promises[i].number == promise)
            return promises[i].name;
    return NULL;
}

int sim_promise_read(const char *name)
{
    for (size_t i = 0; i < PROMISES; i++)
        if (strcmp(promises[i].name, name) == 0)
            return promises[i].number;
    return 0;
}

struct sim_check *sim_check_new(void)
{
    return kr_calloc(1, sizeof(struct sim_check));
}

static void free_epochs(struct sim_check *c)
{
    struct known_epoch *k, *ktmp;
    HASH_ITER (hh, c->epochs, k, ktmp) {
        HASH_DEL(c->epochs, k);
        free(k->members);
        free(k);
    }
    struct seen_epoch *s, *stmp;
    HASH_ITER (hh, c->seen_epochs, s, stmp) {
        HASH_DEL(c->seen_epochs, s);
        free(s->members);
        free(s);
    }
    struct instance_high *h, *htmp;
    HASH_ITER (hh, c->highs, h, htmp) {
        HASH_DEL(c->highs, h);
        free(h);
    }
}

void sim_check_free(struct sim_check *c)
{
    free_epochs(c);
    struct known_secret *s, *stmp;
    HASH_ITER (hh, c->secrets, s, stmp) {
        HASH_DEL(c->secrets, s);
        kr_wipe(s, sizeof(*s));
        free(s);
    }
    struct given_key *g, *gtmp;
    HASH_ITER (hh, c->given, g, gtmp) {
        HASH_DEL(c->given, g);
        free(g);
    }
    free(c);
}

const struct sim_violation *sim_violation(const struct sim_world *w)
{
    return &w->check->violation;
}

struct sim_seen sim_check_seen(const struct sim_world *w)
{
    return w->check->seen;
}

void sim_violate(struct sim_world *w, enum sim_promise promise, const char *fmt, ...)
{
    struct sim_violation *v = &w->check->violation;
    va_list ap;
    if (v->promise)
        return; /* the first one counts */
    v->promise = (int)promise;
    v->at_ms = w->now.mono_ms;
    va_start(ap, fmt);
    vsnprintf(v->text, sizeof(v->text), fmt, ap);
    va_end(ap);
    sim_say(w, "--", "P%d %s does not hold: %s", v->promise, sim_promise_name(v->promise), v->text);
}

int check_room_of(const char *jid)
{
    for (int r = 0; r < SIM_ROOMS; r++)
        if (strcmp(jid, sim_room_jid[r]) == 0)
            return r;
    return -1;
}

struct known_epoch *check_epoch(const struct sim_check *c, const struct kr_id *instance, uint64_t epoch)
{
    struct epoch_key key;
    struct known_epoch *k = NULL;
    memset(&key, 0, sizeof(key));
    key.instance = *instance;
    key.epoch = epoch;
    HASH_FIND(hh, c->epochs, &key, sizeof(key), k);
    return k;
}

struct seen_epoch *check_seen_epoch(const struct sim_check *c, const struct kr_digest *context)
{
    struct seen_epoch *s = NULL;
    HASH_FIND(hh, c->seen_epochs, context, sizeof(*context), s);
    return s;
}

bool check_is_among(const struct kr_id *list, size_t count, const struct kr_id *id)
{
    for (size_t i = 0; i < count; i++)
        if (kr_id_equal(&list[i], id))
            return true;
    return false;
}

struct known_secret *check_secret(const struct sim_check *c, const uint8_t secret[32])
{
    struct known_secret *s = NULL;
    HASH_FIND(hh, c->secrets, secret, 32, s);
    return s;
}

void check_secret_known(struct sim_check *c, const uint8_t secret[32], const struct kr_digest *context,
                        const struct kr_id *sender)
{
    struct known_secret *s = kr_calloc(1, sizeof(*s));
    memcpy(s->secret, secret, 32);
    if (context)
        s->context = *context;
    if (sender)
        s->sender = *sender;
    HASH_ADD(hh, c->secrets, secret, sizeof(s->secret), s);
    c->seen.secrets++;
}

void sim_check_time(struct sim_world *w)
{
    for (size_t i = 0; i < w->count; i++)
        check_client_time(w, &w->people[i]);
}

void sim_check_person(struct sim_world *w, struct sim_person *p)
{
    check_client_look(w, p);
}

void sim_check_report(struct sim_world *w, struct sim_person *p, const struct kr_report *r)
{
    struct watched *me = &w->check->people[p->index];
    if (r->kind == KR_REPORT_MISMATCH) {
        me->said_mismatch = true;
        me->forked_epoch =
            me->forked_epoch || p->forked; /* what it was told did not even look like an epoch */
        if (!p->forked && !p->suspect && r->who_count == 0)
            sim_violate(w, SIM_P_FORK, "%s says that it was told something else (%s), but it was not",
                        p->role->name, r->why);
    }
    if (r->kind == KR_REPORT_SWITCH)
        w->check->seen.switches++;
}
