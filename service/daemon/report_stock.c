#include "daemon/report_stock.h"

#include <string.h>

#include "core/stock_view.h"

static json_t *participant(json_t *answer, const char *name)
{
    json_t *p, *list = json_object_get(answer, "participants");
    size_t i;

    json_array_foreach(list, i, p)
    {
        const char *s = json_string_value(json_object_get(p, "participant"));

        if (s && strcmp(s, name) == 0)
            return p;
    }
    return NULL;
}

static void add_side(void *arg, const struct kr_stock_side_view *v)
{
    char device[KR_ID_TEXT] = "", curve25519[KR_KEY_TEXT] = "", ed25519[KR_KEY_TEXT] = "";
    json_t *p = participant(arg, v->participant), *side;

    if (!p)
        return;
    if (v->has_keys) {
        kr_id_write(device, &v->device);
        kr_key_write(curve25519, &v->curve25519);
        kr_key_write(ed25519, &v->ed25519);
    }
    side = json_pack("{s:s?, s:s?, s:b, s:b, s:b, s:b, s:b, s:s, s:s, s:s, s:s, s:I, s:s?}", "user", v->user,
                     "name", v->name, "feature", (int)v->feature, "enabled", (int)v->enabled, "revoked",
                     (int)v->revoked, "shared", (int)v->shared, "gets_keys", (int)v->may, "why", v->why,
                     "device", device, "curve25519", curve25519, "ed25519", ed25519, "refused",
                     (json_int_t)v->refused, "hint", v->hint);
    (void)json_object_set_new(p, "stock", side);
}

static void add_pair(void *arg, const struct kr_stock_pair_view *v)
{
    (void)json_array_append_new(
        arg, json_pack("{s:s, s:s, s:s, s:I, s:I, s:b, s:b, s:s?}", "from", v->from, "to", v->to, "session",
                       v->session, "keys", (json_int_t)v->keys, "since_key_ms", (json_int_t)v->since_key_ms,
                       "acked", (int)v->acked, "confirmed", (int)v->confirmed, "hint", v->hint));
}

/* What the participants speak: an attached device is an aware client, E2EE of Jitsi's own a stock one. */
static void add_dialects(json_t *answer)
{
    json_t *p;
    size_t i;

    json_array_foreach(json_object_get(answer, "participants"), i, p)
    {
        const char *dialect = json_is_true(json_object_get(p, "attached")) ? "keyroom"
                              : json_object_get(p, "stock")                ? "stock"
                                                                           : "none";

        (void)json_object_set_new(p, "dialect", json_string(dialect));
    }
}

void kr_report_stock(const struct kr_core *core, const char *room, uint64_t now_mono_ms, json_t *answer)
{
    struct kr_stock_room_view v = {0};

    if (kr_core_stock_room(core, room, &v)) {
        json_t *pairs = json_array();

        kr_core_stock_sides(core, room, add_side, answer);
        kr_core_stock_pairs(core, room, now_mono_ms, add_pair, pairs);
        (void)json_object_set_new(
            answer, "stock",
            json_pack("{s:s, s:s?, s:s?}", "address", v.address, "meeting", v.meeting, "parent", v.parent));
        (void)json_object_set_new(answer, "stock_pairs", pairs);
    }
    add_dialects(answer);
}

static void add_module(void *arg, const struct kr_stock_module_view *v)
{
    (void)json_array_append_new(
        arg, json_pack("{s:s, s:s, s:s, s:s?, s:I, s:I, s:b, s:b, s:b, s:b}", "domain", v->domain, "version",
                       v->version, "conflict", v->conflict, "c2s_rate", v->c2s_rate, "read_size",
                       (json_int_t)v->read_size, "skew_ms", (json_int_t)v->skew_ms, "open_when_away",
                       (int)v->open_when_away, "served", (int)v->served, "may_invite", (int)v->may_invite,
                       "rate_limit", (int)v->rate_limit));
}

json_t *kr_report_modules(const struct kr_core *core)
{
    json_t *list = json_array();

    kr_core_stock_modules(core, add_module, list);
    return list;
}
