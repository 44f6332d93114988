/* JFrame as lib-jitsi-meet ships it: AES-128-GCM with a clear start that bridges can read.
 *
 *   clear bytes || ciphertext || tag (16) || IV (12) || 12 || key index
 *
 * The clear bytes (by kind of frame) are authenticated. The IV is SSRC, RTP timestamp and a counter per SSRC,
 * 32 bits each, big-endian; a receiver takes it as it stands, so JFrame itself has no protection against
 * replay. */
#ifndef KR_FRAME_JFRAME_H
#define KR_FRAME_JFRAME_H

#include <stdint.h>

#include "base/buf.h"
#include "base/secret.h"
#include "base/span.h"

enum kr_jframe_kind { KR_JFRAME_AUDIO, KR_JFRAME_VIDEO_KEY, KR_JFRAME_VIDEO_DELTA };

/* Bytes at the start of a frame of this kind that are not encrypted: 1, 10 or 3. */
size_t kr_jframe_clear_len(enum kr_jframe_kind kind);

enum {
    KR_JFRAME_RING = 16,         /* key indices are taken modulo this */
    KR_JFRAME_MATERIAL_LEN = 32, /* of what is distributed and ratcheted; other lengths work too */
    KR_JFRAME_OVERHEAD = 30,     /* bytes a frame grows by */
};

struct kr_jframe_iv {
    uint32_t ssrc, rtp_timestamp, counter;
};

struct kr_jframe_header {
    uint8_t index; /* 0 to 15 */
    struct kr_jframe_iv iv;
    size_t clear_len; /* bytes at the start that are not encrypted: 1, 10 or 3 */
};

struct kr_jframe_key {
    uint8_t index;        /* 0 to 15 */
    struct kr_secret key; /* 16 bytes */
};

/* The key of this material: HKDF-SHA-256, salt "JFrameEncryptionKey", empty info. key_index is taken
 * modulo 16. KR_E_CRYPTO if the library refuses. *ret is the caller's, to be given to kr_jframe_key_done. */
int kr_jframe_key_init(const struct kr_secret *material, uint64_t key_index, struct kr_jframe_key *ret);
void kr_jframe_key_done(struct kr_jframe_key *key); /* wipes; fine on a zeroed one */

/* The next material of Jitsi's ratchet: HKDF-SHA-256, salt "JFrameRatchetKey", 32 bytes. For vectors and
 * stock peers; in a keyroom room every change is a new index instead. */
int kr_jframe_ratchet(const struct kr_secret *material, struct kr_secret *ret_next);

/* Appends the frame. The caller never gives one IV twice under one key. KR_E_BAD_FRAME if plain is shorter
 * than the clear bytes of its kind; otherwise errors of kr_aead_seal. On failure the buffer's contents are
 * unchanged. */
int kr_jframe_seal(const struct kr_jframe_key *key, enum kr_jframe_kind kind, const struct kr_jframe_iv *iv,
                   struct kr_span plain, struct kr_buf *out);

/* Reads the trailer of any bytes. KR_E_BAD_FRAME if they are too short for their kind, the IV has not 12
 * bytes, or the index is above 15. */
int kr_jframe_parse(enum kr_jframe_kind kind, struct kr_span frame, struct kr_jframe_header *ret);

/* Appends the plaintext. KR_E_BAD_FRAME if the frame is malformed or its tag does not verify, KR_E_NO_KEY if
 * its index is another; otherwise errors of kr_aead_open. On failure the buffer's contents are unchanged. */
int kr_jframe_open(const struct kr_jframe_key *key, enum kr_jframe_kind kind, struct kr_span frame,
                   struct kr_buf *out);

#endif
