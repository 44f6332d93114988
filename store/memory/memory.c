#include "store_memory/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/limit.h"
#include "store_memory/table.h"

static struct kr_span id_span(const struct kr_id *id)
{
    return kr_span(id->b, sizeof(id->b));
}

static struct kr_row_key id_key(const struct kr_id *id)
{
    return kr_row_key(id_span(id), kr_span(NULL, 0));
}

static struct kr_row_key id_text_key(const struct kr_id *id, const char *text)
{
    return kr_row_key(id_span(id), kr_span_str(text));
}

static struct kr_row_key digest_key(const struct kr_digest *d)
{
    return kr_row_key(kr_span(d->b, sizeof(d->b)), kr_span(NULL, 0));
}

static struct kr_row_key text_key(const char *text)
{
    return kr_row_key(kr_span_str(text), kr_span(NULL, 0));
}

static int conflict(struct kr_memory *m, const char *what)
{
    snprintf(m->base.errmsg, sizeof(m->base.errmsg), "memory: %s", what);
    return KR_E_CONFLICT;
}

static void delete_if(struct kr_memory *m, enum kr_table table, struct kr_row_key key)
{
    struct kr_row *row = kr_table_find(&m->t, table, key);
    if (row)
        kr_table_delete(&m->t, table, row);
}

static void delete_attach(struct kr_memory *m, struct kr_row *attach)
{
    const struct kr_id id = attach->w.u.attach.attach;
    struct kr_row *pool = kr_table_find(&m->t, KR_T_POOL, id_key(&id));
    for (uint64_t n = pool ? pool->first : 0; pool && n < pool->last; n++) {
        struct kr_row *otk = kr_table_find(&m->t, KR_T_OTK, kr_row_key_u64(id_span(&id), n));
        delete_if(m, KR_T_OTK_KEY,
                  kr_row_key(id_span(&id), kr_span(otk->w.u.key.key.b, sizeof(otk->w.u.key.key.b))));
        kr_table_delete(&m->t, KR_T_OTK, otk);
    }
    if (pool)
        kr_table_delete(&m->t, KR_T_POOL, pool);
    delete_if(m, KR_T_FALLBACK, id_key(&id));
    kr_table_delete(&m->t, KR_T_ATTACH, attach);
}

static void delete_room(struct kr_memory *m, struct kr_row *room)
{
    const struct kr_id instance = room->w.u.room.instance;
    struct kr_row *row, *tmp;
    HASH_ITER (hh, m->t.rows[KR_T_ATTACH], row, tmp) {
        if (kr_id_equal(&row->w.u.attach.instance, &instance))
            delete_attach(m, row);
    }
    HASH_ITER (hh, m->t.rows[KR_T_EPOCH], row, tmp) {
        if (kr_id_equal(&row->w.u.epoch.instance, &instance))
            kr_table_delete(&m->t, KR_T_EPOCH, row);
    }
    delete_if(m, KR_T_INSTANCE, id_key(&instance));
    kr_table_delete(&m->t, KR_T_ROOM, room);
}

static int write_room(struct kr_memory *m, const struct kr_write *w)
{
    const struct kr_rec_room *r = &w->u.room;
    struct kr_row *row = kr_table_find(&m->t, KR_T_ROOM, text_key(r->room));
    bool same = row && kr_id_equal(&row->w.u.room.instance, &r->instance);
    if (row && !same)
        delete_room(m, row);
    if (!same && kr_table_find(&m->t, KR_T_INSTANCE, id_key(&r->instance)))
        return conflict(m, "two rooms with one instance");
    kr_write_copy(&kr_table_put(&m->t, KR_T_ROOM, text_key(r->room))->w, w);
    if (!same)
        kr_table_put(&m->t, KR_T_INSTANCE, id_key(&r->instance));
    return 0;
}

static int write_room_end(struct kr_memory *m, const struct kr_write *w)
{
    struct kr_row *row = kr_table_find(&m->t, KR_T_ROOM, text_key(w->u.room.room));
    if (row && kr_id_equal(&row->w.u.room.instance, &w->u.room.instance))
        delete_room(m, row);
    return 0;
}

static void trim_epochs(struct kr_memory *m, const struct kr_id *instance)
{
    struct kr_row *row, *tmp;
    size_t count = 0;
    HASH_ITER (hh, m->t.rows[KR_T_EPOCH], row, tmp) {
        count += kr_id_equal(&row->w.u.epoch.instance, instance);
    }
    while (count-- > KR_CHAIN_MAX) {
        struct kr_row *oldest = NULL;
        HASH_ITER (hh, m->t.rows[KR_T_EPOCH], row, tmp) {
            if (kr_id_equal(&row->w.u.epoch.instance, instance) &&
                (!oldest || row->w.u.epoch.epoch < oldest->w.u.epoch.epoch))
                oldest = row;
        }
        kr_table_delete(&m->t, KR_T_EPOCH, oldest);
    }
}

