#include "text/attest.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/limit.h"
#include "text/canonical.h"

#define SECONDS_MAX 253402300799U /* the end of year 9999 */

const char *kr_attest_method_name(enum kr_attest_method method)
{
    return method == KR_ATTEST_SAS ? "sas" : NULL;
}

static bool fits(const struct kr_attest_text *t)
{
    return kr_attest_method_name(t->method) && t->room[0] && strlen(t->room) <= KR_JID_MAX &&
           strlen(t->owner) <= KR_JID_MAX && t->issued_s < t->expires_s && t->expires_s <= SECONDS_MAX &&
           !kr_id_equal(&t->verifier, &t->device);
}

struct kr_buf kr_attest_text(const struct kr_attest_text *t)
{
    struct kr_buf b;
    kr_buf_init(&b, KR_TEXT_MAX);
    if (!fits(t)) {
        b.err = KR_E_MALFORMED;
        return b;
    }
    kr_text_begin(&b, "attest");
    kr_text_line_id(&b, "verifier", &t->verifier);
    kr_text_line(&b, "owner", t->owner);
    kr_text_line_id(&b, "device", &t->device);
    kr_text_line(&b, "room", t->room);
    kr_text_line(&b, "method", kr_attest_method_name(t->method));
    kr_text_line_u64(&b, "issued", t->issued_s);
    kr_text_line_u64(&b, "expires", t->expires_s);
    return b;
}

/* Leading zeros are caught by the re-encoding, as is every other second way to write a thing. */
static int read_seconds(struct kr_span digits, uint64_t *ret_s)
{
    uint64_t s = 0;
    if (digits.len == 0 || digits.len > 12)
        return KR_E_MALFORMED;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
            return KR_E_MALFORMED;
        s = s * 10 + (uint64_t)(digits.ptr[i] - '0');
    }
    *ret_s = s;
    return 0;
}

static const char *keep(struct kr_arena *arena, struct kr_span value)
{
    const char *s = kr_arena_strndup(arena, value.ptr ? (const char *)value.ptr : "", value.len);
    return s ? s : "";
}

/* Frees `again`. */
static bool is_same(struct kr_buf *again, struct kr_span text)
{
    bool same = !again->err && again->len == text.len && memcmp(again->ptr, text.ptr, text.len) == 0;
    kr_buf_done(again);
    return same;
}

int kr_attest_read(struct kr_span text, struct kr_arena *arena, struct kr_attest_text *ret_t)
{
    struct kr_attest_text t = {.method =
                                   KR_ATTEST_SAS}; /* the only one: another is caught by the re-encoding */
    struct kr_text_reader r = kr_text_read(text, "attest");
    kr_text_next_id(&r, "verifier", &t.verifier);
    struct kr_span owner = kr_text_next(&r, "owner");
    kr_text_next_id(&r, "device", &t.device);
    struct kr_span room = kr_text_next(&r, "room");
    (void)kr_text_next(&r, "method");
    int err = read_seconds(kr_text_next(&r, "issued"), &t.issued_s);
    if (!err)
        err = read_seconds(kr_text_next(&r, "expires"), &t.expires_s);
    if (err || kr_text_end(&r))
        return KR_E_MALFORMED;
    t.owner = keep(arena, owner);
    t.room = keep(arena, room);
    struct kr_buf again = kr_attest_text(&t);
    if (!is_same(&again, text))
        return KR_E_MALFORMED;
    *ret_t = t;
    return 0;
}

struct kr_digest kr_attest_digest(struct kr_span text)
{
    return kr_sha256(text);
}

struct kr_buf kr_revoke_text(const struct kr_revoke_text *t)
{
    struct kr_buf b;
    kr_buf_init(&b, KR_TEXT_MAX);
    if (t->issued_s > SECONDS_MAX) {
        b.err = KR_E_MALFORMED;
        return b;
    }
    kr_text_begin(&b, "revoke");
    kr_text_line_id(&b, "verifier", &t->verifier);
    kr_text_line_digest(&b, "attestation", &t->attestation);
    kr_text_line_u64(&b, "issued", t->issued_s);
    return b;
}

int kr_revoke_read(struct kr_span text, struct kr_revoke_text *ret_t)
{
    struct kr_revoke_text t;
    struct kr_text_reader r = kr_text_read(text, "revoke");
    kr_text_next_id(&r, "verifier", &t.verifier);
    kr_text_next_digest(&r, "attestation", &t.attestation);
    if (read_seconds(kr_text_next(&r, "issued"), &t.issued_s) || kr_text_end(&r))
        return KR_E_MALFORMED;
    struct kr_buf again = kr_revoke_text(&t);
    if (!is_same(&again, text))
        return KR_E_MALFORMED;
    *ret_t = t;
    return 0;
}
