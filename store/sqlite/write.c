#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limit.h"
#include "io/seal.h"
#include "store_sqlite/internal.h"

char *kr_opening_purpose(const struct kr_id *instance, const char *subject)
{
    static const char head[] = "opening:";
    char id[KR_ID_TEXT];
    kr_id_write(id, instance);
    size_t len = sizeof(head) + sizeof(id) + strlen(subject) + 1;
    char *purpose = kr_malloc(len);
    memcpy(purpose, head, sizeof(head) - 1);
    memcpy(purpose + sizeof(head) - 1, id, sizeof(id) - 1);
    purpose[sizeof(head) + sizeof(id) - 2] = ':';
    memcpy(purpose + sizeof(head) + sizeof(id) - 1, subject, strlen(subject) + 1);
    return purpose;
}

static int write_room(struct kr_sqlite *s, const struct kr_rec_room *r)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_ROOM_OTHER_INSTANCE);
    kr_sql_text(stmt, 1, r->room);
    kr_sql_blob(stmt, 2, r->instance.b, sizeof(r->instance.b));
    int err = kr_sql_run(s, stmt);
    if (err)
        return err;
    stmt = kr_sql(s, SQL_ROOM);
    kr_sql_text(stmt, 1, r->room);
    kr_sql_blob(stmt, 2, r->instance.b, sizeof(r->instance.b));
    kr_sql_u64(stmt, 3, r->epoch_high);
    kr_sql_u64(stmt, 4, r->started_ms);
    return kr_sql_run(s, stmt);
}

static int write_room_end(struct kr_sqlite *s, const struct kr_rec_room *r)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_ROOM_END);
    kr_sql_text(stmt, 1, r->room);
    kr_sql_blob(stmt, 2, r->instance.b, sizeof(r->instance.b));
    return kr_sql_run(s, stmt);
}

static int write_epoch(struct kr_sqlite *s, const struct kr_rec_epoch *e)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_EPOCH);
    kr_sql_blob(stmt, 1, e->instance.b, sizeof(e->instance.b));
    kr_sql_u64(stmt, 2, e->epoch);
    kr_sql_u64(stmt, 3, e->kind);
    kr_sql_u64(stmt, 4, e->source);
    kr_sql_u64(stmt, 5, e->format);
    kr_sql_u64(stmt, 6, e->suite);
    kr_sql_blob(stmt, 7, e->policy.b, sizeof(e->policy.b));
    kr_sql_blob(stmt, 8, e->roster.b, sizeof(e->roster.b));
    kr_sql_blob(stmt, 9, e->context.b, sizeof(e->context.b));
    kr_sql_u64(stmt, 10, e->fate);
    kr_sql_u64(stmt, 11, e->announced_ms);
    int err = kr_sql_run(s, stmt);
    if (err)
        return err;
    stmt = kr_sql(s, SQL_EPOCH_TRIM);
    kr_sql_blob(stmt, 1, e->instance.b, sizeof(e->instance.b));
    kr_sql_u64(stmt, 2, KR_CHAIN_MAX);
    return kr_sql_run(s, stmt);
}

static int write_epoch_fate(struct kr_sqlite *s, const struct kr_rec_epoch *e)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_EPOCH_FATE);
    kr_sql_blob(stmt, 1, e->instance.b, sizeof(e->instance.b));
    kr_sql_u64(stmt, 2, e->epoch);
    kr_sql_u64(stmt, 3, e->fate);
    return kr_sql_run(s, stmt);
}

static int write_attach(struct kr_sqlite *s, const struct kr_rec_attach *a)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_ATTACH);
    kr_sql_blob(stmt, 1, a->attach.b, sizeof(a->attach.b));
    kr_sql_blob(stmt, 2, a->instance.b, sizeof(a->instance.b));
    kr_sql_blob(stmt, 3, a->device.b, sizeof(a->device.b));
    kr_sql_blob(stmt, 4, a->nonce.b, sizeof(a->nonce.b));
    kr_sql_text(stmt, 5, a->room);
    kr_sql_text(stmt, 6, a->participant);
    kr_sql_text(stmt, 7, a->owner);
    kr_sql_text(stmt, 8, a->full_jid);
    kr_sql_blob(stmt, 9, a->sig.b, sizeof(a->sig.b));
    kr_sql_u64(stmt, 10, a->state);
    kr_sql_u64(stmt, 11, a->settled);
    kr_sql_u64(stmt, 12, a->at_ms);
    return kr_sql_run(s, stmt);
}

