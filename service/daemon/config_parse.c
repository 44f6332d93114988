#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/limit.h"
#include "base/utf8.h"
#include "daemon/options.h"
#include "message/stanza.h"

enum { LINE_MAX_LEN = 2 * KR_JID_MAX }; /* bytes: a name, a JID, and white space around them */

struct parser {
    struct kr_config *c;
    struct kr_config_room *section; /* NULL before the first one */
    unsigned line;
    char *errmsg; /* KR_CONFIG_ERR bytes */
};

static int fail(const struct parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int fail(const struct parser *p, const char *fmt, ...)
{
    va_list ap;
    size_t len;

    if (p->line)
        (void)snprintf(p->errmsg, KR_CONFIG_ERR, "%s:%u: ", p->c->path, p->line);
    else
        (void)snprintf(p->errmsg, KR_CONFIG_ERR, "%s: ", p->c->path);
    len = strlen(p->errmsg);
    va_start(ap, fmt);
    (void)vsnprintf(p->errmsg + len, KR_CONFIG_ERR - len, fmt, ap);
    va_end(ap);
    return KR_E_CONFIG;
}

static bool is_space(char ch)
{
    return ch == ' ' || ch == '\t' || ch == '\r' || ch == '\n';
}

/* Cuts a comment (a '#' at the start or behind white space) and white space at both ends. */
static char *trim(char *s)
{
    char *end;

    for (char *p = s; *p; p++)
        if (*p == '#' && (p == s || is_space(p[-1]))) {
            *p = '\0';
            break;
        }
    while (is_space(*s))
        s++;
    end = s + strlen(s);
    while (end > s && is_space(end[-1]))
        *--end = '\0';
    return s;
}

static const struct kr_option *find(const struct kr_option *options, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

static void *field_of(void *base, const struct kr_option *o)
{
    return (char *)base + o->offset;
}

static struct kr_config_room *add_section(struct kr_config *c, const char *glob)
{
    struct kr_config_room *r;
    char why[KR_CONFIG_ERR];

    kr_grow((void **)&c->rooms, &c->room_cap, c->room_count, sizeof(*c->rooms));
    r = &c->rooms[c->room_count++];
    *r = (struct kr_config_room){.glob = kr_strdup(glob)};
    for (size_t i = 0; i < KR_ROOM_OPTIONS; i++)
        (void)kr_option_set(&kr_room_options[i], field_of(r, &kr_room_options[i]), kr_room_options[i].def,
                            why);
    return r;
}

static int read_section(struct parser *p, char *s)
{
    static const char start[] = "[room \"";
    size_t len = strlen(s);
    char *glob = s + sizeof(start) - 1;

    if (strncmp(s, start, sizeof(start) - 1) != 0 || len < sizeof(start) + 2 ||
        strcmp(s + len - 2, "\"]") != 0)
        return fail(p, "a section is written [room \"GLOB\"]");
    s[len - 2] = '\0';
    if (!*glob || !kr_utf8_plain(glob, KR_JID_MAX) || strchr(glob, '"'))
        return fail(p, "the glob of a section is empty, too long or no plain text");
    for (size_t i = 0; i < p->c->room_count; i++)
        if (strcmp(p->c->rooms[i].glob, glob) == 0)
            return fail(p, "a second section [room \"%s\"]", glob);
    p->section = add_section(p->c, glob);
    return 0;
}

static int read_option(struct parser *p, const char *name, const char *value)
{
    const struct kr_option *global = find(kr_options, KR_OPTIONS, name);
    const struct kr_option *room = find(kr_room_options, KR_ROOM_OPTIONS, name);
    const struct kr_option *o = p->section ? room : global;
    char why[KR_CONFIG_ERR];
    unsigned *line;

    if (!o && room)
        return fail(p, "%s belongs into a [room \"GLOB\"] section", name);
    if (!o && global)
        return fail(p, "%s belongs before the first section", name);
    if (!o)
        return fail(p, "unknown option %s", name);
    line = p->section ? &p->section->line[room - kr_room_options] : &p->c->line[global - kr_options];
    if (*line && !kr_option_is_list(o->type))
        return fail(p, "%s was set already, in line %u", name, *line);
    if (kr_option_set(o, field_of(p->section ? (void *)p->section : (void *)p->c, o), value, why))
        return fail(p, "%s", why);
    *line = p->line;
    return 0;
}

static int read_line(struct parser *p, char *raw, size_t len)
{
    char *s, *equals, *value;

    if (strlen(raw) != len)
        return fail(p, "a NUL byte");
    if (!kr_utf8_plain(trim(raw), LINE_MAX_LEN))
        return fail(p, "the line is too long, or is not UTF-8 without control characters");
    s = trim(raw);
    if (!*s)
        return 0;
    if (*s == '[')
        return read_section(p, s);
    equals = strchr(s, '=');
    if (!equals || equals == s)
        return fail(p, "a line is `name = value`");
    *equals = '\0';
    value = trim(equals + 1);
    return read_option(p, trim(s), value);
}

/* What a section leaves open comes from [room "*"], and what that leaves open is the default. */
static void inherit(struct kr_config *c)
{
    struct kr_config_room *star = NULL;

    for (size_t i = 0; i < c->room_count; i++)
        if (strcmp(c->rooms[i].glob, "*") == 0)
            star = &c->rooms[i];
    if (!star) {
        (void)add_section(c, "*");
        return;
    }
    for (size_t i = 0; i < c->room_count; i++)
        for (size_t k = 0; k < KR_ROOM_OPTIONS; k++)
            if (&c->rooms[i] != star && !c->rooms[i].line[k]) {
                kr_option_done(&kr_room_options[k], field_of(&c->rooms[i], &kr_room_options[k]));
                kr_option_copy(&kr_room_options[k], field_of(&c->rooms[i], &kr_room_options[k]),
                               field_of(star, &kr_room_options[k]));
            }
}

static int check_room_of_muc(struct parser *p, const char *room)
{
    const char *domain = strchr(room, '@') + 1;

    for (size_t i = 0; i < p->c->muc.len; i++)
        if (kr_glob_match(p->c->muc.v[i], domain))
            return 0;
    p->line = p->c->line[KR_OPT_room];
    return fail(p, "room %s is of no domain named with muc", room);
}

static int check_section(struct parser *p, const struct kr_config_room *r)
{
    if (r->format == KR_FORMAT_JFRAME && r->line[KR_ROOM_OPT_suite]) {
        p->line = r->line[KR_ROOM_OPT_suite];
        return fail(p, "suite is for format sframe: jframe has none");
    }
    if (r->coalesce_max_ms < r->coalesce_ms) {
        p->line = r->line[KR_ROOM_OPT_coalesce_max_ms] ? r->line[KR_ROOM_OPT_coalesce_max_ms]
                                                       : r->line[KR_ROOM_OPT_coalesce_ms];
        return fail(p, "coalesce-max is below coalesce in [room \"%s\"]", r->glob);
    }
    return 0;
}

static int check_whole(struct parser *p)
{
    int err = 0;

    p->line = 0;
    for (size_t i = 0; i < KR_OPTIONS; i++)
        if ((kr_options[i].flags & KR_FLAG_REQUIRED) && !p->c->line[i])
            return fail(p, "%s is missing", kr_options[i].name);
    for (size_t i = 0; i < p->c->room.len && !err; i++)
        err = check_room_of_muc(p, p->c->room.v[i]);
    for (size_t i = 0; i < p->c->room_count && !err; i++)
        err = check_section(p, &p->c->rooms[i]);
    return err;
}

static void set_defaults(struct kr_config *c)
{
    char why[KR_CONFIG_ERR];

    for (size_t i = 0; i < KR_OPTIONS; i++) {
        const struct kr_option *o = &kr_options[i];

        if (*o->def)
            (void)kr_option_set(o, field_of(c, o), o->def, why);
        else if (!kr_option_is_list(
                     o->type)) /* a text: "" is "not given", also where it may not be set to it */
            *(char **)field_of(c, o) = kr_strdup("");
    }
}

int kr_config_read(FILE *in, const char *path, char errmsg[static KR_CONFIG_ERR],
                   struct kr_config *ret_config)
{
    struct kr_config c = {.path = kr_strdup(path)};
    struct parser p = {.c = &c};
    char *raw = NULL;
    size_t cap = 0;
    ssize_t len;
    int err = 0;

    p.errmsg = errmsg;
    set_defaults(&c);
    while (!err && (len = getline(&raw, &cap, in)) >= 0) {
        p.line++;
        err = read_line(&p, raw, (size_t)len);
    }
    if (!err && ferror(in)) {
        p.line = 0;
        err = fail(&p, "cannot be read: %s", strerror(errno));
    }
    if (!err) {
        inherit(&c);
        err = check_whole(&p);
    }
    free(raw);
    if (err)
        kr_config_done(&c);
    else
        *ret_config = c;
    return err;
}

int kr_config_load(const char *path, char errmsg[static KR_CONFIG_ERR], struct kr_config *ret_config)
{
    FILE *in = fopen(path, "re");
    int err;

    if (!in) {
        (void)snprintf(errmsg, KR_CONFIG_ERR, "%s: cannot be opened: %s", path, strerror(errno));
        return KR_E_CONFIG;
    }
    err = kr_config_read(in, path, errmsg, ret_config);
    (void)fclose(in);
    return err;
}
