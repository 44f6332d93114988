#include "base/err.h"

#include <stddef.h>
#include <string.h>

struct entry {
    int value;
    const char *name;
    struct kr_err_stanza stanza;
};

static const struct entry entries[] = {
#define KR_ERR(name, value, type, condition, app, text) {name, #name, {type, condition, app, text}},
#include "err.def"
#undef KR_ERR
};

static const struct entry *find(int err)
{
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        if (entries[i].value == err)
            return &entries[i];
    }
    return NULL;
}

const char *kr_strerror(int err)
{
    if (err == KR_OK)
        return "ok";
    const struct entry *e = find(err);
    return e ? e->stanza.text : "unknown error";
}

const char *kr_errname(int err)
{
    if (err == KR_OK)
        return "ok";
    const struct entry *e = find(err);
    if (!e)
        return "unknown";
    return e->stanza.app[0] ? e->stanza.app : e->name;
}

bool kr_err_is_refusal(int err)
{
    return err <= -1000 && err > -1500;
}

struct kr_err_stanza kr_err_stanza(int err)
{
    const struct entry *e = find(err);
    if (e && kr_err_is_refusal(err))
        return e->stanza;
    return (struct kr_err_stanza){"wait", "internal-server-error", "", ""};
}

int kr_err_from_app(const char *app)
{
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        if (kr_err_is_refusal(entries[i].value) && strcmp(entries[i].stanza.app, app) == 0)
            return entries[i].value;
    }
    return KR_E_INTERNAL;
}
