/* The one interface to libolm: accounts and sessions, raw bytes in and out, randomness given by the caller.
 *
 * libolm is deprecated upstream; everything the rest of the tree knows of it is this page, so that another
 * implementation of the same protocol can take its place. Ciphertexts are raw bytes (libolm's base64 is
 * undone here), and have exactly the form that libolm and vodozemac write, or they are refused before libolm
 * sees them (olm/wire.h). Signatures are made here (the account holds the private key) and verified by
 * base/sign.h. */
#ifndef KR_OLM_OLM_H
#define KR_OLM_OLM_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/span.h"

struct kr_olm_account; /* an identity pair and its unused one-time keys */
struct kr_olm_session; /* a double ratchet with one peer */

/* The two Olm message types, as on the wire. */
enum kr_olm_type { KR_OLM_PREKEY = 0, KR_OLM_NORMAL = 1 };

/* KR_E_CRYPTO if libolm refuses. *ret_account is the caller's; free it with kr_olm_account_free. */
int kr_olm_account_new(const struct kr_random *random, struct kr_olm_account **ret_account);
void kr_olm_account_free(struct kr_olm_account *account); /* wipes; NULL is fine */

void kr_olm_account_keys(const struct kr_olm_account *account, struct kr_key *ret_ed25519,
                         struct kr_key *ret_curve25519);
int kr_olm_account_sign(struct kr_olm_account *account, struct kr_span text, struct kr_sig *ret_sig);

/* Makes count one-time keys and marks them published; ret_keys has room for count. libolm keeps 100 and drops
 * the oldest: the caller never has more than that outstanding. A new fallback key takes the place of the one
 * before, which still opens what was under way, until the next one. KR_E_CRYPTO if libolm refuses, and above
 * 100 at once. */
int kr_olm_account_make_keys(struct kr_olm_account *account, const struct kr_random *random, size_t count,
                             struct kr_key *ret_keys);
int kr_olm_account_make_fallback(struct kr_olm_account *account, const struct kr_random *random,
                                 struct kr_key *ret_key);

/* Only the identity is worth keeping: *ret_pickle is encrypted by libolm under `key`, and is sealed again by
 * whoever writes it to a file. unpickle: KR_E_CRYPTO for another key or damaged bytes. */
int kr_olm_account_pickle(struct kr_olm_account *account, const struct kr_secret *key,
                          struct kr_secret *ret_pickle);
int kr_olm_account_unpickle(const struct kr_secret *pickle, const struct kr_secret *key,
                            struct kr_olm_account **ret_account);

/* Opens a session towards the holder of one_time_key. KR_E_CRYPTO if libolm refuses. *ret_session is the
 * caller's. */
int kr_olm_session_outbound(struct kr_olm_account *account, const struct kr_random *random,
                            const struct kr_key *peer_curve25519, const struct kr_key *one_time_key,
                            struct kr_olm_session **ret_session);

/* Makes the receiving side of a pre-key message, bound to the peer's identity key
 * (olm_create_inbound_session_from). The one-time key it used is removed from the account only if the message
 * also decrypts; a fallback key stays. *ret_plain is the message's plaintext. KR_E_CANNOT_OPEN if message,
 * identity or key do not fit. */
int kr_olm_session_inbound(struct kr_olm_account *account, const struct kr_key *peer_curve25519,
                           struct kr_span message, struct kr_olm_session **ret_session,
                           struct kr_secret *ret_plain);
void kr_olm_session_free(struct kr_olm_session *session); /* wipes; NULL is fine */

/* Does this pre-key message belong to this session? */
bool kr_olm_session_matches(struct kr_olm_session *session, const struct kr_key *peer_curve25519,
                            struct kr_span message);

/* Appends the ciphertext's raw bytes to out: 95 of KR_SEALED_LEN bytes, or 200 as a pre-key message.
 * KR_E_TOO_LARGE if out has no room (the session is then as it was), KR_E_CRYPTO if libolm refuses. */
int kr_olm_encrypt(struct kr_olm_session *session, const struct kr_random *random,
                   const struct kr_secret *plain, enum kr_olm_type *ret_type, struct kr_buf *out);

/* KR_E_CANNOT_OPEN if it does not decrypt; the session is then as it was. */
int kr_olm_decrypt(struct kr_olm_session *session, enum kr_olm_type type, struct kr_span message,
                   struct kr_secret *ret_plain);

#endif
