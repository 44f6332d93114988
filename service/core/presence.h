/* What a MUC presence says, and what it changes. */
#ifndef KR_CORE_PRESENCE_H
#define KR_CORE_PRESENCE_H

#include "core/state.h"

struct kr_presence_facts { /* borrowed from the stanza */
    bool self, created, renamed, kicked, banned, destroyed;
    const char *new_nick; /* with status 303 */
    enum kr_affiliation affiliation;
    bool has_device;
    struct kr_id device;
    const struct kr_el *x; /* muc#user; NULL: none, or more than one */
};

/* muc.c: what happens to ourselves */
void kr_muc_self_available(struct kr_core *core, struct kr_room *room, const char *nick,
                           const struct kr_presence_facts *f);
void kr_muc_self_unavailable(struct kr_core *core, struct kr_room *room, const struct kr_presence_facts *f);
void kr_muc_error(struct kr_core *core, struct kr_room *room, const struct kr_el *presence);

#endif
