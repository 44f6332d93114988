/* The configuration from any text: a refusal names file and, where there is one, line; what is accepted keeps
 * to its bounds, makes settings, and is the same when it is written out and read again. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/limit.h"
#include "daemon/options.h"
#include "text/policy.h"

#define PATH "k.conf"

static int read_text(const char *text, size_t len, char errmsg[static KR_CONFIG_ERR], struct kr_config *ret)
{
    FILE *in = fmemopen((void *)text, len, "r");
    FUZZ_MUST(in);
    int err = kr_config_read(in, PATH, errmsg, ret);
    fclose(in);
    return err;
}

static void refusal(const char *errmsg, const uint8_t *data, size_t size)
{
    unsigned long lines = 1;
    char *end;
    for (size_t i = 0; i + 1 < size; i++)
        lines += data[i] == '\n';
    FUZZ_MUST(strncmp(errmsg, PATH ":", strlen(PATH ":")) == 0 && strlen(errmsg) < KR_CONFIG_ERR);
    const char *at = errmsg + strlen(PATH ":");
    unsigned long line = strtoul(at, &end, 10);
    if (*at != ' ')
        FUZZ_MUST(line >= 1 && line <= lines && strncmp(end, ": ", 2) == 0 && end[2]);
    else /* only what is not there stands in no line */
        FUZZ_MUST(strstr(errmsg, " is missing"));
}

/* --- writing --- */

static void write_option(FILE *out, const struct kr_option *o, const void *base)
{
    const void *field = (const char *)base + o->offset;
    if (kr_option_is_list(o->type)) {
        const struct kr_strings *list = field;
        FUZZ_MUST(list->len <= o->max);
        for (size_t i = 0; i < list->len; i++)
            fprintf(out, "%s = %s\n", o->name, list->v[i]);
    } else if (o->type == KR_TYPE_U32) {
        uint32_t v = *(const uint32_t *)field;
        FUZZ_MUST(v >= o->min && v <= o->max);
        fprintf(out, "%s=%u\n", o->name, v);
    } else if (kr_option_choice(o->type, 0)) {
        const char *name = kr_option_choice(o->type, *(const uint32_t *)field);
        FUZZ_MUST(name);
        fprintf(out, "  %s = %s # comment\n", o->name, name);
    } else {
        const char *text = *(char *const *)field;
        FUZZ_MUST(text && strlen(text) <= o->max);
        if (*text || *o->def) /* a text that was not given cannot be given as empty */
            fprintf(out, "%s = %s\n", o->name, text);
    }
}

static char *write_config(const struct kr_config *c, size_t *ret_len)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, ret_len);
    FUZZ_MUST(out);
    for (size_t i = 0; i < KR_OPTIONS; i++)
        write_option(out, &kr_options[i], c);
    for (size_t r = 0; r < c->room_count; r++) {
        fprintf(out, "\n[room \"%s\"]\n", c->rooms[r].glob);
        for (size_t i = 0; i < KR_ROOM_OPTIONS; i++) {
            if (i != KR_ROOM_OPT_suite || c->rooms[r].format != KR_FORMAT_JFRAME)
                write_option(out, &kr_room_options[i], &c->rooms[r]);
        }
    }
    fclose(out);
    return text;
}

static void must_be_equal(const struct kr_config *a, const struct kr_config *b)
{
    for (size_t i = 0; i < KR_OPTIONS; i++) {
        const struct kr_option *o = &kr_options[i];
        FUZZ_MUST(kr_option_equal(o, (const char *)a + o->offset, (const char *)b + o->offset));
    }
    FUZZ_MUST(a->room_count == b->room_count);
    for (size_t r = 0; r < a->room_count; r++) {
        FUZZ_MUST(strcmp(a->rooms[r].glob, b->rooms[r].glob) == 0);
        for (size_t i = 0; i < KR_ROOM_OPTIONS; i++) {
            const struct kr_option *o = &kr_room_options[i];
            if (i != KR_ROOM_OPT_suite || a->rooms[r].format != KR_FORMAT_JFRAME)
                FUZZ_MUST(kr_option_equal(o, (const char *)&a->rooms[r] + o->offset,
                                          (const char *)&b->rooms[r] + o->offset));
        }
    }
}

/* --- what is accepted --- */

static void check_settings(const struct kr_config *c)
{
    static const char room[] = "r@c.example";
    struct kr_settings s;
    kr_config_settings(c, &s);
    FUZZ_MUST(s.jid && *s.jid && s.nick && *s.nick && s.muc_domain_count >= 1);
    FUZZ_MUST(s.room_count == c->room.len && s.room_settings_count == c->room_count);
    FUZZ_MUST(s.room_settings_count >= 1);
    FUZZ_MUST(strcmp(s.room_settings[s.room_settings_count - 1].glob, "*") == 0);
    for (size_t i = 0; i < s.room_settings_count; i++) {
        const struct kr_room_settings *r = &s.room_settings[i];
        struct kr_policy again;
        struct kr_buf text = kr_policy_text(&r->policy, room);
        FUZZ_MUST(!text.err && kr_policy_read(kr_buf_span(&text), room, &again) == 0);
        kr_buf_done(&text);
        FUZZ_MUST(kr_suite_fits(r->policy.format, r->policy.suite));
        FUZZ_MUST(r->coalesce_ms <= r->coalesce_max_ms);
    }
    FUZZ_MUST(kr_settings_room(&s, room));
    for (size_t i = 0; i < s.room_count; i++)
        FUZZ_MUST(kr_settings_room(&s, s.rooms[i]));
    kr_settings_done(&s);
}

static void never(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    abort();
}

static void accepted(struct kr_config *c)
{
    char errmsg[KR_CONFIG_ERR], address[64];
    struct kr_config again;
    uint16_t port;
    size_t len = 0;
    char *text = write_config(c, &len);
    FUZZ_MUST(read_text(text, len, errmsg, &again) == 0);
    must_be_equal(c, &again);
    kr_config_keep_fixed(c, &again, never, NULL);
    must_be_equal(c, &again);
    kr_config_done(&again);
    free(text);
    FUZZ_MUST(!*c->metrics_listen || kr_config_listen(c->metrics_listen, address, &port) == 0);
    (void)kr_config_log_level(c);
    check_settings(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char errmsg[KR_CONFIG_ERR] = "";
    struct kr_config c;
    if (size == 0) /* no stream has no bytes */
        return 0;
    int err = read_text((const char *)data, size, errmsg, &c);
    if (err) {
        FUZZ_MUST(err == KR_E_CONFIG);
        refusal(errmsg, data, size);
        return 0;
    }
    accepted(&c);
    kr_config_done(&c);
    return 0;
}
