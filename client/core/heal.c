/* Sessions in which we only listen to a leader (docs/protocol.md 5.13): a word of ours, now and then, turns
 * their ratchet, so that what was stolen of either end opens nothing that is sealed after. The first one also
 * ends its pre-key messages, which are twice as long. */
#include "client/state.h"

void kr_heal_heard(struct kr_client *c, struct kr_peer *leader, size_t members)
{
    const struct kr_peer_session *s = kr_peer_speak(leader);
    if (leader->heal_ms != UINT64_MAX)
        return;
    if (!s->said) {
        leader->heal_ms =
            kr_client_within(c, KR_CLIENT_ANSWER_SPREAD_MS + members * (uint64_t)KR_CLIENT_ANSWER_MEMBER_MS);
        return;
    }
    uint64_t silent_ms = c->now_ms - s->said_ms;
    leader->heal_ms =
        kr_client_within(c, KR_CLIENT_HEAL_SPREAD_MS) + (silent_ms < KR_HEAL_MS ? KR_HEAL_MS - silent_ms : 0);
}

void kr_heal_time(struct kr_client *c)
{
    if (c->phase != KR_PHASE_MEMBER || c->mismatched)
        return;
    for (struct kr_peer *p = c->peers; p; p = p->hh.next) {
        if (p->heal_ms > c->now_ms)
            continue;
        p->heal_ms = UINT64_MAX;
        kr_peer_say_nothing(c, p, kr_peer_speak(p), KR_OLM_NORMAL);
    }
}

uint64_t kr_heal_next(const struct kr_client *c)
{
    uint64_t due = UINT64_MAX;
    if (c->phase != KR_PHASE_MEMBER || c->mismatched)
        return due;
    for (const struct kr_peer *p = c->peers; p; p = p->hh.next)
        due = kr_sooner(due, p->heal_ms);
    return due;
}
