#include "store_sqlite/internal.h"

/* Rows older than that, at most so many; 0: none is too old. */
static int drop(struct kr_sqlite *s, enum kr_sql which, uint64_t before_ms, size_t limit, size_t *ret_gone)
{
    if (!before_ms)
        return 0;
    sqlite3_stmt *stmt = kr_sql(s, which);
    if (stmt) {
        kr_sql_u64(stmt, 1, before_ms);
        kr_sql_u64(stmt, 2, limit);
    }
    int err = kr_sql_run(s, stmt);
    if (!err)
        *ret_gone = (size_t)sqlite3_changes(s->db);
    return err;
}

int kr_sqlite_retain(struct kr_sqlite *s, const struct kr_retain *retain, struct kr_query_result *r)
{
    int err = drop(s, SQL_RETAIN_NAMES, retain->names_before_ms, retain->limit, &r->names_gone);
    if (!err)
        err = drop(s, SQL_RETAIN_EVIDENCE, retain->evidence_before_ms, retain->evidence_limit,
                   &r->evidence_gone);
    if (!err)
        err = drop(s, SQL_RETAIN_DEVICES, retain->devices_before_ms, retain->limit, &r->devices_gone);
    if (r->names_gone || r->evidence_gone || r->devices_gone)
        s->erased = true;
    return err;
}
