/* tests/vectors/ed25519.json: the same signatures are taken, and the same refused, as everywhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>
#include <sodium.h>

#include "base/sign.h"

static json_t *cases;

/* Hex of at most max bytes; how many there are. */
static size_t bytes(const json_t *o, const char *name, uint8_t *out, size_t max)
{
    const char *text = json_string_value(json_object_get(o, name));
    size_t len = 0;
    assert_non_null(text);
    assert_int_equal(sodium_hex2bin(out, max, text, strlen(text), NULL, &len, NULL), 0);
    return len;
}

static void test_verdicts(void **state)
{
    (void)state;
    size_t i, valid = 0;
    json_t *v;
    json_array_foreach(cases, i, v)
    {
        uint8_t message[256];
        struct kr_key public;
        struct kr_sig sig;
        size_t len = bytes(v, "message", message, sizeof(message));
        assert_int_equal(bytes(v, "public", public.b, sizeof(public.b)), sizeof(public.b));
        assert_int_equal(bytes(v, "sig", sig.b, sizeof(sig.b)), sizeof(sig.b));
        bool want = json_is_true(json_object_get(v, "valid"));
        if (kr_verify(&public, kr_span(message, len), &sig) != want)
            fail_msg("%s", json_string_value(json_object_get(v, "name")));
        valid += want;
    }
    assert_true(i >= 40 && valid >= 5);
}

int main(int argc, char **argv)
{
    json_error_t error;
    json_t *root = argc == 2 ? json_load_file(argv[1], JSON_REJECT_DUPLICATES, &error) : NULL;
    cases = json_object_get(root, "cases");
    if (!cases || sodium_init() < 0)
        return 2;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_verdicts)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(root);
    return failed;
}
