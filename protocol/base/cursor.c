#include "base/cursor.h"

struct kr_cursor kr_cursor(struct kr_span s)
{
    return (struct kr_cursor){s.ptr, s.len, false};
}

struct kr_span kr_cursor_bytes(struct kr_cursor *c, size_t len)
{
    if (c->failed || len > c->left) {
        c->failed = true;
        return kr_span(NULL, 0);
    }
    struct kr_span s = kr_span(c->ptr, len);
    if (len)
        c->ptr += len;
    c->left -= len;
    return s;
}

static uint64_t read_be(struct kr_cursor *c, size_t bytes)
{
    struct kr_span s = kr_cursor_bytes(c, bytes);
    uint64_t v = 0;
    for (size_t i = 0; i < s.len; i++)
        v = v << 8 | s.ptr[i];
    return v;
}

uint8_t kr_cursor_u8(struct kr_cursor *c)
{
    return (uint8_t)read_be(c, 1);
}

uint16_t kr_cursor_u16(struct kr_cursor *c)
{
    return (uint16_t)read_be(c, 2);
}

uint32_t kr_cursor_u32(struct kr_cursor *c)
{
    return (uint32_t)read_be(c, 4);
}

uint64_t kr_cursor_u64(struct kr_cursor *c)
{
    return read_be(c, 8);
}

bool kr_cursor_at_end(const struct kr_cursor *c)
{
    return !c->failed && c->left == 0;
}
