/* libstrophe's stanza as an element view. */
#ifndef KR_IO_STANZA_EL_H
#define KR_IO_STANZA_EL_H

#include <strophe.h>

#include "xml/el.h"

/* KR_E_TOO_LARGE past a limit of base/limit.h. The tree is the arena's. */
int kr_el_from_stanza(struct kr_arena *arena, xmpp_stanza_t *stanza, const struct kr_el **ret_el);

#endif
