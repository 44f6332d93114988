/* Sealing at rest: XChaCha20-Poly1305 (libsodium), random nonce in front. The purpose string is bound as
 * additional data, so that a sealed value cannot be moved to another place. */
#ifndef KR_IO_SEAL_H
#define KR_IO_SEAL_H

#include "base/buf.h"
#include "base/random.h"
#include "base/secret.h"

enum { KR_SEAL_KEY_LEN = 32, KR_SEAL_OVERHEAD = 24 + 16 };

void kr_seal(const struct kr_secret *key, const struct kr_random *random, const char *purpose,
             const struct kr_secret *plain, struct kr_buf *out);
/* KR_E_SEALED: other key, other purpose, altered or short. */
int kr_unseal(const struct kr_secret *key, const char *purpose, struct kr_span sealed,
              struct kr_secret *ret_plain);

/* Reads a 32-byte key (raw, or 64 hex digits and an optional newline) from a private file. errmsg: 256 bytes.
 */
int kr_seal_key_read(const char *path, char *errmsg, struct kr_secret *ret_key);

#endif
