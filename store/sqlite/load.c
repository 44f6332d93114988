#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/limit.h"
#include "base/utf8.h"
#include "io/seal.h"
#include "store_sqlite/internal.h"

/* Reads the columns of one row in order; a value of the wrong type, length or range is sticky, as in
 * base/cursor.h. CHECKs keep such rows out, so one that is met was put there by somebody else or by a bad
 * disk. */
struct row {
    sqlite3_stmt *stmt;
    int column;
    bool bad;
};

static void get_bytes(struct row *r, void *out, int len)
{
    int c = r->column++;
    if (sqlite3_column_type(r->stmt, c) != SQLITE_BLOB || sqlite3_column_bytes(r->stmt, c) != len)
        r->bad = true;
    else
        memcpy(out, sqlite3_column_blob(r->stmt, c), (size_t)len);
}

static uint64_t get_u64(struct row *r, uint64_t max)
{
    int c = r->column++;
    sqlite3_int64 v = sqlite3_column_int64(r->stmt, c);
    if (sqlite3_column_type(r->stmt, c) != SQLITE_INTEGER || v < 0 || (uint64_t)v > max) {
        r->bad = true;
        return 0;
    }
    return (uint64_t)v;
}

/* Text that may stand in a stanza: SQLite keeps any bytes. The caller frees it; NULL when bad. */
static char *get_text(struct row *r)
{
    int c = r->column++;
    const char *text = (const char *)sqlite3_column_text(r->stmt, c);
    if (sqlite3_column_type(r->stmt, c) != SQLITE_TEXT || !text ||
        strlen(text) != (size_t)sqlite3_column_bytes(r->stmt, c) || !kr_utf8_plain(text, SIZE_MAX)) {
        r->bad = true;
        return NULL;
    }
    return kr_strdup(text);
}

struct load {
    struct kr_sqlite *s;
    struct kr_snapshot *snap;
    size_t cap;
};

/* Each adds one row to its array. What it added is the snapshot's even when the row is bad. */
static int room_row(struct load *l, struct row *r)
{
    kr_grow((void **)&l->snap->rooms, &l->cap, l->snap->room_count, sizeof(struct kr_rec_room));
    struct kr_rec_room *room = &l->snap->rooms[l->snap->room_count++];
    *room = (struct kr_rec_room){0};
    room->room = get_text(r);
    get_bytes(r, room->instance.b, sizeof(room->instance.b));
    room->epoch_high = get_u64(r, INT64_MAX);
    room->started_ms = get_u64(r, INT64_MAX);
    return 0;
}

static int epoch_row(struct load *l, struct row *r)
{
    kr_grow((void **)&l->snap->epochs, &l->cap, l->snap->epoch_count, sizeof(struct kr_rec_epoch));
    struct kr_rec_epoch *e = &l->snap->epochs[l->snap->epoch_count++];
    *e = (struct kr_rec_epoch){0};
    get_bytes(r, e->instance.b, sizeof(e->instance.b));
    e->epoch = get_u64(r, INT64_MAX);
    e->kind = (uint8_t)get_u64(r, UINT8_MAX);
    e->source = (uint8_t)get_u64(r, UINT8_MAX);
    e->format = (uint8_t)get_u64(r, UINT8_MAX);
    e->suite = (uint16_t)get_u64(r, UINT16_MAX);
    get_bytes(r, e->policy.b, sizeof(e->policy.b));
    get_bytes(r, e->roster.b, sizeof(e->roster.b));
    get_bytes(r, e->context.b, sizeof(e->context.b));
    e->fate = (enum kr_epoch_fate)get_u64(r, KR_FATE_ABANDONED);
    e->announced_ms = get_u64(r, INT64_MAX);
    get_bytes(r, e->leader.b, sizeof(e->leader.b));
    e->log_size = get_u64(r, INT64_MAX);
    get_bytes(r, e->log_root.b, sizeof(e->log_root.b));
    return 0;
}

static int attach_row(struct load *l, struct row *r)
{
    kr_grow((void **)&l->snap->attaches, &l->cap, l->snap->attach_count, sizeof(struct kr_rec_attach));
    struct kr_rec_attach *a = &l->snap->attaches[l->snap->attach_count++];
    *a = (struct kr_rec_attach){0};
    get_bytes(r, a->attach.b, sizeof(a->attach.b));
    get_bytes(r, a->instance.b, sizeof(a->instance.b));
    get_bytes(r, a->device.b, sizeof(a->device.b));
    get_bytes(r, a->nonce.b, sizeof(a->nonce.b));
    a->room = get_text(r);
    a->participant = get_text(r);
    a->owner = get_text(r);
    a->full_jid = get_text(r);
    get_bytes(r, a->ed25519.b, sizeof(a->ed25519.b));
    get_bytes(r, a->curve25519.b, sizeof(a->curve25519.b));
    get_bytes(r, a->sig.b, sizeof(a->sig.b));
    a->state = (enum kr_attach_state)get_u64(r, KR_ATTACH_MEMBER);
    a->settled = get_u64(r, 1) != 0;
    a->at_ms = get_u64(r, INT64_MAX);
    a->sources = (uint8_t)get_u64(r, UINT8_MAX);
    a->lead = get_u64(r, 1) != 0;
    a->lead_fault = (uint8_t)get_u64(r, 3);
    return 0;
}

