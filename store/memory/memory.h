/* The store in memory: for tests and the simulation. Same contract, nothing survives close. */
#ifndef KR_STORE_MEMORY_H
#define KR_STORE_MEMORY_H

#include "store/store.h"

struct kr_store *kr_store_memory_new(void);

#endif
