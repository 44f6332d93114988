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
    "  --owner TEXT                who its user is by a token: token:TENANT:ID, and no other is signed\n"
    "  --forwarder HOST:PORT       where frames go and come from\n"
    "  --identity FILE             keep the device's identity in this file, sealed under the key in\n"
    "  --identity-key FILE         this one (32 bytes or 64 hex digits, mode 0600); both or none\n"
    "  --floor-authorise POLICY    do not attach below occupants, members, registered or\n"
    "                              verified (default occupants)\n"
    "  --format FORMAT             accept any, sframe or jframe (default any)\n"
    "  --sources LIST              key sources to take part in: participants, leader, service, passphrase,\n"
    "                              with commas or spaces between (default participants)\n"
    "  --lead                      offer to make the keys of all (source leader)\n"
    "  --service-device ID         the device that may lead with source service\n"
    "  --passphrase-file FILE      the passphrase of source passphrase, one line (mode 0600)\n"
    "  --verify NICK               verify each other with NICK as soon as it is a member\n"
    "  --sas-answer WORD           agree to verifications and say match or mismatch, or decline: without\n"
    "                              looking at the codes, for scripts that compare them or want no person\n"
    "  --attest-for SECONDS        say for so long of devices that they were verified; 0: never\n"
    "                              (default 86400)\n"
    "  --operator-may-verify       let the floor verified be reached where the operator says who is\n"
    "  --log-key VKEY              the key of the service's log, as its operator gives it: no other is "
    "taken\n"
    "  --log-state FILE            keep the newest checkpoint of the log here, and present it when "
    "attaching\n"
    "  --room-code                 show the room code with each roster\n"
    "  --frame-interval MS         between two frames (default 100)\n"
    "  --frame-size BYTES          of plaintext (default 160)\n"
    "  --json                      print events as JSON, one a line\n"
    "  --version, --help\n"
    "\n"
    "Commands on standard input, one a line: leave, join, detach, mute, unmute, frames, status, drop-link, "
    "quit;\n"
    "room-code; verify NICK (begin, or agree), match NICK, mismatch NICK, decline NICK;\n"
    "distrust NICK (takes back what was said of its device).\n"
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
    OPT_OWNER,
    OPT_FORWARDER,
    OPT_IDENTITY,
    OPT_IDENTITY_KEY,
    OPT_FLOOR,
    OPT_FORMAT,
    OPT_SOURCES,
    OPT_LEAD,
    OPT_SERVICE_DEVICE,
    OPT_PASSPHRASE,
    OPT_VERIFY,
    OPT_SAS_ANSWER,
    OPT_ROOM_CODE,
    OPT_LOG_KEY,
    OPT_LOG_STATE,
    OPT_ATTEST_FOR,
    OPT_OPERATOR_MAY,
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
                                             {"owner", required_argument, NULL, OPT_OWNER},
                                             {"forwarder", required_argument, NULL, OPT_FORWARDER},
                                             {"identity", required_argument, NULL, OPT_IDENTITY},
                                             {"identity-key", required_argument, NULL, OPT_IDENTITY_KEY},
                                             {"floor-authorise", required_argument, NULL, OPT_FLOOR},
                                             {"format", required_argument, NULL, OPT_FORMAT},
                                             {"sources", required_argument, NULL, OPT_SOURCES},
                                             {"lead", no_argument, NULL, OPT_LEAD},
                                             {"service-device", required_argument, NULL, OPT_SERVICE_DEVICE},
                                             {"passphrase-file", required_argument, NULL, OPT_PASSPHRASE},
                                             {"verify", required_argument, NULL, OPT_VERIFY},
                                             {"sas-answer", required_argument, NULL, OPT_SAS_ANSWER},
                                             {"log-key", required_argument, NULL, OPT_LOG_KEY},
                                             {"log-state", required_argument, NULL, OPT_LOG_STATE},
                                             {"room-code", no_argument, NULL, OPT_ROOM_CODE},
                                             {"attest-for", required_argument, NULL, OPT_ATTEST_FOR},
                                             {"operator-may-verify", no_argument, NULL, OPT_OPERATOR_MAY},
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

/* Names with any commas and spaces between, to the one form that is read. */
static bool read_sources(char *text, struct kr_options *o)
{
    char *to = text;
    for (const char *from = text + strspn(text, ", "); *from; from += strspn(from, ", ")) {
        size_t len = strcspn(from, ", ");
        if (to != text)
            *to++ = ' ';
        memmove(to, from, len);
        to += len;
        from += len;
    }
    *to = '\0';
    return kr_sources_read(text, &o->sources) == 0;
}

static bool read_answer(const char *text, struct kr_options *o)
{
    static const char *const words[] = {"", "match", "mismatch", "decline"};
    for (unsigned i = KR_SCRIPT_MATCH; i <= KR_SCRIPT_DECLINE; i++) {
        if (strcmp(text, words[i]) == 0) {
            o->sas_answer = (enum kr_sas_script)i;
            return true;
        }
    }
    return false;
}

/* What a source needs, and what it is needed for. */
static const char *sources_lack(const struct kr_options *o)
{
    bool service = (o->sources & KR_SOURCE_BIT(KR_SOURCE_SERVICE)) != 0;
    bool passphrase = (o->sources & KR_SOURCE_BIT(KR_SOURCE_PASSPHRASE)) != 0;
    if (o->lead && !(o->sources & KR_SOURCE_BIT(KR_SOURCE_LEADER)))
        return "--lead wants leader among --sources";
    if (service != o->has_service_device)
        return "service among --sources and --service-device go together";
    if (passphrase != (o->passphrase_file != NULL))
        return "passphrase among --sources and --passphrase-file go together";
    return NULL;
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
    case OPT_OWNER:
        o->owner = value;
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
    case OPT_SOURCES:
        fine = read_sources(value, o);
        break;
    case OPT_LEAD:
        o->lead = true;
        break;
    case OPT_SERVICE_DEVICE:
        fine = kr_id_read(value, &o->service_device) == 0;
        o->has_service_device = fine;
        break;
    case OPT_PASSPHRASE:
        o->passphrase_file = value;
        break;
    case OPT_VERIFY:
        o->verify = value;
        break;
    case OPT_SAS_ANSWER:
        fine = read_answer(value, o);
        break;
    case OPT_LOG_KEY:
        fine = kr_note_key_read(kr_span_str(value), &o->log_key) == KR_LOG_OK;
        o->has_log_key = fine;
        break;
    case OPT_LOG_STATE:
        o->log_state = value;
        break;
    case OPT_ROOM_CODE:
        o->room_code = true;
        break;
    case OPT_ATTEST_FOR:
        fine = read_number(value, 0, 31536000, &n);
        o->attest_for_s = (uint32_t)n;
        break;
    case OPT_OPERATOR_MAY:
        o->operator_may_verify = true;
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
                           .sources = KR_SOURCE_BIT(KR_SOURCE_PARTICIPANTS),
                           .attest_for_s = 86400,
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
    const char *lack = sources_lack(&o);
    if (lack)
        return misuse(lack, "");
    *ret_options = o;
    return 0;
}
