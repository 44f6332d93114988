/* What the core remembers between steps. Internal: only service/core includes it.
 *
 * A room has occupants (what presence shows), attaches (devices that entered it), at most one epoch in flight
 * and the last committed one, which late members are still served from. Nothing here is secret but the
 * openings of the log. */
#ifndef KR_CORE_STATE_H
#define KR_CORE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* uthash asks for memory through these: running out ends the process (base/alloc.h). */
#include "base/alloc.h"
#define uthash_malloc(sz) kr_malloc(sz)
#define uthash_fatal(msg) abort()
#include <uthash.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/limit.h"
#include "base/random.h"
#include "core/core.h"
#include "epoch/context.h"
#include "epoch/roster.h"
#include "epoch/rounds.h"
#include "message/event.h"
#include "message/request.h"
#include "store/records.h"

enum kr_affiliation {
    KR_AFFILIATION_OUTCAST,
    KR_AFFILIATION_NONE,
    KR_AFFILIATION_MEMBER,
    KR_AFFILIATION_ADMIN,
    KR_AFFILIATION_OWNER
};

struct kr_challenge {
    bool live;
    struct kr_id nonce;
    uint64_t at_ms;
};

struct kr_attach;

struct kr_occupant {
    char *nick;
    char **jids; /* the real full JID of each session on the nick, as presence shows them; none: hidden */
    size_t jid_count;
    enum kr_affiliation affiliation;
    bool has_device;
    struct kr_id device; /* of its presence */
    struct kr_challenge challenges[KR_CHALLENGES_MAX];
    struct kr_attach *attach; /* NULL: none */
    UT_hash_handle hh;        /* in room->occupants, by nick */
};

struct kr_pair { /* what one attach took from, or sent to, another */
    struct kr_id other;
    bool claimed, was_reset, had_session;
    uint64_t reset_ms, session_ms;
    UT_hash_handle hh;
};

struct kr_published { /* a one-time key that an attach has published: never again, claimed or not */
    struct kr_key key;
    UT_hash_handle hh;
};

struct kr_attach {
    struct kr_id id, device, nonce;
    struct kr_key ed25519, curve25519;
    struct kr_sig sig;
    char *participant, *owner, *full_jid;
    bool approved;  /* the directory's word, in this room or everywhere */
    bool member;    /* authorised; otherwise waiting */
    bool settled;   /* an epoch with it was committed */
    bool held;      /* a join that churn makes wait */
    bool slow;      /* let a commit run to its deadline: not waited for */
    bool faulty;    /* most could not open what it sealed last: nobody waits for its secret */
    bool confirmed; /* presence shows it; false for a stored attach before that */
    bool asked;     /* unconfirmed: the directory is being asked about it */
    uint64_t at_ms; /* wall clock */
    uint64_t acked_epoch;
    uint64_t otk_left;
    bool low_told;
    uint64_t whole_ms; /* when the first `whole` of the present window came */
    unsigned whole_count;
    bool restored; /* what it published before is not known */
    struct kr_published *published;
    struct kr_pair *pairs;
    struct kr_occupant *occupant; /* NULL until confirmed */
    UT_hash_handle hh;            /* in room->attaches, by id */
};

struct kr_used { /* an attach id that was used in the instance */
    struct kr_id id;
    UT_hash_handle hh;
};

struct kr_partial { /* the parts of an envelope that came so far */
    enum kr_round round;
    uint32_t next, of; /* next 0: none */
    int last_index;
    size_t count;
    struct kr_buf bytes;
};

struct kr_again {            /* what one sender was asked to seal again for one recipient, and did */
    uint8_t asked, supplied; /* times; asked: at most KR_SUPPLEMENTS_MAX */
    bool open;               /* asked, and nothing came yet */
};

struct kr_seat { /* one line of an epoch's roster, by index */
    struct kr_id device, nonce;
    struct kr_sig sig;
    bool knew_parent;  /* was in the previously announced roster: a short announce will do */
    bool waited;       /* commit waits for its ack, collecting for its envelopes */
    bool trusted;      /* its secret is waited for: see kr_attach.faulty */
    bool gone;         /* left, or lost its authorisation */
    bool sent[3];      /* [round]: its envelope is complete */
    bool silent;       /* owed something when collecting ended, and still does */
    bool last_told;    /* was given a deliver with `last` */
    bool acked, ok;    /* ok: holds everything it can hold */
    uint16_t *missing; /* of its last ack */
    size_t missing_count;
    struct kr_buf sealed; /* all it sealed, as packed entries */
    uint32_t *at; /* by recipient: offset of its entry in sealed, plus 1; 0: none. NULL: nothing at all */
    struct kr_again *again; /* by recipient. NULL: nothing was ever asked for or supplemented */
    struct kr_partial partial;
};

enum kr_stage { KR_STAGE_ROUND_1, KR_STAGE_ROUND_2, KR_STAGE_ACKS, KR_STAGE_COMMITTED };

struct kr_epoch {
    struct kr_epoch_link link;
    struct kr_id instance;
    unsigned reasons;
    struct kr_roster roster;
    struct kr_seat *seats; /* roster.len */
    bool has_prev;
    uint64_t prev;
    struct kr_digest prev_context, context;
    struct kr_buf policy_text; /* what its policy hash is of: the room's may have changed since */
    enum kr_stage stage;
    uint64_t announced_ms; /* monotonic */
    uint64_t deadline_ms;  /* duration */
    size_t owed[3];        /* [round]: senders that are waited for */
    size_t unacked;        /* seats that are waited for */
    uint64_t *leaves;      /* monotonic times of the leaves this epoch answers */
    size_t leave_count, leave_cap;
};

