#include "core/sorted.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Index of the first item whose key is not below. */
static size_t lower(const struct kr_sorted *s, const struct kr_sorted_kind *kind, const void *key)
{
    size_t low = 0, high = s->len;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (memcmp((const char *)s->items + mid * kind->item, key, kind->key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool stands_at(const struct kr_sorted *s, const struct kr_sorted_kind *kind, size_t at,
                      const void *key)
{
    return at < s->len && memcmp((const char *)s->items + at * kind->item, key, kind->key) == 0;
}

void *kr_sorted_find(const struct kr_sorted *s, const struct kr_sorted_kind *kind, const void *key)
{
    size_t at = lower(s, kind, key);
    return stands_at(s, kind, at, key) ? (char *)s->items + at * kind->item : NULL;
}

void kr_sorted_reserve(struct kr_sorted *s, const struct kr_sorted_kind *kind, size_t more)
{
    if (more <= s->cap - s->len)
        return;
    s->cap = s->len + (uint32_t)more;
    s->items = kr_realloc_array(s->items, s->cap, kind->item);
}

void *kr_sorted_put(struct kr_sorted *s, const struct kr_sorted_kind *kind, const void *key)
{
    size_t at = lower(s, kind, key);
    if (stands_at(s, kind, at, key))
        return (char *)s->items + at * kind->item;
    if (s->len == s->cap) /* by a quarter: most stay small, and there are many */
        kr_sorted_reserve(s, kind, s->cap / 4 + 2);
    char *place = (char *)s->items + at * kind->item;
    memmove(place + kind->item, place, (s->len - at) * kind->item);
    memset(place, 0, kind->item);
    memcpy(place, key, kind->key);
    s->len++;
    return place;
}

void kr_sorted_remove(struct kr_sorted *s, const struct kr_sorted_kind *kind, const void *key)
{
    size_t at = lower(s, kind, key);
    if (!stands_at(s, kind, at, key))
        return;
    char *place = (char *)s->items + at * kind->item;
    s->len--;
    memmove(place, place + kind->item, (s->len - at) * kind->item);
}

void kr_sorted_done(struct kr_sorted *s)
{
    free(s->items);
    *s = (struct kr_sorted){0};
}
