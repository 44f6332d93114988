/* The null cipher, behind the functions of olm/olm.h and base/sign.h: kr_null_x has the type and contract of
 * kr_olm_x. Keys are public bytes that nobody needs a private part for. */
#ifndef KR_SIM_CIPHER_NULL_H
#define KR_SIM_CIPHER_NULL_H

#include "base/sign.h"
#include "log/signer.h"
#include "olm/olm.h"

__typeof__(kr_verify) kr_null_verify;
__typeof__(kr_note_sign_text) kr_null_note_sign_text;
__typeof__(kr_olm_account_new) kr_null_account_new;
__typeof__(kr_olm_account_free) kr_null_account_free;
__typeof__(kr_olm_account_keys) kr_null_account_keys;
__typeof__(kr_olm_account_sign) kr_null_account_sign;
__typeof__(kr_olm_account_make_keys) kr_null_account_make_keys;
__typeof__(kr_olm_account_make_fallback) kr_null_account_make_fallback;
__typeof__(kr_olm_account_pickle) kr_null_account_pickle;
__typeof__(kr_olm_account_unpickle) kr_null_account_unpickle;
__typeof__(kr_olm_session_outbound) kr_null_session_outbound;
__typeof__(kr_olm_session_inbound) kr_null_session_inbound;
__typeof__(kr_olm_session_free) kr_null_session_free;
__typeof__(kr_olm_session_matches) kr_null_session_matches;
__typeof__(kr_olm_encrypt) kr_null_encrypt;
__typeof__(kr_olm_decrypt) kr_null_decrypt;

/* What sessions need of an account: is the key one of its own, and not used up? A one-time key is removed, a
 * fallback key stays. */
bool kr_null_account_has(const struct kr_olm_account *account, const struct kr_key *one_time_key);
void kr_null_account_remove(struct kr_olm_account *account, const struct kr_key *one_time_key);

/* Random bytes in the form of count Curve25519 public keys: the top bit is never set (olm/wire.h). */
void kr_null_draw(const struct kr_random *random, struct kr_key *ret_keys, size_t count);

#endif
