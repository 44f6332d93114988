/* Opening SQLite the way everything here wants it, and numbered, forward-only migrations. */
#ifndef KR_IO_DATABASE_H
#define KR_IO_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    KR_DB_APPLICATION_ID = 0x4b524d31, /* "KRM1", PRAGMA application_id: file(1) and we know ours by it */
    KR_DB_BUSY_MS = 5000               /* how long another process may have it locked */
};

struct kr_migration {
    int version;     /* 1, 2, ...: PRAGMA user_version after it */
    const char *sql; /* run in one transaction with the version */
};

enum kr_db_mode { KR_DB_READ_WRITE, KR_DB_READ_ONLY };

/* WAL, synchronous=FULL, busy timeout 5 s, foreign keys, trusted_schema off, mode 0600, application id
 * checked, quick integrity check, then migrations (read-only: none, but a newer version is refused all the
 * same). Read-write makes a file that is missing. Errors as in store/store.h, KR_E_IO for a file that cannot
 * be opened; errmsg has 256 bytes and says file, reason and what to do. The handle is the caller's. */
int kr_db_open(const char *path, enum kr_db_mode mode, const struct kr_migration *migrations, size_t count,
               char *errmsg, sqlite3 **ret_db);

/* The KR_E_ value for the handle's last failure. */
int kr_db_error(sqlite3 *db);

/* Same, with a sentence for the operator in errmsg (256 bytes): file, reason, what to do. */
int kr_db_explain(sqlite3 *db, const char *path, char *errmsg);

/* Makes an empty file of mode 0600; KR_E_IO if it exists already or cannot be made. */
int kr_db_make_private(const char *path, char *errmsg);

#endif
