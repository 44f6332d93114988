/* Linked into a test of olm.h that knows nothing of the null cipher, and runs it on that. */
#include "sim_cipher/cipher.h"

__attribute__((constructor)) static void always_null(void)
{
    kr_sim_cipher(true);
}
