/* Canonical texts from any bytes: a policy, an attestation or a revocation that is read writes the same text,
 * and a text that reads as lines writes as the same lines. */
#include "fuzz.h"

#include <string.h>

#include "base/alloc.h"
#include "base/limit.h"
#include "text/attest.h"
#include "text/canonical.h"
#include "text/policy.h"

#define ROOM "r@c.example"

static void policy(struct kr_span text)
{
    struct kr_policy p;
    if (kr_policy_read(text, ROOM, &p) != 0)
        return;
    struct kr_buf b = kr_policy_text(&p, ROOM);
    FUZZ_MUST(!b.err && b.len == text.len && memcmp(b.ptr, text.ptr, b.len) == 0);
    kr_buf_done(&b);
}

static void attestation(struct kr_span text)
{
    struct kr_arena arena;
    struct kr_attest_text a;
    struct kr_revoke_text r;
    kr_arena_init(&arena, KR_TEXT_MAX);
    if (kr_attest_read(text, &arena, &a) == 0) {
        struct kr_buf b = kr_attest_text(&a);
        FUZZ_MUST(!b.err && b.len == text.len && memcmp(b.ptr, text.ptr, b.len) == 0);
        kr_buf_done(&b);
    }
    if (kr_revoke_read(text, &r) == 0) {
        struct kr_buf b = kr_revoke_text(&r);
        FUZZ_MUST(!b.err && b.len == text.len && memcmp(b.ptr, text.ptr, b.len) == 0);
        kr_buf_done(&b);
    }
    kr_arena_done(&arena);
}

/* A text of type t with lines a, a, ... */
static void lines(struct kr_span text)
{
    struct kr_buf b;
    kr_buf_init(&b, KR_TEXT_MAX);
    kr_text_begin(&b, "t");
    struct kr_text_reader r = kr_text_read(text, "t");
    while (!r.err && r.left) {
        struct kr_span v = kr_text_next(&r, "a");
        char *s = kr_malloc(v.len + 1);
        if (v.len)
            memcpy(s, v.ptr, v.len);
        s[v.len] = '\0';
        if (!r.err)
            kr_text_line(&b, "a", s);
        free(s);
    }
    if (text.len <= KR_TEXT_MAX && kr_text_end(&r) == 0)
        FUZZ_MUST(!b.err && b.len == text.len && memcmp(b.ptr, text.ptr, b.len) == 0);
    kr_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    policy(kr_span(data, size));
    attestation(kr_span(data, size));
    lines(kr_span(data, size));
    return 0;
}
