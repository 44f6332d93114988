/* Shared by the files of this backend. */
#ifndef KR_STORE_SQLITE_INTERNAL_H
#define KR_STORE_SQLITE_INTERNAL_H

#include "base/buf.h"
#include "io/database.h"
#include "store/store.h"

/* --- schema.c: store/schema, in order --- */
extern const struct kr_migration kr_sqlite_migrations[];
extern const size_t kr_sqlite_migration_count;

/* --- statement.c: every statement of the daemon's path, prepared once --- */
enum kr_sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_ROOM_OTHER_INSTANCE,
    SQL_ROOM,
    SQL_ROOM_END,
    SQL_EPOCH,
    SQL_EPOCH_TRIM,
    SQL_EPOCH_FATE,
    SQL_ATTACH,
    SQL_ATTACH_END,
    SQL_KEY_ONE_TIME,
    SQL_KEY_FALLBACK,
    SQL_APPROVE,
    SQL_REVOKE,
    SQL_REVOKE_APPROVAL,
    SQL_REVOKE_APPROVALS,
    SQL_OPENING,
    SQL_LOG,
    SQL_LOG_NODE,
    SQL_LOG_NODE_READ,
    SQL_LOG_ENTRY_READ,
    SQL_LOG_KEY,
    SQL_LOG_HALT,
    SQL_CHECKPOINT,
    SQL_COSIGNATURE,
    SQL_CHECKPOINT_NEWEST,
    SQL_CHECKPOINT_SHOWN,
    SQL_COSIGNATURES,
    SQL_EVIDENCE,
    SQL_RETAIN_NAMES,
    SQL_RETAIN_EVIDENCE,
    SQL_RETAIN_DEVICES,
    SQL_DEVICE_SEE,
    SQL_DEVICE_ADD,
    SQL_DEVICE_KNOWN,
    SQL_OWNER_SEE,
    SQL_DEVICE_REVOKED,
    SQL_DEVICE_APPROVED,
    SQL_DEVICE_APPROVED_BY_OPERATOR,
    SQL_ATTESTATION,
    SQL_ATTESTATION_END,
    SQL_CLAIM,
    SQL_CLAIM_LEFT,
    SQL_CLAIM_FALLBACK,
    SQL_COUNT
};

struct kr_sqlite {
    struct kr_store base; /* first */
    sqlite3 *db;
    char *path;
    int lock_fd; /* holds PATH.lock; -1 when read-only */
    bool readonly;
    struct kr_secret seal_key;
    struct kr_random random;
    sqlite3_stmt *stmts[SQL_COUNT];
    struct kr_buf entry; /* the last one that a query read */
    bool erased;         /* in this transaction: the write-ahead log must not keep it */
};

/* The prepared statement, reset and without bindings; NULL after a failure, which is then in the handle. */
sqlite3_stmt *kr_sql(struct kr_sqlite *s, enum kr_sql which);
void kr_sql_finalize(struct kr_sqlite *s);
void kr_sql_blob(sqlite3_stmt *stmt, int n, const void *bytes, size_t len);
void kr_sql_text(sqlite3_stmt *stmt, int n, const char *text);
void kr_sql_u64(sqlite3_stmt *stmt, int n, uint64_t v);
/* Runs a statement without rows and resets it; 0 or the store error, with errmsg set. NULL stmt is a failure.
 */
int kr_sql_run(struct kr_sqlite *s, sqlite3_stmt *stmt);
/* The store error of the handle's last failure, with errmsg set. */
int kr_sql_fail(struct kr_sqlite *s);

/* --- write.c, query.c, load.c: the verbs --- */
int kr_sqlite_write(struct kr_store *s, const struct kr_write *w);
int kr_sqlite_query(struct kr_store *s, const struct kr_query *q, uint64_t now_ms,
                    struct kr_query_result *ret_result);
int kr_sqlite_load(struct kr_store *s, struct kr_snapshot *ret_snapshot);
int kr_sqlite_checkpoint(struct kr_store *s, const char *origin, enum kr_checkpoint_choice which,
                         struct kr_buf *note, uint64_t *ret_size);
int kr_sqlite_retain(struct kr_sqlite *s, const struct kr_retain *retain, struct kr_query_result *r);
int kr_sqlite_devices(struct kr_store *s, bool (*each)(void *arg, const struct kr_device_info *info),
                      void *arg);
int kr_sqlite_log(struct kr_store *s, uint64_t from_idx,
                  bool (*each)(void *arg, uint64_t idx, struct kr_span entry), void *arg);

/* load_log.c: size, peaks, key and last checkpoint; and the nodes of entries from before there was a tree. */
int kr_sqlite_load_log(struct kr_sqlite *s, struct kr_snapshot *snap);
int kr_sqlite_grow_tree(struct kr_sqlite *s);
/* *ret_found is false if there is no such node. */
int kr_sqlite_node(struct kr_sqlite *s, unsigned level, uint64_t index, struct kr_digest *ret_hash,
                   bool *ret_found);

/* What a log key is sealed for. The caller frees it. */
char *kr_log_key_purpose(const char *origin);

/* What an opening is sealed for: it opens nowhere else. The caller frees it. */
char *kr_opening_purpose(const struct kr_id *instance, const char *subject);

/* Takes PATH.lock for this process; KR_E_STORE_BUSY if another one has it. */
int kr_sqlite_lock(const char *path, char *errmsg, int *ret_fd);

#endif
