#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { BLOCK_MIN = 4096 };

struct kr_arena_block {
    struct kr_arena_block *next;
    size_t used, cap;
    alignas(max_align_t) unsigned char data[];
};

void kr_arena_init(struct kr_arena *a, size_t max)
{
    *a = (struct kr_arena){.max = max};
}

void kr_arena_done(struct kr_arena *a)
{
    struct kr_arena_block *b = a->head;
    while (b) {
        struct kr_arena_block *next = b->next;
        free(b);
        b = next;
    }
    a->head = NULL;
    a->used = 0;
}

void *kr_arena_alloc(struct kr_arena *a, size_t size)
{
    if (size > a->max)
        return NULL;
    size_t need = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (need > a->max - a->used)
        return NULL;
    struct kr_arena_block *b = a->head;
    if (!b || need > b->cap - b->used) {
        size_t cap = need > BLOCK_MIN ? need : BLOCK_MIN;
        b = kr_calloc(1, sizeof(*b) + cap);
        b->cap = cap;
        b->next = a->head;
        a->head = b;
    }
    void *p = b->data + b->used;
    b->used += need;
    a->used += need;
    return p;
}

void *kr_arena_array(struct kr_arena *a, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return kr_arena_alloc(a, count * size);
}

char *kr_arena_strndup(struct kr_arena *a, const char *s, size_t len)
{
    char *p = kr_arena_alloc(a, len + 1);
    if (p && len)
        memcpy(p, s, len);
    return p;
}
