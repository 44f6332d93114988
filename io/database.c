#include "io/database.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

enum { ERRMSG_LEN = 256 };

static int by_errno(int errnum)
{
    switch (errnum) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return KR_E_STORE_FULL;
    case EROFS:
    case EPERM:
        return KR_E_STORE_READONLY;
    default:
        return KR_E_STORE;
    }
}

/* What SQLite calls an I/O error, by what the system called it. sqlite3_system_errno knows nothing of a
 * commit that failed; the file that could not be written does, and in a commit that is the write-ahead log.
 */
static int io_error(sqlite3 *db)
{
    int err = by_errno(sqlite3_system_errno(db)), errnum = 0;
    sqlite3_file *log = NULL;
    if (err == KR_E_STORE && sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &errnum) == SQLITE_OK)
        err = by_errno(errnum);
    if (err == KR_E_STORE &&
        sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK && log &&
        log->pMethods && log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &errnum) == SQLITE_OK)
        err = by_errno(errnum);
    return err;
}

int kr_db_error(sqlite3 *db)
{
    switch (sqlite3_errcode(db) & 0xff) {
    case SQLITE_FULL:
        return KR_E_STORE_FULL;
    case SQLITE_READONLY:
        return KR_E_STORE_READONLY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return KR_E_STORE_DAMAGED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return KR_E_STORE_BUSY;
    case SQLITE_CONSTRAINT:
        return KR_E_CONFLICT;
    case SQLITE_CANTOPEN:
        return KR_E_IO;
    case SQLITE_IOERR:
        return io_error(db);
    default:
        return KR_E_STORE;
    }
}

static const char *advice(int err)
{
    switch (err) {
    case KR_E_STORE_FULL:
        return "make room on the disk";
    case KR_E_STORE_READONLY:
        return "make the file and its folder writable for this user";
    case KR_E_STORE_DAMAGED:
        return "keep a copy and restore a backup (keyroomctl restore)";
    case KR_E_STORE_BUSY:
        return "end the other process that has it open";
    case KR_E_CONFLICT:
        return "this is an error in the program: please report it";
    default:
        return "check disk, path and permissions";
    }
}

/* SQLite needs to make files beside the database; that it could not, it calls "unable to open database file".
 */
static bool folder_is_readonly(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = slash ? snprintf(folder, sizeof(folder), "%.*s", slash == path ? 1 : (int)(slash - path), path)
                  : snprintf(folder, sizeof(folder), ".");
    return n > 0 && (size_t)n < sizeof(folder) && access(folder, W_OK) != 0;
}

int kr_db_explain(sqlite3 *db, const char *path, char *errmsg)
{
    int err = kr_db_error(db);
    if (err == KR_E_IO && folder_is_readonly(path))
        err = KR_E_STORE_READONLY;
    snprintf(errmsg, ERRMSG_LEN, "%s: %s (SQLite: %s); %s", path, kr_strerror(err), sqlite3_errmsg(db),
             advice(err));
    return err;
}

int kr_db_make_private(const char *path, char *errmsg)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (fd < 0) {
        snprintf(errmsg, ERRMSG_LEN, "%s: cannot be made: %s", path, strerror(errno));
        return KR_E_IO;
    }
    close(fd);
    return 0;
}

/* SQLite would make the file with the umask's mode, and gives its -wal and -shm the mode that the file has.
 */
static int prepare_file(const char *path, enum kr_db_mode mode, char *errmsg)
{
    int flags = mode == KR_DB_READ_WRITE ? O_RDWR | O_CREAT : O_RDONLY;
    int fd = open(path, flags | O_CLOEXEC, S_IRUSR | S_IWUSR);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        int err = mode == KR_DB_READ_WRITE && (errno == EACCES || errno == EROFS || errno == EPERM)
                      ? KR_E_STORE_READONLY
                      : (errno == ENOSPC || errno == EDQUOT ? KR_E_STORE_FULL : KR_E_IO);
        snprintf(errmsg, ERRMSG_LEN, "%s: cannot be opened: %s; %s", path, strerror(errno), advice(err));
        if (fd >= 0)
            close(fd);
        return err;
    }
    int err = 0;
    if (!S_ISREG(st.st_mode)) {
        snprintf(errmsg, ERRMSG_LEN, "%s: is not a regular file", path);
        err = KR_E_IO;
    } else if (mode == KR_DB_READ_WRITE && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0 &&
               fchmod(fd, S_IRUSR | S_IWUSR) != 0) {
        snprintf(errmsg, ERRMSG_LEN,
                 "%s: others may access it and it is not ours to change; run chmod 600 on it", path);
        err = KR_E_IO;
    }
    close(fd);
    return err;
}

