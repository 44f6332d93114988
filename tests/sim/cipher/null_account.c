#include <sodium.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "sim_cipher/null.h"

enum { ONE_TIME_MAX = 100 /* libolm's MAX_ONE_TIME_KEYS */, FALLBACK_MAX = 2 };

struct kr_olm_account {
    struct kr_key ed25519, curve25519;
    struct kr_key one_time[ONE_TIME_MAX]; /* oldest first */
    size_t one_time_len;
    struct kr_key fallback[FALLBACK_MAX]; /* the present one, the one before */
    size_t fallback_len;
};

void kr_null_draw(const struct kr_random *random, struct kr_key *ret_keys, size_t count)
{
    if (count)
        kr_random_fill(random, ret_keys, count * sizeof(*ret_keys));
    for (size_t i = 0; i < count; i++)
        ret_keys[i].b[sizeof(ret_keys[i].b) - 1] &= 0x7F;
}

int kr_null_account_new(const struct kr_random *random, struct kr_olm_account **ret_account)
{
    struct kr_olm_account *account = kr_calloc(1, sizeof(*account));
    struct kr_key identity[2];
    kr_null_draw(random, identity, 2);
    account->ed25519 = identity[0];
    account->curve25519 = identity[1];
    *ret_account = account;
    return 0;
}

void kr_null_account_free(struct kr_olm_account *account)
{
    free(account);
}

void kr_null_account_keys(const struct kr_olm_account *account, struct kr_key *ret_ed25519,
                          struct kr_key *ret_curve25519)
{
    *ret_ed25519 = account->ed25519;
    *ret_curve25519 = account->curve25519;
}

/* SipHash under each half of the key, so that all of the key counts; once over is enough for 64 bytes. */
static void sign(const struct kr_key *ed25519, struct kr_span text, struct kr_sig *ret_sig)
{
    enum { HALF = crypto_shorthash_siphashx24_BYTES };
    const uint8_t *in = text.len ? text.ptr : (const uint8_t *)"";
    crypto_shorthash_siphashx24(ret_sig->b, in, text.len, ed25519->b);
    crypto_shorthash_siphashx24(ret_sig->b + HALF, in, text.len, ed25519->b + HALF);
    for (size_t i = 0; i < (size_t)2 * HALF; i++)
        ret_sig->b[(size_t)2 * HALF + i] = (uint8_t)~ret_sig->b[i];
}

int kr_null_account_sign(struct kr_olm_account *account, struct kr_span text, struct kr_sig *ret_sig)
{
    sign(&account->ed25519, text, ret_sig);
    return 0;
}

struct kr_sig kr_null_note_sign_text(const struct kr_note_signer *s, struct kr_span text)
{
    struct kr_sig sig;
    sign(&s->key.key, text, &sig);
    return sig;
}

bool kr_null_verify(const struct kr_key *ed25519, struct kr_span text, const struct kr_sig *sig)
{
    struct kr_sig right;
    sign(ed25519, text, &right);
    return memcmp(right.b, sig->b, sizeof(right.b)) == 0;
}

int kr_null_account_make_keys(struct kr_olm_account *account, const struct kr_random *random, size_t count,
                              struct kr_key *ret_keys)
{
    if (count > ONE_TIME_MAX)
        return KR_E_CRYPTO;
    if (!count)
        return 0;
    if (account->one_time_len + count > ONE_TIME_MAX) {
        size_t drop = account->one_time_len + count - ONE_TIME_MAX;
        account->one_time_len -= drop;
        memmove(account->one_time, account->one_time + drop, account->one_time_len * sizeof(struct kr_key));
    }
    struct kr_key *fresh = account->one_time + account->one_time_len;
    kr_null_draw(random, fresh, count);
    account->one_time_len += count;
    memcpy(ret_keys, fresh, count * sizeof(*fresh));
    return 0;
}

int kr_null_account_make_fallback(struct kr_olm_account *account, const struct kr_random *random,
                                  struct kr_key *ret_key)
{
    account->fallback[1] = account->fallback[0];
    kr_null_draw(random, &account->fallback[0], 1);
    if (account->fallback_len < FALLBACK_MAX)
        account->fallback_len++;
    *ret_key = account->fallback[0];
    return 0;
}

/* The place of the key among the one-time keys; one_time_len if it is none of them. */
static size_t find_one_time(const struct kr_olm_account *account, const struct kr_key *key)
{
    size_t i = 0;
    while (i < account->one_time_len && !kr_key_equal(&account->one_time[i], key))
        i++;
    return i;
}

bool kr_null_account_has(const struct kr_olm_account *account, const struct kr_key *one_time_key)
{
    for (size_t i = 0; i < account->fallback_len; i++) {
        if (kr_key_equal(&account->fallback[i], one_time_key))
            return true;
    }
    return find_one_time(account, one_time_key) < account->one_time_len;
}

void kr_null_account_remove(struct kr_olm_account *account, const struct kr_key *one_time_key)
{
    size_t i = find_one_time(account, one_time_key);
    if (i == account->one_time_len)
        return;
    account->one_time_len--;
    memmove(account->one_time + i, account->one_time + i + 1,
            (account->one_time_len - i) * sizeof(struct kr_key));
}

/* A pickle is the identity and a digest of it and the pickle key. */
enum { IDENTITY_LEN = 2 * sizeof(struct kr_key), PICKLE_LEN = IDENTITY_LEN + crypto_hash_sha256_BYTES };

static void pickle_digest(const uint8_t *identity, const struct kr_secret *key, uint8_t *out)
{
    crypto_hash_sha256_state h;
    crypto_hash_sha256_init(&h);
    crypto_hash_sha256_update(&h, identity, IDENTITY_LEN);
    if (key->len)
        crypto_hash_sha256_update(&h, key->ptr, key->len);
    crypto_hash_sha256_final(&h, out);
}

int kr_null_account_pickle(struct kr_olm_account *account, const struct kr_secret *key,
                           struct kr_secret *ret_pickle)
{
    uint8_t bytes[PICKLE_LEN];
    memcpy(bytes, account->ed25519.b, sizeof(account->ed25519.b));
    memcpy(bytes + sizeof(account->ed25519.b), account->curve25519.b, sizeof(account->curve25519.b));
    pickle_digest(bytes, key, bytes + IDENTITY_LEN);
    kr_secret_set(ret_pickle, bytes, sizeof(bytes));
    return 0;
}

int kr_null_account_unpickle(const struct kr_secret *pickle, const struct kr_secret *key,
                             struct kr_olm_account **ret_account)
{
    uint8_t digest[crypto_hash_sha256_BYTES];
    if (pickle->len != PICKLE_LEN)
        return KR_E_CRYPTO;
    pickle_digest(pickle->ptr, key, digest);
    if (memcmp(digest, pickle->ptr + IDENTITY_LEN, sizeof(digest)) != 0)
        return KR_E_CRYPTO;
    struct kr_olm_account *account = kr_calloc(1, sizeof(*account));
    memcpy(account->ed25519.b, pickle->ptr, sizeof(account->ed25519.b));
    memcpy(account->curve25519.b, pickle->ptr + sizeof(account->ed25519.b), sizeof(account->curve25519.b));
    *ret_account = account;
    return 0;
}
