#include "core/pending.h"

#include <stdlib.h>
#include <string.h>

#include "core/logbook.h"
#include "core/request.h"
#include "core/restore.h"
#include "core/retain.h"
#include "core/room.h"
#include "core/stock.h"
#include "core/tell.h"

struct kr_pending *kr_pending_new(struct kr_core *core, enum kr_pending_kind kind,
                                  const struct kr_asker *asker, const char *room)
{
    struct kr_pending *p = kr_calloc(1, sizeof(*p));
    p->token = ++core->next_token;
    p->kind = kind;
    p->room = kr_strdup(room);
    if (asker) {
        p->asker.from = kr_strdup(asker->from);
        p->asker.id = asker->id ? kr_strdup(asker->id) : NULL;
    }
    HASH_ADD(hh, core->pendings, token, sizeof(p->token), p);
    return p;
}

void kr_pending_free(struct kr_core *core, struct kr_pending *p)
{
    HASH_DEL(core->pendings, p);
    kr_asker_done(&p->asker);
    free(p->room);
    free((char *)p->request.participant);
    free((char *)p->request.owner);
    free((struct kr_signed_key *)p->request.otks);
    free(p->claimed);
    free(p->claim_slot);
    free(p->by);
    free(p->reason);
    free(p);
}

struct kr_pending *kr_pending_find(struct kr_core *core, uint64_t token)
{
    struct kr_pending *p = NULL;
    HASH_FIND(hh, core->pendings, &token, sizeof(token), p);
    return p;
}

void kr_pending_result(struct kr_core *core, const struct kr_query_result *result)
{
    struct kr_pending *p = kr_pending_find(core, result->token);
    if (!p)
        return;
    struct kr_room *room = kr_room_find(core, p->room);
    bool more = false; /* another result is awaited */
    switch (p->kind) {
    case KR_PENDING_ATTACH:
        more = kr_attach_continue(core, room, p, result);
        break;
    case KR_PENDING_CLAIM:
        more = kr_claim_continue(core, room, p, result);
        break;
    case KR_PENDING_GRANT:
        kr_grant_continue(core, p, result);
        break;
    case KR_PENDING_PROOF:
        kr_proof_continue(core, p, result);
        break;
    case KR_PENDING_LOG:
        kr_logbook_compare(core, p, result);
        break;
    case KR_PENDING_RETAIN:
        kr_retain_continue(core, result);
        break;
    case KR_PENDING_CONFIRM:
        if (room)
            kr_restore_confirmed(core, room, p, result);
        break;
    case KR_PENDING_STOCK:
        if (room)
            kr_stock_registered(core, room, p, result);
        break;
    }
    if (!more)
        kr_pending_free(core, p);
    if (room)
        kr_room_advance(core, room);
}
