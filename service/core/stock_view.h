/* What can be read of stock clients, as core/view.h for the rest. Strings are borrowed until the next step.
 */
#ifndef KR_CORE_STOCK_VIEW_H
#define KR_CORE_STOCK_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "core/core.h"

struct kr_stock_room_view {
    const char *address;          /* where its MUC has it; for a tenant's room that is not its name */
    const char *meeting, *parent; /* NULL: not told */
};
/* False if the Prosody module has not spoken of the room. */
bool kr_core_stock_room(const struct kr_core *core, const char *room, struct kr_stock_room_view *ret_view);

struct kr_stock_side_view {
    const char *participant, *user, *name; /* of its token; NULL: none */
    bool feature, enabled, has_keys, revoked, shared;
    bool may;        /* get keys */
    const char *why; /* or why not */
    struct kr_id device;
    struct kr_key curve25519, ed25519;
    uint64_t refused;
    const char *hint; /* NULL: nothing is wrong with it */
};
void kr_core_stock_sides(const struct kr_core *core, const char *room,
                         void (*each)(void *arg, const struct kr_stock_side_view *v), void *arg);

struct kr_stock_pair_view { /* one direction: what `from` sent to `to` */
    const char *from, *to;
    const char *session; /* "none", "opening", "open", "from before" */
    uint64_t keys;       /* that passed here */
    uint64_t since_key_ms;
    bool acked;     /* the last of them */
    bool confirmed; /* the user of `from` confirmed the short code with `to` */
    const char *hint;
};
void kr_core_stock_pairs(const struct kr_core *core, const char *room, uint64_t now_mono_ms,
                         void (*each)(void *arg, const struct kr_stock_pair_view *v), void *arg);

struct kr_stock_module_view { /* what the module of one MUC service said, since the link is up */
    const char *domain, *version, *conflict;
    const char *c2s_rate; /* as mod_limits writes it; NULL: unlimited */
    uint64_t read_size;
    int64_t skew_ms; /* its clock ahead of ours, to a second */
    bool open_when_away, rate_limit;
    bool served, may_invite; /* by our own configuration */
};
void kr_core_stock_modules(const struct kr_core *core,
                           void (*each)(void *arg, const struct kr_stock_module_view *v), void *arg);

#endif
