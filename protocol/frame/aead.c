#include "frame/aead.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/limit.h"
#include "frame/ctr.h"

enum { AUTH_KEY_LEN = 32 };

static const struct cipher {
    const EVP_CIPHER *(*evp)(void); /* of GCM */
    size_t enc_key_len;
    size_t tag_len;
    bool gcm;
} ciphers[] = {
    [KR_AEAD_AES_128_CTR_HMAC_SHA256_80] = {NULL, 16, 10, false},
    [KR_AEAD_AES_128_CTR_HMAC_SHA256_64] = {NULL, 16, 8, false},
    [KR_AEAD_AES_128_CTR_HMAC_SHA256_32] = {NULL, 16, 4, false},
    [KR_AEAD_AES_128_GCM] = {EVP_aes_128_gcm, 16, 16, true},
    [KR_AEAD_AES_256_GCM] = {EVP_aes_256_gcm, 32, 16, true},
};

struct kr_aead_sizes kr_aead_sizes(enum kr_aead alg)
{
    const struct cipher *c = &ciphers[alg];
    return (struct kr_aead_sizes){c->enc_key_len + (c->gcm ? 0 : AUTH_KEY_LEN), c->tag_len};
}

static void add_length(crypto_auth_hmacsha256_state *st, uint64_t len)
{
    uint8_t be[8];
    for (unsigned i = 0; i < 8; i++)
        be[i] = (uint8_t)(len >> (56 - 8 * i));
    crypto_auth_hmacsha256_update(st, be, sizeof(be));
}

/* compute_tag of RFC 9605 4.5.1. */
static void hmac_tag(const struct cipher *c, const struct kr_secret *key, const uint8_t *nonce,
                     struct kr_span aad, struct kr_span ct, uint8_t tag[static KR_AEAD_TAG_MAX])
{
    crypto_auth_hmacsha256_state st;
    uint8_t full[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_init(&st, key->ptr + c->enc_key_len, AUTH_KEY_LEN);
    add_length(&st, aad.len);
    add_length(&st, ct.len);
    add_length(&st, c->tag_len);
    crypto_auth_hmacsha256_update(&st, nonce, KR_AEAD_NONCE_LEN);
    crypto_auth_hmacsha256_update(&st, aad.ptr, aad.len);
    crypto_auth_hmacsha256_update(&st, ct.ptr, ct.len);
    crypto_auth_hmacsha256_final(&st, full);
    memcpy(tag, full, c->tag_len);
    kr_wipe(&st, sizeof(st));
    kr_wipe(full, sizeof(full));
}

static int run_ctr(const struct cipher *c, const struct kr_secret *key, const uint8_t *nonce,
                   struct kr_span in, uint8_t *out)
{
    uint8_t counter[KR_CTR_BLOCK_LEN] = {0};
    memcpy(counter, nonce, KR_AEAD_NONCE_LEN);
    return kr_aes_ctr(kr_span(key->ptr, c->enc_key_len), counter, in, out);
}

/* Lengths are below KR_FRAME_MAX, so they fit OpenSSL's int. */
static int seal_gcm(const struct cipher *c, const struct kr_secret *key, const uint8_t *nonce,
                    struct kr_span aad, struct kr_span plain, uint8_t *out)
{
    int len = 0, err = KR_E_CRYPTO;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (!ctx || EVP_EncryptInit_ex2(ctx, c->evp(), key->ptr, nonce, NULL) != 1)
        goto out;
    if (aad.len && EVP_EncryptUpdate(ctx, NULL, &len, aad.ptr, (int)aad.len) != 1)
        goto out;
    if (plain.len && EVP_EncryptUpdate(ctx, out, &len, plain.ptr, (int)plain.len) != 1)
        goto out;
    if (EVP_EncryptFinal_ex(ctx, out + plain.len, &len) != 1 ||
        EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)c->tag_len, out + plain.len) != 1)
        goto out;
    err = 0;
