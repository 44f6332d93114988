/* The canonical form of everything that is signed, hashed as text, or logged (docs/protocol.md 2.5):
 * `keyroom:1:<type>` and name=value lines, each ended by \n. */
#ifndef KR_TEXT_CANONICAL_H
#define KR_TEXT_CANONICAL_H

#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/span.h"

/* Writing: the buffer's error becomes KR_E_MALFORMED if a value holds a control character or is not UTF-8. */
void kr_text_begin(struct kr_buf *b, const char *type);
void kr_text_line(struct kr_buf *b, const char *name, const char *value);
void kr_text_line_u64(struct kr_buf *b, const char *name, uint64_t value);
void kr_text_line_id(struct kr_buf *b, const char *name, const struct kr_id *id);
void kr_text_line_key(struct kr_buf *b, const char *name, const struct kr_key *key);
void kr_text_line_digest(struct kr_buf *b, const char *name, const struct kr_digest *digest);

/* Reading in order, with a sticky error. Values are borrowed from the text. */
struct kr_text_reader {
    const char *ptr;
    size_t left;
    int err; /* 0 or KR_E_MALFORMED */
};
struct kr_text_reader kr_text_read(struct kr_span text, const char *type);
/* The value of the next line, which must be of that name; an empty span after an error. */
struct kr_span kr_text_next(struct kr_text_reader *r, const char *name);
/* The same for values of fixed form; another form is an error of the reader, *ret is then unchanged. */
void kr_text_next_id(struct kr_text_reader *r, const char *name, struct kr_id *ret_id);
void kr_text_next_key(struct kr_text_reader *r, const char *name, struct kr_key *ret_key);
void kr_text_next_digest(struct kr_text_reader *r, const char *name, struct kr_digest *ret_digest);
/* 0 when all was read and nothing failed, else KR_E_MALFORMED. */
int kr_text_end(const struct kr_text_reader *r);

#endif
