#include "core/stock.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "core/room.h"
#include "message/stanza.h"
#include "xml/ns.h"

/* The module invites in the name of the MUC service itself, which no user can speak for. */
static bool vouched(const char *address, const char *inviter)
{
    const char *at = strchr(address, '@');
    return at && inviter && strcmp(at + 1, inviter) == 0;
}

struct kr_stock_place kr_stock_placed(const struct kr_el *message, const char *room_jid, const char *inviter)
{
    struct kr_stock_place p = {.address = room_jid, .jid = room_jid};
    const struct kr_el *facts = kr_el_child(message, "room", KR_NS_STOCK);
    const char *address = facts ? kr_el_attr(facts, "jid") : NULL;
    const char *jid = facts ? kr_el_attr(facts, "virtual") : NULL;
    if (!address || !vouched(address, inviter))
        return p;
    /* The invitation itself comes under either name, as the server maps what its rooms send, or does not. */
    if (jid && kr_jid_valid(jid) && !strchr(jid, '/') &&
        (strcmp(room_jid, jid) == 0 || strcmp(room_jid, address) == 0)) {
        p.address = address;
        p.jid = jid;
    }
    p.facts = vouched(p.address, inviter) ? facts : NULL;
    return p;
}

static void take(char **to, const struct kr_el *el, const char *name)
{
    const char *text = kr_el_attr(el, name);
    free(*to);
    *to = text && *text && kr_utf8_plain(text, KR_JID_MAX) ? kr_strdup(text) : NULL;
}

void kr_stock_invited(struct kr_room *room, const struct kr_el *facts)
{
    if (!room->stock)
        room->stock = kr_calloc(1, sizeof(*room->stock));
    take(&room->stock->meeting, facts, "meeting-id");
    take(&room->stock->parent, facts, "parent");
    room->stock->told = false; /* it may be a module that knows nothing yet */
}

void kr_stock_order_start(struct kr_core *core, const struct kr_room *room, struct kr_xml *x,
                          const char *name)
{
    const char *address = kr_room_address(room), *at = strchr(address, '@');
    kr_xml_init(x, KR_STANZA_MAX);
    kr_message_start(x, NULL, core->settings.jid, at ? at + 1 : address);
    kr_xml_start(x, name, KR_NS_STOCK);
    kr_xml_attr(x, "jid", address);
}

void kr_stock_order_end(struct kr_core *core, struct kr_xml *x)
{
    kr_xml_end(x);
    kr_xml_end(x);
    kr_output_send(core->out, kr_xml_take(x));
    kr_xml_done(x);
}

void kr_stock_tell_page(struct kr_core *core, const struct kr_room *room, const char *nick, const char *event,
                        const char *participant, const char *text)
{
    struct kr_buf json;
    kr_buf_init(&json, KR_TEXT_MAX);
    kr_stock_page_event(event, participant, text, &json);
    char *line = kr_buf_take_str(&json);
    if (line) {
        struct kr_xml x;
        kr_stock_order_start(core, room, &x, "event");
        kr_xml_attr(&x, "nick", nick);
        kr_xml_text(&x, line);
        kr_stock_order_end(core, &x);
    }
    free(line);
}

/* Who gets no keys although the policy's rule, which the module applies by itself, would give him some. */
static size_t denied(const struct kr_room *room, struct kr_xml *x)
{
    size_t count = 0;
    for (const struct kr_occupant *o = room->occupants; o; o = o->hh.next) {
        if (!o->stock || !o->stock->revoked)
            continue;
        count++;
        if (x) {
            kr_xml_start(x, "deny", NULL);
            kr_xml_attr(x, "nick", o->nick);
            kr_xml_end(x);
        }
    }
    return count;
}

void kr_stock_advance(struct kr_core *core, struct kr_room *room)
{
    struct kr_stock_room *s = room->stock;
    if (!s || room->presence != KR_IN)
        return;
    size_t count = denied(room, NULL);
    if (s->told && s->told_authorise == room->policy.authorise && s->told_denied == count)
        return;
    s->told = true;
    s->told_authorise = room->policy.authorise;
    s->told_denied = count;
    struct kr_xml x;
    kr_stock_order_start(core, room, &x, "policy");
    kr_xml_attr(&x, "authorise", kr_authorise_name(room->policy.authorise));
    kr_xml_attr_bool(&x, "open", room->policy.authorise == KR_AUTHORISE_OCCUPANTS);
    denied(room, &x);
    kr_stock_order_end(core, &x);
}

void kr_stock_room_free(struct kr_room *room)
{
    if (!room->stock)
        return;
    kr_stock_pairs_drop(room, NULL);
    free(room->stock->meeting);
    free(room->stock->parent);
    free(room->stock);
    room->stock = NULL;
}
