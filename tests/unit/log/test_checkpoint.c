#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "log/checkpoint.h"
#include "test_log/nodes.h"

#define EMPTY_ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define ROOT       "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg="
#define TEXT       "kms.example.org/audit\n8\n" ROOT "\n"

static struct kr_note_signer log_signer, witness;

static int setup(void **state)
{
    (void)state;
    example_signer(KR_NOTE_ED25519, &log_signer);
    example_signer(KR_NOTE_COSIGNATURE, &witness);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    kr_note_signer_done(&log_signer);
    kr_note_signer_done(&witness);
    return 0;
}

static void test_text(void **state)
{
    (void)state;
    struct kr_checkpoint c = {.origin = "kms.example.org/audit", .size = 8}, again;
    struct kr_digest leaves[8];
    struct kr_buf b;
    kr_buf_init(&b, KR_NOTE_MAX);
    for (size_t i = 0; i < 8; i++)
        leaves[i] = kr_leaf_hash(example_leaf(i));
    c.root = kr_merkle_root(leaves, 8);
    kr_checkpoint_text(&c, &b);
    assert_int_equal(b.len, strlen(TEXT));
    assert_memory_equal(b.ptr, TEXT, b.len);
    assert_int_equal(kr_checkpoint_read(kr_buf_span(&b), &again), KR_LOG_OK);
    assert_string_equal(again.origin, c.origin);
    assert_int_equal(again.size, 8);
    assert_true(kr_digest_equal(&again.root, &c.root));
    kr_buf_done(&b);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum kr_log_verdict want;
    } cases[] = {{"", KR_LOG_CHECKPOINT_CUT},
                 {"o\n", KR_LOG_CHECKPOINT_CUT},
                 {"o\n8\n", KR_LOG_CHECKPOINT_CUT},
                 {"o\n8\n" ROOT, KR_LOG_CHECKPOINT_CUT},
                 {"\n8\n" ROOT "\n", KR_LOG_WRONG_ORIGIN},
                 {"an origin\n8\n" ROOT "\n", KR_LOG_WRONG_ORIGIN},
                 {"o+\n8\n" ROOT "\n", KR_LOG_WRONG_ORIGIN},
                 {"o\n08\n" ROOT "\n", KR_LOG_CHECKPOINT_SIZE},
                 {"o\n\n" ROOT "\n", KR_LOG_CHECKPOINT_SIZE},
                 {"o\n-8\n" ROOT "\n", KR_LOG_CHECKPOINT_SIZE},
                 {"o\n9223372036854775808\n" ROOT "\n", KR_LOG_CHECKPOINT_SIZE},
                 {"o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg\n", KR_LOG_CHECKPOINT_ROOT},
                 {"o\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyh=\n", KR_LOG_CHECKPOINT_ROOT},
                 {"o\n8\nXcnaeacGWamtVZy3Ad7Zog==\n", KR_LOG_CHECKPOINT_ROOT},
                 {"o\n8\n\n", KR_LOG_CHECKPOINT_ROOT},
                 {"o\n0\n" ROOT "\n", KR_LOG_CHECKPOINT_EMPTY},
                 {"o\n8\n" ROOT "\nmore\n", KR_LOG_CHECKPOINT_EXTRA},
                 {"o\n8\n" ROOT "\n\n", KR_LOG_CHECKPOINT_EXTRA},
                 {"o\n8\n" ROOT "\nmore", KR_LOG_CHECKPOINT_EXTRA}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kr_checkpoint c = {.size = 77};
        enum kr_log_verdict v = kr_checkpoint_read(kr_span_str(cases[i].text), &c);
        if (v != cases[i].want)
            fail_msg("case %zu: %s", i, kr_log_verdict_name(v));
        assert_int_equal(c.size, 77);
    }
    struct kr_checkpoint c;
    assert_int_equal(kr_checkpoint_read(kr_span_str("o\n0\n" EMPTY_ROOT "\n"), &c), KR_LOG_OK);
}

/* A note of this text, signed by the log unless it is said not to be, cosigned if so. */
static enum kr_log_verdict open_text(const char *text, bool logged, bool cosigned, size_t quorum)
{
    const struct kr_checkpoint_trust trust = {&log_signer.key, &witness.key, 1, quorum};
    struct kr_checkpoint c = {.size = 77};
    struct kr_buf b;
    kr_buf_init(&b, KR_NOTE_MAX);
    kr_buf_add_str(&b, text);
    kr_buf_add_str(&b, "\n");
    if (logged)
        kr_note_sign(&log_signer, kr_span_str(text), 0, &b);
    if (cosigned)
        kr_note_sign(&witness, kr_span_str(text), 1700000000, &b);
    enum kr_log_verdict v = kr_checkpoint_open(kr_buf_span(&b), &trust, &c);
    assert_int_equal(c.size, v == KR_LOG_OK ? 8 : 77);
    kr_buf_done(&b);
    return v;
}

