/* SHA-256, HMAC and HKDF as the derivations use them (docs/protocol.md section 5; RFC 5869). */
#ifndef KR_BASE_HASH_H
#define KR_BASE_HASH_H

#include "base/id.h"
#include "base/secret.h"
#include "base/span.h"

struct kr_digest kr_sha256(struct kr_span bytes);
struct kr_digest kr_hmac_sha256(const struct kr_secret *key, struct kr_span bytes);

enum kr_hkdf_hash { KR_HKDF_SHA256, KR_HKDF_SHA512 };

/* Extract and expand. ret_okm is given out_len bytes. KR_E_CRYPTO if the library refuses. */
int kr_hkdf(enum kr_hkdf_hash hash, const struct kr_secret *ikm, struct kr_span salt, struct kr_span info,
            size_t out_len, struct kr_secret *ret_okm);

/* The two halves, for formats that name them apart (RFC 9605). */
int kr_hkdf_extract(enum kr_hkdf_hash hash, const struct kr_secret *ikm, struct kr_span salt,
                    struct kr_secret *ret_prk);
int kr_hkdf_expand(enum kr_hkdf_hash hash, const struct kr_secret *prk, struct kr_span info, size_t out_len,
                   struct kr_secret *ret_okm);

#endif
