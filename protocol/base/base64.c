#include "base/base64.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

void kr_b64_write(char *out, struct kr_span bytes)
{
    sodium_bin2base64(out, KR_B64_LEN(bytes.len) + 1, bytes.ptr, bytes.len,
                      sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

void kr_b64_add(struct kr_buf *b, struct kr_span bytes)
{
    size_t len = KR_B64_LEN(bytes.len);
    char *text = kr_malloc(len + 1);
    kr_b64_write(text, bytes);
    kr_buf_add(b, text, len);
    free(text);
}

int kr_b64_read(const char *text, uint8_t *out, size_t out_len)
{
    size_t text_len = strlen(text);
    if (text_len != KR_B64_LEN(out_len))
        return KR_E_BAD_BASE64;
    struct kr_buf b;
    kr_buf_init(&b, out_len);
    int err = kr_b64_decode(&b, text, text_len);
    if (!err && b.len != out_len)
        err = KR_E_BAD_BASE64;
    if (!err && out_len)
        memcpy(out, b.ptr, out_len);
    kr_buf_done(&b);
    return err;
}

int kr_b64_decode(struct kr_buf *b, const char *text, size_t text_len)
{
    size_t bytes_max = text_len / 4 * 3 + 3;
    uint8_t *bytes = kr_malloc(bytes_max);
    size_t len = 0;
    int err = 0;
    unsigned char high = 0; /* libsodium 1.0.18 takes some bytes above 0x7F for characters of the alphabet */
    for (size_t i = 0; i < text_len; i++)
        high |= (unsigned char)text[i] & 0x80;
    if (high || sodium_base642bin(bytes, bytes_max, text, text_len, NULL, &len, NULL,
                                  sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0) {
        err = KR_E_BAD_BASE64;
    } else if (len > b->max - b->len) {
        err = KR_E_TOO_LARGE;
    } else {
        kr_buf_add(b, bytes, len);
        err = b->err;
    }
    free(bytes);
    return err;
}