static int opening_row(struct load *l, struct row *r)
{
    kr_grow((void **)&l->snap->openings, &l->cap, l->snap->opening_count, sizeof(struct kr_rec_opening));
    struct kr_rec_opening *o = &l->snap->openings[l->snap->opening_count++];
    *o = (struct kr_rec_opening){0};
    get_bytes(r, o->instance.b, sizeof(o->instance.b));
    o->subject = get_text(r);
    o->at_ms = get_u64(r, INT64_MAX);
    if (r->bad)
        return 0;
    char *purpose = kr_opening_purpose(&o->instance, o->subject);
    struct kr_span sealed =
        kr_span(sqlite3_column_blob(r->stmt, r->column), (size_t)sqlite3_column_bytes(r->stmt, r->column));
    int err = kr_unseal(&l->s->seal_key, purpose, sealed, &o->key);
    if (err)
        snprintf(l->s->base.errmsg, sizeof(l->s->base.errmsg),
                 "%s: table opening: a row is not sealed under the key "
                 "in use or was altered; restore a backup",
                 l->s->path);
    free(purpose);
    return err;
}

/* 0 to max bytes. The caller frees them; empty when bad. */
static struct kr_span get_span(struct row *r, size_t max)
{
    int c = r->column++;
    size_t len = (size_t)sqlite3_column_bytes(r->stmt, c);
    if (sqlite3_column_type(r->stmt, c) != SQLITE_BLOB || len > max) {
        r->bad = true;
        return kr_span(NULL, 0);
    }
    uint8_t *copy = len ? kr_malloc(len) : NULL;
    if (len)
        memcpy(copy, sqlite3_column_blob(r->stmt, c), len);
    return kr_span(copy, len);
}

static int attestation_row(struct load *l, struct row *r)
{
    kr_grow((void **)&l->snap->attestations, &l->cap, l->snap->attestation_count,
            sizeof(struct kr_rec_attestation));
    struct kr_rec_attestation *a = &l->snap->attestations[l->snap->attestation_count++];
    *a = (struct kr_rec_attestation){0};
    get_bytes(r, a->digest.b, sizeof(a->digest.b));
    a->text = get_span(r, KR_TEXT_MAX);
    get_bytes(r, a->sig.b, sizeof(a->sig.b));
    get_bytes(r, a->ed25519.b, sizeof(a->ed25519.b));
    get_bytes(r, a->curve25519.b, sizeof(a->curve25519.b));
    a->by_owner = get_text(r);
    a->admin_in = get_text(r);
    a->at_ms = get_u64(r, INT64_MAX);
    a->revoke_text = get_span(r, KR_TEXT_MAX);
    get_bytes(r, a->revoke_sig.b, sizeof(a->revoke_sig.b));
    return 0;
}

static int damaged(struct kr_sqlite *s, const char *table)
{
    snprintf(s->base.errmsg, sizeof(s->base.errmsg),
             "%s: table %s: a row is not of its form; keep a copy and restore "
             "a backup (keyroomctl restore)",
             s->path, table);
    return KR_E_STORE_DAMAGED;
}

static int load_table(struct load *l, const char *table, const char *sql,
                      int (*each)(struct load *, struct row *))
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(l->s->db, sql, -1, &stmt, NULL);
    int err = rc == SQLITE_OK ? 0 : kr_sql_fail(l->s);
    l->cap = 0;
    while (!err && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct row row = {.stmt = stmt};
        err = each(l, &row);
        if (!err && row.bad)
            err = damaged(l->s, table);
    }
    if (!err && rc != SQLITE_DONE)
        err = kr_sql_fail(l->s);
    sqlite3_finalize(stmt);
    return err;
}

