/* Secret bytes: wiped when freed and when replaced, compared in constant time, never printed.
 *
 * Every key, session pickle and passphrase is one of these; a plain array that holds a key is a bug. Do not
 * copy the struct with `=`: two owners would wipe one buffer. */
#ifndef KR_BASE_SECRET_H
#define KR_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

struct kr_secret {
    uint8_t *ptr; /* NULL when empty */
    size_t len;   /* bytes */
};

#define KR_SECRET_NONE ((struct kr_secret){NULL, 0})

/* Gives *s a zeroed buffer of len bytes to be filled through s->ptr; what it held before is wiped and freed.
 */
void kr_secret_alloc(struct kr_secret *s, size_t len);

/* Replaces the contents with a copy of the bytes. The caller still owns (and wipes) the source. */
void kr_secret_set(struct kr_secret *s, const void *bytes, size_t len);
void kr_secret_copy(struct kr_secret *dst, const struct kr_secret *src);

/* Moves the bytes from src to dst; src is empty afterwards, dst's former contents are wiped. */
void kr_secret_move(struct kr_secret *dst, struct kr_secret *src);

/* Wipes and frees; *s is empty afterwards. Fine on an empty secret. */
void kr_secret_done(struct kr_secret *s);

/* Constant time for equal lengths; false for different ones. */
bool kr_secret_equal(const struct kr_secret *a, const struct kr_secret *b);

static inline bool kr_secret_is_set(const struct kr_secret *s)
{
    return s->len != 0;
}

static inline struct kr_span kr_secret_span(const struct kr_secret *s)
{
    return kr_span(s->ptr, s->len);
}

/* Wipes memory in a way no compiler removes: for stack copies of secrets. */
void kr_wipe(void *p, size_t len);

#endif
