#include "frame/p521.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <string.h>

#include "base/err.h"

enum {
    POINT_LEN = 1 + 2 * KR_P521_LEN, /* 4, x, y: SEC 1, uncompressed */
    DER_MAX = 256,                   /* of a signature: 139 at most */
};

/* A key of one parameter beside the curve; NULL if OpenSSL refuses it. Of a point it checks that it lies on
 * the curve. */
static EVP_PKEY *make_key(int selection, OSSL_PARAM param)
{
    static char group[] = "P-521";
    EVP_PKEY *key = NULL;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0), param,
                           OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 || EVP_PKEY_fromdata(ctx, &key, selection, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *public_key(const struct kr_p521_public *key)
{
    uint8_t point[POINT_LEN] = {POINT_CONVERSION_UNCOMPRESSED};
    memcpy(point + 1, key->x, KR_P521_LEN);
    memcpy(point + 1 + KR_P521_LEN, key->y, KR_P521_LEN);
    return make_key(EVP_PKEY_PUBLIC_KEY,
                    OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)));
}

/* d in the byte order of this machine, as OSSL_PARAM has integers. */
static int to_native(const struct kr_secret *d, struct kr_secret *ret)
{
    BIGNUM *n = BN_secure_new();
    kr_secret_alloc(ret, KR_P521_LEN);
    bool ok = n && BN_bin2bn(d->ptr, KR_P521_LEN, n) && BN_bn2nativepad(n, ret->ptr, KR_P521_LEN) > 0;
    BN_clear_free(n);
    return ok ? 0 : KR_E_CRYPTO;
}

/* That d is from 1 to n - 1: OpenSSL signs with any number. */
static bool in_range(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool ok = ctx && EVP_PKEY_private_check(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static EVP_PKEY *private_key(const struct kr_secret *d)
{
    struct kr_secret native = KR_SECRET_NONE;
    EVP_PKEY *key = NULL;
    if (d->len == KR_P521_LEN && to_native(d, &native) == 0)
        key = make_key(EVP_PKEY_KEYPAIR, (OSSL_PARAM){.key = OSSL_PKEY_PARAM_PRIV_KEY,
                                                      .data_type = OSSL_PARAM_UNSIGNED_INTEGER,
                                                      .data = native.ptr,
                                                      .data_size = native.len});
    kr_secret_done(&native);
    if (key && !in_range(key)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

static int sig_to_der(const struct kr_p521_sig *sig, uint8_t der[static DER_MAX])
{
    int len = -1;
    ECDSA_SIG *parsed = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(sig->b, KR_P521_LEN, NULL);
    BIGNUM *s = BN_bin2bn(sig->b + KR_P521_LEN, KR_P521_LEN, NULL);
    if (parsed && r && s && ECDSA_SIG_set0(parsed, r, s) == 1) {
        r = s = NULL; /* parsed owns them */
        uint8_t *p = der;
        if (i2d_ECDSA_SIG(parsed, NULL) <= DER_MAX)
            len = i2d_ECDSA_SIG(parsed, &p);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(parsed);
    return len;
}

static int sig_from_der(const uint8_t *der, size_t len, struct kr_p521_sig *ret)
{
    struct kr_p521_sig sig;
    ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &der, (long)len);
    bool ok = parsed && BN_bn2binpad(ECDSA_SIG_get0_r(parsed), sig.b, KR_P521_LEN) == KR_P521_LEN &&
              BN_bn2binpad(ECDSA_SIG_get0_s(parsed), sig.b + KR_P521_LEN, KR_P521_LEN) == KR_P521_LEN;
    if (ok)
        *ret = sig;
    ECDSA_SIG_free(parsed);
    return ok ? 0 : KR_E_CRYPTO;
}

bool kr_p521_verify(const struct kr_p521_public *key, struct kr_span text, const struct kr_p521_sig *sig)
{
    uint8_t der[DER_MAX];
    int der_len = sig_to_der(sig, der);
    EVP_PKEY *pkey = public_key(key);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool ok = der_len > 0 && pkey && ctx &&
              EVP_DigestVerifyInit_ex(ctx, NULL, "SHA256", NULL, NULL, pkey, NULL) == 1 &&
              EVP_DigestVerify(ctx, der, (size_t)der_len, text.ptr, text.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return ok;
}

int kr_p521_sign(const struct kr_secret *d, struct kr_span text, struct kr_p521_sig *ret)
{
    uint8_t der[DER_MAX];
    size_t der_len = sizeof(der);
    int err = KR_E_CRYPTO;
    EVP_PKEY *pkey = private_key(d);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (pkey && ctx && EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, pkey, NULL) == 1 &&
        EVP_DigestSign(ctx, der, &der_len, text.ptr, text.len) == 1)
        err = sig_from_der(der, der_len, ret);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return err;
}
