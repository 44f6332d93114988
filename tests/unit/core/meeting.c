#include "meeting.h"

struct world w;

int setup(void **state)
{
    (void)state;
    world_init(&w, 1);
    world_start(&w);
    return 0;
}

int teardown(void **state)
{
    (void)state;
    world_done(&w);
    return 0;
}

struct peer *settled(const char *nick)
{
    return peer_settle(&w, nick);
}
