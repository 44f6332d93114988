#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "io/clock.h"
#include "message/event.h"
#include "peer.h"

void print_event(const struct peer_options *o, const char *event, json_t *fields)
{
    uint64_t now = kr_wall_ms();
    if (o->json) {
        json_t *all =
            json_pack("{sIsssssO}", "t", (json_int_t)now, "nick", o->nick, "event", event, "_", fields);
        json_object_del(all, "_");
        json_object_update(all, fields);
        char *line = json_dumps(all, JSON_COMPACT);
        puts(line);
        free(line);
        json_decref(all);
    } else {
        time_t s = (time_t)(now / 1000);
        struct tm tm;
        char clock[16];
        gmtime_r(&s, &tm);
        strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
        char *rest = json_dumps(fields, JSON_COMPACT);
        printf("%s.%03u %s  %s %s\n", clock, (unsigned)(now % 1000), o->nick, event,
               strcmp(rest, "{}") ? rest : "");
        free(rest);
    }
    fflush(stdout);
    json_decref(fields);
}

static void set_text(json_t *f, const char *name, const char *text)
{
    if (text)
        json_object_set_new(f, name, json_string(text));
}

static void set_id(json_t *f, const char *name, const struct kr_id *id)
{
    char text[KR_ID_TEXT];
    kr_id_write(text, id);
    set_text(f, name, text);
}

static void set_epoch(json_t *f, const struct kr_report *r)
{
    json_object_set_new(f, "epoch", json_integer((json_int_t)r->epoch));
}

static void set_who(json_t *f, const char *name, const struct kr_report *r)
{
    json_t *list = json_array();
    for (size_t i = 0; i < r->who_count; i++)
        json_array_append_new(list, json_string(r->who[i]));
    json_object_set_new(f, name, list);
}

static void set_announce(json_t *f, const struct kr_report *r)
{
    char reasons[64], ctx[KR_KEY_TEXT];
    kr_reasons_write(reasons, r->reasons);
    kr_digest_write(ctx, &r->context);
    set_id(f, "instance", &r->instance);
    set_text(f, "kind", kr_epoch_kind_name(r->epoch_kind));
    set_text(f, "reason", reasons);
    json_object_set_new(f, "size", json_integer((json_int_t)r->who_count));
    set_who(f, "roster", r);
    set_text(f, "context", ctx);
}

void print_report(const struct peer_options *o, const struct kr_report *r)
{
    static const char *const names[] = {"joined",    "left",     "attached", "refused",  "announce",
                                        "commit",    "switch",   "stop",     "mismatch", "exposed",
                                        "unexposed", "detached", "state"};
    json_t *f = json_object();
    switch (r->kind) {
    case KR_REPORT_JOINED:
    case KR_REPORT_LEFT:
        set_text(f, "room", o->room);
        set_text(f, "why", r->why);
        break;
    case KR_REPORT_ATTACHED:
        set_text(f, "state", r->waiting ? "waiting" : "member");
        set_id(f, "device", &r->device);
        set_id(f, "attach", &r->attach);
        set_id(f, "instance", &r->instance);
        set_text(f, "why", r->why);
        break;
    case KR_REPORT_ANNOUNCE:
        set_epoch(f, r);
        set_announce(f, r);
        break;
    case KR_REPORT_COMMIT:
        set_epoch(f, r);
        if (r->has_exposure)
            json_object_set_new(f, "exposure_ms", json_integer((json_int_t)r->exposure_ms));
        break;
    case KR_REPORT_SWITCH:
        set_epoch(f, r);
        set_text(f, "by", r->by_clock ? "clock" : "commit");
        break;
    case KR_REPORT_STATE:
        set_text(f, "mode", r->what);
        set_who(f, "waiting", r);
        break;
    case KR_REPORT_DETACHED:
        set_text(f, "reason", r->why);
        break;
    case KR_REPORT_STOP:
    case KR_REPORT_MISMATCH:
        set_epoch(f, r);
        /* fall through */
    case KR_REPORT_REFUSED:
    case KR_REPORT_EXPOSED:
    case KR_REPORT_UNEXPOSED:
        set_text(f, "what", r->what);
        set_text(f, "why", r->why);
        if (r->who_count)
            set_who(f, "who", r);
        break;
    }
    print_event(o, names[r->kind], f);
}

void print_frames(const struct peer_options *o, const struct tally *t)
{
    print_event(o, "frames",
                json_pack("{sOsOsOsO}", "sealed", t->sealed, "received", t->received, "opened", t->opened,
                          "refused", t->refused));
}
