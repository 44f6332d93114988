/* What clients ask (docs/protocol.md section 6), as plain structs. Decoding is total: any element gives a
 * request or an error. Strings and arrays are borrowed from the element and the arena; encoders borrow from
 * the caller. */
#ifndef KR_MESSAGE_REQUEST_H
#define KR_MESSAGE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/id.h"
#include "message/pack.h"
#include "text/signed.h"
#include "xml/build.h"
#include "xml/el.h"

enum kr_request_kind {
    KR_REQ_CHALLENGE,
    KR_REQ_ATTACH,
    KR_REQ_KEYS,
    KR_REQ_DETACH,
    KR_REQ_CLAIM,
    KR_REQ_ENVELOPE,
    KR_REQ_ACK,
    KR_REQ_SESSION,
    KR_REQ_WHOLE,
    KR_REQ_APPROVE,
    KR_REQ_REVOKE,
    KR_REQ_ROTATE,
    KR_REQ_PROOF,
    KR_REQ_LINE,
    KR_REQ_ATTEST,
    KR_REQ_UNATTEST,
    KR_REQ_ALARM,
    KR_REQ_KINDS
};
const char *kr_request_name(enum kr_request_kind kind); /* the element's name */

struct kr_signed_key { /* <otk/> or <fallback/> */
    struct kr_key key;
    struct kr_sig sig;
};
struct kr_log_claim { /* what a log has signed: a checkpoint without its origin */
    uint64_t size;    /* 0: none */
    struct kr_digest root;
    struct kr_sig sig;
};
enum { KR_LOG_CLAIM_TEXT = 20 + KR_KEY_TEXT + KR_SIG_TEXT };
struct kr_member_line { /* <member/> */
    const char *participant, *owner;
    struct kr_id device, attach, nonce;
    struct kr_key ed25519, curve25519;
    struct kr_sig sig;
    bool is_new;
};
struct kr_req_attach {
    struct kr_id instance, device, attach, nonce;
    const char *participant, *owner;
    struct kr_key ed25519, curve25519;
    struct kr_sig sig;
    unsigned
        sources; /* set of KR_SOURCE_BIT: what the client takes part in; 0, it says nothing: participants */
    bool lead;   /* offers to be the leader */
    const char *log_origin;  /* of the newest checkpoint that the client has; NULL: it has none */
    struct kr_log_claim log; /* that one */
    const struct kr_signed_key *otks;
    size_t otk_count; /* at most KR_OTK_MAX, none doubled */
    struct kr_signed_key fallback;
};
struct kr_req_keys {
    struct kr_id attach;
    const struct kr_signed_key *otks;
    size_t otk_count;
    bool has_fallback;
    struct kr_signed_key fallback;
};
struct kr_claim_target {
    struct kr_id attach;
    bool reset;
};
struct kr_req_claim {
    const struct kr_claim_target *targets;
    size_t target_count; /* 1 to KR_CLAIM_MAX, none doubled */
};
struct kr_req_envelope {
    uint64_t epoch;
    enum kr_round round;
    uint32_t part, of; /* 1-based; of <= KR_PARTS_MAX */
    bool has_sig;      /* exactly when part == of */
    struct kr_sig sig;
    bool has_confirm; /* only where has_sig is */
    struct kr_digest confirm;
    const struct kr_packed *entries; /* rising index; bodies borrowed from the arena */
    size_t entry_count;
};
struct kr_req_ack {
    uint64_t epoch;
    const uint16_t *missing, *mismatch; /* rising roster indices */
    size_t missing_count, mismatch_count;
    bool has_confirm; /* of the secret that it ratcheted itself, in an epoch of a led source */
    struct kr_digest confirm;
};
struct kr_req_session {
    struct kr_id to;        /* attach */
    bool verify;            /* a message of a verification; else a word that says nothing */
    uint8_t type;           /* enum kr_packed_type: a pre-key or a normal message */
    struct kr_span message; /* raw */
};
struct kr_req_whole {
    bool has_since;
    uint64_t since;
    const char *log_origin; /* as in kr_req_attach */
    struct kr_log_claim log;
};
struct kr_req_proof {
    struct kr_id instance;
    uint64_t epoch; /* whose entry is to be proved */
    uint64_t size;  /* in the tree of that size */
    uint64_t since; /* ... which goes on from this one; 0: not asked for */
};

