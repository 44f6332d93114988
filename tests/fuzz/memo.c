/* Ed25519 is most of what a step with a signature costs, and a pure function: the same keys, texts and
 * signatures come again in nearly every input, so results are remembered. Linked with --wrap; what is not
 * remembered is computed by libsodium. */
#include "memo.h"

#include <sodium.h>
#include <string.h>

enum { SLOTS = 16384 };

/* What the result depends on, hashed; and the result. */
static struct slot {
    uint8_t key[crypto_hash_sha256_BYTES];
    uint8_t value[FUZZ_MEMO_LEN];
} slots[SLOTS];

uint8_t *fuzz_memo(char function, struct kr_span a, struct kr_span b, bool *ret_known)
{
    crypto_hash_sha256_state h;
    uint8_t key[crypto_hash_sha256_BYTES];
    uint32_t at;
    crypto_hash_sha256_init(&h);
    crypto_hash_sha256_update(&h, (const uint8_t *)&function, 1);
    crypto_hash_sha256_update(&h, a.ptr, a.len);
    crypto_hash_sha256_update(&h, b.ptr, b.len);
    crypto_hash_sha256_final(&h, key);
    memcpy(&at, key, sizeof(at));
    struct slot *s = &slots[at % SLOTS];
    *ret_known = memcmp(s->key, key, sizeof(key)) == 0;
    memcpy(s->key, key, sizeof(key));
    return s->value;
}

int __real_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m,
                                       unsigned long long mlen, const unsigned char *pk);
int __wrap_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m,
                                       unsigned long long mlen, const unsigned char *pk);
int __wrap_crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *m,
                                       unsigned long long mlen, const unsigned char *pk)
{
    uint8_t key_and_sig[crypto_sign_PUBLICKEYBYTES + crypto_sign_BYTES];
    bool known;
    memcpy(key_and_sig, pk, crypto_sign_PUBLICKEYBYTES);
    memcpy(key_and_sig + crypto_sign_PUBLICKEYBYTES, sig, crypto_sign_BYTES);
    uint8_t *value =
        fuzz_memo('v', kr_span(key_and_sig, sizeof(key_and_sig)), kr_span(m, (size_t)mlen), &known);
    if (!known)
        *value = __real_crypto_sign_verify_detached(sig, m, mlen, pk) == 0;
    return *value ? 0 : -1;
}

int __real_crypto_sign_detached(unsigned char *sig, unsigned long long *siglen, const unsigned char *m,
                                unsigned long long mlen, const unsigned char *sk);
int __wrap_crypto_sign_detached(unsigned char *sig, unsigned long long *siglen, const unsigned char *m,
                                unsigned long long mlen, const unsigned char *sk);
int __wrap_crypto_sign_detached(unsigned char *sig, unsigned long long *siglen, const unsigned char *m,
                                unsigned long long mlen, const unsigned char *sk)
{
    bool known;
    uint8_t *value =
        fuzz_memo('s', kr_span(sk, crypto_sign_SECRETKEYBYTES), kr_span(m, (size_t)mlen), &known);
    if (!known)
        __real_crypto_sign_detached(value, NULL, m, mlen, sk);
    memcpy(sig, value, crypto_sign_BYTES);
    if (siglen)
        *siglen = crypto_sign_BYTES;
    return 0;
}

int __real_crypto_sign_seed_keypair(unsigned char *pk, unsigned char *sk, const unsigned char *seed);
int __wrap_crypto_sign_seed_keypair(unsigned char *pk, unsigned char *sk, const unsigned char *seed);
int __wrap_crypto_sign_seed_keypair(unsigned char *pk, unsigned char *sk, const unsigned char *seed)
{
    bool known;
    uint8_t *value = fuzz_memo('k', kr_span(seed, crypto_sign_SEEDBYTES), kr_span(NULL, 0), &known);
    if (!known)
        __real_crypto_sign_seed_keypair(value, value + crypto_sign_PUBLICKEYBYTES, seed);
    memcpy(pk, value, crypto_sign_PUBLICKEYBYTES);
    memcpy(sk, value + crypto_sign_PUBLICKEYBYTES, crypto_sign_SECRETKEYBYTES);
    return 0;
}
