/* The names are the linker's: with --wrap=x a call of x becomes one of __wrap_x, and __real_x is x. */
#include "base/sign.h"
#include "log/signer.h"
#include "olm/olm.h"
#include "sim_cipher/cipher.h"
#include "sim_cipher/null.h"

static bool null_cipher;

void kr_sim_cipher(bool null)
{
    null_cipher = null;
}

/* The types are the headers' own, so a contract that changes there does not compile here. */
#define DECLARE(name) __typeof__(name) __real_##name, __wrap_##name

DECLARE(kr_verify);
DECLARE(kr_note_sign_text);
DECLARE(kr_olm_account_new);
DECLARE(kr_olm_account_free);
DECLARE(kr_olm_account_keys);
DECLARE(kr_olm_account_sign);
DECLARE(kr_olm_account_make_keys);
DECLARE(kr_olm_account_make_fallback);
DECLARE(kr_olm_account_pickle);
DECLARE(kr_olm_account_unpickle);
DECLARE(kr_olm_session_outbound);
DECLARE(kr_olm_session_inbound);
DECLARE(kr_olm_session_free);
DECLARE(kr_olm_session_matches);
DECLARE(kr_olm_encrypt);
DECLARE(kr_olm_decrypt);

bool __wrap_kr_verify(const struct kr_key *ed25519, struct kr_span text, const struct kr_sig *sig)
{
    return (null_cipher ? kr_null_verify : __real_kr_verify)(ed25519, text, sig);
}

struct kr_sig __wrap_kr_note_sign_text(const struct kr_note_signer *s, struct kr_span text)
{
    return (null_cipher ? kr_null_note_sign_text : __real_kr_note_sign_text)(s, text);
}

int __wrap_kr_olm_account_new(const struct kr_random *random, struct kr_olm_account **ret_account)
{
    return (null_cipher ? kr_null_account_new : __real_kr_olm_account_new)(random, ret_account);
}

void __wrap_kr_olm_account_free(struct kr_olm_account *account)
{
    (null_cipher ? kr_null_account_free : __real_kr_olm_account_free)(account);
}

void __wrap_kr_olm_account_keys(const struct kr_olm_account *account, struct kr_key *ret_ed25519,
                                struct kr_key *ret_curve25519)
{
    (null_cipher ? kr_null_account_keys : __real_kr_olm_account_keys)(account, ret_ed25519, ret_curve25519);
}

int __wrap_kr_olm_account_sign(struct kr_olm_account *account, struct kr_span text, struct kr_sig *ret_sig)
{
    return (null_cipher ? kr_null_account_sign : __real_kr_olm_account_sign)(account, text, ret_sig);
}

int __wrap_kr_olm_account_make_keys(struct kr_olm_account *account, const struct kr_random *random,
                                    size_t count, struct kr_key *ret_keys)
{
    return (null_cipher ? kr_null_account_make_keys : __real_kr_olm_account_make_keys)(account, random, count,
                                                                                       ret_keys);
}

int __wrap_kr_olm_account_make_fallback(struct kr_olm_account *account, const struct kr_random *random,
                                        struct kr_key *ret_key)
{
    return (null_cipher ? kr_null_account_make_fallback
                        : __real_kr_olm_account_make_fallback)(account, random, ret_key);
}

int __wrap_kr_olm_account_pickle(struct kr_olm_account *account, const struct kr_secret *key,
                                 struct kr_secret *ret_pickle)
{
    return (null_cipher ? kr_null_account_pickle : __real_kr_olm_account_pickle)(account, key, ret_pickle);
}

int __wrap_kr_olm_account_unpickle(const struct kr_secret *pickle, const struct kr_secret *key,
                                   struct kr_olm_account **ret_account)
{
    return (null_cipher ? kr_null_account_unpickle : __real_kr_olm_account_unpickle)(pickle, key,
                                                                                     ret_account);
}

int __wrap_kr_olm_session_outbound(struct kr_olm_account *account, const struct kr_random *random,
                                   const struct kr_key *peer_curve25519, const struct kr_key *one_time_key,
                                   struct kr_olm_session **ret_session)
{
    return (null_cipher ? kr_null_session_outbound : __real_kr_olm_session_outbound)(
        account, random, peer_curve25519, one_time_key, ret_session);
}

int __wrap_kr_olm_session_inbound(struct kr_olm_account *account, const struct kr_key *peer_curve25519,
                                  struct kr_span message, struct kr_olm_session **ret_session,
                                  struct kr_secret *ret_plain)
{
    return (null_cipher ? kr_null_session_inbound : __real_kr_olm_session_inbound)(
        account, peer_curve25519, message, ret_session, ret_plain);
}

void __wrap_kr_olm_session_free(struct kr_olm_session *session)
{
    (null_cipher ? kr_null_session_free : __real_kr_olm_session_free)(session);
}

bool __wrap_kr_olm_session_matches(struct kr_olm_session *session, const struct kr_key *peer_curve25519,
                                   struct kr_span message)
{
    return (null_cipher ? kr_null_session_matches : __real_kr_olm_session_matches)(session, peer_curve25519,
                                                                                   message);
}

int __wrap_kr_olm_encrypt(struct kr_olm_session *session, const struct kr_random *random,
                          const struct kr_secret *plain, enum kr_olm_type *ret_type, struct kr_buf *out)
{
    return (null_cipher ? kr_null_encrypt : __real_kr_olm_encrypt)(session, random, plain, ret_type, out);
}

int __wrap_kr_olm_decrypt(struct kr_olm_session *session, enum kr_olm_type type, struct kr_span message,
                          struct kr_secret *ret_plain)
{
    return (null_cipher ? kr_null_decrypt : __real_kr_olm_decrypt)(session, type, message, ret_plain);
}
