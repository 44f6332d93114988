/* The XMPP server between the ends: it stamps senders, routes, bounces what it cannot deliver, and has rooms.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "sim/world/world.h"
#include "xml/ns.h"

static int room_of(const char *jid)
{
    for (int r = 0; r < SIM_ROOMS; r++) {
        size_t len = strlen(sim_room_jid[r]);
        if (strncmp(jid, sim_room_jid[r], len) == 0 && (jid[len] == '/' || jid[len] == '\0'))
            return r;
    }
    return -1;
}

static void presence(struct sim_world *w, int from, const char *text)
{
    char to[128] = "", type[32] = "", device[128] = "", id[40];
    if (!sim_attr(text, NULL, "to", to, sizeof(to)) || room_of(to) < 0 || !strchr(to, '/'))
        return;
    if (sim_attr(text, NULL, "type", type, sizeof(type)) && strcmp(type, "unavailable") == 0) {
        sim_muc_leave(w, room_of(to), from, NULL);
        return;
    }
    if (sim_attr(text, "device", "id", id, sizeof(id)))
        snprintf(device, sizeof(device), "<device xmlns='urn:keyroom:1' id='%s'/>", id);
    const char *jid = from == SIM_SERVICE ? SIM_SERVICE_JID : w->people[from].jid;
    sim_muc_enter(w, room_of(to), from, strchr(to, '/') + 1, jid, device);
}

static void bounce(struct sim_world *w, int to, const char *id)
{
    char *text = kr_calloc(1, 512);
    snprintf(text, 512,
             "<iq type='error' from='" SIM_SERVICE_JID "' to='%s' id='%s'><error type='cancel'>"
             "<service-unavailable xmlns='" KR_NS_STANZAS "'/></error></iq>",
             w->people[to].jid, id);
    sim_send_down(w, to, text);
}

/* From a person to the service, with the sender's true address. */
static void to_service(struct sim_world *w, int from, const char *text)
{
    char id[64];
    const struct sim_end *e = &w->service.end;
    if (!e->known) {
        if (sim_attr(text, NULL, "id", id, sizeof(id)))
            bounce(w, from, id);
        return;
    }
    size_t size = strlen(text) + SIM_JID_MAX + 16, name = strcspn(text, " />");
    char *stamped = kr_malloc(size);
    snprintf(stamped, size, "%.*s from='%s'%s", (int)name, text, w->people[from].jid, text + name);
    sim_send_down(w, SIM_SERVICE, stamped);
}

void sim_server_got(struct sim_world *w, int from, const char *text)
{
    char to[128] = "";
    if (!w->server_up)
        return;
    if (strncmp(text, "<presence", 9) == 0)
        presence(w, from, text);
    else if (from == SIM_SERVICE)
        sim_route(w, text);
    else if (sim_attr(text, NULL, "to", to, sizeof(to)) && strcmp(to, SIM_SERVICE_JID) == 0)
        to_service(w, from, text);
}

void sim_route(struct sim_world *w, const char *text)
{
    char to[128] = "";
    if (!sim_attr(text, NULL, "to", to, sizeof(to)))
        return;
    for (size_t i = 0; i < w->count; i++) {
        struct sim_person *p = &w->people[i];
        if (p->client && strcmp(p->jid, to) == 0)
            sim_send_down(w, (int)i, sim_bend(w, p, kr_strdup(text)));
    }
}

void sim_server_lost(struct sim_world *w, int who)
{
    struct sim_end *e = sim_end(w, who);
    e->known = false;
    for (int r = 0; r < SIM_ROOMS; r++)
        if (sim_muc_has(w, r, who))
            sim_muc_leave(w, r, who, NULL);
}

void sim_server_stop(struct sim_world *w)
{
    w->server_up = false;
    for (int r = 0; r < SIM_ROOMS; r++)
        w->rooms[r].count = w->rooms[r].untold_count = 0;
    w->service.end.known = false;
    for (size_t i = 0; i < w->count; i++)
        w->people[i].end.known = false;
}
