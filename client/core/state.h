/* The client's memory. Internal to this folder. */
#ifndef KR_CLIENT_STATE_H
#define KR_CLIENT_STATE_H

#include <uthash.h>

#include "base/arena.h"
#include "base/limit.h"
#include "client/client.h"
#include "client/sending.h"
#include "epoch/rounds.h"
#include "frame/jframe.h"
#include "frame/sframe.h"
#include "message/event.h"
#include "message/request.h"
#include "verify/sas.h"
#include "verify/sas_word.h"

enum {
    KR_CLIENT_IQ_MS = 10000,
    KR_CLIENT_PROOF_MS = 60000,        /* so soon an epoch's entry is proved, ... */
    KR_CLIENT_PROOF_SPREAD_MS = 32768, /* ... and asked for at random within this: not all at once */
    KR_CLIENT_REATTACH_MS = 5000,
    KR_CLIENT_LEAVING_MS = 10000, /* a leave is seen by then, or never */
    KR_CLIENT_LATE_MS = 60000,    /* so late an answer to a claim or an envelope is still of use */
    KR_CLIENT_HURRY_MS = 1000,
    KR_CLIENT_HEAL_SPREAD_MS = 60000,
    KR_CLIENT_ANSWER_SPREAD_MS = 5000,
    KR_CLIENT_ANSWER_MEMBER_MS = 10, /* for each member: what all would do at once is spread over this */
    KR_CLIENT_BUSY_MS = 250, /* what was put off as `busy` is repeated so much later at the earliest ... */
    KR_CLIENT_BUSY_SPREAD_MS = 750, /* ... and at random within this: all others were put off too ... */
    KR_CLIENT_BUSY_TRIES = 16,      /* ... so often: some 10 s, longer than the deadline of most rooms */
    KR_CLIENT_CLAIM_TRIES = 2,      /* of one target in an epoch, by failed requests */
    KR_CLIENT_LINES_MAX = 8,        /* lines that are asked for at once, each with a message that waits */
    KR_CLIENT_ID_LEN = 20
};

struct kr_occupant { /* of the room, as our own presence shows it */
    char *nick;
    bool has_device, is_service, is_admin;
    struct kr_id device;
    UT_hash_handle hh;
};

struct kr_absence { /* a member of the epoch whose key we send with, and whom our presence lacks */
    struct kr_id attach;
    char *participant;
    uint64_t since_ms;
    bool marked; /* in a sweep */
    UT_hash_handle hh;
};

struct kr_peer_session {
    struct kr_olm_session *olm;
    uint64_t made, heard; /* ranks: when it was made, when it last decrypted (0: never) */
    uint64_t said_ms;     /* when we last sent in it; meaningless before */
    bool said;            /* we have sent in it */
};

enum { KR_SAS_OUTBOX = 8 }; /* messages of one verification that wait: two at a time, and some cancels */

struct kr_verification { /* with one peer */
    struct kr_sas sas;
    bool asked; /* `start` came, and waits for our person */
    struct kr_sas_message start;
    uint64_t asked_until_ms;
    struct kr_sas_message outbox[KR_SAS_OUTBOX]; /* in order */
    size_t outbox_len;
    bool sending; /* the answer to one is awaited */
};

struct kr_tried { /* of one device in this meeting */
    struct kr_id device;
    unsigned count; /* verifications that both agreed to, since one held */
    unsigned asked; /* how often it asked our person */
    UT_hash_handle hh;
};

struct kr_seen { /* a device that was in the room in this stay of ours */
    struct kr_id device;
    char *owner; /* as its line says, which verified; NULL: there was none. Owned */
    bool admin;  /* its occupant was an owner or admin of the room when it was last seen */
    UT_hash_handle hh;
};

struct kr_attestation { /* that holds in itself, or a word that took one back before it came */
    struct kr_digest digest;
    struct kr_id verifier, device;
    char *owner, *room; /* owned */
    uint64_t issued_s, expires_s;
    bool revoked;
    UT_hash_handle hh;
};

struct kr_trusted { /* a device that the own person verified */
    struct kr_id device;
    char *owner,
        *name; /* owned; the name that it had then, NULL: a guest's whom we have not seen again since */
    UT_hash_handle hh;
};

