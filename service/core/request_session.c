#include "core/deliver.h"
#include "core/member.h"
#include "core/request.h"
#include "core/room.h"
#include "core/tell.h"

static bool misses(const struct kr_seat *s, size_t sender)
{
    for (size_t i = 0; i < s->missing_count; i++) {
        if (s->missing[i] == sender)
            return true;
    }
    return false;
}

/* It has a session now: whoever could not be heard is asked to seal again. */
static void ask_again(struct kr_core *core, struct kr_room *room, struct kr_epoch *e,
                      const struct kr_id *asker, const struct kr_id *sender)
{
    int to = e ? kr_roster_find(&e->roster, asker) : -1, from = e ? kr_roster_find(&e->roster, sender) : -1;
    if (to >= 0 && from >= 0 && e->stage >= KR_STAGE_ACKS && misses(&e->seats[to], (size_t)from))
        kr_deliver_want(core, room, e, (size_t)from, (size_t)to);
}

/* Within the quota of its kind? Counts it. */
static bool take_quota(struct kr_core *core, struct kr_pair *p, const struct kr_req_session *r)
{
    const uint64_t now = core->now.mono_ms;
    if (r->verify) {
        if (!p->verify_count || now - p->verify_ms >= KR_SAS_WINDOW_MS) {
            p->verify_ms = now;
            p->verify_count = 0;
        }
        return p->verify_count++ < KR_SAS_MESSAGES_MAX;
    }
    bool opens = r->type == KR_PACKED_PREKEY;
    bool *had = opens ? &p->had_session : &p->had_heal;
    uint64_t *at_ms = opens ? &p->session_ms : &p->heal_ms;
    if (*had && now - *at_ms < KR_RESET_MS)
        return false;
    *had = true;
    *at_ms = now;
    return true;
}

int kr_request_session(struct kr_core *core, const struct kr_ask *ask)
{
    const struct kr_req_session *r = &ask->request->u.session;
    struct kr_attach *to = kr_attach_find(ask->room, &r->to);
    if (!to || to == ask->attach || !kr_may_verify(ask->room, to))
        return KR_E_NOT_IN_ROOM;
    if (!r->verify && (!ask->attach->member || !to->member))
        return KR_E_NOT_MEMBER;
    if (!take_quota(core, kr_pair_get(ask->attach, &r->to), r))
        return KR_E_QUOTA;
    kr_answer_empty(core, ask->asker);
    struct kr_notice n = {
        .kind = KR_NOTICE_SESSION,
        .room = ask->room->jid,
        .u.session = {.from = ask->attach->id, .verify = r->verify, .type = r->type, .message = r->message}};
    kr_tell(core, to->full_jid, &n);
    if (r->verify || r->type != KR_PACKED_PREKEY)
        return 0;
    ask_again(core, ask->room, ask->room->flight, &ask->attach->id, &to->id);
    ask_again(core, ask->room, ask->room->committed, &ask->attach->id, &to->id);
    return 0;
}
