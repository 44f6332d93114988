/* AES in counter mode, for the ciphers that add an HMAC of their own. */
#ifndef KR_FRAME_CTR_H
#define KR_FRAME_CTR_H

#include <stdint.h>

#include "base/span.h"

enum { KR_CTR_BLOCK_LEN = 16 };

/* Encrypts or decrypts, which is the same, in.len bytes to out. The key has 16 or 32 bytes. counter is the
 * first block's, big-endian; only its low 64 bits count, as WebCrypto does with length 64. KR_E_TOO_LARGE
 * above KR_FRAME_MAX bytes; KR_E_CRYPTO for a key of another length or if OpenSSL refuses: what then stands
 * in out is nothing to be given out. */
int kr_aes_ctr(struct kr_span key, const uint8_t counter[static KR_CTR_BLOCK_LEN], struct kr_span in,
               uint8_t *out);

#endif