struct kr_peer { /* another attach in the newest roster */
    struct kr_id attach;
    char *participant, *owner;
    struct kr_id device, nonce;
    struct kr_key ed25519, curve25519;
    struct kr_sig sig;
    bool verified;          /* 3.5 (a) and (b) */
    bool told;              /* the application knows that the line is not sealed for */
    bool claimed, claiming; /* the pair's one claim is used; an answer is awaited */
    bool unclaimable;       /* the last claim yielded nothing */
    bool claim_reset;       /* the answer to the claim was lost: the next one is a reset */
    unsigned tries;         /* claims in this epoch */
    bool resetting;         /* the claim under way is for a new session */
    bool has_reset;
    uint64_t reset_ms;
    uint64_t heal_ms; /* when to turn the ratchet of the session that we only hear it in; UINT64_MAX: not */
    bool differed; /* what it sealed as a leader was once another secret than ours, or of another context */
    struct kr_peer_session sessions[KR_SESSIONS_MAX];
    size_t session_count;
    struct kr_verification verification;
    enum kr_trust trust; /* as last reported */
    bool outside;        /* attached, and in no roster: known for a verification */
    bool in_roster;      /* mark of a sweep */
    UT_hash_handle hh;
};

struct kr_frame_keys { /* of one sender in one epoch; of the two, the one of the format is set */
    struct kr_sframe_key sframe;
    struct kr_jframe_key jframe;
    struct kr_sframe_window window;
};

struct kr_held { /* one sender in one epoch */
    bool has;    /* source participants: its secret; otherwise see `shared` of the epoch */
    struct kr_secret secret;
    struct kr_frame_keys *keys; /* made with the first frame; NULL until then */
};

enum kr_to { KR_TO_NOBODY, KR_TO_SEALED, KR_TO_WITHHELD, KR_TO_ABSENT, KR_TO_SESSIONLESS, KR_TO_WANTED };

struct kr_epoch_state {
    struct kr_id instance, attach; /* our attach: an older one's epochs only receive */
    struct kr_epoch_link link;
    struct kr_digest context;
    struct kr_roster roster;
    struct kr_sealing sealing; /* of roster and link */
    struct kr_id *devices;     /* per roster index */
    size_t me;
    struct kr_secret
        shared;     /* other sources than participants: the one secret of all, as soon as it is held */
    bool ratcheted; /* `shared` was not given to us, but follows from that of the epoch before */
    bool forked;    /* the secret of its leader differs, and not for the first time (5.13) */
    uint64_t announced_ms, deadline_ms;
    bool round1_sent, round2_sent, round1_delivered, collected, committed, acked;
    bool posted;          /* our secret is on its way to somebody */
    bool sealed;          /* the service has taken it, or nobody needs it */
    struct kr_held *held; /* per roster index */
    uint8_t *to;          /* enum kr_to, per roster index */
    uint8_t *supplements; /* per roster index */
    uint8_t *reported;    /* missing as last acked, per roster index */
    uint8_t *asked;       /* missing in any ack, per roster index: it may be sealed again */
    uint8_t *mismatch;    /* whose context differed, per roster index */
    uint64_t counter;     /* of our own next frame */
    uint64_t erase_ms;    /* UINT64_MAX: not replaced yet */
    uint64_t ack_ms;      /* when the service, which was busy, gets our ack again; UINT64_MAX: not */
    unsigned ack_repeats;
    struct kr_epoch_state *next; /* older */
};

struct kr_pending { /* an IQ whose answer is awaited */
    char id[KR_CLIENT_ID_LEN + 1];
    enum kr_request_kind kind;
    uint64_t due_ms;
    struct kr_claim_target *targets; /* claim; owned */
    size_t target_count;
    uint64_t sent_ms;
    bool overdue;  /* claim, envelope: counted as lost, but a late answer is welcome */
    char *payload; /* what is repeated if the service is busy; NULL: nothing. Owned */
    bool put_off;  /* it was busy: due_ms is when it is sent again */
    unsigned repeats;
    bool verifies;            /* session: a message of a verification, which no epoch ends */
    struct kr_id to;          /* ... to this attach; line: of it */
    uint8_t held_type, *held; /* line: the message that waits for it; owned. NULL: our person does */
    size_t held_len;
    uint32_t part;         /* envelope */
    struct kr_id instance; /* envelope */
    uint64_t epoch;        /* in which it was sent; 0: none */
    bool seals;            /* envelope: the last part of one with at least one secret in it */
    enum kr_round round;
    struct kr_pending *next;
};

