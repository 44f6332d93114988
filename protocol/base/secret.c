#include "base/secret.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void kr_wipe(void *p, size_t len)
{
    if (len)
        sodium_memzero(p, len);
}

void kr_secret_done(struct kr_secret *s)
{
    if (s->ptr)
        kr_wipe(s->ptr, s->len);
    free(s->ptr);
    *s = KR_SECRET_NONE;
}

void kr_secret_alloc(struct kr_secret *s, size_t len)
{
    uint8_t *p = kr_calloc(1, len);
    kr_secret_done(s);
    s->ptr = p;
    s->len = len;
}

void kr_secret_set(struct kr_secret *s, const void *bytes, size_t len)
{
    struct kr_secret next = KR_SECRET_NONE;
    kr_secret_alloc(&next, len);
    if (len)
        memcpy(next.ptr, bytes, len);
    kr_secret_move(s, &next);
}

void kr_secret_copy(struct kr_secret *dst, const struct kr_secret *src)
{
    kr_secret_set(dst, src->ptr, src->len);
}

void kr_secret_move(struct kr_secret *dst, struct kr_secret *src)
{
    if (dst == src)
        return;
    kr_secret_done(dst);
    *dst = *src;
    *src = KR_SECRET_NONE; /* transferred */
}

bool kr_secret_equal(const struct kr_secret *a, const struct kr_secret *b)
{
    return a->len == b->len && (a->len == 0 || sodium_memcmp(a->ptr, b->ptr, a->len) == 0);
}
