/* Turning envelopes round: what each sender sealed, packed by recipient, becomes what each recipient gets. */
#ifndef KR_CORE_DELIVER_H
#define KR_CORE_DELIVER_H

#include "core/state.h"

/* The member that sits there, if it may still be given anything: attached, authorised, and present under its
 * full JID. NULL otherwise. Every delivery goes through this. */
struct kr_attach *kr_recipient(const struct kr_room *room, const struct kr_epoch *e, size_t seat);

/* The entry that `sender` sealed for `recipient`; false if none. */
bool kr_sealed_entry(const struct kr_epoch *e, size_t sender, size_t recipient, struct kr_packed *ret_entry);

/* Everything of one round to everybody it is for. With last: to those that still wait, and the silent are
 * named. */
void kr_deliver_round(struct kr_core *core, struct kr_room *room, struct kr_epoch *e, enum kr_round round,
                      bool last);
/* One recipient: all it has coming in that round. */
void kr_deliver_to(struct kr_core *core, struct kr_room *room, struct kr_epoch *e, size_t recipient,
                   enum kr_round round, bool last);
/* What one sender sealed late, for the recipients in `who` (their seats). It is gathered for a moment: when
 * many are late, each of them gets what came from all in one stanza, and not one for each sender. */
void kr_deliver_late(struct kr_core *core, struct kr_epoch *e, size_t sender, const uint16_t *who,
                     size_t count);
bool kr_deliver_is_gathered(const struct kr_epoch *e, size_t sender, size_t recipient);
/* What was gathered in the epoch goes out. Before word that collecting is over, or of the commit: what came
 * before those is told before them. */
void kr_deliver_gathered(struct kr_core *core, struct kr_room *room, struct kr_epoch *e);
/* The same for each epoch of the room whose time has come, and when that is; UINT64_MAX: never. */
void kr_deliver_advance(struct kr_core *core, struct kr_room *room);
uint64_t kr_deliver_deadline(const struct kr_room *room);
/* Again, to one recipient, the entries of these senders (rising seats; those without an entry are skipped).
 */
void kr_deliver_again(struct kr_core *core, struct kr_room *room, struct kr_epoch *e, size_t recipient,
                      const uint16_t *senders, size_t count);

struct kr_again *kr_again_get(struct kr_epoch *e, size_t sender, size_t recipient);

/* Asks a sender to seal again for one recipient. False when it has been asked and has not answered, or may
 * not be asked any more. */
bool kr_deliver_want(struct kr_core *core, struct kr_room *room, struct kr_epoch *e, size_t sender,
                     size_t recipient);
/* Says so once more, for all questions that are open: the sender may not have known the epoch, or was not
 * heard. */
void kr_deliver_want_open(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e,
                          size_t sender);

#endif
