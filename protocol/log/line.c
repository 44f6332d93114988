#include "log/line.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/utf8.h"

bool kr_line_next(struct kr_span *rest, struct kr_span *ret_line)
{
    const uint8_t *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
    if (!end)
        return false;
    *ret_line = kr_span(rest->ptr, (size_t)(end - rest->ptr));
    *rest = kr_span(end + 1, rest->len - ret_line->len - 1);
    return true;
}

bool kr_line_skip(struct kr_span *line, const char *prefix)
{
    size_t len = strlen(prefix);
    if (line->len < len || memcmp(line->ptr, prefix, len) != 0)
        return false;
    *line = kr_span(line->ptr + len, line->len - len);
    return true;
}

bool kr_line_decimal(struct kr_span digits, uint64_t *ret_n)
{
    uint64_t n = 0;
    if (digits.len == 0 || (digits.ptr[0] == '0' && digits.len > 1))
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        unsigned digit = digits.ptr[i] - (unsigned)'0';
        if (digit > 9 || n > ((uint64_t)INT64_MAX - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    *ret_n = n;
    return true;
}

bool kr_line_plain(struct kr_span line)
{
    if (line.len && memchr(line.ptr, '\0', line.len))
        return false;
    char *copy = kr_malloc(line.len + 1);
    if (line.len)
        memcpy(copy, line.ptr, line.len);
    copy[line.len] = '\0';
    bool plain = kr_utf8_plain(copy, line.len);
    free(copy);
    return plain;
}

void kr_line_add_base64(struct kr_buf *b, struct kr_span bytes)
{
    static const char *const padding[] = {"", "==", "="}; /* by bytes beyond the last three */
    kr_b64_add(b, bytes);
    kr_buf_add_str(b, padding[bytes.len % 3]);
}

bool kr_line_base64(struct kr_span text, struct kr_buf *b)
{
    size_t len = text.len;
    while (len && text.len - len < 2 && text.ptr[len - 1] == '=')
        len--;
    /* The characters say how much padding there must be; whatever else looks like padding is not decoded. */
    return text.len % 4 == 0 && kr_b64_decode(b, (const char *)text.ptr, len) == 0;
}

bool kr_line_bytes(struct kr_span text, uint8_t *out, size_t len)
{
    struct kr_buf b;
    kr_buf_init(&b, len);
    bool ok = kr_line_base64(text, &b) && b.len == len;
    if (ok && len)
        memcpy(out, b.ptr, len);
    kr_buf_done(&b);
    return ok;
}

void kr_line_add_hash(struct kr_buf *b, const struct kr_digest *hash)
{
    kr_line_add_base64(b, kr_span(hash->b, sizeof(hash->b)));
    kr_buf_add_str(b, "\n");
}

bool kr_line_hash(struct kr_span text, struct kr_digest *ret_hash)
{
    return kr_line_bytes(text, ret_hash->b, sizeof(ret_hash->b));
}
