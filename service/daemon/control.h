/* The operator's socket: HTTP and JSON (docs/operations.md, "The control socket"; what keyroomctl(8) speaks).
 * Reads look into the core and the store; commands are events of a turn of their own and are answered after
 * its commit. */
#ifndef KR_DAEMON_CONTROL_H
#define KR_DAEMON_CONTROL_H

#include "daemon/daemon.h"
#include "daemon/web.h"

/* arg: the struct kr_daemon. */
kr_web_handler kr_control_handle;

/* The read-only listener: the numbers page and the log (daemon/tiles.h). arg: the struct kr_daemon. */
kr_web_handler kr_pages_handle;

/* GET /metrics, Prometheus text format 0.0.4. */
void kr_metrics_get(struct kr_daemon *d, struct kr_web_answer *ret_answer);

#endif
