#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/limit.h"
#include "doctor.h"
#include "http.h"
#include "show.h"
#include "store_sqlite/sqlite.h"

enum { EXIT_MISUSE = 2, PATH_TEXT = 3 * KR_JID_MAX + 64, FILE_TEXT = 4200 };

enum which { OPT_SOCKET, OPT_JSON, OPT_ROOM, OPT_REASON, OPT_FROM, OPT_DATABASE, OPT_CONFIG, OPTIONS };
#define BIT(which) (1u << (which))

static const char *const option_names[OPTIONS] = {"socket", "json",     "room",  "reason",
                                                  "from",   "database", "config"};

struct call { /* the command line, read */
    const char *value[OPTIONS];
    unsigned given;       /* bits of enum which */
    const char *argument; /* the command's own, or NULL */
};

struct command {
    const char *name;
    const char *argument;       /* its name, or NULL */
    unsigned allowed, required; /* bits of enum which besides --socket and --json */
    int (*run)(const struct command *c, const struct call *call);
    const char *path; /* of the request */
    void (*show)(const json_t *answer);
    const char *usage, *help;
};

static int complain(const char *what, const char *why)
{
    (void)fprintf(stderr, "keyroomctl: %s%s%s\n", what, why ? ": " : "", why ? why : "");
    return EXIT_FAILURE;
}

/* --- running --- */

static int show_answer(const struct command *c, const struct call *call, const struct kr_http_answer *answer)
{
    json_t *json = json_loadb(answer->body, answer->len, 0, NULL);
    const char *text = json_string_value(json_object_get(json, "text"));
    int exit_code = EXIT_SUCCESS;

    if (!json_is_object(json)) {
        exit_code =
            complain(c->name, "the answer is no JSON object: versions of keyroomctl and keyroomd may differ");
    } else if (answer->status != 200) {
        if (call->given & BIT(OPT_JSON))
            (void)printf("%s\n", answer->body);
        exit_code = complain(c->name, text ? text : "refused");
    } else if (call->given & BIT(OPT_JSON)) {
        (void)printf("%s\n", answer->body);
    } else {
        c->show(json);
    }
    json_decref(json);
    return exit_code;
}

static int request(const struct command *c, const struct call *call, const char *path, const char *body)
{
    struct kr_http_answer answer = {0};
    char errmsg[KR_HTTP_ERR];
    int exit_code;

    if (kr_http_request(call->value[OPT_SOCKET], path, body, errmsg, &answer))
        return complain(errmsg, NULL);
    exit_code = show_answer(c, call, &answer);
    free(answer.body);
    return exit_code;
}

/* Takes over the JSON. */
static int post(const struct command *c, const struct call *call, json_t *json)
{
    char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;
    int exit_code;

    json_decref(json);
    if (!body) {
        (void)complain(c->name, "an argument is not UTF-8");
        return EXIT_MISUSE;
    }
    exit_code = request(c, call, c->path, body);
    free(body);
    return exit_code;
}

static int run_get(const struct command *c, const struct call *call)
{
    return request(c, call, c->path, NULL);
}

static int run_room(const struct command *c, const struct call *call)
{
    static const char hex[] = "0123456789ABCDEF";
    char path[PATH_TEXT];
    size_t len = strlen(c->path);

    if (strlen(call->argument) > KR_JID_MAX)
        return complain(c->name, "that is too long for a room's JID");
    memcpy(path, c->path, len);
    for (const unsigned char *p = (const unsigned char *)call->argument; *p; p++) {
        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '-' ||
            *p == '.' || *p == '_') {
            path[len++] = (char)*p;
        } else {
            path[len++] = '%';
            path[len++] = hex[*p >> 4];
            path[len++] = hex[*p & 15];
        }
    }
    path[len] = '\0';
    return request(c, call, path, NULL);
}

static int run_grant(const struct command *c, const struct call *call)
{
    const char *scope = call->given & BIT(OPT_ROOM) ? call->value[OPT_ROOM] : KR_SCOPE_EVERYWHERE;
    struct kr_id device;

    if (kr_id_read(call->argument, &device)) {
        (void)complain(c->name,
                       "a device is named by 32 lowercase hex digits, as `keyroomctl devices` shows it");
        return EXIT_MISUSE;
    }
    return post(c, call,
                json_pack("{s:s, s:s, s:s*}", "device", call->argument, "scope", scope, "reason",
                          call->given & BIT(OPT_REASON) ? call->value[OPT_REASON] : NULL));
}

