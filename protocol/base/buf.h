/* A growing byte buffer with a ceiling and a sticky error: append freely, check once at the end.
 * Not for secrets (base/secret.h). */
#ifndef KR_BASE_BUF_H
#define KR_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct kr_buf {
    uint8_t *ptr;
    size_t len, cap;
    size_t max; /* ceiling in bytes */
    int err;    /* 0, or KR_E_TOO_LARGE once an append did not fit; appends then do nothing */
};

void kr_buf_init(struct kr_buf *b, size_t max);
void kr_buf_done(struct kr_buf *b);  /* frees; the buffer may be initialised again */
void kr_buf_fit(struct kr_buf *b);   /* gives back what it holds beyond its contents: for what is kept */
void kr_buf_clear(struct kr_buf *b); /* empties, keeps the memory, clears the error */

void kr_buf_add(struct kr_buf *b, const void *bytes, size_t len);
void kr_buf_add_str(struct kr_buf *b, const char *s);
void kr_buf_add_u8(struct kr_buf *b, uint8_t v);
void kr_buf_add_u16(struct kr_buf *b, uint16_t v); /* big-endian, as all integers here */
void kr_buf_add_u32(struct kr_buf *b, uint32_t v);
void kr_buf_add_u64(struct kr_buf *b, uint64_t v);
void kr_buf_add_dec(struct kr_buf *b, uint64_t v); /* decimal digits */
void kr_buf_printf(struct kr_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends len bytes for the caller to fill; one more may be written, and does not count. NULL if they do not
 * fit. Valid until the buffer is touched again. */
uint8_t *kr_buf_grow(struct kr_buf *b, size_t len);

/* Length prefix of docs/protocol.md 2.4: 32-bit big-endian length, then the bytes. */
void kr_buf_add_lp(struct kr_buf *b, struct kr_span s);

struct kr_span kr_buf_span(const struct kr_buf *b);

/* The contents as a string of its own (NUL-terminated); the caller frees it. The buffer is emptied.
 * NULL if the buffer has an error. */
char *kr_buf_take_str(struct kr_buf *b);

#endif
