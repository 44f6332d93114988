#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "log/note.h"
#include "test_log/nodes.h"

#define LOG_KEY     "kms.example.org/audit+703d2f73+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
#define WITNESS_KEY "witness.example.org+0ea12664+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
#define TEXT        "kms.example.org/audit\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
#define DASH        "\xe2\x80\x94 "
#define LOG_LINE                                                                                             \
    DASH "kms.example.org/audit "                                                                            \
         "cD0vc5IEpEW//dH6aE48KH2LKuWQ8GONNiweujfaOh1yV8F+x+KhVqGSBsrwNeuyRI+3cNdHbPn3+JZ43eRzv1OoAAg=\n"
#define WITNESS_LINE                                                                                         \
    DASH "witness.example.org "                                                                              \
         "DqEmZAAAAABlU/"                                                                                    \
         "EAUTGgcL+5NyMNVue8dsNpeLdghGjCagdrB9t+MLC0XOuvd0lP59Gkg0itw41GL49nsyLNf8P77GwwaM+N3WemDg==\n"
#define OTHER_LINE DASH "other.example AAAAAAAA\n"

static struct kr_note_key log_key, witness_key;

static int setup(void **state)
{
    (void)state;
    assert_int_equal(kr_note_key_read(kr_span_str(LOG_KEY), &log_key), KR_LOG_OK);
    assert_int_equal(kr_note_key_read(kr_span_str(WITNESS_KEY), &witness_key), KR_LOG_OK);
    return 0;
}

static void assert_text(struct kr_buf *b, const char *want)
{
    assert_int_equal(b->err, 0);
    assert_int_equal(b->len, strlen(want));
    assert_memory_equal(b->ptr, want, b->len);
    kr_buf_clear(b);
}

static void test_keys(void **state)
{
    (void)state;
    struct kr_buf b;
    kr_buf_init(&b, KR_NOTE_MAX);
    assert_int_equal(log_key.type, KR_NOTE_ED25519);
    assert_int_equal(witness_key.type, KR_NOTE_COSIGNATURE);
    assert_string_equal(log_key.name, "kms.example.org/audit");
    kr_note_key_add_text(&b, &log_key);
    assert_text(&b, LOG_KEY);
    kr_note_key_add_text(&b, &witness_key);
    assert_text(&b, WITNESS_KEY);
    kr_buf_done(&b);

    static const enum kr_note_type types[] = {KR_NOTE_ED25519, KR_NOTE_COSIGNATURE};
    for (size_t i = 0; i < 2; i++) {
        struct kr_note_signer s;
        const struct kr_note_key *want = i ? &witness_key : &log_key;
        example_signer(types[i], &s);
        assert_memory_equal(s.key.id, want->id, sizeof(want->id));
        assert_true(kr_key_equal(&s.key.key, &want->key));
        assert_string_equal(s.key.name, want->name);
        kr_note_signer_done(&s);
    }
}

