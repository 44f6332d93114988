#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_OK = 1, EXIT_MISUSE = 3 };

static const char help[] =
    "usage: keyroom-peer --host HOST --port PORT (--domain DOMAIN | --jid USER@DOMAIN --password-file FILE)\n"
    "                    --room ROOM@MUC --nick NICK --service JID [OPTION...]\n"
    "\n"
    "Joins a room, attaches its device, and seals and opens synthetic frames with the keys it gets.\n"
    "\n"
    "  --host HOST, --port PORT    the XMPP server (default 127.0.0.1:5222)\n"
    "  --domain DOMAIN             log in anonymously there\n"
    "  --jid JID                   log in as that account, with --password-file FILE (mode 0600)\n"
    "  --plain                     no TLS: only for a server on this machine\n"
    "  --room ROOM                 bare JID of the room\n"
    "  --nick NICK                 participant id in the room\n"
    "  --service JID               the keyroom service\n"
    "  --forwarder HOST:PORT       where frames go and come from\n"
    "  --identity FILE             keep the device's identity in this file, sealed under the key in\n"
    "  --identity-key FILE         this one (32 bytes or 64 hex digits, mode 0600); both or none\n"
    "  --floor-authorise POLICY    do not attach below occupants, members or registered (default occupants)\n"
    "  --format FORMAT             accept any, sframe or jframe (default any)\n"
    "  --frame-interval MS         between two frames (default 100)\n"
    "  --frame-size BYTES          of plaintext (default 160)\n"
    "  --json                      print events as JSON, one a line\n"
    "  --version, --help\n"
    "\n"
    "Commands on standard input, one a line: leave, join, detach, mute, unmute, frames, status, drop-link, "
    "quit.\n"
    "`leave` goes on listening with the keys it has. The end of the input means quit.\n"
    "Exit: 0 after quit, 1 when it cannot go on, 2 misuse.\n";

enum option_id {
    OPT_HOST = 1,
    OPT_PORT,
    OPT_DOMAIN,
    OPT_JID,
    OPT_PASSWORD,
    OPT_PLAIN,
    OPT_ROOM,
    OPT_NICK,
    OPT_SERVICE,
    OPT_FORWARDER,
    OPT_IDENTITY,
    OPT_IDENTITY_KEY,
    OPT_FLOOR,
    OPT_FORMAT,
    OPT_INTERVAL,
    OPT_SIZE,
    OPT_JSON,
    OPT_VERSION,
    OPT_HELP
};

static const struct option long_options[] = {{"host", required_argument, NULL, OPT_HOST},
                                             {"port", required_argument, NULL, OPT_PORT},
                                             {"domain", required_argument, NULL, OPT_DOMAIN},
                                             {"jid", required_argument, NULL, OPT_JID},
                                             {"password-file", required_argument, NULL, OPT_PASSWORD},
                                             {"plain", no_argument, NULL, OPT_PLAIN},
                                             {"room", required_argument, NULL, OPT_ROOM},
                                             {"nick", required_argument, NULL, OPT_NICK},
                                             {"service", required_argument, NULL, OPT_SERVICE},
                                             {"forwarder", required_argument, NULL, OPT_FORWARDER},
                                             {"identity", required_argument, NULL, OPT_IDENTITY},
                                             {"identity-key", required_argument, NULL, OPT_IDENTITY_KEY},
                                             {"floor-authorise", required_argument, NULL, OPT_FLOOR},
                                             {"format", required_argument, NULL, OPT_FORMAT},
                                             {"frame-interval", required_argument, NULL, OPT_INTERVAL},
                                             {"frame-size", required_argument, NULL, OPT_SIZE},
                                             {"json", no_argument, NULL, OPT_JSON},
                                             {"version", no_argument, NULL, OPT_VERSION},
                                             {"help", no_argument, NULL, OPT_HELP},
                                             {NULL, 0, NULL, 0}};

