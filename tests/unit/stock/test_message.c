/* Jitsi's own messages as they are read: each form, each way to miss it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "stock/message.h"

#define KEY        "bXgclWxqm5ECgQn4dR6bH4CFtqP9nF1cctngF59oplM"
#define INIT(data) "{\"type\":\"olm\",\"olm\":{\"data\":" data ",\"type\":\"session-init\"}}"

static int parse(const char *json, struct kr_stock_message *m)
{
    return kr_stock_parse(kr_span_str(json), m);
}

static void refused(const char *json)
{
    struct kr_stock_message m;
    assert_int_equal(parse(json, &m), KR_E_MALFORMED);
}

static void test_other_json(void **state)
{
    (void)state;
    struct kr_stock_message m;
    assert_int_equal(parse("{\"type\":\"e2e-ping-request\",\"id\":3}", &m), 0);
    assert_int_equal(m.type, KR_STOCK_TYPE_NONE);
    assert_int_equal(parse("{\"olm\":{}}", &m), 0);
    assert_int_equal(m.type, KR_STOCK_TYPE_NONE);
    assert_int_equal(parse("{\"type\":{\"type\":\"olm\"}}", &m), 0);
    assert_int_equal(m.type, KR_STOCK_TYPE_NONE);
}

static void test_no_json(void **state)
{
    (void)state;
    refused("");
    refused("olm");
    refused("{\"type\":\"olm\"");
    refused("[\"olm\"]");
    refused("{\"type\":\"olm\",\"type\":\"other\"}");
    refused("{\"type\":\"olm\"} {}");
    refused("{\"type\":\"olm\"}");
    refused("{\"type\":\"olm\",\"olm\":3}");
    refused("{\"type\":\"olm\",\"olm\":{\"type\":7,\"data\":{}}}");
    refused("{\"type\":\"olm\",\"olm\":{\"type\":\"session-init\"}}");
    refused("{\"type\":\"olm\",\"olm\":{\"type\":\"session-init\",\"data\":[]}}");
}

static void test_too_large(void **state)
{
    (void)state;
    struct kr_stock_message m;
    char *big = malloc(KR_STOCK_JSON_MAX + 2);
    assert_non_null(big);
    memset(big, ' ', KR_STOCK_JSON_MAX + 1);
    memcpy(big, "{}", 2);
    big[KR_STOCK_JSON_MAX + 1] = '\0';
    assert_int_equal(parse(big, &m), KR_E_TOO_LARGE);
    big[KR_STOCK_JSON_MAX] = '\0';
    assert_int_equal(parse(big, &m), 0);
    free(big);
}

static void test_session_init(void **state)
{
    (void)state;
    struct kr_stock_message m;
    struct kr_key key;
    assert_int_equal(kr_key_read(KEY, &key), 0);
    assert_int_equal(parse(INIT("{\"uuid\":\"u-1\",\"otKey\":\"" KEY "\",\"idKey\":\"" KEY "\"}"), &m), 0);
    assert_int_equal(m.type, KR_STOCK_TYPE_SESSION_INIT);
    assert_string_equal(m.uuid, "u-1");
    assert_true(kr_key_equal(&m.id_key, &key));
    assert_false(m.has_signature);
    assert_string_equal(m.unknown, "");
    /* Since September 2026, and what may come after it. */
    assert_int_equal(
        parse(INIT("{\"idKey\":\"" KEY "\",\"otKey\":\"" KEY "\",\"signature\":\"x\",\"uuid\":\"u\"}"), &m),
        0);
    assert_true(m.has_signature);
    assert_string_equal(m.unknown, "");
    assert_int_equal(
        parse(INIT("{\"idKey\":\"" KEY "\",\"otKey\":\"" KEY "\",\"kem\":{},\"uuid\":\"u\"}"), &m), 0);
    assert_string_equal(m.unknown, "kem");
    refused(INIT("{\"otKey\":\"" KEY "\",\"idKey\":\"" KEY "\"}"));
    refused(INIT("{\"uuid\":\"\",\"otKey\":\"" KEY "\",\"idKey\":\"" KEY "\"}"));
    refused(INIT("{\"uuid\":\"a\\u0000b\",\"otKey\":\"" KEY "\",\"idKey\":\"" KEY "\"}"));
    refused(INIT("{\"uuid\":\"u\",\"otKey\":\"" KEY "\",\"idKey\":\"" KEY "=\"}"));
    refused(INIT("{\"uuid\":\"u\",\"otKey\":\"short\",\"idKey\":\"" KEY "\"}"));
    refused(INIT("{\"uuid\":\"u\",\"otKey\":\"" KEY "\"}"));
    refused(INIT("{\"uuid\":"
                 "\"0123456789012345678901234567890123456789012345678901234567890123456789\",\"otKey\":\"" KEY
                 "\",\"idKey\":\"" KEY "\"}"));
}