struct kr_assembly { /* parts of an announce */
    bool active;
    struct kr_notice_announce head; /* arrays and text of its own, below */
    uint32_t parts;                 /* received */
    char log_origin[KR_NOTE_NAME_MAX + 1];
    struct kr_arena arena;
    struct kr_buf policy;
    struct kr_epoch_link *past;
    size_t past_cap;
    struct kr_member_line *members; /* strings in the arena */
    size_t member_cap;
    struct kr_gone_line *gone;
    size_t gone_cap;
};

struct kr_client_log { /* log.c */
    bool has_key;
    bool given;                 /* its key is what the operator gave: no other is taken */
    struct kr_note_key key;     /* that one, or the first that was seen */
    struct kr_log_claim newest; /* signed, of an announce that held, or from before; size 0: none */
    struct kr_log_claim proved; /* all that came later must go on from this one; size 0: none yet */
    /* What is to be proved next: of an epoch that held. at_ms UINT64_MAX: nothing. */
    uint64_t at_ms, by_ms; /* when to ask; when to say that no proof came: UINT64_MAX: that was said */
    uint64_t epoch, epoch_size;
    struct kr_id instance;
    struct kr_digest roster;
    struct kr_log_claim asked; /* in the tree of this checkpoint; size 0: no answer is awaited */
};

enum kr_phase { KR_PHASE_NONE, KR_PHASE_CHALLENGING, KR_PHASE_ATTACHING, KR_PHASE_WAITING, KR_PHASE_MEMBER };

struct kr_client {
    char *room, *nick, *service, *token_owner; /* the last: NULL: none */
    enum kr_authorise floor;
    bool any_format, keep;
    enum kr_format format;
    unsigned sources; /* set of KR_SOURCE_BIT */
    bool lead;
    struct kr_id service_device;
    struct kr_secret passphrase, passphrase_key; /* the key: of this instance, once it was needed */
    struct kr_id passphrase_instance;
    struct kr_random random;
    struct kr_olm_account *account;
    struct kr_key ed25519, curve25519;
    struct kr_id device;

    /* what is being stepped */
    uint64_t now_ms;
    uint64_t wall_s; /* since 1970; 0: not known */
    struct kr_client_output *out;

    char *jid; /* NULL: no link */
    bool wants_room, joining, in_room;
    unsigned leaving;          /* how often we left and have not seen it yet */
    uint64_t leaving_until_ms; /* then the room has forgotten us */
    struct kr_occupant *occupants;

    enum kr_phase phase;
    uint64_t attach_at_ms;   /* when to attach; UINT64_MAX: not */
    uint64_t attach_paid_ms; /* attaches so far are accounted for until then, 5 s each */
    uint64_t stop_at_ms;     /* sends with keys of an attach that is over until then */
    uint64_t ask_at_ms;      /* when to ask for the whole (7.8) */
    uint64_t detach_at_ms;   /* when to say once more that we are detached */
    uint64_t detached_ms;    /* when we last said so */
    bool detach_told;        /* the application knows that it was not heard */
    uint64_t expire_ms; /* when the key in use is over: an epoch without one of its members was announced */
    char *owner;
    struct kr_id attach, instance;
    bool has_sealed; /* for somebody, in this attach */
    struct kr_policy policy;
    struct kr_digest policy_hash;
    bool has_policy;

    struct kr_id seen_instance; /* highest epoch seen announced, across attaches */
    uint64_t seen_epoch;
    uint64_t missed_epoch; /* the highest that others speak of and that was asked for: its announce is lost */
    bool unresolved;       /* an announce did not hold: the whole is asked for, until it comes */
    bool answered;         /* the request for it was: the next full announce is that whole */
    bool mismatched;
    bool doubted;                   /* the last secret of a leader differed, and none was held since (5.13) */
    struct kr_sending_facts broken; /* the announce that did not hold: its time and deadline */
    struct kr_assembly assembly;

    struct kr_client_log log;
    struct kr_epoch_state *epochs;  /* newest first */
    struct kr_epoch_state *sending; /* whose key our frames have; NULL: may not send */
    bool exposed;
    struct kr_absence *absences;
    struct kr_peer *peers;
    struct kr_tried *tried;
    struct kr_trusted *trusted;
    struct kr_seen *seen;
    struct kr_attestation *attestations;
    uint32_t attest_for_s;
    bool operator_may_verify;
    uint64_t rank;
    struct kr_pending *pending;
};

