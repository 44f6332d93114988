/* Signed notes (C2SP signed-note; docs/protocol.md 11.3): a text, an empty line, signature lines. */
#ifndef KR_LOG_NOTE_H
#define KR_LOG_NOTE_H

#include <stdbool.h>

#include "log/note_key.h"

/* A key that a note may be signed with, and what was found. */
struct kr_note_known {
    const struct kr_note_key *key; /* borrowed; no two are of one name and id */
    bool signed_it;                /* set: the note has a signature of this key, and it verifies */
    uint64_t time_s;     /* set, cosignatures only: the newest time stated, seconds since the epoch */
    struct kr_span line; /* set: the line of that signature with its newline, borrowed from the note */
};

/* Splits a note and verifies every signature of a known key; those of unknown keys are ignored, as they must
 * be. *ret_text, with its last newline, is borrowed from the note. In order of what is looked at first:
 * KR_LOG_NOTE_TOO_LONG, KR_LOG_NOTE_CUT, KR_LOG_NOTE_NOT_TEXT, KR_LOG_NOTE_NO_SIGNATURES,
 * KR_LOG_NOTE_SIGNATURE_LINE, KR_LOG_BAD_SIGNATURE (of any known key: the others then do not count either),
 * KR_LOG_UNSIGNED. Where it is not KR_LOG_OK, no key of known is left marked. */
enum kr_log_verdict kr_note_open(struct kr_span note, struct kr_note_known *known, size_t count,
                                 struct kr_span *ret_text);

/* The same for signature lines that came without their text, such as a witness's answer. */
enum kr_log_verdict kr_note_check_lines(struct kr_span text, struct kr_span lines,
                                        struct kr_note_known *known, size_t count);

/* What a cosignature signs (C2SP tlog-cosignature, Ed25519): two lines, then the text. Appends. */
void kr_cosignature_text(struct kr_buf *b, uint64_t time_s, struct kr_span text);

/* A signature line: `bytes` is what the key's type puts after the key id. Appends. */
void kr_note_add_line(struct kr_buf *b, const struct kr_note_key *key, struct kr_span bytes);

#endif
