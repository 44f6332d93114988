/* What a device says of another, takes back, or warns of (docs/protocol.md 6.9). */
#include <stdlib.h>
#include <string.h>

#include "base/sign.h"
#include "core/attested.h"
#include "core/audit.h"
#include "core/door.h"
#include "core/member.h"
#include "core/occupant.h"
#include "core/owner.h"
#include "core/request.h"
#include "core/tell.h"

static void record(struct kr_core *core, const char *type, const struct kr_room *room,
                   const struct kr_id *verifier, const struct kr_id *device, const struct kr_digest *of)
{
    struct kr_entry e;
    char hex[KR_ID_TEXT];
    kr_id_write(hex, verifier);
    kr_entry_begin(&e, core, type, room);
    kr_entry_device(&e, device);
    kr_entry_commit(&e, "verifier", "device", hex);
    if (of)
        kr_entry_digest(&e, "attestation", of);
    kr_entry_end(&e);
}

/* 0, or why no more of them are taken now. Whole rooms are told of each, and whether the link is full is
 * known only after the turn: one turn does not add more than what would make it full. */
static int check_rate(struct kr_core *core, const struct kr_ask *ask)
{
    if (core->out->send_count >= KR_QUEUE_SOFT)
        return KR_E_BUSY;
    return kr_door_may_attest(core, ask->asker->from) ? 0 : KR_E_QUOTA;
}

/* The attach of the device that it is about. */
static const struct kr_attach *subject(const struct kr_room *room, const struct kr_attest_text *t)
{
    for (const struct kr_attach *a = room->attaches; a; a = a->hh.next)
        if (a->confirmed && kr_id_equal(&a->device, &t->device))
            return a;
    return NULL;
}

/* 0, or what is wrong with an attestation that came now from there. */
static int check(const struct kr_core *core, const struct kr_ask *ask, const struct kr_attest_text *t)
{
    const struct kr_req_attest *r = &ask->request->u.attest;
    const uint64_t now_s = core->now.wall_ms / 1000;
    if (!kr_id_equal(&t->verifier, &ask->attach->device))
        return KR_E_WRONG_PARTICIPANT;
    if (!kr_verify(&ask->attach->ed25519, r->text, &r->sig))
        return KR_E_BAD_SIGNATURE;
    const struct kr_attach *a = subject(ask->room, t);
    if (!a)
        return KR_E_NOT_IN_ROOM;
    if (strcmp(t->owner, a->owner) != 0 ||
        (strcmp(t->room, KR_ATTEST_ANY_ROOM) != 0 && strcmp(t->room, ask->room->jid) != 0))
        return KR_E_WRONG_SUBJECT;
    if (t->expires_s <= now_s || t->issued_s > now_s + KR_ATTEST_CLOCK_S ||
        t->issued_s + KR_ATTEST_CLOCK_S < now_s)
        return KR_E_EXPIRED;
    return 0;
}

/* The digest is known: said again, it changes nothing; taken back, it does not return. */
static int known(struct kr_core *core, const struct kr_ask *ask, const struct kr_attested *at)
{
    if (at->rec.revoke_text.len)
        return KR_E_ATTESTATION_REVOKED;
    kr_answer_empty(core, ask->asker);
    return 0;
}

static void accept(struct kr_core *core, const struct kr_ask *ask, const struct kr_attest_text *t,
                   const struct kr_digest *digest)
{
    const struct kr_req_attest *r = &ask->request->u.attest;
    bool admin = ask->occupant->affiliation >= KR_AFFILIATION_ADMIN;
    bool registered =
        kr_owner_holds(core, ask->room, ask->occupant, ask->attach->full_jid, ask->attach->owner);
    struct kr_rec_attestation rec = {.digest = *digest,
                                     .text = r->text,
                                     .sig = r->sig,
                                     .ed25519 = ask->attach->ed25519,
                                     .curve25519 = ask->attach->curve25519,
                                     .by_owner = registered ? ask->attach->owner : "",
                                     .admin_in = admin ? ask->room->jid : "",
                                     .at_ms = core->now.wall_ms};
    struct kr_attested *at = kr_attested_add(core, &rec, t);
    record(core, "attest", ask->room, &t->verifier, &t->device, digest);
    kr_trace(core, KR_TRACE_INFO, "device %s by device %s in " KR_PEER " -> attested",
             kr_short(&t->device).text, kr_short(&t->verifier).text, ask->room->jid);
    kr_answer_empty(core, ask->asker);
    kr_attested_tell(core, at);
    kr_attested_judge(core, &t->device);
}