static int write_epoch(struct kr_memory *m, const struct kr_write *w)
{
    const struct kr_rec_epoch *e = &w->u.epoch;
    struct kr_row_key key = kr_row_key_u64(id_span(&e->instance), e->epoch);
    if (e->epoch == 0 || !kr_table_find(&m->t, KR_T_INSTANCE, id_key(&e->instance))) {
        free(key.ptr);
        return conflict(m, "an epoch without its room");
    }
    if (kr_table_find(&m->t, KR_T_EPOCH, kr_row_key_u64(id_span(&e->instance), e->epoch))) {
        free(key.ptr);
        return conflict(m, "an epoch number twice");
    }
    kr_write_copy(&kr_table_put(&m->t, KR_T_EPOCH, key)->w, w);
    trim_epochs(m, &e->instance);
    return 0;
}

static int write_epoch_fate(struct kr_memory *m, const struct kr_write *w)
{
    const struct kr_rec_epoch *e = &w->u.epoch;
    struct kr_row *row = kr_table_find(&m->t, KR_T_EPOCH, kr_row_key_u64(id_span(&e->instance), e->epoch));
    if (!row)
        return 0;
    struct kr_write changed = row->w;
    changed.u.epoch.fate = e->fate;
    kr_write_copy(&kr_table_put(&m->t, KR_T_EPOCH, kr_row_key_u64(id_span(&e->instance), e->epoch))->w,
                  &changed);
    return 0;
}

static int write_attach(struct kr_memory *m, const struct kr_write *w)
{
    const struct kr_rec_attach *a = &w->u.attach;
    struct kr_row *row = kr_table_find(&m->t, KR_T_ATTACH, id_key(&a->attach));
    if (row) {
        struct kr_write changed = row->w;
        changed.u.attach.state = a->state;
        changed.u.attach.settled = a->settled;
        changed.u.attach.lead_fault = a->lead_fault;
        kr_write_copy(&kr_table_put(&m->t, KR_T_ATTACH, id_key(&a->attach))->w, &changed);
        return 0;
    }
    if (!kr_table_find(&m->t, KR_T_INSTANCE, id_key(&a->instance)) ||
        !kr_table_find(&m->t, KR_T_DEVICE, id_key(&a->device)))
        return conflict(m, "an attach without its room or device");
    kr_write_copy(&kr_table_put(&m->t, KR_T_ATTACH, id_key(&a->attach))->w, w);
    return 0;
}

static int write_key(struct kr_memory *m, const struct kr_write *w)
{
    const struct kr_rec_key *k = &w->u.key;
    struct kr_span key = kr_span(k->key.b, sizeof(k->key.b));
    if (!kr_table_find(&m->t, KR_T_ATTACH, id_key(&k->attach)))
        return conflict(m, "a key without its attach");
    if (k->kind == KR_CLASS_FALLBACK) {
        kr_write_copy(&kr_table_put(&m->t, KR_T_FALLBACK, id_key(&k->attach))->w, w);
        return 0;
    }
    if (kr_table_find(&m->t, KR_T_OTK_KEY, kr_row_key(id_span(&k->attach), key)))
        return conflict(m, "a one-time key twice");
    struct kr_row *was = kr_table_find(&m->t, KR_T_POOL, id_key(&k->attach));
    uint64_t first = was ? was->first : 0, next = was ? was->last : 0;
    struct kr_row *pool = kr_table_put(&m->t, KR_T_POOL, id_key(&k->attach));
    pool->first = first;
    pool->last = next + 1;
    kr_table_put(&m->t, KR_T_OTK_KEY, kr_row_key(id_span(&k->attach), key));
    kr_write_copy(&kr_table_put(&m->t, KR_T_OTK, kr_row_key_u64(id_span(&k->attach), next))->w, w);
    return 0;
}

static void insert_or_keep(struct kr_memory *m, enum kr_table table, const struct kr_id *id, const char *text,
                           const struct kr_write *w)
{
    if (!kr_table_find(&m->t, table, id_text_key(id, text)))
        kr_write_copy(&kr_table_put(&m->t, table, id_text_key(id, text))->w, w);
}

