/* The derivations of a verification (docs/protocol.md 12.2): X25519, then libolm's SAS as its current
 * functions compute it (generate_bytes, calculate_mac_fixed_base64), so that a client can use either. */
#ifndef KR_VERIFY_SAS_CRYPTO_H
#define KR_VERIFY_SAS_CRYPTO_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/secret.h"
#include "verify/sas_code.h"
#include "verify/sas_message.h"

/* One of the two devices, as both must see it. */
struct kr_sas_device {
    const char *owner; /* borrowed; "" for a guest */
    struct kr_key ed25519, curve25519;
    struct kr_id id; /* of the keys */
};

/* Everything a verification is about: what the code and the MACs are bound to. */
struct kr_sas_subject {
    const char *room; /* borrowed */
    struct kr_id instance, transaction;
    struct kr_sas_device initiator, responder;
    struct kr_key initiator_key, responder_key; /* ephemeral */
};

/* The public key of a 32-byte ephemeral secret. */
struct kr_key kr_sas_public(const struct kr_secret *ephemeral);

/* False for a key of small order, which would make the secret known to all. */
bool kr_sas_agree(const struct kr_secret *ephemeral, const struct kr_key *peer, struct kr_secret *ret_shared);

/* The responder's promise (12.2.2). */
struct kr_digest kr_sas_commitment(const struct kr_id *transaction, const struct kr_key *key);

/* The text that the code is derived with (12.2.4); the caller frees it. buf.err: a name that may not be
 * signed. */
struct kr_buf kr_sas_info(const struct kr_sas_subject *subject);

/* KR_E_MALFORMED (a name that may not be signed), KR_E_CRYPTO. */
int kr_sas_derive(const struct kr_secret *shared, const struct kr_sas_subject *subject,
                  struct kr_sas_code *ret_code);

/* What the MACs are derived with: the digest of the text above, who says it to whom, and of which key. */
struct kr_digest kr_sas_subject_digest(const struct kr_sas_subject *subject);
struct kr_buf kr_sas_mac_info(const struct kr_digest *subject, const struct kr_sas_device *sender,
                              const struct kr_sas_device *receiver, const char *name);

/* The MACs that the initiator, or the responder, sends over its own device keys (12.2.5); the other side
 * computes the same and compares. The names are those that the code was derived with. KR_E_CRYPTO. */
int kr_sas_macs(const struct kr_secret *shared, const struct kr_sas_subject *subject, bool of_initiator,
                struct kr_digest *ret_ed25519, struct kr_digest *ret_curve25519);

/* In constant time. */
bool kr_sas_mac_equal(const struct kr_digest *a, const struct kr_digest *b);

#endif
