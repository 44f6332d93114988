#include <stdlib.h>
#include <string.h>

#include "core/challenge.h"
#include "core/owner.h"
#include "core/request.h"
#include "core/room.h"
#include "core/tell.h"
#include "message/stanza.h"

static bool expired(const struct kr_challenge *c, uint64_t now_ms)
{
    return now_ms - c->at_ms >= KR_CHALLENGE_MS;
}

struct kr_challenge *kr_challenge_find(struct kr_occupant *o, const struct kr_id *nonce, uint64_t now_ms)
{
    for (size_t i = 0; o->challenges && i < KR_CHALLENGES_MAX; i++) {
        struct kr_challenge *c = &o->challenges[i];
        if (c->live && !expired(c, now_ms) && kr_id_equal(&c->nonce, nonce))
            return c;
    }
    return NULL;
}

void kr_challenge_spend(struct kr_occupant *o, struct kr_challenge *c, uint64_t now_ms)
{
    c->live = false;
    for (size_t i = 0; i < KR_CHALLENGES_MAX; i++)
        if (o->challenges[i].live && !expired(&o->challenges[i], now_ms))
            return;
    kr_challenges_forget(o);
}

void kr_challenges_forget(struct kr_occupant *o)
{
    free(o->challenges);
    o->challenges = NULL;
}

/* A free place, else KR_E_QUOTA. */
static int place(struct kr_occupant *o, uint64_t now_ms, struct kr_challenge **ret_place)
{
    if (!o->challenges)
        o->challenges = kr_calloc(KR_CHALLENGES_MAX, sizeof(*o->challenges));
    for (size_t i = 0; i < KR_CHALLENGES_MAX; i++) {
        if (!o->challenges[i].live || expired(&o->challenges[i], now_ms)) {
            *ret_place = &o->challenges[i];
            return 0;
        }
    }
    return KR_E_QUOTA;
}

int kr_request_challenge(struct kr_core *core, const struct kr_ask *ask)
{
    struct kr_challenge *c = NULL;
    int err = place(ask->occupant, core->now.mono_ms, &c);
    if (err)
        return err;
    if (!ask->room->has_instance)
        kr_room_begin_instance(core, ask->room);
    c->live = true;
    c->at_ms = core->now.mono_ms;
    kr_random_fill(&core->random, c->nonce.b, sizeof(c->nonce.b));
    struct kr_res_challenge r = {
        .room = ask->room->jid,
        .participant = ask->occupant->nick,
        .owner = kr_owner_of(core, ask->arena, ask->room, ask->occupant, ask->asker->from),
        .instance = ask->room->instance,
        .nonce = c->nonce,
        .policy_text = kr_buf_span(&ask->room->policy_text)};
    struct kr_xml x;
    kr_answer_start(core, ask->asker, &x);
    kr_res_challenge_encode(&x, &r);
    kr_answer_end(core, ask->asker, &x);
    return 0;
}
