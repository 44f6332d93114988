/* One room for each test of a program: the world that setup() makes and teardown() ends. */
#ifndef KR_TEST_MEETING_H
#define KR_TEST_MEETING_H

#include "world.h"

extern struct world w;

int setup(void **state);
int teardown(void **state);
struct peer *settled(const char *nick); /* peer_settle() of it */

#endif
