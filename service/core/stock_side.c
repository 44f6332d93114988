#include "core/stock.h"

#include <stdlib.h>
#include <string.h>

#include "core/audit.h"
#include "core/occupant.h"
#include "core/owner.h"
#include "core/pending.h"
#include "core/room.h"
#include "xml/ns.h"

#define FEATURE "https://jitsi.org/meet/e2ee"

static const struct kr_el *child_named(const struct kr_el *presence, const char *name, size_t *ret_count)
{
    const struct kr_el *found = NULL;
    for (const struct kr_el *c = presence->child; c; c = c->next) {
        if (strcmp(c->name, name) == 0 && kr_ns_is_stanza(c->ns)) {
            found = found ? found : c;
            ++*ret_count;
        }
    }
    return found;
}

static bool read_key(const struct kr_el *presence, const char *name, struct kr_key *ret_key)
{
    size_t count = 0;
    const struct kr_el *el = child_named(presence, name, &count);
    return count == 1 && kr_key_read(el->text, ret_key) == 0;
}

static bool offers_e2ee(const struct kr_el *presence)
{
    size_t count = 0;
    const struct kr_el *features = child_named(presence, "features", &count);
    for (const struct kr_el *f = features ? features->child : NULL; f; f = f->next) {
        const char *var = kr_el_attr(f, "var");
        if (strcmp(f->name, "feature") == 0 && var && strcmp(var, FEATURE) == 0)
            return true;
    }
    return false;
}

static void record_device(struct kr_core *core, struct kr_room *room, const struct kr_occupant *o,
                          const char *type)
{
    struct kr_entry e;
    if (!room->has_instance)
        kr_room_begin_instance(core, room); /* names are committed to, and forgotten, with it */
    kr_entry_begin(&e, core, type, room);
    kr_entry_commit(&e, "participant", "participant", o->nick);
    if (o->user)
        kr_entry_commit(&e, "owner", "owner", o->user);
    kr_entry_device(&e, &o->stock->device);
    kr_entry_end(&e);
}

/* Two occupants with one key: one of them does not hold it, or both run from one copy. */
static void look_for_twins(struct kr_core *core, struct kr_room *room, const struct kr_occupant *o)
{
    for (struct kr_occupant *other = room->occupants; other; other = other->hh.next) {
        if (other == o || !other->stock || !other->stock->has_keys ||
            !kr_key_equal(&other->stock->curve25519, &o->stock->curve25519))
            continue;
        o->stock->shared = other->stock->shared = true;
        kr_trace(core, KR_TRACE_WARN, "stock key of " KR_PEER " in " KR_PEER " -> shown by " KR_PEER " too",
                 o->nick, room->jid, other->nick);
        record_device(core, room, o, "stock-key-shared");
    }
}

static void new_keys(struct kr_core *core, struct kr_room *room, struct kr_occupant *o, bool changed)
{
    struct kr_stock_side *s = o->stock;
    s->device = kr_device_id(&s->ed25519, &s->curve25519);
    s->approved = s->revoked = s->shared = false;
    struct kr_pending *p = kr_pending_new(core, KR_PENDING_STOCK, NULL, room->jid);
    p->device = s->device;
    p->by = kr_strdup(o->nick);
    struct kr_query q = {.kind = KR_Q_REGISTER,
                         .token = p->token,
                         .device = {.id = s->device,
                                    .ed25519 = s->ed25519,
                                    .curve25519 = s->curve25519,
                                    .first_seen_ms = core->now.wall_ms,
                                    .last_seen_ms = core->now.wall_ms},
                         .owner = o->user ? o->user : "",
                         .room = room->jid};
    kr_output_query(core->out, &q);
    if (changed)
        kr_trace(core, KR_TRACE_WARN, "stock device of " KR_PEER " in " KR_PEER " -> changed during its stay",
                 o->nick, room->jid);
    record_device(core, room, o, changed ? "stock-key-changed" : "stock-device");
    look_for_twins(core, room, o);
}

