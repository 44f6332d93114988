#include <string.h>

#include "base/err.h"
#include "message/event.h"
#include "text/policy.h"

/* A policy's text says more than its hash. */
static int fill_policy(struct kr_notice_announce *a, const char *room, const struct kr_epoch_link *before)
{
    struct kr_policy p;
    if (!a->policy_text.len) {
        if (a->full)
            return KR_E_MALFORMED;
        a->link.format = before->format;
        a->link.suite = before->suite;
        a->link.policy = before->policy;
        return 0;
    }
    int err = kr_policy_read(a->policy_text, room, &p);
    if (err)
        return err;
    a->link.format = p.format;
    a->link.suite = p.suite;
    a->link.policy = kr_policy_hash(&p, room);
    return 0;
}

int kr_announce_fill(struct kr_notice_announce *a, const char *room, const struct kr_epoch_link *before,
                     const struct kr_digest *before_context)
{
    if (!a->full) {
        if (!before || before->epoch != a->prev)
            return KR_E_CHAIN_BROKEN;
        if (!a->has_source)
            a->link.source = before->source;
        a->prev_context = *before_context;
    }
    if (a->has_leader != kr_source_is_led(a->link.source))
        return KR_E_MALFORMED;
    return fill_policy(a, room, before);
}

bool kr_announce_is_of(const struct kr_notice_announce *a, const struct kr_roster *roster)
{
    struct kr_roster_check check = kr_roster_check(roster);
    return a->full ? roster->len == a->size && kr_digest_equal(&roster->digest, &a->link.roster)
                   : memcmp(&check, &a->check, sizeof(check)) == 0;
}
