#include "base/buf.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

void kr_buf_init(struct kr_buf *b, size_t max)
{
    *b = (struct kr_buf){.max = max};
}

void kr_buf_done(struct kr_buf *b)
{
    free(b->ptr);
    *b = (struct kr_buf){.max = b->max};
}

void kr_buf_fit(struct kr_buf *b)
{
    if (b->cap == b->len)
        return;
    if (b->len == 0) {
        free(b->ptr);
        b->ptr = NULL;
    } else {
        b->ptr = kr_realloc_array(b->ptr, b->len, 1);
    }
    b->cap = b->len;
}

void kr_buf_clear(struct kr_buf *b)
{
    b->len = 0;
    b->err = 0;
}

/* Room for len more bytes, and for extra ones beyond the ceiling; or the sticky error. */
static uint8_t *reserve(struct kr_buf *b, size_t len, size_t extra)
{
    if (b->err)
        return NULL;
    if (len > b->max - b->len) {
        b->err = KR_E_TOO_LARGE;
        return NULL;
    }
    size_t need = b->len + len + extra;
    if (need > b->cap) {
        size_t cap = b->cap ? b->cap : 256;
        while (cap < need)
            cap *= 2;
        b->ptr = kr_realloc_array(b->ptr, cap, 1);
        b->cap = cap;
    }
    return b->ptr + b->len;
}

uint8_t *kr_buf_grow(struct kr_buf *b, size_t len)
{
    uint8_t *p = reserve(b, len, 1);
    if (p)
        b->len += len;
    return p;
}

void kr_buf_add(struct kr_buf *b, const void *bytes, size_t len)
{
    if (len == 0)
        return;
    uint8_t *p = reserve(b, len, 0);
    if (!p)
        return;
    memcpy(p, bytes, len);
    b->len += len;
}

void kr_buf_add_str(struct kr_buf *b, const char *s)
{
    kr_buf_add(b, s, strlen(s));
}

void kr_buf_add_u8(struct kr_buf *b, uint8_t v)
{
    kr_buf_add(b, &v, 1);
}

static void add_be(struct kr_buf *b, uint64_t v, size_t bytes)
{
    uint8_t be[8];
    for (size_t i = 0; i < bytes; i++)
        be[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
    kr_buf_add(b, be, bytes);
}

void kr_buf_add_u16(struct kr_buf *b, uint16_t v)
{
    add_be(b, v, 2);
}

void kr_buf_add_u32(struct kr_buf *b, uint32_t v)
{
    add_be(b, v, 4);
}

void kr_buf_add_u64(struct kr_buf *b, uint64_t v)
{
    add_be(b, v, 8);
}

void kr_buf_add_dec(struct kr_buf *b, uint64_t v)
{
    char digits[24];
    int n = snprintf(digits, sizeof(digits), "%" PRIu64, v);
    kr_buf_add(b, digits, (size_t)n);
}

void kr_buf_printf(struct kr_buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) {
        b->err = b->err ? b->err : KR_E_INTERNAL;
        return;
    }
    uint8_t *p = reserve(b, (size_t)n, 1);
    if (!p)
        return;
    va_start(ap, fmt);
    vsnprintf((char *)p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
}

void kr_buf_add_lp(struct kr_buf *b, struct kr_span s)
{
    if (s.len > UINT32_MAX) {
        b->err = b->err ? b->err : KR_E_TOO_LARGE;
        return;
    }
    kr_buf_add_u32(b, (uint32_t)s.len);
    kr_buf_add(b, s.ptr, s.len);
}

struct kr_span kr_buf_span(const struct kr_buf *b)
{
    return kr_span(b->ptr, b->len);
}

char *kr_buf_take_str(struct kr_buf *b)
{
    if (b->err)
        return NULL;
    char *s = kr_realloc_array(b->ptr, b->len + 1, 1);
    s[b->len] = '\0';
    b->ptr = NULL;
    kr_buf_done(b);
    return s;
}
