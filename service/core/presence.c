#include "core/presence.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "core/attested.h"
#include "core/audit.h"
#include "core/challenge.h"
#include "core/member.h"
#include "core/muc.h"
#include "core/occupant.h"
#include "core/own.h"
#include "core/room.h"
#include "core/stock.h"
#include "message/stanza.h"
#include "xml/ns.h"

static void read_status(const struct kr_el *x, struct kr_presence_facts *f)
{
    for (const struct kr_el *s = kr_el_child(x, "status", KR_NS_MUC_USER); s;
         s = kr_el_next(s, "status", KR_NS_MUC_USER)) {
        const char *code = kr_el_attr(s, "code");
        if (!code)
            continue;
        f->self |= strcmp(code, "110") == 0;
        f->created |= strcmp(code, "201") == 0;
        f->renamed |= strcmp(code, "303") == 0;
        f->kicked |= strcmp(code, "307") == 0;
        f->banned |= strcmp(code, "301") == 0;
    }
    f->destroyed = kr_el_child(x, "destroy", KR_NS_MUC_USER) != NULL;
}

/* Two of an element that may stand once say nothing: neither is believed. */
static const struct kr_el *only_child(const struct kr_el *el, const char *name, const char *ns)
{
    const struct kr_el *c = kr_el_child(el, name, ns);
    return c && !kr_el_next(c, name, ns) ? c : NULL;
}

static struct kr_presence_facts read_facts(const struct kr_el *presence)
{
    struct kr_presence_facts f = {.affiliation = KR_AFFILIATION_NONE};
    f.x = only_child(presence, "x", KR_NS_MUC_USER);
    if (f.x) {
        read_status(f.x, &f);
        const struct kr_el *item = kr_el_child(f.x, "item", KR_NS_MUC_USER);
        if (item) {
            f.affiliation = kr_affiliation_read(kr_el_attr(item, "affiliation"));
            const char *nick = kr_el_attr(item, "nick");
            f.new_nick = nick && *nick && kr_utf8_plain(nick, KR_NICK_MAX) ? nick : NULL;
        }
    }
    const struct kr_el *device = only_child(presence, "device", KR_NS);
    f.has_device = device && kr_el_attr_id(device, "id", &f.device) == 0;
    return f;
}

/* The real full JIDs of the sessions on the nick; "" for one that no request can come from. None if any of
 * them is hidden. What an occupant can bring about by itself, many sessions or an address without a resource,
 * must not look hidden: that would stop the whole room. */
static size_t read_jids(const struct kr_presence_facts *f, char ***ret_jids)
{
    char **jids = kr_calloc(KR_NICK_SESSIONS_MAX, sizeof(*jids));
    size_t count = 0;
    bool hidden = false;
    for (const struct kr_el *i = f->x ? kr_el_child(f->x, "item", KR_NS_MUC_USER) : NULL; i && !hidden;
         i = kr_el_next(i, "item", KR_NS_MUC_USER)) {
        const char *jid = kr_el_attr(i, "jid");
        hidden = !jid;
        if (jid && count < KR_NICK_SESSIONS_MAX)
            jids[count++] = kr_strdup(kr_jid_valid(jid) && kr_jid_resource(jid)[0] ? jid : "");
    }
    while (hidden && count)
        free(jids[--count]);
    *ret_jids = kr_realloc_array(jids, count, sizeof(*jids));
    return count;
}

static void other_available(struct kr_core *core, struct kr_room *room, const char *nick,
                            const struct kr_presence_facts *f)
{
    struct kr_occupant *o = kr_occupant_get(room, nick);
    if (!o) {
        kr_trace(core, KR_TRACE_WARN, "occupant of " KR_PEER " -> ignored (more than %d)", room->jid,
                 KR_OCCUPANTS_MAX);
        return;
    }
    char **jids = NULL;
    size_t count = read_jids(f, &jids);
    bool same_session = o->jid_count != 0 && count != 0;
    for (size_t i = 0; same_session && i < o->jid_count; i++) {
        bool still = false;
        for (size_t k = 0; k < count; k++)
            still |= strcmp(jids[k], o->jids[i]) == 0;
        same_session = still;
    }
    kr_occupant_set_jids(room, o, jids, count); /* transferred */
    if (!same_session)
        kr_challenges_forget(o);
    enum kr_affiliation before = o->affiliation;
    o->affiliation = f->affiliation;
    o->has_device = f->has_device;
    o->device = f->device;
    kr_own_tell_occupant(core, room, o);
    struct kr_attach *a = o->attach;
    if (a && !kr_occupant_has_jid(o, a->full_jid)) {
        /* Somebody else speaks under the nick now, or the room hides who: a leave. */
        kr_attach_end(core, room, a, "left");
        return;
    }
    if (!a || before == o->affiliation)
        return;
    if (room->policy.authorise == KR_AUTHORISE_VERIFIED) { /* its word may count now, or no more */
        kr_attested_standing(core, room, a);
        kr_room_judge_all(core, room);
    } else {
        kr_attach_judge(core, room, a, false);
    }
}

static void other_unavailable(struct kr_core *core, struct kr_room *room, const char *nick)
{
    struct kr_occupant *o = kr_occupant_find(room, nick);
    if (!o) {
        kr_trace(core, KR_TRACE_DEBUG, "leave in " KR_PEER " -> ignored (no such occupant)", room->jid);
        return;
    }
    struct kr_attach *a = o->attach;
    kr_own_tell_gone(core, room, nick);
    kr_occupant_remove(room, o);
    if (a) {
        a->occupant = NULL;
        kr_attach_end(core, room, a, "left");
    }
}

void kr_muc_presence(struct kr_core *core, const struct kr_el *presence)
{
    const char *from = kr_el_attr(presence, "from"), *type = kr_el_attr(presence, "type");
    if (!from || !kr_jid_valid(from))
        return;
    struct kr_arena arena;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    const char *bare = kr_jid_bare(&arena, from), *nick = kr_jid_resource(from);
    struct kr_room *room = bare ? kr_room_find(core, bare) : NULL;
    kr_arena_done(&arena);
    if (!room || room->dead || room->presence == KR_OUT)
        return;
    if (type && strcmp(type, "error") == 0) {
        kr_muc_error(core, room, presence);
        return;
    }
    if (!nick[0])
        return;
    struct kr_presence_facts f = read_facts(presence);
    bool self = f.self || strcmp(nick, room->nick) == 0;
    if (!type) {
        if (self)
            kr_muc_self_available(core, room, nick, &f);
        else {
            other_available(core, room, nick, &f);
            kr_stock_presence(core, room, nick, presence);
        }
    } else if (strcmp(type, "unavailable") == 0) {
        if (self)
            kr_muc_self_unavailable(core, room, &f);
        else
            other_unavailable(core, room, nick);
    }
}
