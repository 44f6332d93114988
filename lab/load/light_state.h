/* The light participant's state, shared by its parts. */
#ifndef KR_LOAD_LIGHT_STATE_H
#define KR_LOAD_LIGHT_STATE_H

#include "base/secret.h"
#include "load/crowd.h"
#include "load/light.h"
#include "message/request.h"

/* Bytes of an Olm message of 47 bytes, as kr_olm_encrypt makes them. */
enum { KR_LIGHT_NORMAL = 95, KR_LIGHT_PREKEY = 200, KR_LIGHT_WORD = 63, KR_LIGHT_CLAIMS = 2 };

enum kr_light_stage { KR_LIGHT_OUT, KR_LIGHT_ASKED, KR_LIGHT_ATTACHING, KR_LIGHT_MEMBER };
/* With another attach: opened by us and not answered, or answered. */
/* When a leader is answered (docs/protocol.md 5.13). */
enum { KR_LIGHT_ANSWER_MS = 5000, KR_LIGHT_ANSWER_MEMBER_MS = 10 };

enum kr_light_session { KR_LIGHT_NO_SESSION, KR_LIGHT_OPENED, KR_LIGHT_STEADY };
enum kr_light_to { KR_LIGHT_NOT_YET, KR_LIGHT_SEALED, KR_LIGHT_SESSIONLESS, KR_LIGHT_WANTED };

struct kr_light_epoch {
    uint64_t number; /* 0: none */
    struct kr_id instance;
    size_t me, len;  /* of the roster */
    bool by_service; /* one line of which is the service's own */
    uint8_t *heard;  /* by roster index: holds that sender's secret, or ratchets it; owned */
    uint8_t *to;     /* by roster index: enum kr_light_to; owned */
    size_t missing;  /* not heard yet */
    unsigned claims; /* that were tried for round 1 */
    bool reset;      /* new sessions were asked for, for those who want our secret */
    bool round1_sent, round1_awaited, round2_sent;
    uint64_t switch_ns; /* it switches by its own clock then (5.12) */
    bool last;          /* collecting is over */
    bool asked;         /* it has acked */
    bool acked, committed;
};

struct kr_light_person { /* what it has with another attach */
    uint8_t session;     /* enum kr_light_session */
    uint64_t holds;      /* epoch of the newest secret of that one that it holds; 0: none */
};

struct kr_light {
    enum kr_light_stage stage;
    struct kr_id device, attach, instance;
    struct kr_key ed25519, curve25519;
    struct kr_secret signer; /* libsodium's secret key */
    struct kr_hearing hearing;
    struct kr_light_epoch epoch;
    struct kr_light_person *persons; /* by the view's person numbers; owned */
    size_t person_cap;
    size_t claiming; /* answers awaited */
    uint64_t attach_sent_ns, attached_ns;
    uint64_t again_ns;  /* attach again (outside), or ask for the whole (a member); UINT64_MAX: neither */
    uint64_t answer_ns; /* when to speak in the session that the leader has opened (5.13); UINT64_MAX: not */
    struct kr_id answer_to;
    uint64_t switched; /* the epoch whose key it sends with; 0: none */
};

static inline struct kr_light *kr_light_of(const struct kr_seat *seat)
{
    return seat->state;
}
struct kr_view *kr_light_view(const struct kr_seat *seat);

struct kr_light_person *kr_light_person(struct kr_light *l, uint32_t person);
static inline uint8_t *kr_light_session(struct kr_light *l, uint32_t person)
{
    return &kr_light_person(l, person)->session;
}
/* Encodes and sends; returns the stanza's bytes. */
size_t kr_light_request(struct kr_seat *seat, const struct kr_request *r, char kind, uint64_t number);
void kr_light_sign(const struct kr_light *l, struct kr_buf *text, struct kr_sig *ret_sig); /* frees text */

/* light_attach.c */
void kr_light_challenge(struct kr_seat *seat, const struct kr_el *payload);
void kr_light_more_keys(struct kr_seat *seat, const struct kr_notice_low *low);

/* light_seal.c: sends what may be sent now. */
void kr_light_seal(struct kr_seat *seat);
void kr_light_claim_again(struct kr_seat *seat);
void kr_light_wanted(struct kr_seat *seat, const struct kr_notice_wanted *w);
void kr_light_claimed(struct kr_seat *seat, const struct kr_res_claimed *c);
/* A ciphertext as kr_light_seal makes it: is it that of sender for recipient in the epoch? */
bool kr_light_genuine(struct kr_span body, uint64_t epoch, size_t sender, size_t recipient);

#endif
