/* Reads bytes in order with a sticky error: after the first failure every read yields zeroes and does
 * nothing, so a parser is straight-line code with one check at the end. */
#ifndef KR_BASE_CURSOR_H
#define KR_BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct kr_cursor {
    const uint8_t *ptr;
    size_t left; /* bytes not yet read */
    bool failed; /* a read went past the end */
};

struct kr_cursor kr_cursor(struct kr_span s);
uint8_t kr_cursor_u8(struct kr_cursor *c);
uint16_t kr_cursor_u16(struct kr_cursor *c); /* big-endian */
uint32_t kr_cursor_u32(struct kr_cursor *c);
uint64_t kr_cursor_u64(struct kr_cursor *c);

/* The next len bytes, borrowed; an empty span on failure. */
struct kr_span kr_cursor_bytes(struct kr_cursor *c, size_t len);

/* True when everything was read and nothing failed. */
bool kr_cursor_at_end(const struct kr_cursor *c);

#endif
