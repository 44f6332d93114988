#include <string.h>

#include "base/err.h"
#include "base/limit.h"
#include "store_sqlite/internal.h"

/* Whether the statement has a row. */
static int has_row(struct kr_sqlite *s, sqlite3_stmt *stmt, bool *ret_has)
{
    int rc = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;
    int err = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : kr_sql_fail(s);
    if (stmt)
        sqlite3_reset(stmt);
    if (!err)
        *ret_has = rc == SQLITE_ROW;
    return err;
}

static int grants(struct kr_sqlite *s, const struct kr_id *device, const char *room,
                  struct kr_query_result *r)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_DEVICE_REVOKED);
    kr_sql_blob(stmt, 1, device->b, sizeof(device->b));
    kr_sql_text(stmt, 2, room);
    int err = has_row(s, stmt, &r->revoked);
    if (err)
        return err;
    stmt = kr_sql(s, SQL_DEVICE_APPROVED);
    kr_sql_blob(stmt, 1, device->b, sizeof(device->b));
    kr_sql_text(stmt, 2, room);
    err = has_row(s, stmt, &r->approved);
    if (err || !r->approved)
        return err;
    stmt = kr_sql(s, SQL_DEVICE_APPROVED_BY_OPERATOR);
    kr_sql_blob(stmt, 1, device->b, sizeof(device->b));
    kr_sql_text(stmt, 2, room);
    return has_row(s, stmt, &r->approved_by_operator);
}

static int see_owner(struct kr_sqlite *s, const struct kr_id *device, const char *owner, uint64_t now_ms)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_OWNER_SEE);
    kr_sql_blob(stmt, 1, device->b, sizeof(device->b));
    kr_sql_text(stmt, 2, owner);
    kr_sql_u64(stmt, 3, now_ms);
    return kr_sql_run(s, stmt);
}

static int query_register(struct kr_sqlite *s, const struct kr_query *q, uint64_t now_ms,
                          struct kr_query_result *r)
{
    static const enum kr_sql steps[] = {SQL_DEVICE_SEE, SQL_DEVICE_ADD};
    const struct kr_rec_device *d = &q->device;
    bool found = false;
    for (size_t i = 0; i < 2 && !found; i++) {
        sqlite3_stmt *stmt = kr_sql(s, steps[i]);
        kr_sql_blob(stmt, 1, d->id.b, sizeof(d->id.b));
        kr_sql_blob(stmt, 2, d->ed25519.b, sizeof(d->ed25519.b));
        kr_sql_blob(stmt, 3, d->curve25519.b, sizeof(d->curve25519.b));
        kr_sql_u64(stmt, 4, now_ms);
        int err = kr_sql_run(s, stmt);
        if (err)
            return err;
        found = sqlite3_changes(s->db) > 0;
        r->known = found && steps[i] == SQL_DEVICE_SEE;
    }
    r->conflict = !found; /* the keys were neither known as they are nor free */
    if (r->conflict)
        return 0;
    int err = see_owner(s, &d->id, q->owner, now_ms);
    return err ? err : grants(s, &d->id, q->room, r);
}

static int query_device(struct kr_sqlite *s, const struct kr_query *q, struct kr_query_result *r)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_DEVICE_KNOWN);
    kr_sql_blob(stmt, 1, q->device.id.b, sizeof(q->device.id.b));
    int err = has_row(s, stmt, &r->known);
    return err ? err : grants(s, &q->device.id, q->room, r);
}

/* Steps a statement that yields at most one key. DELETE ... RETURNING is complete only after the last step.
 */
static int take_key(struct kr_sqlite *s, enum kr_sql which, enum kr_key_class kind,
                    const struct kr_id *attach, struct kr_query_result *r)
{
    sqlite3_stmt *stmt = kr_sql(s, which);
    kr_sql_blob(stmt, 1, attach->b, sizeof(attach->b));
    int rc = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;
    int err = 0;
    if (rc == SQLITE_ROW) {
        if (sqlite3_column_bytes(stmt, 0) != sizeof(r->key.key.b) ||
            sqlite3_column_bytes(stmt, 1) != sizeof(r->key.sig.b)) {
            err = KR_E_STORE_DAMAGED;
        } else {
            r->claimed = true;
            r->key.attach = *attach;
            r->key.kind = kind;
            memcpy(r->key.key.b, sqlite3_column_blob(stmt, 0), sizeof(r->key.key.b));
            memcpy(r->key.sig.b, sqlite3_column_blob(stmt, 1), sizeof(r->key.sig.b));
            rc = sqlite3_step(stmt);
        }
    }
    if (!err && rc != SQLITE_DONE)
        err = kr_sql_fail(s);
    if (stmt)
        sqlite3_reset(stmt);
    return err;
}

