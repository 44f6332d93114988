/* What the checks remember. Internal to this folder. */
#ifndef KR_SIM_CHECK_STATE_H
#define KR_SIM_CHECK_STATE_H

#include <stdlib.h>
#include <uthash.h>

#include "base/alloc.h"
#include "sim/check/check.h"

enum { ATTACHES_MAX = 256, EPOCHS_KEPT = 2 * KR_CHAIN_MAX + 2 };

/* --- the store as the core's writes make it --- */
struct mirror_attach {
    struct kr_id attach, instance, device;
    int room;
    char jid[SIM_JID_MAX];
    bool member, settled;
};
struct mirror_epoch {
    struct kr_id instance;
    uint64_t epoch;
    struct kr_digest context, roster;
    uint8_t kind;
    enum kr_epoch_fate fate;
};
struct mirror_room {
    bool has;
    struct kr_id instance;
    uint64_t epoch_high;
};
struct mirror {
    struct mirror_room rooms[SIM_ROOMS];
    size_t attach_count, epoch_count;
    uint64_t log_size;
    struct mirror_attach attaches[ATTACHES_MAX];
    struct mirror_epoch epochs[EPOCHS_KEPT]; /* by instance, rising */
};
void mirror_copy(struct mirror *dst, const struct mirror *src);
const struct mirror_attach *mirror_find_jid(const struct mirror *m, int room, const char *jid);
const struct mirror_epoch *mirror_find_epoch(const struct mirror *m, const struct kr_id *instance,
                                             uint64_t epoch);

/* --- every epoch that was ever committed to the store --- */
struct epoch_key {
    struct kr_id instance;
    uint64_t epoch;
};
struct known_epoch {
    struct epoch_key key;
    struct kr_digest context, roster;
    uint8_t kind;
    bool stored;           /* a transaction with it was committed */
    bool was_committed;    /* the epoch was: its fate */
    struct kr_id *members; /* attach ids of its roster; NULL: not seen */
    size_t member_count;
    UT_hash_handle hh;
};
struct instance_high {
    struct kr_id instance;
    uint64_t high;
    UT_hash_handle hh;
};

/* --- what clients hold --- */
struct seen_epoch { /* as a client computed it: one entry for each context */
    struct kr_digest context;
    struct epoch_key key;
    struct kr_id *members;
    size_t member_count;
    UT_hash_handle hh;
};
struct known_secret {
    uint8_t secret[32];
    struct kr_digest context; /* of its epoch */
    struct kr_id sender;      /* attach */
    UT_hash_handle hh;
};
struct given_key { /* a one-time key that was given away */
    char key[48];
    UT_hash_handle hh;
};

struct absent { /* an attach that our own presence lacks, and that holds the key we send with */
    struct kr_id attach;
    uint64_t since_ms;
    bool answered;   /* an epoch without it was accepted */
    uint64_t due_ms; /* then nobody sends with its key any more */
    bool marked;
};
struct watched {       /* a person */
    const void *epoch; /* the newest one its client had when we last looked */
    size_t held;
    struct kr_id attaches[SIM_ATTACHES_KEPT]; /* its own, oldest first */
    size_t attach_count;
    struct absent absent[SIM_PEOPLE_MAX];
    size_t absent_count;
    uint64_t sending_epoch;
    bool said_mismatch; /* since its last attach */
    bool forked_epoch;  /* holds an epoch that others do not have */
    uint64_t member_since_ms;
};

struct sim_check {
    struct sim_violation violation;
    struct mirror written, committed;
    struct known_epoch *epochs;
    struct instance_high *highs;
    struct kr_id instances[SIM_ROOMS][2]; /* of each room, the latest first: most stanzas do not name it */
    struct mirror_epoch pending[64];      /* epochs and fates written in the open transaction, in order */
    size_t pending_count;
    struct seen_epoch *seen_epochs;
    struct known_secret *secrets;
    struct given_key *given;
    struct watched people[SIM_PEOPLE_MAX];
    size_t sends_seen; /* of the turn's output */
    struct sim_seen seen;
};

void check_apply(struct sim_world *w, const struct kr_output *out); /* what one step of the core writes */

int check_room_of(const char *jid); /* -1: none of ours */
struct known_epoch *check_epoch(const struct sim_check *c, const struct kr_id *instance, uint64_t epoch);
struct seen_epoch *check_seen_epoch(const struct sim_check *c, const struct kr_digest *context);
bool check_is_among(const struct kr_id *list, size_t count, const struct kr_id *id);
void check_secret_known(struct sim_check *c, const uint8_t secret[32], const struct kr_digest *context,
                        const struct kr_id *sender);
struct known_secret *check_secret(const struct sim_check *c, const uint8_t secret[32]);

/* --- memory.c: the only one that looks into the core --- */
void check_rosters(struct sim_world *w); /* remembers who is in the epochs that were just announced */
void check_memory(struct sim_world *w);  /* MEMORY and BOUNDED, after a turn */
void check_core_empty(struct sim_world *w);
bool check_core_member(
    const struct sim_world *w, const struct sim_person *p, struct kr_id *ret_instance,
    uint64_t *ret_epoch); /* is it a member that is there? the committed epoch of its room */

/* --- client.c: the only one that looks into clients --- */
void check_client_look(struct sim_world *w, struct sim_person *p);
void check_client_time(struct sim_world *w, struct sim_person *p);
void check_client_spoken(struct sim_world *w, struct sim_person *p, struct sim_frame *f);
bool check_client_in(const struct sim_person *p,
                     const struct kr_digest *context); /* holds that epoch, by roster */
/* Senders of the newest epoch whose secret it lacks: their attaches. */
/* Nobody in its room may and wants to lead: the room has no keys, and says so. */
bool check_core_leaderless(const struct sim_world *w, const struct sim_person *p);
const struct kr_id *check_client_waits_for(const struct sim_person *p);
size_t check_client_missing(const struct sim_person *p, struct kr_id *out, size_t max);

#endif
