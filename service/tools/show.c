#include "show.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "table.h"

enum { SPAN_TEXT = 32, LIST_TEXT = 512 };

static const char *text_of(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));

    return s ? s : "";
}

static uint64_t number_of(const json_t *o, const char *name)
{
    json_int_t v = json_integer_value(json_object_get(o, name));

    return v > 0 ? (uint64_t)v : 0;
}

static bool flag_of(const json_t *o, const char *name)
{
    return json_is_true(json_object_get(o, name));
}

/* "3 min": the largest unit of which there are at least two. */
static const char *span(char out[static SPAN_TEXT], uint64_t ms)
{
    static const struct {
        uint64_t ms;
        const char *name;
    } units[] = {{86400000, "days"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}};

    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
        if (ms >= 2 * units[i].ms) {
            (void)snprintf(out, SPAN_TEXT, "%llu %s", (unsigned long long)(ms / units[i].ms), units[i].name);
            return out;
        }
    (void)snprintf(out, SPAN_TEXT, "%llu ms", (unsigned long long)ms);
    return out;
}

static const char *ago(char out[static SPAN_TEXT], uint64_t now_ms, uint64_t at_ms)
{
    char s[SPAN_TEXT - 8];
    char whole[SPAN_TEXT];

    (void)snprintf(s, sizeof(s), "%s", span(whole, now_ms > at_ms ? now_ms - at_ms : 0));
    (void)snprintf(out, SPAN_TEXT, "%s ago", s);
    return out;
}

static void add_number(struct kr_table *t, const json_t *o, const char *name)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)number_of(o, name));
    kr_table_add(t, text);
}

static void show_log(const json_t *log)
{
    const json_t *w;
    size_t i;

    if (!log)
        return;
    (void)printf("log       %s%llu entries, key %s\n",
                 flag_of(log, "halted") ? "HALTED, nobody is served (see the log file): " : "",
                 (unsigned long long)number_of(log, "entries"), text_of(log, "vkey"));
    json_array_foreach(json_object_get(log, "witnesses"), i, w)
    {
        (void)printf("witness   %s has cosigned %llu entries%s%s\n", text_of(w, "name"),
                     (unsigned long long)number_of(w, "size"), *text_of(w, "error") ? "; last time: " : "",
                     text_of(w, "error"));
    }
}

void kr_show_status(const json_t *answer)
{
    char a[SPAN_TEXT];

    (void)printf("keyroomd %s, %s, up for %s\n", text_of(answer, "version"), text_of(answer, "jid"),
                 span(a, number_of(answer, "uptime_ms")));
    (void)printf("link      %s to %s:%llu for %s, lost %llu times, %llu stanzas waiting\n",
                 flag_of(answer, "link_up") ? "up" : "DOWN", text_of(answer, "host"),
                 (unsigned long long)number_of(answer, "port"), span(a, number_of(answer, "link_for_ms")),
                 (unsigned long long)number_of(answer, "link_downs"),
                 (unsigned long long)number_of(answer, "send_queue"));
    (void)printf(
        "rooms     %llu with %llu occupants, %llu members, %llu waiting for approval\n",
        (unsigned long long)number_of(answer, "rooms"), (unsigned long long)number_of(answer, "occupants"),
        (unsigned long long)number_of(answer, "members"), (unsigned long long)number_of(answer, "waiting"));
    (void)printf("epochs    %llu committed since start, %llu in flight\n",
                 (unsigned long long)number_of(answer, "epochs_committed"),
                 (unsigned long long)number_of(answer, "epochs_in_flight"));
    if (*text_of(answer, "service_device"))
        (void)printf("device    %s, the service's own: it knows the keys of rooms with source service\n",
                     text_of(answer, "service_device"));
    show_log(json_object_get(answer, "log"));
    (void)printf("database  %s\nconfig    %s\n", text_of(answer, "database"), text_of(answer, "config"));
}

/* keyed, and what deserves a look. */
static const char *room_state(char out[static 64], const json_t *room)
{
    (void)snprintf(out, 64, "%s%s%s%s%s", text_of(room, "mode"),
                   flag_of(room, "joined") ? "" : ", not joined", flag_of(room, "exposed") ? ", EXPOSED" : "",
                   flag_of(room, "joins_held") ? ", joins held" : "",
                   flag_of(room, "in_flight") ? ", rotating" : "");
    return out;
}

static const char *since_commit(char out[static SPAN_TEXT], const json_t *room)
{
    if (!json_is_integer(json_object_get(room, "since_commit_ms")))
        return "";
    return ago(out, number_of(room, "since_commit_ms"), 0);
}

static const char *suite(char out[static 32], const json_t *room)
{
    if (number_of(room, "suite"))
        (void)snprintf(out, 32, "%s %llu", text_of(room, "format"),
                       (unsigned long long)number_of(room, "suite"));
    else
        (void)snprintf(out, 32, "%s", text_of(room, "format"));
    return out;
}

