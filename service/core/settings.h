/* What the operator decided, as the core needs it. Made by the daemon from the configuration. */
#ifndef KR_CORE_SETTINGS_H
#define KR_CORE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "text/policy.h"

struct kr_room_settings { /* one [room "GLOB"] section with the defaults filled in */
    char *glob;           /* owned; the last one, "*", always matches */
    struct kr_policy policy;
    uint32_t deadline_ms, deadline_member_ms; /* deadline = the first + members * the second */
    uint32_t coalesce_ms, coalesce_max_ms;
};

struct kr_settings {
    char *jid;    /* the component's own; owned */
    char *nick;   /* in rooms; owned */
    char **rooms; /* rooms to join at start; bare JIDs */
    size_t room_count;
    char **muc_domains; /* only rooms of these are joined, presence of others is ignored; globs */
    size_t muc_domain_count;
    char **inviters; /* globs on the inviter's bare JID; none: invitations are refused */
    size_t inviter_count;
    char **registered_domains; /* globs: domains whose bare JIDs are owners; others are guests */
    size_t registered_domain_count;
    char **token_owners; /* globs: MUC services whose module's word on tokens is taken (owner.h) */
    size_t token_owner_count;
    struct kr_room_settings *room_settings; /* most specific glob first; never empty */
    size_t room_settings_count;
    bool has_device; /* of the service's own, for source `service` */
    struct kr_id device;
    bool witnessed; /* the log has witnesses: nothing is signed before they were asked */
    uint64_t keep_names_ms, keep_evidence_ms, keep_guests_ms; /* how long (docs/storage.md); 0: for ever */
    char *version;                                            /* for XEP-0092; owned */
    char *log_origin; /* the name of the log, and of a key that is made for it; owned; a copy has JID/audit
                         where none was given */
};

void kr_settings_done(struct kr_settings *s);
void kr_settings_copy(struct kr_settings *dst,
                      const struct kr_settings *src); /* dst: uninitialised or done */

/* The settings of a room: the first glob that matches. Never NULL. */
const struct kr_room_settings *kr_settings_room(const struct kr_settings *s, const char *room);

/* Sorts room_settings so that the most specific glob stands first: longest literal prefix, then most literal
 * characters. */
void kr_settings_sort(struct kr_settings *s);

#endif