static bool read_number(const char *text, unsigned long min, unsigned long max, unsigned long *ret_v)
{
    char *end = NULL;
    if (*text < '0' || *text > '9')
        return false;
    unsigned long v = strtoul(text, &end, 10);
    if (*end || v < min || v > max)
        return false;
    *ret_v = v;
    return true;
}

static bool read_address(char *text, struct kr_options *o)
{
    char *colon = strrchr(text, ':');
    unsigned long port = 0;
    if (!colon || colon == text || !read_number(colon + 1, 1, 65535, &port))
        return false;
    *colon = '\0';
    o->forward_host = text;
    o->forward_port = (uint16_t)port;
    return true;
}

static bool read_format(const char *text, struct kr_options *o)
{
    o->any_format = strcmp(text, "any") == 0;
    return o->any_format || kr_format_read(kr_span_str(text), &o->format) == 0;
}

/* False for a value that is not of the option's form. */
static bool take(struct kr_options *o, int id, char *value)
{
    unsigned long n = 0;
    bool fine = true;
    switch (id) {
    case OPT_HOST:
        o->host = value;
        break;
    case OPT_PORT:
        fine = read_number(value, 1, 65535, &n);
        o->port = (uint16_t)n;
        break;
    case OPT_DOMAIN:
    case OPT_JID:
        fine = !o->jid && (strchr(value, '@') != NULL) == (id == OPT_JID);
        o->jid = value;
        break;
    case OPT_PASSWORD:
        o->password_file = value;
        break;
    case OPT_PLAIN:
        o->plain = true;
        break;
    case OPT_ROOM:
        o->room = value;
        break;
    case OPT_NICK:
        o->nick = value;
        break;
    case OPT_SERVICE:
        o->service = value;
        break;
    case OPT_FORWARDER:
        fine = read_address(value, o);
        break;
    case OPT_IDENTITY:
        o->identity = value;
        break;
    case OPT_IDENTITY_KEY:
        o->identity_key = value;
        break;
    case OPT_FLOOR:
        fine = kr_authorise_read(kr_span_str(value), &o->floor) == 0;
        break;
    case OPT_FORMAT:
        fine = read_format(value, o);
        break;
    case OPT_INTERVAL:
        fine = read_number(value, 5, 60000, &n);
        o->frame_interval_ms = (uint32_t)n;
        break;
    case OPT_SIZE:
        fine = read_number(value, 1, 60000, &n);
        o->frame_len = (uint32_t)n;
        break;
    case OPT_JSON:
        o->json = true;
        break;
    default:
        fine = false;
    }
    return fine;
}

static int misuse(const char *what, const char *arg)
{
    fprintf(stderr, "keyroom-peer: %s%s (see keyroom-peer --help)\n", what, arg);
    return EXIT_MISUSE;
}

int kr_options_read(int argc, char **argv, struct kr_options *ret_options)
{
    struct kr_options o = {.host = "127.0.0.1",
                           .port = 5222,
                           .any_format = true,
                           .floor = KR_AUTHORISE_OCCUPANTS,
                           .frame_interval_ms = 100,
                           .frame_len = 160};
    int id, index = 0;
    opterr = 0;
    while ((id = getopt_long(argc, argv, "", long_options, &index)) != -1) {
        if (id == OPT_HELP) {
            fputs(help, stdout);
            return EXIT_OK;
        }
        if (id == OPT_VERSION) {
            puts("keyroom-peer " KR_VERSION);
            return EXIT_OK;
        }
        if (id == '?')
            return misuse("unknown option or missing value: ", argv[optind - 1]);
        if (!take(&o, id, optarg))
            return misuse("not a usable value for --", long_options[index].name);
    }
    if (optind < argc)
        return misuse("unexpected argument ", argv[optind]);
    if (!o.jid || !o.room || !o.nick || !o.service)
        return misuse("wanted: --domain or --jid, --room, --nick, --service", "");
    if (strchr(o.jid, '@') && !o.password_file)
        return misuse("--jid wants --password-file", "");
    if (!o.identity != !o.identity_key)
        return misuse("--identity and --identity-key go together", "");
    *ret_options = o;
    return 0;
}