void kr_stock_presence(struct kr_core *core, struct kr_room *room, const char *nick,
                       const struct kr_el *presence)
{
    struct kr_occupant *o = kr_occupant_find(room, nick);
    if (!o || !room->stock)
        return;
    /* Only the module says whose session it is, and takes a client's own word of it out of presence; where
     * there are two, one of them is a client's. */
    const struct kr_el *session = kr_el_child(presence, "session", KR_NS_STOCK);
    if (session && kr_el_next(session, "session", KR_NS_STOCK))
        session = NULL;
    kr_owner_told(core, room, o, kr_stock_module_there(core, room) ? session : NULL);
    bool feature = offers_e2ee(presence);
    struct kr_key curve25519, ed25519;
    bool has_keys = read_key(presence, "jitsi_participant_e2ee.idKey.curve25519", &curve25519) &&
                    read_key(presence, "jitsi_participant_e2ee.idKey.ed25519", &ed25519);
    if (!o->stock) {
        if (!feature && !has_keys)
            return;
        o->stock = kr_calloc(1, sizeof(*o->stock));
        o->stock->early = room->presence != KR_IN;
    }
    struct kr_stock_side *s = o->stock;
    size_t count = 0;
    const struct kr_el *enabled = child_named(presence, "jitsi_participant_e2ee.enabled", &count);
    bool on = count == 1 && strcmp(enabled->text, "true") == 0;
    if (s->enabled && !on)
        kr_stock_pair_reset(room, nick);
    s->feature = feature;
    s->enabled = on;
    bool same = has_keys && s->has_keys && kr_key_equal(&curve25519, &s->curve25519) &&
                kr_key_equal(&ed25519, &s->ed25519);
    bool changed = s->has_keys && !same;
    s->has_keys = has_keys;
    if (!has_keys || same)
        return;
    s->curve25519 = curve25519;
    s->ed25519 = ed25519;
    if (changed)
        kr_stock_pairs_drop(room, nick);
    new_keys(core, room, o, changed);
}

void kr_stock_left(struct kr_room *room, struct kr_occupant *o)
{
    if (!o->stock)
        return;
    kr_stock_pairs_drop(room, o->nick);
    free(o->stock);
    o->stock = NULL;
}

static void kick(struct kr_core *core, struct kr_room *room, const struct kr_occupant *o)
{
    struct kr_xml x;
    kr_stock_order_start(core, room, &x, "kick");
    kr_xml_attr(&x, "nick", o->nick);
    kr_xml_text(&x, "The device was revoked");
    kr_stock_order_end(core, &x);
    kr_trace(core, KR_TRACE_INFO, "stock device %s of " KR_PEER " in " KR_PEER " -> put out (revoked)",
             kr_short(&o->stock->device).text, o->nick, room->jid);
    record_device(core, room, o, "stock-put-out");
}

void kr_stock_registered(struct kr_core *core, struct kr_room *room, const struct kr_pending *p,
                         const struct kr_query_result *result)
{
    struct kr_occupant *o = kr_occupant_find(room, p->by);
    if (!o || !o->stock || !o->stock->has_keys || !kr_id_equal(&o->stock->device, &p->device))
        return;
    o->stock->approved = result->approved;
    if (result->conflict) {
        /* Its Curve25519 key is known with another Ed25519 key: it is not the device that it says. */
        o->stock->has_keys = false;
        kr_trace(core, KR_TRACE_WARN, "stock device of " KR_PEER " in " KR_PEER " -> not believed (%s)",
                 o->nick, room->jid, kr_errname(KR_E_KEY_CONFLICT));
        record_device(core, room, o, "stock-key-conflict");
    }
    if (result->revoked) {
        o->stock->revoked = true;
        kick(core, room, o);
    }
}

size_t kr_stock_granted(struct kr_core *core, struct kr_room *room, const struct kr_pending *p)
{
    size_t count = 0;
    for (struct kr_occupant *o = room->occupants; o; o = o->hh.next) {
        if (!o->stock || !o->stock->has_keys || !kr_id_equal(&o->stock->device, &p->device))
            continue;
        o->stock->approved = !p->revoke;
        if (p->revoke && !o->stock->revoked) {
            o->stock->revoked = true;
            kick(core, room, o);
        }
        count++;
    }
    return count;
}
