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
/* Its tables begin with 32 places, 512 bytes; most of ours stay below ten items, and there are three in each
 * room. They grow by themselves. */
#undef HASH_INITIAL_NUM_BUCKETS
#undef HASH_INITIAL_NUM_BUCKETS_LOG2
#define HASH_INITIAL_NUM_BUCKETS      4U
#define HASH_INITIAL_NUM_BUCKETS_LOG2 2U

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/limit.h"
#include "base/random.h"
#include "core/core.h"
#include "core/sorted.h"
#include "epoch/context.h"
#include "epoch/roster.h"
#include "epoch/rounds.h"
#include "log/signer.h"
#include "log/tree.h"
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
struct kr_stock_module;
struct kr_stock_side;
struct kr_stock_room;

struct kr_occupant {
    char *nick;
    char **jids; /* the real full JID of each session on the nick, as presence shows them; none: hidden */
    size_t jid_count;
    enum kr_affiliation affiliation;
    bool speaks_alone; /* from one JID, which no other occupant here has */
    bool has_device;
    struct kr_id device;             /* of its presence */
    struct kr_challenge *challenges; /* KR_CHALLENGES_MAX; NULL: none is outstanding */
    struct kr_attach *attach;        /* NULL: none */
    struct kr_stock_side *stock;     /* stock.h; NULL: nothing says that a stock client is there */
    char *user, *tenant, *user_name; /* of the token that its session was opened with (owner.h); NULL: none */
    UT_hash_handle hh;               /* in room->occupants, by nick */
    UT_hash_handle hh_jid;           /* in room->speakers, by its JID, if it speaks alone */
};

struct kr_pair {        /* what one attach took from, or sent to, another */
    struct kr_id other; /* the key */
    bool claimed, was_reset, had_session, had_heal, had_alarm;
    uint64_t reset_ms, session_ms, heal_ms, alarm_ms;
    uint64_t verify_ms; /* when the first message of the present window of verifications was relayed */
    unsigned verify_count;
};

enum kr_lead_fault { /* why an attach does not lead any more, or only if nobody else can */
                     KR_LEAD_FINE,
                     KR_LEAD_LATE,
                     KR_LEAD_DOUBTED, /* one member said that its secret differed */
                     KR_LEAD_LIED     /* most did: never again */
};

struct kr_attach {
    struct kr_id id, device, nonce;
    struct kr_key ed25519, curve25519;
    struct kr_sig sig;
    char *participant, *owner, *full_jid;
    bool approved; /* the directory's word, in this room or everywhere */
    bool approved_by_operator;
    bool member;      /* authorised; otherwise waiting */
    bool settled;     /* an epoch with it was committed */
    bool held;        /* a join that churn makes wait */
    bool slow;        /* let a commit run to its deadline: not waited for */
    unsigned sources; /* set of KR_SOURCE_BIT that it takes part in */
    bool lead;        /* offers to lead */
    enum kr_lead_fault lead_fault;
    uint64_t deposed_ms; /* monotonic; 0: not since we run */
    bool has_accused;    /* a leader: its lone word has been heard */
    bool faulty;         /* most could not open what it sealed last: nobody waits for its secret */
    bool confirmed;      /* presence shows it; false for a stored attach before that */
    bool asked;          /* unconfirmed: the directory is being asked about it */
    uint64_t at_ms;      /* wall clock */
    uint64_t acked_epoch;
    uint64_t otk_left;
    bool low_told;
    bool has_commitment; /* the log's to its device, in this instance */
    struct kr_digest commitment;
    bool words_due;    /* what devices say of those who are there, since the policy is another one */
    uint64_t whole_ms; /* when the first `whole` of the present window came */
    unsigned whole_count;
    bool restored; /* what it published before is not known */
    /* The first 8 bytes of each one-time key that it has published: never again, claimed or not. Two of its
     * own keys that begin alike are refused to itself alone. */
    struct kr_sorted published;
    struct kr_sorted pairs;       /* kr_pair */
    struct kr_occupant *occupant; /* NULL until confirmed */
    UT_hash_handle hh;            /* in room->attaches, by id */
};

