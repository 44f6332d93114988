/* JFrame as lib-jitsi-meet had it from September 2020 to April 2021, signed from October to March. For
 * vectors only: no client offers it.
 *
 *   clear bytes || ciphertext || tag || counter || [signature (132)] || S LEN KID
 *
 * The clear bytes are those of frame/jframe.h. The ciphertext is AES-CTR; its first counter block is the salt
 * XOR the frame's counter. The tag is HMAC-SHA-256 over the whole frame with tag and signature zero, cut to 4
 * bytes (audio) or 10 (video). The counter is big-endian in its shortest form, 1 to 8 bytes. The signature is
 * ECDSA P-521 over the cut tag. The last byte has 1 bit S (signed), 3 bits LEN (bytes of the counter, less
 * one) and 4 bits KID (key index).
 *
 * The format has limits of its own: a tag of audio is forged once in 2^32, and what kind of video a frame is,
 * the tag does not cover. Counters are the caller's: under one key never one twice; nothing here drops a
 * replay. */
#ifndef KR_FRAME_JFRAME2021_H
#define KR_FRAME_JFRAME2021_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/secret.h"
#include "base/span.h"
#include "frame/jframe.h"
#include "frame/p521.h"

enum { KR_JFRAME2021_OVERHEAD_MAX = 10 + 8 + KR_P521_SIG_LEN + 1 }; /* bytes a frame grows by, at most */

/* Bytes of the AES key. */
enum kr_jframe2021_aes {
    KR_JFRAME2021_AES_128 = 16, /* as it was shipped */
    KR_JFRAME2021_AES_256 = 32, /* as it was announced */
};

struct kr_jframe2021_header {
    uint8_t index; /* 0 to 15 */
    bool is_signed;
    uint64_t counter; /* at least 1 */
    size_t clear_len; /* bytes at the start that are not encrypted: 1, 10 or 3 */
    size_t plain_len; /* bytes of the plaintext, clear ones included; the tag stands behind them */
    size_t tag_len;   /* bytes: 4 or 10 */
};

struct kr_jframe2021_key {
    uint8_t index;         /* 0 to 15 */
    struct kr_secret enc;  /* 16 or 32 bytes */
    struct kr_secret auth; /* 64 bytes: WebCrypto makes HMAC keys as long as a block of the hash */
    struct kr_secret salt; /* 16 bytes */
};

/* The keys of this material: HKDF-SHA-256, salts "JFrameEncryptionKey", "JFrameAuthenticationKey" and
 * "JFrameSaltKey", empty info. key_index is taken modulo 16. KR_E_CRYPTO if the library refuses; *ret is then
 * unchanged. Otherwise it is the caller's, to be given to kr_jframe2021_key_done. */
int kr_jframe2021_key_init(const struct kr_secret *material, uint64_t key_index, enum kr_jframe2021_aes aes,
                           struct kr_jframe2021_key *ret);
void kr_jframe2021_key_done(struct kr_jframe2021_key *key); /* wipes; fine on a zeroed one */

/* Appends the frame, signed if sign_with, a private key of frame/p521.h, is not NULL. KR_E_BAD_FRAME if plain
 * is shorter than the clear bytes of its kind, or counter is 0, which the format cannot write; KR_E_TOO_LARGE
 * above KR_FRAME_MAX bytes or the buffer's ceiling; KR_E_CRYPTO for a bad private key or if the library
 * refuses. On failure the buffer's contents are unchanged. */
int kr_jframe2021_seal(const struct kr_jframe2021_key *key, enum kr_jframe_kind kind, uint64_t counter,
                       const struct kr_secret *sign_with, struct kr_span plain, struct kr_buf *out);

/* Reads the trailer of any bytes. KR_E_BAD_FRAME if they are too short for their kind and trailer, or if the
 * counter is 0 or not in its shortest form; *ret is then unchanged. */
int kr_jframe2021_parse(enum kr_jframe_kind kind, struct kr_span frame, struct kr_jframe2021_header *ret);

/* Appends the plaintext. With a signer, only what it signed is opened; without, only what is not signed, so
 * that no signature goes unseen. KR_E_BAD_FRAME if the frame is malformed, its tag or signature does not
 * verify, or it lacks the signature; KR_E_NO_KEY if its index is another, or it is signed and signer is NULL;
 * KR_E_TOO_LARGE and KR_E_CRYPTO as above. On failure the buffer's contents are unchanged. */
int kr_jframe2021_open(const struct kr_jframe2021_key *key, enum kr_jframe_kind kind,
                       const struct kr_p521_public *signer, struct kr_span frame, struct kr_buf *out);

#endif
