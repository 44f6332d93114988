#include "core/muc.h"

#include <stdlib.h>
#include <string.h>

#include "core/audit.h"
#include "core/epoch.h"
#include "core/member.h"
#include "core/occupant.h"
#include "core/own.h"
#include "core/presence.h"
#include "core/restore.h"
#include "core/room.h"
#include "core/stock.h"
#include "core/tell.h"
#include "message/stanza.h"
#include "xml/ns.h"

enum {
    JOIN_TIMEOUT_MS = 30000,
    BACKOFF_MS = 2000,
    BACKOFF_MAX_MS = 60000,
    NICK_TRIES = 20,
    NAMED_MS = 60000
};

bool kr_muc_allowed(struct kr_core *core, const char *room)
{
    if (!kr_jid_valid(room) || strchr(room, '/') || !strchr(room, '@'))
        return false;
    const char *domain = strchr(room, '@') + 1;
    for (size_t i = 0; i < core->settings.muc_domain_count; i++) {
        if (kr_glob_match(core->settings.muc_domains[i], domain))
            return true;
    }
    return false;
}

enum what { JOIN, UPDATE, LEAVE };

static void send_presence(struct kr_core *core, const struct kr_room *room, enum what what)
{
    struct kr_buf to;
    kr_buf_init(&to, KR_JID_MAX);
    kr_buf_add_str(&to, kr_room_address(room));
    kr_buf_add_str(&to, "/");
    kr_buf_add_str(&to, room->nick);
    char *address = kr_buf_take_str(&to);
    struct kr_xml x;
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_xml_start(&x, "presence", NULL);
    kr_xml_attr(&x, "from", core->settings.jid);
    kr_xml_attr(&x, "to", address);
    kr_xml_attr(&x, "type", what == LEAVE ? "unavailable" : NULL);
    if (what == JOIN) {
        kr_xml_start(&x, "x", KR_NS_MUC);
        kr_xml_start(&x, "history", NULL);
        kr_xml_attr(&x, "maxstanzas", "0");
        kr_xml_end(&x);
        kr_xml_end(&x);
    }
    if (what != LEAVE && core->settings.has_device) {
        kr_xml_start(&x, "device", KR_NS);
        kr_xml_attr_id(&x, "id", &core->settings.device);
        kr_xml_end(&x);
    }
    kr_xml_end(&x);
    if (address)
        kr_output_send(core->out, kr_xml_take(&x));
    kr_xml_done(&x);
    free(address);
}

static void join(struct kr_core *core, struct kr_room *room)
{
    room->presence = KR_JOINING;
    room->retry_ms = core->now.mono_ms + JOIN_TIMEOUT_MS;
    kr_occupants_clear(room);
    send_presence(core, room, JOIN);
    kr_trace(core, KR_TRACE_DEBUG, "room " KR_PEER " -> joining as " KR_PEER, room->jid, room->nick);
}

static void retry_later(struct kr_core *core, struct kr_room *room, uint64_t at_least_ms, const char *why)
{
    room->backoff_ms = room->backoff_ms ? room->backoff_ms * 2 : BACKOFF_MS;
    if (room->backoff_ms < at_least_ms)
        room->backoff_ms = at_least_ms;
    if (room->backoff_ms > BACKOFF_MAX_MS)
        room->backoff_ms = BACKOFF_MAX_MS;
    room->presence = KR_OUT;
    room->retry_ms = core->now.mono_ms + room->backoff_ms;
    kr_trace(core, KR_TRACE_WARN, "room " KR_PEER " -> not joined, next try in %llu ms (%s)", room->jid,
             (unsigned long long)room->backoff_ms, why);
}

void kr_muc_configured(struct kr_core *core)
{
    for (size_t i = 0; i < core->settings.room_count; i++) {
        const char *jid = core->settings.rooms[i];
        if (!kr_muc_allowed(core, jid)) {
            kr_trace(core, KR_TRACE_ERROR, "room " KR_PEER " -> not joined (not in muc-domains)", jid);
            continue;
        }
        struct kr_room *room = kr_room_get(core, jid);
        if (room)
            room->configured = true;
    }
}

