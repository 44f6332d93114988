#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log/bundle.h"
#include "test_log/nodes.h"

static struct nodes n;
static struct kr_note_signer log_signer, witness;
static struct kr_buf note, extra, whole;
static struct kr_checkpoint_trust trust;

static int setup(void **state)
{
    (void)state;
    nodes_init(&n);
    nodes_append_many(&n, 21);
    example_signer(KR_NOTE_ED25519, &log_signer);
    example_signer(KR_NOTE_COSIGNATURE, &witness);
    trust = (struct kr_checkpoint_trust){&log_signer.key, &witness.key, 1, 1};
    kr_buf_init(&note, KR_NOTE_MAX);
    kr_buf_init(&extra, KR_BUNDLE_EXTRA_MAX);
    kr_buf_init(&whole, KR_BUNDLE_MAX + 1);
    struct kr_checkpoint c = {
        .origin = "kms.example.org/audit", .size = 21, .root = kr_log_tree_root(&n.tree)};
    struct kr_buf text;
    kr_buf_init(&text, KR_NOTE_MAX);
    kr_checkpoint_text(&c, &text);
    kr_note_write(&log_signer, kr_buf_span(&text), &note);
    kr_note_sign(&witness, kr_buf_span(&text), 1700000000, &note);
    kr_buf_done(&text);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    nodes_done(&n);
    kr_note_signer_done(&log_signer);
    kr_note_signer_done(&witness);
    kr_buf_done(&note);
    kr_buf_done(&extra);
    kr_buf_done(&whole);
    return 0;
}

/* The bundle of entry 17, in `whole`. */
static struct kr_bundle write_bundle(const char *extra_text)
{
    const struct kr_log_nodes reader = nodes_reader(&n);
    struct kr_bundle bundle = {.extra = kr_span_str(extra_text), .index = 17, .note = kr_buf_span(&note)};
    assert_int_equal(kr_inclusion_make(&reader, 17, 21, &bundle.proof), KR_LOG_OK);
    kr_buf_clear(&whole);
    kr_bundle_write(&bundle, &whole);
    assert_int_equal(whole.err, 0);
    return bundle;
}

static enum kr_log_verdict check(struct kr_span bytes)
{
    struct kr_bundle bundle;
    struct kr_checkpoint c;
    enum kr_log_verdict v = kr_bundle_read(bytes, &extra, &bundle);
    return v == KR_LOG_OK ? kr_bundle_check(&bundle, &n.level[0][17], &trust, &c) : v;
}

static void test_round_trip(void **state)
{
    (void)state;
    static const char *const extras[] = {"", "openings"};
    for (size_t i = 0; i < 2; i++) {
        struct kr_bundle bundle = write_bundle(extras[i]), again;
        assert_int_equal(kr_bundle_read(kr_buf_span(&whole), &extra, &again), KR_LOG_OK);
        assert_int_equal(again.index, 17);
        assert_int_equal(again.extra.len, strlen(extras[i]));
        if (again.extra.len)
            assert_memory_equal(again.extra.ptr, extras[i], again.extra.len);
        assert_int_equal(again.proof.count, bundle.proof.count);
        assert_memory_equal(again.proof.hashes, bundle.proof.hashes, bundle.proof.count * 32);
        assert_int_equal(again.note.len, note.len);
        assert_memory_equal(again.note.ptr, note.ptr, note.len);
        assert_int_equal(check(kr_buf_span(&whole)), KR_LOG_OK);
    }
}

static void test_form(void **state)
{
    (void)state;
#define HEAD "c2sp.org/tlog-proof@v1\n"
#define HASH "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=\n"
    static const struct {
        const char *text;
        enum kr_log_verdict want;
    } cases[] = {{"", KR_LOG_BUNDLE_HEADER},
                 {"c2sp.org/tlog-proof@v1", KR_LOG_BUNDLE_HEADER},
                 {"c2sp.org/tlog-proof@v2\nindex 0\n\n", KR_LOG_BUNDLE_HEADER},
                 {HEAD, KR_LOG_BUNDLE_INDEX},
                 {HEAD "\n", KR_LOG_BUNDLE_INDEX},
                 {HEAD "index 00\n\n", KR_LOG_BUNDLE_INDEX},
                 {HEAD "index 9223372036854775808\n\n", KR_LOG_BUNDLE_INDEX},
                 {HEAD "index  1\n\n", KR_LOG_BUNDLE_INDEX},
                 {HEAD "index 1", KR_LOG_BUNDLE_INDEX},
                 {HEAD "extra\nindex 1\n\n", KR_LOG_BUNDLE_INDEX},
                 {HEAD "extra AAAA\n", KR_LOG_BUNDLE_INDEX},
                 {HEAD "extra AAAA\nextra AAAA\nindex 1\n\n", KR_LOG_BUNDLE_INDEX},
                 {HEAD "index 1\nextra AAAA\n\n", KR_LOG_BAD_HASH},
                 {HEAD "extra \nindex 1\n\n", KR_LOG_BUNDLE_EXTRA},
                 {HEAD "extra AAA\nindex 1\n\n", KR_LOG_BUNDLE_EXTRA},
                 {HEAD "extra AAAA \nindex 1\n\n", KR_LOG_BUNDLE_EXTRA},
                 {HEAD "index 1\n", KR_LOG_BUNDLE_CUT},
                 {HEAD "index 1\n" HASH, KR_LOG_BUNDLE_CUT},
                 {HEAD "index 1\n" HASH HASH "AAAA\n\n", KR_LOG_BAD_HASH},
                 {HEAD "index 1\n" HASH "\n", KR_LOG_OK}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kr_bundle bundle = {.index = 77};
        enum kr_log_verdict v = kr_bundle_read(kr_span_str(cases[i].text), &extra, &bundle);
        if (v != cases[i].want)
            fail_msg("case %zu: %s", i, kr_log_verdict_name(v));
        assert_int_equal(bundle.index, v == KR_LOG_OK ? 1 : 77);
    }
}

