/* The recipient set of a rotation, as its entry names it (docs/protocol.md 11.10). */
#ifndef KR_LOG_RSET_H
#define KR_LOG_RSET_H

#include <stddef.h>

#include "base/id.h"

/* SHA-256( LP(`keyroom:1:rset`) || LP(commitment) of each ), of commitments to devices in bytewise order. */
struct kr_digest kr_log_rset(const struct kr_digest *sorted, size_t count);

#endif
