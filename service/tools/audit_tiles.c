/* The whole log out of its tiles: each entry, each hash of each tile, the root that was signed. From a folder
 * with a copy of them, or from where they are served. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "base/alloc.h"
#include "base/err.h"
#include "io/fetch.h"
#include "log/checkpoint.h"
#include "log/tile.h"
#include "log/tree.h"
#include "text/log_entry.h"

enum {
    WHERE_MAX = 4096,
    WHY_MAX = 256,
    TIMEOUT_MS = 30000,
    LEVELS = KR_LOG_LEVELS / KR_TILE_HEIGHT,
    BUNDLE_MAX = KR_TILE_WIDTH * (KR_TILE_ENTRY_MAX + 2)
};

struct level { /* hashes of a level of tiles that were made of the entries, and are not yet compared */
    struct kr_digest hashes[KR_TILE_WIDTH];
    unsigned count;
    uint64_t tile;
};

struct reader {
    const char *where;
    struct kr_findings findings;
    uint64_t size; /* of the checkpoint */
    struct kr_log_tree tree;
    struct level *levels;
    bool unreadable; /* a file could not be had: what follows would only repeat it */
};

static bool is_http(const char *where)
{
    return strncmp(where, "http://", 7) == 0 || strncmp(where, "https://", 8) == 0;
}

static int read_file(const char *path, struct kr_buf *b, char *why)
{
    uint8_t chunk[16384];
    size_t n;
    FILE *f = fopen(path, "rb");
    if (!f) {
        (void)snprintf(why, WHY_MAX, "%.180s: %s", path, strerror(errno));
        return errno == ENOENT ? KR_E_NOT_FOUND : KR_E_IO;
    }
    while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
        kr_buf_add(b, chunk, n);
    int err = ferror(f) ? KR_E_IO : b->err;
    if (err)
        (void)snprintf(why, WHY_MAX, "%.180s: %s", path, ferror(f) ? "cannot be read" : "is too long");
    (void)fclose(f);
    return err;
}

static int get(const struct reader *r, const char *name, struct kr_buf *b, char *why)
{
    char path[WHERE_MAX + KR_TILE_PATH_MAX + 2];
    size_t len = strlen(r->where);
    while (len > 1 && r->where[len - 1] == '/')
        len--;
    if (len > WHERE_MAX) {
        (void)snprintf(why, WHY_MAX, "--tiles: is too long");
        return KR_E_IO;
    }
    (void)snprintf(path, sizeof(path), "%.*s/%s", (int)len, r->where, name);
    return is_http(r->where) ? kr_fetch_get(path, TIMEOUT_MS, b, why) : read_file(path, b, why);
}

/* A tile as it is in a tree of that size; where the log has grown since, its whole one will do. The path that
 * was read is left in *path. */
static bool get_tile(struct reader *r, struct kr_tile tile, struct kr_buf *b, unsigned *ret_width, char *path)
{
    char why[WHY_MAX] = "";
    *ret_width = tile.width;
    kr_tile_path(&tile, path);
    int err = get(r, path, b, why);
    if (err == KR_E_NOT_FOUND && tile.width < KR_TILE_WIDTH) {
        char whole[KR_TILE_PATH_MAX];
        tile.width = KR_TILE_WIDTH;
        kr_tile_path(&tile, whole);
        kr_buf_clear(b);
        if (get(r, whole, b, (char[WHY_MAX]){0}) == 0) {
            memcpy(path, whole, sizeof(whole));
            *ret_width = KR_TILE_WIDTH;
            return true;
        }
    }
    if (err)
        kr_audit_find(&r->findings, "%s: cannot be read (%s)", path, why);
    r->unreadable |= err != 0;
    return err == 0;
}

/* The hashes that a level's tile ought to have, against those it has. */
static void compare(struct reader *r, unsigned level)
{
    struct level *l = &r->levels[level];
    struct kr_tile tile = {.level = level, .index = l->tile, .width = l->count};
    struct kr_digest hashes[KR_TILE_WIDTH];
    char path[KR_TILE_PATH_MAX];
    unsigned width;
    struct kr_buf b;
    kr_buf_init(&b, (size_t)2 * KR_TILE_WIDTH * KR_LOG_HASH_LEN);
    if (!r->unreadable && get_tile(r, tile, &b, &width, path)) {
        enum kr_log_verdict v = kr_tile_read(kr_buf_span(&b), width, hashes);
        if (v != KR_LOG_OK)
            kr_audit_find(&r->findings, "%s: %s: %s", path, kr_log_verdict_name(v), kr_log_verdict_text(v));
        for (unsigned i = 0; v == KR_LOG_OK && i < l->count; i++) {
            if (kr_digest_equal(&hashes[i], &l->hashes[i]))
                continue;
            if (level == 0)
                kr_audit_find(&r->findings,
                              "entry %" PRIu64
                              ": is not the one whose hash the tree was made of: it was changed, or "
                              "put in another's place",
                              l->tile * KR_TILE_WIDTH + i);
            else
                kr_audit_find(&r->findings, "%s: hash %u is not that of the tiles below it", path, i);
        }
    }
    kr_buf_done(&b);
    l->tile++;
    l->count = 0;
}