static void test_limits(void **state)
{
    (void)state;
    struct kr_bundle bundle;
    kr_buf_clear(&whole);
    kr_buf_add_str(&whole, HEAD "index 1\n");
    for (size_t i = 0; i < KR_PROOF_HASHES_MAX; i++)
        kr_buf_add_str(&whole, HASH);
    size_t fits = whole.len;
    kr_buf_add_str(&whole, "\n");
    assert_int_equal(kr_bundle_read(kr_buf_span(&whole), &extra, &bundle), KR_LOG_OK);
    whole.len = fits;
    kr_buf_add_str(&whole, HASH "\n");
    assert_int_equal(kr_bundle_read(kr_buf_span(&whole), &extra, &bundle), KR_LOG_BUNDLE_TOO_LONG);

    kr_buf_clear(&whole);
    kr_buf_add_str(&whole, HEAD "extra ");
    for (size_t i = 0; i < KR_BUNDLE_EXTRA_MAX; i++)
        kr_buf_add_str(&whole, "A");
    fits = whole.len;
    kr_buf_add_str(&whole, "\nindex 1\n\n");
    assert_int_equal(kr_bundle_read(kr_buf_span(&whole), &extra, &bundle), KR_LOG_OK);
    whole.len = fits;
    kr_buf_add_str(&whole, "AAAA\nindex 1\n\n");
    assert_int_equal(kr_bundle_read(kr_buf_span(&whole), &extra, &bundle), KR_LOG_BUNDLE_TOO_LONG);
    while (whole.len <= KR_BUNDLE_MAX)
        kr_buf_add_str(&whole, "\n");
    assert_int_equal(kr_bundle_read(kr_buf_span(&whole), &extra, &bundle), KR_LOG_BUNDLE_TOO_LONG);
}

/* No byte of a bundle without extra data can change unnoticed: not one bit of it, nor its length. */
static void test_every_byte(void **state)
{
    (void)state;
    write_bundle("");
    uint8_t *at = whole.ptr;
    for (size_t i = 0; i < whole.len; i++) {
        at[i] ^= (uint8_t)(1U << (i % 8));
        assert_int_not_equal(check(kr_buf_span(&whole)), KR_LOG_OK);
        at[i] ^= (uint8_t)(1U << (i % 8));
        assert_int_not_equal(check(kr_span(whole.ptr, i)), KR_LOG_OK);
    }
    kr_buf_add_str(&whole, "\n");
    assert_int_not_equal(check(kr_buf_span(&whole)), KR_LOG_OK);
}

static void test_verdicts(void **state)
{
    (void)state;
    struct kr_checkpoint c = {.size = 77};
    struct kr_bundle bundle = write_bundle("");
    assert_int_equal(kr_bundle_check(&bundle, &n.level[0][16], &trust, &c), KR_LOG_NOT_INCLUDED);
    bundle.index = 16;
    assert_int_equal(kr_bundle_check(&bundle, &n.level[0][17], &trust, &c), KR_LOG_NOT_INCLUDED);
    bundle.index = 21;
    assert_int_equal(kr_bundle_check(&bundle, &n.level[0][17], &trust, &c), KR_LOG_INDEX_OUTSIDE);
    bundle.index = 17;
    bundle.proof.count--;
    assert_int_equal(kr_bundle_check(&bundle, &n.level[0][17], &trust, &c), KR_LOG_PROOF_SHORT);
    bundle.proof.count++;
    struct kr_checkpoint_trust strict = trust;
    strict.quorum = 2;
    assert_int_equal(kr_bundle_check(&bundle, &n.level[0][17], &strict, &c), KR_LOG_UNWITNESSED);
    assert_int_equal(c.size, 77);
    assert_int_equal(kr_bundle_check(&bundle, &n.level[0][17], &trust, &c), KR_LOG_OK);
    assert_int_equal(c.size, 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip), cmocka_unit_test(test_form),
                                       cmocka_unit_test(test_limits), cmocka_unit_test(test_every_byte),
                                       cmocka_unit_test(test_verdicts)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
