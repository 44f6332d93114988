/* Attestations: one device says of another that its person checked it (docs/protocol.md 12.3), and takes it
 * back (12.4). */
#ifndef KR_TEXT_ATTEST_H
#define KR_TEXT_ATTEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/span.h"

enum kr_attest_method { KR_ATTEST_SAS };
const char *kr_attest_method_name(enum kr_attest_method method); /* "sas"; NULL for what does not exist */

#define KR_ATTEST_ANY_ROOM "*"

struct kr_attest_text {    /* strings borrowed */
    struct kr_id verifier; /* the device that signs */
    const char *owner;     /* of the device that was verified; "" for a guest */
    struct kr_id device;   /* ... and its id, which certifies its keys */
    const char *room;      /* bare JID, or KR_ATTEST_ANY_ROOM */
    enum kr_attest_method method;
    uint64_t issued_s, expires_s; /* seconds since 1970-01-01 UTC; expires after issued, at most year 9999 */
};

/* The text, which the caller frees with kr_buf_done; buf.err is KR_E_MALFORMED for what may not be signed. */
struct kr_buf kr_attest_text(const struct kr_attest_text *t);

/* KR_E_MALFORMED for whatever does not re-encode to itself, a device that attests itself included. Strings go
 * to the arena. */
int kr_attest_read(struct kr_span text, struct kr_arena *arena, struct kr_attest_text *ret_t);

/* What a revocation names: SHA-256 of the text. A revoked attestation never returns, and a new one has
 * another time of issue and so another digest. */
struct kr_digest kr_attest_digest(struct kr_span text);

struct kr_revoke_text {
    struct kr_id verifier; /* the device that signed the attestation, and signs this */
    struct kr_digest attestation;
    uint64_t issued_s;
};
struct kr_buf kr_revoke_text(const struct kr_revoke_text *t);
int kr_revoke_read(struct kr_span text, struct kr_revoke_text *ret_t); /* KR_E_MALFORMED */

#endif
