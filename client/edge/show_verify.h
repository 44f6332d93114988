/* What a verification has come to, for people and for machines. */
#ifndef KR_EDGE_SHOW_VERIFY_H
#define KR_EDGE_SHOW_VERIFY_H

#include <jansson.h>

#include "base/buf.h"
#include "client/output.h"

/* Of KR_REPORT_VERIFY and KR_REPORT_TRUST. */
void kr_show_verify_fields(const struct kr_report *r, json_t *fields);
void kr_show_verify_line(const struct kr_report *r, struct kr_buf *line);

#endif
