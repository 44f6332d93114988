/* Attaches: how one becomes waiting or member, and how it ends. The only place where an attach changes state.
 */
#ifndef KR_CORE_MEMBER_H
#define KR_CORE_MEMBER_H

#include "core/authorise.h"
#include "core/state.h"

void kr_attach_free(struct kr_attach *a);
struct kr_attach *kr_attach_find(const struct kr_room *room, const struct kr_id *id);
struct kr_pair *kr_pair_get(struct kr_attach *a, const struct kr_id *other); /* finds or makes */
/* One-time keys are given once, ever: what was published is remembered as long as the attach lives. */
bool kr_attach_published(const struct kr_attach *a, const struct kr_key *key);
void kr_attach_publish(struct kr_attach *a, const struct kr_signed_key *keys, size_t count);
bool kr_attach_was_used(struct kr_core *core, const struct kr_room *room, const struct kr_id *id);

/* Hashes the new attach into its room and marks its id used. a: transferred. */
void kr_attach_add(struct kr_room *room, struct kr_attach *a);
/* Its rights by policy, affiliation and grants, written down; a new member is a change of the room. */
void kr_attach_store(struct kr_core *core, const struct kr_room *room,
                     const struct kr_attach *a); /* KR_W_ATTACH */
void kr_attach_become_member(struct kr_core *core, struct kr_room *room, struct kr_attach *a,
                             const char *why);
void kr_attach_become_waiting(struct kr_core *core, struct kr_room *room, struct kr_attach *a,
                              const char *why);

/* Ends it: writes, log, the room's next epoch. reason is a literal of docs/protocol.md 7.6: with `left` the
 * client is not told (it is gone). `revoked` and `policy` abandon the epoch in flight. Ends the instance with
 * the last one. a is freed. */
void kr_attach_end(struct kr_core *core, struct kr_room *room, struct kr_attach *a, const char *reason);

/* What present policy, presence and grants say of the attach; ret_why: a literal. */
enum kr_verdict kr_attach_verdict(const struct kr_core *core, const struct kr_room *room,
                                  const struct kr_attach *a, bool revoked, const char **ret_why);

/* May it take part in verifications, and be claimed for them? Members may; where only verified devices become
 * members, whoever is attached. */
bool kr_may_verify(const struct kr_room *room, const struct kr_attach *a);

/* Judges a confirmed attach again: after a change of affiliation, policy or grants. May free it: true if it
 * is over. */
bool kr_attach_judge(struct kr_core *core, struct kr_room *room, struct kr_attach *a, bool revoked);
void kr_room_judge_all(struct kr_core *core, struct kr_room *room);

#endif
