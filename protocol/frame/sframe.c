#include "frame/sframe.h"

#include <string.h>

#include "base/err.h"
#include "base/hash.h"

static const struct kr_sframe_suite suites[] = {
    {1, "AES_128_CTR_HMAC_SHA256_80", KR_AEAD_AES_128_CTR_HMAC_SHA256_80, KR_HKDF_SHA256},
    {2, "AES_128_CTR_HMAC_SHA256_64", KR_AEAD_AES_128_CTR_HMAC_SHA256_64, KR_HKDF_SHA256},
    {3, "AES_128_CTR_HMAC_SHA256_32", KR_AEAD_AES_128_CTR_HMAC_SHA256_32, KR_HKDF_SHA256},
    {4, "AES_128_GCM_SHA256_128", KR_AEAD_AES_128_GCM, KR_HKDF_SHA256},
    {5, "AES_256_GCM_SHA512_128", KR_AEAD_AES_256_GCM, KR_HKDF_SHA512},
};

const struct kr_sframe_suite *kr_sframe_suite(uint32_t id)
{
    for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
        if (suites[i].id == id)
            return &suites[i];
    }
    return NULL;
}

/* The config byte holds KID and CTR as four bits each: below 8 the value itself, else 8 + (bytes that follow
 * - 1). */
static unsigned field_write(uint64_t v, uint8_t *out, size_t *pos)
{
    if (v < 8)
        return (unsigned)v;
    unsigned bytes = 1;
    while (bytes < 8 && v >> (8 * bytes))
        bytes++;
    for (unsigned i = bytes; i-- > 0;)
        out[(*pos)++] = (uint8_t)(v >> (8 * i));
    return 8 + bytes - 1;
}

static int field_read(struct kr_span frame, size_t *pos, unsigned nibble, uint64_t *ret)
{
    if (nibble < 8) {
        *ret = nibble;
        return 0;
    }
    size_t bytes = nibble - 8 + 1;
    if (frame.len - *pos < bytes)
        return KR_E_BAD_FRAME;
    uint64_t v = 0;
    for (size_t i = 0; i < bytes; i++)
        v = v << 8 | frame.ptr[*pos + i];
    if (v < 8 || (bytes > 1 && frame.ptr[*pos] == 0))
        return KR_E_BAD_FRAME;
    *pos += bytes;
    *ret = v;
    return 0;
}

size_t kr_sframe_header_write(uint64_t kid, uint64_t ctr, uint8_t out[static KR_SFRAME_HEADER_MAX])
{
    size_t len = 1;
    unsigned k = field_write(kid, out, &len);
    unsigned c = field_write(ctr, out, &len);
    out[0] = (uint8_t)(k << 4 | c);
    return len;
}

int kr_sframe_parse(struct kr_span frame, struct kr_sframe_header *ret)
{
    struct kr_sframe_header h = {.len = 1};
    if (frame.len == 0)
        return KR_E_BAD_FRAME;
    int err = field_read(frame, &h.len, frame.ptr[0] >> 4, &h.kid);
    if (!err)
        err = field_read(frame, &h.len, frame.ptr[0] & 15, &h.ctr);
    if (!err)
        *ret = h;
    return err;
}

/* sframe_key_label and sframe_salt_label: text || KID (8 bytes) || suite (2 bytes). */
static int expand(const struct kr_sframe_key *key, const struct kr_secret *secret, const char *text,
                  size_t len, struct kr_secret *ret)
{
    struct kr_buf label;
    kr_buf_init(&label, 64);
    kr_buf_add_str(&label, text);
    kr_buf_add_u64(&label, key->kid);
    kr_buf_add_u16(&label, key->suite->id);
    int err = label.err;
    if (!err)
        err = kr_hkdf_expand(key->suite->hash, secret, kr_buf_span(&label), len, ret);
    kr_buf_done(&label);
    return err;
}

int kr_sframe_secret(const struct kr_sframe_suite *suite, const struct kr_secret *base_key,
                     struct kr_secret *ret_secret)
{
    return kr_hkdf_extract(suite->hash, base_key, kr_span(NULL, 0), ret_secret);
}

