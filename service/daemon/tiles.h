/* The log for whoever reads it over HTTP (C2SP tlog-tiles; docs/protocol.md 11.6): /checkpoint, /tile/... */
#ifndef KR_DAEMON_TILES_H
#define KR_DAEMON_TILES_H

#include <stdbool.h>

#include "daemon/daemon.h"

/* Is that a path of the log's? */
bool kr_tiles_path(const char *path);

/* Answers a GET of one. 400: no path of a tile; 404: the log has no such tile, or was not signed yet; 503:
 * the log is halted, and nothing of it is served. */
void kr_tiles_get(struct kr_daemon *d, const char *path, struct kr_web_answer *ret_answer);

#endif
