#include "core/stock.h"

#include <string.h>

#include "core/authorise.h"

bool kr_stock_may(const struct kr_room *room, const struct kr_occupant *o, const char **ret_why)
{
    struct kr_standing s = {.affiliation = o->affiliation,
                            .approved = o->stock && o->stock->approved,
                            .revoked = o->stock && o->stock->revoked,
                            .takes_part = true};
    return kr_authorise(&room->policy, &s, ret_why) == KR_ADMIT;
}

static int refuse(int err, const char *why, const char **ret_why)
{
    *ret_why = why;
    return err;
}

static int judge_init(const struct kr_occupant *from, const struct kr_occupant *to,
                      const struct kr_stock_pair *pair, const struct kr_stock_message *m, uint64_t now_ms,
                      const char **ret_why)
{
    const struct kr_stock_side *mine = from->stock, *theirs = to->stock;
    if (!mine || !mine->feature)
        return refuse(KR_E_NOT_ALLOWED, "a session is opened by clients that offer E2EE", ret_why);
    if (!theirs || !theirs->feature)
        return refuse(KR_E_NOT_ALLOWED, "the other side does not offer E2EE", ret_why);
    if (strcmp(from->nick, to->nick) >= 0)
        return refuse(KR_E_UNEXPECTED, "the smaller participant id opens the session", ret_why);
    if (!mine->enabled)
        return refuse(KR_E_UNEXPECTED, "E2EE is off", ret_why);
    if (!mine->has_keys || !kr_key_equal(&mine->curve25519, &m->id_key))
        return refuse(KR_E_WRONG_PARTICIPANT, "the identity key is not the one of the sender's presence",
                      ret_why);
    if (pair && pair->session)
        return refuse(KR_E_UNEXPECTED, "there is a session already", ret_why);
    if (pair && pair->init_uuid && now_ms - pair->init_ms < KR_STOCK_PATIENCE_MS)
        return refuse(KR_E_UNEXPECTED, "a session-init is waiting for its answer", ret_why);
    return 0;
}

/* What only makes sense inside a session. A pair that was there before us is believed to have one. */
static int judge_within(const struct kr_occupant *from, const struct kr_stock_pair *pair, bool assumed,
                        const struct kr_stock_message *m, const char **ret_why)
{
    size_t i = pair && strcmp(pair->half[0].nick, from->nick) == 0 ? 0 : 1;
    switch (m->type) {
    case KR_STOCK_TYPE_SESSION_ACK:
        if (assumed || (pair && i == 1 && pair->init_uuid && pair->init_uuid == kr_stock_mark(m->uuid)))
            return 0;
        return refuse(KR_E_UNEXPECTED, "no session-init is waiting for this answer", ret_why);
    case KR_STOCK_TYPE_KEY_INFO_ACK:
        if (assumed || (pair && pair->session && kr_stock_uuid_known(&pair->half[1 - i], m->uuid)))
            return 0;
        return refuse(KR_E_UNEXPECTED, "no key-info is waiting for this answer", ret_why);
    case KR_STOCK_TYPE_SAS_ACCEPT:
    case KR_STOCK_TYPE_SAS_KEY:
    case KR_STOCK_TYPE_SAS_MAC:
        if (pair && pair->session && pair->sas != kr_stock_mark(m->uuid))
            return refuse(KR_E_UNEXPECTED, "no such verification was begun", ret_why);
        break;
    default:
        break;
    }
    return assumed || (pair && pair->session) ? 0 : refuse(KR_E_UNEXPECTED, "there is no session", ret_why);
}

int kr_stock_judge(const struct kr_room *room, const struct kr_occupant *from, const struct kr_occupant *to,
                   const struct kr_stock_pair *pair, const struct kr_stock_message *m, uint64_t now_ms,
                   const char **ret_why)
{
    if (m->type == KR_STOCK_TYPE_NONE)
        return 0;
    /* Both ends of every message, whatever its type: any of them may carry a key. */
    if (!kr_stock_may(room, from, ret_why))
        return KR_E_NOT_ALLOWED;
    if (!kr_stock_may(room, to, ret_why))
        return refuse(KR_E_NOT_ALLOWED, "the other side may get no keys", ret_why);
    switch (m->type) {
    case KR_STOCK_TYPE_SESSION_INIT:
        return judge_init(from, to, pair, m, now_ms, ret_why);
    case KR_STOCK_TYPE_ERROR:
    case KR_STOCK_TYPE_OTHER:
        return 0;
    default:
        return judge_within(from, pair, kr_stock_assumed(room, from, to, pair), m, ret_why);
    }
}
