/* Ed25519 with libsodium's strict verification (small-order keys and non-canonical S are refused), never
 * libolm's. Signing of a device's texts is the Olm account's (protocol/olm), which holds the private key. */
#ifndef KR_BASE_SIGN_H
#define KR_BASE_SIGN_H

#include <stdbool.h>

#include "base/id.h"
#include "base/span.h"

bool kr_verify(const struct kr_key *ed25519, struct kr_span text, const struct kr_sig *sig);

#endif
