#include "olm/olm.h"

#include <jansson.h>
#include <olm.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/err.h"
#include "olm/meter.h"
#include "olm/wire.h"

/* libolm takes and gives base64 and destroys its message and pickle inputs: each call gets a copy of its own.
 */

struct kr_olm_account {
    OlmAccount *olm;
    struct kr_key ed25519, curve25519;
};

struct kr_olm_session {
    OlmSession *olm;
};

static _Thread_local struct kr_olm_meter *meter;

void kr_olm_meter_set(struct kr_olm_meter *m)
{
    meter = m;
}

static uint64_t began(void)
{
    return meter ? meter->now_ns() : 0;
}

static void ended(uint64_t at_ns)
{
    if (meter)
        meter->ns += meter->now_ns() - at_ns;
}

static bool failed(size_t result)
{
    return result == olm_error();
}

static struct kr_olm_account *account_alloc(void)
{
    struct kr_olm_account *account = kr_calloc(1, sizeof(*account));
    account->olm = olm_account(kr_malloc(olm_account_size()));
    return account;
}

void kr_olm_account_free(struct kr_olm_account *account)
{
    if (!account)
        return;
    olm_clear_account(account->olm);
    free(account->olm);
    free(account);
}

static struct kr_olm_session *session_alloc(void)
{
    struct kr_olm_session *session = kr_calloc(1, sizeof(*session));
    session->olm = olm_session(kr_malloc(olm_session_size()));
    return session;
}

void kr_olm_session_free(struct kr_olm_session *session)
{
    if (!session)
        return;
    olm_clear_session(session->olm);
    free(session->olm);
    free(session);
}

static void fill(struct kr_secret *s, const struct kr_random *random, size_t len)
{
    kr_secret_alloc(s, len);
    if (len)
        kr_random_fill(random, s->ptr, len);
}

static int json_key(const json_t *value, struct kr_key *ret_key)
{
    const char *text = json_string_value(value);
    return text && kr_key_read(text, ret_key) == 0 ? 0 : KR_E_CRYPTO;
}

static int read_identity(struct kr_olm_account *account)
{
    size_t len = olm_account_identity_keys_length(account->olm);
    char *text = kr_malloc(len);
    json_t *json = NULL;
    int err = KR_E_CRYPTO;
    if (failed(olm_account_identity_keys(account->olm, text, len)))
        goto out;
    json = json_loadb(text, len, 0, NULL);
    err = json_key(json_object_get(json, "ed25519"), &account->ed25519);
    if (!err)
        err = json_key(json_object_get(json, "curve25519"), &account->curve25519);
out:
    json_decref(json);
    free(text);
    return err;
}

int kr_olm_account_new(const struct kr_random *random, struct kr_olm_account **ret_account)
{
    struct kr_olm_account *account = account_alloc();
    struct kr_secret seed = KR_SECRET_NONE;
    int err = KR_E_CRYPTO;
    fill(&seed, random, olm_create_account_random_length(account->olm));
    if (failed(olm_create_account(account->olm, seed.ptr, seed.len)))
        goto out;
    err = read_identity(account);
    if (err)
        goto out;
    *ret_account = account;
    account = NULL; /* transferred */
out:
    kr_secret_done(&seed);
    kr_olm_account_free(account);
    return err;
}

void kr_olm_account_keys(const struct kr_olm_account *account, struct kr_key *ret_ed25519,
                         struct kr_key *ret_curve25519)
{
    *ret_ed25519 = account->ed25519;
    *ret_curve25519 = account->curve25519;
}

int kr_olm_account_sign(struct kr_olm_account *account, struct kr_span text, struct kr_sig *ret_sig)
{
    char sig[KR_SIG_TEXT] = {0};
    uint64_t at = began();
    bool bad = olm_account_signature_length(account->olm) != sizeof(sig) - 1 ||
               failed(olm_account_sign(account->olm, text.len ? (const void *)text.ptr : "", text.len, sig,
                                       sizeof(sig) - 1));
    ended(at);
    if (bad)
        return KR_E_CRYPTO;
    return kr_sig_read(sig, ret_sig) == 0 ? 0 : KR_E_CRYPTO;
}

/* The keys of libolm's {"curve25519": {"<counter>": "<key>", ...}}, which must be exactly count. */
static int read_keys(const char *text, size_t len, size_t count, struct kr_key *ret_keys)
{
    json_t *json = json_loadb(text, len, 0, NULL);
    json_t *object = json_object_get(json, "curve25519");
    int err = json_object_size(object) == count ? 0 : KR_E_CRYPTO;
    struct kr_key *keys = kr_calloc(count, sizeof(*keys));
    size_t n = 0;
    for (void *it = json_object_iter(object); it && !err; it = json_object_iter_next(object, it))
        err = json_key(json_object_iter_value(it), &keys[n++]);
    if (!err && count)
        memcpy(ret_keys, keys, count * sizeof(*keys));
    free(keys);
    json_decref(json);
    return err;
}

