#include "core/own.h"

#include <stdlib.h>
#include <string.h>

#include "core/audit.h"
#include "core/challenge.h"
#include "core/member.h"
#include "core/occupant.h"
#include "core/room.h"
#include "message/stanza.h"
#include "xml/build.h"
#include "xml/ns.h"

bool kr_own_is(const struct kr_core *core, const char *jid)
{
    size_t len = strlen(core->settings.jid);
    return strncmp(jid, core->settings.jid, len) == 0 && (jid[len] == '\0' || jid[len] == '/');
}

/* --- the occupant --- */

static char *address(const struct kr_core *core, const struct kr_room *room)
{
    struct kr_buf b;
    kr_buf_init(&b, (size_t)2 * KR_JID_MAX + 2);
    kr_buf_printf(&b, "%s/%s", core->settings.jid, room->jid);
    char *jid = kr_buf_take_str(&b);
    kr_buf_done(&b);
    return jid;
}

static void occupant_free(struct kr_occupant *o)
{
    if (!o)
        return;
    kr_challenges_forget(o);
    free(o->jids[0]);
    free(o->jids);
    free(o->nick);
    free(o);
}

void kr_own_free(struct kr_room *room)
{
    occupant_free(room->own.occupant);
    room->own.occupant = NULL;
}

static struct kr_occupant *occupant_new(const struct kr_core *core, const struct kr_room *room)
{
    char *jid = address(core, room);
    if (!jid || !kr_jid_valid(jid)) { /* the room's name is too long to be part of an address */
        free(jid);
        return NULL;
    }
    struct kr_occupant *o = kr_calloc(1, sizeof(*o));
    o->nick = kr_strdup(room->nick);
    o->jids = kr_calloc(1, sizeof(*o->jids));
    o->jids[0] = jid;
    o->jid_count = 1;
    return o;
}

void kr_own_seen(struct kr_core *core, struct kr_room *room, const struct kr_presence_facts *f)
{
    struct kr_own_part *own = &room->own;
    if (own->occupant && strcmp(own->occupant->nick, room->nick) != 0) {
        kr_own_stop(core, room); /* its attach says the old one */
        kr_own_free(room);
    }
    if (!core->settings.has_device)
        return;
    if (!own->occupant)
        own->occupant = occupant_new(core, room);
    if (!own->occupant)
        return;
    own->occupant->affiliation = f->affiliation;
    own->occupant->has_device = f->has_device;
    own->occupant->device = f->device;
}

/* --- what it is told --- */

static void tell_presence(struct kr_core *core, const struct kr_room *room, const char *nick,
                          const struct kr_id *device, bool gone, bool self)
{
    struct kr_buf from;
    struct kr_xml x;
    kr_buf_init(&from, KR_JID_MAX + KR_NICK_MAX + 2);
    kr_buf_printf(&from, "%s/%s", room->jid, nick);
    char *who = kr_buf_take_str(&from);
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_xml_start(&x, "presence", NULL);
    kr_xml_attr(&x, "from", who);
    kr_xml_attr(&x, "type", gone ? "unavailable" : NULL);
    kr_xml_start(&x, "x", KR_NS_MUC_USER);
    if (self) {
        kr_xml_start(&x, "status", NULL);
        kr_xml_attr(&x, "code", "110");
        kr_xml_end(&x);
    }
    kr_xml_end(&x);
    if (device) {
        kr_xml_start(&x, "device", KR_NS);
        kr_xml_attr_id(&x, "id", device);
        kr_xml_end(&x);
    }
    kr_xml_end(&x);
    if (who)
        kr_output_own(core->out, KR_OWN_STANZA, room->jid, kr_xml_take(&x));
    kr_xml_done(&x);
    free(who);
    kr_buf_done(&from);
}

void kr_own_tell_occupant(struct kr_core *core, const struct kr_room *room, const struct kr_occupant *o)
{
    if (room->own.running)
        tell_presence(core, room, o->nick, o->has_device ? &o->device : NULL, false, false);
}

void kr_own_tell_gone(struct kr_core *core, const struct kr_room *room, const char *nick)
{
    if (room->own.running)
        tell_presence(core, room, nick, NULL, true, false);
}

/* --- its life --- */

static void begin(struct kr_core *core, struct kr_room *room)
{
    struct kr_own_part *own = &room->own;
    own->running = true;
    own->asked_ms = core->now.mono_ms;
    kr_output_own(core->out, KR_OWN_BEGIN, room->jid, kr_strdup(own->occupant->nick));
    for (const struct kr_occupant *o = room->occupants; o; o = o->hh.next)
        kr_own_tell_occupant(core, room, o);
    tell_presence(core, room, own->occupant->nick, &own->occupant->device, false, true);
    kr_trace(core, KR_TRACE_DEBUG, "own device in " KR_PEER " -> attaching", room->jid);
}

void kr_own_forget(struct kr_core *core, struct kr_room *room)
{
    if (!room->own.running)
        return;
    room->own.running = false;
    kr_challenges_forget(room->own.occupant); /* what it still asks is of a life that is over */
    kr_output_own(core->out, KR_OWN_END, room->jid, NULL);
}

void kr_own_stop(struct kr_core *core, struct kr_room *room)
{
    kr_own_forget(core, room);
    if (room->own.occupant && room->own.occupant->attach)
        kr_attach_end(core, room, room->own.occupant->attach, "left");
}

static bool is_wanted(const struct kr_core *core, const struct kr_room *room)
{
    const struct kr_occupant *o = room->own.occupant;
    if (!core->settings.has_device || room->policy.source != KR_SOURCE_SERVICE || room->presence != KR_IN ||
        kr_room_blind(room) || !o || !o->has_device || !kr_id_equal(&o->device, &core->settings.device))
        return false;
    for (const struct kr_attach *a = room->attaches; a; a = a->hh.next)
        if (a->confirmed && a->member && a != o->attach)
            return true;
    return false;
}

void kr_own_advance(struct kr_core *core, struct kr_room *room)
{
    bool wanted = is_wanted(core, room);
    if (wanted && !room->own.running)
        begin(core, room);
    else if (!wanted && room->own.running)
        kr_own_stop(core, room);
}

struct kr_attach *kr_own_leader(const struct kr_room *room)
{
    struct kr_attach *a = room->own.occupant ? room->own.occupant->attach : NULL;
    return a && kr_room_is_in(a) ? a : NULL;
}

bool kr_own_awaited(const struct kr_core *core, const struct kr_room *room)
{
    return room->policy.source == KR_SOURCE_SERVICE && room->own.running && !kr_own_leader(room) &&
           core->now.mono_ms < room->own.asked_ms + KR_OWN_WAIT_MS;
}

uint64_t kr_own_deadline(const struct kr_core *core, const struct kr_room *room)
{
    return kr_own_awaited(core, room) ? room->own.asked_ms + KR_OWN_WAIT_MS : UINT64_MAX;
}

void kr_own_accused(struct kr_core *core, const struct kr_room *room, const struct kr_attach *leader,
                    struct kr_attach *accuser)
{
    if (accuser->has_accused)
        return;
    accuser->has_accused = true;
    kr_audit_attach(core, "accused", room, leader, "a member says that its secret is another one");
    kr_trace(core, KR_TRACE_WARN, "own device in " KR_PEER " -> accused by " KR_PEER " (another secret)",
             room->jid, accuser->participant);
}
