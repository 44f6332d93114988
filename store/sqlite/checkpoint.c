#include "base/err.h"
#include "base/limit.h"
#include "store_sqlite/internal.h"

static int add_note(struct kr_sqlite *s, sqlite3_stmt *stmt, struct kr_buf *note, uint64_t *ret_size)
{
    int rc = stmt ? sqlite3_step(stmt) : SQLITE_ERROR;
    int err = rc == SQLITE_ROW ? 0 : rc == SQLITE_DONE ? KR_E_NOT_FOUND : kr_sql_fail(s);
    if (!err) {
        *ret_size = (uint64_t)sqlite3_column_int64(stmt, 0);
        kr_buf_add(note, sqlite3_column_blob(stmt, 1), (size_t)sqlite3_column_bytes(stmt, 1));
    }
    if (stmt)
        sqlite3_reset(stmt);
    return err;
}

static int add_cosignatures(struct kr_sqlite *s, const char *origin, uint64_t size, struct kr_buf *note)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_COSIGNATURES);
    int rc = SQLITE_ERROR;
    if (stmt) {
        kr_sql_text(stmt, 1, origin);
        kr_sql_u64(stmt, 2, size);
    }
    while (stmt && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        kr_buf_add(note, sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0));
    int err = rc == SQLITE_DONE ? 0 : kr_sql_fail(s);
    if (stmt)
        sqlite3_reset(stmt);
    return err;
}

int kr_sqlite_checkpoint(struct kr_store *store, const char *origin, enum kr_checkpoint_choice which,
                         struct kr_buf *note, uint64_t *ret_size)
{
    struct kr_sqlite *s = (struct kr_sqlite *)store;
    sqlite3_stmt *stmt =
        kr_sql(s, which == KR_CHECKPOINT_SHOWN ? SQL_CHECKPOINT_SHOWN : SQL_CHECKPOINT_NEWEST);
    if (stmt)
        kr_sql_text(stmt, 1, origin);
    int err = add_note(s, stmt, note, ret_size);
    if (!err && which == KR_CHECKPOINT_SHOWN)
        err = add_cosignatures(s, origin, *ret_size, note);
    return err ? err : note->err;
}
