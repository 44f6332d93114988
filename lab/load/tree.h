/* A stanza's text as an element tree, for what is worth decoding in full. */
#ifndef KR_LOAD_TREE_H
#define KR_LOAD_TREE_H

#include "load/scan.h"
#include "xml/el.h"

/* `ns`: the stream's namespace, which the stanza inherits. KR_E_MALFORMED, KR_E_TOO_LARGE (limits of
 * base/limit.h, the arena's too). The tree is the arena's. */
int kr_tree_parse(struct kr_arena *arena, const char *text, size_t len, const char *ns,
                  const struct kr_el **ret_el);

#endif
