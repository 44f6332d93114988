#include "refused.h"

#include <stdio.h>
#include <string.h>

struct world w;

int refused_setup(void **state)
{
    (void)state;
    world_init(&w, 2);
    world_start(&w);
    return 0;
}

int refused_teardown(void **state)
{
    (void)state;
    world_done(&w);
    return 0;
}

struct peer *settled(const char *nick)
{
    struct peer *p = world_peer(&w, nick);
    peer_join(&w, p);
    world_wait(&w, 5000);
    assert_int_equal(p->committed, p->highest);
    return p;
}

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
