/* Element views of text in memory, by Expat, under the same limits as what comes by the link. For what this
 * process says to itself (service/own), and for tests and fuzzing. */
#ifndef KR_PARSE_TEXT_H
#define KR_PARSE_TEXT_H

#include <stddef.h>

#include "base/arena.h"
#include "xml/el.h"

/* Parses one document of at most KR_STANZA_MAX bytes. The tree lives in the arena (initialised by the
 * caller). KR_E_MALFORMED: not well-formed, or with a document type; KR_E_TOO_LARGE: a limit of base/limit.h.
 */
int kr_el_parse(struct kr_arena *arena, const char *xml, size_t len, struct kr_el **ret_el);

/* A stanza as our own builder writes it, without the namespace that a stream would give it: that is `ns`
 * here, for every element that has none. Errors as above. */
int kr_stanza_parse(struct kr_arena *arena, const char *xml, size_t len, const char *ns,
                    struct kr_el **ret_el);

#endif
