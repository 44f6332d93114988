/* Changes every byte of a log or of a bundle, one after the other, and shows that each change is found: by
 * what stands behind `keyroomctl audit`, in this process, since there are hundreds of thousands of them.
 *
 *   kr-every-byte log DB VKEY      each byte of each entry, twice: with the hashes of the tree as they were,
 * and with all of them made anew, so that only the signed checkpoints can tell; then each byte of each node's
 * hash, and of the rows of some checkpoints kr-every-byte bundle FILE VKEY [all] a bit of each byte of a
 * bundle (all: each bit), each byte left out, each line doubled but those of signatures, of which C2SP has
 * the second ignored */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tools/audit.h"
#include "tools/audit_signed.h"

enum { CHECKPOINTS_BENT = 20, BUNDLE_MAX = 1 << 20 };

struct bytes {
    uint8_t *ptr;
    size_t len;
};

struct entry {
    struct bytes text;
    struct kr_digest kept[KR_LOG_LEVELS]; /* of the nodes that it completes */
};

struct log {
    struct entry *entries;
    size_t count, cap;
    struct kr_checkpoint *signed_at; /* [size]: size 0 where none was signed */
    struct kr_note_key key;
};

static void fail(const char *what, uint64_t where, size_t at)
{
    (void)printf("FAILED: %s %" PRIu64 ", byte %zu\n", what, where, at);
    exit(1);
}

