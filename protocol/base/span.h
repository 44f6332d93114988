/* A borrowed run of bytes. The owner is whoever made it; a span never outlives its source. */
#ifndef KR_BASE_SPAN_H
#define KR_BASE_SPAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct kr_span {
    const uint8_t *ptr; /* may be NULL when len is 0 */
    size_t len;         /* bytes */
};

static inline struct kr_span kr_span(const void *ptr, size_t len)
{
    return (struct kr_span){ptr, len};
}

/* The bytes of a string without its terminator. */
static inline struct kr_span kr_span_str(const char *s)
{
    return (struct kr_span){(const uint8_t *)s, strlen(s)};
}

#endif
