#include "refused.h"

#include <stdio.h>
#include <string.h>

void refused_as(struct peer *p, const char *jid, const struct kr_request *r, const char *condition)
{
    struct kr_digest before = world_state(&w);
    peer_send_as(&w, p, jid, r);
    if (strcmp(jid, p->jid) == 0)
        assert_string_equal(p->error, condition);
    struct kr_digest after = world_state(&w);
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(w.writes, 0);
    assert_int_equal(w.sends, 1);
    char trace[64];
    snprintf(trace, sizeof(trace), "refused (%s)", condition);
    assert_true(world_traced(&w, trace));
}

void refused(struct peer *p, const struct kr_request *r, const char *condition)
{
    refused_as(p, p->jid, r, condition);
}

struct kr_request claim(const struct kr_claim_target *t, size_t count)
{
    return (struct kr_request){
        .kind = KR_REQ_CLAIM, .room = ROOM, .u.claim = {.targets = t, .target_count = count}};
}
