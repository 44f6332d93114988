#include "epoch/rounds.h"

struct kr_sealing kr_sealing(const struct kr_roster *roster, const struct kr_epoch_link *link)
{
    struct kr_sealing s = {
        .roster = roster, .kind = link->kind, .source = link->source, .leader = roster->len};
    if (kr_source_is_led(link->source)) {
        int at = kr_roster_find(roster, &link->leader);
        s.leader = at < 0 ? roster->len : (size_t)at;
    }
    return s;
}

/* Everybody for everybody: joiners open the sessions in round 1, so that nobody claims twice. */
static bool participants_have(const struct kr_sealing *s, enum kr_round round, size_t sender,
                              size_t recipient)
{
    bool from_joiner = s->roster->entries[sender].is_new;
    bool to_joiner = s->roster->entries[recipient].is_new;
    switch (round) {
    case KR_ROUND_1:
        return from_joiner && (!to_joiner || recipient > sender);
    case KR_ROUND_2:
        if (from_joiner)
            return to_joiner && recipient < sender;
        return to_joiner || s->kind == KR_EPOCH_FRESH;
    case KR_ROUND_SUPPLEMENT:
        break;
    }
    return false;
}

bool kr_round_has(const struct kr_sealing *s, enum kr_round round, size_t sender, size_t recipient)
{
    const struct kr_roster *r = s->roster;
    if (sender >= r->len || recipient >= r->len || sender == recipient)
        return false;
    if (s->source == KR_SOURCE_PARTICIPANTS)
        return participants_have(s, round, sender, recipient);
    return round == KR_ROUND_2 && sender == s->leader &&
           (s->kind == KR_EPOCH_FRESH || r->entries[recipient].is_new);
}

static size_t participants_count(const struct kr_sealing *s, enum kr_round round, size_t sender)
{
    const struct kr_roster_entry *e = &s->roster->entries[sender];
    size_t joiners = s->roster->joiner_count, incumbents = s->roster->len - joiners;
    switch (round) {
    case KR_ROUND_1:
        return e->is_new ? incumbents + joiners - e->joiners_before - 1 : 0;
    case KR_ROUND_2:
        if (e->is_new)
            return e->joiners_before;
        return joiners + (s->kind == KR_EPOCH_FRESH ? incumbents - 1 : 0);
    case KR_ROUND_SUPPLEMENT:
        break;
    }
    return 0;
}

size_t kr_round_count(const struct kr_sealing *s, enum kr_round round, size_t sender)
{
    if (sender >= s->roster->len)
        return 0;
    if (s->source == KR_SOURCE_PARTICIPANTS)
        return participants_count(s, round, sender);
    if (round != KR_ROUND_2 || sender != s->leader)
        return 0;
    if (s->kind == KR_EPOCH_FRESH)
        return s->roster->len - 1;
    return s->roster->joiner_count - s->roster->entries[sender].is_new;
}

bool kr_round_any(const struct kr_sealing *s, size_t sender, size_t recipient)
{
    return kr_round_has(s, KR_ROUND_1, sender, recipient) || kr_round_has(s, KR_ROUND_2, sender, recipient);
}

bool kr_round_1_exists(const struct kr_sealing *s)
{
    return s->source == KR_SOURCE_PARTICIPANTS && s->roster->joiner_count != 0;
}

size_t kr_secret_of(const struct kr_sealing *s, size_t sender)
{
    return s->source == KR_SOURCE_PARTICIPANTS ? sender : s->leader;
}

bool kr_roster_has_joiners(const struct kr_roster *r)
{
    return r->joiner_count != 0;
}
