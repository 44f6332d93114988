#include "core/announce.h"
#include "core/attested.h"
#include "core/deliver.h"
#include "core/logbook.h"
#include "core/member.h"
#include "core/request.h"
#include "core/room.h"
#include "core/tell.h"

int kr_request_whole(struct kr_core *core, const struct kr_ask *ask)
{
    const struct kr_req_whole *r = &ask->request->u.whole;
    struct kr_attach *a = ask->attach;
    if (!a->whole_count || core->now.mono_ms - a->whole_ms >= KR_WHOLE_MS) {
        a->whole_ms = core->now.mono_ms;
        a->whole_count = 0;
    }
    if (a->whole_count >= KR_WHOLE_MAX)
        return KR_E_QUOTA;
    a->whole_count++;
    kr_logbook_presented(core, &r->log, r->log_origin);
    if (core->log.halted)
        return KR_E_LOG_HALTED;
    struct kr_epoch *e = ask->room->flight ? ask->room->flight : ask->room->committed;
    int seat = e ? kr_roster_find(&e->roster, &ask->attach->id) : -1;
    kr_answer_empty(core, ask->asker);
    kr_attested_tell_one(core, ask->room, ask->attach);
    if (seat < 0)
        return 0; /* its announce is still to come */
    kr_announce_to(core, ask->room, e, (size_t)seat, r->has_since ? r->since : UINT64_MAX);
    if (e->stage > KR_STAGE_ROUND_1)
        kr_deliver_to(core, ask->room, e, (size_t)seat, KR_ROUND_1, false);
    if (e->stage > KR_STAGE_ROUND_2)
        kr_deliver_to(core, ask->room, e, (size_t)seat, KR_ROUND_2, true);
    kr_deliver_want_open(core, ask->room, e, (size_t)seat);
    return 0;
}