static void test_bad_keys(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum kr_log_verdict want;
    } cases[] = {
        {"", KR_LOG_KEY_FORM},
        {"kms.example.org/audit", KR_LOG_KEY_FORM},
        {"kms.example.org/audit+703d2f73", KR_LOG_KEY_FORM},
        {"kms.example.org/audit+703d2f73+", KR_LOG_KEY_FORM},
        {"kms.example.org/audit+703D2F73+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", KR_LOG_KEY_FORM},
        {"kms.example.org/audit+703d2f7+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", KR_LOG_KEY_FORM},
        {"kms.example.org/audit+703d2f73+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTE=", KR_LOG_KEY_FORM},
        {"kms.example.org/audit+703d2f73+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4 ", KR_LOG_KEY_FORM},
        {"kms.example.org/audit+703d2f73+AgOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", KR_LOG_KEY_TYPE},
        {"kms.example.org/audit+703d2f74+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", KR_LOG_KEY_ID},
        {"kms.example.org/audit+703d2f73+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG5", KR_LOG_KEY_ID},
        {"kms.example.org/audit+703d2f73+BAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", KR_LOG_KEY_ID},
        {"kms.example.org/audi+703d2f73+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", KR_LOG_KEY_ID},
        {"+703d2f73+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", KR_LOG_KEY_NAME},
        {"kms example+703d2f73+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", KR_LOG_KEY_NAME},
        {"kms\xe2\x80\x83x+703d2f73+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", KR_LOG_KEY_NAME},
        {"kms\nx+703d2f73+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", KR_LOG_KEY_NAME},
        {"kms\xffx+703d2f73+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4", KR_LOG_KEY_NAME}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kr_note_key key = {.name = "kept"};
        assert_int_equal(kr_note_key_read(kr_span_str(cases[i].text), &key), cases[i].want);
        assert_string_equal(key.name, "kept");
    }
    char longest[KR_NOTE_NAME_MAX + 2];
    struct kr_note_key key;
    memset(longest, 'n', sizeof(longest));
    longest[KR_NOTE_NAME_MAX + 1] = '\0';
    assert_int_equal(kr_note_key_init(KR_NOTE_ED25519, longest, &log_key.key, &key), KR_LOG_KEY_NAME);
    longest[KR_NOTE_NAME_MAX] = '\0';
    assert_int_equal(kr_note_key_init(KR_NOTE_ED25519, longest, &log_key.key, &key), KR_LOG_OK);
    assert_string_equal(key.name, longest);
}

static void test_bad_seed(void **state)
{
    (void)state;
    struct kr_note_signer s;
    struct kr_secret seed = KR_SECRET_NONE;
    kr_secret_alloc(&seed, 31);
    assert_int_equal(kr_note_signer_init(KR_NOTE_ED25519, "n", &seed, &s), KR_LOG_KEY_FORM);
    kr_secret_alloc(&seed, 32);
    assert_int_equal(kr_note_signer_init(KR_NOTE_ED25519, "a name", &seed, &s), KR_LOG_KEY_NAME);
    kr_secret_done(&seed);
}

/* The bytes that are published with the C2SP figures. */
static void test_made(void **state)
{
    (void)state;
    struct kr_note_signer log_signer, witness;
    struct kr_buf b;
    kr_buf_init(&b, KR_NOTE_MAX);
    example_signer(KR_NOTE_ED25519, &log_signer);
    example_signer(KR_NOTE_COSIGNATURE, &witness);
    kr_note_write(&log_signer, kr_span_str(TEXT), &b);
    kr_note_sign(&witness, kr_span_str(TEXT), 1700000000, &b);
    assert_text(&b, TEXT "\n" LOG_LINE WITNESS_LINE);
    kr_cosignature_text(&b, 1700000000, kr_span_str(TEXT));
    assert_text(&b, "cosignature/v1\ntime 1700000000\n" TEXT);
    kr_buf_done(&b);
    kr_note_signer_done(&log_signer);
    kr_note_signer_done(&witness);
}

static enum kr_log_verdict open_note(const char *note, struct kr_note_known known[static 2])
{
    struct kr_span text = kr_span_str("kept");
    known[0] = (struct kr_note_known){.key = &log_key, .signed_it = true, .time_s = 5};
    known[1] = (struct kr_note_known){.key = &witness_key, .signed_it = true, .time_s = 5};
    enum kr_log_verdict v = kr_note_open(kr_span_str(note), known, 2, &text);
    if (v == KR_LOG_OK) {
        assert_int_equal(known[0].time_s, 0);
        return v;
    }
    assert_int_equal(text.len, 4);
    for (size_t i = 0; i < 2; i++) {
        assert_false(known[i].signed_it);
        assert_int_equal(known[i].time_s, 0);
    }
    return v;
}

