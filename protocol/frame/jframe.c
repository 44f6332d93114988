#include "frame/jframe.h"

#include "base/cursor.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/limit.h"
#include "frame/aead.h"

enum { ENC_KEY_LEN = 16, TAG_LEN = 16, IV_LEN = KR_AEAD_NONCE_LEN, TRAILER_LEN = IV_LEN + 2 };

/* UNENCRYPTED_BYTES of lib-jitsi-meet: what a bridge must read of VP8, and one byte of Opus. */
static const size_t clear_lens[] = {
    [KR_JFRAME_AUDIO] = 1,
    [KR_JFRAME_VIDEO_KEY] = 10,
    [KR_JFRAME_VIDEO_DELTA] = 3,
};

size_t kr_jframe_clear_len(enum kr_jframe_kind kind)
{
    return clear_lens[kind];
}

int kr_jframe_key_init(const struct kr_secret *material, uint64_t key_index, struct kr_jframe_key *ret)
{
    struct kr_jframe_key key = {.index = (uint8_t)(key_index % KR_JFRAME_RING)};
    int err = kr_hkdf(KR_HKDF_SHA256, material, kr_span_str("JFrameEncryptionKey"), kr_span(NULL, 0),
                      ENC_KEY_LEN, &key.key);
    if (!err)
        *ret = key;
    return err;
}

void kr_jframe_key_done(struct kr_jframe_key *key)
{
    kr_secret_done(&key->key);
    *key = (struct kr_jframe_key){0};
}

int kr_jframe_ratchet(const struct kr_secret *material, struct kr_secret *ret_next)
{
    return kr_hkdf(KR_HKDF_SHA256, material, kr_span_str("JFrameRatchetKey"), kr_span(NULL, 0),
                   KR_JFRAME_MATERIAL_LEN, ret_next);
}

static void iv_write(const struct kr_jframe_iv *iv, uint8_t out[static IV_LEN])
{
    const uint32_t words[] = {iv->ssrc, iv->rtp_timestamp, iv->counter};
    for (unsigned i = 0; i < IV_LEN; i++)
        out[i] = (uint8_t)(words[i / 4] >> (24 - 8 * (i % 4)));
}

int kr_jframe_seal(const struct kr_jframe_key *key, enum kr_jframe_kind kind, const struct kr_jframe_iv *iv,
                   struct kr_span plain, struct kr_buf *out)
{
    size_t clear = clear_lens[kind];
    uint8_t nonce[IV_LEN];
    struct kr_buf sealed;
    kr_buf_init(&sealed, KR_FRAME_MAX + TAG_LEN);
    int err = KR_E_BAD_FRAME;
    if (plain.len < clear)
        goto out;
    iv_write(iv, nonce);
    err = kr_aead_seal(KR_AEAD_AES_128_GCM, &key->key, nonce, kr_span(plain.ptr, clear),
                       kr_span(plain.ptr + clear, plain.len - clear), &sealed);
    if (err)
        goto out;
    err = KR_E_TOO_LARGE;
    if (out->err || clear + sealed.len + TRAILER_LEN > out->max - out->len)
        goto out;
    kr_buf_add(out, plain.ptr, clear);
    kr_buf_add(out, sealed.ptr, sealed.len);
    kr_buf_add(out, nonce, sizeof(nonce));
    kr_buf_add_u8(out, IV_LEN);
    kr_buf_add_u8(out, key->index);
    err = 0;
out:
    kr_buf_done(&sealed);
    return err;
}

int kr_jframe_parse(enum kr_jframe_kind kind, struct kr_span frame, struct kr_jframe_header *ret)
{
    struct kr_jframe_header h = {.clear_len = clear_lens[kind]};
    if (frame.len < h.clear_len + TAG_LEN + TRAILER_LEN)
        return KR_E_BAD_FRAME;
    struct kr_cursor c = kr_cursor(kr_span(frame.ptr + frame.len - TRAILER_LEN, TRAILER_LEN));
    h.iv.ssrc = kr_cursor_u32(&c);
    h.iv.rtp_timestamp = kr_cursor_u32(&c);
    h.iv.counter = kr_cursor_u32(&c);
    uint8_t iv_len = kr_cursor_u8(&c);
    h.index = kr_cursor_u8(&c);
    if (iv_len != IV_LEN || h.index >= KR_JFRAME_RING)
        return KR_E_BAD_FRAME;
    *ret = h;
    return 0;
}

int kr_jframe_open(const struct kr_jframe_key *key, enum kr_jframe_kind kind, struct kr_span frame,
                   struct kr_buf *out)
{
    struct kr_jframe_header h;
    int err = kr_jframe_parse(kind, frame, &h);
    if (err)
        return err;
    if (h.index != key->index)
        return KR_E_NO_KEY;
    struct kr_span clear = kr_span(frame.ptr, h.clear_len);
    struct kr_span sealed = kr_span(frame.ptr + h.clear_len, frame.len - h.clear_len - TRAILER_LEN);
    struct kr_buf plain;
    kr_buf_init(&plain, KR_FRAME_MAX);
    err = kr_aead_open(KR_AEAD_AES_128_GCM, &key->key, frame.ptr + frame.len - TRAILER_LEN, clear, sealed,
                       &plain);
    if (err)
        goto out;
    err = KR_E_TOO_LARGE;
    if (out->err || clear.len + plain.len > out->max - out->len)
        goto out;
    kr_buf_add(out, clear.ptr, clear.len);
    kr_buf_add(out, plain.ptr, plain.len);
    err = 0;
out:
    kr_buf_done(&plain);
    return err;
}