void kr_show_rooms(const json_t *answer)
{
    static const char *const headings[] = {"ROOM",    "STATE", "OCCUPANTS", "MEMBERS",
                                           "WAITING", "EPOCH", "COMMITTED", "LAST ROTATION"};
    const json_t *room;
    struct kr_table t;
    size_t i;
    char text[64], when[SPAN_TEXT];

    kr_table_init(&t, sizeof(headings) / sizeof(*headings), headings);
    json_array_foreach(json_object_get(answer, "rooms"), i, room)
    {
        kr_table_add(&t, text_of(room, "room"));
        kr_table_add(&t, room_state(text, room));
        add_number(&t, room, "occupants");
        add_number(&t, room, "members");
        add_number(&t, room, "waiting");
        add_number(&t, room, "epoch");
        add_number(&t, room, "committed_epoch");
        kr_table_add(&t, since_commit(when, room));
    }
    kr_table_print(&t);
}

static const char *stock_state(const json_t *stock)
{
    if (flag_of(stock, "revoked"))
        return "stock, revoked";
    if (!flag_of(stock, "gets_keys"))
        return "stock, no keys";
    return flag_of(stock, "enabled") ? "stock, E2EE on" : "stock, E2EE off";
}

static const char *participant_state(const json_t *p)
{
    const json_t *stock = json_object_get(p, "stock");

    if (stock && !flag_of(p, "attached"))
        return stock_state(stock);
    if (!flag_of(p, "attached"))
        return "no device";
    if (flag_of(p, "waiting"))
        return "waiting";
    if (flag_of(p, "laggard"))
        return "member, late";
    return flag_of(p, "settled") ? "member" : "joining";
}

void kr_show_room(const json_t *answer)
{
    static const char *const headings[] = {"PARTICIPANT", "STATE", "OWNER", "AFFILIATION", "DEVICE", "ACKED"};
    const json_t *p;
    struct kr_table t;
    size_t i;
    char text[64], when[SPAN_TEXT];

    (void)printf("%s: %s\n", text_of(answer, "room"), room_state(text, answer));
    (void)printf("policy    authorise %s", text_of(answer, "authorise"));
    if (*text_of(answer, "verified_by"))
        (void)printf(" by %s", text_of(answer, "verified_by"));
    (void)printf(", source %s", text_of(answer, "source"));
    (void)printf(", format %s\n", suite(text, answer));
    if (*text_of(answer, "leader"))
        (void)printf("leader    %s makes the keys of all%s\n", text_of(answer, "leader"),
                     flag_of(answer, "service_knows_keys") ? ": the service, which KNOWS THEM" : "");
    (void)printf("instance  %s\n", *text_of(answer, "instance") ? text_of(answer, "instance") : "none");
    (void)printf("epoch     %llu announced, %llu committed %s\n",
                 (unsigned long long)number_of(answer, "epoch"),
                 (unsigned long long)number_of(answer, "committed_epoch"), since_commit(when, answer));
    if (*text_of(answer, "context"))
        (void)printf("context   %s\n", text_of(answer, "context"));
    (void)putchar('\n');
    kr_table_init(&t, sizeof(headings) / sizeof(*headings), headings);
    json_array_foreach(json_object_get(answer, "participants"), i, p)
    {
        kr_table_add(&t, text_of(p, "participant"));
        kr_table_add(&t, participant_state(p));
        kr_table_add(&t, *text_of(p, "owner")    ? text_of(p, "owner")
                         : flag_of(p, "service") ? "the service"
                                                 : "guest");
        kr_table_add(&t, text_of(p, "affiliation"));
        kr_table_add(&t, text_of(p, "device"));
        add_number(&t, p, "acked_epoch");
    }
    kr_table_print(&t);
    kr_show_stock(answer);
}

static const char *join(char out[static LIST_TEXT], const json_t *list)
{
    const json_t *v;
    size_t i, len = 0;

    out[0] = '\0';
    json_array_foreach(list, i, v)
    {
        const char *s = json_string_value(v);
        int n = snprintf(out + len, LIST_TEXT - len, "%s%s", i ? ", " : "",
                         s && strcmp(s, "*") == 0 ? "everywhere"
                         : s                      ? s
                                                  : "");

        len += n > 0 ? (size_t)n : 0;
        if (len >= LIST_TEXT)
            break;
    }
    return out;
}

void kr_show_devices(const json_t *answer)
{
    static const char *const headings[] = {"DEVICE",  "OWNERS",     "APPROVED",
                                           "REVOKED", "FIRST SEEN", "LAST SEEN"};
    uint64_t now_ms = number_of(answer, "now_ms");
    const json_t *d;
    struct kr_table t;
    size_t i;
    char text[LIST_TEXT], when[SPAN_TEXT];

    kr_table_init(&t, sizeof(headings) / sizeof(*headings), headings);
    json_array_foreach(json_object_get(answer, "devices"), i, d)
    {
        kr_table_add(&t, text_of(d, "device"));
        kr_table_add(&t, *join(text, json_object_get(d, "owners")) ? text : "guest");
        kr_table_add(&t, join(text, json_object_get(d, "approved")));
        kr_table_add(&t, join(text, json_object_get(d, "revoked")));
        kr_table_add(&t, ago(when, now_ms, number_of(d, "first_seen_ms")));
        kr_table_add(&t, ago(when, now_ms, number_of(d, "last_seen_ms")));
    }
    kr_table_print(&t);
}

void kr_show_text(const json_t *answer)
{
    (void)printf("%s\n", text_of(answer, "text"));
}