int kr_request_attest(struct kr_core *core, const struct kr_ask *ask)
{
    struct kr_attest_text t;
    int err = kr_attest_read(ask->request->u.attest.text, ask->arena, &t);
    if (err)
        return err;
    err = check(core, ask, &t);
    struct kr_digest digest = kr_attest_digest(ask->request->u.attest.text);
    const struct kr_attested *at = kr_attested_find(core, &digest);
    if (at && (!err || (err == KR_E_EXPIRED && at->rec.revoke_text.len)))
        return known(core, ask, at);
    if (err)
        return err;
    err = check_rate(core, ask);
    if (err)
        return err;
    if (HASH_COUNT(core->attested) >= KR_ATTESTATIONS_MAX ||
        kr_attested_count(core, &t.verifier) >= KR_ATTESTATIONS_VERIFIER_MAX)
        return KR_E_QUOTA;
    accept(core, ask, &t, &digest);
    return 0;
}

int kr_request_unattest(struct kr_core *core, const struct kr_ask *ask)
{
    const struct kr_req_attest *r = &ask->request->u.attest;
    struct kr_revoke_text t;
    int err = kr_revoke_read(r->text, &t);
    if (err)
        return err;
    if (!kr_id_equal(&t.verifier, &ask->attach->device))
        return KR_E_WRONG_PARTICIPANT;
    if (!kr_verify(&ask->attach->ed25519, r->text, &r->sig))
        return KR_E_BAD_SIGNATURE;
    struct kr_attested *at = kr_attested_find(core, &t.attestation);
    if (!at || !kr_id_equal(&at->t.verifier, &t.verifier))
        return KR_E_UNKNOWN_ATTESTATION;
    if (at->rec.revoke_text.len) {
        kr_answer_empty(core, ask->asker);
        return 0;
    }
    err = check_rate(core, ask);
    if (err)
        return err;
    uint8_t *text = kr_malloc(r->text.len);
    memcpy(text, r->text.ptr, r->text.len);
    at->rec.revoke_text = kr_span(text, r->text.len); /* transferred */
    at->rec.revoke_sig = r->sig;
    kr_attested_store(core, at);
    record(core, "unattest", ask->room, &t.verifier, &at->t.device, &at->rec.digest);
    kr_trace(core, KR_TRACE_INFO, "attestation of device %s by device %s -> revoked",
             kr_short(&at->t.device).text, kr_short(&t.verifier).text);
    kr_answer_empty(core, ask->asker);
    kr_attested_tell(core, at);
    kr_attested_judge(core, &at->t.device);
    return 0;
}

int kr_request_line(struct kr_core *core, const struct kr_ask *ask)
{
    const struct kr_req_line *r = &ask->request->u.line;
    const struct kr_occupant *o = r->has_attach ? NULL : kr_occupant_find(ask->room, r->participant);
    const struct kr_attach *a = r->has_attach ? kr_attach_find(ask->room, &r->attach) : o ? o->attach : NULL;
    if (!a || !a->confirmed)
        return KR_E_NOT_IN_ROOM;
    struct kr_res_line res = {.room = ask->room->jid,
                              .line = {.participant = a->participant,
                                       .owner = a->owner,
                                       .device = a->device,
                                       .attach = a->id,
                                       .nonce = a->nonce,
                                       .ed25519 = a->ed25519,
                                       .curve25519 = a->curve25519,
                                       .sig = a->sig}};
    struct kr_xml x;
    kr_answer_start(core, ask->asker, &x);
    kr_res_line_encode(&x, &res);
    kr_answer_end(core, ask->asker, &x);
    return 0;
}

int kr_request_alarm(struct kr_core *core, const struct kr_ask *ask)
{
    const struct kr_attach *a = kr_attach_find(ask->room, &ask->request->u.attach_of);
    if (!a || !a->confirmed || a == ask->attach)
        return KR_E_NOT_IN_ROOM;
    struct kr_pair *p = kr_pair_get(ask->attach, &a->id);
    if (p->had_alarm && core->now.mono_ms - p->alarm_ms < KR_SAS_WINDOW_MS)
        return KR_E_QUOTA;
    p->had_alarm = true;
    p->alarm_ms = core->now.mono_ms;
    record(core, "sas-mismatch", ask->room, &ask->attach->device, &a->device, NULL);
    kr_trace(core, KR_TRACE_WARN, "codes of " KR_PEER " and " KR_PEER " in " KR_PEER " -> differ",
             ask->attach->participant, a->participant, ask->room->jid);
    kr_answer_empty(core, ask->asker);
    return 0;
}
