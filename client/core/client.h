/* A participant of one keyed room: `step(client, event) -> output`, docs/protocol.md from the client's side.
 *
 * Pure: time comes with the event, randomness through a given function, nothing is read or written here.
 * Everything received is hostile, the service included: what does not verify is refused and reported. */
#ifndef KR_CLIENT_CLIENT_H
#define KR_CLIENT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/random.h"
#include "client/event.h"
#include "client/output.h"
#include "log/note_key.h"
#include "message/request.h"
#include "olm/olm.h"
#include "text/policy.h"

struct kr_client;

struct kr_client_config {
    const char *room;    /* bare JID; copied */
    const char *nick;    /* copied */
    const char *service; /* the service's JID; copied */
    const char *owner;   /* what the application knows its user to be by a token (3.2), "token:..."; copied;
                          * NULL: nothing. Another owner than this and its own bare JID is not signed */
    enum kr_authorise floor; /* a weaker policy is refused */
    bool any_format;         /* else only `format` is accepted */
    enum kr_format format;
    /* The key sources that it takes part in (5.16), a set of KR_SOURCE_BIT; empty: participants alone. Of the
     * set, `service` counts only with service_device, `passphrase` only with a passphrase. */
    unsigned sources;
    bool lead; /* offers to make the secret for all (5.13) */
    bool has_service_device;
    struct kr_id service_device;        /* what may lead with source `service` (5.15) */
    const struct kr_secret *passphrase; /* UTF-8, 1 to KR_PASSPHRASE_MAX bytes; copied; may be NULL. Each
                                         * instance of such a room costs one PBKDF2 within a step */
    /* The log of the service (11.10): its key, as its operator gives it (then no other is taken) or as it was
     * first seen; NULL: it was not seen yet. And the newest checkpoint that we have of it; size 0: none. */
    const struct kr_note_key *log_key;
    bool log_key_given;
    struct kr_log_claim log_seen;
    /* What is said of a verified device holds for so many seconds, if the policy lets it; 0: nothing is said.
     */
    uint32_t attest_for_s;
    bool operator_may_verify; /* the floor `verified` is reached by a room whose operator says who is */
    bool keep;                /* keeps the keys in use after a leave: a client that wants to try them */
    struct kr_random random;
    struct kr_olm_account *account; /* the device; becomes the client's */
};

struct kr_client *kr_client_new(const struct kr_client_config *config);
void kr_client_free(struct kr_client *c); /* wipes; NULL is fine */

/* Handles one event; appends to *out and sets its deadline. */
void kr_client_step(struct kr_client *c, const struct kr_client_event *event, struct kr_client_output *out);

struct kr_client_view {
    bool joined, member, waiting, mismatched, exposed;
    bool may_send; /* the three below are then those of the key that frames are sealed with */
    struct kr_id instance;
    uint64_t epoch;
    uint64_t counter;        /* of the next frame */
    uint64_t newest;         /* last announced epoch that was accepted; 0: none */
    size_t held;             /* epochs of which keys are held */
    struct kr_digest roster; /* of the newest */
    size_t members;          /* in it */
    size_t missing;          /* senders of the newest epoch whose secret is not held */
};
struct kr_client_view kr_client_look(const struct kr_client *c);

/* Appends the frame. KR_E_NO_KEY while the client may not send; KR_E_CRYPTO; errors of kr_sframe_seal and
 * kr_jframe_seal. */
int kr_client_seal_frame(struct kr_client *c, struct kr_span plain, struct kr_buf *out);

/* Appends the plaintext of a frame that came on a track of `participant`. ret_epoch: the epoch it names, set
 * as soon as that is readable (JFrame: of the epoch held under its index, else the index itself).
 * KR_E_BAD_FRAME: malformed, or the tag does not verify; KR_E_NO_KEY; KR_E_WRONG_SENDER: the key id is
 * another participant's; KR_E_REPLAY. */
int kr_client_open_frame(struct kr_client *c, const char *participant, struct kr_span frame,
                         struct kr_buf *out, uint64_t *ret_epoch);

#endif