struct kr_req_line { /* one of the two */
    bool has_attach;
    struct kr_id attach;
    const char *participant; /* unless has_attach */
};
struct kr_req_attest {   /* attest, unattest */
    struct kr_span text; /* 12.3, 12.4 */
    struct kr_sig sig;
};

struct kr_request {
    enum kr_request_kind kind;
    const char *room; /* NULL if decoded and kr_request_is_in */
    struct kr_tag in; /* of the room's instance, if kr_request_is_in */
    union {
        struct kr_req_attach attach;
        struct kr_req_keys keys;
        struct kr_req_claim claim;
        struct kr_req_envelope envelope;
        struct kr_req_ack ack;
        struct kr_req_session session;
        struct kr_req_whole whole;
        struct kr_id device; /* approve, revoke */
        struct kr_req_proof proof;
        struct kr_req_line line;
        struct kr_req_attest attest;
        struct kr_id attach_of; /* alarm: whose code differed */
    } u;
};

/* payload: the child of an IQ in KR_NS. is_set: the IQ's type. KR_E_UNKNOWN_REQUEST for an unknown name or
 * the wrong IQ type; KR_E_MALFORMED, KR_E_BAD_BASE64, KR_E_TOO_LARGE, KR_E_TOO_MANY_KEYS,
 * KR_E_WRONG_RECIPIENTS (doubled or unordered entries or targets). *ret_request is valid as long as payload
 * and arena. */
int kr_request_decode(const struct kr_el *payload, bool is_set, struct kr_arena *arena,
                      struct kr_request *ret_request);

/* Appends the payload element (not the IQ) to x. */
void kr_request_encode(struct kr_xml *x, const struct kr_request *r);
/* True when the IQ of this kind is type='set'. */
bool kr_request_is_in(enum kr_request_kind kind); /* names its instance by tag alone: `in`, not `room` */
bool kr_request_is_set(enum kr_request_kind kind);

/* --- results that carry something; the others are empty --- */

struct kr_res_challenge {
    const char *room, *participant, *owner;
    struct kr_id instance, nonce;
    struct kr_span policy_text; /* 2.9, decoded; when decoding, in the arena */
};
struct kr_res_attached {
    const char *room;
    bool waiting;
    const char *reason; /* NULL unless waiting */
};
struct kr_res_keys {
    const char *room;
    uint64_t count;
};
struct kr_claimed {
    struct kr_id attach;
    bool none; /* has left; the rest is then void */
    enum kr_key_kind kind;
    struct kr_key key;
    struct kr_sig sig;
};
struct kr_res_claimed {
    const char *room;
    const struct kr_claimed *keys;
    size_t count;
};
struct kr_res_proof { /* when decoding, all in the arena */
    const char *room;
    uint64_t epoch, index, size, since;
    struct kr_digest opening; /* the key of the entry's commitment to the roster */
    struct kr_span entry;
    const struct kr_digest *inclusion, *consistency;
    size_t inclusion_count, consistency_count; /* at most KR_PROOF_HASHES */
};
enum { KR_PROOF_HASHES = 64 };
void kr_res_proof_encode(struct kr_xml *x, const struct kr_res_proof *r);
int kr_res_proof_decode(const struct kr_el *payload, struct kr_arena *arena, struct kr_res_proof *ret);
struct kr_res_line {
    const char *room;
    struct kr_member_line line; /* is_new means nothing */
};
void kr_res_line_encode(struct kr_xml *x, const struct kr_res_line *r);
int kr_res_line_decode(const struct kr_el *payload, struct kr_res_line *ret);
void kr_res_challenge_encode(struct kr_xml *x, const struct kr_res_challenge *r);
void kr_res_attached_encode(struct kr_xml *x, const struct kr_res_attached *r);
void kr_res_keys_encode(struct kr_xml *x, const struct kr_res_keys *r);
void kr_res_claimed_encode(struct kr_xml *x, const struct kr_res_claimed *r);
int kr_res_challenge_decode(const struct kr_el *payload, struct kr_arena *arena,
                            struct kr_res_challenge *ret);
int kr_res_attached_decode(const struct kr_el *payload, struct kr_res_attached *ret);
int kr_res_keys_decode(const struct kr_el *payload, struct kr_res_keys *ret);
int kr_res_claimed_decode(const struct kr_el *payload, struct kr_arena *arena, struct kr_res_claimed *ret);

#endif
