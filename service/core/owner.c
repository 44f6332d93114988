#include "core/owner.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "core/member.h"
#include "core/room.h"
#include "message/stanza.h"

/* No bare JID begins so: a local part has no colon (RFC 7622 3.3.1). */
#define TOKEN_PREFIX "token:"

static bool listed(char *const *globs, size_t count, const char *domain)
{
    for (size_t i = 0; i < count; i++) {
        if (kr_glob_match(globs[i], domain))
            return true;
    }
    return false;
}

static const char *of_token(const struct kr_core *core, struct kr_arena *arena, const struct kr_room *room,
                            const struct kr_occupant *o)
{
    const char *at = strchr(kr_room_address(room), '@');
    if (!o || !o->user || !at ||
        !listed(core->settings.token_owners, core->settings.token_owner_count, at + 1))
        return "";
    /* Users of two tenants may have one id, so the tenant is part of the name; a colon in it would make one
     * of two. */
    const char *tenant = o->tenant ? o->tenant : "";
    struct kr_buf text;
    kr_buf_init(&text, KR_JID_MAX);
    kr_buf_add_str(&text, TOKEN_PREFIX);
    kr_buf_add_str(&text, tenant);
    kr_buf_add_str(&text, ":");
    kr_buf_add_str(&text, o->user);
    const char *owner = NULL;
    if (!text.err && !strchr(tenant, ':'))
        owner = kr_arena_strndup(arena, (const char *)text.ptr, text.len);
    kr_buf_done(&text);
    return owner ? owner : "";
}

static const char *of_jid(const struct kr_core *core, struct kr_arena *arena, const char *full_jid)
{
    const char *domain = kr_jid_domain(arena, full_jid);
    if (!domain || !listed(core->settings.registered_domains, core->settings.registered_domain_count, domain))
        return "";
    const char *bare = kr_jid_bare(arena, full_jid);
    return bare ? bare : "";
}

const char *kr_owner_of(const struct kr_core *core, struct kr_arena *arena, const struct kr_room *room,
                        const struct kr_occupant *o, const char *full_jid)
{
    const char *owner = of_token(core, arena, room, o);
    return *owner ? owner : of_jid(core, arena, full_jid);
}

bool kr_owner_holds(const struct kr_core *core, const struct kr_room *room, const struct kr_occupant *o,
                    const char *full_jid, const char *owner)
{
    struct kr_arena arena;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    bool holds = *owner && (strcmp(owner, of_token(core, &arena, room, o)) == 0 ||
                            strcmp(owner, of_jid(core, &arena, full_jid)) == 0);
    kr_arena_done(&arena);
    return holds;
}

bool kr_owner_judge(struct kr_core *core, struct kr_room *room, struct kr_attach *a)
{
    if (strncmp(a->owner, TOKEN_PREFIX, strlen(TOKEN_PREFIX)) != 0 ||
        kr_owner_holds(core, room, a->occupant, a->full_jid, a->owner))
        return false;
    kr_trace(core, KR_TRACE_INFO, "attach %s in " KR_PEER " -> over (its session has another token)",
             kr_short(&a->id).text, room->jid);
    kr_attach_end(core, room, a, "policy");
    return true;
}

static bool usable(const char *text)
{
    return *text && kr_utf8_plain(text, KR_JID_MAX);
}

static bool take(char **to, const struct kr_el *el, const char *name)
{
    const char *text = el ? kr_el_attr(el, name) : NULL;
    char *now = text && usable(text) ? kr_strdup(text) : NULL;
    bool same = now && *to ? strcmp(now, *to) == 0 : now == *to;
    free(*to);
    *to = now;
    return !same;
}

void kr_owner_told(struct kr_core *core, struct kr_room *room, struct kr_occupant *o,
                   const struct kr_el *session)
{
    /* A tenant that cannot be taken is not none: its user would be another's of the same id. */
    const char *tenant = session ? kr_el_attr(session, "tenant") : NULL;
    bool changed = take(&o->user, tenant && !usable(tenant) ? NULL : session, "user");
    changed |= take(&o->tenant, session, "tenant");
    (void)take(&o->user_name, session, "name");
    if (changed && o->attach)
        (void)kr_owner_judge(core, room, o->attach);
}

void kr_owner_forget(struct kr_occupant *o)
{
    free(o->user);
    free(o->tenant);
    free(o->user_name);
}