int kr_olm_account_make_keys(struct kr_olm_account *account, const struct kr_random *random, size_t count,
                             struct kr_key *ret_keys)
{
    struct kr_secret seed = KR_SECRET_NONE;
    char *text = NULL;
    int err = KR_E_CRYPTO;
    if (count > olm_account_max_number_of_one_time_keys(account->olm))
        goto out;
    fill(&seed, random, olm_account_generate_one_time_keys_random_length(account->olm, count));
    uint64_t at = began();
    size_t made = olm_account_generate_one_time_keys(account->olm, count, seed.ptr, seed.len);
    ended(at);
    if (failed(made))
        goto out;
    size_t len = olm_account_one_time_keys_length(account->olm);
    text = kr_malloc(len);
    if (failed(olm_account_one_time_keys(account->olm, text, len)))
        goto out;
    err = read_keys(text, len, count, ret_keys);
    if (!err)
        olm_account_mark_keys_as_published(account->olm);
out:
    free(text);
    kr_secret_done(&seed);
    return err;
}

int kr_olm_account_make_fallback(struct kr_olm_account *account, const struct kr_random *random,
                                 struct kr_key *ret_key)
{
    struct kr_secret seed = KR_SECRET_NONE;
    char *text = NULL;
    int err = KR_E_CRYPTO;
    fill(&seed, random, olm_account_generate_fallback_key_random_length(account->olm));
    if (failed(olm_account_generate_fallback_key(account->olm, seed.ptr, seed.len)))
        goto out;
    size_t len = olm_account_unpublished_fallback_key_length(account->olm);
    text = kr_malloc(len);
    if (failed(olm_account_unpublished_fallback_key(account->olm, text, len)))
        goto out;
    err = read_keys(text, len, 1, ret_key);
    if (!err)
        olm_account_mark_keys_as_published(account->olm);
out:
    free(text);
    kr_secret_done(&seed);
    return err;
}

int kr_olm_account_pickle(struct kr_olm_account *account, const struct kr_secret *key,
                          struct kr_secret *ret_pickle)
{
    struct kr_secret pickle = KR_SECRET_NONE;
    int err = KR_E_CRYPTO;
    kr_secret_alloc(&pickle, olm_pickle_account_length(account->olm));
    if (failed(olm_pickle_account(account->olm, key->ptr, key->len, pickle.ptr, pickle.len)))
        goto out;
    kr_secret_move(ret_pickle, &pickle);
    err = 0;
out:
    kr_secret_done(&pickle);
    return err;
}

int kr_olm_account_unpickle(const struct kr_secret *pickle, const struct kr_secret *key,
                            struct kr_olm_account **ret_account)
{
    struct kr_olm_account *account = account_alloc();
    struct kr_secret copy = KR_SECRET_NONE;
    int err = KR_E_CRYPTO;
    kr_secret_copy(&copy, pickle);
    if (failed(olm_unpickle_account(account->olm, key->ptr, key->len, copy.ptr, copy.len)))
        goto out;
    err = read_identity(account);
    if (err)
        goto out;
    *ret_account = account;
    account = NULL; /* transferred */
out:
    kr_secret_done(&copy);
    kr_olm_account_free(account);
    return err;
}

int kr_olm_session_outbound(struct kr_olm_account *account, const struct kr_random *random,
                            const struct kr_key *peer_curve25519, const struct kr_key *one_time_key,
                            struct kr_olm_session **ret_session)
{
    struct kr_olm_session *session = session_alloc();
    struct kr_secret seed = KR_SECRET_NONE;
    char identity[KR_KEY_TEXT], one_time[KR_KEY_TEXT];
    int err = KR_E_CRYPTO;
    kr_key_write(identity, peer_curve25519);
    kr_key_write(one_time, one_time_key);
    fill(&seed, random, olm_create_outbound_session_random_length(session->olm));
    uint64_t at = began();
    size_t made = olm_create_outbound_session(session->olm, account->olm, identity, KR_KEY_TEXT - 1, one_time,
                                              KR_KEY_TEXT - 1, seed.ptr, seed.len);
    ended(at);
    if (failed(made))
        goto out;
    if (meter)
        meter->sessions++;
    *ret_session = session;
    session = NULL; /* transferred */
    err = 0;
out:
    kr_secret_done(&seed);
    kr_olm_session_free(session);
    return err;
}