void kr_muc_show_device(struct kr_core *core)
{
    for (const struct kr_room *room = core->rooms; room; room = room->hh.next)
        if (room->presence == KR_IN)
            send_presence(core, room, UPDATE);
}

void kr_muc_link_up(struct kr_core *core)
{
    core->link_up = true;
    kr_muc_configured(core);
    for (struct kr_room *room = core->rooms; room; room = room->hh.next) {
        room->stopped = false;
        room->backoff_ms = 0;
        if (kr_muc_allowed(core, kr_room_address(room))) {
            join(core, room);
        } else { /* a tenant's room from the store: its module will tell where it is, if it still is */
            room->presence = KR_OUT;
            room->retry_ms = core->now.mono_ms + NAMED_MS;
        }
    }
}

void kr_room_forget_presence(struct kr_core *core, struct kr_room *room, const char *why)
{
    kr_own_stop(core, room);
    kr_epoch_abandon(core, room, why);
    room->changes = (struct kr_changes){0};
    kr_epoch_free(room->committed);
    room->committed = NULL;
    room->gone_count = 0;
    room->recovering = room->leaderless = false;
    room->leaders_failed = 0;
    for (struct kr_attach *a = room->attaches; a; a = a->hh.next) {
        a->confirmed = a->asked = a->held = false;
        a->occupant = NULL;
    }
    kr_occupants_clear(room);
    room->state_was_told = false;
    if (room->has_instance && !room->instance_stored)
        kr_room_end_instance(core, room, why);
}

void kr_muc_link_down(struct kr_core *core)
{
    core->link_up = false;
    core->congested = false;
    kr_stock_modules_forget(core);
    for (struct kr_room *room = core->rooms; room; room = room->hh.next) {
        kr_room_forget_presence(core, room, "the link to the server is lost");
        room->presence = KR_OUT;
        room->retry_ms = UINT64_MAX;
    }
}

/* The room is of no more use to us: its instance is over, an invited one is forgotten. */
static void forget(struct kr_core *core, struct kr_room *room, const char *why)
{
    kr_room_forget_presence(core, room, why);
    kr_room_end_instance(core, room, why);
    if (!room->configured)
        room->dead = true;
}

/* An instant room (XEP-0045 10.1.2): without it nobody else could enter the room that our join has made. */
static void unlock(struct kr_core *core, const struct kr_room *room)
{
    struct kr_xml x;
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_iq_start(&x, "set", core->settings.jid, kr_room_address(room), "unlock");
    kr_xml_start(&x, "query", "http://jabber.org/protocol/muc#owner");
    kr_xml_start(&x, "x", "jabber:x:data");
    kr_xml_attr(&x, "type", "submit");
    kr_xml_end(&x);
    kr_xml_end(&x);
    kr_xml_end(&x);
    kr_output_send(core->out, kr_xml_take(&x));
}

void kr_muc_self_available(struct kr_core *core, struct kr_room *room, const char *nick,
                           const struct kr_presence_facts *f)
{
    if (strcmp(nick, room->nick) != 0) { /* status 210: the server chose another */
        free(room->nick);
        room->nick = kr_strdup(nick);
    }
    kr_own_seen(core, room, f);
    if (room->presence == KR_IN)
        return;
    room->presence = KR_IN;
    room->backoff_ms = 0;
    room->nick_tries = 0;
    room->state_due = true;
    kr_trace(core, KR_TRACE_INFO, "room " KR_PEER " -> joined as " KR_PEER " (%u others)", room->jid,
             room->nick, HASH_COUNT(room->occupants));
    if (f->created && room->configured)
        unlock(core, room);
    kr_room_confirm(core, room);
}

void kr_muc_self_unavailable(struct kr_core *core, struct kr_room *room, const struct kr_presence_facts *f)
{
    if (f->new_nick && f->renamed) { /* the available presence under the new nick follows */
        free(room->nick);
        room->nick = kr_strdup(f->new_nick);
        return;
    }
    if (f->destroyed) {
        kr_trace(core, KR_TRACE_INFO, "room " KR_PEER " -> over (destroyed)", room->jid);
        forget(core, room, "the room was destroyed");
        if (room->configured)
            retry_later(core, room, BACKOFF_MAX_MS, "it was destroyed");
        return;
    }
    kr_room_forget_presence(core, room, "the service is out of the room");
    if (f->banned) {
        room->presence = KR_OUT;
        room->stopped = true;
        room->retry_ms = UINT64_MAX;
        kr_trace(core, KR_TRACE_ERROR, "room " KR_PEER " -> given up (banned)", room->jid);
        return;
    }
    retry_later(core, room, 0, f->kicked ? "kicked" : "removed");
}

