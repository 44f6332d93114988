#include "daemon/tiles.h"

#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/limit.h"
#include "core/view.h"
#include "io/log.h"
#include "log/tile.h"

enum {
    HTTP_OK = 200,
    HTTP_BAD = 400,
    HTTP_NOT_FOUND = 404,
    HTTP_INTERNAL = 500,
    HTTP_UNAVAILABLE = 503,
    BODY_MAX = KR_TILE_WIDTH * (KR_LOG_ENTRY_MAX + 2) /* the largest bundle */
};

#define CHECKPOINT "/checkpoint"
#define TILE       "/tile/"

bool kr_tiles_path(const char *path)
{
    return strcmp(path, CHECKPOINT) == 0 || strncmp(path, TILE, sizeof(TILE) - 1) == 0;
}

/* Takes the buffer. */
static void answer(struct kr_web_answer *a, unsigned status, const char *type, const char *cache,
                   struct kr_buf *b)
{
    *a = (struct kr_web_answer){
        .status = b->err ? HTTP_INTERNAL : status, .type = type, .cache = cache, .len = b->err ? 0 : b->len};
    a->body = kr_buf_take_str(b);
    if (!a->body)
        a->body = kr_strdup("");
}

static void say(struct kr_web_answer *a, unsigned status, const char *word, const char *text)
{
    struct kr_buf b;

    kr_buf_init(&b, 1024);
    kr_buf_printf(&b, "%s: %s\n", word, text);
    answer(a, status, "text/plain; charset=utf-8", NULL, &b);
}

static void say_verdict(struct kr_web_answer *a, unsigned status, enum kr_log_verdict v)
{
    say(a, status, kr_log_verdict_name(v), kr_log_verdict_text(v));
}

static void store_failed(struct kr_daemon *d, struct kr_web_answer *a, int err)
{
    kr_logf(KR_LOG_ERROR, "the log -> not served (%s)",
            d->store->errmsg[0] ? d->store->errmsg : kr_strerror(err));
    say(a, HTTP_INTERNAL, kr_errname(err), "the log cannot be read; the service's own log says why");
}

/* The size of the newest checkpoint: so far the tree is public. False: *a is the answer. */
static bool signed_size(struct kr_daemon *d, const char *origin, struct kr_web_answer *a, uint64_t *ret_size)
{
    struct kr_buf note;
    int err;

    kr_buf_init(&note, KR_NOTE_MAX);
    err = d->store->ops->checkpoint(d->store, origin, KR_CHECKPOINT_NEWEST, &note, ret_size);
    kr_buf_done(&note);
    if (err == KR_E_NOT_FOUND)
        say(a, HTTP_NOT_FOUND, "no-checkpoint", "the log was not signed yet");
    else if (err)
        store_failed(d, a, err);
    return err == 0;
}

static void get_checkpoint(struct kr_daemon *d, const char *origin, struct kr_web_answer *a)
{
    struct kr_buf note;
    uint64_t size;
    int err;

    kr_buf_init(&note, KR_NOTE_MAX);
    err = d->store->ops->checkpoint(d->store, origin, KR_CHECKPOINT_SHOWN, &note, &size);
    if (!err)
        answer(a, HTTP_OK, "text/plain; charset=utf-8", "no-cache", &note);
    else if (err == KR_E_NOT_FOUND)
        say(a, HTTP_NOT_FOUND, "no-checkpoint", "the log was not signed yet");
    else
        store_failed(d, a, err);
    kr_buf_done(&note);
}

struct fetched { /* the nodes of a tile, as the store gave them */
    struct kr_node_ask nodes[KR_TILE_WIDTH];
    uint64_t first;
};

static bool get_node(void *state, struct kr_log_node node, struct kr_digest *ret_hash)
{
    const struct fetched *f = state;

    *ret_hash = f->nodes[node.index - f->first].hash;
    return true;
}

static int add_hashes(struct kr_daemon *d, uint64_t size, const struct kr_tile *tile, struct kr_buf *b,
                      enum kr_log_verdict *ret_verdict)
{
    struct fetched f = {.first = tile->index * KR_TILE_WIDTH};
    struct kr_log_nodes nodes = {get_node, &f};
    struct kr_query q = {.kind = KR_Q_LOG, .nodes = f.nodes, .node_count = tile->width};
    struct kr_query_result r = {0};
    int err;

    for (unsigned i = 0; i < tile->width; i++)
        f.nodes[i] = (struct kr_node_ask){.level = tile->level * KR_TILE_HEIGHT, .index = f.first + i};
    err = d->store->ops->begin(d->store);
    if (err)
        return err;
    err = d->store->ops->query(d->store, &q, 0, &r);
    d->store->ops->rollback(d->store);
    if (!err)
        *ret_verdict = r.complete ? kr_tile_add_hashes(&nodes, size, tile, b) : KR_LOG_NODE_MISSING;
    return err;
}

struct bundle {
    struct kr_buf *b;
    unsigned left;
};

static bool add_entry(void *arg, uint64_t idx, struct kr_span entry)
{
    struct bundle *bundle = arg;

    (void)idx;
    (void)kr_tile_add_entry(bundle->b, entry);
    return --bundle->left != 0;
}

static int add_entries(struct kr_daemon *d, const struct kr_tile *tile, struct kr_buf *b,
                       enum kr_log_verdict *ret_verdict)
{
    struct bundle bundle = {.b = b, .left = tile->width};
    int err = d->store->ops->log(d->store, tile->index * KR_TILE_WIDTH, add_entry, &bundle);

    *ret_verdict = bundle.left ? KR_LOG_NODE_MISSING : KR_LOG_OK;
    return err;
}

static void get_tile(struct kr_daemon *d, const char *origin, const char *path, struct kr_web_answer *a)
{
    struct kr_tile tile;
    struct kr_buf b;
    uint64_t size = 0;
    enum kr_log_verdict v = kr_tile_path_read(kr_span_str(path), &tile);
    int err;

    if (v != KR_LOG_OK) {
        say_verdict(a, HTTP_BAD, v);
        return;
    }
    if (!signed_size(d, origin, a, &size))
        return;
    if (tile.width > kr_tile_width(size, tile.level, tile.index)) {
        say_verdict(a, HTTP_NOT_FOUND, KR_LOG_TILE_OUTSIDE);
        return;
    }
    kr_buf_init(&b, BODY_MAX);
    err = tile.entries ? add_entries(d, &tile, &b, &v) : add_hashes(d, size, &tile, &b, &v);
    if (err)
        store_failed(d, a, err);
    else if (v != KR_LOG_OK)
        say_verdict(a, HTTP_INTERNAL, v);
    else /* a tile never changes */
        answer(a, HTTP_OK, "application/octet-stream", "public, max-age=31536000, immutable", &b);
    kr_buf_done(&b);
}

void kr_tiles_get(struct kr_daemon *d, const char *path, struct kr_web_answer *ret_answer)
{
    struct kr_log_view log = kr_core_log(d->core);

    if (log.halted)
        say(ret_answer, HTTP_UNAVAILABLE, kr_errname(KR_E_LOG_HALTED), kr_strerror(KR_E_LOG_HALTED));
    else if (strcmp(path, CHECKPOINT) == 0)
        get_checkpoint(d, log.origin, ret_answer);
    else
        get_tile(d, log.origin, path + 1, ret_answer);
}