static int write_approve(struct kr_memory *m, const struct kr_write *w)
{
    const struct kr_rec_grant *g = &w->u.grant;
    struct kr_row *row = kr_table_find(&m->t, KR_T_APPROVAL, id_text_key(&g->device, g->scope));
    if (!row || (strcmp(g->by, KR_BY_OPERATOR) == 0 && strcmp(row->w.u.grant.by, KR_BY_OPERATOR) != 0))
        kr_write_copy(&kr_table_put(&m->t, KR_T_APPROVAL, id_text_key(&g->device, g->scope))->w, w);
    return 0;
}

static int write_revoke(struct kr_memory *m, const struct kr_write *w)
{
    const struct kr_rec_grant *g = &w->u.grant;
    struct kr_row *row, *tmp;
    if (strcmp(g->scope, KR_SCOPE_EVERYWHERE) != 0) {
        delete_if(m, KR_T_APPROVAL, id_text_key(&g->device, g->scope));
    } else {
        HASH_ITER (hh, m->t.rows[KR_T_APPROVAL], row, tmp) {
            if (kr_id_equal(&row->w.u.grant.device, &g->device))
                kr_table_delete(&m->t, KR_T_APPROVAL, row);
        }
    }
    insert_or_keep(m, KR_T_REVOCATION, &g->device, g->scope, w);
    return 0;
}

static int write_log(struct kr_memory *m, const struct kr_write *w)
{
    if (w->u.log.idx != HASH_COUNT(m->t.rows[KR_T_LOG]))
        return conflict(m, "the log has no holes");
    if (w->u.log.entry.len == 0 || w->u.log.entry.len > KR_LOG_ENTRY_MAX)
        return conflict(m, "a log entry of no or too great length");
    kr_write_copy(&kr_table_put(&m->t, KR_T_LOG, kr_row_key_u64(kr_span(NULL, 0), w->u.log.idx))->w, w);
    return 0;
}

static int write_log_key(struct kr_memory *m, const struct kr_write *w)
{
    struct kr_row *was = kr_table_find(&m->t, KR_T_LOG_KEY, text_key(w->u.log_key.origin));
    if (w->kind == KR_W_LOG_KEY) {
        if (was)
            return conflict(m, "an origin of the log twice");
        uint64_t n = HASH_COUNT(m->t.rows[KR_T_LOG_KEY]) + 1;
        struct kr_row *row = kr_table_put(&m->t, KR_T_LOG_KEY, text_key(w->u.log_key.origin));
        kr_write_copy(&row->w, w);
        row->first = n;
    } else if (was) {
        struct kr_write changed = was->w;
        uint64_t n = was->first;
        if (!changed.u.log_key.halted[0])
            changed.u.log_key.halted = w->u.log_key.halted;
        changed.u.log_key.closed = changed.u.log_key.closed || w->u.log_key.closed;
        struct kr_row *row = kr_table_put(&m->t, KR_T_LOG_KEY, text_key(w->u.log_key.origin));
        kr_write_copy(&row->w, &changed);
        row->first = n;
    }
    return 0;
}

static int write_checkpoint(struct kr_memory *m, const struct kr_write *w)
{
    const struct kr_rec_checkpoint *c = &w->u.checkpoint;
    struct kr_span origin = kr_span_str(c->origin);
    if (kr_table_find(&m->t, KR_T_CHECKPOINT, kr_row_key_u64(origin, c->size)))
        return conflict(m, "two checkpoints of one size");
    kr_write_copy(&kr_table_put(&m->t, KR_T_CHECKPOINT, kr_row_key_u64(origin, c->size))->w, w);
    return 0;
}

static void write_cosignature(struct kr_memory *m, const struct kr_write *w)
{
    const struct kr_rec_cosignature *c = &w->u.cosignature;
    struct kr_row_key place = kr_row_key_u64(kr_span_str(c->origin), c->size);
    struct kr_row_key key = kr_row_key(kr_span(place.ptr, place.len), kr_span_str(c->witness));
    free(place.ptr);
    kr_write_copy(&kr_table_put(&m->t, KR_T_COSIGNATURE, key)->w, w);
}

