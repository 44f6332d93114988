#include "core/invite.h"

#include <string.h>

#include "core/door.h"
#include "core/muc.h"
#include "core/room.h"
#include "core/stock.h"
#include "message/stanza.h"
#include "xml/ns.h"

bool kr_may_invite(const struct kr_core *core, const char *inviter)
{
    struct kr_arena arena;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    const char *bare = inviter && kr_jid_valid(inviter) ? kr_jid_bare(&arena, inviter) : NULL;
    bool may = false;
    for (size_t i = 0; bare && i < core->settings.inviter_count; i++)
        may |= kr_glob_match(core->settings.inviters[i], bare);
    kr_arena_done(&arena);
    return may;
}

static void invited(struct kr_core *core, const char *from, const char *room_jid, const char *inviter,
                    const struct kr_el *message)
{
    const char *why = NULL;
    struct kr_stock_place place = kr_stock_placed(message, room_jid, inviter);
    if (!kr_may_invite(core, inviter))
        why = "not a configured inviter";
    else if (!kr_muc_allowed(core, place.address))
        why = "not in muc-domains";
    struct kr_room *room = why ? NULL : kr_room_get(core, place.jid);
    if (!why && !room)
        why = "too many rooms";
    if (why) {
        core->stats.invitations_refused++;
        /* No answer and no quota is for a message, but a line in the log is. */
        kr_trace(core, kr_door_within_rate(core, from) ? KR_TRACE_INFO : KR_TRACE_DEBUG,
                 "invitation to " KR_PEER " by " KR_PEER " -> refused (%s)", room_jid,
                 inviter ? inviter : "nobody", why);
        return;
    }
    kr_trace(core, KR_TRACE_INFO, "invitation to " KR_PEER " by " KR_PEER " -> accepted", room->jid, inviter);
    if (place.facts) {
        kr_room_set_address(room, place.address);
        kr_stock_invited(room, place.facts);
    }
    if (room->presence == KR_OUT && !room->stopped) {
        room->retry_ms = core->now.mono_ms;
        kr_room_advance(core, room);
    }
}

void kr_muc_message(struct kr_core *core, const struct kr_el *message)
{
    const char *from = kr_el_attr(message, "from"), *type = kr_el_attr(message, "type");
    if (!from || (type && (strcmp(type, "error") == 0 || strcmp(type, "groupchat") == 0)))
        return;
    if (kr_stock_message(core, message))
        return;
    const struct kr_el *x = kr_el_child(message, "x", KR_NS_MUC_USER);
    const struct kr_el *invite = x ? kr_el_child(x, "invite", KR_NS_MUC_USER) : NULL;
    const struct kr_el *direct = kr_el_child(message, "x", KR_NS_CONFERENCE);
    if (invite && !strchr(from, '/')) {
        invited(core, from, from, kr_el_attr(invite, "from"), message);
    } else if (direct && kr_el_attr(direct, "jid")) {
        /* Not from a room: there the address in front of the slash is the room's, not the inviter's. */
        struct kr_arena arena;
        kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
        const char *bare = kr_jid_valid(from) ? kr_jid_bare(&arena, from) : NULL;
        if (bare && !kr_muc_allowed(core, bare))
            invited(core, from, kr_el_attr(direct, "jid"), from, message);
        kr_arena_done(&arena);
    }
}
