#include <stdlib.h>
#include <string.h>

#include "base/sign.h"
#include "core/announce.h"
#include "core/attested.h"
#include "core/audit.h"
#include "core/challenge.h"
#include "core/leader.h"
#include "core/logbook.h"
#include "core/member.h"
#include "core/occupant.h"
#include "core/owner.h"
#include "core/pending.h"
#include "core/request.h"
#include "core/room.h"
#include "core/tell.h"

static unsigned takes_part_in(const struct kr_req_attach *r)
{
    return r->sources ? r->sources : KR_SOURCE_BIT(KR_SOURCE_PARTICIPANTS);
}

/* Everything that can change between the request and the directory's answer: asked before and after. */
static int check_state(struct kr_core *core, struct kr_room *room, struct kr_occupant *o, const char *from,
                       const struct kr_req_attach *r)
{
    size_t speakers = 0;
    kr_occupant_by_jid(room, from, &speakers);
    if (o->attach || o->jid_count != 1 || speakers != 1)
        return KR_E_ALREADY_ATTACHED;
    if (!room->has_instance || !kr_id_equal(&r->instance, &room->instance))
        return KR_E_WRONG_INSTANCE;
    if (strcmp(r->participant, o->nick) != 0)
        return KR_E_WRONG_PARTICIPANT;
    struct kr_arena arena;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    bool own = strcmp(r->owner, kr_owner_of(core, &arena, room, o, from)) == 0;
    kr_arena_done(&arena);
    if (!own)
        return KR_E_WRONG_PARTICIPANT;
    if (!o->has_device || !kr_id_equal(&o->device, &r->device))
        return KR_E_NO_DEVICE;
    if (!kr_challenge_find(o, &r->nonce, core->now.mono_ms))
        return KR_E_BAD_CHALLENGE;
    if (kr_attach_was_used(core, room, &r->attach))
        return KR_E_ALREADY_ATTACHED;
    return kr_leader_admits(room, takes_part_in(r));
}

int kr_keys_verify(const struct kr_key *ed25519, const struct kr_id *device, const struct kr_id *attach,
                   const struct kr_signed_key *otks, size_t otk_count, const struct kr_signed_key *fallback)
{
    for (size_t i = 0; i < otk_count + (fallback != NULL); i++) {
        bool is_otk = i < otk_count;
        const struct kr_signed_key *k = is_otk ? &otks[i] : fallback;
        struct kr_key_text t = {.kind = is_otk ? KR_KEY_ONE_TIME : KR_KEY_FALLBACK,
                                .key = k->key,
                                .device = *device,
                                .attach = *attach};
        struct kr_buf text = kr_key_text(&t);
        bool good = text.err == 0 && kr_verify(ed25519, kr_buf_span(&text), &k->sig);
        kr_buf_done(&text);
        if (!good)
            return KR_E_BAD_SIGNATURE;
    }
    return 0;
}

static int check_signatures(const struct kr_room *room, const struct kr_req_attach *r)
{
    struct kr_id device = kr_device_id(&r->ed25519, &r->curve25519);
    if (!kr_id_equal(&device, &r->device))
        return KR_E_WRONG_PARTICIPANT;
    struct kr_attach_text t = {.room = room->jid,
                               .instance = r->instance,
                               .participant = r->participant,
                               .owner = r->owner,
                               .device = r->device,
                               .attach = r->attach,
                               .nonce = r->nonce};
    struct kr_buf text = kr_attach_text(&t);
    bool good = text.err == 0 && kr_verify(&r->ed25519, kr_buf_span(&text), &r->sig);
    kr_buf_done(&text);
    if (!good)
        return KR_E_BAD_SIGNATURE;
    return kr_keys_verify(&r->ed25519, &r->device, &r->attach, r->otks, r->otk_count, &r->fallback);
}

int kr_request_attach(struct kr_core *core, const struct kr_ask *ask)
{
    const struct kr_req_attach *r = &ask->request->u.attach;
    int err = check_state(core, ask->room, ask->occupant, ask->asker->from, r);
    if (!err)
        err = check_signatures(ask->room, r);
    if (!err) {
        kr_logbook_presented(core, &r->log, r->log_origin);
        err = core->log.halted ? KR_E_LOG_HALTED : 0;
    }
    if (err)
        return err;
    struct kr_pending *p = kr_pending_new(core, KR_PENDING_ATTACH, ask->asker, ask->room->jid);
    p->request = *r;
    p->request.log_origin = NULL;
    p->request.participant = kr_strdup(r->participant);
    p->request.owner = kr_strdup(r->owner);
    struct kr_signed_key *otks = kr_calloc(r->otk_count, sizeof(*otks));
    if (r->otk_count)
        memcpy(otks, r->otks, r->otk_count * sizeof(*otks));
    p->request.otks = otks;
    /* First only asked: a revoked device leaves no trace in the directory. */
    struct kr_query q = {
        .kind = KR_Q_DEVICE, .token = p->token, .device = {.id = r->device}, .room = ask->room->jid};
    kr_output_query(core->out, &q);
    return 0;
}