/* One row, one value: into a number, or into text of cap bytes. */
static int pragma_int(sqlite3 *db, const char *sql, int *ret_v)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW)
            *ret_v = sqlite3_column_int(stmt, 0);
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_ROW ? 0 : KR_E_STORE;
}

static int check_sound(sqlite3 *db, const char *path, char *errmsg)
{
    sqlite3_stmt *stmt = NULL;
    int err = 0;
    if (sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &stmt, NULL) != SQLITE_OK ||
        sqlite3_step(stmt) != SQLITE_ROW) {
        err = kr_db_explain(db, path, errmsg);
    } else if (strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") != 0) {
        err = KR_E_STORE_DAMAGED;
        snprintf(errmsg, ERRMSG_LEN, "%s: %s (%.80s); %s", path, kr_strerror(err),
                 (const char *)sqlite3_column_text(stmt, 0), advice(err));
    }
    sqlite3_finalize(stmt);
    return err;
}

static int migrate_to(sqlite3 *db, const char *path, const struct kr_migration *m, char *errmsg)
{
    char tail[128];
    snprintf(tail, sizeof(tail), "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
             KR_DB_APPLICATION_ID, m->version);
    if (sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_exec(db, m->sql, NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_exec(db, tail, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    int err = kr_db_explain(db, path, errmsg);
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return err;
}

static int identify(sqlite3 *db, const char *path, int newest, char *errmsg, int *ret_version)
{
    int version = 0, application = 0, objects = 0;
    if (pragma_int(db, "PRAGMA user_version", &version) ||
        pragma_int(db, "PRAGMA application_id", &application) ||
        pragma_int(db, "SELECT count(*) FROM sqlite_schema", &objects))
        return kr_db_explain(db, path, errmsg);
    bool fresh = objects == 0 && version == 0 && application == 0;
    if (!fresh && (application != KR_DB_APPLICATION_ID || version < 1)) {
        snprintf(errmsg, ERRMSG_LEN, "%s: is a database, but not one of Keyroom; check the path", path);
        return KR_E_STORE_DAMAGED;
    }
    if (version > newest) {
        snprintf(errmsg, ERRMSG_LEN,
                 "%s: has schema %d, this program knows %d; install the newer Keyroom or restore an "
                 "older backup",
                 path, version, newest);
        return KR_E_STORE_NEWER;
    }
    *ret_version = version;
    return 0;
}

static int set_up(sqlite3 *db, const char *path, enum kr_db_mode mode, const struct kr_migration *migrations,
                  size_t count, char *errmsg)
{
    static const char every[] =
        "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON";
    static const char writer[] =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON";
    int version = 0;
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, KR_DB_BUSY_MS);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (sqlite3_exec(db, every, NULL, NULL, NULL) != SQLITE_OK)
        return kr_db_explain(db, path, errmsg);
    int err = identify(db, path, count ? migrations[count - 1].version : 0, errmsg, &version);
    if (err)
        return err;
    if (mode == KR_DB_READ_ONLY && version == 0) {
        snprintf(errmsg, ERRMSG_LEN, "%s: is empty; check the path", path);
        return KR_E_STORE_DAMAGED;
    }
    if (mode == KR_DB_READ_WRITE && sqlite3_db_readonly(db, "main") == 1) {
        snprintf(errmsg, ERRMSG_LEN, "%s: %s; %s", path, kr_strerror(KR_E_STORE_READONLY),
                 advice(KR_E_STORE_READONLY));
        return KR_E_STORE_READONLY;
    }
    err = check_sound(db, path, errmsg);
    if (err || mode == KR_DB_READ_ONLY)
        return err;
    if (sqlite3_exec(db, writer, NULL, NULL, NULL) != SQLITE_OK)
        return kr_db_explain(db, path, errmsg);
    for (size_t i = 0; i < count && !err; i++) {
        if (migrations[i].version > version)
            err = migrate_to(db, path, &migrations[i], errmsg);
    }
    return err;
}

int kr_db_open(const char *path, enum kr_db_mode mode, const struct kr_migration *migrations, size_t count,
               char *errmsg, sqlite3 **ret_db)
{
    sqlite3 *db = NULL;
    int err = prepare_file(path, mode, errmsg);
    if (err)
        return err;
    int flags = mode == KR_DB_READ_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK)
        err = kr_db_explain(db, path, errmsg);
    else
        err = set_up(db, path, mode, migrations, count, errmsg);
    if (err)
        sqlite3_close(db);
    else
        *ret_db = db;
    return err;
}
