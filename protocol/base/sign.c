#include "base/sign.h"

#include <sodium.h>

bool kr_verify(const struct kr_key *ed25519, struct kr_span text, const struct kr_sig *sig)
{
    return crypto_sign_verify_detached(sig->b, text.ptr, text.len, ed25519->b) == 0;
}