static void test_sealed(void **state)
{
    (void)state;
    struct kr_stock_message m;
    for (enum kr_stock_type t = KR_STOCK_TYPE_SESSION_ACK; t <= KR_STOCK_TYPE_KEY_INFO_ACK; t++) {
        struct kr_buf b;
        kr_buf_init(&b, 4096);
        kr_buf_printf(&b,
                      "{\"type\":\"olm\",\"olm\":{\"data\":{\"ciphertext\":{\"type\":1,\"body\":\"AwogDG\"},"
                      "\"uuid\":\"u\"},\"type\":\"%s\"}}",
                      kr_stock_type_name(t));
        assert_int_equal(kr_stock_parse(kr_buf_span(&b), &m), 0);
        assert_int_equal(m.type, t);
        assert_false(m.is_prekey);
        kr_buf_done(&b);
    }
    refused("{\"type\":\"olm\",\"olm\":{\"type\":\"key-info\",\"data\":{\"uuid\":\"u\"}}}");
    refused("{\"type\":\"olm\",\"olm\":{\"type\":\"key-info\",\"data\":{\"ciphertext\":{\"type\":2,\"body\":"
            "\"A\"},"
            "\"uuid\":\"u\"}}}");
    refused("{\"type\":\"olm\",\"olm\":{\"type\":\"key-info\",\"data\":{\"ciphertext\":{\"type\":0},\"uuid\":"
            "\"u\"}}}");
}

static void test_sas_and_errors(void **state)
{
    (void)state;
    struct kr_stock_message m;
    assert_int_equal(
        parse("{\"type\":\"olm\",\"olm\":{\"type\":\"error\",\"data\":{\"error\":\"Session\\n already\"}}}",
              &m),
        0);
    assert_int_equal(m.type, KR_STOCK_TYPE_ERROR);
    assert_string_equal(m.error, "Session already");
    assert_int_equal(
        parse("{\"type\":\"olm\",\"olm\":{\"type\":\"sas-start\",\"data\":{\"transactionId\":\"t\"}}}", &m),
        0);
    assert_int_equal(m.type, KR_STOCK_TYPE_SAS_START);
    assert_string_equal(m.uuid, "t");
    refused("{\"type\":\"olm\",\"olm\":{\"type\":\"sas-mac\",\"data\":{\"transactionId\":\"t\",\"keys\":"
            "\"k\",\"mac\":\"m\"}}}");
    refused("{\"type\":\"olm\",\"olm\":{\"type\":\"sas-key\",\"data\":{\"transactionId\":\"t\"}}}");
    assert_int_equal(parse("{\"type\":\"olm\",\"olm\":{\"type\":\"pq-session-init\",\"data\":{}}}", &m), 0);
    assert_int_equal(m.type, KR_STOCK_TYPE_OTHER);
    assert_string_equal(m.type_name, "pq-session-init");
}

static void test_page_event(void **state)
{
    (void)state;
    struct kr_buf b;
    struct kr_stock_message m;
    kr_buf_init(&b, 256);
    assert_int_equal(kr_stock_page_event("refused", NULL, "say \"hi\"", &b), 0);
    char *text = kr_buf_take_str(&b);
    assert_string_equal(text, "{\"type\":\"keyroom\",\"event\":\"refused\",\"text\":\"say \\\"hi\\\"\"}");
    assert_int_equal(parse(text, &m), 0);
    assert_int_equal(m.type, KR_STOCK_TYPE_NONE);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_json), cmocka_unit_test(test_no_json),
        cmocka_unit_test(test_too_large),  cmocka_unit_test(test_session_init),
        cmocka_unit_test(test_sealed),     cmocka_unit_test(test_sas_and_errors),
        cmocka_unit_test(test_page_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
