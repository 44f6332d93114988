/* The store in one SQLite file: WAL, synchronous=FULL, foreign keys, mode 0600; openings sealed under
 * `seal_key`. */
#ifndef KR_STORE_SQLITE_H
#define KR_STORE_SQLITE_H

#include "base/secret.h"
#include "store/store.h"

/* Opens or makes the file and migrates it. seal_key: 32 bytes, borrowed only during the call (a copy is kept
 * in the store, wiped at close). On failure *ret_store stays untouched and `errmsg` (256 bytes) says what,
 * where and what to do: KR_E_STORE_NEWER, _READONLY, _DAMAGED, _BUSY (another keyroomd has it), _FULL,
 * KR_E_SEALED (wrong key), KR_E_IO. */
int kr_store_sqlite_open(const char *path, const struct kr_secret *seal_key, const struct kr_random *random,
                         char *errmsg, struct kr_store **ret_store);

/* For tools: read-only, no migration, no seal key; load() then yields no openings. */
int kr_store_sqlite_open_readonly(const char *path, char *errmsg, struct kr_store **ret_store);

/* Makes `path` from the backup `from`, with all one-time keys, attaches and live instances dropped so that no
 * number is ever used twice (docs/operations.md). KR_E_STORE_BUSY while a daemon holds path. */
int kr_store_sqlite_restore(const char *from, const char *path, char *errmsg);

#endif
