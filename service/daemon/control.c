#include "daemon/control.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/limit.h"
#include "base/utf8.h"
#include "daemon/report.h"
#include "io/log.h"

enum {
    HTTP_OK = 200,
    HTTP_BAD = 400,
    HTTP_NOT_FOUND = 404,
    HTTP_NOT_ALLOWED = 405,
    HTTP_CONFLICT = 409,
    HTTP_INTERNAL = 500
};

static void answer_json(struct kr_web_answer *a, unsigned status, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;

    json_decref(json);
    *a = (struct kr_web_answer){.status = text ? status : HTTP_INTERNAL,
                                .type = "application/json",
                                .body = text,
                                .len = text ? strlen(text) : 0};
}

static void answer_error(struct kr_web_answer *a, unsigned status, const char *error, const char *text)
{
    answer_json(a, status, json_pack("{s:s, s:s}", "error", error, "text", text));
}

static unsigned status_of(int err)
{
    switch (err) {
    case KR_E_MALFORMED:
    case KR_E_TOO_LARGE:
        return HTTP_BAD;
    case KR_E_UNKNOWN_ROOM:
    case KR_E_UNKNOWN_DEVICE:
    case KR_E_NOT_IN_ROOM:
    case KR_E_NOT_FOUND:
        return HTTP_NOT_FOUND;
    default:
        return kr_err_is_refusal(err) ? HTTP_CONFLICT : HTTP_INTERNAL;
    }
}

/* --- commands --- */

static const char *read_text(const json_t *body, const char *name, size_t max, bool required,
                             const char **ret_text)
{
    const json_t *v = json_object_get(body, name);

    if (!v && !required) {
        *ret_text = "";
        return NULL;
    }
    if (!json_is_string(v) || strlen(json_string_value(v)) != json_string_length(v) ||
        !kr_utf8_plain(json_string_value(v), max) || (required && !*json_string_value(v)))
        return name;
    *ret_text = json_string_value(v);
    return NULL;
}

/* The name of the first field that is missing or wrong, or NULL. */
static const char *read_grant(const json_t *body, struct kr_control *ret_control)
{
    const char *device = NULL;
    const char *wrong = read_text(body, "device", KR_ID_TEXT, true, &device);

    if (wrong || kr_id_read(device, &ret_control->device))
        return "device";
    wrong = read_text(body, "scope", KR_JID_MAX, true, &ret_control->scope);
    if (!wrong && strcmp(ret_control->scope, KR_SCOPE_EVERYWHERE) != 0 && !strchr(ret_control->scope, '@'))
        wrong = "scope";
    if (!wrong && ret_control->kind == KR_CONTROL_REVOKE)
        wrong = read_text(body, "reason", KR_REASON_MAX, false, &ret_control->reason);
    return wrong;
}

static void run_command(struct kr_daemon *d, enum kr_control_kind kind, const json_t *body,
                        struct kr_web_answer *a)
{
    struct kr_control control = {.kind = kind, .scope = "", .reason = ""};
    struct kr_control_reply reply;
    const char *wrong = kind == KR_CONTROL_ROTATE ? read_text(body, "room", KR_JID_MAX, true, &control.scope)
                                                  : read_grant(body, &control);
    char text[120];
    int err;

    if (wrong) {
        (void)snprintf(text, sizeof(text), "the field \"%s\" is missing or not of its form", wrong);
        answer_error(a, HTTP_BAD, "malformed", text);
        return;
    }
    err = kr_daemon_control(d, &control, &reply);
    if (err) {
        answer_error(a, HTTP_INTERNAL, "store", d->turn.errmsg);
        return;
    }
    if (reply.err)
        answer_error(a, status_of(reply.err), kr_errname(reply.err), reply.text);
    else
        answer_json(a, HTTP_OK, json_pack("{s:b, s:s}", "ok", 1, "text", reply.text));
    free(reply.text);
}

static void approve(struct kr_daemon *d, const json_t *body, struct kr_web_answer *a)
{
    run_command(d, KR_CONTROL_APPROVE, body, a);
}

static void revoke(struct kr_daemon *d, const json_t *body, struct kr_web_answer *a)
{
    run_command(d, KR_CONTROL_REVOKE, body, a);
}

static void rotate(struct kr_daemon *d, const json_t *body, struct kr_web_answer *a)
{
    run_command(d, KR_CONTROL_ROTATE, body, a);
}

