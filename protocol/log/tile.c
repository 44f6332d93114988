#include "log/tile.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/cursor.h"
#include "log/line.h"

#define PREFIX         "tile/"
#define ENTRIES        "entries/"
#define PARTIAL        ".p/"
#define TILE_INDEX_MAX (KR_LOG_SIZE_MAX / KR_TILE_WIDTH)

void kr_tile_path(const struct kr_tile *tile, char out[static KR_TILE_PATH_MAX])
{
    uint64_t groups[8];
    unsigned count = 0;
    uint64_t rest = tile->index;
    do {
        groups[count++] = rest % 1000;
        rest /= 1000;
    } while (rest);
    size_t at = (size_t)(tile->entries ? snprintf(out, KR_TILE_PATH_MAX, PREFIX ENTRIES)
                                       : snprintf(out, KR_TILE_PATH_MAX, PREFIX "%u/", tile->level));
    while (count-- > 0) {
        at += (size_t)snprintf(out + at, KR_TILE_PATH_MAX - at, "%s%03" PRIu64 "%s", count ? "x" : "",
                               groups[count], count ? "/" : "");
    }
    if (tile->width < KR_TILE_WIDTH)
        snprintf(out + at, KR_TILE_PATH_MAX - at, PARTIAL "%u", tile->width);
}

/* Takes everything up to the next slash, or all. */
static struct kr_span element(struct kr_span *rest)
{
    const uint8_t *slash = rest->len ? memchr(rest->ptr, '/', rest->len) : NULL;
    size_t len = slash ? (size_t)(slash - rest->ptr) : rest->len;
    struct kr_span head = kr_span(rest->ptr, len);
    *rest = slash ? kr_span(slash + 1, rest->len - len - 1) : kr_span(NULL, 0);
    return head;
}

/* Three digits, appended to *index. */
static bool read_group(struct kr_span digits, uint64_t *index)
{
    if (digits.len != 3 || *index > TILE_INDEX_MAX / 1000)
        return false;
    for (size_t i = 0; i < 3; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return false;
        *index = *index * 10 + (uint64_t)(digits.ptr[i] - '0');
    }
    return *index <= TILE_INDEX_MAX;
}

static bool read_index(struct kr_span *path, struct kr_tile *tile, bool *ret_partial)
{
    struct kr_span group = element(path);
    while (kr_line_skip(&group, "x")) {
        if (!read_group(group, &tile->index))
            return false;
        group = element(path);
    }
    *ret_partial = group.len == 5 && group.ptr[3] == '.' && group.ptr[4] == 'p';
    if (*ret_partial)
        group.len = 3;
    return read_group(group, &tile->index);
}

enum kr_log_verdict kr_tile_path_read(struct kr_span path, struct kr_tile *ret_tile)
{
    struct kr_tile tile = {.width = KR_TILE_WIDTH};
    struct kr_span whole = path;
    uint64_t n = 0;
    bool partial;
    if (!kr_line_skip(&path, PREFIX))
        return KR_LOG_TILE_PATH;
    tile.entries = kr_line_skip(&path, ENTRIES);
    if (!tile.entries && (!kr_line_decimal(element(&path), &n) || n > KR_TILE_LEVEL_MAX))
        return KR_LOG_TILE_PATH;
    tile.level = (unsigned)n;
    if (!read_index(&path, &tile, &partial))
        return KR_LOG_TILE_PATH;
    if (partial) {
        if (!kr_line_decimal(path, &n) || n == 0 || n >= KR_TILE_WIDTH)
            return KR_LOG_TILE_PATH;
        tile.width = (unsigned)n;
    }
    char again[KR_TILE_PATH_MAX];
    kr_tile_path(&tile, again); /* what follows a full tile's number, and needless x000, are caught here */
    if (strlen(again) != whole.len || memcmp(again, whole.ptr, whole.len) != 0)
        return KR_LOG_TILE_PATH;
    *ret_tile = tile;
    return KR_LOG_OK;
}

