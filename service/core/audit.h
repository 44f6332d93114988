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
void kr_entry_end(struct kr_entry *e); /* writes it */

/* What is recorded of an attach: `type` is attach, member, waiting or detach. reason may be NULL. */
void kr_audit_attach(struct kr_core *core, const char *type, const struct kr_room *room,
                     const struct kr_attach *a, const char *reason);

/* Counts a refusal; written once a minute. */
void kr_audit_refusal(struct kr_core *core, const char *from, const char *room, int err);
/* Writes the counted refusals when their minute is over. */
void kr_audit_tick(struct kr_core *core);

/* Openings of an instance are forgotten here; the store keeps them until they are erased. */
void kr_audit_forget(struct kr_core *core, const struct kr_id *instance);
void kr_audit_load(struct kr_core *core, const struct kr_rec_opening *openings, size_t count);
void kr_audit_done(struct kr_core *core);

#endif
