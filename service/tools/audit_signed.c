#include "audit_signed.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "base/alloc.h"

enum {
    THREADS_MAX = 16,
    WORTH_A_THREAD = 256 /* checkpoints */
};

struct share { /* of one thread: rows[0 .. count), from `offset` on of the table */
    const char *db;
    const struct kr_note_key *key;
    struct kr_signed *rows;
    size_t offset, count;
    bool failed;
};

static struct kr_span blob(sqlite3_stmt *s, int column)
{
    return kr_span(sqlite3_column_blob(s, column), (size_t)sqlite3_column_bytes(s, column));
}

static void open_one(const struct share *share, sqlite3_stmt *s, struct kr_signed *ret)
{
    const struct kr_checkpoint_trust trust = {.log = share->key};
    struct kr_checkpoint c = {.size = 0};
    struct kr_span root = blob(s, 1);
    *ret = (struct kr_signed){.row_size = (uint64_t)sqlite3_column_int64(s, 0),
                              .verdict = kr_checkpoint_open(blob(s, 2), &trust, &c)};
    if (ret->verdict != KR_LOG_OK)
        return;
    ret->size = c.size;
    ret->root = c.root;
    ret->row_fits =
        c.size == ret->row_size && root.len == sizeof(c.root.b) && memcmp(root.ptr, c.root.b, root.len) == 0;
}

static void *open_share(void *arg)
{
    struct share *share = arg;
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    size_t n = 0;
    if (sqlite3_open_v2(share->db, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db,
                           "SELECT size, root, note FROM log_checkpoint WHERE origin = ?1 ORDER BY size, n "
                           "LIMIT ?2 OFFSET ?3",
                           -1, &s, NULL) == SQLITE_OK) {
        sqlite3_bind_text(s, 1, share->key->name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, (sqlite3_int64)share->count);
        sqlite3_bind_int64(s, 3, (sqlite3_int64)share->offset);
        while (n < share->count && sqlite3_step(s) == SQLITE_ROW)
            open_one(share, s, &share->rows[n++]);
    }
    sqlite3_finalize(s);
    sqlite3_close(db);
    share->failed = n < share->count;
    return NULL;
}

static size_t count_rows(const char *path, const struct kr_note_key *key, int *ret_err)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    size_t count = 0;
    *ret_err = 1;
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT count(*) FROM log_checkpoint WHERE origin = ?1", -1, &s, NULL) ==
            SQLITE_OK) {
        sqlite3_bind_text(s, 1, key->name, -1, SQLITE_STATIC);
        *ret_err = sqlite3_step(s) != SQLITE_ROW;
        if (!*ret_err)
            count = (size_t)sqlite3_column_int64(s, 0);
    }
    sqlite3_finalize(s);
    sqlite3_close(db);
    return count;
}

static size_t thread_count(size_t rows)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    size_t n = rows / WORTH_A_THREAD;
    n = cpus > 0 && n > (size_t)cpus ? (size_t)cpus : n;
    return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : n;
}

/* A share whose thread cannot be had is done here. */
static void open_shares(struct share *shares, size_t n)
{
    pthread_t threads[THREADS_MAX];
    bool runs[THREADS_MAX] = {false};
    for (size_t i = 1; i < n; i++)
        runs[i] = pthread_create(&threads[i], NULL, open_share, &shares[i]) == 0;
    for (size_t i = 0; i < n; i++) {
        if (!runs[i])
            open_share(&shares[i]);
    }
    for (size_t i = 1; i < n; i++) {
        if (runs[i])
            (void)pthread_join(threads[i], NULL);
    }
}

struct kr_signed *kr_audit_signed(const char *db, const struct kr_note_key *key, size_t *ret_count,
                                  int *ret_err)
{
    size_t count = count_rows(db, key, ret_err), n = thread_count(count), at = 0;
    struct share shares[THREADS_MAX];
    struct kr_signed *rows = kr_calloc(count, sizeof(*rows));
    for (size_t i = 0; i < n; i++) {
        size_t end = count * (i + 1) / n;
        shares[i] = (struct share){.db = db, .key = key, .rows = rows + at, .offset = at, .count = end - at};
        at = end;
    }
    if (!*ret_err)
        open_shares(shares, n);
    for (size_t i = 0; i < n && !*ret_err; i++)
        *ret_err = shares[i].failed;
    if (*ret_err)
        (void)kr_audit_complain("%s: its checkpoints cannot be read", db);
    *ret_count = *ret_err ? 0 : count;
    if (*ret_count)
        return rows;
    free(rows);
    return NULL;
}
