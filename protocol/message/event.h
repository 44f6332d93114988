/* What the service tells clients (docs/protocol.md section 7), as plain structs; ownership as in
 * message/request.h. (Not to be confused with the events of the service's core.) */
#ifndef KR_MESSAGE_EVENT_H
#define KR_MESSAGE_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/id.h"
#include "epoch/context.h"
#include "epoch/roster.h"
#include "message/pack.h"
#include "message/request.h"
#include "text/signed.h"
#include "xml/build.h"
#include "xml/el.h"

enum kr_notice_kind {
    KR_NOTICE_ANNOUNCE,
    KR_NOTICE_DELIVER,
    KR_NOTICE_COMMIT,
    KR_NOTICE_WANTED,
    KR_NOTICE_LOW,
    KR_NOTICE_SESSION,
    KR_NOTICE_DETACHED,
    KR_NOTICE_STATE,
    KR_NOTICE_ATTESTATIONS,
    KR_NOTICE_KINDS
};

/* Reasons of an epoch, as bits in the order they are written. */
enum kr_reason {
    KR_REASON_JOIN = 1,
    KR_REASON_LEAVE = 2,
    KR_REASON_REVOKE = 4,
    KR_REASON_POLICY = 8,
    KR_REASON_TIMER = 16,
    KR_REASON_MANUAL = 32,
    KR_REASON_RECOVER = 64,
    KR_REASON_LEADER = 128
};
enum { KR_REASONS = 8 };
/* "join leave"; out has room for 64 bytes. */
void kr_reasons_write(char out[static 64], unsigned reasons);
int kr_reasons_read(const char *text, unsigned *ret_reasons); /* KR_E_MALFORMED: unknown, doubled or none */

#define KR_GONE_USUAL "leave" /* the reason that is not written */
struct kr_gone_line {
    struct kr_id attach;
    const char *reason;
};
/* A full one says everything. A brief one is for who was told of the epoch before it, and leaves out what is
 * as it was there: what is marked "full". */
struct kr_notice_announce {
    bool full;
    struct kr_id instance; /* full */
    /* epoch and kind; source if has_source; roster: full. Format, suite and policy follow from the policy's
     * text or are those of before, the leader's attach from its index: void here. */
    struct kr_epoch_link link;
    bool has_source; /* always, if full */
    bool has_leader; /* with a led source */
    uint16_t leader; /* index in the announced roster */
    unsigned reasons;
    uint64_t deadline_ms;
    uint32_t size;                /* of the roster; full */
    struct kr_roster_check check; /* of the announced roster, as far as it is told briefly; not full */
    bool has_prev;                /* always, if not full */
    uint64_t prev;
    struct kr_digest prev_context; /* full */
    uint64_t committed;            /* the last committed epoch before this one; 0: none */
    uint32_t part, of;
    struct kr_span policy_text; /* empty if not carried */
    struct kr_sig log_sig;      /* of the log's checkpoint; with link.log_size only */
    const char *log_origin;     /* in full announces with a log; else NULL */
    struct kr_key log_key;
    const struct kr_epoch_link *past;
    size_t past_count;
    const struct kr_member_line *members;
    size_t member_count;
    const struct kr_gone_line *gone;
    size_t gone_count;
};
struct kr_notice_deliver {
    uint64_t epoch;
    enum kr_round round;
    bool last;
    const uint16_t *silent; /* rising */
    size_t silent_count;
    uint32_t part, of;
    bool has_confirm; /* in an epoch of a led source, once its leader has sealed */
    struct kr_digest confirm;
    const struct kr_packed *entries; /* rising sender index; may be none */
    size_t entry_count;
};
struct kr_notice_commit {
    uint64_t epoch;
    const uint16_t *laggards, *silent;
    size_t laggard_count, silent_count;
    bool has_exposure;
    uint64_t exposure_ms;
};
struct kr_notice_wanted {
    uint64_t epoch;
    const uint16_t *recipients; /* rising, at least one */
    size_t recipient_count;
};
struct kr_notice_low {
    struct kr_id attach;
    uint64_t count;
};
struct kr_notice_session {
    struct kr_id from; /* attach */
    bool verify;       /* a message of a verification; else a word that says nothing */
    uint8_t type;      /* enum kr_packed_type: a pre-key or a normal message */
    struct kr_span message;
};
struct kr_notice_detached {
    struct kr_id instance;
    const char *reason;
};
enum kr_room_mode { KR_MODE_IDLE, KR_MODE_KEYED, KR_MODE_BLIND, KR_MODE_SUSPENDED };
struct kr_waiting_line {
    const char *participant, *owner;
    struct kr_id device;
};
struct kr_notice_state {
    enum kr_room_mode mode;
    bool has_instance, exposed, joins_held;
    struct kr_id instance;
    const char *text; /* "" if none: direct text of the element, for humans */
    const struct kr_waiting_line *waiting;
    size_t waiting_count;
};

struct kr_attestation_line { /* <attestation/>, <revocation/> */
    bool revokes;
    struct kr_span text; /* 12.3, 12.4 */
    struct kr_sig sig;
    struct kr_key ed25519, curve25519; /* of the device that signed it */
};
struct kr_notice_attestations {
    const struct kr_attestation_line *lines;
    size_t count;
};

/* Named by its instance's tag are a brief announce, deliver, commit and wanted: then room is NULL. */
struct kr_notice {
    enum kr_notice_kind kind;
    const char *room;
    struct kr_tag in;
    union {
        struct kr_notice_announce announce;
        struct kr_notice_deliver deliver;
        struct kr_notice_commit commit;
        struct kr_notice_wanted wanted;
        struct kr_notice_low low;
        struct kr_notice_session session;
        struct kr_notice_detached detached;
        struct kr_notice_state state;
        struct kr_notice_attestations attestations;
    } u;
};

/* payload: the child of a message in KR_NS. KR_E_UNKNOWN_REQUEST for an unknown name, else as
 * kr_request_decode. */
int kr_notice_decode(const struct kr_el *payload, struct kr_arena *arena, struct kr_notice *ret_notice);
void kr_notice_encode(struct kr_xml *x, const struct kr_notice *n);

/* Puts into a complete announce what a brief one leaves out (7.2) and what its policy says, all but the
 * roster. before, before_context: of the epoch that was announced to us last; NULL if there is none, or
 * another one. KR_E_CHAIN_BROKEN: a brief one that goes on from another epoch. KR_E_MALFORMED: it does not
 * fit, or a full one without a policy. Else as kr_policy_read. */
int kr_announce_fill(struct kr_notice_announce *a, const char *room, const struct kr_epoch_link *before,
                     const struct kr_digest *before_context);

/* Is that the roster that it tells: size and digest of a full one, check of a brief one? roster: sealed. */
bool kr_announce_is_of(const struct kr_notice_announce *a, const struct kr_roster *roster);

#endif
