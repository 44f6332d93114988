#include "core/announce.h"
#include "core/deliver.h"
#include "core/member.h"
#include "core/request.h"
#include "core/room.h"
#include "core/tell.h"

/* Who has acked that it misses the asker's secret: the asker may not have known the epoch when it was wanted.
 */
static void want_again(struct kr_core *core, struct kr_room *room, struct kr_epoch *e, size_t sender)
{
    for (size_t i = 0; i < e->roster.len; i++) {
        const struct kr_seat *s = &e->seats[i];
        struct kr_packed entry;
        for (size_t k = 0; k < s->missing_count; k++)
            if (s->missing[k] == sender && !kr_sealed_entry(e, sender, i, &entry) &&
                !kr_round_any(&e->roster, e->link.kind, sender, i))
                kr_deliver_want(core, room, e, sender, i);
    }
}

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
    struct kr_epoch *e = ask->room->flight ? ask->room->flight : ask->room->committed;
    int seat = e ? kr_roster_find(&e->roster, &ask->attach->id) : -1;
    kr_answer_empty(core, ask->asker);
    if (seat < 0)
        return 0; /* its announce is still to come */
    kr_announce_to(core, ask->room, e, (size_t)seat, r->has_since ? r->since : UINT64_MAX);
    if (e->stage > KR_STAGE_ROUND_1)
        kr_deliver_to(core, ask->room, e, (size_t)seat, KR_ROUND_1, false);
    if (e->stage > KR_STAGE_ROUND_2)
        kr_deliver_to(core, ask->room, e, (size_t)seat, KR_ROUND_2, true);
    want_again(core, ask->room, e, (size_t)seat);
    return 0;
}
