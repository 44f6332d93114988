#include "frame/jframe2021.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/limit.h"
#include "frame/ctr.h"

enum { AUTH_KEY_LEN = 64, SALT_LEN = KR_CTR_BLOCK_LEN, TAG_MAX = 10, COUNTER_MAX = 8 };
enum { SIGNED_BIT = 0x80, LEN_SHIFT = 4, LEN_MASK = 7, KID_MASK = KR_JFRAME_RING - 1 };

/* DIGEST_LENGTH of lib-jitsi-meet. */
static const size_t tag_lens[] = {
    [KR_JFRAME_AUDIO] = 4,
    [KR_JFRAME_VIDEO_KEY] = TAG_MAX,
    [KR_JFRAME_VIDEO_DELTA] = TAG_MAX,
};

int kr_jframe2021_key_init(const struct kr_secret *material, uint64_t key_index, enum kr_jframe2021_aes aes,
                           struct kr_jframe2021_key *ret)
{
    struct kr_jframe2021_key key = {.index = (uint8_t)(key_index % KR_JFRAME_RING)};
    struct kr_span none = kr_span(NULL, 0);
    int err = kr_hkdf(KR_HKDF_SHA256, material, kr_span_str("JFrameEncryptionKey"), none, aes, &key.enc);
    if (!err)
        err = kr_hkdf(KR_HKDF_SHA256, material, kr_span_str("JFrameAuthenticationKey"), none, AUTH_KEY_LEN,
                      &key.auth);
    if (!err)
        err = kr_hkdf(KR_HKDF_SHA256, material, kr_span_str("JFrameSaltKey"), none, SALT_LEN, &key.salt);
    if (err)
        kr_jframe2021_key_done(&key);
    else
        *ret = key;
    return err;
}

void kr_jframe2021_key_done(struct kr_jframe2021_key *key)
{
    kr_secret_done(&key->enc);
    kr_secret_done(&key->auth);
    kr_secret_done(&key->salt);
    *key = (struct kr_jframe2021_key){0};
}

static size_t counter_len(uint64_t counter)
{
    size_t len = 1;
    while (len < COUNTER_MAX && counter >> (8 * len))
        len++;
    return len;
}

static size_t signature_at(const struct kr_jframe2021_header *h)
{
    return h->plain_len + h->tag_len + counter_len(h->counter);
}

/* The tag of a frame, which need not hold tag and signature yet: they count as zero. */
static void compute_tag(const struct kr_jframe2021_key *key, const struct kr_jframe2021_header *h,
                        const uint8_t *frame, uint8_t tag[static TAG_MAX])
{
    static const uint8_t zero[KR_P521_SIG_LEN];
    crypto_auth_hmacsha256_state st;
    uint8_t full[crypto_auth_hmacsha256_BYTES];
    size_t sig_len = h->is_signed ? KR_P521_SIG_LEN : 0;
    crypto_auth_hmacsha256_init(&st, key->auth.ptr, key->auth.len);
    crypto_auth_hmacsha256_update(&st, frame, h->plain_len);
    crypto_auth_hmacsha256_update(&st, zero, h->tag_len);
    crypto_auth_hmacsha256_update(&st, frame + h->plain_len + h->tag_len, counter_len(h->counter));
    crypto_auth_hmacsha256_update(&st, zero, sig_len);
    crypto_auth_hmacsha256_update(&st, frame + signature_at(h) + sig_len, 1);
    crypto_auth_hmacsha256_final(&st, full);
    memcpy(tag, full, h->tag_len);
    kr_wipe(&st, sizeof(st));
    kr_wipe(full, sizeof(full));
}

/* Both directions: the clear bytes as they are, the others through AES-CTR. */
static int run_cipher(const struct kr_jframe2021_key *key, const struct kr_jframe2021_header *h,
                      const uint8_t *in, uint8_t *out)
{
    uint8_t block[SALT_LEN];
    memcpy(block, key->salt.ptr, SALT_LEN);
    for (unsigned i = 0; i < COUNTER_MAX; i++)
        block[SALT_LEN - 1 - i] ^= (uint8_t)(h->counter >> (8 * i));
    memcpy(out, in, h->clear_len);
    int err = kr_aes_ctr(kr_secret_span(&key->enc), block,
                         kr_span(in + h->clear_len, h->plain_len - h->clear_len), out + h->clear_len);
    kr_wipe(block, sizeof(block));
    return err;
}

