/* SFrame, RFC 9605: header, key derivation, and the five cipher suites of its section 8.1.
 *
 * A frame is header || ciphertext || tag. The header is authenticated together with the metadata, which both
 * sides know by other means and which is not carried. In a keyroom room the base key and the KID are those of
 * docs/protocol.md 5.6 and 5.8. Counters are the caller's: under one key never one twice; what was received
 * is told to a kr_sframe_window. */
#ifndef KR_FRAME_SFRAME_H
#define KR_FRAME_SFRAME_H

#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/secret.h"
#include "base/span.h"
#include "frame/aead.h"
#include "frame/window.h"

enum { KR_SFRAME_HEADER_MAX = 17 }; /* config byte, KID and CTR of 8 bytes each */

struct kr_sframe_suite {
    uint16_t id; /* IANA number, 1 to 5 */
    const char *name;
    enum kr_aead aead;
    enum kr_hkdf_hash hash;
};

/* The suite with this number, or NULL. */
const struct kr_sframe_suite *kr_sframe_suite(uint32_t id);

struct kr_sframe_header {
    uint64_t kid, ctr;
    size_t len; /* bytes of the header itself */
};

/* Writes the header of its one shortest form; returns its length, at most KR_SFRAME_HEADER_MAX. */
size_t kr_sframe_header_write(uint64_t kid, uint64_t ctr, uint8_t out[static KR_SFRAME_HEADER_MAX]);

/* Reads the header at the start of any bytes. KR_E_BAD_FRAME if they end inside it, or if KID or CTR is not
 * in its shortest form: section 4.3 has senders write that, and so no header has two spellings. */
int kr_sframe_parse(struct kr_span frame, struct kr_sframe_header *ret);

struct kr_sframe_key {
    const struct kr_sframe_suite *suite;
    uint64_t kid;
    struct kr_secret key;  /* sframe_key */
    struct kr_secret salt; /* sframe_salt, KR_AEAD_NONCE_LEN bytes */
};

/* sframe_secret, from which key and salt of every KID of a base key follow; so no kr_sframe_key keeps it.
 * KR_E_CRYPTO if the library refuses. */
int kr_sframe_secret(const struct kr_sframe_suite *suite, const struct kr_secret *base_key,
                     struct kr_secret *ret_secret);

/* Derives key and salt (section 4.4.2) from a base key of any length; *ret is then the caller's, to
 * be given to kr_sframe_key_done. KR_E_CRYPTO for a suite that is not known. */
int kr_sframe_key_init(uint32_t suite, uint64_t kid, const struct kr_secret *base_key,
                       struct kr_sframe_key *ret);
void kr_sframe_key_done(struct kr_sframe_key *key); /* wipes; fine on a zeroed one */

/* The nonce of a counter: salt XOR counter (section 4.4.3). */
void kr_sframe_nonce(const struct kr_sframe_key *key, uint64_t ctr, uint8_t out[static KR_AEAD_NONCE_LEN]);

/* Appends the frame. Errors of kr_aead_seal; on failure the buffer's contents are unchanged. */
int kr_sframe_seal(const struct kr_sframe_key *key, uint64_t ctr, struct kr_span metadata,
                   struct kr_span plain, struct kr_buf *out);

/* Appends the plaintext of a frame. KR_E_BAD_FRAME if it is malformed or its tag does not verify, KR_E_NO_KEY
 * if its KID is another; otherwise errors of kr_aead_open. On failure the buffer's contents are unchanged. */
int kr_sframe_open(const struct kr_sframe_key *key, struct kr_span metadata, struct kr_span frame,
                   struct kr_buf *out);

#endif