/* Another nick: the configured one and a number. */
static void next_nick(struct kr_core *core, struct kr_room *room)
{
    struct kr_buf b;
    kr_buf_init(&b, KR_NICK_MAX);
    kr_buf_add_str(&b, core->settings.nick);
    kr_buf_add_str(&b, "-");
    kr_buf_add_dec(&b, ++room->nick_tries + 1);
    char *nick = kr_buf_take_str(&b);
    if (!nick)
        return;
    free(room->nick);
    room->nick = nick;
}

void kr_muc_error(struct kr_core *core, struct kr_room *room, const struct kr_el *presence)
{
    if (room->presence != KR_JOINING)
        return;
    const char *condition = kr_error_condition(presence);
    if (strcmp(condition, "conflict") == 0 && room->nick_tries < NICK_TRIES) {
        kr_trace(core, KR_TRACE_INFO, "room " KR_PEER " -> another nick (" KR_PEER " is taken)", room->jid,
                 room->nick);
        next_nick(core, room);
        join(core, room);
        return;
    }
    bool refused = strcmp(condition, "registration-required") == 0 || strcmp(condition, "forbidden") == 0 ||
                   strcmp(condition, "not-authorized") == 0 || strcmp(condition, "not-allowed") == 0 ||
                   strcmp(condition, "item-not-found") == 0 || strcmp(condition, "conflict") == 0;
    if (strcmp(condition, "gone") == 0) {
        forget(core, room, "the room is gone");
        if (!room->configured)
            return;
    }
    retry_later(core, room, refused ? BACKOFF_MAX_MS : 0, condition[0] ? condition : "refused");
}

void kr_muc_advance(struct kr_core *core, struct kr_room *room)
{
    if (!core->link_up || room->dead)
        return;
    kr_stock_advance(core, room);
    if (room->presence == KR_JOINING && core->now.mono_ms >= room->retry_ms)
        retry_later(core, room, 0, "no answer");
    if (room->presence == KR_OUT && !room->stopped && core->now.mono_ms >= room->retry_ms) {
        if (kr_muc_allowed(core, kr_room_address(room))) {
            join(core, room);
        } else {
            kr_trace(core, KR_TRACE_INFO, "room " KR_PEER " -> forgotten (no MUC of ours has it)", room->jid);
            room->configured = false;
            forget(core, room, "no MUC of ours has it");
            return;
        }
    }
    if (room->presence == KR_IN && !room->configured && HASH_COUNT(room->occupants) == 0) {
        kr_trace(core, KR_TRACE_INFO, "room " KR_PEER " -> left (nobody else is there)", room->jid);
        send_presence(core, room, LEAVE);
        room->presence = KR_OUT;
        forget(core, room, "nobody is in the room");
    }
    /* Begun for a challenge that came to nothing: what the log committed to in it need not be kept in memory.
     */
    if (room->presence == KR_IN && room->has_instance && !room->instance_stored && !room->occupants)
        kr_room_end_instance(core, room, "nobody is in the room");
    if (room->presence == KR_IN && kr_room_blind(room) && !room->blind_said) {
        room->blind_said = true;
        room->state_due = true;
        kr_trace(core, KR_TRACE_WARN,
                 "room " KR_PEER " -> blind (it hides real JIDs: make it non-anonymous, or the "
                 "service a moderator)",
                 room->jid);
    }
    if (room->blind_said && !kr_room_blind(room)) {
        room->blind_said = false;
        room->state_due = true;
    }
}

uint64_t kr_muc_deadline(const struct kr_core *core, const struct kr_room *room)
{
    if (!core->link_up || room->presence == KR_IN || (room->presence == KR_OUT && room->stopped))
        return UINT64_MAX;
    return room->retry_ms;
}
