/* What the defects do to the service: its core, its turn, its store. Each function passes through unless its
 * defect is on. */
#include <sodium.h>
#include <string.h>

#include "canary.h"
#include "core/announce.h"
#include "core/deliver.h"
#include "core/door.h"
#include "core/epoch.h"
#include "core/member.h"
#include "core/room.h"
#include "core/state.h"
#include "core/tell.h"
#include "daemon/turn.h"
#include "store_memory/memory.h"

PATCHED(kr_epoch_announce);
PATCHED(kr_context);
PATCHED(kr_epoch_abandon);
PATCHED(kr_deliver_again);
PATCHED(kr_deliver_want);
PATCHED(kr_deliver_round);
PATCHED(kr_commit_tell);
PATCHED(kr_attach_store);
PATCHED(kr_door_tick);
PATCHED(kr_output_write);
PATCHED(kr_turn_event);
PATCHED(kr_store_memory_new);

/* --- epochs --- */

static const struct kr_room *announcing;

void __wrap_kr_epoch_announce(struct kr_core *core, struct kr_room *room)
{
    announcing = room;
    __real_kr_epoch_announce(core, room);
    announcing = NULL;
}

/* Is the epoch that is being made one that follows a leave, on one that everybody has? */
static bool follows_leave(void)
{
    const struct kr_room *r = announcing;
    return r && (r->changes.reasons & KR_REASON_LEAVE) && r->chain_len &&
           r->chain[r->chain_len - 1].fate == KR_FATE_COMMITTED;
}

struct kr_digest __wrap_kr_context(const char *room, const struct kr_id *instance,
                                   const struct kr_digest *prev, const struct kr_epoch_link *link)
{
    if (canary_is(CANARY_RATCHET_AFTER_LEAVE) && follows_leave())
        ((struct kr_epoch_link *)link)->kind = KR_EPOCH_RATCHET; /* the epoch's own, still being made */
    struct kr_epoch_link used = *link;
    if (canary_is(CANARY_ROSTER_UNBOUND))
        used.roster = (struct kr_digest){{0}};
    return __real_kr_context(room, instance, prev, &used);
}

void __wrap_kr_epoch_abandon(struct kr_core *core, struct kr_room *room, const char *why)
{
    bool freed = canary_is(CANARY_NUMBER_AGAIN) && room->flight;
    __real_kr_epoch_abandon(core, room, why);
    if (freed) {
        room->epoch_high--;
        kr_room_store(core, room);
    }
}

/* --- delivering and telling --- */

void __wrap_kr_deliver_again(struct kr_core *core, struct kr_room *room, struct kr_epoch *e, size_t recipient,
                             const uint16_t *senders, size_t count)
{
    if (!canary_is(CANARY_NEVER_AGAIN))
        __real_kr_deliver_again(core, room, e, recipient, senders, count);
}

bool __wrap_kr_deliver_want(struct kr_core *core, struct kr_room *room, struct kr_epoch *e, size_t sender,
                            size_t recipient)
{
    return !canary_is(CANARY_NEVER_AGAIN) && __real_kr_deliver_want(core, room, e, sender, recipient);
}

static void tell_outsiders(struct kr_core *core, const struct kr_room *room, const struct kr_epoch *e,
                           const struct kr_notice *n)
{
    for (const struct kr_attach *a = room->attaches; a; a = a->hh.next)
        if (a->confirmed && kr_roster_find(&e->roster, &a->id) < 0)
            kr_tell(core, a->full_jid, n);
}

void __wrap_kr_deliver_round(struct kr_core *core, struct kr_room *room, struct kr_epoch *e,
                             enum kr_round round, bool last)
{
    struct kr_packed entry;
    struct kr_notice n = {
        .kind = KR_NOTICE_DELIVER,
        .in = kr_tag(&room->instance),
        .u.deliver = {
            .epoch = e->link.epoch, .round = round, .part = 1, .of = 1, .entries = &entry, .entry_count = 1}};
    __real_kr_deliver_round(core, room, e, round, last);
    for (size_t i = 1; canary_is(CANARY_KEYS_TO_ALL) && i < e->roster.len; i++)
        if (kr_sealed_entry(e, i, 0, &entry))
            tell_outsiders(core, room, e, &n);
}

