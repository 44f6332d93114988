#include "audit_signed.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "base/alloc.h"

enum {
    OPENERS_MAX = 16,
    CHUNK = 256 /* rows that one opener takes at a time: some 15 ms of work */
};

/* Steps over what the others open: rows of the index, which cost next to nothing. */
struct opener {
    struct kr_signed_rows *of;
    sqlite3 *db;
    sqlite3_stmt *s;
    size_t at; /* rows stepped over or opened */
};

struct kr_signed_rows {
    const char *path;
    const struct kr_note_key *key;
    struct kr_signed *rows;
    size_t count, chunks, next;
    struct opener openers[OPENERS_MAX]; /* the caller's is the first */
    pthread_t threads[OPENERS_MAX];
    size_t threads_running;

    pthread_mutex_t lock; /* over what follows, and over the rows of a chunk until it is done */
    pthread_cond_t more_done;
    size_t taken; /* chunks that are begun */
    bool *done;   /* chunks */
    bool failed, ends;
};

static struct kr_span blob(sqlite3_stmt *s, int column)
{
    return kr_span(sqlite3_column_blob(s, column), (size_t)sqlite3_column_bytes(s, column));
}

static bool count_rows(struct kr_signed_rows *r)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    bool ok = false;
    if (sqlite3_open_v2(r->path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT count(*) FROM log_checkpoint WHERE origin = ?1", -1, &s, NULL) ==
            SQLITE_OK) {
        sqlite3_bind_text(s, 1, r->key->name, -1, SQLITE_STATIC);
        ok = sqlite3_step(s) == SQLITE_ROW;
        if (ok)
            r->count = (size_t)sqlite3_column_int64(s, 0);
    }
    sqlite3_finalize(s);
    sqlite3_close(db);
    return ok;
}

static bool opener_prepare(struct opener *o)
{
    const struct kr_signed_rows *r = o->of;
    if (o->s)
        return true;
    if (sqlite3_open_v2(r->path, &o->db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(o->db,
                           "SELECT size, root, note FROM log_checkpoint WHERE origin = ?1 ORDER BY size, n",
                           -1, &o->s, NULL) != SQLITE_OK)
        return false;
    sqlite3_bind_text(o->s, 1, r->key->name, -1, SQLITE_STATIC);
    return true;
}

static void opener_close(struct opener *o)
{
    sqlite3_finalize(o->s);
    sqlite3_close(o->db);
}

static void open_row(const struct kr_note_key *key, sqlite3_stmt *s, struct kr_signed *ret)
{
    const struct kr_checkpoint_trust trust = {.log = key};
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

static bool open_chunk(struct opener *o, size_t chunk)
{
    struct kr_signed_rows *r = o->of;
    size_t from = chunk * CHUNK, to = from + CHUNK < r->count ? from + CHUNK : r->count;
    if (!opener_prepare(o))
        return false;
    for (; o->at < to; o->at++) {
        if (sqlite3_step(o->s) != SQLITE_ROW)
            return false;
        if (o->at >= from)
            open_row(r->key, o->s, &r->rows[o->at]);
    }
    return true;
}

/* Takes the next chunk that nobody has begun, and opens it. With the lock held, which it gives back
 * meanwhile. False: there is none. */
static bool work(struct opener *o)
{
    struct kr_signed_rows *r = o->of;
    if (r->failed || r->ends || r->taken == r->chunks)
        return false;
    size_t chunk = r->taken++;
    (void)pthread_mutex_unlock(&r->lock);
    bool ok = open_chunk(o, chunk);
    (void)pthread_mutex_lock(&r->lock);
    r->done[chunk] = true;
    r->failed = r->failed || !ok;
    (void)pthread_cond_broadcast(&r->more_done);
    return true;
}

static void *work_on(void *arg)
{
    struct opener *o = arg;
    (void)pthread_mutex_lock(&o->of->lock);
    while (work(o))
        continue;
    (void)pthread_mutex_unlock(&o->of->lock);
    return NULL;
}

/* As many as there are processors beside the caller's; none for what is done at once. A thread that cannot be
 * had is not missed. */
static void start_threads(struct kr_signed_rows *r)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    size_t n = cpus > 1 ? (size_t)cpus : 1;
    n = n > OPENERS_MAX ? OPENERS_MAX : n;
    n = n > r->chunks ? r->chunks : n;
    for (size_t i = 1; i < n; i++) {
        struct opener *o = &r->openers[r->threads_running + 1];
        if (pthread_create(&r->threads[r->threads_running], NULL, work_on, o) == 0)
            r->threads_running++;
    }
}

struct kr_signed_rows *kr_signed_begin(const char *db, const struct kr_note_key *key)
{
    struct kr_signed_rows *r = kr_calloc(1, sizeof(*r));
    r->path = db;
    r->key = key;
    (void)pthread_mutex_init(&r->lock, NULL);
    (void)pthread_cond_init(&r->more_done, NULL);
    for (size_t i = 0; i < OPENERS_MAX; i++)
        r->openers[i].of = r;
    r->failed = !count_rows(r);
    if (r->failed) {
        (void)kr_signed_end(r);
        return NULL;
    }
    r->chunks = (r->count + CHUNK - 1) / CHUNK;
    r->rows = kr_calloc(r->count, sizeof(*r->rows));
    r->done = kr_calloc(r->chunks, sizeof(*r->done));
    start_threads(r);
    return r;
}

const struct kr_signed *kr_signed_next(struct kr_signed_rows *r)
{
    if (r->next == r->count)
        return NULL;
    (void)pthread_mutex_lock(&r->lock);
    while (!r->failed && !r->done[r->next / CHUNK]) {
        if (!work(&r->openers[0]))
            (void)pthread_cond_wait(&r->more_done, &r->lock);
    }
    bool ok = !r->failed;
    (void)pthread_mutex_unlock(&r->lock);
    return ok ? &r->rows[r->next++] : NULL;
}

int kr_signed_end(struct kr_signed_rows *r)
{
    if (!r)
        return 1;
    (void)pthread_mutex_lock(&r->lock);
    r->ends = true;
    (void)pthread_mutex_unlock(&r->lock);
    for (size_t i = 0; i < r->threads_running; i++)
        (void)pthread_join(r->threads[i], NULL);
    bool failed = r->failed;
    if (failed)
        (void)kr_audit_complain("%s: its checkpoints cannot be read", r->path);
    for (size_t i = 0; i < OPENERS_MAX; i++)
        opener_close(&r->openers[i]);
    (void)pthread_cond_destroy(&r->more_done);
    (void)pthread_mutex_destroy(&r->lock);
    free(r->rows);
    free(r->done);
    free(r);
    return failed;
}
