#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log/witness.h"
#include "test_log/nodes.h"

#define TEXT "kms.example.org/audit\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
#define HASH "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n"

static void test_request(void **state)
{
    (void)state;
    struct kr_digest hash = kr_leaf_hash(kr_span_str(""));
    struct kr_witness_request r = {.old = 3, .note = kr_span_str("note\n")}, again;
    struct kr_buf b;
    kr_buf_init(&b, KR_NOTE_MAX);
    r.proof.hashes[r.proof.count++] = hash;
    r.proof.hashes[r.proof.count++] = hash;
    kr_witness_request_add(&b, &r);
    static const char want[] = "old 3\n" HASH HASH "\nnote\n";
    assert_int_equal(b.len, strlen(want));
    assert_memory_equal(b.ptr, want, b.len);
    assert_int_equal(kr_witness_request_read(kr_buf_span(&b), &again), KR_LOG_OK);
    assert_int_equal(again.old, 3);
    assert_int_equal(again.proof.count, 2);
    assert_true(kr_digest_equal(&again.proof.hashes[1], &hash));
    assert_int_equal(again.note.len, 5);
    kr_buf_done(&b);
}

static void test_bad_request(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum kr_log_verdict want;
    } cases[] = {{"", KR_LOG_REQUEST_FORM},
                 {"old 3", KR_LOG_REQUEST_FORM},
                 {"old 3\n", KR_LOG_REQUEST_FORM},
                 {"old 03\n\nnote\n", KR_LOG_REQUEST_FORM},
                 {"new 3\n\nnote\n", KR_LOG_REQUEST_FORM},
                 {"old 3\n" HASH, KR_LOG_REQUEST_FORM},
                 {"old 3\nAAAA\n\nnote\n", KR_LOG_BAD_HASH}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kr_witness_request r = {.old = 77};
        assert_int_equal(kr_witness_request_read(kr_span_str(cases[i].text), &r), cases[i].want);
        assert_int_equal(r.old, 77);
    }
    struct kr_witness_request r;
    struct kr_buf b;
    kr_buf_init(&b, KR_NOTE_MAX);
    kr_buf_add_str(&b, "old 3\n");
    for (size_t i = 0; i < KR_WITNESS_HASHES_MAX; i++)
        kr_buf_add_str(&b, HASH);
    size_t fits = b.len;
    kr_buf_add_str(&b, "\n");
    assert_int_equal(kr_witness_request_read(kr_buf_span(&b), &r), KR_LOG_OK);
    b.len = fits;
    kr_buf_add_str(&b, HASH "\n");
    assert_int_equal(kr_witness_request_read(kr_buf_span(&b), &r), KR_LOG_PROOF_LONG);
    kr_buf_done(&b);
}

static void test_size(void **state)
{
    (void)state;
    uint64_t size = 77;
    static const char *const bad[] = {"", "\n", "5", "5\n\n", "5\n6\n", "05\n", "-5\n", " 5\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(kr_witness_size(kr_span_str(bad[i]), &size), KR_LOG_REQUEST_FORM);
    assert_int_equal(size, 77);
    assert_int_equal(kr_witness_size(kr_span_str("5\n"), &size), KR_LOG_OK);
    assert_int_equal(size, 5);
}

static void test_cosigned(void **state)
{
    (void)state;
    struct kr_note_signer s, log_signer;
    struct kr_buf b;
    uint64_t time_s = 77;
    struct kr_span line = kr_span(NULL, 0);
    example_signer(KR_NOTE_COSIGNATURE, &s);
    example_signer(KR_NOTE_ED25519, &log_signer);
    kr_buf_init(&b, 2 * (size_t)KR_NOTE_MAX);
    assert_int_equal(kr_witness_cosigned(kr_buf_span(&b), kr_span_str(TEXT), &s.key, &time_s, &line),
                     KR_LOG_UNSIGNED);
    kr_note_sign(&s, kr_span_str(TEXT), 1700000000, &b);
    assert_int_equal(kr_witness_cosigned(kr_buf_span(&b), kr_span_str(TEXT "x\n"), &s.key, &time_s, &line),
                     KR_LOG_BAD_SIGNATURE);
    assert_int_equal(
        kr_witness_cosigned(kr_span(b.ptr, b.len - 1), kr_span_str(TEXT), &s.key, &time_s, &line),
        KR_LOG_NOTE_CUT);
    assert_int_equal(kr_witness_cosigned(kr_buf_span(&b), kr_span_str(TEXT), &log_signer.key, &time_s, &line),
                     KR_LOG_KEY_TYPE);
    assert_int_equal(time_s, 77);
    assert_int_equal(kr_witness_cosigned(kr_buf_span(&b), kr_span_str(TEXT), &s.key, &time_s, &line),
                     KR_LOG_OK);
    assert_int_equal(time_s, 1700000000);
    /* A time that no other verifier takes, though it is signed. */
    kr_buf_clear(&b);
    kr_note_sign(&s, kr_span_str(TEXT), (uint64_t)1 << 63, &b);
    assert_int_equal(kr_witness_cosigned(kr_buf_span(&b), kr_span_str(TEXT), &s.key, &time_s, &line),
                     KR_LOG_BAD_SIGNATURE);
    while (b.len <= KR_NOTE_MAX)
        kr_buf_add_str(&b, "\n");
    assert_int_equal(kr_witness_cosigned(kr_buf_span(&b), kr_span_str(TEXT), &s.key, &time_s, &line),
                     KR_LOG_NOTE_TOO_LONG);
    kr_buf_done(&b);
    kr_note_signer_done(&s);
    kr_note_signer_done(&log_signer);
}

/* Whatever else an answer says, of the witness's one line is kept: that of its newest time. */
static void test_one_line_is_kept(void **state)
{
    (void)state;
    struct kr_note_signer s, log_signer;
    struct kr_buf b, want;
    struct kr_span line = kr_span(NULL, 0);
    uint64_t time_s = 0;
    uint8_t garbage[64] = {1};
    example_signer(KR_NOTE_COSIGNATURE, &s);
    example_signer(KR_NOTE_ED25519, &log_signer);
    kr_buf_init(&b, KR_NOTE_MAX);
    kr_buf_init(&want, KR_NOTE_MAX);
    kr_note_sign(&s, kr_span_str(TEXT), 1700000001, &want);
    kr_note_add_line(&b, &log_signer.key, kr_span(garbage, sizeof(garbage)));
    kr_note_sign(&s, kr_span_str(TEXT), 1700000000, &b);
    kr_buf_add(&b, want.ptr, want.len);
    kr_note_sign(&s, kr_span_str(TEXT), 1699999999, &b);
    for (int i = 0; i < 60; i++) /* 64 lines: as many as a note may have, without the log's own */
        kr_note_add_line(&b, &log_signer.key, kr_span(garbage, sizeof(garbage)));
    assert_int_equal(kr_witness_cosigned(kr_buf_span(&b), kr_span_str(TEXT), &s.key, &time_s, &line),
                     KR_LOG_OK);
    assert_int_equal(time_s, 1700000001);
    assert_int_equal(line.len, want.len);
    assert_memory_equal(line.ptr, want.ptr, want.len);
    kr_buf_done(&b);
    kr_buf_done(&want);
    kr_note_signer_done(&s);
    kr_note_signer_done(&log_signer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_request), cmocka_unit_test(test_bad_request),
                                       cmocka_unit_test(test_size), cmocka_unit_test(test_cosigned),
                                       cmocka_unit_test(test_one_line_is_kept)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
