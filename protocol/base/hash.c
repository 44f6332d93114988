#include "base/hash.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sodium.h>

#include "base/err.h"

struct kr_digest kr_sha256(struct kr_span bytes)
{
    struct kr_digest d;
    crypto_hash_sha256(d.b, bytes.ptr, bytes.len);
    return d;
}

struct kr_digest kr_hmac_sha256(const struct kr_secret *key, struct kr_span bytes)
{
    struct kr_digest d;
    crypto_auth_hmacsha256_state st;
    crypto_auth_hmacsha256_init(&st, key->ptr, key->len);
    crypto_auth_hmacsha256_update(&st, bytes.ptr, bytes.len);
    crypto_auth_hmacsha256_final(&st, d.b);
    kr_wipe(&st, sizeof(st));
    return d;
}

static int run(enum kr_hkdf_hash hash, int mode, const struct kr_secret *key, struct kr_span salt,
               struct kr_span info, size_t out_len, struct kr_secret *ret_okm)
{
    int err = KR_E_CRYPTO;
    struct kr_secret out = KR_SECRET_NONE;
    char *digest = hash == KR_HKDF_SHA256 ? "SHA256" : "SHA512";
    static uint8_t nothing; /* OpenSSL wants a pointer even for an empty octet string */
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    if (!ctx)
        goto out;
    OSSL_PARAM params[6];
    size_t n = 0;
    params[n++] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    params[n++] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    params[n++] =
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key->ptr ? key->ptr : &nothing, key->len);
    if (salt.len)
        params[n++] =
            OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt.ptr, salt.len);
    if (info.len)
        params[n++] =
            OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info.ptr, info.len);
    params[n] = OSSL_PARAM_construct_end();
    kr_secret_alloc(&out, out_len);
    if (EVP_KDF_derive(ctx, out.ptr, out_len, params) != 1)
        goto out;
    kr_secret_move(ret_okm, &out);
    err = 0;
out:
    kr_secret_done(&out);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return err;
}

int kr_hkdf(enum kr_hkdf_hash hash, const struct kr_secret *ikm, struct kr_span salt, struct kr_span info,
            size_t out_len, struct kr_secret *ret_okm)
{
    return run(hash, EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, ikm, salt, info, out_len, ret_okm);
}

int kr_hkdf_extract(enum kr_hkdf_hash hash, const struct kr_secret *ikm, struct kr_span salt,
                    struct kr_secret *ret_prk)
{
    return run(hash, EVP_KDF_HKDF_MODE_EXTRACT_ONLY, ikm, salt, kr_span(NULL, 0),
               hash == KR_HKDF_SHA256 ? 32 : 64, ret_prk);
}

int kr_hkdf_expand(enum kr_hkdf_hash hash, const struct kr_secret *prk, struct kr_span info, size_t out_len,
                   struct kr_secret *ret_okm)
{
    return run(hash, EVP_KDF_HKDF_MODE_EXPAND_ONLY, prk, kr_span(NULL, 0), info, out_len, ret_okm);
}

static int pbkdf2(const EVP_MD *hash, const struct kr_secret *passphrase, struct kr_span salt,
                  uint32_t iterations, size_t out_len, struct kr_secret *ret_key)
{
    if (out_len == 0) /* OpenSSL would make a key of nothing */
        return KR_E_CRYPTO;
    /* It takes all of these as int. */
    if (iterations > INT_MAX || passphrase->len > INT_MAX || salt.len > INT_MAX || out_len > INT_MAX)
        return KR_E_CRYPTO;
    int err = KR_E_CRYPTO;
    struct kr_secret out = KR_SECRET_NONE;
    kr_secret_alloc(&out, out_len);
    if (PKCS5_PBKDF2_HMAC((const char *)passphrase->ptr, (int)passphrase->len, salt.ptr, (int)salt.len,
                          (int)iterations, hash, (int)out_len, out.ptr) == 1) {
        kr_secret_move(ret_key, &out);
        err = 0;
    }
    kr_secret_done(&out);
    return err;
}

int kr_pbkdf2_sha256(const struct kr_secret *passphrase, struct kr_span salt, uint32_t iterations,
                     size_t out_len, struct kr_secret *ret_key)
{
    return pbkdf2(EVP_sha256(), passphrase, salt, iterations, out_len, ret_key);
}

int kr_pbkdf2_sha512(const struct kr_secret *passphrase, struct kr_span salt, uint32_t iterations,
                     size_t out_len, struct kr_secret *ret_key)
{
    return pbkdf2(EVP_sha512(), passphrase, salt, iterations, out_len, ret_key);
}
