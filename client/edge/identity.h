/* The device's identity: fresh for one run, or kept in a file that is sealed under a key from another. */
#ifndef KR_EDGE_IDENTITY_H
#define KR_EDGE_IDENTITY_H

#include "base/random.h"
#include "olm/olm.h"

/* path NULL: a fresh one. Otherwise reads the file, or makes it (mode 0600) if it does not exist. The account
 * is the caller's. On failure errmsg (256 bytes) says which file and what to do: KR_E_CONFIG, KR_E_IO,
 * KR_E_SEALED for another key or an altered file, KR_E_CRYPTO. */
int kr_identity_open(const char *path, const char *key_path, const struct kr_random *random, char *errmsg,
                     struct kr_olm_account **ret_account);

#endif
