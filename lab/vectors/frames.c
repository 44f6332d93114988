#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/limit.h"
#include "frames.h"

static int open_aead(const struct opener *o, struct kr_span frame, struct kr_buf *out)
{
    return kr_aead_open(o->alg, o->key, o->nonce, o->aad, frame, out);
}

static int open_sframe(const struct opener *o, struct kr_span frame, struct kr_buf *out)
{
    return kr_sframe_open(o->sframe, o->aad, frame, out);
}

static int open_jframe(const struct opener *o, struct kr_span frame, struct kr_buf *out)
{
    return kr_jframe_open(o->jframe, o->kind, frame, out);
}

void vector_sframe_header(struct vector *v)
{
    uint64_t kid = vector_u64(v, "kid"), ctr = vector_u64(v, "ctr");
    struct kr_span encoded = vector_hex(v, "encoded");
    uint8_t bytes[KR_SFRAME_HEADER_MAX];
    size_t len = kr_sframe_header_write(kid, ctr, bytes);
    vector_expect(v, kr_span(bytes, len), encoded, "the written header");
    struct kr_sframe_header h = {0};
    vector_check(v, kr_sframe_parse(encoded, &h) == 0 && h.kid == kid && h.ctr == ctr && h.len == encoded.len,
                 "the parsed header");
    for (size_t cut = 0; cut < encoded.len; cut++)
        vector_check(v, kr_sframe_parse(kr_span(encoded.ptr, cut), &h) == KR_E_BAD_FRAME,
                     "the refusal of a cut header");
}

void vector_sframe_ctr_hmac(struct vector *v)
{
    const struct kr_sframe_suite *suite = kr_sframe_suite((uint32_t)vector_u64(v, "cipher_suite"));
    struct kr_span enc = vector_hex(v, "enc_key"), auth = vector_hex(v, "auth_key");
    struct kr_span nonce = vector_hex(v, "nonce"), aad = vector_hex(v, "aad");
    struct kr_span plain = vector_hex(v, "pt"), ct = vector_hex(v, "ct");
    struct kr_secret key = KR_SECRET_NONE;
    struct kr_buf out;
    kr_buf_init(&out, KR_FRAME_MAX);
    vector_secret(v, "key", &key);
    vector_check(v, suite != NULL, "cipher_suite");
    vector_check(v, nonce.len == KR_AEAD_NONCE_LEN, "nonce");
    if (v->why[0] || !suite)
        goto out;
    struct kr_buf halves;
    kr_buf_init(&halves, KR_FRAME_MAX);
    kr_buf_add(&halves, enc.ptr, enc.len);
    kr_buf_add(&halves, auth.ptr, auth.len);
    vector_expect(v, kr_buf_span(&halves), kr_secret_span(&key), "enc_key || auth_key");
    kr_buf_done(&halves);
    vector_check(v, kr_aead_seal(suite->aead, &key, nonce.ptr, aad, plain, &out) == 0, "sealing");
    vector_expect(v, kr_buf_span(&out), ct, "the sealed ct");
    const struct opener o = {
        .open = open_aead, .alg = suite->aead, .key = &key, .nonce = nonce.ptr, .aad = aad};
    vector_check_open(v, &o, ct, plain);
out:
    kr_secret_done(&key);
    kr_buf_done(&out);
}

/* The value that HKDF-Expand gives for a label of the file: so the label itself is checked too. */
static void check_label(struct vector *v, enum kr_hkdf_hash hash, const struct kr_secret *secret,
                        const char *label, const struct kr_secret *made)
{
    struct kr_secret okm = KR_SECRET_NONE;
    vector_check(v, kr_hkdf_expand(hash, secret, vector_hex(v, label), made->len, &okm) == 0, label);
    vector_check(v, kr_secret_equal(&okm, made), label);
    kr_secret_done(&okm);
}

static void check_sframe_inputs(struct vector *v, const struct kr_secret *base_key,
                                const struct kr_sframe_key *key, uint64_t ctr, struct kr_span metadata)
{
    uint8_t nonce[KR_AEAD_NONCE_LEN], header[KR_SFRAME_HEADER_MAX];
    struct kr_buf aad;
    kr_buf_init(&aad, KR_FRAME_MAX);
    struct kr_secret secret = KR_SECRET_NONE;
    vector_check(v, kr_sframe_secret(key->suite, base_key, &secret) == 0, "sframe_secret");
    vector_expect(v, kr_secret_span(&secret), vector_hex(v, "sframe_secret"), "sframe_secret");
    vector_expect(v, kr_secret_span(&key->key), vector_hex(v, "sframe_key"), "sframe_key");
    vector_expect(v, kr_secret_span(&key->salt), vector_hex(v, "sframe_salt"), "sframe_salt");
    check_label(v, key->suite->hash, &secret, "sframe_key_label", &key->key);
    check_label(v, key->suite->hash, &secret, "sframe_salt_label", &key->salt);
    kr_sframe_nonce(key, ctr, nonce);
    vector_expect(v, kr_span(nonce, sizeof(nonce)), vector_hex(v, "nonce"), "nonce");
    kr_buf_add(&aad, header, kr_sframe_header_write(key->kid, ctr, header));
    kr_buf_add(&aad, metadata.ptr, metadata.len);
    vector_expect(v, kr_buf_span(&aad), vector_hex(v, "aad"), "aad");
    kr_buf_done(&aad);
    kr_secret_done(&secret);
}

