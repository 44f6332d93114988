#include "io/random.h"

#include <sodium.h>

#include "base/err.h"

int kr_random_init(void)
{
    return sodium_init() < 0 ? KR_E_CRYPTO : 0;
}

static void fill(void *state, void *out, size_t len)
{
    (void)state;
    randombytes_buf(out, len);
}

struct kr_random kr_random_system(void)
{
    return (struct kr_random){.fill = fill};
}