struct kr_partial { /* the parts of an envelope that came so far */
    enum kr_round round;
    uint32_t next, of;
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
    bool knew_parent; /* was in the previously announced roster: a short announce will do */
    bool waited;      /* commit waits for its ack, collecting for its envelopes */
    bool trusted;     /* its secret is waited for: see kr_attach.faulty */
    bool gone;        /* left, or lost its authorisation */
    bool sent[3];     /* [round]: its envelope is complete */
    bool silent;      /* owed something when collecting ended, and still does */
    bool last_told;   /* was given a deliver with `last` */
    bool acked, ok;   /* ok: holds everything it can hold */
    bool accuses;     /* the leader, by its last ack */
    bool has_confirm; /* its last ack had one */
    struct kr_digest confirm;
    uint16_t *missing; /* of its last ack */
    size_t missing_count;
    bool spared;          /* what it sealed is freed: who misses it after all is sealed for again */
    struct kr_buf sealed; /* all it sealed, as packed entries */
    uint32_t *at; /* by recipient: offset of its entry in sealed, plus 1; 0: none. NULL: nothing at all */
    bool *late; /* by sender: what it sealed came late and is gathered (kr_deliver_late). NULL: nothing is */
    struct kr_again *again;     /* by recipient. NULL: nothing was ever asked for or supplemented */
    struct kr_partial *partial; /* NULL: none */
};

enum kr_stage { KR_STAGE_ROUND_1, KR_STAGE_ROUND_2, KR_STAGE_ACKS, KR_STAGE_COMMITTED };

struct kr_signed_set { /* core/evidence.h */
    uint16_t seat;
    enum kr_round round;
    uint8_t *recipients; /* a bit for each seat */
    struct kr_sig sig;
};

struct kr_epoch {
    struct kr_epoch_link link;
    struct kr_id instance;
    unsigned reasons;
    struct kr_roster roster;
    struct kr_sealing sealing; /* of roster and link */
    struct kr_seat *seats;     /* roster.len */
    bool has_prev;
    uint64_t prev;
    struct kr_digest prev_context, context;
    struct kr_sig log_sig; /* of the checkpoint that link names */
    struct kr_signed_set *signed_sets;
    size_t signed_count, signed_cap;
    struct kr_buf policy_text; /* what its policy hash is of: the room's may have changed since */
    enum kr_stage stage;
    bool has_confirm; /* the leader has sealed */
    struct kr_digest confirm;
    bool spared;           /* nothing was sealed since kr_epoch_spare freed what it could */
    uint64_t announced_ms; /* monotonic */
    uint64_t deadline_ms;  /* duration */
    uint64_t collected_ms; /* monotonic: when collecting ended */
    uint64_t gathered_ms;  /* monotonic: when what came late is delivered; 0: nothing is gathered */
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

struct kr_announced { /* the last announced roster; empty when unknown */
    bool known;
    struct kr_sorted attaches; /* their ids */
    struct kr_digest digest;
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

struct kr_own_part {              /* the service's own device in a room (core/own.h) */
    struct kr_occupant *occupant; /* not in room->occupants; NULL: we have no device, or are not in */
    bool running;                 /* its participant was told to begin */
    uint64_t asked_ms;            /* when */
};

enum kr_presence { KR_OUT, KR_JOINING, KR_IN };

struct kr_room {
    char *jid;     /* as clients know it, which is what is signed and hashed */
    char *address; /* where its MUC has it, if that is another one (a tenant's room, stock.h); NULL: jid */
    char *nick;    /* ours */
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
    struct kr_occupant *speakers; /* of these, who speak alone */
    size_t odd_speakers;          /* of these, who have JIDs and do not */
    struct kr_own_part own;
    struct kr_attach *attaches;
    struct kr_sorted used; /* ids of all attaches of the instance, those that are over too */

    struct kr_policy policy;
    const struct kr_room_settings *settings; /* in core->settings */
    struct kr_buf policy_text;
    struct kr_digest policy_hash;
    bool policy_changed; /* since the last announce */
    uint64_t
        verified_until_s; /* wall clock: when the first member's verification is over; 0: none is known */

