/* A room's policy as clients see it (docs/protocol.md 2.9). */
#ifndef KR_TEXT_POLICY_H
#define KR_TEXT_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/span.h"

/* Ordered from weak to strong: a floor is a comparison. */
enum kr_authorise {
    KR_AUTHORISE_OCCUPANTS,
    KR_AUTHORISE_MEMBERS,
    KR_AUTHORISE_REGISTERED,
    KR_AUTHORISE_VERIFIED
};
/* Whose word makes a device a verified one (docs/protocol.md 12.3). Ordered: the operator's is the service's
 * own word, the others' are signed. */
enum kr_verified_by { KR_VERIFIED_BY_OPERATOR, KR_VERIFIED_BY_REGISTERED, KR_VERIFIED_BY_OWNERS };
enum kr_approval { KR_APPROVAL_OPERATOR, KR_APPROVAL_OWNERS };
enum kr_source { KR_SOURCE_PARTICIPANTS, KR_SOURCE_LEADER, KR_SOURCE_PASSPHRASE, KR_SOURCE_SERVICE };
enum { KR_SOURCES = 4 };
/* A set of sources. */
#define KR_SOURCE_BIT(source) (1u << (unsigned)(source))
enum kr_format { KR_FORMAT_SFRAME, KR_FORMAT_JFRAME };

/* Names as on the wire and in the configuration; NULL / KR_E_MALFORMED for what does not exist. */
const char *kr_authorise_name(enum kr_authorise v);
const char *kr_verified_by_name(enum kr_verified_by v);
const char *kr_approval_name(enum kr_approval v);
const char *kr_source_name(enum kr_source v);
const char *kr_format_name(enum kr_format v);
int kr_authorise_read(struct kr_span name, enum kr_authorise *ret_v);
int kr_verified_by_read(struct kr_span name, enum kr_verified_by *ret_v);
int kr_approval_read(struct kr_span name, enum kr_approval *ret_v);
int kr_source_read(struct kr_span name, enum kr_source *ret_v);
int kr_format_read(struct kr_span name, enum kr_format *ret_v);

/* Does one device make the secret for all (docs/protocol.md 5.13)? */
static inline bool kr_source_is_led(enum kr_source source)
{
    return source == KR_SOURCE_LEADER || source == KR_SOURCE_SERVICE;
}
/* "leader participants": names as on the wire, space-separated, in any order, none doubled and at least one.
 */
int kr_sources_read(const char *names, unsigned *ret_set);
struct kr_buf kr_sources_write(unsigned set); /* the caller frees it; not terminated */

/* May this format have that suite? SFrame has RFC 9605's 1 to 5, JFrame none: 0. */
bool kr_suite_fits(enum kr_format format, uint64_t suite);

struct kr_policy {
    enum kr_authorise authorise;
    enum kr_approval approval;
    enum kr_source source;
    uint32_t leader_above; /* source participants: above so many members a leader; 0: never */
    enum kr_format format;
    uint16_t suite;    /* RFC 9605 suite 1-5; 0 with jframe */
    uint32_t rotate_s; /* timer rotation, seconds */
    /* authorise verified; else all zero */
    enum kr_verified_by verified_by;
    uint32_t verifiers;      /* by registered owners: so many distinct ones, 1 to KR_VERIFIERS_MAX; else 0 */
    uint32_t verified_for_s; /* an attestation counts so long after its issue, at least 1 */
};

/* The text of 2.9 for that room; the caller frees it. */
struct kr_buf kr_policy_text(const struct kr_policy *p, const char *room);
/* Refuses (KR_E_MALFORMED) a text of another room or one that does not re-encode to itself. */
int kr_policy_read(struct kr_span text, const char *room, struct kr_policy *ret_p);
/* May an epoch under this policy have that source? */
bool kr_policy_allows(const struct kr_policy *p, enum kr_source source);
struct kr_digest kr_policy_hash(const struct kr_policy *p, const char *room);

#endif