static void test_opened(void **state)
{
    (void)state;
    struct kr_note_known known[2];
    assert_int_equal(open_note(TEXT "\n" LOG_LINE WITNESS_LINE, known), KR_LOG_OK);
    assert_true(known[0].signed_it && known[1].signed_it);
    assert_int_equal(known[1].time_s, 1700000000);
    assert_int_equal(open_note(TEXT "\n" OTHER_LINE LOG_LINE, known), KR_LOG_OK);
    assert_true(known[0].signed_it && !known[1].signed_it);
    assert_int_equal(open_note(TEXT "\n" WITNESS_LINE LOG_LINE WITNESS_LINE, known), KR_LOG_OK);

    struct kr_span text;
    assert_int_equal(kr_note_open(kr_span_str(TEXT "\n" LOG_LINE), known, 1, &text), KR_LOG_OK);
    assert_int_equal(text.len, strlen(TEXT));
    assert_memory_equal(text.ptr, TEXT, text.len);
}

/* The note that the tests of other implementations share: made by none of our code. */
static void test_foreign_note(void **state)
{
    (void)state;
    struct kr_note_key key;
    struct kr_note_known known = {.key = &key};
    struct kr_span text;
    static const char vkey[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    static const char note[] =
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
        "\n" DASH "PeterNeumann "
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    assert_int_equal(kr_note_key_read(kr_span_str(vkey), &key), KR_LOG_OK);
    assert_int_equal(kr_note_open(kr_span_str(note), &known, 1, &text), KR_LOG_OK);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *note;
        enum kr_log_verdict want;
    } cases[] = {
        {"", KR_LOG_NOTE_CUT},
        {"text", KR_LOG_NOTE_CUT},
        {TEXT, KR_LOG_NOTE_NO_SIGNATURES},
        {TEXT "\n", KR_LOG_NOTE_NO_SIGNATURES},
        {"\n", KR_LOG_NOTE_NO_SIGNATURES},
        {TEXT LOG_LINE, KR_LOG_NOTE_NO_SIGNATURES},
        {TEXT "\n" LOG_LINE "\n", KR_LOG_NOTE_NO_SIGNATURES},
        {TEXT "\n" LOG_LINE DASH "cut AAAAAAAA", KR_LOG_NOTE_CUT},
        {TEXT "\t\n\n" LOG_LINE, KR_LOG_NOTE_NOT_TEXT},
        {TEXT "\r\n" LOG_LINE, KR_LOG_NOTE_NOT_TEXT},
        {TEXT "\xff\n\n" LOG_LINE, KR_LOG_NOTE_NOT_TEXT},
        {TEXT "\n" LOG_LINE "no dash AAAAAAAA\n", KR_LOG_NOTE_SIGNATURE_LINE},
        {TEXT "\n" LOG_LINE "- other.example AAAAAAAA\n", KR_LOG_NOTE_SIGNATURE_LINE},
        {TEXT "\n" LOG_LINE DASH "other.example\n", KR_LOG_NOTE_SIGNATURE_LINE},
        {TEXT "\n" LOG_LINE DASH " AAAAAAAA\n", KR_LOG_NOTE_SIGNATURE_LINE},
        {TEXT "\n" LOG_LINE DASH "other+example AAAAAAAA\n", KR_LOG_NOTE_SIGNATURE_LINE},
        {TEXT "\n" LOG_LINE DASH "other.example AAAAAA==\n", KR_LOG_NOTE_SIGNATURE_LINE},
        {TEXT "\n" LOG_LINE DASH "other.example AAAAAAA\n", KR_LOG_NOTE_SIGNATURE_LINE},
        {TEXT "\n" LOG_LINE DASH "other.example AAAAAAAA \n", KR_LOG_NOTE_SIGNATURE_LINE},
        {TEXT "\n" LOG_LINE DASH "other.example AAAAAAAA AAAAAAAA\n", KR_LOG_NOTE_SIGNATURE_LINE},
        {TEXT "\n" OTHER_LINE, KR_LOG_UNSIGNED},
        {"x" TEXT "\n" LOG_LINE, KR_LOG_BAD_SIGNATURE},
        {TEXT "\n\n" LOG_LINE, KR_LOG_BAD_SIGNATURE},
        {"x" TEXT "\n" WITNESS_LINE, KR_LOG_BAD_SIGNATURE},
        /* Of a known key, but too short; one good signature does not make up for a bad one. */
        {TEXT "\n" LOG_LINE DASH "kms.example.org/audit cD0vcwA=\n", KR_LOG_BAD_SIGNATURE},
        {TEXT "\n" LOG_LINE DASH "witness.example.org DqEmZAAAAABlU/EA\n", KR_LOG_BAD_SIGNATURE},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kr_note_known known[2];
        enum kr_log_verdict v = open_note(cases[i].note, known);
        if (v != cases[i].want)
            fail_msg("case %zu: %s", i, kr_log_verdict_name(v));
    }
}