static int verb_write(struct kr_store *store, const struct kr_write *w)
{
    struct kr_memory *m = (struct kr_memory *)store;
    if (!m->open)
        return KR_E_BAD_STATE;
    switch (w->kind) {
    case KR_W_ROOM:
        return write_room(m, w);
    case KR_W_ROOM_END:
        return write_room_end(m, w);
    case KR_W_EPOCH:
        return write_epoch(m, w);
    case KR_W_EPOCH_FATE:
        return write_epoch_fate(m, w);
    case KR_W_ATTACH:
        return write_attach(m, w);
    case KR_W_ATTACH_END: {
        struct kr_row *row = kr_table_find(&m->t, KR_T_ATTACH, id_key(&w->u.attach.attach));
        if (row)
            delete_attach(m, row);
        return 0;
    }
    case KR_W_KEY:
        return write_key(m, w);
    case KR_W_APPROVE:
        return write_approve(m, w);
    case KR_W_REVOKE:
        return write_revoke(m, w);
    case KR_W_OPENING:
        insert_or_keep(m, KR_T_OPENING, &w->u.opening.instance, w->u.opening.subject, w);
        return 0;
    case KR_W_LOG:
        return write_log(m, w);
    case KR_W_LOG_KEY:
    case KR_W_LOG_HALT:
        return write_log_key(m, w);
    case KR_W_CHECKPOINT:
        return write_checkpoint(m, w);
    case KR_W_COSIGNATURE:
        write_cosignature(m, w);
        return 0;
    case KR_W_EVIDENCE:
        kr_write_copy(
            &kr_table_put(&m->t, KR_T_EVIDENCE, kr_row_key_u64(kr_span(NULL, 0), w->u.evidence.idx))->w, w);
        return 0;
    case KR_W_ATTESTATION:
        kr_write_copy(&kr_table_put(&m->t, KR_T_ATTESTATION, digest_key(&w->u.attestation.digest))->w, w);
        return 0;
    case KR_W_ATTESTATION_END:
        delete_if(m, KR_T_ATTESTATION, digest_key(&w->u.attestation.digest));
        return 0;
    case KR_W_KINDS:
        break;
    }
    return KR_E_INTERNAL;
}

static bool granted(struct kr_memory *m, enum kr_table table, const struct kr_id *device, const char *room)
{
    return kr_table_find(&m->t, table, id_text_key(device, KR_SCOPE_EVERYWHERE)) ||
           kr_table_find(&m->t, table, id_text_key(device, room));
}

static bool by_operator(struct kr_memory *m, const struct kr_id *device, const char *scope)
{
    struct kr_row *row = kr_table_find(&m->t, KR_T_APPROVAL, id_text_key(device, scope));
    return row && strcmp(row->w.u.grant.by, KR_BY_OPERATOR) == 0;
}

static void query_register(struct kr_memory *m, const struct kr_query *q, uint64_t now_ms,
                           struct kr_query_result *r)
{
    const struct kr_rec_device *d = &q->device;
    struct kr_span curve = kr_span(d->curve25519.b, sizeof(d->curve25519.b));
    struct kr_row *was = kr_table_find(&m->t, KR_T_DEVICE, id_key(&d->id));
    struct kr_rec_device now = *d;
    if (was ? !kr_key_equal(&was->device.ed25519, &d->ed25519) ||
                  !kr_key_equal(&was->device.curve25519, &d->curve25519)
            : kr_table_find(&m->t, KR_T_CURVE, kr_row_key(curve, kr_span(NULL, 0))) != NULL) {
        r->conflict = true;
        return;
    }
    r->known = was != NULL;
    now.first_seen_ms = was ? was->device.first_seen_ms : now_ms;
    now.last_seen_ms = was && was->device.last_seen_ms > now_ms ? was->device.last_seen_ms : now_ms;
    kr_table_put(&m->t, KR_T_DEVICE, id_key(&d->id))->device = now;
    if (!r->known)
        kr_table_put(&m->t, KR_T_CURVE, kr_row_key(curve, kr_span(NULL, 0)));
    was = kr_table_find(&m->t, KR_T_OWNER, id_text_key(&d->id, q->owner));
    uint64_t first = was ? was->first : now_ms, last = was && was->last > now_ms ? was->last : now_ms;
    struct kr_row *owner = kr_table_put(&m->t, KR_T_OWNER, id_text_key(&d->id, q->owner));
    owner->first = first;
    owner->last = last;
}

