/* A room's policy as clients see it (docs/protocol.md 2.9). */
#ifndef KR_TEXT_POLICY_H
#define KR_TEXT_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/span.h"

/* Ordered from weak to strong: a floor is a comparison. */
enum kr_authorise { KR_AUTHORISE_OCCUPANTS, KR_AUTHORISE_MEMBERS, KR_AUTHORISE_REGISTERED };
enum kr_approval { KR_APPROVAL_OPERATOR, KR_APPROVAL_OWNERS };
enum kr_source { KR_SOURCE_PARTICIPANTS };
enum kr_format { KR_FORMAT_SFRAME, KR_FORMAT_JFRAME };

/* Names as on the wire and in the configuration; NULL / KR_E_MALFORMED for what does not exist. */
const char *kr_authorise_name(enum kr_authorise v);
const char *kr_approval_name(enum kr_approval v);
const char *kr_source_name(enum kr_source v);
const char *kr_format_name(enum kr_format v);
int kr_authorise_read(struct kr_span name, enum kr_authorise *ret_v);
int kr_approval_read(struct kr_span name, enum kr_approval *ret_v);
int kr_source_read(struct kr_span name, enum kr_source *ret_v);
int kr_format_read(struct kr_span name, enum kr_format *ret_v);

/* May this format have that suite? SFrame has RFC 9605's 1 to 5, JFrame none: 0. */
bool kr_suite_fits(enum kr_format format, uint64_t suite);

struct kr_policy {
    enum kr_authorise authorise;
    enum kr_approval approval;
    enum kr_source source;
    enum kr_format format;
    uint16_t suite;    /* RFC 9605 suite 1-5; 0 with jframe */
    uint32_t rotate_s; /* timer rotation, seconds */
};

/* The text of 2.9 for that room; the caller frees it. */
struct kr_buf kr_policy_text(const struct kr_policy *p, const char *room);
/* Refuses (KR_E_MALFORMED) a text of another room or one that does not re-encode to itself. */
int kr_policy_read(struct kr_span text, const char *room, struct kr_policy *ret_p);
struct kr_digest kr_policy_hash(const struct kr_policy *p, const char *room);

#endif
