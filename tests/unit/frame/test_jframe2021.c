#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/err.h"
#include "base/limit.h"
#include "frame/jframe2021.h"

static const struct kind {
    enum kr_jframe_kind kind;
    size_t clear, tag;
} kinds[] = {{KR_JFRAME_AUDIO, 1, 4}, {KR_JFRAME_VIDEO_KEY, 10, 10}, {KR_JFRAME_VIDEO_DELTA, 3, 10}};

static const enum kr_jframe2021_aes sizes[] = {KR_JFRAME2021_AES_128, KR_JFRAME2021_AES_256};

static const char sixteen[] = "sixteen bytes...";

struct world {
    struct kr_jframe2021_key key;
    struct kr_secret d; /* of signer; the key of RFC 6979 A.2.7 */
    struct kr_p521_public signer;
    struct kr_buf frame, out;
};

static void unhex(uint8_t *out, size_t max, const char *hex)
{
    size_t len = 0;
    assert_int_equal(sodium_hex2bin(out, max, hex, strlen(hex), NULL, &len, NULL), 0);
    assert_int_equal(len, max);
}

static void make_key(const char *material, uint64_t index, enum kr_jframe2021_aes aes,
                     struct kr_jframe2021_key *ret)
{
    struct kr_secret s = KR_SECRET_NONE;
    kr_secret_set(&s, material, strlen(material));
    assert_int_equal(kr_jframe2021_key_init(&s, index, aes, ret), 0);
    kr_secret_done(&s);
}

static void world_init(struct world *w, enum kr_jframe2021_aes aes)
{
    *w = (struct world){0};
    make_key("material", 5, aes, &w->key);
    kr_secret_alloc(&w->d, KR_P521_LEN);
    unhex(w->d.ptr, KR_P521_LEN,
          "00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa8"
          "96eb32f1f47c70855836a6d16fcc1466f6d8fbec67db89ec0c08b0e996b83538");
    unhex(w->signer.x, KR_P521_LEN,
          "01894550d0785932e00eaa23b694f213f8c3121f86dc97a04e5a7167db4e5bcd3711"
          "23d46e45db6b5d5370a7f20fb633155d38ffa16d2bd761dcac474b9a2f5023a4");
    unhex(w->signer.y, KR_P521_LEN,
          "00493101c962cd4d2fddf782285e64584139c2f91b47f87ff82354d6630f746a28a0"
          "db25741b5b34a828008b22acc23f924faafbd4d33f81ea66956dfeaa2bfdfcf5");
    kr_buf_init(&w->frame, KR_FRAME_MAX + KR_JFRAME2021_OVERHEAD_MAX);
    kr_buf_init(&w->out, KR_FRAME_MAX);
}

static void world_done(struct world *w)
{
    kr_jframe2021_key_done(&w->key);
    kr_jframe2021_key_done(&w->key);
    kr_secret_done(&w->d);
    kr_buf_done(&w->frame);
    kr_buf_done(&w->out);
}

static void seal(struct world *w, enum kr_jframe_kind kind, uint64_t counter, bool is_signed,
                 struct kr_span plain)
{
    kr_buf_clear(&w->frame);
    assert_int_equal(kr_jframe2021_seal(&w->key, kind, counter, is_signed ? &w->d : NULL, plain, &w->frame),
                     0);
}

static int open_frame(struct world *w, enum kr_jframe_kind kind, bool is_signed, struct kr_span frame)
{
    return kr_jframe2021_open(&w->key, kind, is_signed ? &w->signer : NULL, frame, &w->out);
}

/* Computed in Python from the layout alone, with AES as a block cipher; Jitsi's own frames are in
 * tests/vectors. */
