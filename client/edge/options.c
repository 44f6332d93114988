#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limit.h"
#include "peer.h"

static const char usage[] =
    "usage: keyroom-peer --host H --port P (--domain D | --jid U@D --password-file F) [--plain]\n"
    "                    --room R --nick N --service S [--forwarder HOST:PORT]\n"
    "                    [--identity FILE --identity-key FILE] [--frame-interval MS] [--frame-size BYTES]\n"
    "                    [--floor-authorise occupants|members|registered] [--format any|sframe|jframe]\n"
    "                    [--json] [--version] [--help]\n"
    "commands on standard input: leave join detach mute unmute frames status drop-link quit\n";

static void misuse(const char *what)
{
    fprintf(stderr, "keyroom-peer: %s\n%s", what, usage);
    exit(2);
}

static uint32_t number(const char *text, uint32_t min, uint32_t max, const char *what)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);
    if (end == text || *end || v < min || v > max)
        misuse(what);
    return (uint32_t)v;
}

static void check(const struct peer_options *o)
{
    if (!o->host || !o->port || !o->room || !o->nick || !o->service)
        misuse("--host, --port, --room, --nick and --service are needed");
    if (!o->domain == !o->jid)
        misuse("one of --domain and --jid is needed");
    if (o->jid && !o->password_file)
        misuse("--jid needs --password-file");
    if (!o->identity != !o->identity_key)
        misuse("--identity and --identity-key go together");
}

void peer_options_read(int argc, char **argv, struct peer_options *ret)
{
    static const struct option longs[] = {{"host", 1, NULL, 'h'},
                                          {"port", 1, NULL, 'p'},
                                          {"domain", 1, NULL, 'd'},
                                          {"jid", 1, NULL, 'j'},
                                          {"password-file", 1, NULL, 'w'},
                                          {"plain", 0, NULL, 'P'},
                                          {"room", 1, NULL, 'r'},
                                          {"nick", 1, NULL, 'n'},
                                          {"service", 1, NULL, 's'},
                                          {"forwarder", 1, NULL, 'f'},
                                          {"identity", 1, NULL, 'i'},
                                          {"identity-key", 1, NULL, 'k'},
                                          {"frame-interval", 1, NULL, 'I'},
                                          {"frame-size", 1, NULL, 'S'},
                                          {"floor-authorise", 1, NULL, 'a'},
                                          {"format", 1, NULL, 'F'},
                                          {"json", 0, NULL, 'J'},
                                          {"version", 0, NULL, 'V'},
                                          {"help", 0, NULL, 'H'},
                                          {NULL, 0, NULL, 0}};
    struct peer_options o = {.frame_interval_ms = 100, .frame_size = 160, .any_format = true};
    int opt;
    while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (opt) {
        case 'h':
            o.host = optarg;
            break;
        case 'p':
            o.port = (uint16_t)number(optarg, 1, 65535, "--port");
            break;
        case 'd':
            o.domain = optarg;
            break;
        case 'j':
            o.jid = optarg;
            break;
        case 'w':
            o.password_file = optarg;
            break;
        case 'P':
            o.plain = true;
            break;
        case 'r':
            o.room = optarg;
            break;
        case 'n':
            o.nick = optarg;
            break;
        case 's':
            o.service = optarg;
            break;
        case 'f':
            o.forwarder = optarg;
            break;
        case 'i':
            o.identity = optarg;
            break;
        case 'k':
            o.identity_key = optarg;
            break;
        case 'I':
            o.frame_interval_ms = number(optarg, 1, 60000, "--frame-interval");
            break;
        case 'S':
            o.frame_size = number(optarg, 1, 65536, "--frame-size");
            break;
        case 'a':
            if (kr_authorise_read(kr_span_str(optarg), &o.floor))
                misuse("--floor-authorise is not known");
            break;
        case 'F':
            o.any_format = strcmp(optarg, "any") == 0;
            if (!o.any_format && kr_format_read(kr_span_str(optarg), &o.format))
                misuse("--format is not known");
            break;
        case 'J':
            o.json = true;
            break;
        case 'V':
            puts("keyroom-peer 0.1.0");
            exit(0);
        case 'H':
            fputs(usage, stdout);
            exit(0);
        default:
            misuse("unknown option");
        }
    }
    if (optind < argc)
        misuse("unexpected argument");
    check(&o);
    *ret = o;
}
