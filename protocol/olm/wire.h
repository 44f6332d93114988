/* The form of Olm messages (version 3), checked before libolm sees them.
 *
 * libolm's own decoder takes what no implementation writes: other versions, fields left out, doubled or
 * unknown. A pre-key message without an identity key even ends the process (a NULL read in
 * olm_create_inbound_session_from, 3.2.13). So here a message has exactly the bytes that libolm and vodozemac
 * write, or it is none. */
#ifndef KR_OLM_WIRE_H
#define KR_OLM_WIRE_H

#include <stdbool.h>

#include "base/id.h"
#include "base/span.h"

/* version || ratchet key || chain index || ciphertext || 8 bytes of MAC. */
bool kr_olm_wire_normal(struct kr_span message);

/* version || one-time key || base key || identity key || a normal message; the identity key is the peer's. */
bool kr_olm_wire_prekey(struct kr_span message, const struct kr_key *peer_curve25519);

/* The same for a sender that is not known by key: a message to a session that binds it. */
bool kr_olm_wire_prekey_any(struct kr_span message);

#endif