unsigned kr_tile_width(uint64_t size, unsigned level, uint64_t index)
{
    if (level >= KR_LOG_LEVELS / KR_TILE_HEIGHT || index > TILE_INDEX_MAX)
        return 0;
    uint64_t hashes = size >> (level * KR_TILE_HEIGHT), first = index * KR_TILE_WIDTH;
    if (hashes <= first)
        return 0;
    return hashes - first < KR_TILE_WIDTH ? (unsigned)(hashes - first) : KR_TILE_WIDTH;
}

enum kr_log_verdict kr_tile_add_hashes(const struct kr_log_nodes *nodes, uint64_t size,
                                       const struct kr_tile *tile, struct kr_buf *b)
{
    struct kr_digest hashes[KR_TILE_WIDTH];
    if (tile->entries || tile->width == 0 || tile->width > kr_tile_width(size, tile->level, tile->index))
        return KR_LOG_TILE_OUTSIDE;
    for (unsigned i = 0; i < tile->width; i++) {
        struct kr_log_node node = {tile->level * KR_TILE_HEIGHT, tile->index * KR_TILE_WIDTH + i};
        if (!nodes->get(nodes->state, node, &hashes[i]))
            return KR_LOG_NODE_MISSING;
    }
    for (unsigned i = 0; i < tile->width; i++)
        kr_buf_add(b, hashes[i].b, sizeof(hashes[i].b));
    return KR_LOG_OK;
}

enum kr_log_verdict kr_tile_read(struct kr_span bytes, unsigned width,
                                 struct kr_digest ret_hashes[static KR_TILE_WIDTH])
{
    if (width == 0 || width > KR_TILE_WIDTH || bytes.len != (size_t)width * KR_LOG_HASH_LEN)
        return KR_LOG_TILE_LENGTH;
    memcpy(ret_hashes, bytes.ptr, bytes.len);
    return KR_LOG_OK;
}

struct kr_tile kr_tile_of(struct kr_log_node node)
{
    struct kr_tile tile = {.level = node.level / KR_TILE_HEIGHT};
    tile.index = node.index >> (KR_TILE_HEIGHT - node.level % KR_TILE_HEIGHT);
    return tile;
}

enum kr_log_verdict kr_tile_node(const struct kr_digest *hashes, unsigned width, struct kr_log_node node,
                                 struct kr_digest *ret_hash)
{
    unsigned below = node.level % KR_TILE_HEIGHT;
    size_t count = (size_t)1 << below;
    size_t first = (size_t)(node.index << below) % KR_TILE_WIDTH;
    if (first + count > width)
        return KR_LOG_TILE_OUTSIDE;
    *ret_hash = kr_merkle_root(hashes + first, count);
    return KR_LOG_OK;
}

enum kr_log_verdict kr_tile_add_entry(struct kr_buf *b, struct kr_span entry)
{
    if (entry.len > KR_TILE_ENTRY_MAX)
        return KR_LOG_ENTRY_TOO_LONG;
    kr_buf_add_u16(b, (uint16_t)entry.len);
    kr_buf_add(b, entry.ptr, entry.len);
    return KR_LOG_OK;
}

enum kr_log_verdict kr_tile_read_entries(struct kr_span bytes, unsigned width,
                                         struct kr_span ret_entries[static KR_TILE_WIDTH])
{
    struct kr_span entries[KR_TILE_WIDTH];
    struct kr_cursor c = kr_cursor(bytes);
    if (width == 0 || width > KR_TILE_WIDTH)
        return KR_LOG_TILE_LENGTH;
    for (unsigned i = 0; i < width; i++) {
        size_t len = kr_cursor_u16(&c);
        entries[i] = kr_cursor_bytes(&c, len);
    }
    if (!kr_cursor_at_end(&c))
        return KR_LOG_TILE_LENGTH;
    memcpy(ret_entries, entries, width * sizeof(entries[0]));
    return KR_LOG_OK;
}
