#include "daemon/report.h"

#include <string.h>

#include "base/base64.h"
#include "base/id.h"
#include "core/view.h"
#include "daemon/report_stock.h"
#include "io/clock.h"

static json_t *id_json(const struct kr_id *id)
{
    char text[KR_ID_TEXT];

    kr_id_write(text, id);
    return json_string(text);
}

static json_t *key_json(const struct kr_key *key)
{
    char text[KR_KEY_TEXT];

    kr_key_write(text, key);
    return json_string(text);
}

static json_t *number(uint64_t v)
{
    return json_integer((json_int_t)v);
}

/* NULL: the service makes no keys. */
static json_t *own_device(const struct kr_daemon *d)
{
    struct kr_id device;

    if (!d->participant)
        return NULL;
    device = kr_participant_device(d->participant);
    return id_json(&device);
}

static json_t *the_log(const struct kr_daemon *d)
{
    struct kr_log_view log = kr_core_log(d->core);
    struct kr_buf vkey;
    json_t *witnesses, *o;

    if (!log.key)
        return NULL;
    kr_buf_init(&vkey, KR_TEXT_MAX);
    kr_note_key_add_text(&vkey, log.key);
    witnesses = json_array();
    for (size_t i = 0; i < kr_witnesses_count(d->witnesses); i++) {
        struct kr_witness_view v = kr_witnesses_view(d->witnesses, i);

        json_array_append_new(witnesses, json_pack("{s:s, s:s, s:o, s:s}", "name", v.name, "url", v.url,
                                                   "size", number(v.size), "error", v.error));
    }
    o = json_pack("{s:s%, s:o, s:b, s:o}", "vkey", (const char *)vkey.ptr, vkey.len, "entries",
                  number(log.size), "halted", (int)log.halted, "witnesses", witnesses);
    kr_buf_done(&vkey);
    return o;
}

json_t *kr_report_status(struct kr_daemon *d)
{
    uint64_t now = kr_mono_ms();
    struct kr_stats s;

    kr_core_stats(d->core, &s);
    return json_pack(
        "{s:s, s:s, s:s, s:i, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o?, s:o?, s:s, s:s, "
        "s:o}",
        "version", KR_VERSION, "jid", d->config.jid, "host", d->config.host, "port", (int)d->config.port,
        "link_up", (int)kr_link_is_up(d->link), "link_for_ms", number(now - d->link_changed_mono_ms),
        "link_downs", number(d->link_downs), "uptime_ms", number(now - d->started_mono_ms), "rooms",
        number(s.rooms_now), "occupants", number(s.occupants_now), "members", number(s.members_now),
        "waiting", number(s.waiting_now), "epochs_in_flight", number(s.epochs_in_flight_now),
        "epochs_committed", number(s.epochs_committed), "send_queue", number(kr_link_queue_len(d->link)),
        "service_device", own_device(d), "log", the_log(d), "database", d->config.database, "config",
        d->config.path, "modules", kr_report_modules(d->core));
}

static const char *mode_name(enum kr_room_mode mode)
{
    static const char *const names[] = {[KR_MODE_IDLE] = "idle",
                                        [KR_MODE_KEYED] = "keyed",
                                        [KR_MODE_BLIND] = "blind",
                                        [KR_MODE_SUSPENDED] = "suspended"};

    return names[mode];
}

