#include "show.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "io/clock.h"
#include "message/event.h"
#include "show_verify.h"

void kr_show(const struct kr_show *s, const char *event, json_t *fields, const char *text)
{
    uint64_t wall_ms = kr_wall_ms();
    if (s->json) {
        json_t *all = json_pack("{s:I,s:s,s:s}", "t", (json_int_t)wall_ms, "nick", s->nick, "event", event);
        if (fields)
            json_object_update(all, fields);
        json_dumpf(all, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(all);
    } else {
        time_t seconds = (time_t)(wall_ms / 1000);
        struct tm tm;
        localtime_r(&seconds, &tm);
        printf("%02d:%02d:%02d.%03d %-8s  %s\n", tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(wall_ms % 1000),
               s->nick, text);
    }
    fflush(stdout);
    json_decref(fields);
}

static void put_id(json_t *fields, const char *name, const struct kr_id *id)
{
    char text[KR_ID_TEXT];
    kr_id_write(text, id);
    json_object_set_new(fields, name, json_string(text));
}

static json_t *who_array(const struct kr_report *r)
{
    json_t *array = json_array();
    for (size_t i = 0; i < r->who_count; i++)
        json_array_append_new(array, json_string(r->who[i]));
    return array;
}

static void say_who(struct kr_buf *line, const struct kr_report *r)
{
    for (size_t i = 0; i < r->who_count; i++)
        kr_buf_printf(line, "%s%s", i ? ", " : "", r->who[i]);
}

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

static const char *or_dash(const char *s)
{
    return s && *s ? s : "-";
}

static const char *event_name(enum kr_report_kind kind)
{
    static const char *const names[] = {
        [KR_REPORT_JOINED] = "joined",       [KR_REPORT_LEFT] = "left",
        [KR_REPORT_ATTACHED] = "attached",   [KR_REPORT_REFUSED] = "refused",
        [KR_REPORT_ANNOUNCE] = "announce",   [KR_REPORT_COMMIT] = "commit",
        [KR_REPORT_SWITCH] = "switch",       [KR_REPORT_STOP] = "stop",
        [KR_REPORT_MISMATCH] = "mismatch",   [KR_REPORT_EXPOSED] = "exposed",
        [KR_REPORT_UNEXPOSED] = "unexposed", [KR_REPORT_DETACHED] = "detached",
        [KR_REPORT_STATE] = "state",         [KR_REPORT_LOG] = "log",
        [KR_REPORT_PROVED] = "proved",       [KR_REPORT_ALARM] = "alarm",
        [KR_REPORT_VERIFY] = "verify",       [KR_REPORT_TRUST] = "trust"};
    return names[kind];
}

static void report_fields(const struct kr_show *s, const struct kr_report *r, json_t *f)
{
    switch (r->kind) {
    case KR_REPORT_JOINED:
        json_object_set_new(f, "room", json_string(s->room));
        break;
    case KR_REPORT_LEFT:
    case KR_REPORT_STOP:
        json_object_set_new(f, "epoch", json_integer((json_int_t)r->epoch));
        json_object_set_new(f, "why", json_string(or_empty(r->why)));
        break;
    case KR_REPORT_ATTACHED:
        json_object_set_new(f, "state", json_string(r->waiting ? "waiting" : "member"));
        put_id(f, "device", &r->device);
        put_id(f, "attach", &r->attach);
        put_id(f, "instance", &r->instance);
        break;
    case KR_REPORT_REFUSED:
        json_object_set_new(f, "what", json_string(or_empty(r->what)));
        json_object_set_new(f, "why", json_string(or_empty(r->why)));
        json_object_set_new(f, "who", who_array(r));
        break;
    case KR_REPORT_ANNOUNCE: {
        char reasons[64], context[KR_KEY_TEXT];
        kr_reasons_write(reasons, r->reasons);
        kr_digest_write(context, &r->context);
        put_id(f, "instance", &r->instance);
        json_object_set_new(f, "epoch", json_integer((json_int_t)r->epoch));
        json_object_set_new(f, "kind", json_string(kr_epoch_kind_name(r->epoch_kind)));
        json_object_set_new(f, "source", json_string(kr_source_name(r->source)));
        if (r->leader)
            json_object_set_new(f, "leader", json_string(r->leader));
        json_object_set_new(f, "reason", json_string(reasons));
        json_object_set_new(f, "size", json_integer((json_int_t)r->who_count));
        json_object_set_new(f, "roster", who_array(r));
        json_object_set_new(f, "context", json_string(context));
        break;
    }
    case KR_REPORT_COMMIT:
        json_object_set_new(f, "epoch", json_integer((json_int_t)r->epoch));
        if (r->has_exposure)
            json_object_set_new(f, "exposure_ms", json_integer((json_int_t)r->exposure_ms));
        break;
    case KR_REPORT_SWITCH:
        json_object_set_new(f, "epoch", json_integer((json_int_t)r->epoch));
        json_object_set_new(f, "by", json_string(r->by_clock ? "clock" : "commit"));
        break;
    case KR_REPORT_MISMATCH:
        json_object_set_new(f, "why", json_string(or_empty(r->why)));
        json_object_set_new(f, "who", who_array(r));
        break;
    case KR_REPORT_EXPOSED:
        json_object_set_new(f, "who", who_array(r));
        break;
    case KR_REPORT_UNEXPOSED:
        break;
    case KR_REPORT_DETACHED:
        json_object_set_new(f, "reason", json_string(or_empty(r->why)));
        break;
    case KR_REPORT_STATE:
        json_object_set_new(f, "mode", json_string(or_empty(r->what)));
        json_object_set_new(f, "text", json_string(or_empty(r->why)));
        json_object_set_new(f, "waiting", who_array(r));
        break;
    case KR_REPORT_LOG: {
        char root[KR_KEY_TEXT];
        kr_digest_write(root, &r->log.root);
        json_object_set_new(f, "epoch", json_integer((json_int_t)r->epoch));
        json_object_set_new(f, "origin", json_string(r->log_key.name));
        json_object_set_new(f, "size", json_integer((json_int_t)r->log.size));
        json_object_set_new(f, "root", json_string(root));
        break;
    }
    case KR_REPORT_PROVED:
        json_object_set_new(f, "epoch", json_integer((json_int_t)r->epoch));
        break;
    case KR_REPORT_ALARM:
        json_object_set_new(f, "epoch", json_integer((json_int_t)r->epoch));
        json_object_set_new(f, "what", json_string(or_empty(r->what)));
        json_object_set_new(f, "why", json_string(or_empty(r->why)));
        break;
    case KR_REPORT_VERIFY:
    case KR_REPORT_TRUST:
        kr_show_verify_fields(r, f);
        break;
    }
}

static void report_line(const struct kr_show *s, const struct kr_report *r, struct kr_buf *b)
{
    char reasons[64];
    switch (r->kind) {
    case KR_REPORT_JOINED:
        kr_buf_printf(b, "joined %s", s->room);
        break;
    case KR_REPORT_LEFT:
        kr_buf_printf(b, "left the room (%s)", or_dash(r->why));
        break;
    case KR_REPORT_ATTACHED:
        kr_buf_printf(b, r->waiting ? "attached, waiting for approval (%s)" : "attached as a member%.0s",
                      or_dash(r->why));
        break;
    case KR_REPORT_REFUSED:
        kr_buf_printf(b, "refused %s (%s) ", or_dash(r->what), or_dash(r->why));
        say_who(b, r);
        break;
    case KR_REPORT_ANNOUNCE:
        kr_reasons_write(reasons, r->reasons);
        kr_buf_printf(b, "epoch %" PRIu64 " announced (%s, %s, source %s%s%s): ", r->epoch, reasons,
                      kr_epoch_kind_name(r->epoch_kind), kr_source_name(r->source),
                      r->leader ? ", led by " : "", or_empty(r->leader));
        say_who(b, r);
        break;
    case KR_REPORT_COMMIT:
        kr_buf_printf(b, "epoch %" PRIu64 " committed", r->epoch);
        if (r->has_exposure)
            kr_buf_printf(b, ", exposure %" PRIu64 " ms", r->exposure_ms);
        break;
    case KR_REPORT_SWITCH:
        kr_buf_printf(b, "sends with the key of epoch %" PRIu64 " (by %s)", r->epoch,
                      r->by_clock ? "its own clock" : "commit");
        break;
    case KR_REPORT_STOP:
        kr_buf_printf(b, "stops sending (%s)", or_dash(r->why));
        break;
    case KR_REPORT_MISMATCH:
        kr_buf_printf(b, "MISMATCH: %s ", or_dash(r->why));
        say_who(b, r);
        break;
    case KR_REPORT_EXPOSED:
        kr_buf_printf(b, "EXPOSED: still hears us: ");
        say_who(b, r);
        break;
    case KR_REPORT_UNEXPOSED:
        kr_buf_printf(b, "no longer exposed");
        break;
    case KR_REPORT_DETACHED:
        kr_buf_printf(b, "detached (%s)", or_dash(r->why));
        break;
    case KR_REPORT_STATE:
        kr_buf_printf(b, "room is %s %s", or_dash(r->what), or_empty(r->why));
        if (r->who_count)
            kr_buf_printf(b, " waiting: ");
        say_who(b, r);
        break;
    case KR_REPORT_LOG:
        kr_buf_printf(b, "epoch %" PRIu64 " is entry %" PRIu64 " of the log %s", r->epoch, r->log.size - 1,
                      r->log_key.name);
        break;
    case KR_REPORT_PROVED:
        kr_buf_printf(b, "epoch %" PRIu64 " is proved: the log has it, with these people", r->epoch);
        break;
    case KR_REPORT_ALARM:
        kr_buf_printf(b, "ALARM: %s (%s)", or_empty(r->why), or_empty(r->what));
        break;
    case KR_REPORT_VERIFY:
    case KR_REPORT_TRUST:
        kr_show_verify_line(r, b);
        break;
    }
}

/* What an application must say of a room whose members share one secret (docs/protocol.md 5.13 - 5.15). */
static void warn_of(struct kr_show *s, enum kr_source source)
{
    static const char *const warnings[KR_SOURCES] = {
        [KR_SOURCE_LEADER] = "WARNING: members of this room could forge each other's media",
        [KR_SOURCE_SERVICE] =
            "WARNING: members of this room could forge each other's media, and the service knows all keys",
        [KR_SOURCE_PASSPHRASE] =
            "WARNING: members of this room could forge each other's media, and whoever knows the passphrase "
            "has all keys: authorisation and rotation protect nothing"};
    if (!warnings[source] || (s->warned & KR_SOURCE_BIT(source)))
        return;
    s->warned |= KR_SOURCE_BIT(source);
    kr_show(s, "warning", json_pack("{s:s,s:s}", "source", kr_source_name(source), "text", warnings[source]),
            warnings[source]);
}

void kr_show_report(struct kr_show *s, const struct kr_report *r)
{
    struct kr_buf line;
    kr_buf_init(&line, 1 << 20);
    json_t *fields = NULL;
    if (s->json) {
        fields = json_object();
        report_fields(s, r, fields);
    } else {
        report_line(s, r, &line);
    }
    char *text = kr_buf_take_str(&line);
    kr_show(s, event_name(r->kind), fields, text ? text : "");
    free(text);
    kr_buf_done(&line);
    if (r->kind == KR_REPORT_ANNOUNCE)
        warn_of(s, r->source);
}

static json_int_t sum(json_t *v)
{
    json_int_t total = json_integer_value(v);
    const char *key;
    json_t *child;
    json_object_foreach(v, key, child)
    {
        total += sum(child);
    }
    return total;
}

void kr_show_frames(const struct kr_show *s, json_t *tally)
{
    struct kr_buf line;
    kr_buf_init(&line, 1 << 20);
    if (!s->json) {
        const char *sender;
        json_t *received;
        kr_buf_printf(&line, "frames: sealed %" JSON_INTEGER_FORMAT, sum(json_object_get(tally, "sealed")));
        json_object_foreach(json_object_get(tally, "received"), sender, received)
        {
            kr_buf_printf(&line,
                          "\n    from %-8s received %6" JSON_INTEGER_FORMAT "  opened %6" JSON_INTEGER_FORMAT
                          "  refused %6" JSON_INTEGER_FORMAT,
                          sender, sum(received),
                          sum(json_object_get(json_object_get(tally, "opened"), sender)),
                          sum(json_object_get(json_object_get(tally, "refused"), sender)));
        }
    }
    char *text = kr_buf_take_str(&line);
    kr_show(s, "frames", tally, text ? text : "");
    free(text);
    kr_buf_done(&line);
}
