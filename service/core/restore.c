#include "core/restore.h"

#include <stdlib.h>
#include <string.h>

#include "core/attested.h"
#include "core/audit.h"
#include "core/logbook.h"
#include "core/member.h"
#include "core/occupant.h"
#include "core/owner.h"
#include "core/pending.h"
#include "core/retain.h"
#include "core/room.h"

static void restore_epochs(struct kr_core *core, struct kr_room *room, const struct kr_snapshot *s)
{
    for (size_t i = 0; i < s->epoch_count; i++) {
        const struct kr_rec_epoch *e = &s->epochs[i];
        if (!kr_id_equal(&e->instance, &room->instance))
            continue;
        struct kr_link_kept *k = kr_room_link(room);
        *k = (struct kr_link_kept){.link = {.epoch = e->epoch,
                                            .kind = (enum kr_epoch_kind)e->kind,
                                            .source = (enum kr_source)e->source,
                                            .format = (enum kr_format)e->format,
                                            .suite = e->suite,
                                            .leader = e->leader,
                                            .policy = e->policy,
                                            .roster = e->roster,
                                            .log_size = e->log_size,
                                            .log_root = e->log_root,
                                            .log_origin = core->log.signer.key.name},
                                   .context = e->context,
                                   .fate = e->fate};
        memcpy(k->link.log_key, core->log.signer.key.id, sizeof(k->link.log_key));
        if (k->fate != KR_FATE_IN_FLIGHT)
            continue;
        k->fate = KR_FATE_ABANDONED;
        struct kr_write w = {
            .kind = KR_W_EPOCH_FATE,
            .u.epoch = {.instance = e->instance, .epoch = e->epoch, .fate = KR_FATE_ABANDONED}};
        kr_output_write(core->out, &w);
        kr_trace(core, KR_TRACE_INFO, "epoch %llu of " KR_PEER " -> abandoned (restart)",
                 (unsigned long long)e->epoch, room->jid);
    }
}

static void restore_attaches(struct kr_room *room, const struct kr_snapshot *s)
{
    for (size_t i = 0; i < s->attach_count; i++) {
        const struct kr_rec_attach *r = &s->attaches[i];
        if (!kr_id_equal(&r->instance, &room->instance) || strcmp(r->room, room->jid) != 0 ||
            kr_attach_find(room, &r->attach))
            continue;
        struct kr_attach *a = kr_calloc(1, sizeof(*a));
        *a = (struct kr_attach){.id = r->attach,
                                .device = r->device,
                                .nonce = r->nonce,
                                .ed25519 = r->ed25519,
                                .curve25519 = r->curve25519,
                                .sig = r->sig,
                                .participant = kr_strdup(r->participant),
                                .owner = kr_strdup(r->owner),
                                .full_jid = kr_strdup(r->full_jid),
                                .member = r->state == KR_ATTACH_MEMBER,
                                .settled = r->settled,
                                .sources = r->sources,
                                .lead = r->lead,
                                .lead_fault = (enum kr_lead_fault)r->lead_fault,
                                .at_ms = r->at_ms,
                                .restored = true,
                                .otk_left =
                                    KR_OTK_MAX}; /* unknown until the next claim: no more may be added */
        kr_attach_add(room, a);                  /* transferred */
    }
}

/* Was the last announced epoch for just the members of now? Then they are told of the next one briefly, as a
 * room of a thousand could not be told the whole in time; who had missed that one asks for it. */
static void restore_announced(struct kr_core *core, struct kr_room *room)
{
    const struct kr_epoch_link *last = &room->chain[room->chain_len - 1].link;
    struct kr_roster roster;
    kr_roster_init(&roster);
    for (const struct kr_attach *a = room->attaches; a; a = a->hh.next)
        if (a->member)
            kr_roster_add(&roster, a->participant, a->owner, &a->ed25519, &a->curve25519, &a->id,
                          !a->settled);
    if (kr_roster_seal(&roster) == 0 && kr_digest_equal(&roster.digest, &last->roster))
        kr_room_announce_keep(room, &roster);
    kr_roster_done(&roster);
    if (!kr_digest_equal(&room->policy_hash, &last->policy))
        kr_room_policy_changed(core, room);
}

