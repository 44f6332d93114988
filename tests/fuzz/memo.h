/* Results of pure functions, remembered: see memo.c. */
#ifndef KR_FUZZ_MEMO_H
#define KR_FUZZ_MEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

enum { FUZZ_MEMO_LEN = 96 };

/* Where the result of that function for these inputs is kept. *ret_known: it is there; otherwise the caller
 * puts it there. */
uint8_t *fuzz_memo(char function, struct kr_span a, struct kr_span b, bool *ret_known);

#endif