static void test_known(void **state)
{
    (void)state;
    static const struct {
        enum kr_jframe2021_aes aes;
        enum kr_jframe_kind kind;
        uint64_t counter;
        const char *frame;
    } wanted[] = {
        {KR_JFRAME2021_AES_128, KR_JFRAME_AUDIO, 0x0102,
         "738cf4d522e962a0e666983ad3e2f65e8e966a02e0fb42d00b9a554fb515b2e0488c8708655923010213"},
        {KR_JFRAME2021_AES_128, KR_JFRAME_VIDEO_KEY, UINT64_MAX,
         "7369787465656e206279de3dba8827526d90b670d20626d79ce68160737aa24e2bcfe44444c18b50f2e449497f"
         "ffffffffffffffff73"},
        {KR_JFRAME2021_AES_256, KR_JFRAME_AUDIO, 0x0102,
         "73057522426ffdd83a02d21d80e6bfcaf1c229b5f8e17f68c80a807ab7666565fb3810c150219a010213"},
        {KR_JFRAME2021_AES_256, KR_JFRAME_VIDEO_KEY, UINT64_MAX,
         "7369787465656e20627929e725bba160fe6e61915aa46b3ab58615b0b422d3984a72193331953579025571fc50"
         "ffffffffffffffff73"},
    };
    struct kr_secret material = KR_SECRET_NONE;
    kr_secret_alloc(&material, KR_JFRAME_MATERIAL_LEN);
    for (size_t i = 0; i < material.len; i++)
        material.ptr[i] = (uint8_t)i;
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        struct kr_jframe2021_key key;
        struct kr_buf frame;
        uint8_t want[64];
        size_t len = strlen(wanted[i].frame) / 2;
        kr_buf_init(&frame, 256);
        unhex(want, len, wanted[i].frame);
        assert_int_equal(kr_jframe2021_key_init(&material, 35, wanted[i].aes, &key), 0);
        assert_int_equal(key.index, 3);
        assert_int_equal(key.enc.len, (size_t)wanted[i].aes);
        assert_int_equal(kr_jframe2021_seal(&key, wanted[i].kind, wanted[i].counter, NULL,
                                            kr_span_str("sixteen bytes... and then some more"), &frame),
                         0);
        assert_int_equal(frame.len, len);
        assert_memory_equal(frame.ptr, want, len);
        kr_buf_done(&frame);
        kr_jframe2021_key_done(&key);
    }
    kr_secret_done(&material);
}

/* Every length of the counter, at both of its ends; plaintexts around the clear bytes and the block. */
static void check_shape(struct world *w, const struct kind *k, uint64_t counter, size_t counter_len,
                        size_t len)
{
    bool is_signed = len == 33; /* signing takes its time */
    size_t sig = is_signed ? KR_P521_SIG_LEN : 0;
    uint8_t plain[40];
    struct kr_jframe2021_header h;
    memset(plain, 0x77, sizeof(plain));
    seal(w, k->kind, counter, is_signed, kr_span(plain, len));
    kr_buf_clear(&w->out);
    const uint8_t *f = w->frame.ptr;
    assert_int_equal(w->frame.len, len + k->tag + counter_len + sig + 1);
    assert_true(w->frame.len <= len + KR_JFRAME2021_OVERHEAD_MAX);
    assert_memory_equal(f, plain, k->clear);
    for (size_t i = 0; i < counter_len; i++)
        assert_int_equal(f[len + k->tag + i], counter >> (8 * (counter_len - 1 - i)) & 0xff);
    assert_int_equal(f[w->frame.len - 1], (is_signed ? 0x80 : 0) | (counter_len - 1) << 4 | 5);
    assert_int_equal(kr_jframe2021_parse(k->kind, kr_buf_span(&w->frame), &h), 0);
    assert_int_equal(h.index, 5);
    assert_int_equal(h.is_signed, is_signed);
    assert_true(h.counter == counter);
    assert_int_equal(h.clear_len, k->clear);
    assert_int_equal(h.plain_len, len);
    assert_int_equal(h.tag_len, k->tag);
    assert_int_equal(open_frame(w, k->kind, is_signed, kr_buf_span(&w->frame)), 0);
    assert_int_equal(w->out.len, len);
    assert_memory_equal(w->out.ptr, plain, len);
}

static void test_shape(void **state)
{
    (void)state;
    for (size_t a = 0; a < 2; a++) {
        struct world w;
        world_init(&w, sizes[a]);
        for (size_t k = 0; k < 3; k++) {
            for (size_t counter_len = 1; counter_len <= 8; counter_len++) {
                uint64_t lowest = (uint64_t)1 << (8 * (counter_len - 1));
                uint64_t highest = UINT64_MAX >> (8 * (8 - counter_len));
                for (size_t len = kinds[k].clear; len < 40; len++) {
                    check_shape(&w, &kinds[k], lowest, counter_len, len);
                    check_shape(&w, &kinds[k], highest, counter_len, len);
                }
            }
        }
        world_done(&w);
    }
}