void kr_restore_start(struct kr_core *core, const struct kr_snapshot *s)
{
    core->started = true;
    kr_logbook_start(core, s);
    kr_audit_load(core, s->openings, s->opening_count);
    kr_attested_load(core, s->attestations, s->attestation_count);
    struct kr_entry entry;
    kr_entry_begin(&entry, core, "start", NULL);
    kr_entry_text(&entry, "version", core->settings.version);
    kr_entry_end(&entry);
    kr_retain_plan(core);
    for (size_t i = 0; i < s->room_count; i++) {
        const struct kr_rec_room *r = &s->rooms[i];
        struct kr_room *room = kr_room_get(core, r->room);
        if (!room)
            continue;
        kr_room_resume_instance(core, room, &r->instance);
        room->epoch_high = r->epoch_high;
        room->started_ms = r->started_ms;
        restore_epochs(core, room, s);
        restore_attaches(room, s);
        /* The chain must reach the highest number, or no context can follow from it. */
        bool whole = room->chain_len ? room->chain[room->chain_len - 1].link.epoch == room->epoch_high
                                     : room->epoch_high == 0;
        if (!room->attaches)
            kr_room_end_instance(core, room, "no attached devices");
        else if (!whole)
            kr_room_end_instance(core, room, "continuity is unproven");
        else if (room->chain_len)
            restore_announced(core, room);
    }
}

static bool presence_shows(const struct kr_room *room, const struct kr_attach *a,
                           struct kr_occupant **ret_occupant)
{
    struct kr_occupant *o = kr_occupant_find(room, a->participant);
    if (!o || o->attach || o->jid_count != 1 || strcmp(o->jids[0], a->full_jid) != 0)
        return false;
    if (!o->has_device || !kr_id_equal(&o->device, &a->device))
        return false;
    *ret_occupant = o;
    return true;
}

void kr_room_confirm(struct kr_core *core, struct kr_room *room)
{
    struct kr_attach *a, *tmp;
    size_t asked = 0;
    HASH_ITER (hh, room->attaches, a, tmp) {
        struct kr_occupant *o = NULL;
        if (!presence_shows(room, a, &o)) {
            kr_attach_end(core, room, a, "left");
            continue;
        }
        struct kr_pending *p = kr_pending_new(core, KR_PENDING_CONFIRM, NULL, room->jid);
        p->attach = a->id;
        a->asked = true;
        asked++;
        struct kr_query q = {
            .kind = KR_Q_DEVICE, .token = p->token, .device = {.id = a->device}, .room = room->jid};
        kr_output_query(core->out, &q);
    }
    room->recovering = asked != 0;
}

/* All are known: whoever remains gets a fresh epoch. */
static void recovered(struct kr_core *core, struct kr_room *room)
{
    for (const struct kr_attach *a = room->attaches; a; a = a->hh.next) {
        if (a->asked)
            return;
    }
    room->recovering = false;
    room->state_due = true;
    kr_attested_tell_missed(core, room);
    size_t members = kr_room_members(room);
    kr_trace(core, KR_TRACE_INFO, "room " KR_PEER " -> recovered (%zu members confirmed by presence)",
             room->jid, members);
    if (members)
        kr_room_change(core, room, KR_REASON_RECOVER, true);
}

void kr_restore_confirmed(struct kr_core *core, struct kr_room *room, const struct kr_pending *p,
                          const struct kr_query_result *result)
{
    struct kr_attach *a = kr_attach_find(room, &p->attach);
    if (!a || !a->asked)
        return;
    a->asked = false;
    struct kr_occupant *o = NULL;
    if (!presence_shows(room, a, &o)) {
        kr_attach_end(core, room, a, "left");
    } else {
        a->confirmed = true;
        a->occupant = o;
        o->attach = a;
        a->approved = result->approved;
        a->approved_by_operator = result->approved_by_operator;
        bool revoked = result->revoked || !result->known;
        /* Its session may have got another token meanwhile; presence told it before the two were tied. */
        if (revoked || !kr_owner_judge(core, room, a))
            kr_attach_judge(core, room, a, revoked);
    }
    if (room->has_instance)
        recovered(core, room);
}
