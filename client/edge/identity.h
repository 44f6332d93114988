/* The device's identity: fresh for one run, or kept in a file that is sealed under a key from another. */
#ifndef KR_EDGE_IDENTITY_H
#define KR_EDGE_IDENTITY_H

#include "base/random.h"
#include "olm/olm.h"

/* path NULL: a fresh one. Otherwise kr_device_open, with the key of key_path. On failure errmsg (256 bytes)
 * says which file and what to do; errors of kr_seal_key_read too. */
int kr_identity_open(const char *path, const char *key_path, const struct kr_random *random, char *errmsg,
                     struct kr_olm_account **ret_account);

#endif
