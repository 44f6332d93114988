/* The checkpoints of a log, opened: what takes longest of a check, so all processors do it. */
#ifndef KR_TOOLS_AUDIT_SIGNED_H
#define KR_TOOLS_AUDIT_SIGNED_H

#include "audit_walk.h"

struct kr_signed {
    uint64_t row_size; /* as the row says */
    enum kr_log_verdict verdict;
    uint64_t size; /* as the note says, if it is one: verdict KR_LOG_OK */
    struct kr_digest root;
    bool row_fits; /* the row says the same */
};

/* All rows of the key's origin, by size. The caller frees them. NULL with *ret_count 0: there is none, or
 * they cannot be read, which was complained of: *ret_err. */
struct kr_signed *kr_audit_signed(const char *db, const struct kr_note_key *key, size_t *ret_count,
                                  int *ret_err);

#endif
