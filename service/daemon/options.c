#include "daemon/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/limit.h"
#include "base/utf8.h"
#include "daemon/witness.h"
#include "message/stanza.h"

#define NONE     KR_FLAG_NONE
#define REQUIRED KR_FLAG_REQUIRED
#define RELOAD   KR_FLAG_RELOAD
#define SECRET   KR_FLAG_SECRET

const struct kr_option kr_options[KR_OPTIONS] = {
#define KR_OPTION(name, field, type, def, min, max, flags, help)                                             \
    {name, offsetof(struct kr_config, field), KR_TYPE_##type, def, min, max, flags, help},
#include "config.def"
};
const struct kr_option kr_room_options[KR_ROOM_OPTIONS] = {
#define KR_ROOM_OPTION(name, field, type, def, min, max, flags, help)                                        \
    {name, offsetof(struct kr_config_room, field), KR_TYPE_##type, def, min, max, flags, help},
#include "config.def"
};

const char *kr_option_choice(enum kr_option_type type, uint32_t v)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};

    switch (type) {
    case KR_TYPE_LEVEL:
        return v < sizeof(levels) / sizeof(*levels) ? levels[v] : NULL;
    case KR_TYPE_AUTHORISE:
        return kr_authorise_name((enum kr_authorise)v);
    case KR_TYPE_VERIFIED_BY:
        return kr_verified_by_name((enum kr_verified_by)v);
    case KR_TYPE_APPROVAL:
        return kr_approval_name((enum kr_approval)v);
    case KR_TYPE_SOURCE:
        return kr_source_name((enum kr_source)v);
    case KR_TYPE_FORMAT:
        return kr_format_name((enum kr_format)v);
    default:
        return NULL;
    }
}

bool kr_option_is_list(enum kr_option_type type)
{
    return type == KR_TYPE_LIST || type == KR_TYPE_JIDS || type == KR_TYPE_WITNESSES;
}

static bool is_text(enum kr_option_type type)
{
    return type == KR_TYPE_TEXT || type == KR_TYPE_JID || type == KR_TYPE_PATH || type == KR_TYPE_LISTEN;
}

static int set_u32(const struct kr_option *o, uint32_t *field, const char *value, char *why)
{
    uint64_t v = 0;
    const char *p = value;

    for (; *p >= '0' && *p <= '9' && p - value < 10; p++)
        v = v * 10 + (uint64_t)(*p - '0');
    if (p == value || *p || v < o->min || v > o->max) {
        (void)snprintf(why, KR_CONFIG_ERR, "%s is a whole number from %u to %u", o->name, o->min, o->max);
        return KR_E_CONFIG;
    }
    *field = (uint32_t)v;
    return 0;
}

static int set_choice(const struct kr_option *o, uint32_t *field, const char *value, char *why)
{
    const char *name;
    size_t len;

    for (uint32_t v = 0; (name = kr_option_choice(o->type, v)); v++)
        if (strcmp(name, value) == 0) {
            *field = v;
            return 0;
        }
    (void)snprintf(why, KR_CONFIG_ERR, "%s is one of:", o->name);
    for (uint32_t v = 0; (name = kr_option_choice(o->type, v)); v++) {
        len = strlen(why);
        (void)snprintf(why + len, KR_CONFIG_ERR - len, " %s", name);
    }
    return KR_E_CONFIG;
}

static int check_text(const struct kr_option *o, const char *value, char *why)
{
    char address[64];
    uint16_t port;
    struct kr_note_key key;
    const char *wrong = NULL, *url;

    if (!kr_utf8_plain(value, kr_option_is_list(o->type) ? KR_JID_MAX : o->max))
        wrong = "is too long, or is not UTF-8 without control characters";
    else if (!*value && (o->min > 0 || kr_option_is_list(o->type)))
        wrong = "must not be empty";
    else if (*value && o->type == KR_TYPE_PATH && *value != '/')
        wrong = "is an absolute path: it begins with '/'";
    else if (o->type == KR_TYPE_JID && (!kr_jid_valid(value) || strpbrk(value, "@/")))
        wrong = "is a domain, such as keyroom.example.org";
    else if (o->type == KR_TYPE_JIDS && (!kr_jid_valid(value) || !strchr(value, '@') || strchr(value, '/')))
        wrong = "is the bare JID of a room, such as standup@conference.example.org";
    else if (o->type == KR_TYPE_WITNESSES)
        wrong = kr_witness_read(value, &key, &url);
    else if (*value && o->type == KR_TYPE_LISTEN && kr_config_listen(value, address, &port))
        wrong = "is a loopback address with a port, such as 127.0.0.1:9475 or [::1]:9475: the page has no "
                "password, so "
                "it is not offered to other machines";
    if (!wrong)
        return 0;
    (void)snprintf(why, KR_CONFIG_ERR, "%s %s", o->name, wrong);
    return KR_E_CONFIG;
}

int kr_option_set(const struct kr_option *o, void *field, const char *value, char *why)
{
    struct kr_strings *list = field;
    char **text = field;
    int err;

    if (o->type == KR_TYPE_U32)
        return set_u32(o, field, value, why);
    if (!is_text(o->type) && !kr_option_is_list(o->type))
        return set_choice(o, field, value, why);
    err = check_text(o, value, why);
    if (err)
        return err;
    if (is_text(o->type)) {
        free(*text);
        *text = kr_strdup(value);
        return 0;
    }
    if (list->len == o->max) {
        (void)snprintf(why, KR_CONFIG_ERR, "more than %u lines of %s", o->max, o->name);
        return KR_E_CONFIG;
    }
    kr_grow((void **)&list->v, &list->cap, list->len, sizeof(*list->v));
    list->v[list->len++] = kr_strdup(value);
    return 0;
}

void kr_option_done(const struct kr_option *o, void *field)
{
    struct kr_strings *list = field;
    char **text = field;

    if (is_text(o->type)) {
        free(*text);
        *text = NULL;
    } else if (kr_option_is_list(o->type)) {
        for (size_t i = 0; i < list->len; i++)
            free(list->v[i]);
        free(list->v);
        *list = (struct kr_strings){0};
    }
}

bool kr_option_equal(const struct kr_option *o, const void *a, const void *b)
{
    const struct kr_strings *x = a, *y = b;

    if (is_text(o->type))
        return strcmp(*(char *const *)a, *(char *const *)b) == 0;
    if (!kr_option_is_list(o->type))
        return *(const uint32_t *)a == *(const uint32_t *)b;
    if (x->len != y->len)
        return false;
    for (size_t i = 0; i < x->len; i++)
        if (strcmp(x->v[i], y->v[i]) != 0)
            return false;
    return true;
}

void kr_option_copy(const struct kr_option *o, void *dst, const void *src)
{
    const struct kr_strings *from = src;
    struct kr_strings *to = dst;

    if (is_text(o->type)) {
        *(char **)dst = kr_strdup(*(char *const *)src);
    } else if (!kr_option_is_list(o->type)) {
        *(uint32_t *)dst = *(const uint32_t *)src;
    } else {
        *to = (struct kr_strings){0};
        for (size_t i = 0; i < from->len; i++) {
            kr_grow((void **)&to->v, &to->cap, to->len, sizeof(*to->v));
            to->v[to->len++] = kr_strdup(from->v[i]);
        }
    }
}
