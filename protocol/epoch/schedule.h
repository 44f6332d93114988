/* The key schedule: secrets, base keys, and the 47 bytes that are sealed (docs/protocol.md 5.5 - 5.7).
 * Functions that derive return KR_E_CRYPTO if the library refuses. */
#ifndef KR_EPOCH_SCHEDULE_H
#define KR_EPOCH_SCHEDULE_H

#include "base/id.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/span.h"

void kr_secret_fresh(const struct kr_random *random, struct kr_secret *ret_secret); /* 32 random bytes */
int kr_secret_ratchet(const struct kr_secret *parent, const struct kr_digest *context,
                      struct kr_secret *ret_secret);
int kr_base_key(const struct kr_secret *secret, const struct kr_digest *context, struct kr_span sender_line,
                struct kr_secret *ret_base_key);

/* What a leader vouches for: SHA-256 over context and secret (5.13). */
struct kr_digest kr_confirm(const struct kr_digest *context, const struct kr_secret *secret);

/* Key source `passphrase` (5.14): the slow part, once per instance, and the secret of an epoch. */
int kr_passphrase_key(const struct kr_secret *passphrase, const char *room, const struct kr_id *instance,
                      struct kr_secret *ret_key);
int kr_passphrase_secret(const struct kr_secret *key, const struct kr_digest *context,
                         struct kr_secret *ret_secret);

/* secret || tag: KR_SEALED_LEN bytes to be encrypted for the recipient. */
void kr_sealed_plain(const struct kr_secret *secret, const struct kr_digest *context,
                     struct kr_span sender_line, struct kr_span recipient_line, struct kr_secret *ret_plain);

/* Opens it again. KR_E_CANNOT_OPEN for another length, KR_E_CONTEXT_MISMATCH when the tag is not ours. */
int kr_sealed_open(const struct kr_secret *plain, const struct kr_digest *context, struct kr_span sender_line,
                   struct kr_span recipient_line, struct kr_secret *ret_secret);

#endif
