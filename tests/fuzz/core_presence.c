#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "parse/text.h"
#include "xml/ns.h"

#define MUC_USER KR_NS_MUC_USER
#define IN_ROOM  "room@muc.example.org/a"

static const char *const affiliations[] = {"none", "member", "admin", "owner", "outcast", "?"};
static const char *const codes[] = {"100", "110", "201", "210", "301", "303", "307", "321", "332"};

void fuzz_enter(struct fuzz_room *f, struct peer *p)
{
    p->affiliation = affiliations[fuzz_below(&f->in, 6)];
    p->present = true;
    if (f->linked)
        peer_enter(f->w, p);
}

static bool is_joined(void *arg, const struct kr_room_view *v)
{
    *(bool *)arg |= v->joined && strcmp(v->room, ROOM) == 0;
    return true;
}

void fuzz_leave(struct fuzz_room *f, struct peer *p)
{
    bool joined = false;
    kr_core_rooms(f->w->core, f->w->now.mono_ms, is_joined, &joined);
    if (f->linked) /* told as well to a service that is just being let in */
        peer_leave(f->w, p);
    if (f->linked && joined)
        return;
    /* Perhaps unseen by the service: it comes back in another session, or presence would seem to confirm its
     * old attach. */
    const char *domain = strchr(p->jid, '@') + 1;
    char jid[sizeof(p->jid)];
    snprintf(jid, sizeof(jid), "%s@%.*s/%llu", p->nick, (int)strcspn(domain, "/"), domain,
             (unsigned long long)++f->w->iq);
    memcpy(p->jid, jid, sizeof(jid));
    p->present = p->attached = false;
    p->highest = 0;
    kr_roster_done(&p->roster);
    kr_roster_init(&p->roster);
}

/* Presence of a peer's nick with anything in it. It may make a peer present, and never counts as having made
 * it absent: what the world demands is then less. */
void fuzz_presence(struct fuzz_room *f)
{
    struct peer *p = fuzz_peer(f), *other = fuzz_peer(f);
    unsigned bits = fuzz_u8(&f->in), items = fuzz_below(&f->in, 4), code = fuzz_below(&f->in, 9);
    struct kr_buf b;
    char device[KR_ID_TEXT], *xml;
    kr_id_write(device, bits & 1 ? &other->device : &p->device);
    kr_buf_init(&b, KR_STANZA_MAX);
    kr_buf_printf(&b, "<presence from='" ROOM "/%s' to='" SERVICE "' %s><x xmlns='" MUC_USER "'>", p->nick,
                  bits & 2 ? "type='unavailable'" : "");
    for (unsigned i = 0; i < items; i++)
        kr_buf_printf(&b, "<item affiliation='%s' nick='%s' %s%s%s/>", affiliations[fuzz_below(&f->in, 6)],
                      other->nick, bits & 4 ? "id='" : "jid='", i == 1 ? other->jid : p->jid,
                      i == 2 ? "3'" : "'");
    kr_buf_printf(&b, "<status code='%s'/></x>", codes[code]);
    if (!(bits & 8))
        kr_buf_printf(&b, "<device xmlns='urn:keyroom:1' id='%s'/>", device);
    kr_buf_add_str(&b, "</presence>");
    xml = kr_buf_take_str(&b);
    p->present = other->present = true;
    world_xml(f->w, "%s", xml);
    free(xml);
}

void fuzz_own_presence(struct fuzz_room *f)
{
    static const char *const errors[] = {"conflict", "forbidden", "gone", "item-not-found", "?"};
    unsigned what = fuzz_below(&f->in, 8);
    const char *nick = fuzz_bool(&f->in) ? "keyroom-2" : "keyroom";
    switch (what) {
    case 0:
    case 1:
    case 2:
        world_joined(f->w);
        break;
    case 3:
        world_xml(f->w,
                  "<presence from='" ROOM "/%s' type='error'><error><%s xmlns='" KR_NS_STANZAS
                  "'/></error></presence>",
                  nick, errors[fuzz_below(&f->in, 5) % 4]);
        break;
    case 4:
        world_xml(f->w,
                  "<presence from='" ROOM "/%s' type='unavailable'><x xmlns='" MUC_USER
                  "'><item nick='%s'/><destroy/><status code='110'/></x></presence>",
                  nick, nick);
        break;
    case 5:
        world_xml(f->w,
                  "<presence from='" ROOM "/%s'><x xmlns='" MUC_USER
                  "'><item affiliation='none' jid='" SERVICE
                  "'/><status code='110'/><status code='201'/></x></presence>",
                  nick);
        break;
    default:
        world_xml(f->w,
                  "<presence from='" ROOM "/%s' type='unavailable'><x xmlns='" MUC_USER
                  "'><item nick='keyroom-3'/><status code='110'/><status code='%s'/></x></presence>",
                  nick, codes[fuzz_below(&f->in, 9)]);
        break;
    }
}

void fuzz_message(struct fuzz_room *f)
{
    static const char *const from[] = {"focus@auth.example.org/1", ROOM, IN_ROOM, "a@example.org/1",
                                       "auth.example.org"};
    static const char *const rooms[] = {ROOM, "two@muc.example.org", "no@muc.example.net", "muc.example.org"};
    static const char *const queries[] = {KR_NS_DISCO_INFO, KR_NS_DISCO_ITEMS, KR_NS_VERSION, KR_NS_PING};
    const char *sender = from[fuzz_below(&f->in, 5)], *room = rooms[fuzz_below(&f->in, 4)];
    switch (fuzz_below(&f->in, 3)) {
    case 0:
        world_xml(f->w,
                  "<message from='%s'><x xmlns='" MUC_USER
                  "'><invite from='focus@auth.example.org'/></x></message>",
                  room);
        break;
    case 1:
        world_xml(f->w, "<message from='%s'><x xmlns='jabber:x:conference' jid='%s'/></message>", sender,
                  room);
        break;
    default:
        world_xml(f->w, "<iq type='%s' from='%s' to='" SERVICE "' id='i'><query xmlns='%s'/></iq>",
                  fuzz_bool(&f->in) ? "get" : "set", sender, queries[fuzz_below(&f->in, 4)]);
        break;
    }
}

/* Any text that is XML. */
void fuzz_raw(struct fuzz_room *f)
{
    char text[256];
    struct kr_arena arena;
    struct kr_el *el = NULL;
    fuzz_text(&f->in, text);
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    if (kr_el_parse(&arena, text, strlen(text), &el) == 0) {
        for (size_t i = 0; i < f->w->peer_count; i++)
            f->w->peers[i].present = true; /* for all we know */
        el->ns = KR_NS_COMPONENT;
        struct kr_event e = {.kind = KR_EV_STANZA, .now = f->w->now, .u.stanza = el};
        world_event(f->w, &e);
    }
    kr_arena_done(&arena);
}
