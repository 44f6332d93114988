#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store_sqlite/internal.h"

static const char *const texts[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_ROOM_OTHER_INSTANCE] = "DELETE FROM room WHERE room = ?1 AND instance <> ?2",
    [SQL_ROOM] =
        "INSERT INTO room (room, instance, epoch_high, started_ms) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (room) DO UPDATE SET epoch_high = excluded.epoch_high, started_ms = excluded.started_ms",
    [SQL_ROOM_END] = "DELETE FROM room WHERE room = ?1 AND instance = ?2",
    [SQL_EPOCH] =
        "INSERT INTO epoch (instance, epoch, kind, source, format, suite, policy, roster, context, fate, "
        "announced_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    [SQL_EPOCH_TRIM] = "DELETE FROM epoch WHERE instance = ?1 AND epoch <= "
                       "(SELECT epoch FROM epoch WHERE instance = ?1 ORDER BY epoch DESC LIMIT 1 OFFSET ?2)",
    [SQL_EPOCH_FATE] = "UPDATE epoch SET fate = ?3 WHERE instance = ?1 AND epoch = ?2",
    [SQL_ATTACH] =
        "INSERT INTO attach (attach, instance, device, nonce, room, participant, owner, full_jid, sig, "
        "state, settled, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) "
        "ON CONFLICT (attach) DO UPDATE SET state = excluded.state, settled = excluded.settled",
    [SQL_ATTACH_END] = "DELETE FROM attach WHERE attach = ?1",
    [SQL_KEY_ONE_TIME] = "INSERT INTO one_time_key (attach, key, sig) VALUES (?1, ?2, ?3)",
    [SQL_KEY_FALLBACK] = "INSERT INTO fallback_key (attach, key, sig) VALUES (?1, ?2, ?3) "
                         "ON CONFLICT (attach) DO UPDATE SET key = excluded.key, sig = excluded.sig",
    [SQL_APPROVE] = "INSERT INTO approval (device, scope, by, at_ms, reason) VALUES (?1, ?2, ?3, ?4, ?5) "
                    "ON CONFLICT (device, scope) DO NOTHING",
    [SQL_REVOKE] = "INSERT INTO revocation (device, scope, by, at_ms, reason) VALUES (?1, ?2, ?3, ?4, ?5) "
                   "ON CONFLICT (device, scope) DO NOTHING",
    [SQL_REVOKE_APPROVAL] = "DELETE FROM approval WHERE device = ?1 AND scope = ?2",
    [SQL_REVOKE_APPROVALS] = "DELETE FROM approval WHERE device = ?1",
    [SQL_OPENING] = "INSERT INTO opening (instance, subject, sealed) VALUES (?1, ?2, ?3) "
                    "ON CONFLICT (instance, subject) DO NOTHING",
    [SQL_LOG] = "INSERT INTO log_leaf (idx, entry) VALUES (?1, ?2)",
    [SQL_DEVICE_SEE] = "UPDATE device SET last_seen_ms = max(last_seen_ms, ?4) "
                       "WHERE id = ?1 AND ed25519 = ?2 AND curve25519 = ?3",
    [SQL_DEVICE_ADD] = "INSERT INTO device (id, ed25519, curve25519, first_seen_ms, last_seen_ms) "
                       "VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT DO NOTHING",
    [SQL_DEVICE_KNOWN] = "SELECT 1 FROM device WHERE id = ?1",
    [SQL_OWNER_SEE] =
        "INSERT INTO owner_seen (device, owner, first_seen_ms, last_seen_ms) VALUES (?1, ?2, ?3, ?3) "
        "ON CONFLICT (device, owner) DO UPDATE SET last_seen_ms = "
        "max(last_seen_ms, excluded.last_seen_ms)",
    [SQL_DEVICE_REVOKED] = "SELECT 1 FROM revocation WHERE device = ?1 AND scope IN ('*', ?2)",
    [SQL_DEVICE_APPROVED] = "SELECT 1 FROM approval WHERE device = ?1 AND scope IN ('*', ?2)",
    [SQL_CLAIM] = "DELETE FROM one_time_key WHERE id = (SELECT id FROM one_time_key WHERE attach = ?1 "
                  "ORDER BY id LIMIT 1) RETURNING key, sig",
    [SQL_CLAIM_LEFT] = "SELECT count(*) FROM one_time_key WHERE attach = ?1",
    [SQL_CLAIM_FALLBACK] = "SELECT key, sig FROM fallback_key WHERE attach = ?1",
};

sqlite3_stmt *kr_sql(struct kr_sqlite *s, enum kr_sql which)
{
    if (!s->stmts[which] && sqlite3_prepare_v3(s->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT,
                                               &s->stmts[which], NULL) != SQLITE_OK)
        return NULL;
    sqlite3_clear_bindings(s->stmts[which]);
    return s->stmts[which];
}

void kr_sql_finalize(struct kr_sqlite *s)
{
    for (int i = 0; i < SQL_COUNT; i++) {
        sqlite3_finalize(s->stmts[i]);
        s->stmts[i] = NULL;
    }
}

void kr_sql_blob(sqlite3_stmt *stmt, int n, const void *bytes, size_t len)
{
    sqlite3_bind_blob64(stmt, n, bytes, len, SQLITE_STATIC);
}

void kr_sql_text(sqlite3_stmt *stmt, int n, const char *text)
{
    sqlite3_bind_text(stmt, n, text, -1, SQLITE_STATIC);
}

void kr_sql_u64(sqlite3_stmt *stmt, int n, uint64_t v)
{
    /* One that SQLite cannot hold becomes negative, which the CHECKs or the reader refuse. */
    sqlite3_bind_int64(stmt, n, v > INT64_MAX ? -1 : (sqlite3_int64)v);
}

int kr_sql_fail(struct kr_sqlite *s)
{
    return kr_db_explain(s->db, s->path, s->base.errmsg);
}

int kr_sql_run(struct kr_sqlite *s, sqlite3_stmt *stmt)
{
    int err = 0;
    if (!stmt || sqlite3_step(stmt) != SQLITE_DONE)
        err = kr_sql_fail(s);
    if (stmt)
        sqlite3_reset(stmt);
    return err;
}
