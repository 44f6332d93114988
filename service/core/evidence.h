/* What proves a delivery (docs/protocol.md 11.12): the signed recipient sets of an epoch, kept beside the log
 * and hashed in the commit's entry. */
#ifndef KR_CORE_EVIDENCE_H
#define KR_CORE_EVIDENCE_H

#include "core/state.h"

/* A sender's signature over what it sealed, as it was taken; for whom: their seats. */
void kr_evidence_add(struct kr_epoch *e, size_t seat, enum kr_round round, const uint16_t *recipients,
                     size_t count, const struct kr_sig *sig);
void kr_evidence_free(struct kr_epoch *e);

/* All of them, in the order they came, behind 32 random bytes that keep the hash from being guessed. The
 * caller frees it. */
struct kr_buf kr_evidence(struct kr_core *core, const struct kr_room *room, const struct kr_epoch *e);
/* Writes it for the entry that comes next; frees it. */
void kr_evidence_write(struct kr_core *core, const struct kr_room *room, struct kr_buf *evidence);

#endif
