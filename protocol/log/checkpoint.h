/* Checkpoints (C2SP tlog-checkpoint; docs/protocol.md 11.4, 11.5): what a log says its tree is, in a signed
 * note of three lines. */
#ifndef KR_LOG_CHECKPOINT_H
#define KR_LOG_CHECKPOINT_H

#include "log/note.h"
#include "log/proof.h"

struct kr_checkpoint {
    char origin[KR_NOTE_NAME_MAX + 1]; /* which log; also the name of its key */
    uint64_t size;                     /* entries */
    struct kr_digest root;
};

/* Appends the text that is signed. */
void kr_checkpoint_text(const struct kr_checkpoint *c, struct kr_buf *b);

/* Reads the text of a note; one that reads is written the same. KR_LOG_CHECKPOINT_CUT, KR_LOG_WRONG_ORIGIN
 * (not of a key name's form), KR_LOG_CHECKPOINT_SIZE, KR_LOG_CHECKPOINT_ROOT, KR_LOG_CHECKPOINT_EMPTY,
 * KR_LOG_CHECKPOINT_EXTRA. */
enum kr_log_verdict kr_checkpoint_read(struct kr_span text, struct kr_checkpoint *ret_c);

/* Whom a checkpoint must be signed by. */
struct kr_checkpoint_trust {
    const struct kr_note_key *log; /* its name is the origin */
    const struct kr_note_key *witnesses;
    size_t witness_count; /* at most KR_WITNESSES_MAX */
    size_t quorum;        /* so many of them must have cosigned; 0: none need have */
};

/* Opens a note: the log's signature and the quorum of witnesses, then the text. What kr_note_open and
 * kr_checkpoint_read find; KR_LOG_UNSIGNED without the log's own signature, KR_LOG_UNWITNESSED,
 * KR_LOG_WRONG_ORIGIN for another origin than the key's name, KR_LOG_KEY_TYPE for a trust of the wrong types.
 */
enum kr_log_verdict kr_checkpoint_open(struct kr_span note, const struct kr_checkpoint_trust *trust,
                                       struct kr_checkpoint *ret_c);

/* May a client that holds `from` take `to` in its place? KR_LOG_WRONG_ORIGIN; KR_LOG_ROLLED_BACK;
 * KR_LOG_FORKED; anything follows from an empty tree without proof; else as kr_consistency_check. Each but
 * KR_LOG_OK is an alarm: two checkpoints signed by one log that no honest log signs, or a proof withheld. */
enum kr_log_verdict kr_checkpoint_follows(const struct kr_checkpoint *from, const struct kr_checkpoint *to,
                                          const struct kr_digest *hashes, size_t count);

#endif