/* A key is known by name and id together; with either alone it is somebody else's. */
static void test_other_name(void **state)
{
    (void)state;
    struct kr_note_known known = {.key = &log_key};
    struct kr_span text;
    static const char other_name[] =
        TEXT "\n" DASH "kms.example.org/audi "
             "cD0vc5IEpEW//dH6aE48KH2LKuWQ8GONNiweujfaOh1yV8F+x+KhVqGSBsrwNeuyRI+3cNdHbPn3+JZ43eRzv1OoAAg=\n";
    static const char other_id[] =
        TEXT "\n" DASH "kms.example.org/audit "
             "cD0vdJIEpEW//dH6aE48KH2LKuWQ8GONNiweujfaOh1yV8F+x+KhVqGSBsrwNeuyRI+3cNdHbPn3+JZ43eRzv1OoAAg=\n";
    assert_int_equal(kr_note_open(kr_span_str(other_name), &known, 1, &text), KR_LOG_UNSIGNED);
    assert_int_equal(kr_note_open(kr_span_str(other_id), &known, 1, &text), KR_LOG_UNSIGNED);
}

/* Every bit of a note is of the text, of the signature or of the form: none may change unnoticed. */
static void test_every_byte(void **state)
{
    (void)state;
    char note[] = TEXT "\n" LOG_LINE;
    struct kr_note_known known = {.key = &log_key};
    struct kr_span text;
    for (size_t i = 0; i + 1 < sizeof(note); i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            note[i] = (char)(note[i] ^ (1 << bit));
            assert_int_not_equal(kr_note_open(kr_span(note, sizeof(note) - 1), &known, 1, &text), KR_LOG_OK);
            note[i] = (char)(note[i] ^ (1 << bit));
        }
        assert_int_not_equal(kr_note_open(kr_span(note, i), &known, 1, &text), KR_LOG_OK);
    }
    assert_int_equal(kr_note_open(kr_span(note, sizeof(note) - 1), &known, 1, &text), KR_LOG_OK);
}

static void test_limits(void **state)
{
    (void)state;
    struct kr_note_known known = {.key = &log_key};
    struct kr_span text;
    struct kr_buf b;
    kr_buf_init(&b, (size_t)KR_NOTE_MAX + 1);
    kr_buf_add_str(&b, TEXT "\n" LOG_LINE);
    for (size_t i = 1; i < KR_NOTE_SIGNATURES_MAX; i++)
        kr_buf_add_str(&b, OTHER_LINE);
    assert_int_equal(kr_note_open(kr_buf_span(&b), &known, 1, &text), KR_LOG_OK);
    kr_buf_add_str(&b, OTHER_LINE);
    assert_int_equal(kr_note_open(kr_buf_span(&b), &known, 1, &text), KR_LOG_NOTE_TOO_LONG);
    while (b.len <= KR_NOTE_MAX)
        kr_buf_add_str(&b, "\n");
    assert_int_equal(b.err, 0);
    assert_int_equal(kr_note_open(kr_buf_span(&b), &known, 1, &text), KR_LOG_NOTE_TOO_LONG);
    kr_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_keys),       cmocka_unit_test(test_bad_keys),
                                       cmocka_unit_test(test_bad_seed),   cmocka_unit_test(test_made),
                                       cmocka_unit_test(test_opened),     cmocka_unit_test(test_foreign_note),
                                       cmocka_unit_test(test_refused),    cmocka_unit_test(test_other_name),
                                       cmocka_unit_test(test_every_byte), cmocka_unit_test(test_limits)};
    return cmocka_run_group_tests(tests, setup, NULL);
}
