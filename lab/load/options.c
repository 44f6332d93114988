#include "load/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: kr-load STORY --system SYSTEM -n N [OPTION...]\n"
    "\n"
    "Simulates N participants on N connections to a Prosody on this machine and prints one line of JSON for\n"
    "each thing that was measured. ./bench drives it.\n"
    "\n"
    "stories: meeting       a room fills, then one joins and one leaves, as often as wanted\n"
    "         join-storm    all join at once\n"
    "         enable        all are in the room and enable encryption at once\n"
    "         storm         one leave after the other, each leaver comes back\n"
    "         many          the same in many rooms\n"
    "systems: stock         unmodified Jitsi Meet's key exchange\n"
    "         keyroom       clients of the service; the room's policy names the key source\n"
    "         floor         the generator is the component, and sends what --script recorded\n"
    "\n"
    "  -n N                   participants (of each room)\n"
    "  --rounds N             joins and leaves (1)\n"
    "  --rooms N              of story many (1)\n"
    "  --seconds N            length of a storm (10)\n"
    "  --every MS             between two leaves of a storm (1000)\n"
    "  --olm                  real Olm, and for keyroom the real client core; else dummies of the right "
    "size\n"
    "  --only-leave           take what goes before a leave for granted\n"
    "  --c2s-port PORT        where the server takes clients\n"
    "  --component-port PORT  and components\n"
    "  --guests DOMAIN        host of anonymous accounts\n"
    "  --muc DOMAIN           host of rooms\n"
    "  --service JID          of keyroomd\n"
    "  --component JID        the generator's own as a component (floor)\n"
    "  --secret-file FILE     its secret (floor)\n"
    "  --label NAME           of the rooms; one that was not used before\n"
    "  --script FILE          sizes of a leave's stanzas: written by keyroom, read by floor\n"
    "  --coalesce MS          what the service waits before it decides (200)\n"
    "  --prosody-pid PID      whose CPU time and memory is told\n"
    "  --keyroomd-pid PID     likewise\n"
    "  --metrics-port PORT    of keyroomd: its Olm is told apart\n"
    "  --service-device ID    it makes the keys of the rooms (source service), with this device\n"
    "  --help, --version      print this, or the version\n"
    "Exit: 0 done, 1 something did not come about, 2 misuse.\n";

enum {
    ROUNDS = 1000,
    ROOMS,
    SECONDS,
    EVERY,
    OLM,
    ONLY_LEAVE,
    C2S,
    COMPONENT_PORT,
    GUESTS,
    MUC,
    SERVICE,
    COMPONENT,
    SECRET,
    LABEL,
    SCRIPT,
    COALESCE,
    PROSODY,
    KEYROOMD,
    METRICS,
    SERVICE_DEVICE,
    HELP,
    VERSION
};

static const struct option long_options[] = {{"system", required_argument, NULL, 's'},
                                             {"rounds", required_argument, NULL, ROUNDS},
                                             {"rooms", required_argument, NULL, ROOMS},
                                             {"seconds", required_argument, NULL, SECONDS},
                                             {"every", required_argument, NULL, EVERY},
                                             {"olm", no_argument, NULL, OLM},
                                             {"only-leave", no_argument, NULL, ONLY_LEAVE},
                                             {"c2s-port", required_argument, NULL, C2S},
                                             {"component-port", required_argument, NULL, COMPONENT_PORT},
                                             {"guests", required_argument, NULL, GUESTS},
                                             {"muc", required_argument, NULL, MUC},
                                             {"service", required_argument, NULL, SERVICE},
                                             {"component", required_argument, NULL, COMPONENT},
                                             {"secret-file", required_argument, NULL, SECRET},
                                             {"label", required_argument, NULL, LABEL},
                                             {"script", required_argument, NULL, SCRIPT},
                                             {"coalesce", required_argument, NULL, COALESCE},
                                             {"prosody-pid", required_argument, NULL, PROSODY},
                                             {"keyroomd-pid", required_argument, NULL, KEYROOMD},
                                             {"metrics-port", required_argument, NULL, METRICS},
                                             {"service-device", required_argument, NULL, SERVICE_DEVICE},
                                             {"help", no_argument, NULL, HELP},
                                             {"version", no_argument, NULL, VERSION},
                                             {NULL, 0, NULL, 0}};

