/* Times of many like events, and where their quantiles lie. */
#ifndef KR_LOAD_STATS_H
#define KR_LOAD_STATS_H

#include <stddef.h>
#include <stdint.h>

struct kr_samples {
    uint64_t *ns; /* owned */
    size_t len, cap;
};

void kr_samples_clear(struct kr_samples *s);
void kr_samples_done(struct kr_samples *s);
void kr_samples_add(struct kr_samples *s, uint64_t ns);
void kr_samples_sort(struct kr_samples *s);

/* The smallest sample that at least `percent` of all are not above (nearest rank); 0 without samples. Sorted
 * before; percent 1 to 100. */
uint64_t kr_samples_rank(const struct kr_samples *s, unsigned percent);
/* How many are above the limit. Sorted before. */
size_t kr_samples_above(const struct kr_samples *s, uint64_t limit_ns);

#endif