    unsigned degraded; /* set of KR_DEGRADED_ bits, as the log has it */
    bool has_instance, instance_stored;
    struct kr_id instance;
    uint64_t started_ms; /* wall clock */
    uint64_t epoch_high;
    struct kr_link_kept *chain; /* at most KR_CHAIN_MAX, oldest first */
    size_t chain_len, chain_cap;
    bool leaderless;         /* an epoch is due, and nobody can lead it */
    unsigned leaders_failed; /* in a row, without a commit */
    bool recovering;         /* confirmed attaches are being looked up */
    bool attest_missed;      /* who was not confirmed then is still to be told of an attestation */
    uint64_t words_at_ms;    /* when more of those with words_due are told; UINT64_MAX: there are none */

    struct kr_epoch *flight;    /* announced, not committed; NULL: none */
    struct kr_epoch *committed; /* the last one; NULL: none in this life */
    struct kr_announced announced;
    struct kr_gone *gone; /* since then */
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
    struct kr_stock_room *stock; /* stock.h; NULL: the Prosody module has not spoken of it */
    UT_hash_handle hh;           /* in core->rooms, by jid */
    UT_hash_handle hh_tag;       /* in core->rooms_by_tag, by the tag of its instance, if it has one */
};

struct kr_asker {    /* enough of a request to answer it later; owned strings */
    char *from, *id; /* id may be NULL */
    bool by_message; /* no IQ: it is answered if it is refused, and not otherwise (6.5) */
};

enum kr_pending_kind {
    KR_PENDING_ATTACH,
    KR_PENDING_CLAIM,
    KR_PENDING_GRANT,
    KR_PENDING_CONFIRM,
    KR_PENDING_STOCK,
    KR_PENDING_PROOF,
    KR_PENDING_LOG,
    KR_PENDING_RETAIN
};

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
    struct kr_req_proof proof; /* PROOF */
    uint64_t proof_index;
    struct kr_digest proof_opening;
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
    uint64_t attest_ms; /* when the first attestation of the present minute came */
    unsigned attest_count;
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
    uint64_t at_ms;
    struct kr_id instance;
    struct kr_secret secret;
    UT_hash_handle hh;
};

struct kr_log { /* core/logbook.h */
    struct kr_log_tree tree;
    bool has_key, halted;
    struct kr_note_signer signer;
    struct kr_log_claim claim; /* the last checkpoint; size 0: none since we run */
    uint64_t due_ms;           /* when what was not signed is; 0: all was */
    bool unasked;              /* its witnesses may know better: nothing is signed yet */
};

enum { KR_REFUSAL_KINDS = 32 };

struct kr_attested;
struct kr_subject;

struct kr_core {
    struct kr_settings settings;
    struct kr_random random;
    struct kr_now now;     /* of the event */
    struct kr_output *out; /* of the step */
    bool link_up, congested, started;
    struct kr_room *rooms, *rooms_by_tag;
    struct kr_pending *pendings;
    uint64_t next_token;
    struct kr_bucket *buckets;
    uint64_t bucket_sweep_ms;
    struct kr_refusal *refusals;
    uint64_t refusal_flush_ms; /* 0: nothing to flush */
    struct kr_opening *openings;
    size_t strangers;         /* openings of JIDs */
    uint64_t retain_due_ms;   /* monotonic; 0: nothing is ever too old */
    uint64_t retain_names_ms; /* wall clock: names before it are being forgotten */
    struct kr_log log;
    struct kr_stock_module *stock_modules; /* stock.h; NULL: none has spoken */
    struct kr_attested *attested;          /* by digest */
    struct kr_subject *subjects;
    uint64_t attested_sweep_ms;         /* monotonic; 0: there is nothing to sweep */
    struct kr_stats stats;              /* counters; the gauges are made when read */
    uint64_t refused[KR_REFUSAL_KINDS]; /* by KR_E_MALFORMED - err */
};

/* First eight digits of an id: enough for a trace line. */
struct kr_short {
    char text[9];
};
struct kr_short kr_short(const struct kr_id *id);

/* Of the sorted arrays above. */
extern const struct kr_sorted_kind kr_ids, kr_pairs, kr_key_prefixes;

/* Appends a trace line with the step's output. Peer strings are to be bounded with KR_PEER. */
#define kr_trace(core, level, ...) kr_output_trace((core)->out, (level), __VA_ARGS__)
#define KR_PEER                    "%.80s"

#endif
