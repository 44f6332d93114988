#include <stdio.h>
#include <string.h>

#include "base/limit.h"
#include "sim/world/world.h"
#include "support/el_expat.h"

static void set_ns(struct kr_el *el, const char *ns)
{
    if (el->ns[0] == '\0')
        el->ns = ns;
    for (struct kr_el *e = el->child; e; e = e->next)
        set_ns(e, ns);
}

struct kr_el *sim_parse(struct kr_arena *arena, const char *text, const char *ns)
{
    struct kr_el *el = NULL;
    kr_arena_init(arena, KR_STANZA_ARENA_MAX);
    if (kr_el_parse(arena, text, strlen(text), &el) != 0)
        return NULL;
    set_ns(el, ns);
    return el;
}

/* The builder writes name='value', with every quote in a value escaped. */
bool sim_attr(const char *text, const char *element, const char *name, char *out, size_t size)
{
    char tag[64], key[64];
    const char *at = text;
    if (element) {
        snprintf(tag, sizeof(tag), "<%s ", element);
        at = strstr(text, tag);
    }
    const char *end = at ? strchr(at, '>') : NULL;
    snprintf(key, sizeof(key), " %s='", name);
    const char *found = end ? strstr(at, key) : NULL;
    if (!found || found > end)
        return false;
    found += strlen(key);
    const char *stop = strchr(found, '\'');
    if (!stop || (size_t)(stop - found) >= size)
        return false;
    memcpy(out, found, (size_t)(stop - found));
    out[stop - found] = '\0';
    return true;
}
