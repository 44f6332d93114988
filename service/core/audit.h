/* The log's entries (docs/audit.md): canonical text, names only as commitments. One entry per event, in the
 * transaction of what it records. */
#ifndef KR_CORE_AUDIT_H
#define KR_CORE_AUDIT_H

#include "core/state.h"

/* An entry being made. instance all zero: outside any room. */
struct kr_entry {
    struct kr_core *core;
    struct kr_id instance;
    struct kr_buf text;
};
void kr_entry_begin(struct kr_entry *e, struct kr_core *core, const char *type, const struct kr_room *room);
void kr_entry_text(struct kr_entry *e, const char *name, const char *value); /* what names nobody */
void kr_entry_u64(struct kr_entry *e, const char *name, uint64_t v);
void kr_entry_digest(struct kr_entry *e, const char *name, const struct kr_digest *d);
/* A commitment: name=base64(HMAC-SHA256(opening of `subject_kind`:value, value)). */
void kr_entry_commit(struct kr_entry *e, const char *name, const char *subject_kind, const char *value);
void kr_entry_device(struct kr_entry *e, const struct kr_id *device);
/* rset: SHA-256 over the sorted commitments to the devices of a roster (docs/protocol.md 11.10). */
void kr_entry_recipients(struct kr_entry *e, struct kr_room *room, const struct kr_roster *roster);
/* Who is attached: participant, owner, device, attach. */
void kr_entry_attach(struct kr_entry *e, const struct kr_attach *a);
void kr_entry_end(struct kr_entry *e); /* writes it */

/* An entry on an attach: attach, member, waiting, register and more. reason may be NULL. */
void kr_audit_attach(struct kr_core *core, const char *type, const struct kr_room *room,
                     const struct kr_attach *a, const char *reason);

/* Counts a refusal; written once a minute. */
void kr_audit_refusal(struct kr_core *core, const char *from, const char *room, int err);
/* Writes the counted refusals when their minute is over, or at once. */
void kr_audit_tick(struct kr_core *core);
void kr_audit_flush(struct kr_core *core);

/* The key that opens an epoch entry's commitment to its roster; NULL: there is none. */
const struct kr_digest *kr_audit_roster_opening(const struct kr_core *core, const struct kr_room *room,
                                                const struct kr_digest *roster);

/* Openings of an instance are forgotten here; the store keeps them until they are erased. */
void kr_audit_forget(struct kr_core *core, const struct kr_id *instance);
/* Those outside of rooms, from before that time, which the store has dropped. */
void kr_audit_forget_before(struct kr_core *core, uint64_t before_ms);
void kr_audit_load(struct kr_core *core, const struct kr_rec_opening *openings, size_t count);
void kr_audit_done(struct kr_core *core);

#endif
