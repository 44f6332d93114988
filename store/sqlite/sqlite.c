#define _DEFAULT_SOURCE /* flock */
#include "store_sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "io/seal.h"
#include "store_sqlite/internal.h"

enum { ERRMSG_LEN = 256 };
static const char canary_purpose[] = "canary";
static const char canary_text[] = "keyroom:1:canary";

static int verb_begin(struct kr_store *store)
{
    struct kr_sqlite *s = (struct kr_sqlite *)store;
    if (s->readonly) {
        snprintf(s->base.errmsg, sizeof(s->base.errmsg), "%s: was opened for reading only", s->path);
        return KR_E_STORE_READONLY;
    }
    return kr_sql_run(s, kr_sql(s, SQL_BEGIN));
}

static int verb_commit(struct kr_store *store)
{
    struct kr_sqlite *s = (struct kr_sqlite *)store;
    int err = kr_sql_run(s, kr_sql(s, SQL_COMMIT));
    if (!err && s->erased) { /* not waited for: somebody who reads meanwhile keeps it until the next time */
        sqlite3_busy_timeout(s->db, 0);
        sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        sqlite3_busy_timeout(s->db, KR_DB_BUSY_MS);
        s->erased = false;
    }
    return err;
}

static void verb_rollback(struct kr_store *store)
{
    struct kr_sqlite *s = (struct kr_sqlite *)store;
    if (sqlite3_get_autocommit(s->db) == 0) /* some failures have rolled back already */
        kr_sql_run(s, kr_sql(s, SQL_ROLLBACK));
}

static int verb_backup(struct kr_store *store, const char *path)
{
    struct kr_sqlite *s = (struct kr_sqlite *)store;
    sqlite3_stmt *stmt = NULL;
    int err = kr_db_make_private(path, s->base.errmsg);
    if (err)
        return err;
    if (sqlite3_prepare_v2(s->db, "VACUUM INTO ?1", -1, &stmt, NULL) != SQLITE_OK) {
        err = kr_sql_fail(s);
    } else {
        kr_sql_text(stmt, 1, path);
        err = kr_sql_run(s, stmt);
    }
    sqlite3_finalize(stmt);
    if (!err) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) != 0) {
            snprintf(s->base.errmsg, sizeof(s->base.errmsg), "%s: cannot be written to disk: %s", path,
                     strerror(errno));
            err = KR_E_IO;
        }
        if (fd >= 0)
            close(fd);
    }
    if (err)
        unlink(path);
    return err;
}

static void verb_close(struct kr_store *store)
{
    struct kr_sqlite *s = (struct kr_sqlite *)store;
    kr_sql_finalize(s);
    sqlite3_close(s->db);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    kr_secret_done(&s->seal_key);
    kr_buf_done(&s->entry);
    free(s->path);
    free(s);
}

static const struct kr_store_ops ops = {
    .name = "sqlite",
    .load = kr_sqlite_load,
    .begin = verb_begin,
    .write = kr_sqlite_write,
    .query = kr_sqlite_query,
    .commit = verb_commit,
    .rollback = verb_rollback,
    .devices = kr_sqlite_devices,
    .log = kr_sqlite_log,
    .checkpoint = kr_sqlite_checkpoint,
    .backup = verb_backup,
    .close = verb_close,
};

int kr_sqlite_lock(const char *path, char *errmsg, int *ret_fd)
{
    char lock[PATH_MAX];
    int n = snprintf(lock, sizeof(lock), "%s.lock", path);
    int fd =
        n < 0 || (size_t)n >= sizeof(lock) ? -1 : open(lock, O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        int err = errno == EROFS || errno == EACCES ? KR_E_STORE_READONLY : KR_E_IO;
        snprintf(errmsg, ERRMSG_LEN, "%s.lock: cannot be made: %s; make the folder writable for this user",
                 path, strerror(errno));
        return err;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        snprintf(errmsg, ERRMSG_LEN, "%s: another keyroomd has it open; stop that one first", path);
        close(fd);
        return KR_E_STORE_BUSY;
    }
    *ret_fd = fd;
    return 0;
}