static void write_trailer(const struct kr_jframe2021_header *h, size_t frame_len, uint8_t *frame)
{
    size_t len = counter_len(h->counter);
    for (size_t i = 0; i < len; i++)
        frame[h->plain_len + h->tag_len + i] = (uint8_t)(h->counter >> (8 * (len - 1 - i)));
    frame[frame_len - 1] = (uint8_t)((h->is_signed ? SIGNED_BIT : 0) | (len - 1) << LEN_SHIFT | h->index);
}

int kr_jframe2021_seal(const struct kr_jframe2021_key *key, enum kr_jframe_kind kind, uint64_t counter,
                       const struct kr_secret *sign_with, struct kr_span plain, struct kr_buf *out)
{
    struct kr_jframe2021_header h = {.index = key->index,
                                     .is_signed = sign_with != NULL,
                                     .counter = counter,
                                     .clear_len = kr_jframe_clear_len(kind),
                                     .plain_len = plain.len,
                                     .tag_len = tag_lens[kind]};
    if (plain.len < h.clear_len || counter == 0)
        return KR_E_BAD_FRAME;
    if (plain.len > KR_FRAME_MAX)
        return KR_E_TOO_LARGE;
    size_t len = signature_at(&h) + (h.is_signed ? KR_P521_SIG_LEN : 0) + 1;
    if (out->err || len > out->max - out->len)
        return KR_E_TOO_LARGE;
    uint8_t *frame = kr_malloc(len);
    uint8_t tag[TAG_MAX];
    int err = run_cipher(key, &h, plain.ptr, frame);
    if (err)
        goto out;
    write_trailer(&h, len, frame);
    compute_tag(key, &h, frame, tag);
    memcpy(frame + h.plain_len, tag, h.tag_len);
    if (sign_with) {
        struct kr_p521_sig sig;
        err = kr_p521_sign(sign_with, kr_span(tag, h.tag_len), &sig);
        if (err)
            goto out;
        memcpy(frame + signature_at(&h), sig.b, sizeof(sig.b));
    }
    kr_buf_add(out, frame, len);
out:
    free(frame);
    return err;
}

int kr_jframe2021_parse(enum kr_jframe_kind kind, struct kr_span frame, struct kr_jframe2021_header *ret)
{
    struct kr_jframe2021_header h = {.clear_len = kr_jframe_clear_len(kind), .tag_len = tag_lens[kind]};
    if (frame.len == 0)
        return KR_E_BAD_FRAME;
    uint8_t last = frame.ptr[frame.len - 1];
    h.index = last & KID_MASK;
    h.is_signed = (last & SIGNED_BIT) != 0;
    size_t len = (size_t)(last >> LEN_SHIFT & LEN_MASK) + 1;
    size_t behind = h.tag_len + len + (h.is_signed ? KR_P521_SIG_LEN : 0) + 1;
    if (frame.len < h.clear_len + behind)
        return KR_E_BAD_FRAME;
    h.plain_len = frame.len - behind;
    for (size_t i = 0; i < len; i++)
        h.counter = h.counter << 8 | frame.ptr[h.plain_len + h.tag_len + i];
    if (h.counter == 0 || counter_len(h.counter) != len)
        return KR_E_BAD_FRAME;
    *ret = h;
    return 0;
}

int kr_jframe2021_open(const struct kr_jframe2021_key *key, enum kr_jframe_kind kind,
                       const struct kr_p521_public *signer, struct kr_span frame, struct kr_buf *out)
{
    struct kr_jframe2021_header h;
    uint8_t tag[TAG_MAX];
    int err = kr_jframe2021_parse(kind, frame, &h);
    if (err)
        return err;
    if (h.index != key->index || (h.is_signed && !signer))
        return KR_E_NO_KEY;
    if (signer && !h.is_signed)
        return KR_E_BAD_FRAME;
    if (h.plain_len > KR_FRAME_MAX || out->err || h.plain_len > out->max - out->len)
        return KR_E_TOO_LARGE;
    compute_tag(key, &h, frame.ptr, tag);
    if (sodium_memcmp(tag, frame.ptr + h.plain_len, h.tag_len) != 0)
        return KR_E_BAD_FRAME;
    if (signer) {
        struct kr_p521_sig sig;
        memcpy(sig.b, frame.ptr + signature_at(&h), sizeof(sig.b));
        if (!kr_p521_verify(signer, kr_span(tag, h.tag_len), &sig))
            return KR_E_BAD_FRAME;
    }
    uint8_t *plain = kr_malloc(h.plain_len);
    err = run_cipher(key, &h, frame.ptr, plain);
    if (!err)
        kr_buf_add(out, plain, h.plain_len);
    kr_wipe(plain, h.plain_len);
    free(plain);
    return err;
}