void kr_keys_write(struct kr_core *core, const struct kr_id *attach, const struct kr_signed_key *otks,
                   size_t otk_count, const struct kr_signed_key *fallback)
{
    for (size_t i = 0; i < otk_count + (fallback != NULL); i++) {
        bool is_otk = i < otk_count;
        const struct kr_signed_key *k = is_otk ? &otks[i] : fallback;
        struct kr_write w = {.kind = KR_W_KEY,
                             .u.key = {.attach = *attach,
                                       .kind = is_otk ? KR_CLASS_ONE_TIME : KR_CLASS_FALLBACK,
                                       .key = k->key,
                                       .sig = k->sig}};
        kr_output_write(core->out, &w);
    }
}

static struct kr_attach *make(struct kr_core *core, const struct kr_req_attach *r, const char *full_jid)
{
    struct kr_attach *a = kr_calloc(1, sizeof(*a));
    *a = (struct kr_attach){.id = r->attach,
                            .device = r->device,
                            .nonce = r->nonce,
                            .ed25519 = r->ed25519,
                            .curve25519 = r->curve25519,
                            .sig = r->sig,
                            .participant = kr_strdup(r->participant),
                            .owner = kr_strdup(r->owner),
                            .full_jid = kr_strdup(full_jid),
                            .confirmed = true,
                            .at_ms = core->now.wall_ms,
                            .sources = takes_part_in(r),
                            .lead = r->lead,
                            .otk_left = r->otk_count};
    return a;
}

static void accept(struct kr_core *core, struct kr_room *room, struct kr_occupant *o,
                   const struct kr_pending *p, const struct kr_query_result *grants)
{
    const struct kr_req_attach *r = &p->request;
    kr_challenge_spend(o, kr_challenge_find(o, &r->nonce, core->now.mono_ms), core->now.mono_ms);
    if (!room->instance_stored)
        kr_room_store(core, room);
    struct kr_attach *a = make(core, r, p->asker.from);
    a->approved = grants->approved;
    a->approved_by_operator = grants->approved_by_operator;
    a->occupant = o;
    o->attach = a;
    kr_attach_add(room, a); /* transferred */
    kr_attach_store(core, room, a);
    kr_attach_publish(a, r->otks, r->otk_count);
    kr_keys_write(core, &a->id, r->otks, r->otk_count, &r->fallback);
    core->stats.attaches++;
    if (!grants->known)
        kr_audit_attach(core, "register", room, a, NULL);
    kr_audit_attach(core, "attach", room, a, NULL);

    const char *why = "";
    bool waits = kr_attach_verdict(core, room, a, false, &why) != KR_ADMIT;
    struct kr_xml x;
    kr_answer_start(core, &p->asker, &x);
    struct kr_res_attached res = {.room = room->jid, .waiting = waits, .reason = waits ? why : NULL};
    kr_res_attached_encode(&x, &res);
    kr_answer_end(core, &p->asker, &x);
    if (waits)
        kr_attach_become_waiting(core, room, a, why);
    else
        kr_attach_become_member(core, room, a, why);
    kr_state_tell_one(core, room, a->full_jid);
    kr_attested_tell_new(core, room, a);
    kr_attested_note(core, room, a);
    if (room->policy.authorise == KR_AUTHORISE_VERIFIED) {
        kr_attested_standing(core, room, a);
        kr_room_judge_all(core, room);
    }
}

bool kr_attach_continue(struct kr_core *core, struct kr_room *room, struct kr_pending *p,
                        const struct kr_query_result *r)
{
    const struct kr_req_attach *req = &p->request;
    size_t speakers = 0;
    struct kr_occupant *o = room ? kr_occupant_by_jid(room, p->asker.from, &speakers) : NULL;
    int err = 0;
    if (!room || room->presence != KR_IN)
        err = KR_E_UNKNOWN_ROOM;
    else if (kr_room_blind(room))
        err = KR_E_BLIND;
    else if (!o)
        err = KR_E_NOT_OCCUPANT;
    else
        err = check_state(core, room, o, p->asker.from, req);
    if (!err && r->revoked)
        err = KR_E_REVOKED;
    if (!err && r->kind == KR_Q_REGISTER && r->conflict)
        err = KR_E_KEY_CONFLICT;
    if (!err && o->affiliation == KR_AFFILIATION_OUTCAST)
        err = KR_E_NOT_ALLOWED;
    if (err) {
        kr_refuse(core, &p->asker, p->room, "attach", err);
        return false;
    }
    if (r->kind == KR_Q_DEVICE) {
        struct kr_query q = {.kind = KR_Q_REGISTER,
                             .token = p->token,
                             .device = {.id = req->device,
                                        .ed25519 = req->ed25519,
                                        .curve25519 = req->curve25519,
                                        .first_seen_ms = core->now.wall_ms,
                                        .last_seen_ms = core->now.wall_ms},
                             .owner = req->owner,
                             .room = room->jid};
        kr_output_query(core->out, &q);
        return true;
    }
    accept(core, room, o, p, r);
    return false;
}
