#include "io/clock.h"

#include <time.h>

static uint64_t read_ms(clockid_t clock)
{
    struct timespec ts;
    clock_gettime(clock, &ts); /* cannot fail for these two clocks */
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

uint64_t kr_mono_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

uint64_t kr_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}
