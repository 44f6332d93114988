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
#include "message/pack.h"
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
    KR_REASON_RECOVER = 64
};
/* "join leave"; out has room for 64 bytes. */
void kr_reasons_write(char out[static 64], unsigned reasons);
int kr_reasons_read(const char *text, unsigned *ret_reasons); /* KR_E_MALFORMED: unknown, doubled or none */

struct kr_member_line { /* <member/> */
    const char *participant, *owner;
    struct kr_id device, attach, nonce;
    struct kr_key ed25519, curve25519;
    struct kr_sig sig;
    bool is_new;
};
struct kr_gone_line {
    struct kr_id attach;
    const char *reason;
};
struct kr_notice_announce {
    struct kr_id instance;
    struct kr_epoch_link link; /* epoch, kind, source, format, suite, policy hash, roster digest */
    unsigned reasons;
    uint64_t deadline_ms;
    uint32_t size; /* of the roster */
    bool has_prev;
    uint64_t prev;
    struct kr_digest prev_context;
    uint64_t committed; /* the last committed epoch before this one; 0: none */
    bool full;
    uint32_t part, of;
    struct kr_span policy_text; /* empty if not carried */
    const struct kr_epoch_link *past;
    size_t past_count;
    const struct kr_member_line *members;
    size_t member_count;
    const struct kr_gone_line *gone;
    size_t gone_count;
};
struct kr_notice_deliver {
    struct kr_id instance;
    uint64_t epoch;
    enum kr_round round;
    bool last;
    const uint16_t *silent; /* rising */
    size_t silent_count;
    uint32_t part, of;
    const struct kr_packed *entries; /* rising sender index; may be none */
    size_t entry_count;
};
struct kr_notice_commit {
    struct kr_id instance;
    uint64_t epoch;
    const uint16_t *laggards, *silent;
    size_t laggard_count, silent_count;
    bool has_exposure;
    uint64_t exposure_ms;
};
struct kr_notice_wanted {
    struct kr_id instance;
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

struct kr_notice {
    enum kr_notice_kind kind;
    const char *room;
    union {
        struct kr_notice_announce announce;
        struct kr_notice_deliver deliver;
        struct kr_notice_commit commit;
        struct kr_notice_wanted wanted;
        struct kr_notice_low low;
        struct kr_notice_session session;
        struct kr_notice_detached detached;
        struct kr_notice_state state;
    } u;
};

/* payload: the child of a message in KR_NS. KR_E_UNKNOWN_REQUEST for an unknown name, else as
 * kr_request_decode. */
int kr_notice_decode(const struct kr_el *payload, struct kr_arena *arena, struct kr_notice *ret_notice);
void kr_notice_encode(struct kr_xml *x, const struct kr_notice *n);

#endif
