#include "core/door.h"

#include <stdlib.h>
#include <string.h>

#include "core/member.h"
#include "core/occupant.h"
#include "core/own.h"
#include "core/request.h"
#include "core/room.h"
#include "core/tell.h"
#include "message/stanza.h"
#include "xml/ns.h"

enum {
    BUCKET_IDLE_MS = 5000, /* longer than a bucket needs to be full again */
    ATTEST_WINDOW_MS = 60000
};
enum who {
    WHO_OCCUPANT,
    WHO_ATTACHED,
    WHO_MEMBER,
    WHO_VERIFIER, /* a member; where only verified devices become one, whoever is attached */
    WHO_OWNER
};

/* Who may ask for what. In every case: of a room we are in, that is not blind, from the full JID of one of
 * its occupants, within the rate of one full JID. Quotas of their own are the handlers'. Our own participant
 * comes in here as well; only rate and congestion, which are others' doing, do not hold it up. */
static const struct {
    enum who who;
    int (*handle)(struct kr_core *core, const struct kr_ask *ask);
} door[KR_REQ_KINDS] = {
    [KR_REQ_CHALLENGE] = {WHO_OCCUPANT, kr_request_challenge},
    [KR_REQ_ATTACH] = {WHO_OCCUPANT, kr_request_attach},
    [KR_REQ_KEYS] = {WHO_ATTACHED, kr_request_keys},
    [KR_REQ_DETACH] = {WHO_ATTACHED, kr_request_detach},
    [KR_REQ_CLAIM] = {WHO_VERIFIER, kr_request_claim},
    [KR_REQ_ENVELOPE] = {WHO_MEMBER, kr_request_envelope},
    [KR_REQ_ACK] = {WHO_MEMBER, kr_request_ack},
    [KR_REQ_SESSION] = {WHO_VERIFIER, kr_request_session},
    [KR_REQ_WHOLE] = {WHO_ATTACHED, kr_request_whole},
    [KR_REQ_APPROVE] = {WHO_OWNER, kr_request_grant},
    [KR_REQ_REVOKE] = {WHO_OWNER, kr_request_grant},
    [KR_REQ_ROTATE] = {WHO_OWNER, kr_request_rotate},
    [KR_REQ_PROOF] = {WHO_MEMBER, kr_request_proof},
    [KR_REQ_LINE] = {WHO_ATTACHED, kr_request_line},
    [KR_REQ_ATTEST] = {WHO_ATTACHED, kr_request_attest},
    [KR_REQ_UNATTEST] = {WHO_ATTACHED, kr_request_unattest},
    [KR_REQ_ALARM] = {WHO_ATTACHED, kr_request_alarm},
};

static int check_who(enum who who, const struct kr_ask *ask)
{
    switch (who) {
    case WHO_OCCUPANT:
        return 0;
    case WHO_ATTACHED:
        return ask->attach ? 0 : KR_E_NOT_MEMBER;
    case WHO_MEMBER:
        return ask->attach && ask->attach->member ? 0 : KR_E_NOT_MEMBER;
    case WHO_VERIFIER:
        return kr_may_verify(ask->room, ask->attach) ? 0 : KR_E_NOT_MEMBER;
    case WHO_OWNER:
        return ask->occupant->affiliation == KR_AFFILIATION_OWNER ? 0 : KR_E_NOT_ALLOWED;
    }
    return KR_E_NOT_ALLOWED;
}

static const uint64_t full = (uint64_t)KR_REQUESTS_PER_S * 4 * 1000;

static struct kr_bucket *bucket(struct kr_core *core, const char *jid)
{
    struct kr_bucket *b = NULL;
    HASH_FIND_STR(core->buckets, jid, b);
    if (!b) {
        if (!core->buckets)
            core->bucket_sweep_ms = core->now.mono_ms + BUCKET_IDLE_MS;
        b = kr_calloc(1, sizeof(*b));
        b->jid = kr_strdup(jid);
        b->milli = full;
        b->at_ms = core->now.mono_ms;
        HASH_ADD_KEYPTR(hh, core->buckets, b->jid, strlen(b->jid), b);
    }
    return b;
}