int kr_sqlite_load(struct kr_store *store, struct kr_snapshot *ret_snapshot)
{
    static const struct {
        const char *table, *sql;
        int (*each)(struct load *, struct row *);
        bool sealed;
    } tables[] = {
        {"room", "SELECT room, instance, epoch_high, started_ms FROM room ORDER BY room", room_row, false},
        {"epoch",
         "SELECT instance, epoch, kind, source, format, suite, policy, roster, context, fate, announced_ms, "
         "leader, log_size, log_root "
         "FROM epoch ORDER BY instance, epoch",
         epoch_row, false},
        {"attach",
         "SELECT a.attach, a.instance, a.device, a.nonce, a.room, a.participant, a.owner, a.full_jid, "
         "d.ed25519, d.curve25519, a.sig, a.state, a.settled, a.at_ms, a.sources, a.lead, a.lead_fault "
         "FROM attach a LEFT JOIN device d ON d.id = a.device ORDER BY a.attach",
         attach_row, false},
        {"opening",
         "SELECT instance, subject, at_ms, sealed FROM opening WHERE instance = zeroblob(16) "
         "OR instance IN (SELECT instance FROM room) ORDER BY instance, subject",
         opening_row, true},
        {"attestation",
         "SELECT digest, text, sig, ed25519, curve25519, by_owner, admin_in, at_ms, revoke_text, revoke_sig "
         "FROM attestation ORDER BY digest",
         attestation_row, false},
    };
    struct kr_sqlite *s = (struct kr_sqlite *)store;
    struct kr_snapshot snap = {0};
    struct load l = {.s = s, .snap = &snap};
    int err = 0;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && !err; i++) {
        if (!tables[i].sealed || !s->readonly)
            err = load_table(&l, tables[i].table, tables[i].sql, tables[i].each);
    }
    if (!err)
        err = kr_sqlite_load_log(s, &snap);
    if (err)
        kr_snapshot_done(&snap);
    else
        *ret_snapshot = snap;
    return err;
}

int kr_sqlite_devices(struct kr_store *store, bool (*each)(void *arg, const struct kr_device_info *info),
                      void *arg)
{
    static const char sql[] = "SELECT id, ed25519, curve25519, first_seen_ms, last_seen_ms, "
                              "ifnull((SELECT group_concat(owner) FROM (SELECT owner FROM owner_seen WHERE "
                              "device = id AND owner <> '' "
                              "ORDER BY owner)), ''), "
                              "ifnull((SELECT group_concat(scope) FROM (SELECT scope FROM approval WHERE "
                              "device = id ORDER BY scope)), ''), "
                              "ifnull((SELECT group_concat(scope) FROM (SELECT scope FROM revocation WHERE "
                              "device = id ORDER BY scope)), '') "
                              "FROM device ORDER BY id";
    struct kr_sqlite *s = (struct kr_sqlite *)store;
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);
    int err = rc == SQLITE_OK ? 0 : kr_sql_fail(s);
    bool more = true;
    while (!err && more && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        struct row r = {.stmt = stmt};
        struct kr_device_info info = {0};
        get_bytes(&r, info.device.id.b, sizeof(info.device.id.b));
        get_bytes(&r, info.device.ed25519.b, sizeof(info.device.ed25519.b));
        get_bytes(&r, info.device.curve25519.b, sizeof(info.device.curve25519.b));
        info.device.first_seen_ms = get_u64(&r, INT64_MAX);
        info.device.last_seen_ms = get_u64(&r, INT64_MAX);
        info.owners = get_text(&r);
        info.approved = get_text(&r);
        info.revoked = get_text(&r);
        if (r.bad)
            err = damaged(s, "device");
        else
            more = each(arg, &info);
        free(info.owners);
        free(info.approved);
        free(info.revoked);
    }
    if (!err && more && rc != SQLITE_DONE)
        err = kr_sql_fail(s);
    sqlite3_finalize(stmt);
    return err;
}

int kr_sqlite_log(struct kr_store *store, uint64_t from_idx,
                  bool (*each)(void *arg, uint64_t idx, struct kr_span entry), void *arg)
{
    struct kr_sqlite *s = (struct kr_sqlite *)store;
    sqlite3_stmt *stmt = NULL;
    if (from_idx > INT64_MAX)
        return 0;
    int rc = sqlite3_prepare_v2(s->db, "SELECT idx, entry FROM log_leaf WHERE idx >= ?1 ORDER BY idx", -1,
                                &stmt, NULL);
    int err = rc == SQLITE_OK ? 0 : kr_sql_fail(s);
    bool more = true;
    kr_sql_u64(stmt, 1, from_idx);
    while (!err && more && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        int len = sqlite3_column_bytes(stmt, 1);
        if (sqlite3_column_type(stmt, 1) != SQLITE_BLOB || len < 1 || len > KR_LOG_ENTRY_MAX)
            err = damaged(s, "log_leaf");
        else
            more = each(arg, (uint64_t)sqlite3_column_int64(stmt, 0),
                        kr_span(sqlite3_column_blob(stmt, 1), (size_t)len));
    }
    if (!err && more && rc != SQLITE_DONE)
        err = kr_sql_fail(s);
    sqlite3_finalize(stmt);
    return err;
}