static int canary_make(struct kr_sqlite *s)
{
    struct kr_secret text = KR_SECRET_NONE;
    struct kr_buf sealed;
    sqlite3_stmt *stmt = NULL;
    int err = 0;
    kr_buf_init(&sealed, 256);
    kr_secret_set(&text, canary_text, sizeof(canary_text));
    kr_seal(&s->seal_key, &s->random, canary_purpose, &text, &sealed);
    if (sqlite3_prepare_v2(s->db, "INSERT INTO seal_canary (id, sealed) VALUES (1, ?1)", -1, &stmt, NULL) !=
        SQLITE_OK) {
        err = kr_sql_fail(s);
    } else {
        kr_sql_blob(stmt, 1, sealed.ptr, sealed.len);
        err = kr_sql_run(s, stmt);
    }
    sqlite3_finalize(stmt);
    kr_buf_done(&sealed);
    kr_secret_done(&text);
    return err;
}

static int canary_open(struct kr_sqlite *s, struct kr_span sealed)
{
    struct kr_secret text = KR_SECRET_NONE;
    struct kr_secret expected = KR_SECRET_NONE;
    kr_secret_set(&expected, canary_text, sizeof(canary_text));
    int err = kr_unseal(&s->seal_key, canary_purpose, sealed, &text);
    if (!err && !kr_secret_equal(&text, &expected))
        err = KR_E_SEALED;
    if (err)
        snprintf(s->base.errmsg, sizeof(s->base.errmsg),
                 "%s: was made with another seal key; use the key file that "
                 "belongs to it",
                 s->path);
    kr_secret_done(&text);
    kr_secret_done(&expected);
    return err;
}

static int canary_check(struct kr_sqlite *s)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(s->db, "SELECT sealed FROM seal_canary WHERE id = 1", -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    int err;
    if (rc == SQLITE_ROW)
        err = canary_open(s, kr_span(sqlite3_column_blob(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0)));
    else if (rc == SQLITE_DONE)
        err = canary_make(s);
    else
        err = kr_sql_fail(s);
    sqlite3_finalize(stmt);
    return err;
}

static struct kr_sqlite *make(const char *path)
{
    struct kr_sqlite *s = kr_calloc(1, sizeof(*s));
    s->base.ops = &ops;
    s->path = kr_strdup(path);
    s->lock_fd = -1;
    return s;
}

int kr_store_sqlite_open(const char *path, const struct kr_secret *seal_key, const struct kr_random *random,
                         char *errmsg, struct kr_store **ret_store)
{
    if (seal_key->len != KR_SEAL_KEY_LEN) {
        snprintf(errmsg, ERRMSG_LEN, "%s: the seal key must have 32 bytes", path);
        return KR_E_SEALED;
    }
    struct kr_sqlite *s = make(path);
    s->random = *random;
    kr_secret_copy(&s->seal_key, seal_key);
    int err = kr_sqlite_lock(path, errmsg, &s->lock_fd);
    if (!err)
        err = kr_db_open(path, KR_DB_READ_WRITE, kr_sqlite_migrations, kr_sqlite_migration_count, errmsg,
                         &s->db);
    if (!err) {
        err = canary_check(s);
        if (!err)
            err = kr_sqlite_grow_tree(s);
        if (err)
            snprintf(errmsg, ERRMSG_LEN, "%s", s->base.errmsg);
    }
    if (err)
        verb_close(&s->base);
    else
        *ret_store = &s->base;
    return err;
}

int kr_store_sqlite_open_readonly(const char *path, char *errmsg, struct kr_store **ret_store)
{
    struct kr_sqlite *s = make(path);
    s->readonly = true;
    int err =
        kr_db_open(path, KR_DB_READ_ONLY, kr_sqlite_migrations, kr_sqlite_migration_count, errmsg, &s->db);
    if (err)
        verb_close(&s->base);
    else
        *ret_store = &s->base;
    return err;
}