static int misuse(const char *what, const char *value)
{
    (void)fprintf(stderr, "kr-load: %s%s (see kr-load --help)\n", what, value);
    return 3;
}

static bool read_number(const char *text, uint64_t min, uint64_t max, uint64_t *ret_v)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno || *end || !*text || *text == '-' || v < min || v > max)
        return false;
    *ret_v = v;
    return true;
}

/* Options with a number; false: it is none, or out of range. */
static bool take_number(struct kr_load_options *o, int option, const char *text)
{
    uint64_t v = 0;
    bool ok =
        read_number(text, option == COALESCE ? 0 : 1,
                    option == C2S || option == COMPONENT_PORT || option == METRICS ? 65535 : 1 << 30, &v);
    switch (option) {
    case 'n':
        o->n = v;
        break;
    case ROUNDS:
        o->rounds = v;
        break;
    case ROOMS:
        o->rooms = v;
        break;
    case SECONDS:
        o->seconds = v;
        break;
    case EVERY:
        o->every_ms = v;
        break;
    case C2S:
        o->c2s_port = (uint16_t)v;
        break;
    case COMPONENT_PORT:
        o->component_port = (uint16_t)v;
        break;
    case METRICS:
        o->metrics_port = (uint16_t)v;
        break;
    case COALESCE:
        o->coalesce_ms = v;
        break;
    case PROSODY:
        o->prosody = (pid_t)v;
        break;
    default:
        o->keyroomd = (pid_t)v;
        break;
    }
    return ok;
}

/* Options with a text; NULL: another kind of option. */
static const char **text_of(struct kr_load_options *o, int option)
{
    switch (option) {
    case 's':
        return &o->system;
    case GUESTS:
        return &o->guests;
    case MUC:
        return &o->muc;
    case SERVICE:
        return &o->service;
    case COMPONENT:
        return &o->component;
    case SECRET:
        return &o->secret_file;
    case LABEL:
        return &o->label;
    case SCRIPT:
        return &o->script;
    default:
        return NULL;
    }
}

static int take(struct kr_load_options *o, int option)
{
    const char **text = text_of(o, option);
    if (option == HELP || option == VERSION) {
        (void)fputs(option == HELP ? usage : "kr-load " KR_VERSION "\n", stdout);
        return 1;
    }
    if (option == '?')
        return misuse("cannot be understood", "");
    if (text)
        *text = optarg;
    else if (option == OLM)
        o->olm = true;
    else if (option == ONLY_LEAVE)
        o->only_leave = true;
    else if (option == SERVICE_DEVICE) {
        o->has_service_device = true;
        if (kr_id_read(optarg, &o->service_device))
            return misuse("no device id: ", optarg);
    } else if (!take_number(o, option, optarg))
        return misuse("no such number: ", optarg);
    return 0;
}

int kr_load_options_read(int argc, char **argv, struct kr_load_options *ret_options)
{
    struct kr_load_options o = {.rounds = 1,
                                .rooms = 1,
                                .seconds = 10,
                                .every_ms = 1000,
                                .guests = "guests.lab.example",
                                .muc = "conference.lab.example",
                                .service = "keyroom.lab.example",
                                .component = "floor.lab.example",
                                .label = "bench",
                                .coalesce_ms = 200};
    int option;
    while ((option = getopt_long(argc, argv, "s:n:", long_options, NULL)) != -1) {
        int done = take(&o, option);
        if (done)
            return done;
    }
    if (optind + 1 != argc)
        return misuse("one story is wanted", "");
    o.story = argv[optind];
    if (!o.system || !o.n || !o.c2s_port)
        return misuse("--system, -n and --c2s-port are wanted", "");
    if (o.rooms > 1 && strcmp(o.story, "many") != 0)
        return misuse("--rooms is of story many", "");
    *ret_options = o;
    return 0;
}
