#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/limit.h"
#include "io/seal.h"
#include "log/tree.h"
#include "store_sqlite/internal.h"

static int damaged(struct kr_sqlite *s, const char *what)
{
    snprintf(s->base.errmsg, sizeof(s->base.errmsg),
             "%s: the log: %s; keep a copy and restore a backup (keyroomctl restore)", s->path, what);
    return KR_E_STORE_DAMAGED;
}

/* The first column of the first row, or 0 if there is none. */
static int one_number(struct kr_sqlite *s, const char *sql, uint64_t *ret_n)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    int err = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : kr_sql_fail(s);
    *ret_n = rc == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    return err;
}

static int load_size(struct kr_sqlite *s, struct kr_snapshot *snap)
{
    uint64_t size = 0;
    /* Holes are refused by a trigger, and found by whoever verifies the log: start-up reads its end alone. */
    int err = one_number(s, "SELECT ifnull(max(idx) + 1, 0) FROM log_leaf", &size);
    uint64_t begin = 0;
    size_t count = 0;
    for (unsigned level = KR_LOG_PEAKS_MAX; level-- > 0 && !err;) {
        if (!(size >> level & 1))
            continue;
        bool found = false;
        err = kr_sqlite_node(s, level, begin >> level, &snap->log_peaks[count++], &found);
        if (!err && !found)
            err = damaged(s, "a node of its tree is missing");
        begin += (uint64_t)1 << level;
    }
    snap->log_size = size;
    return err;
}

static char *text(sqlite3_stmt *stmt, int column)
{
    const char *t = (const char *)sqlite3_column_text(stmt, column);
    return kr_strdup(t ? t : "");
}

static int load_key(struct kr_sqlite *s, struct kr_snapshot *snap)
{
    sqlite3_stmt *stmt = NULL;
    struct kr_rec_log_key *k = &snap->log_key;
    int rc = sqlite3_prepare_v2(s->db,
                                "SELECT origin, vkey, sealed, first_size, at_ms, halted, closed FROM "
                                "log_key ORDER BY n DESC LIMIT 1",
                                -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    int err = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : kr_sql_fail(s);
    if (rc == SQLITE_ROW) {
        k->origin = text(stmt, 0);
        k->vkey = text(stmt, 1);
        k->first_size = (uint64_t)sqlite3_column_int64(stmt, 3);
        k->at_ms = (uint64_t)sqlite3_column_int64(stmt, 4);
        k->halted = text(stmt, 5);
        k->closed = sqlite3_column_int64(stmt, 6) != 0;
        char *purpose = kr_log_key_purpose(k->origin);
        if (!s->readonly)
            err = kr_unseal(&s->seal_key, purpose,
                            kr_span(sqlite3_column_blob(stmt, 2), (size_t)sqlite3_column_bytes(stmt, 2)),
                            &k->seed);
        free(purpose);
        if (err)
            snprintf(s->base.errmsg, sizeof(s->base.errmsg),
                     "%s: the log key is not sealed under the key in use or was altered; restore a backup",
                     s->path);
    }
    sqlite3_finalize(stmt);
    return err;
}

static int load_checkpoint(struct kr_sqlite *s, struct kr_snapshot *snap)
{
    sqlite3_stmt *stmt = NULL;
    struct kr_rec_checkpoint *c = &snap->checkpoint;
    int rc =
        sqlite3_prepare_v2(s->db,
                           "SELECT origin, size, root, at_ms, note FROM log_checkpoint WHERE origin = ?1 "
                           "ORDER BY size DESC LIMIT 1",
                           -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        kr_sql_text(stmt, 1, snap->log_key.origin);
        rc = sqlite3_step(stmt);
    }
    int err = rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : kr_sql_fail(s);
    if (rc == SQLITE_ROW) {
        int len = sqlite3_column_bytes(stmt, 4);
        if (sqlite3_column_bytes(stmt, 2) != (int)sizeof(c->root.b) || len < 1 || len > KR_NOTE_MAX) {
            err = damaged(s, "the last checkpoint is not of its form");
        } else {
            c->origin = text(stmt, 0);
            c->size = (uint64_t)sqlite3_column_int64(stmt, 1);
            memcpy(c->root.b, sqlite3_column_blob(stmt, 2), sizeof(c->root.b));
            c->at_ms = (uint64_t)sqlite3_column_int64(stmt, 3);
            uint8_t *note = kr_malloc((size_t)len);
            memcpy(note, sqlite3_column_blob(stmt, 4), (size_t)len);
            c->note = kr_span(note, (size_t)len);
        }
    }
    sqlite3_finalize(stmt);
    return err;
}

int kr_sqlite_load_log(struct kr_sqlite *s, struct kr_snapshot *snap)
{
    int err = load_size(s, snap);
    if (!err)
        err = load_key(s, snap);
    if (!err && snap->log_key.origin)
        err = load_checkpoint(s, snap);
    return err;
}

struct growth {
    struct kr_sqlite *s;
    struct kr_log_tree tree;
    int err;
};

static void put_node(void *state, struct kr_log_node node, const struct kr_digest *hash)
{
    struct growth *g = state;
    sqlite3_stmt *stmt = kr_sql(g->s, SQL_LOG_NODE);
    kr_sql_u64(stmt, 1, node.level);
    kr_sql_u64(stmt, 2, node.index);
    kr_sql_blob(stmt, 3, hash->b, sizeof(hash->b));
    if (!g->err)
        g->err = kr_sql_run(g->s, stmt);
}

static bool add_leaf(void *arg, uint64_t idx, struct kr_span entry)
{
    struct growth *g = arg;
    struct kr_digest leaf = kr_leaf_hash(entry);
    struct kr_log_sink sink = {put_node, g};
    if (idx != g->tree.size || kr_log_tree_append(&g->tree, &leaf, &sink) != KR_LOG_OK)
        g->err = damaged(g->s, "it has a hole");
    return g->err == 0;
}

int kr_sqlite_grow_tree(struct kr_sqlite *s)
{
    struct growth g = {.s = s};
    uint64_t leaves = 0, nodes = 0;
    int err = one_number(s, "SELECT ifnull(max(idx) + 1, 0) FROM log_leaf", &leaves);
    if (!err)
        err = one_number(s, "SELECT ifnull(max(idx) + 1, 0) FROM log_node WHERE level = 0", &nodes);
    if (err || leaves == 0 || nodes != 0) /* entries and nodes are written together but for the first time */
        return err;
    err = s->base.ops->begin(&s->base);
    if (!err)
        err = kr_sqlite_log(&s->base, 0, add_leaf, &g);
    if (!err)
        err = g.err;
    if (!err)
        err = s->base.ops->commit(&s->base);
    else
        s->base.ops->rollback(&s->base);
    return err;
}