/* presence.c */
void kr_presence_join(struct kr_client *c);
void kr_presence_leave(struct kr_client *c);
void kr_presence_stanza(struct kr_client *c, const struct kr_el *el);
void kr_presence_forget(struct kr_client *c);
bool kr_presence_is_admin(const struct kr_client *c, const char *participant);
bool kr_presence_shows(const struct kr_client *c, const char *participant, const struct kr_id *device);

/* request.c */
/* Sends the request; the pending entry is the client's. NULL if it could not be written. */
struct kr_pending *kr_request_send(struct kr_client *c, struct kr_request *r);
void kr_request_say(struct kr_client *c,
                    struct kr_request *r); /* by message: only a refusal is answered (6.5) */
/* When to ask again a service that was busy: soon, and not all clients at once. */
uint64_t kr_request_again_ms(struct kr_client *c);
void kr_request_answer(struct kr_client *c, const struct kr_el *iq);
void kr_request_time(struct kr_client *c);
void kr_request_lost(struct kr_client *c); /* nobody will answer what was asked: ends the claims under way */
/* The service shows up anew: what it was asked before may be lost, and is not waited for as long. */
void kr_request_hurry(struct kr_client *c);
void kr_request_forget(struct kr_client *c);

/* attach.c */
void kr_attach_start(struct kr_client *c);
void kr_attach_challenge(struct kr_client *c, const struct kr_el *payload, int err);
void kr_attach_result(struct kr_client *c, const struct kr_el *payload, int err);
void kr_attach_low(struct kr_client *c, const struct kr_notice_low *low);
void kr_client_attach_end(
    struct kr_client *c); /* the attach is over: sessions, chain and parts go; keys stay */
void kr_attach_over(struct kr_client *c, const struct kr_notice_detached *d);
void kr_attach_again(struct kr_client *c, uint64_t wait_ms);
/* This attach is of no more use: another one; the keys in use hold over it, not for ever. */
void kr_attach_anew(struct kr_client *c);
void kr_attach_member(struct kr_client *c); /* an announce has let us in */
void kr_attach_detach(struct kr_client *c); /* by our will; keys fade */
void kr_attach_detach_send(struct kr_client *c);
void kr_attach_detached(struct kr_client *c, int err); /* the answer */
/* An event for a member came: if we are none and mean to be none, the service does not know. */
void kr_attach_unasked(struct kr_client *c);
bool kr_floor_holds(const struct kr_client *c, const struct kr_policy *p);
bool kr_takes_part(const struct kr_client *c, enum kr_source source);

/* A moment at random within that time, where not all members should do the same at once. */
uint64_t kr_client_within(struct kr_client *c, uint64_t spread_ms);

/* announce.c: from parts to a whole; apply.c: from a whole to an epoch */
void kr_announce_part(struct kr_client *c, const struct kr_notice_announce *part);
void kr_announce_reset(struct kr_client *c);
/* Word of an epoch came: if it is above all that was announced to us, its announce is lost, and asked for. */
void kr_announce_heard_of(struct kr_client *c, uint64_t epoch);
void kr_announce_ask(struct kr_client *c);
void kr_announce_ask_again(struct kr_client *c); /* and once more later, if the answer may be lost too */
/* Asks for the whole, or ends in a mismatch if that was the answer. */
void kr_announce_failed(struct kr_client *c, int err, const struct kr_notice_announce *a);
void kr_announce_apply(struct kr_client *c, struct kr_notice_announce *a);
/* The peer of an announced or asked-for line; `verified` says whether the line holds (3.5). */
struct kr_peer *kr_peer_of_line(struct kr_client *c, const struct kr_member_line *m);
void kr_client_mismatch(struct kr_client *c, int err, const char *who, uint64_t deadline_ms);
/* It shows in an epoch that held: 5.12 counts from its announce. */
void kr_client_mismatch_in(struct kr_client *c, int err, const struct kr_epoch_state *e);

/* log.c (11.10) */
/* What an announce says of the log, before anything else of it is taken up: KR_E_LOG_. Completes the link. */
int kr_log_check(struct kr_client *c, const struct kr_notice_announce *a, struct kr_epoch_link *link);
void kr_log_name(const struct kr_client *c,
                 struct kr_epoch_link *link); /* origin and key id, if it names a log */
