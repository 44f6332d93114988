/* The life of an epoch (docs/protocol.md section 8). epoch.c is the only place where one changes state. */
#ifndef KR_CORE_EPOCH_H
#define KR_CORE_EPOCH_H

#include "core/state.h"

void kr_epoch_free(struct kr_epoch *e); /* NULL is fine */

/* Announces an epoch for what is pending, if anything is left of it and anybody to key. */
void kr_epoch_announce(struct kr_core *core, struct kr_room *room);
/* Rounds, acks, commit: whatever is due in room->flight. */
void kr_epoch_advance(struct kr_core *core, struct kr_room *room);
/* Ends room->flight without commit: its number is never used again. Its reasons and leaves are pending again.
 * Nothing if none is in flight. */
void kr_epoch_abandon(struct kr_core *core, struct kr_room *room, const char *why);
uint64_t kr_epoch_deadline(const struct kr_room *room); /* room->flight is set */
/* Until when acks are in time, monotonic: the deadline, and half of it after a leader that took longer. */
uint64_t kr_epoch_acks_until(const struct kr_epoch *e);

/* An attach is over: it is neither waited for nor delivered to. */
void kr_epoch_member_gone(struct kr_core *core, struct kr_room *room, const struct kr_id *attach);

/* Frees what was sealed in a committed epoch once every member that is left says that it holds all of it. */
void kr_epoch_spare(struct kr_epoch *e);
/* The parts of an envelope that came so far are nothing any more. */
void kr_seat_forget_parts(struct kr_seat *s);

/* The epoch that a request may be about: in flight or committed last. KR_E_STALE_EPOCH, KR_E_UNKNOWN_EPOCH.
 */
int kr_epoch_find(struct kr_room *room, uint64_t number, struct kr_epoch **ret_epoch);

/* The seat's envelope of the round is complete. */
void kr_epoch_sent(struct kr_epoch *e, size_t seat, enum kr_round round);
/* What the seat's last ack means now. */
void kr_epoch_weigh(struct kr_epoch *e, size_t seat);

#endif
