/* What a client says, as one line: the oracle of tests. */
#ifndef KR_SUPPORT_REPORT_LINE_H
#define KR_SUPPORT_REPORT_LINE_H

#include "client/output.h"

/* `announce 3 fresh ann bob`, `announce 4 fresh leader by ann: ann bob`: the kind, then what there is of it.
 * The caller frees it. */
char *kr_report_line(const struct kr_report *r);

#endif