static void check_every_bit(struct world *w, enum kr_jframe_kind kind, bool is_signed)
{
    seal(w, kind, 0x010203, is_signed, kr_span_str(sixteen));
    struct kr_buf *f = &w->frame;
    for (size_t bit = 0; bit < f->len * 8; bit++) {
        bool in_signature = is_signed && bit / 8 < f->len - 1 && bit / 8 >= f->len - 1 - KR_P521_SIG_LEN;
        if (in_signature && bit % 8 != bit / 8 % 8)
            continue; /* one in each byte here; test_p521 flips all */
        f->ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
        int err = open_frame(w, kind, is_signed, kr_buf_span(f));
        bool index = bit / 8 == f->len - 1 && bit % 8 < 4;
        assert_int_equal(err, index ? KR_E_NO_KEY : KR_E_BAD_FRAME);
        assert_int_equal(w->out.len, 0);
        f->ptr[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(open_frame(w, kind, is_signed, kr_buf_span(f)), 0);
    kr_buf_clear(&w->out);
}

/* Cut at the end, and cut at the front. */
static void check_every_length(struct world *w, enum kr_jframe_kind kind, bool is_signed)
{
    for (size_t len = 0; len < w->frame.len; len++) {
        uint8_t *exact = malloc(len ? len : 1); /* so that a read past the end is seen */
        assert_non_null(exact);
        memcpy(exact, w->frame.ptr, len);
        int err = open_frame(w, kind, is_signed, kr_span(exact, len));
        assert_true(err == KR_E_BAD_FRAME || err == KR_E_NO_KEY); /* any byte may end it */
        memcpy(exact, w->frame.ptr + w->frame.len - len, len);
        assert_int_equal(open_frame(w, kind, is_signed, kr_span(exact, len)), KR_E_BAD_FRAME);
        free(exact);
    }
    assert_int_equal(w->out.len, 0);
}

static void test_every_bit_and_length(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, KR_JFRAME2021_AES_128);
    for (size_t k = 0; k < 3; k++) {
        for (int is_signed = 0; is_signed < 2; is_signed++) {
            check_every_bit(&w, kinds[k].kind, is_signed);
            check_every_length(&w, kinds[k].kind, is_signed);
        }
    }
    world_done(&w);
}

static void test_other_keys(void **state)
{
    (void)state;
    struct world w;
    struct kr_jframe2021_key other, longer, moved;
    world_init(&w, KR_JFRAME2021_AES_128);
    make_key("materiam", 5, KR_JFRAME2021_AES_128, &other);
    make_key("material", 5, KR_JFRAME2021_AES_256, &longer);
    make_key("material", 6, KR_JFRAME2021_AES_128, &moved);
    for (size_t k = 0; k < 3; k++) {
        enum kr_jframe_kind kind = kinds[k].kind;
        seal(&w, kind, 1, false, kr_span_str(sixteen));
        struct kr_span frame = kr_buf_span(&w.frame);
        assert_int_equal(kr_jframe2021_open(&other, kind, NULL, frame, &w.out), KR_E_BAD_FRAME);
        assert_int_equal(kr_jframe2021_open(&moved, kind, NULL, frame, &w.out), KR_E_NO_KEY);
        assert_int_equal(w.out.len, 0);
        /* The tag's key does not hang on the length of the other: it opens, to something else. */
        assert_int_equal(kr_jframe2021_open(&longer, kind, NULL, frame, &w.out), 0);
        assert_memory_equal(w.out.ptr, sixteen, kinds[k].clear);
        assert_memory_not_equal(w.out.ptr, sixteen, strlen(sixteen));
        kr_buf_clear(&w.out);
    }
    kr_jframe2021_key_done(&other);
    kr_jframe2021_key_done(&longer);
    kr_jframe2021_key_done(&moved);
    world_done(&w);
}

/* Who asks for a signature gets one, of whom it asked for; and none goes unseen. */
static void test_signers(void **state)
{
    (void)state;
    static const char plain[] =
        "long enough that a set bit S could stand for a signature: "
        "there have to be a hundred and thirty-two bytes in front of the last one, or more";
    struct world w;
    world_init(&w, KR_JFRAME2021_AES_256);
    seal(&w, KR_JFRAME_AUDIO, 77, false, kr_span_str(plain));
    assert_int_equal(open_frame(&w, KR_JFRAME_AUDIO, true, kr_buf_span(&w.frame)), KR_E_BAD_FRAME);
    seal(&w, KR_JFRAME_AUDIO, 77, true, kr_span_str(plain));
    assert_int_equal(open_frame(&w, KR_JFRAME_AUDIO, false, kr_buf_span(&w.frame)), KR_E_NO_KEY);
    struct kr_p521_public other = w.signer; /* the mirrored point is on the curve, too: y to p - y */
    memset(other.y, 0xff, sizeof(other.y));
    other.y[0] = 1;
    for (size_t i = 0; i < sizeof(other.y); i++)
        other.y[i] = (uint8_t)(other.y[i] - w.signer.y[i]); /* p is all ones: nothing is borrowed */
    assert_int_equal(kr_jframe2021_open(&w.key, KR_JFRAME_AUDIO, &other, kr_buf_span(&w.frame), &w.out),
                     KR_E_BAD_FRAME);
    assert_int_equal(w.out.len, 0);
    assert_int_equal(open_frame(&w, KR_JFRAME_AUDIO, true, kr_buf_span(&w.frame)), 0);
    /* Of another frame with another tag: */
    struct kr_buf second;
    kr_buf_init(&second, 1024);
    assert_int_equal(kr_jframe2021_seal(&w.key, KR_JFRAME_AUDIO, 78, &w.d, kr_span_str(plain), &second), 0);
    memcpy(w.frame.ptr + w.frame.len - 1 - KR_P521_SIG_LEN, second.ptr + second.len - 1 - KR_P521_SIG_LEN,
           KR_P521_SIG_LEN);
    assert_int_equal(open_frame(&w, KR_JFRAME_AUDIO, true, kr_buf_span(&w.frame)), KR_E_BAD_FRAME);
    kr_buf_done(&second);
    world_done(&w);
}

static void test_refused_to_seal(void **state)
{
    (void)state;
    struct world w;
    struct kr_secret bad_d = KR_SECRET_NONE;
    world_init(&w, KR_JFRAME2021_AES_128);
    kr_secret_alloc(&bad_d, KR_P521_LEN);
    kr_buf_add_str(&w.frame, "kept");
    uint8_t *big = calloc(1, KR_FRAME_MAX + 1);
    assert_non_null(big);
    for (size_t k = 0; k < 3; k++) {
        enum kr_jframe_kind kind = kinds[k].kind;
        for (size_t len = 0; len < kinds[k].clear; len++)
            assert_int_equal(
                kr_jframe2021_seal(&w.key, kind, 1, NULL, kr_span(len ? sixteen : NULL, len), &w.frame),
                KR_E_BAD_FRAME);
        assert_int_equal(kr_jframe2021_seal(&w.key, kind, 0, NULL, kr_span_str(sixteen), &w.frame),
                         KR_E_BAD_FRAME);
        assert_int_equal(kr_jframe2021_seal(&w.key, kind, 1, &bad_d, kr_span_str(sixteen), &w.frame),
                         KR_E_CRYPTO);
        assert_int_equal(kr_jframe2021_seal(&w.key, kind, 1, NULL, kr_span(big, KR_FRAME_MAX + 1), &w.frame),
                         KR_E_TOO_LARGE);
    }
    assert_int_equal(w.frame.len, 4);
    assert_memory_equal(w.frame.ptr, "kept", 4);
    assert_int_equal(w.frame.err, 0);
    seal(&w, KR_JFRAME_VIDEO_KEY, UINT64_MAX, true, kr_span(big, KR_FRAME_MAX));
    assert_int_equal(w.frame.len, KR_FRAME_MAX + KR_JFRAME2021_OVERHEAD_MAX);
    assert_int_equal(open_frame(&w, KR_JFRAME_VIDEO_KEY, true, kr_buf_span(&w.frame)), 0);
    assert_memory_equal(w.out.ptr, big, KR_FRAME_MAX);
    free(big);
    kr_secret_done(&bad_d);
    world_done(&w);
}

/* A buffer too small by one byte, on either side. */
static void test_ceilings(void **state)
{
    (void)state;
    struct world w;
    world_init(&w, KR_JFRAME2021_AES_128);
    seal(&w, KR_JFRAME_AUDIO, 300, false, kr_span_str(sixteen));
    for (size_t spare = 0; spare < 2; spare++) {
        struct kr_buf tight;
        int want = spare ? 0 : KR_E_TOO_LARGE;
        kr_buf_init(&tight, 3 + w.frame.len - 1 + spare);
        kr_buf_add_str(&tight, "abc");
        assert_int_equal(kr_jframe2021_seal(&w.key, KR_JFRAME_AUDIO, 300, NULL, kr_span_str(sixteen), &tight),
                         want);
        assert_int_equal(tight.len, spare ? 3 + w.frame.len : 3);
        assert_int_equal(tight.err, 0);
        kr_buf_done(&tight);
        kr_buf_init(&tight, 3 + strlen(sixteen) - 1 + spare);
        kr_buf_add_str(&tight, "abc");
        assert_int_equal(kr_jframe2021_open(&w.key, KR_JFRAME_AUDIO, NULL, kr_buf_span(&w.frame), &tight),
                         want);
        assert_int_equal(tight.len, spare ? 3 + strlen(sixteen) : 3);
        assert_int_equal(tight.err, 0);
        kr_buf_done(&tight);
    }
    kr_buf_clear(&w.frame); /* a frame that nobody seals */
    uint8_t *big = calloc(1, KR_FRAME_MAX + 1);
    assert_non_null(big);
    kr_buf_add(&w.frame, big, KR_FRAME_MAX + 1);
    kr_buf_add(&w.frame, "tag.\1\5", 6);
    assert_int_equal(open_frame(&w, KR_JFRAME_AUDIO, false, kr_buf_span(&w.frame)), KR_E_TOO_LARGE);
    free(big);
    world_done(&w);
}

/* Any bytes: parsing is total, and says what the layout says. */
static void test_any_bytes(void **state)
{
    (void)state;
    uint32_t x = 3;
    for (unsigned round = 0; round < 40000; round++) {
        uint8_t bytes[180];
        struct kr_jframe2021_header h = {.clear_len = 99};
        for (size_t i = 0; i < sizeof(bytes); i++) {
            x = x * 1664525u + 1013904223u;
            bytes[i] = x >> 30 ? (uint8_t)(x >> 22) : 0; /* zeros are what the counter trips over */
        }
        size_t len = (x >> 8) % (sizeof(bytes) + 1);
        const struct kind *k = &kinds[round % 3];
        bool good = len > 0, is_signed = false;
        size_t counter_len = 0;
        uint64_t counter = 0;
        if (good) {
            is_signed = bytes[len - 1] >> 7;
            counter_len = (bytes[len - 1] >> 4 & 7u) + 1;
            size_t behind = counter_len + (is_signed ? 132 : 0) + 1;
            good = len >= k->clear + k->tag + behind && bytes[len - behind] != 0;
            for (size_t i = 0; good && i < counter_len; i++)
                counter = counter << 8 | bytes[len - behind + i];
        }
        assert_int_equal(kr_jframe2021_parse(k->kind, kr_span(bytes, len), &h), good ? 0 : KR_E_BAD_FRAME);
        assert_int_equal(h.clear_len, good ? k->clear : 99);
        if (good) {
            assert_int_equal(h.index, bytes[len - 1] & 15);
            assert_int_equal(h.is_signed, is_signed);
            assert_true(h.counter == counter);
            assert_int_equal(h.plain_len + k->tag + counter_len + (is_signed ? 132 : 0) + 1, len);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_every_bit_and_length),
        cmocka_unit_test(test_other_keys),
        cmocka_unit_test(test_signers),
        cmocka_unit_test(test_refused_to_seal),
        cmocka_unit_test(test_ceilings),
        cmocka_unit_test(test_any_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
