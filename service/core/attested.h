/* What devices said of devices: the attestations that are kept, and which of them count in a room
 * (docs/protocol.md 12.3). */
#ifndef KR_CORE_ATTESTED_H
#define KR_CORE_ATTESTED_H

#include "core/state.h"
#include "text/attest.h"

struct kr_attested {
    struct kr_rec_attestation rec; /* its strings and bytes are owned */
    struct kr_attest_text t;       /* of rec.text; its strings are owned */
    struct kr_attested *next;      /* of the same subject */
    bool untold;                   /* while a room that it concerns had not recovered */
    UT_hash_handle hh;             /* in core->attested, by digest */
};

struct kr_subject { /* a device that somebody attested */
    struct kr_id device;
    struct kr_attested *first;
    UT_hash_handle hh; /* in core->subjects */
};

void kr_attested_load(struct kr_core *core, const struct kr_rec_attestation *recs, size_t count);
void kr_attested_done(struct kr_core *core);

struct kr_attested *kr_attested_find(const struct kr_core *core, const struct kr_digest *digest);
/* Keeps it, in the store too, in place of what the same device said of the same one for the same room. */
struct kr_attested *kr_attested_add(struct kr_core *core, const struct kr_rec_attestation *rec,
                                    const struct kr_attest_text *t);
void kr_attested_store(struct kr_core *core, const struct kr_attested *at);
/* Of one verifier. */
size_t kr_attested_count(const struct kr_core *core, const struct kr_id *verifier);

/* Do those that count make the attach a verified one under the room's policy? *ret_until_s: until when, by
 * the wall clock. */
bool kr_attested_verified(const struct kr_core *core, const struct kr_room *room, const struct kr_attach *a,
                          uint64_t *ret_until_s);
/* The attach is a member by that: the room looks again when it is over. */
void kr_attested_note(const struct kr_core *core, struct kr_room *room, const struct kr_attach *a);

/* The occupant of the attach has come, or has another affiliation: its word may count now, or no more. Nobody
 * is told: all know it already, and see in presence whose word it is. The caller judges the room. */
void kr_attested_standing(struct kr_core *core, struct kr_room *room, const struct kr_attach *verifier);
/* The device was revoked in that scope: its word counts there no more. */
void kr_attested_disown(struct kr_core *core, const struct kr_id *verifier, const char *scope);

/* Judges whoever has the device, in all rooms. */
void kr_attested_judge(struct kr_core *core, const struct kr_id *device);

/* To whom it concerns: all of a room of verified devices where the one is that it is about, and who said it.
 * To others it is of no use before that one comes, and then it is told; one device could else have each of
 * its words told to everybody in all rooms. */
void kr_attested_tell(struct kr_core *core, struct kr_attested *at);
/* The policy is another one. If it wants verified devices, who is there needs what was said while it did not:
 * all of it once more, a part of the room at a time, and nobody while the link is full. */
void kr_attested_policy(const struct kr_core *core, struct kr_room *room);
void kr_attested_advance(struct kr_core *core, struct kr_room *room);
uint64_t kr_attested_words_at(const struct kr_core *core, const struct kr_room *room); /* UINT64_MAX: never */
/* The room has recovered: what was said in another one since then. */
void kr_attested_tell_missed(struct kr_core *core, struct kr_room *room);
/* What counts of those who are there to the newcomer; and of the newcomer to those, who may also know what
 * was taken back meanwhile. */
void kr_attested_tell_new(struct kr_core *core, const struct kr_room *room, const struct kr_attach *newcomer);
/* All of it once more to one. */
void kr_attested_tell_one(struct kr_core *core, const struct kr_room *room, const struct kr_attach *to);

void kr_attested_tick(struct kr_core *core); /* drops what is over */

#endif