struct kr_link_kept { /* an announced epoch of the instance */
    struct kr_epoch_link link;
    struct kr_digest context;
    enum kr_epoch_fate fate;
};

struct kr_gone { /* why an attach of the last announced roster is over */
    struct kr_id attach;
    const char *reason; /* a literal */
};

struct kr_changes {   /* what the next epoch is for */
    unsigned reasons; /* 0: nothing */
    bool urgent;      /* does not wait for more */
    uint64_t first_ms, last_ms;
};

struct kr_churn {
    uint64_t rotations_ms[KR_LEAVE_BUDGET + 1]; /* of the last leave rotations, oldest first */
    size_t count;
    bool held;
    uint64_t let_in_ms; /* when the held ones are let in next */
};

enum kr_presence { KR_OUT, KR_JOINING, KR_IN };

struct kr_room {
    char *jid;
    char *nick; /* ours */
    unsigned nick_tries;
    bool configured;
    bool stopped; /* banned: no more tries */
    bool dead;    /* to be freed at the end of the step */
    enum kr_presence presence;
    uint64_t retry_ms;   /* KR_OUT: when to join; KR_JOINING: when to give up */
    uint64_t backoff_ms; /* of the last failure */
    size_t hidden;       /* occupants without a real JID */
    bool blind_said;
    struct kr_occupant *occupants;
    struct kr_attach *attaches;
    struct kr_used *used;

    struct kr_policy policy;
    const struct kr_room_settings *settings; /* in core->settings */
    struct kr_buf policy_text;
    struct kr_digest policy_hash;
    bool policy_changed; /* since the last announce */

    bool has_instance, instance_stored;
    struct kr_id instance;
    uint64_t started_ms; /* wall clock */
    uint64_t epoch_high;
    struct kr_link_kept chain[KR_CHAIN_MAX]; /* oldest first */
    size_t chain_len;
    bool recovering; /* confirmed attaches are being looked up */

    struct kr_epoch *flight;    /* announced, not committed; NULL: none */
    struct kr_epoch *committed; /* the last one; NULL: none in this life */
    struct kr_roster announced; /* the last announced roster; empty when unknown */
    struct kr_gone *gone;       /* since then */
    size_t gone_count, gone_cap;
    uint64_t *leaves; /* monotonic times of leaves that no announced epoch answers yet */
    size_t leave_count, leave_cap;
    struct kr_changes changes;
    struct kr_churn churn;
    uint64_t commit_ms; /* monotonic, of the last commit; 0: none */
    uint64_t owner_rotate_ms;
    bool owner_rotated;

    bool state_due; /* something the state event tells may have changed */
    struct kr_digest state_told;
    bool state_was_told, exposed_told;
    UT_hash_handle hh; /* in core->rooms, by jid */
};

struct kr_asker {    /* enough of an IQ to answer it later; owned strings */
    char *from, *id; /* id may be NULL */
};

enum kr_pending_kind { KR_PENDING_ATTACH, KR_PENDING_CLAIM, KR_PENDING_GRANT, KR_PENDING_CONFIRM };

struct kr_pending { /* what waits for the result of a query of this turn */
    uint64_t token;
    enum kr_pending_kind kind;
    struct kr_asker asker;        /* from NULL: the operator or ourselves */
    char *room;                   /* a room, or KR_SCOPE_EVERYWHERE */
    struct kr_id attach;          /* CLAIM: the claimer; CONFIRM: the attach */
    struct kr_req_attach request; /* ATTACH: deep copy */
    bool registered;              /* ATTACH: the second query is out */
    struct kr_claimed *claimed;   /* CLAIM: answers in the order of the request */
    size_t claim_count, claim_next;
    size_t *claim_slot; /* CLAIM: index into claimed of each query, in order */
    size_t slot_count;
    bool revoke; /* GRANT */
    struct kr_id device;
    char *by, *reason;
    bool from_control;
    uint64_t control_token;
    UT_hash_handle hh;
};

struct kr_bucket { /* requests of one full JID */
    char *jid;
    uint64_t milli; /* thousandths of a request that are left */
    uint64_t at_ms;
    UT_hash_handle hh;
};

struct kr_refusal { /* refusals of one actor for one reason in this minute */
    char *key;
    char *room, *subject; /* room may be "" */
    int err;
    uint64_t count;
    UT_hash_handle hh;
};

struct kr_opening {
    char *key;     /* instance in hex, then the subject */
    bool stranger; /* a JID: anybody can come with as many as he likes */
    struct kr_id instance;
    struct kr_secret secret;
    UT_hash_handle hh;
};

enum { KR_REFUSAL_KINDS = 32 };

struct kr_core {
    struct kr_settings settings;
    struct kr_random random;
    struct kr_now now;     /* of the event */
    struct kr_output *out; /* of the step */
    bool link_up, congested, started;
    struct kr_room *rooms;
    struct kr_pending *pendings;
    uint64_t next_token;
    struct kr_bucket *buckets;
    uint64_t bucket_sweep_ms;
    struct kr_refusal *refusals;
    uint64_t refusal_flush_ms; /* 0: nothing to flush */
    struct kr_opening *openings;
    size_t strangers; /* openings of JIDs */
    uint64_t log_size;
    struct kr_stats stats;              /* counters; the gauges are made when read */
    uint64_t refused[KR_REFUSAL_KINDS]; /* by KR_E_MALFORMED - err */
};

/* First eight digits of an id: enough for a trace line. */
struct kr_short {
    char text[9];
};
struct kr_short kr_short(const struct kr_id *id);

/* Appends a trace line with the step's output. Peer strings are to be bounded with KR_PEER. */
#define kr_trace(core, level, ...) kr_output_trace((core)->out, (level), __VA_ARGS__)
#define KR_PEER                    "%.80s"

#endif
