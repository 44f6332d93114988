/* The log as static files (C2SP tlog-tiles; docs/protocol.md 11.6): tiles of 256 hashes, bundles of 256
 * entries, the rightmost ones partial. */
#ifndef KR_LOG_TILE_H
#define KR_LOG_TILE_H

#include "base/buf.h"
#include "log/merkle.h"

enum {
    KR_TILE_WIDTH = 256,    /* hashes or entries of a full tile */
    KR_TILE_HEIGHT = 8,     /* levels of nodes between two levels of tiles */
    KR_TILE_LEVEL_MAX = 63, /* of a path; a tree has at most 8 levels of tiles */
    KR_TILE_PATH_MAX = 64,  /* bytes of a path with terminator */
    KR_TILE_ENTRY_MAX = 65535
};

struct kr_tile {
    bool entries;   /* a bundle of entries; level is then 0 */
    unsigned level; /* hash i is the node of level 8 * level and index 256 * index + i */
    uint64_t index; /* below 2^63 / 256 */
    unsigned width; /* 1 to 256; 256 is full */
};

/* The path below the log's prefix: tile/<L>/<N>[.p/<W>], or entries in place of the level. Reading:
 * KR_LOG_TILE_PATH for whatever would not be written so. */
void kr_tile_path(const struct kr_tile *tile, char out[static KR_TILE_PATH_MAX]);
enum kr_log_verdict kr_tile_path_read(struct kr_span path, struct kr_tile *ret_tile);

/* How wide the tile of that level and index is in a tree of that size: 0 (there is none) to 256. */
unsigned kr_tile_width(uint64_t size, unsigned level, uint64_t index);

/* Appends the tile's hashes from stored nodes. A tile narrower than the tree has it is fine: it is of a
 * smaller tree. KR_LOG_TILE_OUTSIDE if the tree of that size does not fill it, KR_LOG_NODE_MISSING. */
enum kr_log_verdict kr_tile_add_hashes(const struct kr_log_nodes *nodes, uint64_t size,
                                       const struct kr_tile *tile, struct kr_buf *b);

/* Its bytes as hashes. KR_LOG_TILE_LENGTH unless they are exactly width * 32. */
enum kr_log_verdict kr_tile_read(struct kr_span bytes, unsigned width,
                                 struct kr_digest ret_hashes[static KR_TILE_WIDTH]);

/* The tile that holds a node or the leaves below it (width unset), and the node's hash out of that tile's
 * hashes. KR_LOG_TILE_OUTSIDE if these are too few. So proofs and roots can be made from tiles alone. */
struct kr_tile kr_tile_of(struct kr_log_node node);
enum kr_log_verdict kr_tile_node(const struct kr_digest *hashes, unsigned width, struct kr_log_node node,
                                 struct kr_digest *ret_hash);

/* Appends one entry to a bundle. KR_LOG_ENTRY_TOO_LONG. */
enum kr_log_verdict kr_tile_add_entry(struct kr_buf *b, struct kr_span entry);

/* The entries of a bundle, borrowed from its bytes. KR_LOG_TILE_LENGTH unless they are exactly `width` whole
 * ones. */
enum kr_log_verdict kr_tile_read_entries(struct kr_span bytes, unsigned width,
                                         struct kr_span ret_entries[static KR_TILE_WIDTH]);

#endif
