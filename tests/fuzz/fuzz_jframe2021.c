/* JFrame of 2021, in three ways by the first byte: any bytes as a frame; a frame of ours, which opens, and
 * with a bit flipped or cut short does not; any bytes as a signature, and as a public key. */
#include "fuzz.h"
#include "input.h"

#include "frame/jframe2021.h"

/* The public key of RFC 6979 A.2.7. */
static const struct kr_p521_public signer = {
    .x = {0x01, 0x89, 0x45, 0x50, 0xd0, 0x78, 0x59, 0x32, 0xe0, 0x0e, 0xaa, 0x23, 0xb6, 0x94,
          0xf2, 0x13, 0xf8, 0xc3, 0x12, 0x1f, 0x86, 0xdc, 0x97, 0xa0, 0x4e, 0x5a, 0x71, 0x67,
          0xdb, 0x4e, 0x5b, 0xcd, 0x37, 0x11, 0x23, 0xd4, 0x6e, 0x45, 0xdb, 0x6b, 0x5d, 0x53,
          0x70, 0xa7, 0xf2, 0x0f, 0xb6, 0x33, 0x15, 0x5d, 0x38, 0xff, 0xa1, 0x6d, 0x2b, 0xd7,
          0x61, 0xdc, 0xac, 0x47, 0x4b, 0x9a, 0x2f, 0x50, 0x23, 0xa4},
    .y = {0x00, 0x49, 0x31, 0x01, 0xc9, 0x62, 0xcd, 0x4d, 0x2f, 0xdd, 0xf7, 0x82, 0x28, 0x5e,
          0x64, 0x58, 0x41, 0x39, 0xc2, 0xf9, 0x1b, 0x47, 0xf8, 0x7f, 0xf8, 0x23, 0x54, 0xd6,
          0x63, 0x0f, 0x74, 0x6a, 0x28, 0xa0, 0xdb, 0x25, 0x74, 0x1b, 0x5b, 0x34, 0xa8, 0x28,
          0x00, 0x8b, 0x22, 0xac, 0xc2, 0x3f, 0x92, 0x4f, 0xaa, 0xfb, 0xd4, 0xd3, 0x3f, 0x81,
          0xea, 0x66, 0x95, 0x6d, 0xfe, 0xaa, 0x2b, 0xfd, 0xfc, 0xf5},
};

static void make_key(const char *text, uint8_t index, enum kr_jframe2021_aes aes,
                     struct kr_jframe2021_key *ret)
{
    struct kr_secret material = KR_SECRET_NONE;
    kr_secret_set(&material, text, strlen(text));
    FUZZ_MUST(kr_jframe2021_key_init(&material, index, aes, ret) == 0);
    kr_secret_done(&material);
}

static void any_frame(struct kr_span frame)
{
    struct kr_buf out;
    kr_buf_init(&out, 1 << 20);
    for (enum kr_jframe_kind kind = KR_JFRAME_AUDIO; kind <= KR_JFRAME_VIDEO_DELTA; kind++) {
        struct kr_jframe2021_header h;
        struct kr_jframe2021_key key = {0};
        if (kr_jframe2021_parse(kind, frame, &h) != 0)
            continue;
        FUZZ_MUST(h.index < KR_JFRAME_RING && h.counter != 0 && h.clear_len <= h.plain_len);
        FUZZ_MUST(h.plain_len + h.tag_len + 2 <= frame.len);
        FUZZ_MUST(frame.len - h.plain_len <= KR_JFRAME2021_OVERHEAD_MAX);
        make_key("a key that never sealed anything", h.index, KR_JFRAME2021_AES_128, &key);
        FUZZ_MUST(kr_jframe2021_open(&key, kind, h.is_signed ? &signer : NULL, frame, &out) != 0);
        FUZZ_MUST(out.len == 0);
        kr_jframe2021_key_done(&key);
    }
    kr_buf_done(&out);
}

static void our_frame(struct fuzz_in *in)
{
    enum kr_jframe_kind kind = (enum kr_jframe_kind)fuzz_below(in, 3);
    enum kr_jframe2021_aes aes = fuzz_bool(in) ? KR_JFRAME2021_AES_256 : KR_JFRAME2021_AES_128;
    struct kr_jframe2021_key key = {0};
    struct kr_buf frame, out;
    kr_buf_init(&frame, 1 << 20);
    kr_buf_init(&out, 1 << 20);
    make_key("what seals", fuzz_u8(in), aes, &key);
    uint64_t counter = fuzz_u64(in);
    size_t where = fuzz_u16(in);
    uint8_t bit = (uint8_t)(1u << fuzz_below(in, 8));
    struct kr_span plain = kr_span(in->ptr, in->left);
    bool good = plain.len >= kr_jframe_clear_len(kind) && counter != 0;
    FUZZ_MUST((kr_jframe2021_seal(&key, kind, counter, NULL, plain, &frame) == 0) == good);
    if (!good)
        goto out;
    FUZZ_MUST(kr_jframe2021_open(&key, kind, NULL, kr_buf_span(&frame), &out) == 0);
    FUZZ_MUST(out.len == plain.len && memcmp(out.ptr, plain.ptr, plain.len) == 0);
    kr_buf_clear(&out);
    where %= frame.len;
    FUZZ_MUST(kr_jframe2021_open(&key, kind, NULL, kr_span(frame.ptr, where), &out) != 0);
    FUZZ_MUST(out.len == 0);
    frame.ptr[where] ^= bit;
    FUZZ_MUST(kr_jframe2021_open(&key, kind, NULL, kr_buf_span(&frame), &out) != 0);
    FUZZ_MUST(out.len == 0);
out:
    kr_jframe2021_key_done(&key);
    kr_buf_done(&frame);
    kr_buf_done(&out);
}

static void any_signature(const struct fuzz_in *in)
{
    struct kr_p521_sig sig = {{0}};
    struct kr_p521_public key;
    size_t len = in->left < sizeof(sig.b) ? in->left : sizeof(sig.b);
    if (len)
        memcpy(sig.b, in->ptr, len);
    memcpy(key.x, sig.b, sizeof(key.x));
    memcpy(key.y, sig.b + sizeof(key.x), sizeof(key.y));
    struct kr_span text = kr_span(in->ptr + len, in->left - len);
    FUZZ_MUST(!kr_p521_verify(&signer, text, &sig));
    FUZZ_MUST(!kr_p521_verify(&key, text, &sig));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_in in = {data, size};
    switch (fuzz_below(&in, 3)) {
    case 0:
        any_frame(kr_span(in.ptr, in.left));
        break;
    case 1:
        our_frame(&in);
        break;
    default:
        any_signature(&in);
    }
    return 0;
}
