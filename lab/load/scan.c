#include "load/scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

enum { ROOM_MIN = 4096 };

void kr_scan_init(struct kr_scan *s)
{
    *s = (struct kr_scan){.buf = NULL};
}

void kr_scan_done(struct kr_scan *s)
{
    free(s->buf);
    kr_scan_init(s);
}

void kr_scan_reset(struct kr_scan *s)
{
    s->len = s->start = s->pos = 0;
    s->depth = 0;
}

char *kr_scan_room(struct kr_scan *s, size_t want)
{
    if (s->start == s->len) { /* nothing half-read: begin again at the front */
        s->len = s->start = s->pos = 0;
    } else if (s->start && s->cap - s->len < want) {
        memmove(s->buf, s->buf + s->start, s->len - s->start);
        s->len -= s->start;
        s->pos -= s->start;
        s->start = 0;
    }
    if (s->cap - s->len < want) {
        size_t cap = s->cap ? s->cap : ROOM_MIN;
        while (cap - s->len < want)
            cap *= 2;
        s->buf = kr_realloc_array(s->buf, cap, 1);
        s->cap = cap;
    }
    return s->buf + s->len;
}

void kr_scan_filled(struct kr_scan *s, size_t len)
{
    s->len += len;
}

/* The end of the tag at `at` (its '<'): the index behind its '>', or 0 if that has not arrived. */
static size_t tag_end(const struct kr_scan *s, size_t at)
{
    char quote = '\0';
    for (size_t i = at + 1; i < s->len; i++) {
        char c = s->buf[i];
        if (quote) {
            if (c == quote)
                quote = '\0';
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            return i + 1;
        }
    }
    return 0;
}

static int give(struct kr_scan *s, enum kr_piece_kind kind, size_t end, struct kr_piece *ret_piece)
{
    *ret_piece = (struct kr_piece){kind, s->buf + s->start, end - s->start};
    s->start = s->pos = end;
    return 1;
}

int kr_scan_next(struct kr_scan *s, struct kr_piece *ret_piece)
{
    while (s->pos < s->len) {
        const char *open = memchr(s->buf + s->pos, '<', s->len - s->pos);
        if (s->depth <= 1) /* white space between stanzas keeps connections alive; it belongs to none */
            s->start = open ? (size_t)(open - s->buf) : s->len;
        s->pos = open ? (size_t)(open - s->buf) : s->len;
        size_t end = open ? tag_end(s, s->pos) : 0;
        if (!end)
            return 0;
        size_t at = s->pos;
        s->pos = end;
        if (s->buf[at + 1] == '?' && s->depth == 0)
            continue;
        if (s->buf[at + 1] == '?' || s->buf[at + 1] == '!')
            return KR_E_MALFORMED;
        if (s->buf[at + 1] == '/') {
            if (s->depth == 0)
                return KR_E_MALFORMED;
            s->depth--;
            if (s->depth <= 1)
                return give(s, s->depth ? KR_PIECE_STANZA : KR_PIECE_CLOSE, end, ret_piece);
        } else if (s->buf[end - 2] == '/') {
            if (s->depth == 1)
                return give(s, KR_PIECE_STANZA, end, ret_piece);
        } else if (s->depth++ == 0) {
            return give(s, KR_PIECE_OPEN, end, ret_piece);
        }
    }
    return 0;
}

bool kr_piece_is(const struct kr_piece *p, const char *name)
{
    size_t len = strlen(name);
    return p->len > len + 1 && memcmp(p->ptr + 1, name, len) == 0 && strchr(" />", p->ptr[len + 1]) != NULL;
}

const char *kr_piece_attr(const struct kr_piece *p, const char *name, size_t *ret_len)
{
    size_t name_len = strlen(name);
    const char *end = p->ptr + p->len, *c = p->ptr;
    while (c < end && *c != ' ' && *c != '>')
        c++;
    while (c < end && *c == ' ') {
        while (c < end && *c == ' ')
            c++;
        const char *start = c;
        while (c < end && *c != '=' && *c != '>' && *c != '/')
            c++;
        if (c + 1 >= end || *c != '=')
            return NULL;
        bool found = (size_t)(c - start) == name_len && memcmp(start, name, name_len) == 0;
        char quote = c[1];
        const char *value = c + 2;
        const char *close = memchr(value, quote, (size_t)(end - value));
        if (!close)
            return NULL;
        if (found) {
            *ret_len = (size_t)(close - value);
            return value;
        }
        c = close + 1;
    }
    return NULL;
}

bool kr_piece_attr_is(const struct kr_piece *p, const char *name, const char *value)
{
    size_t len;
    const char *found = kr_piece_attr(p, name, &len);
    return found && len == strlen(value) && memcmp(found, value, len) == 0;
}

const char *kr_piece_find(const struct kr_piece *p, const char *from, const char *text)
{
    size_t len = strlen(text);
    const char *c = from ? from : p->ptr, *end = p->ptr + p->len;
    while ((size_t)(end - c) >= len) {
        c = memchr(c, text[0], (size_t)(end - c) - len + 1);
        if (!c)
            return NULL;
        if (memcmp(c, text, len) == 0)
            return c;
        c++;
    }
    return NULL;
}
