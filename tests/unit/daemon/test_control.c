/* The control socket's requests and the metrics page, on the real core and the store in memory; no server, no
 * socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "daemon/control.h"
#include "daemon/daemon.h"
#include "support/daemon.h"

#define DEVICE KR_TEST_DEVICE

struct world {
    struct kr_test_daemon test;
    struct kr_daemon *d;
    struct kr_store_ops failing; /* the memory store's, with a commit that fails */
};

static int fail_commit(struct kr_store *s)
{
    (void)snprintf(s->errmsg, sizeof(s->errmsg), "no space left");
    return KR_E_STORE_FULL;
}

static int setup(void **state)
{
    static const char config[] = "jid = keyroom.example.org\nmuc = conference.example.org\nport = 1\n";
    struct world *w = calloc(1, sizeof(*w));

    if (!w)
        return -1;
    *state = w;
    w->d = &w->test.d;
    return kr_test_daemon_init(&w->test, config);
}

static int teardown(void **state)
{
    struct world *w = *state;

    kr_test_daemon_done(&w->test);
    free(w);
    return 0;
}

static struct kr_web_answer ask(struct world *w, const char *method, const char *path, const char *body)
{
    struct kr_web_answer a = {0};

    kr_control_handle(
        w->d,
        &(struct kr_web_request){.method = method, .path = path, .body = body, .body_len = strlen(body)}, &a);
    return a;
}

/* The answer's JSON, after its status was checked. */
static json_t *expect(struct world *w, unsigned status, const char *method, const char *path,
                      const char *body)
{
    struct kr_web_answer a = ask(w, method, path, body);
    json_t *json = json_loadb(a.body, a.len, 0, NULL);

    if (a.status != status)
        fail_msg("%s %s %s: %u: %.*s", method, path, body, a.status, (int)a.len, a.body);
    assert_string_equal(a.type, "application/json");
    assert_true(json_is_object(json));
    free(a.body);
    return json;
}

static void refused(struct world *w, unsigned status, const char *path, const char *body, const char *error)
{
    json_t *json = expect(w, status, "POST", path, body);

    assert_string_equal(json_string_value(json_object_get(json, "error")), error);
    assert_true(json_string_length(json_object_get(json, "text")) > 0);
    json_decref(json);
}

static void know_device(struct world *w)
{
    assert_int_equal(kr_test_daemon_know_device(&w->test), 0);
}

static void status_tells_what_is(void **state)
{
    json_t *json = expect(*state, 200, "GET", "/v1/status", "");

    assert_string_equal(json_string_value(json_object_get(json, "jid")), "keyroom.example.org");
    assert_true(json_is_false(json_object_get(json, "link_up")));
    assert_int_equal(json_integer_value(json_object_get(json, "rooms")), 0);
    json_decref(json);
}

static void paths_and_methods(void **state)
{
    struct kr_web_answer a;

    json_decref(expect(*state, 404, "GET", "/v1/nothing", ""));
    json_decref(expect(*state, 404, "GET", "/", ""));
    json_decref(expect(*state, 404, "GET", "/v1/rooms/r@conference.example.org", ""));
    json_decref(expect(*state, 405, "POST", "/v1/rooms/r@conference.example.org", "{}"));
    json_decref(expect(*state, 405, "DELETE", "/v1/devices", ""));
    a = ask(*state, "GET", "/v1/approve", "");
    assert_int_equal(a.status, 405);
    assert_string_equal(a.allow, "POST");
    free(a.body);
    a = ask(*state, "POST", "/v1/status", "{}");
    assert_int_equal(a.status, 405);
    assert_string_equal(a.allow, "GET");
    free(a.body);
}

static void bodies_are_checked(void **state)
{
    refused(*state, 400, "/v1/rotate", "", "malformed");
    refused(*state, 400, "/v1/rotate", "{\"room\":", "malformed");
    refused(*state, 400, "/v1/rotate", "{\"a\\u000\xd0\x9b\"}",
            "malformed"); /* an error text that is no UTF-8 */
    refused(*state, 400, "/v1/rotate", "[]", "malformed");
    refused(*state, 400, "/v1/rotate", "{}", "malformed");
    refused(*state, 400, "/v1/rotate", "{\"room\":7}", "malformed");
    refused(*state, 400, "/v1/rotate", "{\"room\":\"\"}", "malformed");
    refused(*state, 400, "/v1/rotate", "{\"room\":\"a\\u0000b\"}", "malformed");
    refused(*state, 400, "/v1/rotate", "{\"room\":\"a\\nb\"}", "malformed");
    refused(*state, 400, "/v1/rotate", "{\"room\":\"a\",\"room\":\"b\"}", "malformed");
    refused(*state, 400, "/v1/approve", "{\"device\":\"xy\",\"scope\":\"*\"}", "malformed");
    refused(*state, 400, "/v1/approve", "{\"device\":\"" DEVICE "\"}", "malformed");
    refused(*state, 400, "/v1/approve", "{\"device\":\"" DEVICE "\",\"scope\":\"room\"}", "malformed");
    refused(*state, 400, "/v1/revoke", "{\"device\":\"" DEVICE "\",\"scope\":\"*\",\"reason\":1}",
            "malformed");
    refused(*state, 400, "/v1/backup", "{\"path\":\"relative.db\"}", "malformed");
}

