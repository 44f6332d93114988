/* A bump allocator with a ceiling: what one stanza may cost. Everything in it is freed at once. */
#ifndef KR_BASE_ARENA_H
#define KR_BASE_ARENA_H

#include <stddef.h>

struct kr_arena_block;
struct kr_arena {
    struct kr_arena_block *head;
    size_t used; /* bytes handed out */
    size_t max;  /* ceiling in bytes */
};

void kr_arena_init(struct kr_arena *a, size_t max);
void kr_arena_done(struct kr_arena *a); /* frees everything; the arena may be used again */

/* Zeroed memory aligned for any type, or NULL when the ceiling is reached. */
void *kr_arena_alloc(struct kr_arena *a, size_t size);
void *kr_arena_array(struct kr_arena *a, size_t count, size_t size); /* NULL on overflow too */
char *kr_arena_strndup(struct kr_arena *a, const char *s, size_t len);

#endif
