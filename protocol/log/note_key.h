/* The keys that notes are verified with (C2SP signed-note; docs/protocol.md 11.3): of logs (0x01, Ed25519)
 * and of witnesses (0x04, timestamped Ed25519 cosignatures). */
#ifndef KR_LOG_NOTE_KEY_H
#define KR_LOG_NOTE_KEY_H

#include "base/buf.h"
#include "base/id.h"
#include "base/limit.h"
#include "log/verdict.h"

enum kr_note_type { KR_NOTE_ED25519 = 0x01, KR_NOTE_COSIGNATURE = 0x04 };

enum { KR_NOTE_ID_LEN = 4 };

struct kr_note_key {
    char name[KR_NOTE_NAME_MAX + 1];
    enum kr_note_type type;
    uint8_t id[KR_NOTE_ID_LEN]; /* of name, type and key: set by the functions below */
    struct kr_key key;
};

/* A key of its parts. KR_LOG_KEY_NAME. */
enum kr_log_verdict kr_note_key_init(enum kr_note_type type, const char *name, const struct kr_key *key,
                                     struct kr_note_key *ret_key);

/* The text that verifiers are given (`vkey`): <name>+<id, 8 hex digits>+<base64 of type and key>. Reading:
 * KR_LOG_KEY_FORM, KR_LOG_KEY_NAME, KR_LOG_KEY_TYPE, KR_LOG_KEY_ID; *ret_key is then unchanged. */
void kr_note_key_add_text(struct kr_buf *b, const struct kr_note_key *key);
enum kr_log_verdict kr_note_key_read(struct kr_span text, struct kr_note_key *ret_key);

/* A key name: 1 to KR_NOTE_NAME_MAX bytes of UTF-8 without white space, control characters and '+'. */
bool kr_note_name_fits(struct kr_span name);

#endif