void kr_log_announced(struct kr_client *c, const struct kr_notice_announce *a,
                      const struct kr_epoch_state *e);
void kr_log_result(struct kr_client *c, const struct kr_el *payload, int err);
void kr_log_time(struct kr_client *c);
uint64_t kr_log_next(const struct kr_client *c);
void kr_log_alarm(struct kr_client *c, int err);

/* sessions.c */
struct kr_peer *kr_peer_find(struct kr_client *c, const struct kr_id *attach);
void kr_peer_free(struct kr_client *c, struct kr_peer *p);
struct kr_peer_session *kr_peer_speak(struct kr_peer *p); /* the session to encrypt with, or NULL */
int kr_peer_open(struct kr_client *c, struct kr_peer *p, uint8_t type, struct kr_span message,
                 struct kr_secret *ret_plain);
/* Opens a session with a claimed key; KR_E_BAD_SIGNATURE. */
int kr_peer_claimed(struct kr_client *c, struct kr_peer *p, const struct kr_claimed *key);
void kr_peer_reset(struct kr_client *c, struct kr_peer *p);
void kr_peer_greeted(struct kr_client *c, const struct kr_notice_session *s);
/* Encrypts plain in that session and notes that we spoke. KR_E_TOO_LARGE, KR_E_CRYPTO. */
int kr_peer_say(struct kr_client *c, struct kr_peer *p, struct kr_peer_session *s,
                const struct kr_secret *plain, enum kr_olm_type *ret_type, struct kr_buf *out);
/* The one byte that says nothing (6.6), in that session, if it is a message of that type. */
void kr_peer_say_nothing(struct kr_client *c, struct kr_peer *p, struct kr_peer_session *s,
                         enum kr_olm_type type);
void kr_claim_send(struct kr_client *c, const struct kr_claim_target *targets, size_t count);
void kr_claim_result(struct kr_client *c, const struct kr_pending *q, const struct kr_el *payload, int err);

/* seal.c */
void kr_seal_advance(struct kr_client *c);
void kr_seal_wanted(struct kr_client *c, const struct kr_notice_wanted *w);
void kr_seal_result(struct kr_client *c, const struct kr_pending *q, int err);
uint64_t kr_seal_next(const struct kr_client *c);

/* open.c */
/* False, and a mismatch, if one of these seats is not in our roster: others were told another one (5.4). */
bool kr_open_seats(struct kr_client *c, struct kr_epoch_state *e, const uint16_t *seats, size_t count);
void kr_open_deliver(struct kr_client *c, const struct kr_notice_deliver *d);
void kr_open_ack(struct kr_client *c); /* if there is something to say */
/* An ack was refused; one that the service was too busy for is said again later (9.3). */
void kr_open_ack_refused(struct kr_client *c, int err);
uint64_t kr_open_next(const struct kr_client *c);

/* heal.c */
void kr_heal_heard(struct kr_client *c, struct kr_peer *leader,
                   size_t members); /* a secret of it was opened */
void kr_heal_time(struct kr_client *c);
uint64_t kr_heal_next(const struct kr_client *c);

/* verify.c */
void kr_verify_command(struct kr_client *c, const struct kr_client_event *event);
/* What is not the word of a verification ends the one that is going on: KR_E_MALFORMED. */
int kr_verify_heard(struct kr_client *c, struct kr_peer *p, const struct kr_secret *plain);
void kr_verify_sent(struct kr_client *c, const struct kr_pending *q, int err); /* the service's answer */
void kr_verify_stop(struct kr_client *c, struct kr_peer *p, enum kr_sas_reason reason); /* if any goes on */
void kr_verify_peer_gone(struct kr_client *c, struct kr_peer *p);
void kr_verify_new_meeting(struct kr_client *c); /* tries count anew */
void kr_verify_time(struct kr_client *c);
uint64_t kr_verify_next(const struct kr_client *c);

/* Begins one, or agrees to the one that is asked for. */
void kr_verify_want(struct kr_client *c, struct kr_peer *p);

/* lines.c */
void kr_line_ask(struct kr_client *c, const char *participant);               /* to verify it */
void kr_line_ask_for(struct kr_client *c, const struct kr_notice_session *s); /* to hear its message */
void kr_line_result(struct kr_client *c, const struct kr_pending *q, const struct kr_el *payload, int err);

