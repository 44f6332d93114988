/* Who makes the keys of an epoch (docs/protocol.md 5.13): every participant its own, or one device for all;
 * which one, and what happens when it is silent, gone, or accused. */
#ifndef KR_CORE_LEADER_H
#define KR_CORE_LEADER_H

#include "core/state.h"

struct kr_choice {
    enum kr_source source;
    struct kr_attach *leader; /* NULL unless the source is led; NULL with one: nobody can lead */
};
/* For an epoch that is announced now. */
struct kr_choice kr_leader_choose(const struct kr_room *room);
static inline bool kr_leader_lacks(const struct kr_choice *c)
{
    return kr_source_is_led(c->source) && !c->leader;
}

/* When collecting ends at the latest, monotonic: half of the deadline; for a leader that was deposed before
 * and leads because nobody else can, KR_LEADER_PATIENCE_MS, or one on a slow line would never do. */
uint64_t kr_leader_collects_until(const struct kr_room *room, const struct kr_epoch *e);

/* The one in whose hands the epoch in flight is; NULL: none, or it has left. */
struct kr_attach *kr_leader_of(const struct kr_room *room, const struct kr_epoch *e);

/* May this attach come into the room as its keys are made now? KR_E_NOT_ALLOWED: its sources lack the
 * policy's; KR_E_ROOM_FULL: for as long as the room has a leader, or too many members. */
int kr_leader_admits(const struct kr_room *room, unsigned sources);

/* It does not lead again, as kr_lead_fault says; the epoch in flight, if it is its, is abandoned. */
void kr_leader_depose(struct kr_core *core, struct kr_room *room, const struct kr_id *attach,
                      enum kr_lead_fault fault, const char *why);

/* Collecting is over, or the deadline has come: true, and the epoch in flight is abandoned, if the leader has
 * not sealed, or most of those who answered lack its secret. */
bool kr_leader_failed(struct kr_core *core, struct kr_room *room);

/* The leader of e has left before it sealed: another one takes over. e is abandoned. */
bool kr_leader_left(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e, size_t seat);

/* The seat's ack accuses the leader, by name or by another confirm. */
bool kr_leader_accused(const struct kr_epoch *e, size_t seat);
/* What follows from that. May abandon the epoch in flight: not if the leader is our own (5.15). */
void kr_leader_judge(struct kr_core *core, struct kr_room *room, const struct kr_epoch *e,
                     struct kr_attach *accuser);
/* The leader's envelope came: the acks before it are weighed by its confirm. */
void kr_leader_sealed(struct kr_core *core, struct kr_room *room, struct kr_epoch *e);

#endif
