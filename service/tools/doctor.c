#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "http.h"

enum {
    LINE_MAX_TEXT = 1024,
    READ_SIZE_LOW = 65536, /* below it one connection carries 3 MB/s, however idle the server is */
    SKEW_MAX_MS = 5000,    /* what the log's times may be off without misleading anybody */
    RATE_LOW = 40000       /* bytes a second: 20 stock clients that switch on send 45 kB each within 5 s */
};

void kr_found(struct kr_finding *f, const char *check, const char *remedy, const char *fmt, ...)
{
    char text[LINE_MAX_TEXT];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    f->bad += remedy != NULL;
    (void)json_array_append_new(f->list, json_pack("{s:s, s:b, s:s, s:s*}", "check", check, "ok",
                                                   remedy == NULL, "text", text, "remedy", remedy));
}

static json_t *ask(const char *socket, const char *path, char errmsg[static KR_HTTP_ERR])
{
    struct kr_http_answer answer = {0};
    json_t *json;

    if (kr_http_request(socket, path, NULL, errmsg, &answer))
        return NULL;
    json = answer.status == 200 ? json_loadb(answer.body, answer.len, 0, NULL) : NULL;
    if (!json)
        (void)snprintf(errmsg, KR_HTTP_ERR, "keyroomd answers %u to %s", answer.status, path);
    free(answer.body);
    return json;
}

/* "10kb/s", "1.5mb/s" as mod_limits takes them, in bytes a second; 0: not of the form. */
static double rate_of(const char *text)
{
    char *end = NULL;
    double v = strtod(text, &end);

    switch (end ? *end : '\0') {
    case 'k':
        return v * 1000;
    case 'm':
        return v * 1000000;
    case 'b':
        return v;
    default:
        return 0;
    }
}

static void judge_module(struct kr_finding *f, const json_t *m, size_t *ret_served)
{
    const char *domain = kr_field_text(m, "domain"), *rate = kr_field_text(m, "c2s_rate");

    if (!kr_field_flag(m, "served"))
        kr_found(f, "muc", "add a line `muc = DOMAIN` to keyroom.conf, or take the module off that MUC",
                 "the module is loaded on %s, whose rooms keyroom.conf does not name", domain);
    else if (!kr_field_flag(m, "may_invite"))
        kr_found(f, "inviter",
                 "add a line `inviter = DOMAIN` to keyroom.conf: the module invites in its MUC's name",
                 "the module of %s may not invite the service into its rooms", domain);
    else
        kr_found(f, "module", NULL, "the module is loaded on %s (Prosody %s) and may invite", domain,
                 kr_field_text(m, "version"));
    ++*ret_served;
    if (kr_field_number(m, "skew_ms") > SKEW_MAX_MS || kr_field_number(m, "skew_ms") < -SKEW_MAX_MS)
        kr_found(f, "clock", "set both clocks by NTP: the log's times are compared with the server's",
                 "the server's clock is %lld s away from ours",
                 (long long)kr_field_number(m, "skew_ms") / 1000);
    if (*rate && rate_of(rate) < RATE_LOW)
        kr_found(f, "limits",
                 "raise limits.c2s.rate in Prosody (docker-jitsi-meet: PROSODY_C2S_LIMIT) to 512kb/s: with "
                 "20 people "
                 "keys take longer than the clients wait",
                 "clients may send %s", rate);
}

static const json_t *module_of(const json_t *modules, const char *domain)
{
    const json_t *m;
    size_t i;

    json_array_foreach(modules, i, m)
    {
        if (strcmp(kr_field_text(m, "domain"), domain) == 0)
            return m;
    }
    return NULL;
}

