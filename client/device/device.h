/* A device's identity in a file: sealed under a key that lies elsewhere. The participant's own, and the
 * service's (docs/protocol.md 5.15). */
#ifndef KR_DEVICE_DEVICE_H
#define KR_DEVICE_DEVICE_H

#include <stdbool.h>

#include "base/random.h"
#include "base/secret.h"
#include "olm/olm.h"

/* purpose is bound into the seal, so that a file cannot be put in another's place. Reads the file, or makes
 * it (mode 0600) if it does not exist: *ret_made. The account is the caller's. On failure errmsg (256 bytes)
 * names the file: KR_E_CONFIG if others may read it, KR_E_IO, KR_E_SEALED for another key or an altered file,
 * KR_E_CRYPTO. */
int kr_device_open(const char *path, const struct kr_secret *seal_key, const char *purpose,
                   const struct kr_random *random, char *errmsg, struct kr_olm_account **ret_account,
                   bool *ret_made);

#endif
