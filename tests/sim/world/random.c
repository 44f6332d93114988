#include "sim/world/random.h"

#include <string.h>

uint64_t sim_next(struct sim_random *r)
{
    uint64_t z = (r->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

struct sim_random sim_random(uint64_t seed, const char *purpose, uint64_t number)
{
    struct sim_random r = {seed};
    for (const char *p = purpose; *p; p++)
        r.state = sim_next(&r) ^ (uint8_t)*p;
    r.state = sim_next(&r) ^ number;
    r.state = sim_next(&r);
    return r;
}

uint64_t sim_below(struct sim_random *r, uint64_t n)
{
    return sim_next(r) % n;
}

uint64_t sim_between(struct sim_random *r, uint64_t a, uint64_t b)
{
    return a + sim_below(r, b - a + 1);
}

bool sim_chance(struct sim_random *r, unsigned percent)
{
    return sim_below(r, 100) < percent;
}

void sim_fill(void *random, void *out, size_t len)
{
    uint8_t *b = out;
    while (len) {
        uint64_t z = sim_next(random);
        size_t n = len < sizeof(z) ? len : sizeof(z);
        memcpy(b, &z, n);
        b += n;
        len -= n;
    }
}
