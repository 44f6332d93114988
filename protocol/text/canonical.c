#include "text/canonical.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/limit.h"
#include "base/utf8.h"

#define PREFIX "keyroom:1:"

void kr_text_begin(struct kr_buf *b, const char *type)
{
    kr_buf_add_str(b, PREFIX);
    kr_buf_add_str(b, type);
    kr_buf_add_str(b, "\n");
}

void kr_text_line(struct kr_buf *b, const char *name, const char *value)
{
    if (!kr_utf8_plain(value, KR_TEXT_MAX)) {
        b->err = KR_E_MALFORMED;
        return;
    }
    kr_buf_add_str(b, name);
    kr_buf_add_str(b, "=");
    kr_buf_add_str(b, value);
    kr_buf_add_str(b, "\n");
}

void kr_text_line_u64(struct kr_buf *b, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    kr_text_line(b, name, text);
}

void kr_text_line_id(struct kr_buf *b, const char *name, const struct kr_id *id)
{
    char text[KR_ID_TEXT];
    kr_id_write(text, id);
    kr_text_line(b, name, text);
}

void kr_text_line_key(struct kr_buf *b, const char *name, const struct kr_key *key)
{
    char text[KR_KEY_TEXT];
    kr_key_write(text, key);
    kr_text_line(b, name, text);
}

void kr_text_line_digest(struct kr_buf *b, const char *name, const struct kr_digest *digest)
{
    char text[KR_KEY_TEXT];
    kr_digest_write(text, digest);
    kr_text_line(b, name, text);
}

/* Reads `s` or fails. */
static void skip(struct kr_text_reader *r, const char *s)
{
    size_t len = strlen(s);
    if (r->err || r->left < len || memcmp(r->ptr, s, len) != 0) {
        r->err = KR_E_MALFORMED;
        return;
    }
    r->ptr += len;
    r->left -= len;
}

static bool plain(struct kr_span value)
{
    if (value.len > KR_TEXT_MAX || memchr(value.ptr, '\0', value.len))
        return false;
    char *copy = kr_malloc(value.len + 1);
    memcpy(copy, value.ptr, value.len);
    copy[value.len] = '\0';
    bool ok = kr_utf8_plain(copy, KR_TEXT_MAX);
    free(copy);
    return ok;
}

struct kr_text_reader kr_text_read(struct kr_span text, const char *type)
{
    struct kr_text_reader r = {.ptr = text.ptr ? (const char *)text.ptr : "", .left = text.len};
    skip(&r, PREFIX);
    skip(&r, type);
    skip(&r, "\n");
    return r;
}

struct kr_span kr_text_next(struct kr_text_reader *r, const char *name)
{
    skip(r, name);
    skip(r, "=");
    if (r->err)
        return kr_span(NULL, 0);
    const char *end = memchr(r->ptr, '\n', r->left);
    struct kr_span value = kr_span(r->ptr, end ? (size_t)(end - r->ptr) : 0);
    if (!end || !plain(value)) {
        r->err = KR_E_MALFORMED;
        return kr_span(NULL, 0);
    }
    r->ptr += value.len + 1;
    r->left -= value.len + 1;
    return value;
}

/* The value as a string of at most size - 1 characters. False, and the reader has failed, if it is longer. */
static bool next_string(struct kr_text_reader *r, const char *name, char *out, size_t size)
{
    struct kr_span value = kr_text_next(r, name);
    if (value.len >= size)
        r->err = KR_E_MALFORMED;
    if (r->err)
        return false;
    memcpy(out, value.ptr, value.len);
    out[value.len] = '\0';
    return true;
}

void kr_text_next_id(struct kr_text_reader *r, const char *name, struct kr_id *ret_id)
{
    char text[KR_ID_TEXT];
    if (next_string(r, name, text, sizeof(text)) && kr_id_read(text, ret_id) != 0)
        r->err = KR_E_MALFORMED;
}

void kr_text_next_key(struct kr_text_reader *r, const char *name, struct kr_key *ret_key)
{
    char text[KR_KEY_TEXT];
    if (next_string(r, name, text, sizeof(text)) && kr_key_read(text, ret_key) != 0)
        r->err = KR_E_MALFORMED;
}

void kr_text_next_digest(struct kr_text_reader *r, const char *name, struct kr_digest *ret_digest)
{
    char text[KR_KEY_TEXT];
    if (next_string(r, name, text, sizeof(text)) && kr_digest_read(text, ret_digest) != 0)
        r->err = KR_E_MALFORMED;
}

int kr_text_end(const struct kr_text_reader *r)
{
    return r->err || r->left ? KR_E_MALFORMED : 0;
}
