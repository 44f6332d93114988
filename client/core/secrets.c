/* The secrets of an epoch and the frame keys that follow from them (docs/protocol.md 5.5, 5.6, 5.13, 5.14).
 */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "client/state.h"
#include "epoch/schedule.h"

bool kr_epoch_is_shared(const struct kr_epoch_state *e)
{
    return e->link.source != KR_SOURCE_PARTICIPANTS;
}

bool kr_epoch_holds(const struct kr_epoch_state *e, size_t index)
{
    return kr_epoch_is_shared(e) ? kr_secret_is_set(&e->shared) : e->held[index].has;
}

const struct kr_secret *kr_epoch_secret(const struct kr_epoch_state *e, size_t index)
{
    if (!kr_epoch_holds(e, index))
        return NULL;
    return kr_epoch_is_shared(e) ? &e->shared : &e->held[index].secret;
}

void kr_epoch_hold(struct kr_epoch_state *e, size_t index, struct kr_secret *secret)
{
    if (!kr_epoch_is_shared(e)) {
        kr_secret_move(&e->held[index].secret, secret);
        e->held[index].has = true;
        return;
    }
    kr_secret_move(&e->shared, secret);
    if (e->me != e->sealing.leader) /* who holds it counts as having sealed (5.13) */
        e->sealed = true;
}

static int make_frame_keys(const struct kr_epoch_state *e, size_t index, struct kr_frame_keys *keys)
{
    struct kr_secret base = KR_SECRET_NONE;
    int err = kr_base_key(kr_epoch_secret(e, index), &e->context, kr_roster_line(&e->roster, index), &base);
    if (!err && e->link.format == KR_FORMAT_SFRAME)
        err =
            kr_sframe_key_init(e->link.suite, e->link.epoch * KR_OCCUPANTS_MAX + index, &base, &keys->sframe);
    else if (!err)
        err = kr_jframe_key_init(&base, e->link.epoch, &keys->jframe);
    kr_secret_done(&base);
    return err;
}

/* Only now: of the members of a large room, few are ever heard. */
int kr_epoch_frame_keys(struct kr_epoch_state *e, size_t index, struct kr_frame_keys **ret_keys)
{
    struct kr_held *h = &e->held[index];
    if (!kr_epoch_holds(e, index))
        return KR_E_NO_KEY;
    if (!h->keys) {
        struct kr_frame_keys *keys = kr_calloc(1, sizeof(*keys));
        int err = make_frame_keys(e, index, keys);
        if (err) {
            free(keys);
            return err;
        }
        h->keys = keys;
    }
    *ret_keys = h->keys;
    return 0;
}

void kr_epoch_wipe(struct kr_epoch_state *e)
{
    kr_secret_done(&e->shared);
    for (size_t i = 0; i < e->roster.len; i++) {
        struct kr_held *h = &e->held[i];
        kr_secret_done(&h->secret);
        if (h->keys) {
            kr_sframe_key_done(&h->keys->sframe);
            kr_jframe_key_done(&h->keys->jframe);
        }
        free(h->keys);
    }
    free(e->held);
    e->held = NULL;
}

/* A ratchet is computed by everybody for everybody who was there before (5.5); so it is for those that we
 * missed. */
static int ratchet_through(const struct kr_secret *from, const struct kr_missed *missed,
                           const struct kr_digest *context, struct kr_secret *ret_secret)
{
    struct kr_secret at = KR_SECRET_NONE;
    int err = 0;
    kr_secret_copy(&at, from);
    for (size_t i = 0; !err && i < missed->count; i++) {
        struct kr_secret next = KR_SECRET_NONE;
        err = kr_secret_ratchet(&at, &missed->contexts[i], &next);
        kr_secret_move(&at, &next);
    }
    if (!err)
        err = kr_secret_ratchet(&at, context, ret_secret);
    kr_secret_done(&at);
    return err;
}

static void from_participants(struct kr_client *c, struct kr_epoch_state *e,
                              const struct kr_epoch_state *last, const struct kr_missed *missed)
{
    bool ratchet = e->link.kind == KR_EPOCH_RATCHET && last && !missed->fresh;
    for (size_t i = 0; ratchet && i < e->roster.len; i++) {
        const struct kr_roster_entry *m = &e->roster.entries[i];
        struct kr_secret s = KR_SECRET_NONE;
        int at = m->is_new ? -1 : kr_roster_find(&last->roster, &m->attach);
        const struct kr_secret *from = at < 0 ? NULL : kr_epoch_secret(last, (size_t)at);
        if (from && ratchet_through(from, missed, &e->context, &s) == 0)
            kr_epoch_hold(e, i, &s);
    }
    if (!kr_epoch_holds(e, e->me)) {
        struct kr_secret s = KR_SECRET_NONE;
        kr_secret_fresh(&c->random, &s);
        kr_epoch_hold(e, e->me, &s);
    }
}

/* Who missed an announce follows no ratchet, and the leader makes nothing of its own in one: it would not be
 * what the others have. */
static void from_leader(struct kr_client *c, struct kr_epoch_state *e, const struct kr_epoch_state *last,
                        const struct kr_missed *missed)
{
    struct kr_secret s = KR_SECRET_NONE;
    if (e->link.kind == KR_EPOCH_FRESH) {
        if (e->me == e->sealing.leader)
            kr_secret_fresh(&c->random, &s);
    } else if (last && missed->count == 0 && !e->roster.entries[e->me].is_new && kr_epoch_is_shared(last) &&
               kr_epoch_holds(last, last->me)) {
        e->ratcheted = kr_secret_ratchet(&last->shared, &e->context, &s) == 0;
    }
    if (!kr_secret_is_set(&s))
        return;
    kr_epoch_hold(e, e->me, &s);
    c->doubted = false;
}

/* The slow part once in an instance. */
static int passphrase_key(struct kr_client *c)
{
    if (kr_secret_is_set(&c->passphrase_key) && kr_id_equal(&c->passphrase_instance, &c->instance))
        return 0;
    kr_secret_done(&c->passphrase_key);
    c->passphrase_instance = c->instance;
    return kr_passphrase_key(&c->passphrase, c->room, &c->instance, &c->passphrase_key);
}

static void from_passphrase(struct kr_client *c, struct kr_epoch_state *e)
{
    struct kr_secret s = KR_SECRET_NONE;
    int err = passphrase_key(c);
    if (!err)
        err = kr_passphrase_secret(&c->passphrase_key, &e->context, &s);
    if (err)
        kr_output_refused(c->out, "key", err, NULL);
    else
        kr_epoch_hold(e, e->me, &s);
}

void kr_epoch_first_keys(struct kr_client *c, struct kr_epoch_state *e, const struct kr_epoch_state *last,
                         const struct kr_missed *missed)
{
    switch (e->link.source) {
    case KR_SOURCE_PARTICIPANTS:
        from_participants(c, e, last, missed);
        break;
    case KR_SOURCE_LEADER:
    case KR_SOURCE_SERVICE:
        from_leader(c, e, last, missed);
        break;
    case KR_SOURCE_PASSPHRASE:
        from_passphrase(c, e);
        break;
    }
}
