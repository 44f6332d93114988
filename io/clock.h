/* The two clocks, read here and nowhere else. */
#ifndef KR_IO_CLOCK_H
#define KR_IO_CLOCK_H

#include <stdint.h>

uint64_t kr_mono_ms(void); /* never steps; for deadlines */
uint64_t kr_wall_ms(void); /* since 1970; for records */

#endif
