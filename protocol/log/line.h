/* The lines that notes, checkpoints and proof bundles are made of (docs/protocol.md 11.3). Strict: one way to
 * write each thing, and nothing else is read. */
#ifndef KR_LOG_LINE_H
#define KR_LOG_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/span.h"

/* Takes the next line, without its newline, off *rest. False, and nothing taken, if no newline is left. */
bool kr_line_next(struct kr_span *rest, struct kr_span *ret_line);

/* Takes `prefix` off the beginning of *line. False, and nothing taken, if it does not begin so. */
bool kr_line_skip(struct kr_span *line, const char *prefix);

/* A decimal number below 2^63 without sign or leading zeros, and nothing after it. */
bool kr_line_decimal(struct kr_span digits, uint64_t *ret_n);

/* UTF-8 without control characters (newlines are control characters too). */
bool kr_line_plain(struct kr_span line);

/* Base64 WITH padding (RFC 4648 section 4), as C2SP writes it; keys and digests of our own protocol have none
 * (base/base64.h). Reading is as strict as there, and appends to b. */
void kr_line_add_base64(struct kr_buf *b, struct kr_span bytes);
bool kr_line_base64(struct kr_span text, struct kr_buf *b);

/* Padded base64 of exactly len bytes. */
bool kr_line_bytes(struct kr_span text, uint8_t *out, size_t len);

/* A hash on a line of its own, as it is written and read. */
void kr_line_add_hash(struct kr_buf *b, const struct kr_digest *hash);
bool kr_line_hash(struct kr_span text, struct kr_digest *ret_hash);

#endif