void vector_sframe(struct vector *v)
{
    uint64_t suite = vector_u64(v, "cipher_suite"), kid = vector_u64(v, "kid"), ctr = vector_u64(v, "ctr");
    struct kr_span metadata = vector_hex(v, "metadata");
    struct kr_span plain = vector_hex(v, "pt"), ct = vector_hex(v, "ct");
    struct kr_secret base_key = KR_SECRET_NONE;
    struct kr_sframe_key key = {0};
    struct kr_buf out;
    kr_buf_init(&out, KR_FRAME_MAX);
    vector_secret(v, "base_key", &base_key);
    vector_check(v, suite <= UINT16_MAX && kr_sframe_key_init((uint32_t)suite, kid, &base_key, &key) == 0,
                 "the key derivation");
    if (v->why[0] || !key.suite)
        goto out;
    check_sframe_inputs(v, &base_key, &key, ctr, metadata);
    vector_check(v, kr_sframe_seal(&key, ctr, metadata, plain, &out) == 0, "sealing");
    vector_expect(v, kr_buf_span(&out), ct, "the sealed ct");
    const struct opener o = {.open = open_sframe, .sframe = &key, .aad = metadata};
    vector_check_open(v, &o, ct, plain);
    kr_buf_clear(&out);
    if (metadata.len) {
        uint8_t *other = kr_arena_alloc(&v->arena, metadata.len);
        memcpy(other, metadata.ptr, metadata.len);
        other[0] ^= 1;
        vector_check(v, kr_sframe_open(&key, kr_span(other, metadata.len), ct, &out) != 0,
                     "the refusal of other metadata");
    }
out:
    kr_secret_done(&base_key);
    kr_sframe_key_done(&key);
    kr_buf_done(&out);
}

void vector_jframe_gcm(struct vector *v)
{
    enum kr_jframe_kind kind = vector_frame_kind(v);
    uint64_t key_index = vector_u64(v, "key_index");
    struct kr_span plain = vector_hex(v, "plaintext"), frame = vector_hex(v, "frame");
    struct kr_secret material = KR_SECRET_NONE;
    struct kr_jframe_key key = {0};
    struct kr_jframe_header h = {0};
    struct kr_buf out;
    kr_buf_init(&out, KR_FRAME_MAX);
    vector_secret(v, "key", &material);
    vector_check(v, kr_jframe_key_init(&material, key_index, &key) == 0, "the key derivation");
    if (v->why[0])
        goto out;
    const struct opener o = {.open = open_jframe, .jframe = &key, .kind = kind};
    vector_check(v, kr_jframe_parse(o.kind, frame, &h) == 0, "the trailer");
    vector_check(v, h.index == key_index % KR_JFRAME_RING, "the key index of the frame");
    vector_check(v, h.iv.ssrc == vector_u64(v, "ssrc"), "the SSRC of the frame");
    vector_check(v, h.iv.rtp_timestamp == vector_u64(v, "rtp_timestamp"), "the RTP timestamp of the frame");
    vector_check(v, kr_jframe_seal(&key, o.kind, &h.iv, plain, &out) == 0, "sealing");
    vector_expect(v, kr_buf_span(&out), frame, "the sealed frame");
    vector_check_open(v, &o, frame, plain);
out:
    kr_secret_done(&material);
    kr_jframe_key_done(&key);
    kr_buf_done(&out);
}

void vector_jframe_ratchet(struct vector *v)
{
    struct kr_secret material = KR_SECRET_NONE;
    const json_t *list = vector_list(v, "ratcheted");
    vector_secret(v, "key", &material);
    for (size_t i = 0; i < json_array_size(list) && !v->why[0]; i++) {
        struct kr_span want = vector_hex_value(v, json_array_get(list, i), "ratcheted");
        vector_check(v, kr_jframe_ratchet(&material, &material) == 0, "ratcheting");
        vector_expect(v, kr_secret_span(&material), want, "the ratcheted key");
    }
    kr_secret_done(&material);
}