int kr_sframe_key_init(uint32_t suite, uint64_t kid, const struct kr_secret *base_key,
                       struct kr_sframe_key *ret)
{
    struct kr_sframe_key key = {.suite = kr_sframe_suite(suite), .kid = kid};
    struct kr_secret secret = KR_SECRET_NONE;
    if (!key.suite)
        return KR_E_CRYPTO;
    int err = kr_sframe_secret(key.suite, base_key, &secret);
    if (err)
        goto out;
    err = expand(&key, &secret, "SFrame 1.0 Secret key ", kr_aead_sizes(key.suite->aead).key_len, &key.key);
    if (err)
        goto out;
    err = expand(&key, &secret, "SFrame 1.0 Secret salt ", KR_AEAD_NONCE_LEN, &key.salt);
    if (err)
        goto out;
    *ret = key;
    key = (struct kr_sframe_key){0}; /* transferred */
out:
    kr_secret_done(&secret);
    kr_sframe_key_done(&key);
    return err;
}

void kr_sframe_key_done(struct kr_sframe_key *key)
{
    kr_secret_done(&key->key);
    kr_secret_done(&key->salt);
    *key = (struct kr_sframe_key){0};
}

void kr_sframe_nonce(const struct kr_sframe_key *key, uint64_t ctr, uint8_t out[static KR_AEAD_NONCE_LEN])
{
    memcpy(out, key->salt.ptr, KR_AEAD_NONCE_LEN);
    for (unsigned i = 0; i < 8; i++)
        out[KR_AEAD_NONCE_LEN - 1 - i] ^= (uint8_t)(ctr >> (8 * i));
}

static int make_aad(struct kr_span header, struct kr_span metadata, struct kr_buf *aad)
{
    kr_buf_add(aad, header.ptr, header.len);
    kr_buf_add(aad, metadata.ptr, metadata.len);
    return aad->err;
}

int kr_sframe_seal(const struct kr_sframe_key *key, uint64_t ctr, struct kr_span metadata,
                   struct kr_span plain, struct kr_buf *out)
{
    uint8_t header[KR_SFRAME_HEADER_MAX], nonce[KR_AEAD_NONCE_LEN];
    size_t header_len = kr_sframe_header_write(key->kid, ctr, header);
    struct kr_buf aad, sealed;
    kr_buf_init(&aad, KR_FRAME_MAX);
    kr_buf_init(&sealed, KR_FRAME_MAX + KR_AEAD_TAG_MAX);
    int err = make_aad(kr_span(header, header_len), metadata, &aad);
    if (err)
        goto out;
    kr_sframe_nonce(key, ctr, nonce);
    err = kr_aead_seal(key->suite->aead, &key->key, nonce, kr_buf_span(&aad), plain, &sealed);
    if (err)
        goto out;
    err = KR_E_TOO_LARGE;
    if (out->err || header_len + sealed.len > out->max - out->len)
        goto out;
    kr_buf_add(out, header, header_len);
    kr_buf_add(out, sealed.ptr, sealed.len);
    err = 0;
out:
    kr_buf_done(&aad);
    kr_buf_done(&sealed);
    return err;
}

int kr_sframe_open(const struct kr_sframe_key *key, struct kr_span metadata, struct kr_span frame,
                   struct kr_buf *out)
{
    struct kr_sframe_header h;
    uint8_t nonce[KR_AEAD_NONCE_LEN];
    struct kr_buf aad;
    kr_buf_init(&aad, KR_FRAME_MAX);
    int err = kr_sframe_parse(frame, &h);
    if (err)
        goto out;
    err = KR_E_NO_KEY;
    if (h.kid != key->kid)
        goto out;
    err = make_aad(kr_span(frame.ptr, h.len), metadata, &aad);
    if (err)
        goto out;
    kr_sframe_nonce(key, h.ctr, nonce);
    err = kr_aead_open(key->suite->aead, &key->key, nonce, kr_buf_span(&aad),
                       kr_span(frame.ptr + h.len, frame.len - h.len), out);
out:
    kr_buf_done(&aad);
    return err;
}
