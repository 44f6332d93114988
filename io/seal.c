#include "io/seal.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "io/file.h"

enum {
    NONCE_LEN = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_LEN = crypto_aead_xchacha20poly1305_ietf_ABYTES
};
_Static_assert(NONCE_LEN + TAG_LEN == KR_SEAL_OVERHEAD, "the header states libsodium's lengths");
_Static_assert(KR_SEAL_KEY_LEN == crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
               "the header states libsodium's lengths");

void kr_seal(const struct kr_secret *key, const struct kr_random *random, const char *purpose,
             const struct kr_secret *plain, struct kr_buf *out)
{
    size_t len = NONCE_LEN + plain->len + TAG_LEN;
    uint8_t *sealed = kr_malloc(len);
    kr_random_fill(random, sealed, NONCE_LEN);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE_LEN, NULL, plain->ptr, plain->len,
                                               (const unsigned char *)purpose, strlen(purpose), NULL, sealed,
                                               key->ptr);
    kr_buf_add(out, sealed, len);
    free(sealed);
}

int kr_unseal(const struct kr_secret *key, const char *purpose, struct kr_span sealed,
              struct kr_secret *ret_plain)
{
    if (key->len != KR_SEAL_KEY_LEN || sealed.len < KR_SEAL_OVERHEAD)
        return KR_E_SEALED;
    struct kr_secret plain = KR_SECRET_NONE;
    kr_secret_alloc(&plain, sealed.len - KR_SEAL_OVERHEAD);
    int rc = crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain.ptr, NULL, NULL, sealed.ptr + NONCE_LEN, sealed.len - NONCE_LEN, (const unsigned char *)purpose,
        strlen(purpose), sealed.ptr, key->ptr);
    if (rc == 0)
        kr_secret_move(ret_plain, &plain);
    kr_secret_done(&plain);
    return rc == 0 ? 0 : KR_E_SEALED;
}

int kr_seal_key_read(const char *path, char *errmsg, struct kr_secret *ret_key)
{
    struct kr_secret file = KR_SECRET_NONE;
    struct kr_secret key = KR_SECRET_NONE;
    int err = kr_file_read_secret(path, KR_SEAL_KEY_LEN + KR_SEAL_KEY_LEN + 1, 1, errmsg, &file);
    if (err)
        goto out;
    size_t len = file.len;
    if (len == 2 * KR_SEAL_KEY_LEN + 1 && file.ptr[len - 1] == '\n')
        len--;
    err = KR_E_CONFIG;
    if (file.len == KR_SEAL_KEY_LEN) {
        kr_secret_copy(&key, &file);
        err = 0;
    } else if (len == (size_t)2 * KR_SEAL_KEY_LEN) {
        size_t bytes = 0;
        kr_secret_alloc(&key, KR_SEAL_KEY_LEN);
        if (sodium_hex2bin(key.ptr, key.len, (const char *)file.ptr, len, NULL, &bytes, NULL) == 0 &&
            bytes == KR_SEAL_KEY_LEN)
            err = 0;
    }
    if (err)
        snprintf(errmsg, 256, "%s: must hold 32 bytes or 64 hex digits; make one with: openssl rand -hex 32",
                 path);
    else
        kr_secret_move(ret_key, &key);
out:
    kr_secret_done(&file);
    kr_secret_done(&key);
    return err;
}
