/* A log's entries (docs/protocol.md 11.10): the canonical text `keyroom:1:log`, of which a reader need not
 * know every line. */
#ifndef KR_TEXT_LOG_ENTRY_H
#define KR_TEXT_LOG_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "base/span.h"

enum { KR_LOG_LINES_MAX = 64 };

struct kr_log_line {
    struct kr_span name, value; /* borrowed from the entry */
};
struct kr_log_entry {
    size_t count;
    struct kr_log_line lines[KR_LOG_LINES_MAX];
};

/* KR_E_MALFORMED for what is not of the form: v=1, t, type, then lines with names of small letters, digits
 * and dashes, none doubled. */
int kr_log_entry_read(struct kr_span entry, struct kr_log_entry *ret_entry);

/* The value of that name; ptr NULL: there is none. */
struct kr_span kr_log_value(const struct kr_log_entry *e, const char *name);
bool kr_log_is(const struct kr_log_entry *e, const char *name, const char *value);
bool kr_log_number(const struct kr_log_entry *e, const char *name, uint64_t *ret_n);
bool kr_log_digest(const struct kr_log_entry *e, const char *name, struct kr_digest *ret_digest);
bool kr_log_id(const struct kr_log_entry *e, const char *name, struct kr_id *ret_id);

#endif
