/* ECDSA over P-521 with SHA-256, as browsers sign with { name: "ECDSA", hash: "SHA-256" }.
 *
 * Keys are the coordinates of a JWK, decoded: 66 bytes each, big-endian. A signature is r || s (IEEE P1363).
 * Where (r, s) verifies, (r, n - s) does too: nothing may be told apart by its signature. */
#ifndef KR_FRAME_P521_H
#define KR_FRAME_P521_H

#include <stdbool.h>
#include <stdint.h>

#include "base/secret.h"
#include "base/span.h"

enum { KR_P521_LEN = 66, KR_P521_SIG_LEN = 2 * KR_P521_LEN };

struct kr_p521_public {
    uint8_t x[KR_P521_LEN], y[KR_P521_LEN];
};

struct kr_p521_sig {
    uint8_t b[KR_P521_SIG_LEN];
};

/* False also for a key that is no point of the curve. */
bool kr_p521_verify(const struct kr_p521_public *key, struct kr_span text, const struct kr_p521_sig *sig);

/* d is the private key, KR_P521_LEN bytes. Not a function of its arguments: OpenSSL draws the nonce of a
 * signature from its own generator and takes none from outside, so two signatures of one text differ.
 * KR_E_CRYPTO if d has another length or is not a private key of the curve, or if the library refuses; *ret
 * is then unchanged. */
int kr_p521_sign(const struct kr_secret *d, struct kr_span text, struct kr_p521_sig *ret);

#endif