static int run_rotate(const struct command *c, const struct call *call)
{
    return post(c, call, json_pack("{s:s}", "room", call->argument));
}

static int run_backup(const struct command *c, const struct call *call)
{
    char folder[2048], path[FILE_TEXT];

    if (strlen(call->argument) > 2000)
        return complain(c->name, "the path is too long");
    if (*call->argument == '/')
        (void)snprintf(path, sizeof(path), "%s", call->argument);
    else if (getcwd(folder, sizeof(folder)))
        (void)snprintf(path, sizeof(path), "%s/%s", folder, call->argument);
    else
        return complain(c->name, "give an absolute path: the present folder cannot be named");
    return post(c, call, json_pack("{s:s}", "path", path));
}

static int run_restore(const struct command *c, const struct call *call)
{
    char errmsg[256] = "";
    int err = kr_store_sqlite_restore(call->value[OPT_FROM], call->value[OPT_DATABASE], errmsg);

    if (err)
        return complain(c->name, errmsg[0] ? errmsg : kr_strerror(err));
    if (call->given & BIT(OPT_JSON))
        (void)printf("{\n  \"ok\": true,\n  \"text\": \"restored\"\n}\n");
    else
        (void)printf("restored: devices, approvals, revocations and the log are those of the backup; "
                     "attaches, one-time "
                     "keys and live instances were dropped, so every room starts a new instance\n");
    return EXIT_SUCCESS;
}

static int run_doctor(const struct command *c, const struct call *call)
{
    (void)c;
    return kr_doctor(call->given & BIT(OPT_CONFIG) ? call->value[OPT_CONFIG] : "/etc/keyroom/keyroom.conf",
                     call->given & BIT(OPT_SOCKET) ? call->value[OPT_SOCKET] : NULL,
                     (call->given & BIT(OPT_JSON)) != 0);
}

static const struct command commands[] = {
    {"status", NULL, 0, 0, run_get, "/v1/status", kr_show_status, "status",
     "Is the service up, and what is going on."},
    {"rooms", NULL, 0, 0, run_get, "/v1/rooms", kr_show_rooms, "rooms", "The rooms the service is in."},
    {"room", "ROOM", 0, 0, run_room, "/v1/rooms/", kr_show_room, "room ROOM",
     "One room: policy, epoch, and its participants with their devices."},
    {"devices", NULL, 0, 0, run_get, "/v1/devices", kr_show_devices, "devices",
     "All devices ever seen, with approvals and revocations."},
    {"approve", "DEVICE", BIT(OPT_ROOM), 0, run_grant, "/v1/approve", kr_show_text,
     "approve DEVICE [--room ROOM]",
     "Lets a device have keys where the policy asks for an approval: everywhere, or in one room."},
    {"revoke", "DEVICE", BIT(OPT_ROOM) | BIT(OPT_REASON), 0, run_grant, "/v1/revoke", kr_show_text,
     "revoke DEVICE [--room ROOM] [--reason TEXT]",
     "Takes a device's keys away, at once and for good: everywhere, or in one room."},
    {"rotate", "ROOM", 0, 0, run_rotate, "/v1/rotate", kr_show_text, "rotate ROOM",
     "Replaces the keys of a room now."},
    {"backup", "FILE", 0, 0, run_backup, "/v1/backup", kr_show_text, "backup FILE",
     "Writes a consistent copy of the database to a new file, while the service runs. The service writes it, "
     "so its "
     "user must be allowed to."},
    {"restore", NULL, BIT(OPT_FROM) | BIT(OPT_DATABASE), BIT(OPT_FROM) | BIT(OPT_DATABASE), run_restore, NULL,
     NULL, "restore --from FILE --database FILE",
     "Makes a database from a backup. The service must not run. One-time keys, attaches and live instances "
     "are dropped, "
     "so that no number is ever used twice."},
    {"doctor", NULL, BIT(OPT_CONFIG), 0, run_doctor, NULL, NULL, "doctor [--config FILE]",
     "Checks the installation, beside a Jitsi in particular, and says what to do about what is wrong. It "
     "reads the "
     "configuration file (default /etc/keyroom/keyroom.conf) and asks keyroomd and the server."},
};
enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

