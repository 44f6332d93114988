/* The fuzzer's bytes as a stream of decisions. What is read behind the end is zero, so that every input means
 * something. */
#ifndef KR_FUZZ_INPUT_H
#define KR_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/span.h"

struct fuzz_in {
    const uint8_t *ptr;
    size_t left;
};

static inline uint8_t fuzz_u8(struct fuzz_in *in)
{
    if (!in->left)
        return 0;
    in->left--;
    return *in->ptr++;
}

static inline uint16_t fuzz_u16(struct fuzz_in *in)
{
    unsigned high = fuzz_u8(in);
    return (uint16_t)(high << 8 | fuzz_u8(in));
}

static inline uint64_t fuzz_u64(struct fuzz_in *in)
{
    uint64_t v = 0;
    for (int i = 0; i < 4; i++)
        v = v << 16 | fuzz_u16(in);
    return v;
}

/* below: 1 to 256 */
static inline unsigned fuzz_below(struct fuzz_in *in, unsigned below)
{
    return fuzz_u8(in) % below;
}

static inline bool fuzz_bool(struct fuzz_in *in)
{
    return (fuzz_u8(in) & 1) != 0;
}

/* A length byte, and so many of the bytes behind it as there are. Borrowed from the input. */
static inline struct kr_span fuzz_bytes(struct fuzz_in *in)
{
    size_t len = fuzz_u8(in);
    if (len > in->left)
        len = in->left;
    struct kr_span s = kr_span(in->ptr, len);
    in->ptr += len;
    in->left -= len;
    return s;
}

/* The same as a string: up to its first NUL. */
static inline const char *fuzz_text(struct fuzz_in *in, char out[static 256])
{
    struct kr_span s = fuzz_bytes(in);
    if (s.len)
        memcpy(out, s.ptr, s.len);
    out[s.len] = '\0';
    return out;
}

#endif