static void judge_modules(struct kr_finding *f, const struct kr_doctor_config *c, const json_t *status)
{
    const json_t *modules = json_object_get(status, "modules"), *m;
    size_t i, served = 0;

    json_array_foreach(modules, i, m)
    {
        judge_module(f, m, &served);
    }
    for (i = 0; i < c->muc_count; i++) {
        if (!strpbrk(c->muc[i], "*?") && !module_of(modules, c->muc[i]))
            kr_found(f, "module",
                     "add \"muc_keyroom\" to modules_enabled of that MUC, with keyroom_component naming our "
                     "JID, and "
                     "prosody/ of this package to plugin_paths (docker-jitsi-meet: XMPP_MUC_MODULES, "
                     "XMPP_BREAKOUT_MUC_MODULES); without it only rooms of keyroom.conf are served, and the "
                     "service is "
                     "seen in them",
                     "no module speaks for %s", c->muc[i]);
    }
    m = json_array_get(modules, 0);
    if (!m)
        return;
    if (kr_field_flag(m, "rate_limit"))
        kr_found(f, "rate-limit",
                 "take it out (docker-jitsi-meet: PROSODY_ENABLE_RATE_LIMITS=0): three messages in a burst "
                 "are its "
                 "limit, and a rotation with four people is more",
                 "mod_rate_limit is loaded");
    if (kr_field_number(m, "read_size") < READ_SIZE_LOW)
        kr_found(f, "read-size", "set network_default_read_size = 65536 in Prosody's global section",
                 "Prosody reads %lld bytes at a time: large rotations wait for it",
                 (long long)kr_field_number(m, "read_size"));
    else
        kr_found(f, "read-size", NULL, "Prosody reads %lld bytes at a time",
                 (long long)kr_field_number(m, "read_size"));
    if (strcmp(kr_field_text(m, "conflict"), "kick_old") != 0)
        kr_found(f, "conflict", "set component_conflict_resolve = \"kick_old\" in the Component block",
                 "a half-dead link keeps keyroomd from coming back");
}

/* The ghost: does every room that there is have the service in it? */
static void judge_rooms(struct kr_finding *f, const json_t *rooms)
{
    const json_t *r;
    size_t i, joined = 0, count = 0;

    json_array_foreach(json_object_get(rooms, "rooms"), i, r)
    {
        count++;
        joined += kr_field_flag(r, "joined");
        if (!kr_field_flag(r, "joined"))
            kr_found(f, "ghost",
                     "see keyroomd's log for why; a room of keyroom.conf that does not exist is not made",
                     "the service is not in %s", kr_field_text(r, "room"));
    }
    if (joined == count)
        kr_found(f, "ghost", NULL, "the service is in all %zu rooms that it knows", count);
}

static void examine(struct kr_finding *f, const char *config_path, const char *socket)
{
    struct kr_doctor_config c;
    char errmsg[KR_HTTP_ERR];
    json_t *status, *rooms;

    if (!kr_doctor_read(f, config_path, &c))
        return;
    kr_doctor_log(f, &c);
    socket = socket ? socket : c.control_socket;
    status = ask(socket, "/v1/status", errmsg);
    if (!status) {
        kr_found(f, "keyroomd", "start it (systemctl start keyroomd), and run this as an operator", "%s",
                 errmsg);
        kr_doctor_probe(f, &c);
        return;
    }
    kr_found(f, "keyroomd", NULL, "keyroomd %s answers", kr_field_text(status, "version"));
    if (kr_field_flag(status, "link_up")) {
        kr_found(f, "component", NULL, "it is connected to the server as %s", kr_field_text(status, "jid"));
        judge_modules(f, &c, status);
        rooms = ask(socket, "/v1/rooms", errmsg);
        if (rooms)
            judge_rooms(f, rooms);
        json_decref(rooms);
    } else {
        kr_doctor_probe(f, &c);
    }
    json_decref(status);
}

static void print(const struct kr_finding *f)
{
    const json_t *o;
    size_t i;

    json_array_foreach(f->list, i, o)
    {
        (void)printf("%s  %-14s %s\n", kr_field_flag(o, "ok") ? "ok " : "BAD", kr_field_text(o, "check"),
                     kr_field_text(o, "text"));
        if (*kr_field_text(o, "remedy"))
            (void)printf("     %-14s -> %s\n", "", kr_field_text(o, "remedy"));
    }
    (void)printf("%s\n", f->bad ? "something is wrong" : "all is well");
}

int kr_doctor(const char *config_path, const char *socket, bool as_json)
{
    struct kr_finding f = {.list = json_array()};
    json_t *answer;
    char *text;

    examine(&f, config_path, socket);
    if (as_json) {
        answer = json_pack("{s:b, s:O}", "ok", (int)(f.bad == 0), "checks", f.list);
        text = json_dumps(answer, JSON_INDENT(2));
        (void)printf("%s\n", text ? text : "{}");
        free(text);
        json_decref(answer);
    } else {
        print(&f);
    }
    json_decref(f.list);
    return f.bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
