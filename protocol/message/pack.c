#include "message/pack.h"

#include "base/cursor.h"
#include "base/err.h"
#include "base/limit.h"

void kr_pack_add(struct kr_buf *b, const struct kr_packed *e)
{
    kr_buf_add_u16(b, e->index);
    kr_buf_add_u8(b, e->type);
    kr_buf_add_u16(b, (uint16_t)e->body.len);
    kr_buf_add(b, e->body.ptr, e->body.len);
}

static bool body_fits(const struct kr_packed *e)
{
    switch (e->type) {
    case KR_PACKED_PREKEY:
    case KR_PACKED_NORMAL:
        return e->body.len >= 1 && e->body.len <= KR_CIPHERTEXT_MAX;
    case KR_PACKED_WITHHELD:
        return e->body.len == 1 && e->body.ptr[0] >= KR_WITHHELD_ATTACH &&
               e->body.ptr[0] <= KR_WITHHELD_UNVERIFIED;
    default:
        return false;
    }
}

/* The next entry; the cursor fails when there is none. */
static struct kr_packed next_entry(struct kr_cursor *c)
{
    struct kr_packed e = {.index = kr_cursor_u16(c), .type = kr_cursor_u8(c)};
    e.body = kr_cursor_bytes(c, kr_cursor_u16(c));
    return e;
}

int kr_pack_read(struct kr_span bytes, struct kr_arena *arena, const struct kr_packed **ret_entries,
                 size_t *ret_count)
{
    size_t count = 0;
    int last = -1;
    struct kr_cursor c = kr_cursor(bytes);
    while (!kr_cursor_at_end(&c)) {
        struct kr_packed e = next_entry(&c);
        if (c.failed || !body_fits(&e))
            return KR_E_MALFORMED;
        if (e.index <= last || e.index >= KR_OCCUPANTS_MAX)
            return KR_E_WRONG_RECIPIENTS;
        last = e.index;
        count++;
    }
    struct kr_packed *entries = kr_arena_array(arena, count, sizeof(*entries));
    if (!entries)
        return KR_E_TOO_LARGE;
    c = kr_cursor(bytes);
    for (size_t i = 0; i < count; i++)
        entries[i] = next_entry(&c);
    *ret_entries = entries;
    *ret_count = count;
    return 0;
}
