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
#include "olm/olm.h"
#include "text/policy.h"

struct kr_client;

struct kr_client_config {
    const char *room;        /* bare JID; copied */
    const char *nick;        /* copied */
    const char *service;     /* the service's JID; copied */
    enum kr_authorise floor; /* a weaker policy is refused */
    bool any_format;         /* else only `format` is accepted */
    enum kr_format format;
    bool keep; /* keeps the keys in use after a leave: a client that wants to try them */
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
    uint64_t counter; /* of the next frame */
    uint64_t newest;  /* last announced epoch that was accepted; 0: none */
    size_t held;      /* epochs of which keys are held */
    size_t missing;   /* senders of the newest epoch whose secret is not held */
};
struct kr_client_view kr_client_look(const struct kr_client *c);

/* Appends the frame. KR_E_NO_KEY while the client may not send; errors of kr_sframe_seal and kr_jframe_seal.
 */
int kr_client_seal_frame(struct kr_client *c, struct kr_span plain, struct kr_buf *out);

/* Appends the plaintext of a frame that came on a track of `participant`. ret_epoch: the epoch it names, set
 * as soon as that is readable (JFrame: of the epoch held under its index, else the index itself).
 * KR_E_BAD_FRAME: malformed, or the tag does not verify; KR_E_NO_KEY; KR_E_WRONG_SENDER: the key id is
 * another participant's; KR_E_REPLAY. */
int kr_client_open_frame(struct kr_client *c, const char *participant, struct kr_span frame,
                         struct kr_buf *out, uint64_t *ret_epoch);

#endif
