/* A sorted array of items of one size, each beginning with its key: what a room holds many of, without a node
 * and buckets for each. Finding is logarithmic; putting and removing move what lies behind. */
#ifndef KR_CORE_SORTED_H
#define KR_CORE_SORTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kr_sorted_kind { /* a constant */
    size_t key;         /* bytes an item begins with that no two items share */
    size_t item;        /* bytes of the whole item */
};

struct kr_sorted { /* all zero: empty */
    void *items;   /* len of them, in bytewise order of their keys; owned */
    uint32_t len, cap;
};

/* The item with that key, NULL if there is none. Good until the next put or remove. */
void *kr_sorted_find(const struct kr_sorted *s, const struct kr_sorted_kind *kind, const void *key);
/* Finds it, or makes one that is zero behind its key. */
void *kr_sorted_put(struct kr_sorted *s, const struct kr_sorted_kind *kind, const void *key);
void kr_sorted_remove(struct kr_sorted *s, const struct kr_sorted_kind *kind, const void *key);
void kr_sorted_reserve(struct kr_sorted *s, const struct kr_sorted_kind *kind, size_t more);
void kr_sorted_done(struct kr_sorted *s); /* frees; it is empty and may be used again */

#endif
