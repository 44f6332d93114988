/* The system's generator (libsodium). Call kr_random_init once at start. */
#ifndef KR_IO_RANDOM_H
#define KR_IO_RANDOM_H

#include "base/random.h"

int kr_random_init(void); /* KR_E_CRYPTO if libsodium cannot start */
struct kr_random kr_random_system(void);

#endif
