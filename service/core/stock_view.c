#include "core/stock_view.h"

#include "core/room.h"
#include "core/stock.h"

static const struct kr_room *find(const struct kr_core *core, const char *jid)
{
    const struct kr_room *room = NULL;
    HASH_FIND_STR(core->rooms, jid, room);
    return room && room->stock ? room : NULL;
}

bool kr_core_stock_room(const struct kr_core *core, const char *jid, struct kr_stock_room_view *ret_view)
{
    const struct kr_room *room = find(core, jid);
    if (room)
        *ret_view = (struct kr_stock_room_view){
            .address = kr_room_address(room), .meeting = room->stock->meeting, .parent = room->stock->parent};
    return room != NULL;
}

static const char *side_hint(const struct kr_stock_side *s, bool may)
{
    if (s->revoked)
        return "the device is revoked";
    if (s->shared)
        return "another participant shows the same key: one of them does not hold it";
    if (!may)
        return "the policy gives it no keys: its E2EE feature is hidden from the others";
    if (s->feature && !s->has_keys)
        return "offers E2EE, but shows no usable identity keys: a client before November 2022, or a broken "
               "one";
    if (!s->feature)
        return "does not offer E2EE: a mobile app, Firefox, Safari or dial-in, and hears nothing";
    return NULL;
}

void kr_core_stock_sides(const struct kr_core *core, const char *jid,
                         void (*each)(void *arg, const struct kr_stock_side_view *v), void *arg)
{
    const struct kr_room *room = find(core, jid);
    for (const struct kr_occupant *o = room ? room->occupants : NULL; o; o = o->hh.next) {
        const struct kr_stock_side *s = o->stock;
        if (!s)
            continue;
        struct kr_stock_side_view v = {.participant = o->nick,
                                       .user = o->user,
                                       .name = o->user_name,
                                       .feature = s->feature,
                                       .enabled = s->enabled,
                                       .has_keys = s->has_keys,
                                       .revoked = s->revoked,
                                       .shared = s->shared,
                                       .device = s->device,
                                       .curve25519 = s->curve25519,
                                       .ed25519 = s->ed25519,
                                       .refused = s->refused};
        v.may = kr_stock_may(room, o, &v.why);
        v.hint = side_hint(s, v.may);
        each(arg, &v);
    }
}

static const char *session_of(const struct kr_stock_pair *p)
{
    if (p->session)
        return "open";
    if (p->init_uuid)
        return "opening";
    return p->assumed ? "from before" : "none";
}

void kr_core_stock_pairs(const struct kr_core *core, const char *jid, uint64_t now_mono_ms,
                         void (*each)(void *arg, const struct kr_stock_pair_view *v), void *arg)
{
    const struct kr_room *room = find(core, jid);
    for (const struct kr_stock_pair *p = room ? room->stock->pairs : NULL; p; p = p->hh.next) {
        for (size_t i = 0; i < 2; i++) {
            const struct kr_stock_half *h = &p->half[i];
            struct kr_stock_pair_view v = {.from = h->nick,
                                           .to = p->half[1 - i].nick,
                                           .session = session_of(p),
                                           .keys = h->keys,
                                           .since_key_ms = h->keys ? now_mono_ms - h->key_ms : 0,
                                           .acked = h->keys && h->acked,
                                           .confirmed = h->confirmed,
                                           .hint = kr_stock_pair_hint(p, now_mono_ms)};
            each(arg, &v);
        }
    }
}
