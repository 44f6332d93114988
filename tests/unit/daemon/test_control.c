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

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/control.h"
#include "daemon/daemon.h"
#include "io/log.h"
#include "store_memory/memory.h"

#define DEVICE "00112233445566778899aabbccddeeff"

struct world {
    struct kr_daemon d;
    struct kr_secret secret;
    struct kr_store_ops failing; /* the memory store's, with a commit that fails */
};

static void fill(void *state, void *out, size_t len)
{
    (void)state;
    memset(out, 7, len);
}

static const struct kr_random fixed = {fill, NULL};

static int fail_commit(struct kr_store *s)
{
    (void)snprintf(s->errmsg, sizeof(s->errmsg), "no space left");
    return KR_E_STORE_FULL;
}

static void configure(struct world *w)
{
    static char text[] = "jid = keyroom.example.org\nmuc = conference.example.org\nport = 1\n";
    char errmsg[KR_CONFIG_ERR];
    FILE *in = fmemopen(text, sizeof(text) - 1, "r");

    assert_non_null(in);
    assert_int_equal(kr_config_read(in, "k.conf", errmsg, &w->d.config), 0);
    (void)fclose(in);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct kr_link_config link = {.component = true,
                                  .host = "127.0.0.1",
                                  .port = 1,
                                  .jid = "keyroom.example.org",
                                  .backoff_min_ms = 1,
                                  .backoff_max_ms = 1};
    struct kr_link_callbacks callbacks;
    struct kr_turn_config turn;
    struct kr_settings settings;

    if (!w)
        return -1;
    kr_log_setup((enum kr_log_level)0, 0);
    configure(w);
    w->d.store = kr_store_memory_new();
    kr_config_settings(&w->d.config, &settings);
    w->d.core = kr_core_new(&settings, &fixed);
    kr_settings_done(&settings);
    kr_secret_set(&w->secret, "hush", 4);
    link.password = &w->secret;
    callbacks = kr_daemon_link_callbacks(&w->d);
    assert_int_equal(kr_link_new(&link, &callbacks, &fixed, &w->d.link), 0);
    turn = kr_daemon_turn_config(&w->d);
    kr_turn_init(&w->d.turn, &turn, w->d.store);
    assert_int_equal(kr_daemon_load(&w->d), 0);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    kr_turn_done(&w->d.turn);
    kr_core_free(w->d.core);
    kr_link_free(w->d.link);
    w->d.store->ops->close(w->d.store);
    kr_config_done(&w->d.config);
    kr_secret_done(&w->secret);
    free(w);
    return 0;
}

static struct kr_web_answer ask(struct world *w, const char *method, const char *path, const char *body)
{
    struct kr_web_answer a = {0};

    kr_control_handle(
        &w->d,
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
    struct kr_query q = {
        .kind = KR_Q_REGISTER, .owner = "alice@example.org", .room = "r@conference.example.org"};
    struct kr_query_result result = {0};

    assert_int_equal(kr_id_read(DEVICE, &q.device.id), 0);
    memset(q.device.ed25519.b, 1, sizeof(q.device.ed25519.b));
    memset(q.device.curve25519.b, 2, sizeof(q.device.curve25519.b));
    assert_int_equal(w->d.store->ops->begin(w->d.store), 0);
    assert_int_equal(w->d.store->ops->query(w->d.store, &q, 1000, &result), 0);
    assert_int_equal(w->d.store->ops->commit(w->d.store), 0);
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
    const struct kr_store_ops *ops = w->d.store->ops;

    know_device(w);
    w->failing = *ops;
    w->failing.commit = fail_commit;
    w->d.store->ops = &w->failing;
    refused(w, 500, "/v1/approve", "{\"device\":\"" DEVICE "\",\"scope\":\"*\"}", "store");
    assert_true(w->d.done);
    assert_int_equal(w->d.exit_code, 1);
}

/* --- metrics --- */

static struct kr_web_answer get_metrics(struct world *w, const char *method, const char *path)
{
    struct kr_web_answer a = {0};

    kr_metrics_handle(&w->d, &(struct kr_web_request){.method = method, .path = path, .body = ""}, &a);
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
