#define _DEFAULT_SOURCE     /* timegm */
#define _XOPEN_SOURCE   700 /* strptime */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit_report.h"

enum { MISUSE = 2, VALUE_MAX = 4200 };

/* T of the command line in ms; false for another form. */
static bool read_time(const char *text, uint64_t *ret_ms)
{
    struct tm tm = {.tm_mday = 1};
    const char *end = strptime(text, strchr(text, 'T') ? "%Y-%m-%dT%H:%M" : "%Y-%m-%d", &tm);
    if (!end || *end)
        return false;
    *ret_ms = (uint64_t)timegm(&tm) * 1000;
    return true;
}

static bool has_value(const struct kr_log_entry *e, const struct kr_names *names, const char *want, bool room)
{
    for (size_t i = 0; i < e->count; i++) {
        char value[VALUE_MAX];
        bool is_room = e->lines[i].name.len == 4 && memcmp(e->lines[i].name.ptr, "room", 4) == 0;
        kr_audit_value(names, &e->lines[i], value);
        if (is_room == room && strcmp(value, want) == 0)
            return true;
    }
    return false;
}

static void show_text(uint64_t idx, const struct kr_log_entry *e, const struct kr_names *names)
{
    char when[32];
    uint64_t t = 0;
    kr_log_number(e, "t", &t);
    kr_audit_time(t, when);
    (void)printf("%" PRIu64 " %s %.*s", idx, when, (int)e->lines[2].value.len,
                 (const char *)e->lines[2].value.ptr);
    for (size_t i = 3; i < e->count; i++) {
        char value[VALUE_MAX];
        kr_audit_value(names, &e->lines[i], value);
        (void)printf(" %.*s=%s", (int)e->lines[i].name.len, (const char *)e->lines[i].name.ptr, value);
    }
    (void)putchar('\n');
}

static void show_json(uint64_t idx, const struct kr_log_entry *e, const struct kr_names *names)
{
    json_t *o = json_object(), *opened = json_object();
    json_object_set_new(o, "idx", json_integer((json_int_t)idx));
    for (size_t i = 0; i < e->count; i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), "%.*s", (int)e->lines[i].name.len,
                       (const char *)e->lines[i].name.ptr);
        json_object_set_new(o, name,
                            json_stringn((const char *)e->lines[i].value.ptr, e->lines[i].value.len));
        const char *text = kr_names_find(names, e->lines[i].value);
        if (text)
            json_object_set_new(opened, name, json_string(text));
    }
    if (json_object_size(opened))
        json_object_set(o, "opened", opened);
    json_decref(opened);
    (void)json_dumpf(o, stdout, JSON_COMPACT);
    (void)putchar('\n');
    json_decref(o);
}

struct wanted {
    uint64_t from, until;
};

static bool is_wanted(const struct kr_audit *a, const struct wanted *w, const struct kr_log_entry *e,
                      const struct kr_names *names)
{
    uint64_t t = 0;
    kr_log_number(e, "t", &t);
    return t >= w->from && t < w->until && (!a->type || kr_log_is(e, "type", a->type)) &&
           (!a->room || has_value(e, names, a->room, true)) &&
           (!a->person || has_value(e, names, a->person, false));
}

int kr_audit_show(const struct kr_audit *a)
{
    bool report = strcmp(a->action, "report") == 0, export = strcmp(a->action, "export") == 0;
    struct wanted w = {.until = UINT64_MAX};
    if ((a->from && !read_time(a->from, &w.from)) || (a->until && !read_time(a->until, &w.until)) ||
        (report && !a->out)) {
        (void)kr_audit_complain(report && !a->out ? "missing option --out"
                                                  : "a time is YYYY-MM-DD or YYYY-MM-DDThh:mm");
        return MISUSE;
    }
    sqlite3 *db = NULL;
    int err = kr_audit_open(a, &db);
    if (err)
        return err;
    struct kr_names *names = kr_names_load(a, db);
    struct kr_page page = {.entry_count = 0};
    sqlite3_stmt *s = kr_audit_prepare(db, "SELECT idx, entry FROM log_leaf ORDER BY idx", &err);
    if (!names)
        err = 1;
    while (!err && kr_audit_next(s, &err)) {
        struct kr_log_entry e;
        uint64_t idx = (uint64_t)sqlite3_column_int64(s, 0);
        struct kr_span bytes = kr_span(sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1));
        if (kr_log_entry_read(bytes, &e)) {
            (void)kr_audit_complain("entry %" PRIu64 ": is not of the form of an entry", idx);
            continue;
        }
        if (!is_wanted(a, &w, &e, names))
            continue;
        if (report)
            kr_page_add(&page, idx, &e, names);
        else if (export)
            show_json(idx, &e, names);
        else
            show_text(idx, &e, names);
    }
    sqlite3_finalize(s);
    if (report && !err)
        err = kr_page_write(&page, a, db);
    kr_page_free(&page);
    kr_names_free(names);
    sqlite3_close(db);
    return err;
}