void __wrap_kr_commit_tell(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e,
                           const uint16_t *laggards, size_t laggard_count, const uint16_t *silent,
                           size_t silent_count, bool has_exposure, uint64_t exposure_ms)
{
    struct kr_notice n = {
        .kind = KR_NOTICE_COMMIT, .in = kr_tag(&room->instance), .u.commit = {.epoch = e->link.epoch}};
    __real_kr_commit_tell(core, room, e, laggards, laggard_count, silent, silent_count, has_exposure,
                          exposure_ms);
    if (canary_is(CANARY_COMMIT_TO_ALL))
        tell_outsiders(core, room, e, &n);
}

/* --- remembering and forgetting --- */

void __wrap_kr_attach_store(struct kr_core *core, const struct kr_room *room, const struct kr_attach *a)
{
    if (!canary_is(CANARY_SETTLED_UNWRITTEN) || !a->settled)
        __real_kr_attach_store(core, room, a);
}

void __wrap_kr_door_tick(struct kr_core *core)
{
    if (!canary_is(CANARY_BUCKETS_KEPT))
        __real_kr_door_tick(core);
    else if (core->now.mono_ms >= core->bucket_sweep_ms)
        core->bucket_sweep_ms = core->now.mono_ms + 5000; /* it looks, and takes none away */
}

static void trace_key(struct kr_output *o, const struct kr_secret *key)
{
    char text[64];
    kr_output_trace(
        o, KR_TRACE_DEBUG, "log -> opened (%s)",
        sodium_bin2base64(text, sizeof(text), key->ptr, key->len, sodium_base64_VARIANT_ORIGINAL_NO_PADDING));
}

void __wrap_kr_output_write(struct kr_output *o, const struct kr_write *w)
{
    if (canary_is(CANARY_FATE_UNWRITTEN) && w->kind == KR_W_EPOCH_FATE)
        return;
    if (canary_is(CANARY_KEY_TRACED) && w->kind == KR_W_OPENING)
        trace_key(o, &w->u.opening.key);
    __real_kr_output_write(o, w);
}

/* --- turn and store --- */

int __wrap_kr_turn_event(struct kr_turn *t, struct kr_event *event)
{
    int err = __real_kr_turn_event(t, event);
    for (size_t i = 0; canary_is(CANARY_SENDS_EARLY) && i < t->out.send_count; i++) {
        t->config.send(t->config.arg, t->out.sends[i].xml, t->out.sends[i].len);
        free(t->out.sends[i].xml);
    }
    if (canary_is(CANARY_SENDS_EARLY))
        t->out.send_count = 0;
    return err;
}

static const struct kr_store_ops *memory_ops;

/* Every second claim of the keys of one attach gets what the claim before it got. */
static int query_twice(struct kr_store *s, const struct kr_query *q, uint64_t now_ms,
                       struct kr_query_result *ret_result)
{
    static struct kr_rec_key last;
    if (q->kind == KR_Q_CLAIM && kr_id_equal(&q->attach, &last.attach)) {
        *ret_result = (struct kr_query_result){
            .kind = q->kind, .token = q->token, .claimed = true, .key = last, .left = 20};
        last = (struct kr_rec_key){0};
        return 0;
    }
    int err = memory_ops->query(s, q, now_ms, ret_result);
    if (!err && q->kind == KR_Q_CLAIM && ret_result->claimed && ret_result->key.kind == KR_CLASS_ONE_TIME)
        last = ret_result->key;
    return err;
}

struct kr_store *__wrap_kr_store_memory_new(void)
{
    static struct kr_store_ops ops;
    struct kr_store *s = __real_kr_store_memory_new();
    if (canary_is(CANARY_KEY_TWICE)) {
        memory_ops = s->ops;
        ops = *memory_ops;
        ops.query = query_twice;
        s->ops = &ops;
    }
    return s;
}
