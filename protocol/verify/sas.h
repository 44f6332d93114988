/* A verification between two devices, as each of them goes through it (docs/protocol.md 12.2).
 *
 *   initiator                       responder
 *   kr_sas_start    start   ->      (its person accepts) kr_sas_answer
 *                           <-      accept: a commitment to its key
 *                   key     ->
 *                           <-      key: must be the one committed to
 *   both show the code; each person says whether it is the other's
 *                   mac    <->      mac
 *                   done   <->      done
 *
 * Pure: time and randomness come with the calls. Messages travel inside the Olm session of the two, and only
 * those from this very peer may be given in. One at a time per pair, and how many tries, is for the caller to
 * hold to. */
#ifndef KR_VERIFY_SAS_H
#define KR_VERIFY_SAS_H

#include "base/random.h"
#include "verify/sas_crypto.h"

enum kr_sas_state {
    KR_SAS_IDLE,      /* nothing begun */
    KR_SAS_STARTED,   /* initiator: waits for accept */
    KR_SAS_ACCEPTED,  /* responder: waits for the initiator's key */
    KR_SAS_KEYED,     /* initiator: waits for the responder's key */
    KR_SAS_COMPARING, /* code is set; waits for the own person and the peer's MACs, in either order */
    KR_SAS_VERIFIED,  /* the own person confirmed and the peer's MACs held: final */
    KR_SAS_CANCELLED, /* reason says why: final */
};

struct kr_sas {
    enum kr_sas_state state;
    bool is_initiator;
    bool confirmed;            /* the own person said that the codes are the same */
    bool mac_held;             /* the peer's MACs are over the keys that we see, so its person confirmed */
    bool peer_done;            /* the peer said that it holds us for verified too */
    enum kr_sas_reason reason; /* once cancelled */
    bool by_peer;              /* the peer cancelled */
    uint64_t deadline_ms;      /* when kr_sas_tick is due; no meaning once final */
    struct kr_sas_code code;   /* from KR_SAS_COMPARING on */
    struct kr_sas_subject subject; /* its strings are owned */
    char *strings;                 /* owned: what they point into */
    struct kr_secret ephemeral, shared;
    struct kr_digest commitment;
};

/* What to send to the peer, in this order. */
struct kr_sas_output {
    struct kr_sas_message send[2];
    size_t count;
};

/* Between whom. Strings are copied, ids computed from the keys. */
struct kr_sas_setup {
    const char *room;
    struct kr_id instance;
    const char *own_owner, *peer_owner; /* "" for a guest; as roster and attach state them */
    struct kr_key own_ed25519, own_curve25519, peer_ed25519, peer_curve25519;
};

/* Each of the functions empties *out first. *s is zeroed memory or one that kr_sas_done was called on.
 * Starting and answering fail with KR_E_MALFORMED, and nothing is begun, for names that may not be signed and
 * for a device with itself. */
int kr_sas_start(struct kr_sas *s, const struct kr_sas_setup *setup, const struct kr_random *random,
                 uint64_t now_ms, struct kr_sas_output *out);

/* Answers a start message once the own person has agreed to. Cancelled at once (KR_SAS_WRONG_DEVICE) if it
 * names other devices, as a reflected one does. */
int kr_sas_answer(struct kr_sas *s, const struct kr_sas_setup *setup, const struct kr_sas_message *start,
                  const struct kr_random *random, uint64_t now_ms, struct kr_sas_output *out);

/* A message from the peer. One of another transaction changes nothing here: the answer, KR_SAS_UNKNOWN, is in
 * *out and returned. A message that is not this state's, or does not hold, cancels; after the end nothing
 * does anything but done. */
enum kr_sas_reason kr_sas_receive(struct kr_sas *s, const struct kr_sas_message *m, uint64_t now_ms,
                                  struct kr_sas_output *out);

/* What the own person says of the codes. A mismatch cancels, as loudly as a match counts. Nothing happens
 * unless the codes are shown and this is the first answer. */
void kr_sas_confirm(struct kr_sas *s, bool same, struct kr_sas_output *out);

/* Ends it for that reason, unless it has ended. */
void kr_sas_cancel(struct kr_sas *s, enum kr_sas_reason reason, struct kr_sas_output *out);

/* Cancels with KR_SAS_TIMEOUT once the deadline is reached. */
void kr_sas_tick(struct kr_sas *s, uint64_t now_ms, struct kr_sas_output *out);

static inline bool kr_sas_is_over(const struct kr_sas *s)
{
    return s->state == KR_SAS_VERIFIED || s->state == KR_SAS_CANCELLED;
}

/* Two starts that cross: the one of the smaller device id stands, the other is as if never sent. */
bool kr_sas_own_start_stands(const struct kr_id *own, const struct kr_id *peer);

/* Wipes and frees. */
void kr_sas_done(struct kr_sas *s);

#endif
