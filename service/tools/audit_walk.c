#include "audit_walk.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text/log_entry.h"

enum { FINDING_MAX = 512 };

static void find(struct kr_walk *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void find(struct kr_walk *w, const char *fmt, ...)
{
    char text[FINDING_MAX];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    w->findings++;
    w->find(w->state, text);
}

unsigned kr_walk_completes(uint64_t idx)
{
    unsigned n = 1;
    for (; idx & 1; idx >>= 1)
        n++;
    return n;
}

static bool is_hash(struct kr_span kept, const struct kr_digest *hash)
{
    return kept.len == sizeof(hash->b) && memcmp(kept.ptr, hash->b, sizeof(hash->b)) == 0;
}

/* Not the entry that was put here: is it one from another place? */
static void find_entry(struct kr_walk *w, uint64_t idx, const struct kr_digest *leaf, bool has_kept)
{
    uint64_t at = 0;
    if (!has_kept)
        find(w, "entry %" PRIu64 ": the tree keeps no hash of it: it was put in", idx);
    else if (w->where && w->where(w->state, leaf, &at) && at != idx)
        find(w,
             "entry %" PRIu64 ": is the one that was signed as entry %" PRIu64
             ": entries were doubled, dropped, put in, or changed places",
             idx, at);
    else
        find(w,
             "entry %" PRIu64 ": is not the one whose hash the tree was made of: it was changed, or another "
             "was put in its place",
             idx);
}

struct completed {
    struct kr_digest hashes[KR_LOG_LEVELS];
};

static void keep(void *state, struct kr_log_node node, const struct kr_digest *hash)
{
    struct completed *c = state;
    c->hashes[node.level] = *hash;
}

bool kr_walk_entry(struct kr_walk *w, uint64_t idx, struct kr_span entry, const struct kr_walk_nodes *kept)
{
    struct kr_log_entry e;
    struct completed c;
    const struct kr_log_sink sink = {keep, &c};
    if (idx != w->tree.size) {
        find(w, "entry %" PRIu64 ": is missing", w->tree.size);
        w->bad_root = true;
        return false;
    }
    if (kr_log_entry_read(entry, &e))
        find(w, "entry %" PRIu64 ": is not of the form of an entry", idx);
    struct kr_digest leaf = kr_leaf_hash(entry);
    bool good = is_hash(kept->hashes[0], &leaf);
    if (!good)
        find_entry(w, idx, &leaf, kept->hashes[0].len > 0);
    w->bad_leaf = w->bad_leaf || !good;
    kr_log_tree_append(&w->tree, &leaf, &sink);
    for (unsigned level = 1; !w->bad_leaf && level < kr_walk_completes(idx); level++) {
        if (!is_hash(kept->hashes[level], &c.hashes[level]))
            find(w, "node %" PRIu64 " of level %u: is not the hash of what is below it", idx >> level, level);
    }
    return true;
}

bool kr_walk_opened(struct kr_walk *w, uint64_t size, enum kr_log_verdict v, bool row_fits)
{
    if (v != KR_LOG_OK)
        find(w, "checkpoint of size %" PRIu64 ": %s: %s", size, kr_log_verdict_name(v),
             kr_log_verdict_text(v));
    else if (!row_fits)
        find(w, "checkpoint of size %" PRIu64 ": its row does not say what it signs", size);
    return v == KR_LOG_OK && row_fits;
}

void kr_walk_checkpoint(struct kr_walk *w, const struct kr_checkpoint *c)
{
    struct kr_digest root = kr_log_tree_root(&w->tree);
    if (w->last.size == c->size && c->size && !kr_digest_equal(&w->last.root, &c->root))
        find(w,
             "checkpoint of size %" PRIu64
             ": two are signed, with different roots: different people were shown different logs",
             c->size);
    w->last = *c;
    if (c->size == w->tree.size && kr_digest_equal(&root, &c->root)) {
        w->checkpoints++;
        if (!w->bad_root)
            w->good_size = c->size;
        return;
    }
    if (!w->bad_root)
        find(w,
             "checkpoint of size %" PRIu64
             ": its root is not that of the entries: one of the entries %" PRIu64 " to %" PRIu64
             " is not the one that was signed",
             c->size, w->good_size, c->size ? c->size - 1 : 0);
    w->bad_root = true;
}

void kr_walk_end(struct kr_walk *w, const struct kr_checkpoint *next)
{
    if (next && !w->bad_root)
        find(w,
             "entry %" PRIu64 ": is missing: a checkpoint of size %" PRIu64
             " was signed, and the log has %" PRIu64 " entries",
             w->tree.size, next->size, w->tree.size);
    if (!w->checkpoints && !w->findings)
        find(w, "checkpoints: there is none of the log %s: it is another log, or the key is", w->key->name);
}
