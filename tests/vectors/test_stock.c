/* A meeting recorded from Jitsi's own client code: every message of it is read as what it is, and one that is
 * made from what was read is the same JSON. test_stock FILE */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "stock/message.h"

static const char *file;

static void same_again(const json_t *json, const struct kr_stock_message *m)
{
    const json_t *data = json_object_get(json_object_get(json, "olm"), "data");
    const json_t *mac = json_object_get(data, "mac");
    struct kr_stock_parts parts = {
        .body = json_string_value(json_object_get(json_object_get(data, "ciphertext"), "body"))};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)mac, name, value)
    {
        parts.mac_id = name;
        parts.mac = json_string_value(value);
    }
    static const char *const sas[] = {"commitment", "key", "keys"};
    for (size_t i = 0; i < sizeof(sas) / sizeof(sas[0]); i++) {
        if (json_object_get(data, sas[i]))
            parts.sas = json_string_value(json_object_get(data, sas[i]));
    }
    struct kr_buf b;
    kr_buf_init(&b, 8192);
    assert_int_equal(kr_stock_json(m, &parts, &b), 0);
    json_t *made = json_loadb((const char *)b.ptr, b.len, 0, NULL);
    assert_true(json_equal(made, json));
    json_decref(made);
    kr_buf_done(&b);
}

static void test_transcript(void **state)
{
    (void)state;
    json_t *root = json_load_file(file, 0, NULL), *event;
    size_t i, count[KR_STOCK_TYPES] = {0};
    assert_non_null(root);
    json_array_foreach(json_object_get(root, "events"), i, event)
    {
        const json_t *json = json_object_get(event, "json");
        if (!json)
            continue;
        struct kr_stock_message m;
        char *text = json_dumps(json, 0);
        assert_int_equal(kr_stock_parse(kr_span_str(text), &m), 0);
        assert_string_equal(kr_stock_type_name(m.type),
                            json_string_value(json_object_get(json_object_get(json, "olm"), "type")));
        assert_string_equal(m.unknown, "");
        same_again(json, &m);
        count[m.type]++;
        free(text);
    }
    json_decref(root);
    assert_int_equal(count[KR_STOCK_TYPE_SESSION_INIT], 3);
    assert_int_equal(count[KR_STOCK_TYPE_SESSION_ACK], 3);
    assert_true(count[KR_STOCK_TYPE_KEY_INFO] >= 6 && count[KR_STOCK_TYPE_KEY_INFO_ACK] >= 6);
    assert_int_equal(count[KR_STOCK_TYPE_SAS_START], 1);
    assert_int_equal(count[KR_STOCK_TYPE_SAS_ACCEPT], 1);
    assert_int_equal(count[KR_STOCK_TYPE_SAS_KEY], 2);
    assert_int_equal(count[KR_STOCK_TYPE_SAS_MAC], 2);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    file = argv[1];
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_transcript)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