static json_t *room_json(const struct kr_room_view *v)
{
    char context[KR_KEY_TEXT] = "";

    if (v->committed_epoch)
        kr_digest_write(context, &v->context);
    return json_pack("{s:s, s:s, s:b, s:b, s:b, s:o, s:o, s:o, s:o?, s:o, s:o, s:b, s:s, s:o?, s:s, s:s*, "
                     "s:s, s:s, s:b, s:s, s:i}",
                     "room", v->room, "mode", mode_name(v->mode), "joined", (int)v->joined, "joins_held",
                     (int)v->joins_held, "exposed", (int)v->exposed, "occupants", number(v->occupants),
                     "members", number(v->members), "waiting", number(v->waiting), "instance",
                     v->has_instance ? id_json(&v->instance) : NULL, "epoch", number(v->epoch),
                     "committed_epoch", number(v->committed_epoch), "in_flight", (int)v->in_flight, "context",
                     context, "since_commit_ms", v->committed_epoch ? number(v->since_commit_ms) : NULL,
                     "authorise", v->authorise, "verified_by", v->verified_by, "source", v->source, "leader",
                     v->leader, "service_knows_keys", (int)v->by_service, "format", v->format, "suite",
                     (int)v->suite);
}

static bool add_room(void *arg, const struct kr_room_view *v)
{
    (void)json_array_append_new(arg, room_json(v));
    return true;
}

json_t *kr_report_rooms(struct kr_daemon *d)
{
    json_t *list = json_array();

    kr_core_rooms(d->core, kr_mono_ms(), add_room, list);
    return json_pack("{s:o}", "rooms", list);
}

struct wanted {
    const char *room;
    json_t *found;
};

static bool find_room(void *arg, const struct kr_room_view *v)
{
    struct wanted *w = arg;

    if (strcmp(v->room, w->room) != 0)
        return true;
    w->found = room_json(v);
    return false;
}

static json_t *optional(const char *text)
{
    return text && *text ? json_string(text) : NULL;
}

static bool add_member(void *arg, const struct kr_member_view *v)
{
    json_t *list = arg;

    (void)json_array_append_new(
        list,
        json_pack("{s:s, s:o?, s:o?, s:o?, s:b, s:b, s:b, s:b, s:b, s:b, s:o?, s:o?, s:o}", "participant",
                  v->participant, "owner", optional(v->owner), "jid", optional(v->full_jid), "affiliation",
                  optional(v->affiliation), "attached", (int)v->attached, "member", (int)v->member, "waiting",
                  (int)v->waiting, "settled", (int)v->settled, "laggard", (int)v->laggard, "service",
                  (int)v->own, "device", v->attached ? id_json(&v->device) : NULL, "attach",
                  v->attached ? id_json(&v->attach) : NULL, "acked_epoch", number(v->acked_epoch)));
    return true;
}

json_t *kr_report_room(struct kr_daemon *d, const char *room)
{
    struct wanted w = {.room = room};
    json_t *list;

    kr_core_rooms(d->core, kr_mono_ms(), find_room, &w);
    if (!w.found)
        return NULL;
    list = json_array();
    (void)kr_core_members(d->core, room, add_member, list);
    (void)json_object_set_new(w.found, "participants", list);
    kr_report_stock(d->core, room, kr_mono_ms(), w.found);
    return w.found;
}

static json_t *split(const char *text)
{
    json_t *list = json_array();

    while (*text) {
        size_t len = strcspn(text, ",");

        if (len)
            (void)json_array_append_new(list, json_stringn(text, len));
        text += len + (text[len] ? 1 : 0);
    }
    return list;
}

static bool add_device(void *arg, const struct kr_device_info *info)
{
    (void)json_array_append_new(
        arg,
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "device", id_json(&info->device.id), "ed25519",
                  key_json(&info->device.ed25519), "curve25519", key_json(&info->device.curve25519),
                  "first_seen_ms", number(info->device.first_seen_ms), "last_seen_ms",
                  number(info->device.last_seen_ms), "owners", split(info->owners), "approved",
                  split(info->approved), "revoked", split(info->revoked)));
    return true;
}

int kr_report_devices(struct kr_daemon *d, json_t **ret_devices)
{
    json_t *list = json_array();
    int err = d->store->ops->devices(d->store, add_device, list);

    if (err)
        json_decref(list);
    else
        *ret_devices = json_pack("{s:o, s:o}", "now_ms", number(kr_wall_ms()), "devices", list);
    return err;
}