out:
    EVP_CIPHER_CTX_free(ctx);
    return err;
}

static int open_gcm(const struct cipher *c, const struct kr_secret *key, const uint8_t *nonce,
                    struct kr_span aad, struct kr_span ct, uint8_t *tag, uint8_t *out)
{
    int len = 0, err = KR_E_CRYPTO;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (!ctx || EVP_DecryptInit_ex2(ctx, c->evp(), key->ptr, nonce, NULL) != 1)
        goto out;
    if (aad.len && EVP_DecryptUpdate(ctx, NULL, &len, aad.ptr, (int)aad.len) != 1)
        goto out;
    if (ct.len && EVP_DecryptUpdate(ctx, out, &len, ct.ptr, (int)ct.len) != 1)
        goto out;
    if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)c->tag_len, tag) != 1)
        goto out;
    err = EVP_DecryptFinal_ex(ctx, out + ct.len, &len) == 1 ? 0 : KR_E_BAD_FRAME;
out:
    EVP_CIPHER_CTX_free(ctx);
    return err;
}

static int check_sizes(enum kr_aead alg, const struct kr_secret *key, struct kr_span aad, struct kr_span text,
                       size_t out_len, const struct kr_buf *out)
{
    if (key->len != kr_aead_sizes(alg).key_len)
        return KR_E_CRYPTO;
    if (aad.len > KR_FRAME_MAX || text.len > KR_FRAME_MAX || out->err || out_len > out->max - out->len)
        return KR_E_TOO_LARGE;
    return 0;
}

int kr_aead_seal(enum kr_aead alg, const struct kr_secret *key, const uint8_t nonce[static KR_AEAD_NONCE_LEN],
                 struct kr_span aad, struct kr_span plain, struct kr_buf *out)
{
    const struct cipher *c = &ciphers[alg];
    size_t len = plain.len + c->tag_len;
    int err = check_sizes(alg, key, aad, plain, len, out);
    if (err)
        return err;
    uint8_t *bytes = kr_malloc(len);
    if (c->gcm) {
        err = seal_gcm(c, key, nonce, aad, plain, bytes);
    } else {
        uint8_t tag[KR_AEAD_TAG_MAX];
        err = run_ctr(c, key, nonce, plain, bytes);
        if (!err) {
            hmac_tag(c, key, nonce, aad, kr_span(bytes, plain.len), tag);
            memcpy(bytes + plain.len, tag, c->tag_len);
        }
    }
    if (!err)
        kr_buf_add(out, bytes, len);
    free(bytes);
    return err;
}

int kr_aead_open(enum kr_aead alg, const struct kr_secret *key, const uint8_t nonce[static KR_AEAD_NONCE_LEN],
                 struct kr_span aad, struct kr_span sealed, struct kr_buf *out)
{
    const struct cipher *c = &ciphers[alg];
    if (sealed.len < c->tag_len)
        return KR_E_BAD_FRAME;
    struct kr_span ct = kr_span(sealed.ptr, sealed.len - c->tag_len);
    int err = check_sizes(alg, key, aad, ct, ct.len, out);
    if (err)
        return err;
    uint8_t *bytes = kr_malloc(ct.len);
    uint8_t tag[KR_AEAD_TAG_MAX];
    if (c->gcm) {
        memcpy(tag, sealed.ptr + ct.len, c->tag_len);
        err = open_gcm(c, key, nonce, aad, ct, tag, bytes);
    } else {
        hmac_tag(c, key, nonce, aad, ct, tag);
        err = sodium_memcmp(tag, sealed.ptr + ct.len, c->tag_len) == 0 ? run_ctr(c, key, nonce, ct, bytes)
                                                                       : KR_E_BAD_FRAME;
    }
    if (!err)
        kr_buf_add(out, bytes, ct.len);
    kr_wipe(bytes, ct.len); /* also what GCM wrote before its tag failed */
    free(bytes);
    return err;
}
