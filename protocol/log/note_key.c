#include "log/note_key.h"

#include <string.h>

#include "base/hash.h"
#include "log/line.h"

/* The white space of Unicode beyond the control characters, in UTF-8. */
static const char *const spaces[] = {" ",
                                     "\xc2\xa0",
                                     "\xe1\x9a\x80",
                                     "\xe2\x80\x80",
                                     "\xe2\x80\x81",
                                     "\xe2\x80\x82",
                                     "\xe2\x80\x83",
                                     "\xe2\x80\x84",
                                     "\xe2\x80\x85",
                                     "\xe2\x80\x86",
                                     "\xe2\x80\x87",
                                     "\xe2\x80\x88",
                                     "\xe2\x80\x89",
                                     "\xe2\x80\x8a",
                                     "\xe2\x80\xa8",
                                     "\xe2\x80\xa9",
                                     "\xe2\x80\xaf",
                                     "\xe2\x81\x9f",
                                     "\xe3\x80\x80"};

bool kr_note_name_fits(struct kr_span name)
{
    if (name.len == 0 || name.len > KR_NOTE_NAME_MAX || !kr_line_plain(name) ||
        memchr(name.ptr, '+', name.len))
        return false;
    for (size_t at = 0; at < name.len; at++) {
        for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
            struct kr_span rest = kr_span(name.ptr + at, name.len - at);
            if (kr_line_skip(&rest, spaces[i]))
                return false;
        }
    }
    return true;
}

enum kr_log_verdict kr_note_key_init(enum kr_note_type type, const char *name, const struct kr_key *key,
                                     struct kr_note_key *ret_key)
{
    struct kr_note_key k = {.type = type, .key = *key};
    if (!kr_note_name_fits(kr_span_str(name)))
        return KR_LOG_KEY_NAME;
    memcpy(k.name, name, strlen(name));

    struct kr_buf b;
    kr_buf_init(&b, KR_NOTE_NAME_MAX + 2 + sizeof(key->b));
    kr_buf_add_str(&b, name);
    kr_buf_add_str(&b, "\n");
    kr_buf_add_u8(&b, (uint8_t)type);
    kr_buf_add(&b, key->b, sizeof(key->b));
    struct kr_digest d = kr_sha256(kr_buf_span(&b));
    kr_buf_done(&b);
    memcpy(k.id, d.b, KR_NOTE_ID_LEN);
    *ret_key = k;
    return KR_LOG_OK;
}

static void add_hex(struct kr_buf *b, const uint8_t id[KR_NOTE_ID_LEN])
{
    for (size_t i = 0; i < KR_NOTE_ID_LEN; i++)
        kr_buf_printf(b, "%02x", id[i]);
}

void kr_note_key_add_text(struct kr_buf *b, const struct kr_note_key *key)
{
    uint8_t typed[1 + sizeof(key->key.b)] = {(uint8_t)key->type};
    memcpy(typed + 1, key->key.b, sizeof(key->key.b));
    kr_buf_add_str(b, key->name);
    kr_buf_add_str(b, "+");
    add_hex(b, key->id);
    kr_buf_add_str(b, "+");
    kr_line_add_base64(b, kr_span(typed, sizeof(typed)));
}

/* Splits at the next plus; without one, everything is the part. */
static struct kr_span part(struct kr_span *rest)
{
    const uint8_t *plus = rest->len ? memchr(rest->ptr, '+', rest->len) : NULL;
    size_t len = plus ? (size_t)(plus - rest->ptr) : rest->len;
    struct kr_span head = kr_span(rest->ptr, len);
    *rest = plus ? kr_span(plus + 1, rest->len - len - 1) : kr_span(NULL, 0);
    return head;
}

static bool is_hex(struct kr_span id)
{
    bool fits = id.len == 2 * (size_t)KR_NOTE_ID_LEN;
    for (size_t i = 0; i < id.len; i++)
        fits &= (id.ptr[i] >= '0' && id.ptr[i] <= '9') || (id.ptr[i] >= 'a' && id.ptr[i] <= 'f');
    return fits;
}

/* The key of the parts, if it is one of ours. */
static enum kr_log_verdict read_typed(struct kr_span name, struct kr_span typed, struct kr_note_key *ret_key)
{
    struct kr_key key;
    char text[KR_NOTE_NAME_MAX + 1] = "";
    if (!kr_note_name_fits(name))
        return KR_LOG_KEY_NAME;
    if (typed.len == 0)
        return KR_LOG_KEY_FORM;
    uint8_t type = typed.ptr[0];
    if (type != KR_NOTE_ED25519 && type != KR_NOTE_COSIGNATURE)
        return KR_LOG_KEY_TYPE;
    if (typed.len != 1 + sizeof(key.b))
        return KR_LOG_KEY_FORM;
    memcpy(key.b, typed.ptr + 1, sizeof(key.b));
    memcpy(text, name.ptr, name.len);
    return kr_note_key_init((enum kr_note_type)type, text, &key, ret_key);
}

enum kr_log_verdict kr_note_key_read(struct kr_span text, struct kr_note_key *ret_key)
{
    struct kr_note_key key;
    struct kr_buf typed, id;
    struct kr_span name = part(&text), hex = part(&text);
    if (!is_hex(hex))
        return KR_LOG_KEY_FORM;
    kr_buf_init(&typed, KR_NOTE_MAX);
    kr_buf_init(&id, 2 * (size_t)KR_NOTE_ID_LEN);
    enum kr_log_verdict v = KR_LOG_KEY_FORM;
    if (text.len && kr_line_base64(text, &typed)) /* what follows the second plus, further ones included */
        v = read_typed(name, kr_buf_span(&typed), &key);
    if (v == KR_LOG_OK) {
        add_hex(&id, key.id);
        if (memcmp(id.ptr, hex.ptr, hex.len) != 0)
            v = KR_LOG_KEY_ID;
    }
    kr_buf_done(&typed);
    kr_buf_done(&id);
    if (v == KR_LOG_OK)
        *ret_key = key;
    return v;
}
