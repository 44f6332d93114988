/* Chance in the simulation: splitmix64, one independent stream for each purpose, so that taking one thing out
 * of a world changes nothing else in it. */
#ifndef KR_SIM_RANDOM_H
#define KR_SIM_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_random {
    uint64_t state;
};

/* The stream of this name and number under the seed. */
struct sim_random sim_random(uint64_t seed, const char *purpose, uint64_t number);

uint64_t sim_next(struct sim_random *r);
uint64_t sim_below(struct sim_random *r, uint64_t n);               /* 0 .. n-1; n > 0 */
uint64_t sim_between(struct sim_random *r, uint64_t a, uint64_t b); /* a .. b, both included */
bool sim_chance(struct sim_random *r, unsigned percent);

void sim_fill(void *random, void *out, size_t len); /* for struct kr_random; state: a struct sim_random */

#endif