static void backup(struct kr_daemon *d, const json_t *body, struct kr_web_answer *a)
{
    const char *path = NULL;
    int err;

    if (read_text(body, "path", 4096, true, &path) || *path != '/') {
        answer_error(a, HTTP_BAD, "malformed", "the field \"path\" is missing or no absolute path");
        return;
    }
    err = d->store->ops->backup(d->store, path);
    if (err) {
        kr_logf(KR_LOG_WARN, "backup to %s -> failed (%s: %s)", path, kr_strerror(err), d->store->errmsg);
        answer_error(a, HTTP_INTERNAL, kr_errname(err),
                     d->store->errmsg[0] ? d->store->errmsg : kr_strerror(err));
        return;
    }
    kr_logf(KR_LOG_INFO, "backup to %s -> done", path);
    answer_json(a, HTTP_OK,
                json_pack("{s:b, s:s, s:s}", "ok", 1, "path", path, "text", "the backup is complete"));
}

/* --- reads --- */

static void get_status(struct kr_daemon *d, struct kr_web_answer *a)
{
    answer_json(a, HTTP_OK, kr_report_status(d));
}

static void get_rooms(struct kr_daemon *d, struct kr_web_answer *a)
{
    answer_json(a, HTTP_OK, kr_report_rooms(d));
}

static void get_devices(struct kr_daemon *d, struct kr_web_answer *a)
{
    json_t *list = NULL;
    int err = kr_report_devices(d, &list);

    if (err)
        answer_error(a, HTTP_INTERNAL, kr_errname(err), d->store->errmsg);
    else
        answer_json(a, HTTP_OK, list);
}

static void get_room(struct kr_daemon *d, const char *room, struct kr_web_answer *a)
{
    json_t *json = kr_report_room(d, room);

    if (json)
        answer_json(a, HTTP_OK, json);
    else
        answer_error(a, HTTP_NOT_FOUND, kr_errname(KR_E_UNKNOWN_ROOM), kr_strerror(KR_E_UNKNOWN_ROOM));
}

/* --- dispatch --- */

static const struct route {
    const char *path;
    void (*get)(struct kr_daemon *d, struct kr_web_answer *a);
    void (*post)(struct kr_daemon *d, const json_t *body, struct kr_web_answer *a);
} routes[] = {
    {"/v1/status", get_status, NULL}, {"/v1/rooms", get_rooms, NULL}, {"/v1/devices", get_devices, NULL},
    {"/v1/approve", NULL, approve},   {"/v1/revoke", NULL, revoke},   {"/v1/rotate", NULL, rotate},
    {"/v1/backup", NULL, backup},
};

static void not_allowed(struct kr_web_answer *a, const char *allow)
{
    answer_error(a, HTTP_NOT_ALLOWED, "method-not-allowed", allow);
    a->allow = allow;
}

/* Jansson quotes the body, and may end in the middle of a character: that could not be answered as JSON. */
static const char *why_no_json(const json_error_t *error)
{
    return kr_utf8_plain(error->text, sizeof(error->text)) ? error->text : "the body is not JSON";
}

static void post(struct kr_daemon *d, const struct route *route, const struct kr_web_request *request,
                 struct kr_web_answer *a)
{
    json_error_t error;
    json_t *body = json_loadb(request->body, request->body_len, JSON_REJECT_DUPLICATES, &error);

    if (json_is_object(body))
        route->post(d, body, a);
    else
        answer_error(a, HTTP_BAD, "malformed", body ? "the body is not a JSON object" : why_no_json(&error));
    json_decref(body);
}

void kr_control_handle(void *arg, const struct kr_web_request *request, struct kr_web_answer *ret_answer)
{
    static const char rooms[] = "/v1/rooms/";
    struct kr_daemon *d = arg;
    bool is_get = strcmp(request->method, "GET") == 0;

    for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++) {
        if (strcmp(request->path, routes[i].path) != 0)
            continue;
        if (routes[i].get && is_get)
            routes[i].get(d, ret_answer);
        else if (routes[i].post && strcmp(request->method, "POST") == 0)
            post(d, &routes[i], request, ret_answer);
        else
            not_allowed(ret_answer, routes[i].get ? "GET" : "POST");
        return;
    }
    if (strncmp(request->path, rooms, sizeof(rooms) - 1) != 0)
        answer_error(ret_answer, HTTP_NOT_FOUND, "not-found", "no such path");
    else if (!is_get)
        not_allowed(ret_answer, "GET");
    else
        get_room(d, request->path + sizeof(rooms) - 1, ret_answer);
}