static int write_attach_end(struct kr_sqlite *s, const struct kr_rec_attach *a)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_ATTACH_END);
    kr_sql_blob(stmt, 1, a->attach.b, sizeof(a->attach.b));
    return kr_sql_run(s, stmt);
}

static int write_key(struct kr_sqlite *s, const struct kr_rec_key *k)
{
    sqlite3_stmt *stmt = kr_sql(s, k->kind == KR_CLASS_FALLBACK ? SQL_KEY_FALLBACK : SQL_KEY_ONE_TIME);
    kr_sql_blob(stmt, 1, k->attach.b, sizeof(k->attach.b));
    kr_sql_blob(stmt, 2, k->key.b, sizeof(k->key.b));
    kr_sql_blob(stmt, 3, k->sig.b, sizeof(k->sig.b));
    return kr_sql_run(s, stmt);
}

static int insert_grant(struct kr_sqlite *s, enum kr_sql which, const struct kr_rec_grant *g)
{
    sqlite3_stmt *stmt = kr_sql(s, which);
    kr_sql_blob(stmt, 1, g->device.b, sizeof(g->device.b));
    kr_sql_text(stmt, 2, g->scope);
    kr_sql_text(stmt, 3, g->by);
    kr_sql_u64(stmt, 4, g->at_ms);
    kr_sql_text(stmt, 5, g->reason);
    return kr_sql_run(s, stmt);
}

static int write_revoke(struct kr_sqlite *s, const struct kr_rec_grant *g)
{
    bool everywhere = strcmp(g->scope, KR_SCOPE_EVERYWHERE) == 0;
    sqlite3_stmt *stmt = kr_sql(s, everywhere ? SQL_REVOKE_APPROVALS : SQL_REVOKE_APPROVAL);
    kr_sql_blob(stmt, 1, g->device.b, sizeof(g->device.b));
    if (!everywhere)
        kr_sql_text(stmt, 2, g->scope);
    int err = kr_sql_run(s, stmt);
    return err ? err : insert_grant(s, SQL_REVOKE, g);
}

static int write_opening(struct kr_sqlite *s, const struct kr_rec_opening *o)
{
    struct kr_buf sealed;
    char *purpose = kr_opening_purpose(&o->instance, o->subject);
    kr_buf_init(&sealed, 256);
    kr_seal(&s->seal_key, &s->random, purpose, &o->key, &sealed);
    sqlite3_stmt *stmt = kr_sql(s, SQL_OPENING);
    kr_sql_blob(stmt, 1, o->instance.b, sizeof(o->instance.b));
    kr_sql_text(stmt, 2, o->subject);
    kr_sql_blob(stmt, 3, sealed.ptr, sealed.len);
    int err = kr_sql_run(s, stmt);
    kr_buf_done(&sealed);
    free(purpose);
    return err;
}

static int write_log(struct kr_sqlite *s, uint64_t idx, struct kr_span entry)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_LOG);
    kr_sql_u64(stmt, 1, idx);
    kr_sql_blob(stmt, 2, entry.ptr, entry.len);
    return kr_sql_run(s, stmt);
}

int kr_sqlite_write(struct kr_store *store, const struct kr_write *w)
{
    struct kr_sqlite *s = (struct kr_sqlite *)store;
    switch (w->kind) {
    case KR_W_ROOM:
        return write_room(s, &w->u.room);
    case KR_W_ROOM_END:
        return write_room_end(s, &w->u.room);
    case KR_W_EPOCH:
        return write_epoch(s, &w->u.epoch);
    case KR_W_EPOCH_FATE:
        return write_epoch_fate(s, &w->u.epoch);
    case KR_W_ATTACH:
        return write_attach(s, &w->u.attach);
    case KR_W_ATTACH_END:
        return write_attach_end(s, &w->u.attach);
    case KR_W_KEY:
        return write_key(s, &w->u.key);
    case KR_W_APPROVE:
        return insert_grant(s, SQL_APPROVE, &w->u.grant);
    case KR_W_REVOKE:
        return write_revoke(s, &w->u.grant);
    case KR_W_OPENING:
        return write_opening(s, &w->u.opening);
    case KR_W_LOG:
        return write_log(s, w->u.log.idx, w->u.log.entry);
    case KR_W_KINDS:
        break;
    }
    return KR_E_INTERNAL;
}
