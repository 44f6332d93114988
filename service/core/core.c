#include "core/core.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/attested.h"
#include "core/audit.h"
#include "core/door.h"
#include "core/logbook.h"
#include "core/member.h"
#include "core/muc.h"
#include "core/own.h"
#include "core/pending.h"
#include "core/request.h"
#include "core/restore.h"
#include "core/retain.h"
#include "core/room.h"
#include "core/state.h"
#include "core/stock.h"
#include "message/stanza.h"
#include "xml/ns.h"

struct kr_short kr_short(const struct kr_id *id)
{
    char hex[KR_ID_TEXT];
    kr_id_write(hex, id);
    struct kr_short s;
    memcpy(s.text, hex, sizeof(s.text) - 1);
    s.text[sizeof(s.text) - 1] = '\0';
    return s;
}

struct kr_core *kr_core_new(const struct kr_settings *settings, const struct kr_random *random)
{
    struct kr_core *core = kr_calloc(1, sizeof(*core));
    kr_settings_copy(&core->settings, settings);
    core->random = *random;
    return core;
}

void kr_core_free(struct kr_core *core)
{
    if (!core)
        return;
    struct kr_room *room, *rtmp;
    HASH_ITER (hh, core->rooms, room, rtmp)
        kr_room_free(core, room);
    struct kr_pending *p, *ptmp;
    HASH_ITER (hh, core->pendings, p, ptmp)
        kr_pending_free(core, p);
    kr_door_done(core);
    kr_audit_done(core);
    kr_logbook_done(core);
    kr_stock_modules_forget(core);
    kr_attested_done(core);
    kr_settings_done(&core->settings);
    free(core);
}

/* Our own participant speaks within this process: who says by way of the server that he is it, is not. */
static bool is_pretender(struct kr_core *core, const struct kr_el *el)
{
    const char *from = kr_el_attr(el, "from");
    if (!from || !kr_own_is(core, from))
        return false;
    kr_audit_refusal(core, from, "", KR_E_WRONG_PARTICIPANT);
    core->refused[KR_E_MALFORMED - KR_E_WRONG_PARTICIPANT]++;
    kr_trace(core, KR_TRACE_WARN, "%s from our own address -> ignored (the server brought it)", el->name);
    return true;
}

static void stanza(struct kr_core *core, const struct kr_el *el)
{
    if (!kr_ns_is_stanza(el->ns) || is_pretender(core, el))
        return;
    if (strcmp(el->name, "iq") == 0)
        kr_door_iq(core, el, false);
    else if (strcmp(el->name, "presence") == 0)
        kr_muc_presence(core, el);
    else if (strcmp(el->name, "message") == 0 && !kr_door_message(core, el, false))
        kr_muc_message(core, el);
    const char *from = kr_el_attr(el, "from");
    struct kr_arena arena;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    const char *bare = from && kr_jid_valid(from) ? kr_jid_bare(&arena, from) : NULL;
    struct kr_room *room = bare ? kr_room_find(core, bare) : NULL;
    kr_arena_done(&arena);
    if (room)
        kr_room_advance(core, room);
}

static void all_rooms(struct kr_core *core)
{
    for (struct kr_room *room = core->rooms; room; room = room->hh.next)
        kr_room_advance(core, room);
}

static void reload(struct kr_core *core, const struct kr_settings *settings)
{
    struct kr_settings copy;
    kr_settings_copy(&copy, settings);
    bool new_device = copy.has_device && !core->settings.has_device;
    kr_settings_done(&core->settings);
    core->settings = copy; /* transferred */
    if (new_device)
        kr_muc_show_device(core);
    size_t changed = 0;
    for (struct kr_room *room = core->rooms; room; room = room->hh.next) {
        struct kr_digest before = room->policy_hash;
        kr_room_policy(core, room);
        room->configured = false;
        if (kr_digest_equal(&before, &room->policy_hash))
            continue;
        kr_trace(core, KR_TRACE_INFO, "policy of " KR_PEER " -> changed (settings)", room->jid);
        kr_room_policy_changed(core, room);
        changed++;
        kr_room_judge_all(core, room);
        if (kr_room_members(room))
            kr_room_change(core, room, KR_REASON_POLICY, true);
    }
    struct kr_entry e;
    kr_entry_begin(&e, core, "settings", NULL);
    kr_entry_u64(&e, "count", changed);
    kr_entry_end(&e);
    kr_retain_plan(core);
    kr_muc_configured(core);
    all_rooms(core);
}

static void sweep(struct kr_core *core)
{
    struct kr_room *room, *tmp;
    HASH_ITER (hh, core->rooms, room, tmp) {
        if (room->dead)
            kr_room_free(core, room);
    }
}

static void stop(struct kr_core *core)
{
    struct kr_entry e;
    kr_audit_flush(core);
    kr_entry_begin(&e, core, "stop", NULL);
    kr_entry_end(&e);
    kr_logbook_sign(core);
}

void kr_core_step(struct kr_core *core, const struct kr_event *event, struct kr_output *out)
{
    assert(!core->out);
    core->now = event->now;
    core->out = out;
    switch (event->kind) {
    case KR_EV_START:
        kr_restore_start(core, event->u.snapshot);
        break;
    case KR_EV_LINK_UP:
        kr_muc_link_up(core);
        break;
    case KR_EV_LINK_DOWN:
        kr_muc_link_down(core);
        break;
    case KR_EV_STANZA:
        stanza(core, event->u.stanza);
        break;
    case KR_EV_OWN:
        if (!kr_door_message(core, event->u.stanza, true))
            kr_door_iq(core, event->u.stanza, true);
        break;
    case KR_EV_OVERSIZE:
        kr_door_oversize(core, event);
        break;
    case KR_EV_TICK:
        kr_audit_tick(core);
        kr_logbook_tick(core);
        kr_attested_tick(core);
        kr_retain_tick(core);
        kr_door_tick(core);
        all_rooms(core);
        break;
    case KR_EV_QUERY:
        kr_pending_result(core, event->u.query);
        break;
    case KR_EV_CONTROL:
        kr_control(core, event->u.control);
        break;
    case KR_EV_QUEUE:
        core->congested = event->u.queue_over_soft;
        break;
    case KR_EV_SETTINGS:
        reload(core, event->u.settings);
        break;
    case KR_EV_WITNESS:
        kr_logbook_witness(core, event->u.witness);
        break;
    case KR_EV_STOP:
        stop(core);
        break;
    case KR_EV_KINDS:
        break;
    }
    sweep(core);
    core->out = NULL;
}

uint64_t kr_core_deadline(const struct kr_core *core)
{
    uint64_t at = core->refusal_flush_ms ? core->refusal_flush_ms : UINT64_MAX;
    uint64_t sign = kr_logbook_deadline(core);
    at = sign < at ? sign : at;
    uint64_t retain = kr_retain_deadline(core);
    at = retain < at ? retain : at;
    if (core->attested_sweep_ms && core->attested_sweep_ms < at)
        at = core->attested_sweep_ms;
    if (core->buckets && core->bucket_sweep_ms < at)
        at = core->bucket_sweep_ms;
    for (const struct kr_room *room = core->rooms; room; room = room->hh.next) {
        uint64_t d = kr_room_deadline(core, room);
        at = d < at ? d : at;
    }
    return at;
}
