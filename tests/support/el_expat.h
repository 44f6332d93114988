/* Element views for tests and fuzzing: text in, tree out, by expat, under the same limits as in production.
 */
#ifndef KR_SUPPORT_EL_EXPAT_H
#define KR_SUPPORT_EL_EXPAT_H

#include <stddef.h>

#include "base/arena.h"
#include "xml/el.h"

/* Parses one document of at most KR_STANZA_MAX bytes. The tree lives in the arena (initialised by the
 * caller). KR_E_MALFORMED: not well-formed, or with a document type; KR_E_TOO_LARGE: a limit of base/limit.h.
 */
int kr_el_parse(struct kr_arena *arena, const char *xml, size_t len, struct kr_el **ret_el);

#endif
