#include "base/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *p)
{
    if (!p) {
        fputs("keyroom: out of memory\n", stderr);
        abort();
    }
    return p;
}

void *kr_malloc(size_t size)
{
    return checked(malloc(size ? size : 1));
}

void *kr_calloc(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1));
}

void *kr_realloc_array(void *p, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return checked(NULL);
    size_t bytes = count * size;
    return checked(realloc(p, bytes ? bytes : 1));
}

char *kr_strdup(const char *s)
{
    size_t len = strlen(s) + 1;
    return memcpy(kr_malloc(len), s, len);
}

void kr_grow(void **array, size_t *cap, size_t len, size_t elem_size)
{
    if (len < *cap)
        return;
    size_t next = *cap ? *cap * 2 : 8;
    *array = kr_realloc_array(*array, next, elem_size);
    *cap = next;
}
