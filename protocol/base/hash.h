/* SHA-256, HMAC and HKDF as the derivations use them (docs/protocol.md section 5; RFC 5869); PBKDF2 (RFC
 * 8018). */
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

/* PBKDF2 with HMAC-SHA-256: a key of out_len bytes from what people agreed on. Takes as long as iterations
 * say, so whoever is told the number by others bounds it first, from both sides. KR_E_CRYPTO for no
 * iterations or no bytes, or if the library refuses; *ret_key is then unchanged. */
int kr_pbkdf2_sha256(const struct kr_secret *passphrase, struct kr_span salt, uint32_t iterations,
                     size_t out_len, struct kr_secret *ret_key);

/* The same with HMAC-SHA-512 (the room code, docs/protocol.md 12.1). */
int kr_pbkdf2_sha512(const struct kr_secret *passphrase, struct kr_span salt, uint32_t iterations,
                     size_t out_len, struct kr_secret *ret_key);

#endif
