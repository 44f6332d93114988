/* A canary is one deliberate defect that the checker of one promise must notice. The defects are made where
 * the linker lets calls of a function be caught (-Wl,--wrap), in this program alone: no product has a place
 * for them. */
#ifndef KR_SIM_CANARY_H
#define KR_SIM_CANARY_H

#include <stdbool.h>

enum canary {
    CANARY_NONE,
#define CANARY(id, name, promise, seeds, text) CANARY_##id,
#include "canary.def"
#undef CANARY
    CANARY_END
};

void canary_set(enum canary c); /* before the world is made */
bool canary_is(enum canary c);

/* Wraps calls of the function from other files. CMake finds the names by this word. The types are the
 * headers' own, so a contract that changes there does not compile here. */
#define PATCHED(name) __typeof__(name) __real_##name, __wrap_##name

#endif
