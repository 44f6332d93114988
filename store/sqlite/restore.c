#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "io/file.h"
#include "store_sqlite/internal.h"
#include "store_sqlite/sqlite.h"

enum { ERRMSG_LEN = 256 };

static int explain_errno(const char *path, char *errmsg)
{
    int err = errno == ENOSPC ? KR_E_STORE_FULL : KR_E_IO;
    snprintf(errmsg, ERRMSG_LEN, "%s: %s", path, strerror(errno));
    return err;
}

static int check_whole(sqlite3 *db, const char *path, char *errmsg)
{
    sqlite3_stmt *stmt = NULL;
    int err = 0;
    if (sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW) {
        err = kr_db_explain(db, path, errmsg);
    } else if (strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") != 0) {
        err = KR_E_STORE_DAMAGED;
        snprintf(errmsg, ERRMSG_LEN, "%s: the backup is damaged; use another one", path);
    }
    sqlite3_finalize(stmt);
    return err;
}

/* A sound copy of `from` in the new file `temp`. */
static int copy(const char *from, const char *temp, char *errmsg)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    int err = kr_db_open(from, KR_DB_READ_ONLY, kr_sqlite_migrations, kr_sqlite_migration_count, errmsg, &db);
    if (err)
        return err;
    err = check_whole(db, from, errmsg);
    if (!err)
        err = kr_db_make_private(temp, errmsg);
    if (!err) {
        int rc = sqlite3_prepare_v2(db, "VACUUM INTO ?1", -1, &stmt, NULL);
        kr_sql_text(stmt, 1, temp);
        if (rc != SQLITE_OK || sqlite3_step(stmt) != SQLITE_DONE)
            err = kr_db_explain(db, from, errmsg);
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return err;
}

/* Whatever could make a number be used twice: one-time keys that were given out since, attaches whose epochs
 * went on, instances whose epochs went on. They hang on the rooms. And what was revoked since: an
 * attestation that was taken back does not return. */
static int forget_live(const char *temp, char *errmsg)
{
    static const char sql[] =
        "BEGIN IMMEDIATE; DELETE FROM room; DELETE FROM attach; DELETE FROM epoch; "
        "DELETE FROM one_time_key; DELETE FROM fallback_key; DELETE FROM attestation; "
        "UPDATE log_key SET closed = 1, halted = iif(halted = '', 'restored from a backup', "
        "halted) WHERE n = (SELECT max(n) FROM log_key); COMMIT; "
        "PRAGMA journal_mode = DELETE";
    sqlite3 *db = NULL;
    int err =
        kr_db_open(temp, KR_DB_READ_WRITE, kr_sqlite_migrations, kr_sqlite_migration_count, errmsg, &db);
    if (!err && sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        err = kr_db_explain(db, temp, errmsg);
    sqlite3_close(db);
    return err;
}

static int sync_file(const char *path, char *errmsg)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int err = fd < 0 || fsync(fd) != 0 ? explain_errno(path, errmsg) : 0;
    if (fd >= 0)
        close(fd);
    return err;
}

/* The old database's write-ahead log would be played into the new file, so it must be gone before the rename.
 * Opening and closing the old one empties its log into it, so that a crash in between leaves it whole; one
 * that cannot be opened is past that. */
static void retire_old(const char *path)
{
    char side[PATH_MAX], ignored[ERRMSG_LEN];
    static const char *const tails[] = {"-wal", "-shm"};
    sqlite3 *db = NULL;
    if (access(path, F_OK) == 0 && kr_db_open(path, KR_DB_READ_ONLY, kr_sqlite_migrations,
                                              kr_sqlite_migration_count, ignored, &db) == 0) {
        sqlite3_close(db);
        if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK)
            sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
        sqlite3_close(db);
    }
    for (size_t i = 0; i < 2; i++) {
        snprintf(side, sizeof(side), "%s%s", path, tails[i]);
        unlink(side);
    }
}

int kr_store_sqlite_restore(const char *from, const char *path, char *errmsg)
{
    char temp[PATH_MAX], side[PATH_MAX];
    int lock_fd = -1;
    int err = kr_sqlite_lock(path, errmsg, &lock_fd);
    if (err)
        return err;
    int n = snprintf(temp, sizeof(temp), "%s.restore", path);
    if (n < 0 || (size_t)n + 8 >= sizeof(temp)) {
        snprintf(errmsg, ERRMSG_LEN, "%.100s...: the path is too long", path);
        err = KR_E_IO;
        goto out;
    }
    unlink(temp); /* of a restore that was interrupted */
    err = copy(from, temp, errmsg);
    if (!err)
        err = forget_live(temp, errmsg);
    if (!err)
        err = sync_file(temp, errmsg);
    if (!err) {
        retire_old(path);
        if (rename(temp, path) != 0 || kr_file_sync_folder(path) != 0)
            err = explain_errno(path, errmsg);
    }
    if (err) {
        unlink(temp);
        static const char *const tails[] = {"-wal", "-shm", "-journal"};
        for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
            snprintf(side, sizeof(side), "%.*s%s", n, temp, tails[i]);
            unlink(side);
        }
    }
out:
    close(lock_fd);
    return err;
}