static void keep_node(void *state, struct kr_log_node node, const struct kr_digest *hash)
{
    struct reader *r = state;
    unsigned level = node.level / KR_TILE_HEIGHT;
    if (node.level % KR_TILE_HEIGHT != 0)
        return;
    r->levels[level].hashes[r->levels[level].count++] = *hash;
    if (r->levels[level].count == KR_TILE_WIDTH)
        compare(r, level);
}

static void one_bundle(struct reader *r, uint64_t index)
{
    struct kr_tile tile = {.entries = true, .index = index, .width = kr_tile_width(r->size, 0, index)};
    struct kr_log_sink sink = {keep_node, r};
    struct kr_span entries[KR_TILE_WIDTH];
    char path[KR_TILE_PATH_MAX];
    unsigned width;
    struct kr_buf b;
    kr_buf_init(&b, BUNDLE_MAX);
    if (get_tile(r, tile, &b, &width, path)) {
        enum kr_log_verdict v = kr_tile_read_entries(kr_buf_span(&b), width, entries);
        if (v != KR_LOG_OK)
            kr_audit_find(&r->findings, "%s: %s: %s", path, kr_log_verdict_name(v), kr_log_verdict_text(v));
        r->unreadable |= v != KR_LOG_OK;
        for (unsigned i = 0; v == KR_LOG_OK && i < tile.width; i++) {
            struct kr_log_entry e;
            struct kr_digest leaf = kr_leaf_hash(entries[i]);
            if (kr_log_entry_read(entries[i], &e))
                kr_audit_find(&r->findings, "entry %" PRIu64 ": is not of the form of an entry",
                              r->tree.size);
            kr_log_tree_append(&r->tree, &leaf, &sink);
        }
    }
    kr_buf_done(&b);
}

static bool open_checkpoint(struct reader *r, const struct kr_checkpoint_trust *trust,
                            struct kr_checkpoint *ret_c)
{
    char why[WHY_MAX] = "";
    struct kr_buf note;
    kr_buf_init(&note, KR_NOTE_MAX);
    if (get(r, "checkpoint", &note, why)) {
        kr_audit_find(&r->findings, "checkpoint: cannot be read (%s)", why);
    } else {
        enum kr_log_verdict v = kr_checkpoint_open(kr_buf_span(&note), trust, ret_c);
        if (v != KR_LOG_OK)
            kr_audit_find(&r->findings, "checkpoint: %s: %s", kr_log_verdict_name(v), kr_log_verdict_text(v));
    }
    kr_buf_done(&note);
    return r->findings.count == 0;
}

int kr_audit_verify_tiles(const struct kr_audit *a, const struct kr_note_key *key)
{
    const struct kr_checkpoint_trust trust = {
        .log = key, .witnesses = a->witnesses, .witness_count = a->witness_count, .quorum = a->witness_count};
    struct reader r = {.where = a->tiles};
    struct kr_checkpoint c = {.size = 0};
    if (!open_checkpoint(&r, &trust, &c))
        return kr_audit_failed(&r.findings);
    r.size = c.size;
    r.levels = kr_calloc(LEVELS, sizeof(*r.levels));
    for (uint64_t i = 0; i * KR_TILE_WIDTH < r.size && !r.unreadable; i++)
        one_bundle(&r, i);
    for (unsigned level = 0; level < LEVELS && !r.unreadable; level++)
        if (r.levels[level].count)
            compare(&r, level);
    free(r.levels);
    struct kr_digest root = kr_log_tree_root(&r.tree);
    if (!r.unreadable && !kr_digest_equal(&root, &c.root))
        kr_audit_find(&r.findings, "checkpoint: its root is not that of the entries");
    if (r.findings.count)
        return kr_audit_failed(&r.findings);
    char text[KR_KEY_TEXT];
    kr_digest_write(text, &root);
    (void)printf("audit: ok: %" PRIu64 " entries of %s, root %s\n", c.size, key->name, text);
    if (a->witness_count)
        (void)printf("cosigned by each of the %zu witnesses that were asked for\n", a->witness_count);
    return 0;
}
