#include "text/log_entry.h"

#include <string.h>

#include "base/err.h"
#include "base/limit.h"
#include "base/utf8.h"

static const char head[] = "keyroom:1:log\nv=1\nt=";

static bool name_fits(struct kr_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
            return false;
    }
    return name.len > 0;
}

static bool value_fits(struct kr_span value)
{
    char text[KR_LOG_ENTRY_MAX + 1];
    if (value.len >= sizeof(text) || memchr(value.ptr, 0, value.len))
        return false;
    memcpy(text, value.ptr, value.len);
    text[value.len] = '\0';
    return kr_utf8_plain(text, sizeof(text));
}

static bool doubled(const struct kr_log_entry *e, struct kr_span name)
{
    for (size_t i = 0; i < e->count; i++) {
        if (e->lines[i].name.len == name.len && memcmp(e->lines[i].name.ptr, name.ptr, name.len) == 0)
            return true;
    }
    return false;
}

int kr_log_entry_read(struct kr_span entry, struct kr_log_entry *ret_entry)
{
    ret_entry->count = 0;
    if (entry.len > KR_LOG_ENTRY_MAX || entry.len < sizeof(head) ||
        memcmp(entry.ptr, head, sizeof(head) - 1) != 0)
        return KR_E_MALFORMED;
    const uint8_t *at = entry.ptr + strlen("keyroom:1:log\n"), *end = entry.ptr + entry.len;
    while (at < end) {
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        const uint8_t *equals = stop ? memchr(at, '=', (size_t)(stop - at)) : NULL;
        if (!equals || ret_entry->count == KR_LOG_LINES_MAX)
            return KR_E_MALFORMED;
        struct kr_log_line l = {.name = kr_span(at, (size_t)(equals - at)),
                                .value = kr_span(equals + 1, (size_t)(stop - equals - 1))};
        if (!name_fits(l.name) || !value_fits(l.value) || doubled(ret_entry, l.name))
            return KR_E_MALFORMED;
        ret_entry->lines[ret_entry->count++] = l;
        at = stop + 1;
    }
    uint64_t t = 0;
    return kr_log_number(ret_entry, "t", &t) && kr_log_value(ret_entry, "type").len ? 0 : KR_E_MALFORMED;
}

struct kr_span kr_log_value(const struct kr_log_entry *e, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < e->count; i++) {
        if (e->lines[i].name.len == len && memcmp(e->lines[i].name.ptr, name, len) == 0)
            return e->lines[i].value;
    }
    return kr_span(NULL, 0);
}

bool kr_log_is(const struct kr_log_entry *e, const char *name, const char *value)
{
    struct kr_span v = kr_log_value(e, name);
    return v.ptr && v.len == strlen(value) && memcmp(v.ptr, value, v.len) == 0;
}

bool kr_log_number(const struct kr_log_entry *e, const char *name, uint64_t *ret_n)
{
    struct kr_span v = kr_log_value(e, name);
    uint64_t n = 0;
    if (v.len == 0 || v.len > 19 || (v.len > 1 && v.ptr[0] == '0'))
        return false;
    for (size_t i = 0; i < v.len; i++) {
        if (v.ptr[i] < '0' || v.ptr[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(v.ptr[i] - '0');
    }
    *ret_n = n;
    return true;
}

bool kr_log_digest(const struct kr_log_entry *e, const char *name, struct kr_digest *ret_digest)
{
    struct kr_span v = kr_log_value(e, name);
    char text[KR_KEY_TEXT];
    if (v.len != sizeof(text) - 1)
        return false;
    memcpy(text, v.ptr, v.len);
    text[v.len] = '\0';
    return kr_digest_read(text, ret_digest) == 0;
}

bool kr_log_id(const struct kr_log_entry *e, const char *name, struct kr_id *ret_id)
{
    struct kr_span v = kr_log_value(e, name);
    char text[KR_ID_TEXT];
    if (v.len != sizeof(text) - 1)
        return false;
    memcpy(text, v.ptr, v.len);
    text[v.len] = '\0';
    return kr_id_read(text, ret_id) == 0;
}
