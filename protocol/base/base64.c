#include "base/base64.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/secret.h"

void kr_b64_write(char *out, struct kr_span bytes)
{
    sodium_bin2base64(out, KR_B64_LEN(bytes.len) + 1, bytes.ptr, bytes.len,
                      sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

static const char alphabet[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void kr_b64_add(struct kr_buf *b, struct kr_span bytes)
{
    char *text = (char *)kr_buf_grow(b, KR_B64_LEN(bytes.len));
    if (!text || bytes.len == 0)
        return;
    size_t tail = bytes.len % 3;
    const uint8_t *p = bytes.ptr, *end = p + (bytes.len - tail);
    for (; p < end; p += 3) {
        *text++ = alphabet[p[0] >> 2];
        *text++ = alphabet[(p[0] << 4 | p[1] >> 4) & 0x3f];
        *text++ = alphabet[(p[1] << 2 | p[2] >> 6) & 0x3f];
        *text++ = alphabet[p[2] & 0x3f];
    }
    if (tail) {
        uint8_t second = tail == 2 ? p[1] : 0;
        *text++ = alphabet[p[0] >> 2];
        *text++ = alphabet[(p[0] << 4 | second >> 4) & 0x3f];
        if (tail == 2)
            *text = alphabet[second << 2 & 0x3f];
    }
}

int kr_b64_read(const char *text, uint8_t *out, size_t out_len)
{
    size_t text_len = strlen(text), len = 0;
    unsigned char high = 0; /* libsodium 1.0.18 takes some bytes above 0x7F for characters of the alphabet */
    if (text_len != KR_B64_LEN(out_len))
        return KR_E_BAD_BASE64;
    for (size_t i = 0; i < text_len; i++)
        high |= (unsigned char)text[i] & 0x80;
    uint8_t *bytes = kr_calloc(1, out_len + 1); /* out keeps what it had if the text is refused half way */
    bool good = !high &&
                sodium_base642bin(bytes, out_len, text, text_len, NULL, &len, NULL,
                                  sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
                len == out_len;
    if (good && out_len)
        memcpy(out, bytes, out_len);
    kr_wipe(bytes, out_len);
    free(bytes);
    return good ? 0 : KR_E_BAD_BASE64;
}

/* clang-format off */
/* Of a character: its value and 1; 0 if it is not of the alphabet. */
static const uint8_t values[256] = {
    ['A'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
    ['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
    ['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62,
    ['+'] = 63, ['/'] = 64,
};
/* clang-format on */

/* The bits of count characters, the last one's lowest; false if one is not of the alphabet. */
static bool read_bits(const char *text, size_t count, uint32_t *ret_bits)
{
    uint32_t bits = 0;
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        uint8_t value = values[(unsigned char)text[i]];
        good = good && value;
        bits = bits << 6 | ((value - 1U) & 0x3f);
    }
    *ret_bits = bits;
    return good;
}

int kr_b64_decode(struct kr_buf *b, const char *text, size_t text_len)
{
    size_t tail = text_len % 4, len = text_len / 4 * 3 + (tail ? tail - 1 : 0), before = b->len;
    uint32_t bits;
    if (tail == 1)
        return KR_E_BAD_BASE64;
    if (len > b->max - b->len)
        return KR_E_TOO_LARGE;
    uint8_t *out = kr_buf_grow(b, len);
    bool good = out != NULL;
    for (const char *end = text + text_len - tail; good && text < end; text += 4) {
        good = read_bits(text, 4, &bits);
        *out++ = (uint8_t)(bits >> 16);
        *out++ = (uint8_t)(bits >> 8);
        *out++ = (uint8_t)bits;
    }
    if (good && tail) {
        unsigned rest = tail == 2 ? 4 : 2; /* bits that are of no byte, and must be 0 */
        good = read_bits(text, tail, &bits) && (bits & ((1U << rest) - 1)) == 0;
        bits >>= rest;
        if (tail == 3)
            *out++ = (uint8_t)(bits >> 8);
        *out = (uint8_t)bits;
    }
    if (good)
        return 0;
    b->len = before;
    return b->err ? b->err : KR_E_BAD_BASE64;
}