static sqlite3_stmt *query(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK) {
        (void)printf("FAILED: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
    return s;
}

static struct kr_span column(sqlite3_stmt *s, int n)
{
    return kr_span(sqlite3_column_blob(s, n), (size_t)sqlite3_column_bytes(s, n));
}

static void load(struct log *log, sqlite3 *db)
{
    sqlite3_stmt *s = query(db, "SELECT entry FROM log_leaf ORDER BY idx");
    while (sqlite3_step(s) == SQLITE_ROW) {
        struct kr_span text = column(s, 0);
        kr_grow((void **)&log->entries, &log->cap, log->count, sizeof(*log->entries));
        struct entry *e = &log->entries[log->count++];
        *e = (struct entry){.text = {kr_malloc(text.len + 1), text.len}};
        memcpy(e->text.ptr, text.ptr, text.len);
    }
    sqlite3_finalize(s);
    s = query(db, "SELECT level, idx, hash FROM log_node");
    while (sqlite3_step(s) == SQLITE_ROW) {
        int level = sqlite3_column_int(s, 0);
        uint64_t by =
            (((uint64_t)sqlite3_column_int64(s, 1) + 1) << level) - 1; /* the entry that completes it */
        if (by < log->count)
            memcpy(log->entries[by].kept[level].b, column(s, 2).ptr, sizeof(struct kr_digest));
    }
    sqlite3_finalize(s);
}

/* --- walking --- */

static void count_finding(void *state, const char *text)
{
    if (state && !*(const char **)state)
        *(const char **)state = strdup(text);
}

static void enter(struct kr_walk *w, const struct entry *e, struct kr_span text)
{
    struct kr_walk_nodes nodes;
    uint64_t idx = w->tree.size;
    for (unsigned i = 0; i < kr_walk_completes(idx); i++)
        nodes.hashes[i] = kr_span(e->kept[i].b, sizeof(e->kept[i].b));
    kr_walk_entry(w, idx, text, &nodes);
}

static struct kr_span text_of(const struct entry *e)
{
    return kr_span(e->text.ptr, e->text.len);
}

/* As somebody would who rewrites the entry and then every hash above it: the next checkpoint tells. */
static bool found_by_a_checkpoint(const struct log *log, struct kr_walk *w, size_t idx, struct kr_span text)
{
    struct kr_digest leaf = kr_leaf_hash(text);
    kr_log_tree_append(&w->tree, &leaf, NULL);
    for (size_t i = idx + 1; i < log->count && !log->signed_at[i].size; i++)
        kr_log_tree_append(&w->tree, &log->entries[i].kept[0], NULL);
    const struct kr_checkpoint *c = &log->signed_at[w->tree.size];
    if (c->size)
        kr_walk_checkpoint(w, c);
    return w->bad_root;
}

static void every_entry(const struct log *log, struct kr_walk w)
{
    uint64_t count = 0;
    for (size_t i = 0; i < log->count; i++) {
        struct entry *e = &log->entries[i];
        char named[32];
        (void)snprintf(named, sizeof(named), "entry %zu:", i);
        for (size_t at = 0; at < e->text.len; at++, count++) {
            uint8_t bit = (uint8_t)(1U << (at + i) % 8);
            e->text.ptr[at] ^= bit;
            struct kr_walk bent = w;
            char *first = NULL;
            bent.state = &first;
            enter(&bent, e, text_of(e));
            if (!bent.findings || strncmp(first, named, strlen(named)) != 0)
                fail("not named: entry", i, at);
            free(first);
            bent = w;
            bent.state = NULL;
            if (!found_by_a_checkpoint(log, &bent, i, text_of(e)))
                fail("not found by a checkpoint: entry", i, at);
            e->text.ptr[at] ^= bit;
        }
        enter(&w, e, text_of(e));
        if (log->signed_at[i + 1].size)
            kr_walk_checkpoint(&w, &log->signed_at[i + 1]);
    }
    if (w.findings)
        fail("a log that nobody changed has findings:", w.findings, 0);
    (void)printf("entries: %zu, bytes: %" PRIu64 ", each changed: all named, all found by a checkpoint too\n",
                 log->count, count);
}

static void every_node(const struct log *log, struct kr_walk w)
{
    uint64_t count = 0;
    for (size_t i = 0; i < log->count; i++) {
        struct entry *e = &log->entries[i];
        for (unsigned level = 0; level < kr_walk_completes(i); level++) {
            for (size_t at = 0; at < sizeof(e->kept[level].b); at++, count++) {
                struct kr_walk bent = w;
                e->kept[level].b[at] ^= (uint8_t)(1U << at % 8);
                enter(&bent, e, text_of(e));
                if (bent.findings != 1)
                    fail("not found: a node of the tree, completed by entry", i, at);
                e->kept[level].b[at] ^= (uint8_t)(1U << at % 8);
            }
        }
        enter(&w, e, text_of(e));
    }
    (void)printf("nodes of the tree: bytes: %" PRIu64 ", each changed: all found\n", count);
}

static bool holds(struct kr_walk *w, uint64_t size, struct kr_span root, struct kr_span note)
{
    const struct kr_checkpoint_trust trust = {.log = w->key};
    struct kr_checkpoint c = {.size = 0};
    enum kr_log_verdict v = kr_checkpoint_open(note, &trust, &c);
    return kr_walk_opened(w, size, v, c.size == size && memcmp(root.ptr, c.root.b, sizeof(c.root.b)) == 0);
}

static void bend_checkpoint(struct kr_walk *w, uint64_t size, struct kr_span root, struct kr_span note,
                            uint64_t *count)
{
    uint8_t *bent = kr_malloc(note.len), bent_root[32];
    memcpy(bent, note.ptr, note.len);
    memcpy(bent_root, root.ptr, sizeof(bent_root));
    for (size_t at = 0; at < note.len; at++, ++*count) {
        bent[at] ^= (uint8_t)(1U << at % 8);
        if (holds(w, size, root, kr_span(bent, note.len)))
            fail("not found: checkpoint of size", size, at);
        bent[at] ^= (uint8_t)(1U << at % 8);
        if (holds(w, size, root, kr_span(bent, at)))
            fail("not found: cut checkpoint of size", size, at);
    }
    for (size_t at = 0; at < sizeof(bent_root); at++, ++*count) {
        bent_root[at] ^= (uint8_t)(1U << at % 8);
        if (holds(w, size, kr_span(bent_root, sizeof(bent_root)), note))
            fail("not found: root of the checkpoint of size", size, at);
        bent_root[at] ^= (uint8_t)(1U << at % 8);
    }
    free(bent);
}

static void every_checkpoint(struct log *log, struct kr_walk *w, const char *path, sqlite3 *db)
{
    uint64_t count = 0;
    size_t rows = 0;
    struct kr_signed_rows *all = kr_signed_begin(path, &log->key);
    for (const struct kr_signed *c; all && (c = kr_signed_next(all)) != NULL; rows++) {
        if (!kr_walk_opened(w, c->row_size, c->verdict, c->row_fits) || c->size > log->count)
            fail("not read: checkpoint of size", c->row_size, 0);
        log->signed_at[c->size] = (struct kr_checkpoint){.size = c->size, .root = c->root};
    }
    if (kr_signed_end(all))
        exit(2);
    sqlite3_stmt *s =
        query(db, "SELECT size, root, note FROM log_checkpoint WHERE origin = ?1 AND n % 7 = 1 LIMIT ?2");
    sqlite3_bind_text(s, 1, log->key.name, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 2, CHECKPOINTS_BENT);
    while (sqlite3_step(s) == SQLITE_ROW)
        bend_checkpoint(w, (uint64_t)sqlite3_column_int64(s, 0), column(s, 1), column(s, 2), &count);
    sqlite3_finalize(s);
    (void)printf("checkpoints: %zu, bytes of %d of them: %" PRIu64
                 ", each changed, each cut there: all found\n",
                 rows, CHECKPOINTS_BENT, count);
}

static int every_byte_of_a_log(const char *path, const char *vkey)
{
    struct log log = {.count = 0};
    sqlite3 *db = NULL;
    struct kr_walk w = {.key = &log.key, .find = count_finding};
    if (kr_note_key_read(kr_span_str(vkey), &log.key) != KR_LOG_OK ||
        sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        return 2;
    load(&log, db);
    log.signed_at = kr_calloc(log.count + 1, sizeof(*log.signed_at));
    every_checkpoint(&log, &w, path, db);
    w = (struct kr_walk){.key = &log.key, .find = count_finding};
    every_entry(&log, w);
    every_node(&log, w);
    for (size_t i = 0; i < log.count; i++)
        free(log.entries[i].text.ptr);
    free(log.entries);
    free(log.signed_at);
    sqlite3_close(db);
    return 0;
}

/* --- a bundle --- */

static int check(const char *path, const char *vkey, const uint8_t *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
        exit(2);
    char *argv[] = {(char *)"audit", (char *)"check", (char *)path, (char *)"--vkey", (char *)vkey, NULL};
    return kr_audit_main(5, argv);
}

static size_t bend_bundle(const char *path, const char *vkey, uint8_t *bytes, size_t len, bool all, FILE *out)
{
    size_t count = 0;
    uint8_t *other = kr_malloc(2 * len);
    for (size_t at = 0; at < len; at++) {
        for (unsigned bit = all ? 0 : at % 8; bit < 8; bit += all ? 1 : 8, count++) {
            bytes[at] ^= (uint8_t)(1U << bit);
            if (check(path, vkey, bytes, len) != 1)
                (void)fprintf(out, "FAILED: byte %zu, bit %u changed, and it checks\n", at, bit), exit(1);
            bytes[at] ^= (uint8_t)(1U << bit);
        }
        memcpy(other, bytes, at);
        memcpy(other + at, bytes + at + 1, len - at - 1);
        if (check(path, vkey, other, len - 1) != 1)
            (void)fprintf(out, "FAILED: byte %zu left out, and it checks\n", at), exit(1);
        count++;
    }
    for (size_t begin = 0, end; begin < len; begin = end, count++) {
        const uint8_t *stop = memchr(bytes + begin, '\n', len - begin);
        end = stop ? (size_t)(stop - bytes) + 1 : len;
        if (bytes[begin] == 0xe2) /* the dash that a signature begins with */
            continue;
        memcpy(other, bytes, end);
        memcpy(other + end, bytes + begin, len - begin); /* the line, and what follows it */
        if (check(path, vkey, other, len + end - begin) != 1)
            (void)fprintf(out, "FAILED: the line at byte %zu doubled, and it checks\n", begin), exit(1);
    }
    free(other);
    return count;
}

static int every_byte_of_a_bundle(const char *path, const char *vkey, bool all)
{
    char copy[4096];
    uint8_t *bytes = kr_malloc(BUNDLE_MAX);
    FILE *f = fopen(path, "rb"), *out = fdopen(dup(STDOUT_FILENO), "w");
    size_t len = f ? fread(bytes, 1, BUNDLE_MAX, f) : 0;
    if (f)
        (void)fclose(f);
    (void)snprintf(copy, sizeof(copy), "%s.bent", path);
    /* What it says of each is not for anybody to read. */
    if (!out || !len || !freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
        return 2;
    int bad = check(copy, vkey, bytes, len);
    if (bad)
        (void)fprintf(out, "FAILED: the bundle as it is does not check\n");
    else
        (void)fprintf(out, "bundle: bytes: %zu, changes: %zu, all refused\n", len,
                      bend_bundle(copy, vkey, bytes, len, all, out));
    (void)unlink(copy);
    (void)fclose(out);
    free(bytes);
    return bad;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "log") == 0)
        return every_byte_of_a_log(argv[2], argv[3]);
    if (argc >= 4 && argc <= 5 && strcmp(argv[1], "bundle") == 0)
        return every_byte_of_a_bundle(argv[2], argv[3], argc == 5);
    (void)fputs("usage: kr-every-byte log DB VKEY | bundle FILE VKEY [all]\n", stderr);
    return 2;
}
