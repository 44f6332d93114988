#include "log/note.h"

#include <string.h>

#include "base/cursor.h"
#include "base/sign.h"
#include "log/line.h"

#define DASH "\xe2\x80\x94 " /* U+2014 and a space */

struct line {
    struct kr_span whole; /* without its newline */
    struct kr_span name;
    struct kr_span bytes; /* key id and signature, borrowed from the buffer given */
};

/* Key id and at least one byte, as other verifiers want it. */
static bool read_line(struct kr_span text, struct kr_buf *decoded, struct line *ret_line)
{
    struct kr_span whole = text;
    if (!kr_line_skip(&text, DASH))
        return false;
    const uint8_t *space = text.len ? memchr(text.ptr, ' ', text.len) : NULL;
    if (!space)
        return false;
    struct kr_span name = kr_span(text.ptr, (size_t)(space - text.ptr));
    kr_buf_clear(decoded);
    if (!kr_note_name_fits(name) || !kr_line_base64(kr_span(space + 1, text.len - name.len - 1), decoded) ||
        decoded->len <= KR_NOTE_ID_LEN)
        return false;
    *ret_line = (struct line){whole, name, kr_buf_span(decoded)};
    return true;
}

static bool is_of(const struct line *line, const struct kr_note_key *key)
{
    return line->name.len == strlen(key->name) && memcmp(line->name.ptr, key->name, line->name.len) == 0 &&
           memcmp(line->bytes.ptr, key->id, KR_NOTE_ID_LEN) == 0;
}

static bool verify_cosignature(const struct kr_key *key, struct kr_span text, uint64_t time_s,
                               const struct kr_sig *sig)
{
    struct kr_buf b;
    kr_buf_init(&b, KR_NOTE_MAX + 64);
    kr_cosignature_text(&b, time_s, text);
    bool ok = !b.err && time_s <= INT64_MAX && kr_verify(key, kr_buf_span(&b), sig);
    kr_buf_done(&b);
    return ok;
}

static bool verify(struct kr_note_known *known, struct kr_span text, const struct line *line)
{
    struct kr_sig sig;
    struct kr_cursor c = kr_cursor(line->bytes);
    (void)kr_cursor_bytes(&c, KR_NOTE_ID_LEN);
    bool timed = known->key->type == KR_NOTE_COSIGNATURE;
    uint64_t time_s = timed ? kr_cursor_u64(&c) : 0;
    struct kr_span raw = kr_cursor_bytes(&c, sizeof(sig.b));
    if (!kr_cursor_at_end(&c))
        return false;
    memcpy(sig.b, raw.ptr, sizeof(sig.b));
    bool ok = timed ? verify_cosignature(&known->key->key, text, time_s, &sig)
                    : kr_verify(&known->key->key, text, &sig);
    if (!ok)
        return false;
    if (!known->signed_it || time_s > known->time_s) {
        known->time_s = time_s;
        known->line = kr_span(line->whole.ptr, line->whole.len + 1);
    }
    known->signed_it = true;
    return true;
}

static void unmark(struct kr_note_known *known, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        known[i].signed_it = false;
        known[i].time_s = 0;
        known[i].line = kr_span(NULL, 0);
    }
}

static enum kr_log_verdict check_line(struct kr_span text, const struct line *line,
                                      struct kr_note_known *known, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_of(line, known[i].key))
            return verify(&known[i], text, line) ? KR_LOG_OK : KR_LOG_BAD_SIGNATURE;
    }
    return KR_LOG_OK;
}

enum kr_log_verdict kr_note_check_lines(struct kr_span text, struct kr_span lines,
                                        struct kr_note_known *known, size_t count)
{
    struct kr_buf decoded;
    struct kr_span one;
    size_t seen = 0;
    enum kr_log_verdict v = KR_LOG_OK;
    unmark(known, count);
    kr_buf_init(&decoded, KR_NOTE_MAX);
    while (v == KR_LOG_OK && lines.len) {
        struct line line;
        if (++seen > KR_NOTE_SIGNATURES_MAX)
            v = KR_LOG_NOTE_TOO_LONG;
        else if (!kr_line_next(&lines, &one))
            v = KR_LOG_NOTE_CUT;
        else if (!read_line(one, &decoded, &line))
            v = KR_LOG_NOTE_SIGNATURE_LINE;
        else
            v = check_line(text, &line, known, count);
    }
    kr_buf_done(&decoded);
    bool any = false;
    for (size_t i = 0; i < count; i++)
        any |= known[i].signed_it;
    if (v == KR_LOG_OK && !any)
        v = KR_LOG_UNSIGNED;
    if (v != KR_LOG_OK)
        unmark(known, count);
    return v;
}

static bool is_text(struct kr_span note)
{
    struct kr_span line;
    while (kr_line_next(&note, &line)) {
        if (!kr_line_plain(line))
            return false;
    }
    return true;
}

enum kr_log_verdict kr_note_open(struct kr_span note, struct kr_note_known *known, size_t count,
                                 struct kr_span *ret_text)
{
    unmark(known, count);
    if (note.len > KR_NOTE_MAX)
        return KR_LOG_NOTE_TOO_LONG;
    if (note.len == 0 || note.ptr[note.len - 1] != '\n')
        return KR_LOG_NOTE_CUT;
    if (!is_text(note))
        return KR_LOG_NOTE_NOT_TEXT;
    size_t split = note.len - 1; /* of the newline that ends the empty line */
    while (split && !(note.ptr[split] == '\n' && note.ptr[split - 1] == '\n'))
        split--;
    if (split == 0 || split == note.len - 1)
        return KR_LOG_NOTE_NO_SIGNATURES;
    struct kr_span text = kr_span(note.ptr, split);
    struct kr_span lines = kr_span(note.ptr + split + 1, note.len - split - 1);
    enum kr_log_verdict v = kr_note_check_lines(text, lines, known, count);
    if (v == KR_LOG_OK)
        *ret_text = text;
    return v;
}

void kr_cosignature_text(struct kr_buf *b, uint64_t time_s, struct kr_span text)
{
    kr_buf_add_str(b, "cosignature/v1\ntime ");
    kr_buf_add_dec(b, time_s);
    kr_buf_add_str(b, "\n");
    kr_buf_add(b, text.ptr, text.len);
}

void kr_note_add_line(struct kr_buf *b, const struct kr_note_key *key, struct kr_span bytes)
{
    struct kr_buf whole;
    kr_buf_init(&whole, KR_NOTE_MAX);
    kr_buf_add(&whole, key->id, KR_NOTE_ID_LEN);
    kr_buf_add(&whole, bytes.ptr, bytes.len);
    kr_buf_add_str(b, DASH);
    kr_buf_add_str(b, key->name);
    kr_buf_add_str(b, " ");
    kr_line_add_base64(b, kr_buf_span(&whole));
    kr_buf_add_str(b, "\n");
    kr_buf_done(&whole);
}