static int query_claim(struct kr_sqlite *s, const struct kr_query *q, struct kr_query_result *r)
{
    int err = take_key(s, SQL_CLAIM, KR_CLASS_ONE_TIME, &q->attach, r);
    if (!err && !r->claimed)
        err = take_key(s, SQL_CLAIM_FALLBACK, KR_CLASS_FALLBACK, &q->attach, r);
    if (err)
        return err;
    sqlite3_stmt *stmt = kr_sql(s, SQL_CLAIM_LEFT);
    kr_sql_blob(stmt, 1, q->attach.b, sizeof(q->attach.b));
    if (!stmt || sqlite3_step(stmt) != SQLITE_ROW)
        err = kr_sql_fail(s);
    else
        r->left = (uint64_t)sqlite3_column_int64(stmt, 0);
    if (stmt)
        sqlite3_reset(stmt);
    return err;
}

int kr_sqlite_node(struct kr_sqlite *s, unsigned level, uint64_t index, struct kr_digest *ret_hash,
                   bool *ret_found)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_LOG_NODE_READ);
    kr_sql_u64(stmt, 1, level);
    kr_sql_u64(stmt, 2, index);
    int rc = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;
    int err = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : kr_sql_fail(s);
    *ret_found = rc == SQLITE_ROW && sqlite3_column_bytes(stmt, 0) == (int)sizeof(ret_hash->b);
    if (*ret_found)
        memcpy(ret_hash->b, sqlite3_column_blob(stmt, 0), sizeof(ret_hash->b));
    if (stmt)
        sqlite3_reset(stmt);
    return err;
}

static int read_entry(struct kr_sqlite *s, uint64_t idx, bool *ret_found)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_LOG_ENTRY_READ);
    kr_sql_u64(stmt, 1, idx);
    int rc = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;
    int err = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : kr_sql_fail(s);
    *ret_found = rc == SQLITE_ROW;
    kr_buf_done(&s->entry);
    kr_buf_init(&s->entry, KR_LOG_ENTRY_MAX);
    if (rc == SQLITE_ROW)
        kr_buf_add(&s->entry, sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0));
    if (stmt)
        sqlite3_reset(stmt);
    return err ? err : s->entry.err;
}

static int query_log(struct kr_sqlite *s, const struct kr_query *q, struct kr_query_result *r)
{
    bool found = true;
    int err = 0;
    r->complete = true;
    for (size_t i = 0; i < q->node_count && !err; i++) {
        struct kr_node_ask *n = &q->nodes[i];
        err = kr_sqlite_node(s, n->level, n->index, &n->hash, &found);
        r->complete = r->complete && found;
    }
    r->nodes = q->nodes;
    r->node_count = q->node_count;
    if (!err && q->entry_wanted) {
        err = read_entry(s, q->entry, &found);
        r->complete = r->complete && found;
        r->entry = kr_buf_span(&s->entry);
    }
    return err;
}

int kr_sqlite_query(struct kr_store *store, const struct kr_query *q, uint64_t now_ms,
                    struct kr_query_result *ret_result)
{
    struct kr_sqlite *s = (struct kr_sqlite *)store;
    struct kr_query_result r = {.kind = q->kind, .token = q->token};
    int err = KR_E_INTERNAL;
    switch (q->kind) {
    case KR_Q_REGISTER:
        err = query_register(s, q, now_ms, &r);
        break;
    case KR_Q_CLAIM:
        err = query_claim(s, q, &r);
        break;
    case KR_Q_DEVICE:
        err = query_device(s, q, &r);
        break;
    case KR_Q_LOG:
        err = query_log(s, q, &r);
        break;
    case KR_Q_RETAIN:
        err = kr_sqlite_retain(s, &q->retain, &r);
        break;
    case KR_Q_KINDS:
        break;
    }
    if (!err)
        *ret_result = r;
    return err;
}
