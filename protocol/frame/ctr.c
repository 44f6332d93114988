#include "frame/ctr.h"

#include <openssl/evp.h>

#include "base/err.h"
#include "base/limit.h"

enum { COUNTED = 8 }; /* bytes at the end of the block that count */

static int run(const EVP_CIPHER *cipher, struct kr_span key, const uint8_t *counter, struct kr_span in,
               uint8_t *out)
{
    int len = 0, err = KR_E_CRYPTO;
    if (in.len == 0)
        return 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (ctx && EVP_EncryptInit_ex2(ctx, cipher, key.ptr, counter, NULL) == 1 &&
        EVP_EncryptUpdate(ctx, out, &len, in.ptr, (int)in.len) == 1)
        err = 0;
    EVP_CIPHER_CTX_free(ctx);
    return err;
}

int kr_aes_ctr(struct kr_span key, const uint8_t counter[static KR_CTR_BLOCK_LEN], struct kr_span in,
               uint8_t *out)
{
    if (in.len > KR_FRAME_MAX) /* so lengths fit OpenSSL's int */
        return KR_E_TOO_LARGE;
    if (key.len != 16 && key.len != 32)
        return KR_E_CRYPTO;
    const EVP_CIPHER *cipher = key.len == 16 ? EVP_aes_128_ctr() : EVP_aes_256_ctr();
    uint8_t wrapped[KR_CTR_BLOCK_LEN] = {0};
    uint64_t low = 0;
    memcpy(wrapped, counter, KR_CTR_BLOCK_LEN - COUNTED);
    for (size_t i = KR_CTR_BLOCK_LEN - COUNTED; i < KR_CTR_BLOCK_LEN; i++)
        low = low << 8 | counter[i];
    /* OpenSSL would carry into the upper half: what lies behind the wrap is a run of its own. */
    uint64_t blocks = 0 - low; /* until the wrap; 0 stands for 2^64 */
    size_t first = in.len;
    if (low != 0 && blocks < in.len / KR_CTR_BLOCK_LEN + 1)
        first = (size_t)blocks * KR_CTR_BLOCK_LEN < in.len ? (size_t)blocks * KR_CTR_BLOCK_LEN : in.len;
    int err = run(cipher, key, counter, kr_span(in.ptr, first), out);
    if (!err && first < in.len)
        err = run(cipher, key, wrapped, kr_span(in.ptr + first, in.len - first), out + first);
    return err;
}