static void what_is_unknown_is_not_found(void **state)
{
    refused(*state, 404, "/v1/rotate", "{\"room\":\"r@conference.example.org\"}", "unknown-room");
    refused(*state, 404, "/v1/approve", "{\"device\":\"" DEVICE "\",\"scope\":\"*\"}", "unknown-device");
}

static void approve_and_revoke_reach_the_directory(void **state)
{
    struct world *w = *state;
    const json_t *device;
    json_t *json;

    know_device(w);
    json_decref(expect(w, 200, "POST", "/v1/approve", "{\"device\":\"" DEVICE "\",\"scope\":\"*\"}"));
    json = expect(w, 200, "GET", "/v1/devices", "");
    device = json_array_get(json_object_get(json, "devices"), 0);
    assert_string_equal(json_string_value(json_object_get(device, "device")), DEVICE);
    assert_string_equal(json_string_value(json_array_get(json_object_get(device, "owners"), 0)),
                        "alice@example.org");
    assert_string_equal(json_string_value(json_array_get(json_object_get(device, "approved"), 0)), "*");
    assert_int_equal(json_array_size(json_object_get(device, "revoked")), 0);
    json_decref(json);
    json_decref(expect(w, 200, "POST", "/v1/revoke",
                       "{\"device\":\"" DEVICE "\",\"scope\":\"*\",\"reason\":\"stolen\"}"));
    json = expect(w, 200, "GET", "/v1/devices", "");
    device = json_array_get(json_object_get(json, "devices"), 0);
    assert_int_equal(json_array_size(json_object_get(device, "approved")), 0);
    assert_string_equal(json_string_value(json_array_get(json_object_get(device, "revoked"), 0)), "*");
    json_decref(json);
    refused(w, 409, "/v1/approve", "{\"device\":\"" DEVICE "\",\"scope\":\"*\"}", "revoked");
}

static void a_store_that_fails_ends_the_process(void **state)
{
    struct world *w = *state;
    const struct kr_store_ops *ops = w->d->store->ops;

    know_device(w);
    w->failing = *ops;
    w->failing.commit = fail_commit;
    w->d->store->ops = &w->failing;
    refused(w, 500, "/v1/approve", "{\"device\":\"" DEVICE "\",\"scope\":\"*\"}", "store");
    assert_true(w->d->done);
    assert_int_equal(w->d->exit_code, 1);
}

/* --- metrics --- */

static struct kr_web_answer get_metrics(struct world *w, const char *method, const char *path)
{
    struct kr_web_answer a = {0};

    kr_pages_handle(w->d, &(struct kr_web_request){.method = method, .path = path, .body = ""}, &a);
    return a;
}

static bool has_suffix(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);

    return n >= m && strcmp(s + n - m, suffix) == 0;
}

/* Every sample belongs to the family whose HELP and TYPE stand before it, and ends with a number. */
static void the_page_has_the_text_format(void **state)
{
    struct kr_web_answer a = get_metrics(*state, "GET", "/metrics");
    char family[80] = "", *save = NULL;
    unsigned samples = 0;

    assert_int_equal(a.status, 200);
    assert_string_equal(a.type, "text/plain; version=0.0.4; charset=utf-8");
    assert_true(has_suffix(a.body, "\n"));
    for (char *line = strtok_r(a.body, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char name[80], *end;

        if (sscanf(line, "# HELP %79s", family) == 1 || sscanf(line, "# TYPE %79s", name) == 1) {
            assert_true(line[2] == 'H' || strcmp(name, family) == 0);
            continue;
        }
        assert_int_equal(sscanf(line, "%79[a-z_]", name), 1);
        assert_int_equal(strncmp(name, family, strlen(family)), 0);
        (void)strtod(strrchr(line, ' '), &end);
        assert_int_equal(*end, '\0');
        samples++;
    }
    assert_true(samples > 40);
    free(a.body);
}

static void the_page_is_read_only(void **state)
{
    struct kr_web_answer a = get_metrics(*state, "POST", "/metrics");

    assert_int_equal(a.status, 405);
    free(a.body);
    a = get_metrics(*state, "GET", "/v1/status");
    assert_int_equal(a.status, 404);
    free(a.body);
}

int main(void)
{
#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        IN_WORLD(status_tells_what_is),
        IN_WORLD(paths_and_methods),
        IN_WORLD(bodies_are_checked),
        IN_WORLD(what_is_unknown_is_not_found),
        IN_WORLD(approve_and_revoke_reach_the_directory),
        IN_WORLD(a_store_that_fails_ends_the_process),
        IN_WORLD(the_page_has_the_text_format),
        IN_WORLD(the_page_is_read_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
