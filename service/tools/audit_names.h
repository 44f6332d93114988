/* The names behind a log's commitments, from the openings that were not erased. */
#ifndef KR_TOOLS_AUDIT_NAMES_H
#define KR_TOOLS_AUDIT_NAMES_H

#include "audit.h"
#include "text/log_entry.h"

struct kr_names;

/* Without a seal key: no names. NULL after a complaint. */
struct kr_names *kr_names_load(const struct kr_audit *a, sqlite3 *db);
void kr_names_free(struct kr_names *n);
/* How many openings the seal key does not open. */
size_t kr_names_closed(const struct kr_names *n);

/* What the commitment (as it stands in an entry) is to: the JID, participant or device; NULL if that is not
 * known. */
const char *kr_names_find(const struct kr_names *n, struct kr_span commitment);

enum { KR_AUDIT_VALUE_MAX = 4200 };
/* A value as people read it: the name behind a commitment, or the beginning of the commitment. */
void kr_audit_value(const struct kr_names *names, const struct kr_log_line *l,
                    char out[static KR_AUDIT_VALUE_MAX]);
void kr_audit_time(uint64_t ms, char out[static 32]);

#endif