static void test_open(void **state)
{
    (void)state;
    assert_int_equal(open_text(TEXT, true, true, 1), KR_LOG_OK);
    assert_int_equal(open_text(TEXT, true, false, 0), KR_LOG_OK);
    assert_int_equal(open_text(TEXT, true, false, 1), KR_LOG_UNWITNESSED);
    assert_int_equal(open_text(TEXT, true, true, 2), KR_LOG_UNWITNESSED);
    assert_int_equal(open_text(TEXT, false, true, 1), KR_LOG_UNSIGNED);
    assert_int_equal(open_text("kms.example.org/other\n8\n" ROOT "\n", true, true, 1), KR_LOG_WRONG_ORIGIN);
    assert_int_equal(open_text("kms.example.org/audit\n8\n" ROOT "\nx\n", true, true, 1),
                     KR_LOG_CHECKPOINT_EXTRA);
}

static void test_trust_of_wrong_types(void **state)
{
    (void)state;
    struct kr_checkpoint c;
    const struct kr_checkpoint_trust one = {&witness.key, NULL, 0, 0};
    const struct kr_checkpoint_trust two = {&log_signer.key, &log_signer.key, 1, 1};
    const struct kr_checkpoint_trust many = {&log_signer.key, &witness.key, KR_WITNESSES_MAX + 1, 1};
    assert_int_equal(kr_checkpoint_open(kr_span_str("x"), &one, &c), KR_LOG_KEY_TYPE);
    assert_int_equal(kr_checkpoint_open(kr_span_str("x"), &two, &c), KR_LOG_KEY_TYPE);
    assert_int_equal(kr_checkpoint_open(kr_span_str("x"), &many, &c), KR_LOG_KEY_TYPE);
}

static void test_follows(void **state)
{
    (void)state;
    struct nodes n;
    struct kr_log_proof p;
    nodes_init(&n);
    nodes_append_many(&n, 9);
    const struct kr_log_nodes reader = nodes_reader(&n);
    struct kr_checkpoint c[10];
    for (size_t i = 0; i < 10; i++) {
        c[i] = (struct kr_checkpoint){.origin = "o", .size = i};
        c[i].root = kr_merkle_root(n.level[0], i);
    }
    assert_int_equal(kr_consistency_make(&reader, 4, 9, &p), KR_LOG_OK);
    assert_int_equal(kr_checkpoint_follows(&c[4], &c[9], p.hashes, p.count), KR_LOG_OK);
    assert_int_equal(kr_checkpoint_follows(&c[9], &c[4], p.hashes, p.count), KR_LOG_ROLLED_BACK);
    assert_int_equal(kr_checkpoint_follows(&c[4], &c[9], p.hashes, 0), KR_LOG_PROOF_SHORT);
    assert_int_equal(kr_checkpoint_follows(&c[4], &c[4], NULL, 0), KR_LOG_OK);
    assert_int_equal(kr_checkpoint_follows(&c[0], &c[4], NULL, 0), KR_LOG_OK);
    assert_int_equal(kr_checkpoint_follows(&c[0], &c[4], p.hashes, 1), KR_LOG_PROOF_LONG);
    assert_int_equal(kr_checkpoint_follows(&c[4], &c[0], NULL, 0), KR_LOG_ROLLED_BACK);
    struct kr_checkpoint other = c[4];
    other.root.b[0] ^= 1;
    assert_int_equal(kr_checkpoint_follows(&c[4], &other, NULL, 0), KR_LOG_FORKED);
    assert_int_equal(kr_checkpoint_follows(&other, &c[9], p.hashes, p.count), KR_LOG_NOT_CONSISTENT);
    other = c[9];
    other.origin[0] = 'p';
    assert_int_equal(kr_checkpoint_follows(&c[4], &other, p.hashes, p.count), KR_LOG_WRONG_ORIGIN);
    nodes_done(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text), cmocka_unit_test(test_refused), cmocka_unit_test(test_open),
        cmocka_unit_test(test_trust_of_wrong_types), cmocka_unit_test(test_follows)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
