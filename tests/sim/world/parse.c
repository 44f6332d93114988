#include <stdio.h>
#include <string.h>

#include "base/limit.h"
#include "parse/text.h"
#include "sim/world/world.h"

struct kr_el *sim_parse(struct kr_arena *arena, const char *text, const char *ns)
{
    struct kr_el *el = NULL;
    kr_arena_init(arena, KR_STANZA_ARENA_MAX);
    return kr_stanza_parse(arena, text, strlen(text), ns, &el) == 0 ? el : NULL;
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
