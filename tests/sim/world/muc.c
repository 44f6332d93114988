/* Rooms: who is in them, and telling everybody (XEP-0045, as much as both cores see of it). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/world/world.h"

#define MUC_USER "http://jabber.org/protocol/muc#user"

const char *const sim_room_jid[SIM_ROOMS] = {"room@" SIM_MUC_DOMAIN, "hall@" SIM_MUC_DOMAIN};
static const char *const affiliations[] = {"outcast", "none", "member", "admin", "owner"};
enum { NONE = 1 };

static struct sim_occupant *find(struct sim_room *room, int who)
{
    for (size_t i = 0; i < room->count; i++)
        if (room->occupants[i].who == who)
            return &room->occupants[i];
    return NULL;
}

static struct sim_occupant *find_nick(struct sim_room *room, const char *nick)
{
    for (size_t i = 0; i < room->count; i++)
        if (strcmp(room->occupants[i].nick, nick) == 0)
            return &room->occupants[i];
    return NULL;
}

bool sim_muc_has(const struct sim_world *w, int room, int who)
{
    return find((struct sim_room *)&w->rooms[room], who) != NULL;
}

static const char *affiliation(const struct sim_world *w, int room, int who)
{
    return affiliations[who == SIM_SERVICE ? NONE : w->rooms[room].affiliation[who]];
}

/* Tells one end of one occupant. extra: further items. */
static void tell(struct sim_world *w, int r, int to, const struct sim_occupant *o, bool here,
                 const char *code, const char *extra)
{
    struct sim_end *e = sim_end(w, to);
    struct sim_room *room = &w->rooms[r];
    bool self = o->who == to;
    if (e->misses_presence && !self && !w->well) {
        e->misses_presence--;
        kr_grow((void **)&room->untold, &room->untold_cap, room->untold_count, sizeof(*room->untold));
        struct sim_untold *u = &room->untold[room->untold_count++];
        *u = (struct sim_untold){.to = to};
        snprintf(u->nick, sizeof(u->nick), "%s", o->nick);
        return;
    }
    char status[96] = "";
    snprintf(status, sizeof(status), "%s%s%s%s", self ? "<status code='110'/>" : "",
             code ? "<status code='" : "", code ? code : "", code ? "'/>" : "");
    for (unsigned times = w->repeats && !self ? 2 : 1; times; times--) {
        char *text = kr_calloc(1, 1024);
        snprintf(text, 1024,
                 "<presence from='%s/%s' to='%s'%s><x xmlns='" MUC_USER
                 "'><item affiliation='%s' role='%s' jid='%s'/>%s%s"
                 "</x>%s</presence>",
                 sim_room_jid[r], o->nick, to == SIM_SERVICE ? SIM_SERVICE_JID : w->people[to].jid,
                 here ? "" : " type='unavailable'", affiliation(w, r, o->who), here ? "participant" : "none",
                 o->jid, extra, status, here ? o->device : "");
        sim_send_down(w, to, text);
    }
    w->repeats -= w->repeats && !self;
}

static void tell_all(struct sim_world *w, int r, const struct sim_occupant *o, bool here, const char *code)
{
    struct sim_room *room = &w->rooms[r];
    for (size_t i = 0; i < room->count; i++)
        if (room->occupants[i].who != o->who)
            tell(w, r, room->occupants[i].who, o, here, code, "");
    tell(w, r, o->who, o, here, code, "");
}

static void conflict(struct sim_world *w, int r, int who, const char *nick, const char *jid)
{
    char *text = kr_calloc(1, 512);
    snprintf(text, 512,
             "<presence from='%s/%s' to='%s' type='error'><error type='cancel'>"
             "<conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>",
             sim_room_jid[r], nick, jid);
    sim_send_down(w, who, text);
}

void sim_muc_enter(struct sim_world *w, int r, int who, const char *nick, const char *jid, const char *device)
{
    struct sim_room *room = &w->rooms[r];
    struct sim_occupant *o = find_nick(room, nick);
    if (o && o->who != who) {
        conflict(w, r, who, nick, jid);
        return;
    }
    o = find(room, who);
    bool fresh = o == NULL;
    if (o && strcmp(o->jid, jid) != 0) { /* another session of it: the old one goes first */
        sim_muc_leave(w, r, who, NULL);
        fresh = true;
    }
    if (fresh) {
        o = &room->occupants[room->count++];
        *o = (struct sim_occupant){.who = who};
    }
    snprintf(o->nick, sizeof(o->nick), "%s", nick);
    snprintf(o->jid, sizeof(o->jid), "%s", jid);
    snprintf(o->device, sizeof(o->device), "%s", device);
    for (size_t i = 0; i < room->count; i++)
        if (room->occupants[i].who != who)
            tell(w, r, who, &room->occupants[i], true, NULL, "");
    tell_all(w, r, o, true, NULL);
}

void sim_muc_leave(struct sim_world *w, int r, int who, const char *code)
{
    struct sim_room *room = &w->rooms[r];
    struct sim_occupant *at = find(room, who), o;
    if (!at)
        return;
    o = *at;
    *at = room->occupants[--room->count];
    tell_all(w, r, &o, false, code);
}

void sim_muc_affiliate(struct sim_world *w, int r, int who, int to)
{
    w->rooms[r].affiliation[who] = to;
    struct sim_occupant *o = find(&w->rooms[r], who);
    if (!o)
        return;
    if (to == 0)
        sim_muc_leave(w, r, who, "301");
    else
        tell_all(w, r, o, true, NULL);
}

void sim_muc_two_sessions(struct sim_world *w, int r, int who)
{
    struct sim_occupant *o = find(&w->rooms[r], who);
    char extra[128];
    if (!o || !find(&w->rooms[r], SIM_SERVICE))
        return;
    snprintf(extra, sizeof(extra), "<item affiliation='none' role='participant' jid='%s-too'/>", o->jid);
    o->doubled = true;
    tell(w, r, SIM_SERVICE, o, true, NULL, extra);
}

void sim_muc_heal(struct sim_world *w)
{
    for (int r = 0; r < SIM_ROOMS; r++) {
        struct sim_room *room = &w->rooms[r];
        for (size_t i = 0; i < room->untold_count; i++) {
            struct sim_untold *u = &room->untold[i];
            struct sim_occupant *o = find_nick(room, u->nick), gone = {.who = SIM_PEOPLE_MAX};
            if (!find(room, u->to))
                continue;
            if (o) {
                tell(w, r, u->to, o, true, NULL, "");
                continue;
            }
            gone.who = u->to == SIM_SERVICE ? 0 : SIM_SERVICE; /* anybody but itself */
            snprintf(gone.nick, sizeof(gone.nick), "%s", u->nick);
            snprintf(gone.jid, sizeof(gone.jid), "gone.lab");
            tell(w, r, u->to, &gone, false, NULL, "");
        }
        room->untold_count = 0;
        for (size_t i = 0; i < room->count; i++)
            if (room->occupants[i].doubled && find(room, SIM_SERVICE))
                tell(w, r, SIM_SERVICE, &room->occupants[i], true, NULL, "");
    }
}