/* A bucket of four seconds' worth (9.3). */
bool kr_door_within_rate(struct kr_core *core, const char *jid)
{
    struct kr_bucket *b = bucket(core, jid);
    uint64_t passed = core->now.mono_ms - b->at_ms;
    b->at_ms = core->now.mono_ms;
    uint64_t gained = passed > full ? full : passed * KR_REQUESTS_PER_S;
    b->milli = b->milli + gained > full ? full : b->milli + gained;
    if (b->milli < 1000)
        return false;
    b->milli -= 1000;
    return true;
}

bool kr_door_may_attest(struct kr_core *core, const char *jid)
{
    struct kr_bucket *b = bucket(core, jid);
    if (!b->attest_count || core->now.mono_ms - b->attest_ms >= ATTEST_WINDOW_MS) {
        b->attest_ms = core->now.mono_ms;
        b->attest_count = 0;
    }
    if (b->attest_count >= KR_ATTESTATIONS_A_MINUTE)
        return false;
    b->attest_count++;
    return true;
}

static void bucket_free(struct kr_core *core, struct kr_bucket *b)
{
    HASH_DEL(core->buckets, b);
    free(b->jid);
    free(b);
}

void kr_door_tick(struct kr_core *core)
{
    if (core->now.mono_ms < core->bucket_sweep_ms)
        return;
    core->bucket_sweep_ms = core->now.mono_ms + BUCKET_IDLE_MS;
    struct kr_bucket *b, *tmp;
    HASH_ITER (hh, core->buckets, b, tmp) {
        bool attests = b->attest_count && core->now.mono_ms - b->attest_ms < ATTEST_WINDOW_MS;
        if (!attests && core->now.mono_ms - b->at_ms >= BUCKET_IDLE_MS)
            bucket_free(core, b);
    }
}

void kr_door_done(struct kr_core *core)
{
    struct kr_bucket *b, *tmp;
    HASH_ITER (hh, core->buckets, b, tmp)
        bucket_free(core, b);
}

/* Where the request is let in or turned away. */
static int admit(struct kr_core *core, struct kr_ask *ask)
{
    enum kr_request_kind kind = ask->request->kind;
    if (core->log.halted)
        return KR_E_LOG_HALTED;
    bool by_tag = kr_request_is_in(kind);
    ask->room = by_tag ? kr_room_in(core, &ask->request->in) : kr_room_find(core, ask->request->room);
    if (!ask->room && by_tag)
        return KR_E_STALE_EPOCH;
    if (!ask->room || ask->room->dead || ask->room->presence != KR_IN)
        return KR_E_UNKNOWN_ROOM;
    if (kr_room_blind(ask->room))
        return KR_E_BLIND;
    size_t speakers = 0;
    ask->occupant = kr_occupant_by_jid(ask->room, ask->asker->from, &speakers);
    if (!ask->occupant)
        return KR_E_NOT_OCCUPANT;
    struct kr_attach *a = ask->occupant->attach;
    ask->attach = a && a->confirmed && strcmp(a->full_jid, ask->asker->from) == 0 ? a : NULL;
    int err = check_who(door[kind].who, ask);
    return err ? err : door[kind].handle(core, ask);
}

static void request(struct kr_core *core, const struct kr_asker *asker, const struct kr_el *payload,
                    bool is_set, bool own)
{
    struct kr_arena arena;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    struct kr_request r = {0};
    const char *room = NULL, *name = "request";
    struct kr_room *touched = NULL;
    core->stats.requests++;
    bool within = own || kr_door_within_rate(core, asker->from);
    int err = own ? 0 : !within ? KR_E_QUOTA : core->congested ? KR_E_BUSY : 0;
    if (!err)
        err = kr_request_decode(payload, is_set, &arena, &r);
    if (!err) {
        room = r.room;
        name = kr_request_name(r.kind);
        struct kr_ask ask = {.asker = asker, .request = &r, .arena = &arena};
        err = admit(core, &ask);
        touched = ask.room;
    }
    if (err)
        kr_refuse(core, asker, touched ? touched->jid : room, name, err);
    if (touched && !err)
        kr_room_advance(core, touched);
    kr_arena_done(&arena);
}

