/* Randomness is a parameter: production gives the system's generator, tests a seeded one. */
#ifndef KR_BASE_RANDOM_H
#define KR_BASE_RANDOM_H

#include <stddef.h>

struct kr_random {
    void (*fill)(void *state, void *out, size_t len); /* never fails */
    void *state;                                      /* the giver's; lives as long as its users */
};

static inline void kr_random_fill(const struct kr_random *r, void *out, size_t len)
{
    r->fill(r->state, out, len);
}

#endif
