/* The handlers of requests, one file each. All were let in by the door: the room is joined and not blind, the
 * occupant is the asker's own, and attach is its confirmed attach where the table asks for one (otherwise
 * NULL). */
#ifndef KR_CORE_REQUEST_H
#define KR_CORE_REQUEST_H

#include "core/state.h"

struct kr_ask { /* one request on its way */
    const struct kr_asker *asker;
    struct kr_room *room;
    struct kr_occupant *occupant;
    struct kr_attach *attach;
    const struct kr_request *request;
    struct kr_arena *arena; /* of the stanza */
};

/* Each: 0 (it was answered, or will be), or the refusal to tell; then nothing has changed. */
int kr_request_challenge(struct kr_core *core, const struct kr_ask *ask);
int kr_request_attach(struct kr_core *core, const struct kr_ask *ask);
int kr_request_keys(struct kr_core *core, const struct kr_ask *ask);
int kr_request_detach(struct kr_core *core, const struct kr_ask *ask);
int kr_request_claim(struct kr_core *core, const struct kr_ask *ask);
int kr_request_envelope(struct kr_core *core, const struct kr_ask *ask);
int kr_request_ack(struct kr_core *core, const struct kr_ask *ask);
int kr_request_session(struct kr_core *core, const struct kr_ask *ask);
int kr_request_whole(struct kr_core *core, const struct kr_ask *ask);
int kr_request_grant(struct kr_core *core, const struct kr_ask *ask); /* approve, revoke */
int kr_request_line(struct kr_core *core, const struct kr_ask *ask);
int kr_request_attest(struct kr_core *core, const struct kr_ask *ask);
int kr_request_unattest(struct kr_core *core, const struct kr_ask *ask);
int kr_request_alarm(struct kr_core *core, const struct kr_ask *ask);
int kr_request_rotate(struct kr_core *core, const struct kr_ask *ask);
int kr_request_proof(struct kr_core *core, const struct kr_ask *ask);

/* The results they wait for. True: another is awaited. room may be NULL. */
bool kr_attach_continue(struct kr_core *core, struct kr_room *room, struct kr_pending *p,
                        const struct kr_query_result *r);
bool kr_claim_continue(struct kr_core *core, struct kr_room *room, struct kr_pending *p,
                       const struct kr_query_result *r);
void kr_proof_continue(struct kr_core *core, const struct kr_pending *p, const struct kr_query_result *r);
void kr_grant_continue(struct kr_core *core, struct kr_pending *p, const struct kr_query_result *r);

void kr_control(struct kr_core *core, const struct kr_control *control);

/* Verifies the signatures of an attach's keys. */
int kr_keys_verify(const struct kr_key *ed25519, const struct kr_id *device, const struct kr_id *attach,
                   const struct kr_signed_key *otks, size_t otk_count, const struct kr_signed_key *fallback);
void kr_keys_write(struct kr_core *core, const struct kr_id *attach, const struct kr_signed_key *otks,
                   size_t otk_count, const struct kr_signed_key *fallback);

#endif
