/* Who signs notes: the log its checkpoints, a witness what it cosigns. Ed25519 is deterministic, so signing
 * is a function of its arguments. */
#ifndef KR_LOG_SIGNER_H
#define KR_LOG_SIGNER_H

#include "base/secret.h"
#include "log/note_key.h"

enum { KR_NOTE_SEED_LEN = 32 };

struct kr_note_signer {
    struct kr_note_key key;  /* what verifiers are given */
    struct kr_secret secret; /* owned */
};

/* Of a 32-byte seed (RFC 8032's private key). KR_LOG_KEY_FORM for another length, KR_LOG_KEY_NAME. */
enum kr_log_verdict kr_note_signer_init(enum kr_note_type type, const char *name,
                                        const struct kr_secret *seed, struct kr_note_signer *ret_signer);
void kr_note_signer_done(struct kr_note_signer *s);

/* An Ed25519 signature over a text (with its last newline), for a key of type KR_NOTE_ED25519. */
struct kr_sig kr_note_sign_text(const struct kr_note_signer *s, struct kr_span text);

/* Appends the signature line over a text (with its last newline). time_s, seconds since the epoch, is what a
 * cosignature states; other types do not look at it. */
void kr_note_sign(const struct kr_note_signer *s, struct kr_span text, uint64_t time_s, struct kr_buf *b);

/* Appends the whole note: text, empty line, the signer's line. Further lines may be appended to it. */
void kr_note_write(const struct kr_note_signer *s, struct kr_span text, struct kr_buf *b);

#endif