/* attested.c */
void kr_seen_presence(struct kr_client *c, const struct kr_id *device, bool admin);
void kr_seen_line(struct kr_client *c, const struct kr_peer *p); /* one that holds */
void kr_attested_heard(struct kr_client *c, const struct kr_notice_attestations *n);
/* Is the line of that peer one that the policy may have let in? */
bool kr_attested_holds(const struct kr_client *c, const struct kr_peer *p);
void kr_attest_send(struct kr_client *c, const struct kr_peer *p); /* which our person has verified */
void kr_unattest(struct kr_client *c, const struct kr_peer *p);
/* The stay is over; revoked_too: and so are we. */
void kr_attested_forget(struct kr_client *c, bool revoked_too);

/* trust.c */
bool kr_trust_has(const struct kr_client *c, const struct kr_id *device);
void kr_trust_drop(struct kr_client *c, const struct kr_id *device);
void kr_trust_verified(struct kr_client *c, struct kr_peer *verified);
/* name: of who has the device, at its verification; NULL: it is not known, and is what the device is seen
 * with first. */
void kr_trust_add(struct kr_client *c, const struct kr_id *device, const char *owner, const char *name);
void kr_trust_look(struct kr_client *c, struct kr_peer *p); /* reports what has changed */
void kr_trust_forget(struct kr_client *c);

/* secrets.c */
bool kr_epoch_is_shared(const struct kr_epoch_state *e); /* one secret for all */
bool kr_epoch_holds(const struct kr_epoch_state *e, size_t index);
/* What the frames of that seat are derived from, or NULL: not held. */
const struct kr_secret *kr_epoch_secret(const struct kr_epoch_state *e, size_t index);
void kr_epoch_hold(struct kr_epoch_state *e, size_t index, struct kr_secret *secret); /* takes the secret */
/* KR_E_NO_KEY: its secret is not held; KR_E_CRYPTO. */
int kr_epoch_frame_keys(struct kr_epoch_state *e, size_t index, struct kr_frame_keys **ret_keys);
void kr_epoch_wipe(struct kr_epoch_state *e);
struct kr_missed {               /* the epochs between the last one we know and the announced one */
    struct kr_digest prev;       /* context of the last of them, or of ours */
    struct kr_epoch_link before; /* how it was made; void unless has_before */
    bool has_before;
    struct kr_digest contexts[KR_CHAIN_MAX]; /* of each, in order */
    size_t count;
    bool fresh; /* one of them was: nothing of ours leads on from before it */
};
/* What follows from the last epoch we know (NULL: none) through those we missed, from the passphrase, or is
 * ours to make. */
void kr_epoch_first_keys(struct kr_client *c, struct kr_epoch_state *e, const struct kr_epoch_state *last,
                         const struct kr_missed *missed);

/* epoch_keys.c */
struct kr_epoch_state *kr_epoch_new(struct kr_client *c, const struct kr_epoch_link *link,
                                    struct kr_roster *roster);
struct kr_epoch_state *kr_epoch_now(struct kr_client *c); /* newest of this attach, or NULL */
void kr_epoch_replaced(struct kr_client *c, const struct kr_epoch_state *by); /* older ones: 5 s left */
void kr_epoch_time(struct kr_client *c);
void kr_epoch_erase_all(struct kr_client *c);
void kr_epoch_fade(struct kr_client *c); /* all of them: 5 s left */
/* When sending must end at the latest, for what did not hold or is not answered. UINT64_MAX: nothing of that
 * kind. */
uint64_t kr_epoch_broken_until(const struct kr_client *c);
/* An announce says so: the commit itself did not reach us. */
void kr_epoch_was_committed(struct kr_client *c, uint64_t epoch);
void kr_epoch_commit(struct kr_client *c, const struct kr_notice_commit *n);
void kr_epoch_announced(struct kr_client *c, const struct kr_epoch_state *e); /* it may end the key in use */
void kr_epoch_send(struct kr_client *c);                                      /* decides what to send with */
uint64_t kr_epoch_next(const struct kr_client *c);

/* exposure.c */
void kr_exposure_update(struct kr_client *c);
void kr_exposure_forget(struct kr_client *c);
uint64_t kr_exposure_next(const struct kr_client *c);

static inline uint64_t kr_sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

#endif
