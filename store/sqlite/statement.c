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
        "announced_ms, leader, log_size, log_root) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    [SQL_EPOCH_TRIM] = "DELETE FROM epoch WHERE instance = ?1 AND epoch <= "
                       "(SELECT epoch FROM epoch WHERE instance = ?1 ORDER BY epoch DESC LIMIT 1 OFFSET ?2)",
    [SQL_EPOCH_FATE] = "UPDATE epoch SET fate = ?3 WHERE instance = ?1 AND epoch = ?2",
    [SQL_ATTACH] =
        "INSERT INTO attach (attach, instance, device, nonce, room, participant, owner, full_jid, sig, "
        "state, settled, at_ms, sources, lead, lead_fault) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) "
        "ON CONFLICT (attach) DO UPDATE SET state = excluded.state, settled = excluded.settled, "
        "lead_fault = excluded.lead_fault",
    [SQL_ATTACH_END] = "DELETE FROM attach WHERE attach = ?1",
    [SQL_KEY_ONE_TIME] = "INSERT INTO one_time_key (attach, key, sig) VALUES (?1, ?2, ?3)",
    [SQL_KEY_FALLBACK] = "INSERT INTO fallback_key (attach, key, sig) VALUES (?1, ?2, ?3) "
                         "ON CONFLICT (attach) DO UPDATE SET key = excluded.key, sig = excluded.sig",
    [SQL_APPROVE] = "INSERT INTO approval (device, scope, by, at_ms, reason) VALUES (?1, ?2, ?3, ?4, ?5) "
                    "ON CONFLICT (device, scope) DO UPDATE SET by = excluded.by, at_ms = excluded.at_ms, "
                    "reason = excluded.reason WHERE excluded.by = 'operator' AND by <> 'operator'",
    [SQL_REVOKE] = "INSERT INTO revocation (device, scope, by, at_ms, reason) VALUES (?1, ?2, ?3, ?4, ?5) "
                   "ON CONFLICT (device, scope) DO NOTHING",
    [SQL_REVOKE_APPROVAL] = "DELETE FROM approval WHERE device = ?1 AND scope = ?2",
    [SQL_REVOKE_APPROVALS] = "DELETE FROM approval WHERE device = ?1",
    [SQL_OPENING] = "INSERT INTO opening (instance, subject, sealed, at_ms) VALUES (?1, ?2, ?3, ?4) "
                    "ON CONFLICT (instance, subject) DO NOTHING",
    [SQL_LOG] = "INSERT INTO log_leaf (idx, entry) VALUES (?1, ?2)",
    [SQL_LOG_NODE] = "INSERT INTO log_node (level, idx, hash) VALUES (?1, ?2, ?3)",
    [SQL_LOG_NODE_READ] = "SELECT hash FROM log_node WHERE level = ?1 AND idx = ?2",
    [SQL_LOG_ENTRY_READ] = "SELECT entry FROM log_leaf WHERE idx = ?1",
    [SQL_LOG_KEY] =
        "INSERT INTO log_key (origin, vkey, sealed, first_size, at_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_LOG_HALT] = "UPDATE log_key SET halted = iif(halted = '', ?2, halted), closed = max(closed, ?3) "
                     "WHERE origin = ?1",
    [SQL_CHECKPOINT] =
        "INSERT INTO log_checkpoint (origin, size, root, at_ms, note) VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_COSIGNATURE] =
        "INSERT INTO log_cosignature (origin, size, witness, time_s, line) VALUES (?1, ?2, ?3, ?4, ?5) "
        "ON CONFLICT (origin, size, witness) DO UPDATE SET time_s = excluded.time_s, line = excluded.line",
    [SQL_CHECKPOINT_NEWEST] = "SELECT size, note FROM log_checkpoint WHERE origin = ?1 "
                              "ORDER BY size DESC LIMIT 1",
    /* Of the last minute's, the one that most witnesses cosigned; the newest of these. Of a busy minute only
     * the last 512 are looked at. */
    [SQL_CHECKPOINT_SHOWN] =
        "WITH late AS (SELECT size, at_ms, note FROM log_checkpoint WHERE origin = ?1 "
        "ORDER BY size DESC LIMIT 512) "
        "SELECT size, note FROM late WHERE at_ms >= (SELECT max(at_ms) FROM late) - 60000 "
        "ORDER BY (SELECT count(*) FROM log_cosignature s WHERE s.origin = ?1 AND s.size = late.size) DESC, "
        "size DESC LIMIT 1",
    [SQL_COSIGNATURES] = "SELECT line FROM log_cosignature WHERE origin = ?1 AND size = ?2 ORDER BY witness",
    [SQL_EVIDENCE] = "INSERT INTO log_evidence (idx, instance, bytes, at_ms) VALUES (?1, ?2, ?3, ?4)",
    [SQL_RETAIN_NAMES] =
        "DELETE FROM opening WHERE (instance, subject) IN (SELECT instance, subject FROM opening "
        "WHERE at_ms < ?1 AND instance NOT IN (SELECT instance FROM room) LIMIT ?2)",
    [SQL_RETAIN_EVIDENCE] = "DELETE FROM log_evidence WHERE at_ms < ?1 AND idx IN "
                            "(SELECT idx FROM log_evidence ORDER BY idx LIMIT ?2)",
    [SQL_RETAIN_DEVICES] = "DELETE FROM device WHERE id IN (SELECT id FROM device d WHERE last_seen_ms < ?1 "
                           "AND NOT EXISTS (SELECT 1 FROM owner_seen WHERE device = d.id AND owner <> '') "
                           "AND NOT EXISTS (SELECT 1 FROM attach WHERE device = d.id) "
                           "AND NOT EXISTS (SELECT 1 FROM approval WHERE device = d.id) "
                           "AND NOT EXISTS (SELECT 1 FROM revocation WHERE device = d.id) "
                           "AND ed25519 NOT IN (SELECT ed25519 FROM attestation) LIMIT ?2)",
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
    [SQL_DEVICE_APPROVED_BY_OPERATOR] =
        "SELECT 1 FROM approval WHERE device = ?1 AND scope IN ('*', ?2) AND by = 'operator'",
    [SQL_ATTESTATION] =
        "INSERT INTO attestation (digest, text, sig, ed25519, curve25519, by_owner, admin_in, at_ms, "
        "revoke_text, revoke_sig) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
        "ON CONFLICT (digest) DO UPDATE SET text = excluded.text, sig = excluded.sig, "
        "ed25519 = excluded.ed25519, curve25519 = excluded.curve25519, by_owner = excluded.by_owner, "
        "admin_in = excluded.admin_in, at_ms = excluded.at_ms, revoke_text = excluded.revoke_text, "
        "revoke_sig = excluded.revoke_sig",
    [SQL_ATTESTATION_END] = "DELETE FROM attestation WHERE digest = ?1",
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
