#include "core/stock.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "core/invite.h"
#include "core/room.h"
#include "core/stock_view.h"
#include "message/stanza.h"

enum { WORD_MAX = 64 };

static void take(char **to, const struct kr_el *el, const char *name)
{
    const char *text = kr_el_attr(el, name);
    free(*to);
    *to = text && *text && kr_utf8_plain(text, WORD_MAX) ? kr_strdup(text) : NULL;
}

static struct kr_stock_module *place(struct kr_core *core, const char *domain)
{
    struct kr_stock_module *free_place = NULL;
    if (!core->stock_modules)
        core->stock_modules = kr_calloc(KR_STOCK_MODULES, sizeof(*core->stock_modules));
    for (size_t i = 0; i < KR_STOCK_MODULES; i++) {
        struct kr_stock_module *m = &core->stock_modules[i];
        if (m->domain && strcmp(m->domain, domain) == 0)
            return m;
        if (!m->domain && !free_place)
            free_place = m;
    }
    if (free_place)
        free_place->domain = kr_strdup(domain);
    return free_place;
}

void kr_stock_module_said(struct kr_core *core, const char *domain, const struct kr_el *el)
{
    struct kr_stock_module *m = place(core, domain);
    uint64_t time_s = 0;
    const char *open = kr_el_attr(el, "open-when-away"), *limit = kr_el_attr(el, "rate-limit");
    if (!m)
        return;
    take(&m->version, el, "version");
    take(&m->c2s_rate, el, "c2s-rate");
    take(&m->conflict, el, "conflict");
    if (kr_el_attr_u64(el, "read-size", UINT32_MAX, &m->read_size))
        m->read_size = 0;
    m->open_when_away = open && strcmp(open, "true") == 0;
    m->rate_limit = limit && strcmp(limit, "true") == 0;
    /* It tells whole seconds. */
    m->skew_ms = kr_el_attr_u64(el, "time", UINT32_MAX, &time_s)
                     ? 0
                     : (int64_t)(time_s * 1000) - (int64_t)(core->now.wall_ms / 1000 * 1000);
    kr_trace(core, KR_TRACE_INFO, "module of " KR_PEER " -> is there (Prosody " KR_PEER ")", domain,
             m->version ? m->version : "of no version");
}

bool kr_stock_module_there(const struct kr_core *core, const struct kr_room *room)
{
    const char *at = strchr(kr_room_address(room), '@');
    for (size_t i = 0; at && core->stock_modules && i < KR_STOCK_MODULES; i++) {
        const char *domain = core->stock_modules[i].domain;
        if (domain && strcmp(domain, at + 1) == 0)
            return true;
    }
    return false;
}

void kr_stock_modules_forget(struct kr_core *core)
{
    for (size_t i = 0; core->stock_modules && i < KR_STOCK_MODULES; i++) {
        struct kr_stock_module *m = &core->stock_modules[i];
        free(m->domain);
        free(m->version);
        free(m->c2s_rate);
        free(m->conflict);
    }
    free(core->stock_modules);
    core->stock_modules = NULL;
}

void kr_core_stock_modules(const struct kr_core *core,
                           void (*each)(void *arg, const struct kr_stock_module_view *v), void *arg)
{
    for (size_t i = 0; core->stock_modules && i < KR_STOCK_MODULES; i++) {
        const struct kr_stock_module *m = &core->stock_modules[i];
        if (!m->domain)
            continue;
        struct kr_stock_module_view v = {.domain = m->domain,
                                         .version = m->version ? m->version : "",
                                         .c2s_rate = m->c2s_rate,
                                         .conflict = m->conflict ? m->conflict : "",
                                         .read_size = m->read_size,
                                         .skew_ms = m->skew_ms,
                                         .open_when_away = m->open_when_away,
                                         .rate_limit = m->rate_limit,
                                         .may_invite = kr_may_invite(core, m->domain)};
        for (size_t k = 0; k < core->settings.muc_domain_count; k++)
            v.served |= kr_glob_match(core->settings.muc_domains[k], m->domain);
        each(arg, &v);
    }
}