/* --- the command line --- */

static void print_help(const struct command *c)
{
    if (c) {
        (void)printf("usage: keyroomctl [--socket PATH] [--json] %s\n\n%s\n", c->usage, c->help);
        return;
    }
    (void)printf("usage: keyroomctl [--socket PATH] [--json] COMMAND\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        (void)printf("  %s\n", commands[i].usage);
    (void)printf("  audit ACTION ...   the log: verify, show, prove, report; see keyroomctl audit --help\n"
                 "\n"
                 "  --socket PATH  keyroomd's control socket (default /run/keyroom/control.sock)\n"
                 "  --json         print the answer as JSON\n"
                 "  --version      print the version, and end\n"
                 "  --help         print this, or with a command its help, and end\n"
                 "\n"
                 "Exit status: 0 done, 1 failure, 2 misuse. See keyroomctl(8).\n");
}

/* what: a sentence that `which` completes. */
static int misuse(const struct command *c, const char *what, const char *which)
{
    (void)fprintf(stderr, "keyroomctl: %s%s; see keyroomctl %s%s--help\n", what, which, c ? c->name : "",
                  c ? " " : "");
    return EXIT_MISUSE;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int check_and_run(const struct command *c, struct call *call, int argc, char **argv)
{
    unsigned allowed = c->allowed | BIT(OPT_SOCKET) | BIT(OPT_JSON);

    for (unsigned i = 0; i < OPTIONS; i++) {
        if ((call->given & BIT(i)) && !(allowed & BIT(i)))
            return misuse(c, "not an option of this command: --", option_names[i]);
        if ((c->required & BIT(i)) && !(call->given & BIT(i)))
            return misuse(c, "missing option --", option_names[i]);
    }
    if (argc > (c->argument ? 1 : 0))
        return misuse(c, "unexpected argument ", argv[c->argument ? 1 : 0]);
    if (c->argument && argc < 1)
        return misuse(c, "missing argument ", c->argument);
    call->argument = c->argument ? argv[0] : NULL;
    return c->run(c, call);
}

int main(int argc, char **argv)
{
    enum { HELP = 'h', VERSION = 256, FIRST };
    static const struct option longs[] = {
        {"socket", required_argument, NULL, FIRST + OPT_SOCKET},
        {"json", no_argument, NULL, FIRST + OPT_JSON},
        {"room", required_argument, NULL, FIRST + OPT_ROOM},
        {"reason", required_argument, NULL, FIRST + OPT_REASON},
        {"from", required_argument, NULL, FIRST + OPT_FROM},
        {"database", required_argument, NULL, FIRST + OPT_DATABASE},
        {"config", required_argument, NULL, FIRST + OPT_CONFIG},
        {"help", no_argument, NULL, HELP},
        {"version", no_argument, NULL, VERSION},
        {NULL, 0, NULL, 0},
    };
    struct call call = {.value = {[OPT_SOCKET] = "/run/keyroom/control.sock"}};
    const struct command *c;
    bool help = false;
    int opt;

    if (argc > 1 && strcmp(argv[1], "audit") == 0)
        return kr_audit_main(argc - 1, argv + 1);
    while ((opt = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
        if (opt == HELP) {
            help = true;
        } else if (opt == VERSION) {
            (void)puts("keyroomctl " KR_VERSION);
            return EXIT_SUCCESS;
        } else if (opt >= FIRST) {
            call.value[opt - FIRST] = optarg;
            call.given |= BIT(opt - FIRST);
        } else {
            return EXIT_MISUSE;
        }
    }
    c = optind < argc ? find_command(argv[optind]) : NULL;
    if (optind < argc && !c)
        return misuse(NULL, "no such command: ", argv[optind]);
    if (help) {
        print_help(c);
        return EXIT_SUCCESS;
    }
    if (!c)
        return misuse(NULL, "missing command", "");
    return check_and_run(c, &call, argc - optind - 1, argv + optind + 1);
}
