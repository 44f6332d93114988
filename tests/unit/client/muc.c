/* The MUC's part: presence, broadcast. */
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "world.h"

/* What the service's presence carries. */
static const struct kr_id *own_device(const struct world *w)
{
    return w->settings.has_device ? &w->settings.device : NULL;
}

#define MUC_USER "xmlns='http://jabber.org/protocol/muc#user'"

static char *write(const char *nick, const char *affiliation, const char *jid, const struct kr_id *device,
                   const char *type, bool self)
{
    char id[KR_ID_TEXT], *out = kr_calloc(1, 1024), child[128] = "";
    if (device) {
        kr_id_write(id, device);
        snprintf(child, sizeof(child), "<device xmlns='urn:keyroom:1' id='%s'/>", id);
    }
    snprintf(out, 1024,
             "<presence %s from='" ROOM "/%s' to='x@example.org/1'><x " MUC_USER
             "><item affiliation='%s' role='%s' %s%s%s/>%s</x>%s</presence>",
             type ? "type='unavailable'" : "", nick, affiliation, type ? "none" : "participant",
             jid ? "jid='" : "", jid ? jid : "", jid ? "'" : "", self ? "<status code='110'/>" : "", child);
    return out;
}

void muc_show(struct world *w, struct one *to, const struct one *who, const struct kr_id *device)
{
    bool jid = to == NULL;
    world_queue(w, to, NULL,
                write(who->nick, who->affiliation, jid ? who->jid : NULL, device, NULL, to == who));
}

void muc_gone_quietly(struct world *w, struct one *o, bool tell_service)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->ones[i].present && &w->ones[i] != o)
            world_queue(w, &w->ones[i], NULL,
                        write(o->nick, o->affiliation, NULL, NULL, "unavailable", false));
    if (tell_service && w->service_present)
        world_queue(w, NULL, NULL, write(o->nick, o->affiliation, o->jid, NULL, "unavailable", false));
}

void muc_presence(struct world *w, struct one *o, bool join)
{
    if (!join) {
        o->present = false;
        muc_gone_quietly(w, o, true);
        world_queue(w, o, NULL, write(o->nick, o->affiliation, NULL, NULL, "unavailable", true));
        return;
    }
    for (size_t i = 0; i < w->count; i++)
        if (w->ones[i].present && &w->ones[i] != o) {
            muc_show(w, o, &w->ones[i], &w->ones[i].device);
            muc_show(w, &w->ones[i], o, &o->device);
        }
    if (w->service_present) {
        world_queue(w, o, NULL, write("keyroom", "none", SERVICE, own_device(w), NULL, false));
        muc_show(w, NULL, o, &o->device);
    }
    o->present = true;
    muc_show(w, o, o, &o->device);
}

void muc_affiliate(struct world *w, struct one *o, const char *affiliation)
{
    o->affiliation = affiliation;
    for (size_t i = 0; i < w->count; i++)
        if (w->ones[i].present)
            muc_show(w, &w->ones[i], o, &o->device);
    if (w->service_present)
        muc_show(w, NULL, o, &o->device);
    world_settle(w);
}

void muc_show_service(struct world *w, bool present)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->ones[i].present)
            world_queue(
                w, &w->ones[i], NULL,
                write("keyroom", "none", SERVICE, own_device(w), present ? NULL : "unavailable", false));
}

void muc_tell_service(struct world *w)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->ones[i].present)
            muc_show(w, NULL, &w->ones[i], &w->ones[i].device);
    world_queue(w, NULL, NULL, write("keyroom", "none", SERVICE, own_device(w), NULL, true));
}
