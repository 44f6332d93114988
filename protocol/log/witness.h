/* What is said to a witness and back (C2SP tlog-witness; docs/protocol.md 11.5): the body of add-checkpoint
 * and of its answers. Both sides, since a witness of our own is short. */
#ifndef KR_LOG_WITNESS_H
#define KR_LOG_WITNESS_H

#include "log/checkpoint.h"

enum { KR_WITNESS_HASHES_MAX = 63 };

struct kr_witness_request {
    uint64_t old; /* size of the checkpoint that this witness cosigned last; 0: none yet */
    struct kr_log_proof
        proof;           /* that it is the beginning of the new one; empty if old is 0 or the same size */
    struct kr_span note; /* the new checkpoint; borrowed */
};

/* Appends the body of POST <prefix>/add-checkpoint. */
void kr_witness_request_add(struct kr_buf *b, const struct kr_witness_request *r);

/* KR_LOG_REQUEST_FORM, KR_LOG_BAD_HASH, KR_LOG_PROOF_LONG (over 63 hashes). The note is not looked at. */
enum kr_log_verdict kr_witness_request_read(struct kr_span body, struct kr_witness_request *ret_r);

/* The answer 409 (text/x.tlog.size): the size the witness knows. Larger than our tree, it means that our tree
 * was rolled back. KR_LOG_REQUEST_FORM. */
enum kr_log_verdict kr_witness_size(struct kr_span body, uint64_t *ret_size);

/* The answer 200: signature lines over the text of the checkpoint, of which at least one must be that of the
 * witness. What kr_note_check_lines finds. *ret_line is that line with its newline, borrowed from the body,
 * and may be appended to the note; of several the newest. What else is there nobody has verified: a line in
 * the log's name would spoil the note for all who open it. */
enum kr_log_verdict kr_witness_cosigned(struct kr_span body, struct kr_span text,
                                        const struct kr_note_key *witness, uint64_t *ret_time_s,
                                        struct kr_span *ret_line);

#endif
