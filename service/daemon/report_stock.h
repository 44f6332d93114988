/* Stock clients in the control socket's answers. */
#ifndef KR_DAEMON_REPORT_STOCK_H
#define KR_DAEMON_REPORT_STOCK_H

#include <jansson.h>

#include "core/core.h"

/* Adds to the JSON of a room: `dialect` and `stock` to its participants, and `stock`, `stock_pairs` to
 * itself. */
void kr_report_stock(const struct kr_core *core, const char *room, uint64_t now_mono_ms, json_t *answer);

/* What the Prosody modules said of their servers, and what our configuration says of them. */
json_t *kr_report_modules(const struct kr_core *core);

#endif