int kr_olm_session_inbound(struct kr_olm_account *account, const struct kr_key *peer_curve25519,
                           struct kr_span message, struct kr_olm_session **ret_session,
                           struct kr_secret *ret_plain)
{
    if (!kr_olm_wire_prekey(message, peer_curve25519))
        return KR_E_CANNOT_OPEN;
    struct kr_olm_session *session = session_alloc();
    struct kr_secret plain = KR_SECRET_NONE;
    char identity[KR_KEY_TEXT];
    size_t len = KR_B64_LEN(message.len);
    char *text = kr_malloc(len + 1);
    int err = KR_E_CANNOT_OPEN;
    kr_key_write(identity, peer_curve25519);
    kr_b64_write(text, message);
    uint64_t at = began();
    size_t made =
        olm_create_inbound_session_from(session->olm, account->olm, identity, KR_KEY_TEXT - 1, text, len);
    ended(at);
    if (failed(made))
        goto out;
    if (kr_olm_decrypt(session, KR_OLM_PREKEY, message, &plain) != 0)
        goto out;
    if (failed(olm_remove_one_time_keys(account->olm, session->olm)))
        goto out;
    *ret_session = session;
    session = NULL; /* transferred */
    kr_secret_move(ret_plain, &plain);
    err = 0;
out:
    free(text);
    kr_secret_done(&plain);
    kr_olm_session_free(session);
    return err;
}

bool kr_olm_session_matches(struct kr_olm_session *session, const struct kr_key *peer_curve25519,
                            struct kr_span message)
{
    if (!kr_olm_wire_prekey(message, peer_curve25519))
        return false;
    char identity[KR_KEY_TEXT];
    size_t len = KR_B64_LEN(message.len);
    char *text = kr_malloc(len + 1);
    kr_key_write(identity, peer_curve25519);
    kr_b64_write(text, message);
    size_t result = olm_matches_inbound_session_from(session->olm, identity, KR_KEY_TEXT - 1, text, len);
    free(text);
    return result == 1;
}

int kr_olm_encrypt(struct kr_olm_session *session, const struct kr_random *random,
                   const struct kr_secret *plain, enum kr_olm_type *ret_type, struct kr_buf *out)
{
    struct kr_secret seed = KR_SECRET_NONE;
    size_t len = olm_encrypt_message_length(session->olm, plain->len);
    char *text = kr_malloc(len);
    int err = KR_E_TOO_LARGE;
    if (out->err || len / 4 * 3 + len % 4 * 3 / 4 > out->max - out->len)
        goto out; /* before the ratchet moves */
    err = KR_E_CRYPTO;
    size_t type = olm_encrypt_message_type(session->olm);
    fill(&seed, random, olm_encrypt_random_length(session->olm));
    uint64_t at = began();
    size_t written = olm_encrypt(session->olm, plain->len ? (const void *)plain->ptr : "", plain->len,
                                 seed.ptr, seed.len, text, len);
    ended(at);
    if (failed(written))
        goto out;
    if (meter)
        meter->sealed++;
    err = kr_b64_decode(out, text, written);
    if (!err)
        *ret_type = type == OLM_MESSAGE_TYPE_PRE_KEY ? KR_OLM_PREKEY : KR_OLM_NORMAL;
out:
    free(text);
    kr_secret_done(&seed);
    return err;
}

int kr_olm_decrypt(struct kr_olm_session *session, enum kr_olm_type type, struct kr_span message,
                   struct kr_secret *ret_plain)
{
    bool formed = type == KR_OLM_PREKEY   ? kr_olm_wire_prekey_any(message)
                  : type == KR_OLM_NORMAL ? kr_olm_wire_normal(message)
                                          : false;
    if (!formed)
        return KR_E_CANNOT_OPEN;
    struct kr_secret room = KR_SECRET_NONE;
    size_t len = KR_B64_LEN(message.len);
    char *text = kr_malloc(len + 1);
    int err = KR_E_CANNOT_OPEN;
    kr_b64_write(text, message);
    size_t max = olm_decrypt_max_plaintext_length(session->olm, type, text, len);
    if (failed(max))
        goto out;
    kr_secret_alloc(&room, max);
    kr_b64_write(text, message);
    uint64_t at = began();
    size_t plain_len = olm_decrypt(session->olm, type, text, len, room.ptr, room.len);
    ended(at);
    if (failed(plain_len))
        goto out;
    if (meter)
        meter->opened++;
    kr_secret_set(ret_plain, room.ptr, plain_len);
    err = 0;
out:
    free(text);
    kr_secret_done(&room);
    return err;
}
