/* RFC 4648 base64 (standard alphabet), unpadded, as libolm writes it. Decoding is strict: exact form, no
 * white space, no non-zero trailing bits.
 *
 * kr_b64_write and kr_b64_read take constant time, by libsodium. What is appended to a kr_buf is no secret,
 * and goes by a table, in a tenth of the time: every ciphertext of a meeting passes there, twice. */
#ifndef KR_BASE_BASE64_H
#define KR_BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

/* Characters of unpadded base64 of len bytes, without terminator. */
#define KR_B64_LEN(len) (((len)*4 + 2) / 3)

/* Appends unpadded base64. */
void kr_b64_add(struct kr_buf *b, struct kr_span bytes);

/* Writes exactly KR_B64_LEN(len) characters and a terminator to out. */
void kr_b64_write(char *out, struct kr_span bytes);

/* Decodes text of exactly out_len bytes. KR_E_BAD_BASE64 on any other form or length. */
int kr_b64_read(const char *text, uint8_t *out, size_t out_len);

/* Appends the decoded bytes of text[0..text_len). KR_E_BAD_BASE64; KR_E_TOO_LARGE if the buffer's ceiling is
 * hit. On failure the buffer's length is unchanged. */
int kr_b64_decode(struct kr_buf *b, const char *text, size_t text_len);

#endif
