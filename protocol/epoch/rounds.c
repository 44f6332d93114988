#include "epoch/rounds.h"

bool kr_round_has(const struct kr_roster *r, enum kr_epoch_kind kind, enum kr_round round, size_t sender,
                  size_t recipient)
{
    if (sender >= r->len || recipient >= r->len || sender == recipient)
        return false;
    bool from_joiner = r->entries[sender].is_new;
    bool to_joiner = r->entries[recipient].is_new;
    switch (round) {
    case KR_ROUND_1:
        return from_joiner && (!to_joiner || recipient > sender);
    case KR_ROUND_2:
        if (from_joiner)
            return to_joiner && recipient < sender;
        return to_joiner || kind == KR_EPOCH_FRESH;
    case KR_ROUND_SUPPLEMENT:
        break;
    }
    return false;
}

size_t kr_round_count(const struct kr_roster *r, enum kr_epoch_kind kind, enum kr_round round, size_t sender)
{
    if (sender >= r->len)
        return 0;
    const struct kr_roster_entry *e = &r->entries[sender];
    size_t joiners = r->joiner_count, incumbents = r->len - joiners;
    switch (round) {
    case KR_ROUND_1:
        return e->is_new ? incumbents + joiners - e->joiners_before - 1 : 0;
    case KR_ROUND_2:
        if (e->is_new)
            return e->joiners_before;
        return joiners + (kind == KR_EPOCH_FRESH ? incumbents - 1 : 0);
    case KR_ROUND_SUPPLEMENT:
        break;
    }
    return 0;
}

bool kr_round_any(const struct kr_roster *r, enum kr_epoch_kind kind, size_t sender, size_t recipient)
{
    return kr_round_has(r, kind, KR_ROUND_1, sender, recipient) ||
           kr_round_has(r, kind, KR_ROUND_2, sender, recipient);
}

bool kr_roster_has_joiners(const struct kr_roster *r)
{
    return r->joiner_count != 0;
}