static void query_claim(struct kr_memory *m, const struct kr_query *q, struct kr_query_result *r)
{
    struct kr_row *was = kr_table_find(&m->t, KR_T_POOL, id_key(&q->attach));
    if (was && was->first < was->last) {
        uint64_t first = was->first, next = was->last;
        struct kr_row *otk = kr_table_find(&m->t, KR_T_OTK, kr_row_key_u64(id_span(&q->attach), first));
        r->key = otk->w.u.key;
        r->claimed = true;
        r->left = next - first - 1;
        delete_if(m, KR_T_OTK_KEY,
                  kr_row_key(id_span(&q->attach), kr_span(r->key.key.b, sizeof(r->key.key.b))));
        kr_table_delete(&m->t, KR_T_OTK, otk);
        struct kr_row *pool = kr_table_put(&m->t, KR_T_POOL, id_key(&q->attach));
        pool->first = first + 1;
        pool->last = next;
        return;
    }
    struct kr_row *fallback = kr_table_find(&m->t, KR_T_FALLBACK, id_key(&q->attach));
    if (fallback) {
        r->key = fallback->w.u.key;
        r->claimed = true;
    }
}

/* The node of a level and index is among those of the last entry below it. */
static void query_log(struct kr_memory *m, const struct kr_query *q, struct kr_query_result *r)
{
    r->complete = true;
    for (size_t i = 0; i < q->node_count; i++) {
        struct kr_node_ask *n = &q->nodes[i];
        r->complete = kr_memory_node(&m->t, n->level, n->index, &n->hash) && r->complete;
    }
    r->nodes = q->nodes;
    r->node_count = q->node_count;
    if (!q->entry_wanted)
        return;
    struct kr_row *row = kr_table_find(&m->t, KR_T_LOG, kr_row_key_u64(kr_span(NULL, 0), q->entry));
    r->complete = r->complete && row;
    if (row)
        r->entry = row->w.u.log.entry;
}

static int verb_query(struct kr_store *store, const struct kr_query *q, uint64_t now_ms,
                      struct kr_query_result *ret_result)
{
    struct kr_memory *m = (struct kr_memory *)store;
    struct kr_query_result r = {.kind = q->kind, .token = q->token};
    if (!m->open)
        return KR_E_BAD_STATE;
    if (q->kind == KR_Q_REGISTER)
        query_register(m, q, now_ms, &r);
    else if (q->kind == KR_Q_DEVICE)
        r.known = kr_table_find(&m->t, KR_T_DEVICE, id_key(&q->device.id)) != NULL;
    else if (q->kind == KR_Q_CLAIM)
        query_claim(m, q, &r);
    else if (q->kind == KR_Q_LOG)
        query_log(m, q, &r);
    else if (q->kind == KR_Q_RETAIN)
        kr_memory_retain(&m->t, &q->retain, &r);
    else
        return KR_E_INTERNAL;
    if ((q->kind == KR_Q_REGISTER || q->kind == KR_Q_DEVICE) && !r.conflict) {
        r.revoked = granted(m, KR_T_REVOCATION, &q->device.id, q->room);
        r.approved = granted(m, KR_T_APPROVAL, &q->device.id, q->room);
        r.approved_by_operator =
            by_operator(m, &q->device.id, KR_SCOPE_EVERYWHERE) || by_operator(m, &q->device.id, q->room);
    }
    *ret_result = r;
    return 0;
}

static int verb_begin(struct kr_store *store)
{
    struct kr_memory *m = (struct kr_memory *)store;
    if (m->open)
        return KR_E_BAD_STATE;
    m->open = true;
    return 0;
}

static int verb_commit(struct kr_store *store)
{
    struct kr_memory *m = (struct kr_memory *)store;
    if (!m->open)
        return KR_E_BAD_STATE;
    kr_tables_keep(&m->t);
    m->open = false;
    return 0;
}

static void verb_rollback(struct kr_store *store)
{
    struct kr_memory *m = (struct kr_memory *)store;
    kr_tables_undo(&m->t);
    m->open = false;
}

static int verb_backup(struct kr_store *store, const char *path)
{
    snprintf(store->errmsg, sizeof(store->errmsg), "%s: a store in memory has no backup", path);
    return KR_E_IO;
}

static void verb_close(struct kr_store *store)
{
    struct kr_memory *m = (struct kr_memory *)store;
    kr_tables_done(&m->t);
    free(m);
}

static const struct kr_store_ops ops = {
    .name = "memory",
    .load = kr_memory_load,
    .begin = verb_begin,
    .write = verb_write,
    .query = verb_query,
    .commit = verb_commit,
    .rollback = verb_rollback,
    .devices = kr_memory_devices,
    .log = kr_memory_log,
    .checkpoint = kr_memory_checkpoint,
    .backup = verb_backup,
    .close = verb_close,
};

struct kr_store *kr_store_memory_new(void)
{
    struct kr_memory *m = kr_calloc(1, sizeof(*m));
    m->base.ops = &ops;
    return &m->base;
}
