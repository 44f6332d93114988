#include "load/stats.h"

#include <stdlib.h>

#include "base/alloc.h"

void kr_samples_clear(struct kr_samples *s)
{
    s->len = 0;
}

void kr_samples_done(struct kr_samples *s)
{
    free(s->ns);
    *s = (struct kr_samples){.ns = NULL};
}

void kr_samples_add(struct kr_samples *s, uint64_t ns)
{
    void *array = s->ns;
    kr_grow(&array, &s->cap, s->len, sizeof(*s->ns));
    s->ns = array;
    s->ns[s->len++] = ns;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void kr_samples_sort(struct kr_samples *s)
{
    if (s->len)
        qsort(s->ns, s->len, sizeof(*s->ns), compare);
}

uint64_t kr_samples_rank(const struct kr_samples *s, unsigned percent)
{
    size_t rank = (s->len * percent + 99) / 100;
    return s->len ? s->ns[rank ? rank - 1 : 0] : 0;
}

size_t kr_samples_above(const struct kr_samples *s, uint64_t limit_ns)
{
    size_t low = 0, high = s->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->ns[middle] > limit_ns)
            high = middle;
        else
            low = middle + 1;
    }
    return s->len - low;
}
