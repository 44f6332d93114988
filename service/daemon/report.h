/* What the daemon knows, as JSON: the shapes of the control socket's answers (docs/operations.md). Each
 * result is the caller's (json_decref). */
#ifndef KR_DAEMON_REPORT_H
#define KR_DAEMON_REPORT_H

#include <jansson.h>

#include "daemon/daemon.h"

json_t *kr_report_status(struct kr_daemon *d);
json_t *kr_report_rooms(struct kr_daemon *d);
json_t *kr_report_room(struct kr_daemon *d, const char *room);    /* NULL: no such room */
int kr_report_devices(struct kr_daemon *d, json_t **ret_devices); /* the store's errors */

#endif
