#include <sodium.h>
#include <string.h>

#include "base/limit.h"
#include "frames.h"

static int open_jframe2021(const struct opener *o, struct kr_span frame, struct kr_buf *out)
{
    return kr_jframe2021_open(o->jframe2021, o->kind, o->signer, frame, out);
}

/* What a case of either kind holds. */
struct ctr_case {
    enum kr_jframe_kind kind;
    uint64_t counter;
    struct kr_span plain, frame;
    struct kr_jframe2021_key key;
    struct kr_jframe2021_header header;
};

/* Reads it, and holds the trailer of the frame against its fields. */
static void read_case(struct vector *v, bool is_signed, struct ctr_case *ret)
{
    struct kr_secret material = KR_SECRET_NONE;
    uint64_t key_index = vector_u64(v, "key_index");
    ret->kind = vector_frame_kind(v);
    ret->counter = vector_u64(v, "counter");
    ret->plain = vector_hex(v, "plaintext");
    ret->frame = vector_hex(v, "frame");
    vector_secret(v, "key", &material);
    vector_check(v, kr_jframe2021_key_init(&material, key_index, KR_JFRAME2021_AES_128, &ret->key) == 0,
                 "the key derivation");
    vector_check(v, kr_jframe2021_parse(ret->kind, ret->frame, &ret->header) == 0, "the trailer");
    vector_check(v, ret->header.index == key_index, "the key index of the frame");
    vector_check(v, ret->header.counter == ret->counter, "the counter of the frame");
    vector_check(v, ret->header.is_signed == is_signed, "the signature bit of the frame");
    kr_secret_done(&material);
}

void vector_jframe_ctr(struct vector *v)
{
    struct ctr_case c = {0};
    struct kr_buf out;
    kr_buf_init(&out, KR_FRAME_MAX);
    read_case(v, false, &c);
    if (v->why[0])
        goto out;
    vector_check(v, kr_jframe2021_seal(&c.key, c.kind, c.counter, NULL, c.plain, &out) == 0, "sealing");
    vector_expect(v, kr_buf_span(&out), c.frame, "the sealed frame");
    const struct opener o = {.open = open_jframe2021, .jframe2021 = &c.key, .kind = c.kind};
    vector_check_open(v, &o, c.frame, c.plain);
out:
    kr_jframe2021_key_done(&c.key);
    kr_buf_done(&out);
}

/* A number of a JWK: KR_P521_LEN bytes in base64url without padding. */
static void jwk_number(struct vector *v, const json_t *value, const char *name, uint8_t *out)
{
    const char *text = json_string_value(value), *end = NULL;
    size_t text_len = text ? json_string_length(value) : 0, len = 0;
    bool ok = text &&
              sodium_base642bin(out, KR_P521_LEN, text, text_len, NULL, &len, &end,
                                sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
              len == KR_P521_LEN && end == text + text_len;
    vector_check(v, ok, name);
}

static void read_jwk(struct vector *v, struct kr_p521_public *ret)
{
    const json_t *jwk = json_object_get(v->json, "public_jwk");
    const char *type = json_string_value(json_object_get(jwk, "kty"));
    const char *curve = json_string_value(json_object_get(jwk, "crv"));
    vector_check(v, type && strcmp(type, "EC") == 0, "kty");
    vector_check(v, curve && strcmp(curve, "P-521") == 0, "crv");
    jwk_number(v, json_object_get(jwk, "x"), "x", ret->x);
    jwk_number(v, json_object_get(jwk, "y"), "y", ret->y);
}

/* Ours is theirs but for the signature, which differs each time: it has to verify under their key. */
static void check_seal_signed(struct vector *v, const struct ctr_case *c, const struct kr_secret *d,
                              const struct kr_p521_public *signer)
{
    struct kr_buf ours, plain;
    size_t unsigned_len = c->frame.len - 1 - KR_P521_SIG_LEN;
    kr_buf_init(&ours, KR_FRAME_MAX);
    kr_buf_init(&plain, KR_FRAME_MAX);
    vector_check(v, kr_jframe2021_seal(&c->key, c->kind, c->counter, d, c->plain, &ours) == 0, "sealing");
    vector_check(v, ours.len == c->frame.len, "the length of the sealed frame");
    if (v->why[0])
        goto out;
    vector_expect(v, kr_span(ours.ptr, unsigned_len), kr_span(c->frame.ptr, unsigned_len),
                  "the sealed frame before its signature");
    vector_check(v, ours.ptr[ours.len - 1] == c->frame.ptr[c->frame.len - 1],
                 "the last byte of the sealed frame");
    vector_check(v, kr_jframe2021_open(&c->key, c->kind, signer, kr_buf_span(&ours), &plain) == 0,
                 "opening what private_d signed");
    vector_expect(v, kr_buf_span(&plain), c->plain, "the plaintext of what private_d signed");
out:
    kr_buf_done(&ours);
    kr_buf_done(&plain);
}

void vector_jframe_ctr_signed(struct vector *v)
{
    struct ctr_case c = {0};
    struct kr_p521_public signer = {0};
    struct kr_secret d = KR_SECRET_NONE;
    read_case(v, true, &c);
    read_jwk(v, &signer);
    kr_secret_alloc(&d, KR_P521_LEN);
    jwk_number(v, json_object_get(v->json, "private_d"), "private_d", d.ptr);
    if (v->why[0])
        goto out;
    check_seal_signed(v, &c, &d, &signer);
    const struct opener o = {
        .open = open_jframe2021, .jframe2021 = &c.key, .kind = c.kind, .signer = &signer};
    vector_check_open(v, &o, c.frame, c.plain);
out:
    kr_secret_done(&d);
    kr_jframe2021_key_done(&c.key);
}