void kr_door_iq(struct kr_core *core, const struct kr_el *iq, bool own)
{
    const char *from = kr_el_attr(iq, "from"), *to = kr_el_attr(iq, "to"), *type = kr_el_attr(iq, "type");
    const char *id = kr_el_attr(iq, "id");
    bool is_get = type && strcmp(type, "get") == 0, is_set = type && strcmp(type, "set") == 0;
    if (!from || !kr_jid_valid(from) || (!is_get && !is_set))
        return; /* results and errors are never answered */
    struct kr_asker asker = {0};
    kr_asker_set(&asker, iq);
    const struct kr_el *payload = iq->child;
    if (id && strlen(id) > KR_IQ_ID_MAX)
        kr_trace(core, KR_TRACE_DEBUG, "iq of " KR_PEER " -> ignored (id too long)", from);
    else if (payload && !payload->next && strcmp(payload->ns, KR_NS) == 0 && to &&
             strcmp(to, core->settings.jid) == 0)
        request(core, &asker, payload, is_set, own);
    else if (!kr_door_within_rate(core, from))
        kr_refuse(core, &asker, NULL, "iq", KR_E_QUOTA);
    else if (payload && strcmp(payload->ns, KR_NS) == 0)
        kr_refuse(core, &asker, NULL, "request", payload->next ? KR_E_MALFORMED : KR_E_UNKNOWN_REQUEST);
    else
        kr_disco_iq(core, iq);
    kr_asker_done(&asker);
}

/* An error of ours to an address in a room would make the room put us out (Prosody and others do so with who
 * answers `gone` and the like); nobody's ack comes from such an address. */
static bool is_through_a_room(struct kr_core *core, const char *from)
{
    struct kr_arena arena;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    const char *bare = kr_jid_bare(&arena, from);
    bool through = !bare || kr_room_find(core, bare);
    kr_arena_done(&arena);
    return through;
}

bool kr_door_message(struct kr_core *core, const struct kr_el *message, bool own)
{
    const char *from = kr_el_attr(message, "from"), *to = kr_el_attr(message, "to");
    const char *type = kr_el_attr(message, "type"), *id = kr_el_attr(message, "id");
    const struct kr_el *ack = kr_el_child(message, kr_request_name(KR_REQ_ACK), KR_NS);
    if (strcmp(message->name, "message") != 0 || !ack || !from || !kr_jid_valid(from) || !to ||
        strcmp(to, core->settings.jid) != 0 || (type && strcmp(type, "normal") != 0) ||
        (id && strlen(id) > KR_IQ_ID_MAX))
        return false;
    if (!own && is_through_a_room(core, from))
        return true;
    struct kr_asker asker = {0};
    kr_asker_set(&asker, message);
    asker.by_message = true;
    request(core, &asker, ack, true, own);
    kr_asker_done(&asker);
    return true;
}

void kr_door_oversize(struct kr_core *core, const struct kr_event *event)
{
    const char *name = event->u.oversize.name, *from = event->u.oversize.from, *type = event->u.oversize.type;
    if (!name || strcmp(name, "iq") != 0 || !from || !kr_jid_valid(from) || kr_own_is(core, from) || !type ||
        (strcmp(type, "get") != 0 && strcmp(type, "set") != 0))
        return;
    const char *id = event->u.oversize.id;
    if (id && strlen(id) > KR_IQ_ID_MAX)
        return;
    struct kr_asker asker = {.from = kr_strdup(from), .id = id ? kr_strdup(id) : NULL};
    kr_refuse(core, &asker, NULL, "request", kr_door_within_rate(core, from) ? KR_E_TOO_LARGE : KR_E_QUOTA);
    kr_asker_done(&asker);
}
