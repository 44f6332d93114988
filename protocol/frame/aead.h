/* The ciphers of the frame formats: RFC 9605 section 4.5, and AES-GCM with a 12-byte nonce.
 *
 * Tags are compared in constant time, and nothing is given out before the tag has verified. */
#ifndef KR_FRAME_AEAD_H
#define KR_FRAME_AEAD_H

#include "base/buf.h"
#include "base/secret.h"
#include "base/span.h"

enum kr_aead {
    KR_AEAD_AES_128_CTR_HMAC_SHA256_80, /* truncated HMAC-SHA-256: 10 bytes of tag */
    KR_AEAD_AES_128_CTR_HMAC_SHA256_64,
    KR_AEAD_AES_128_CTR_HMAC_SHA256_32,
    KR_AEAD_AES_128_GCM,
    KR_AEAD_AES_256_GCM,
};

enum { KR_AEAD_NONCE_LEN = 12, KR_AEAD_TAG_MAX = 16 };

struct kr_aead_sizes {
    size_t key_len; /* bytes; for CTR + HMAC the AES key, then the HMAC key */
    size_t tag_len; /* bytes */
};
struct kr_aead_sizes kr_aead_sizes(enum kr_aead alg);

/* Appends ciphertext || tag. KR_E_CRYPTO if the key has not the cipher's length or OpenSSL refuses;
 * KR_E_TOO_LARGE above KR_FRAME_MAX bytes or the buffer's ceiling. On failure the buffer's contents are
 * unchanged. */
int kr_aead_seal(enum kr_aead alg, const struct kr_secret *key, const uint8_t nonce[static KR_AEAD_NONCE_LEN],
                 struct kr_span aad, struct kr_span plain, struct kr_buf *out);

/* Appends the plaintext of ciphertext || tag. KR_E_BAD_FRAME if it is shorter than a tag or the tag does not
 * verify, KR_E_CRYPTO and KR_E_TOO_LARGE as above. On failure the buffer's contents are unchanged. */
int kr_aead_open(enum kr_aead alg, const struct kr_secret *key, const uint8_t nonce[static KR_AEAD_NONCE_LEN],
                 struct kr_span aad, struct kr_span sealed, struct kr_buf *out);

#endif
