/* The checkpoints of a log, opened: what takes longest of a check. All processors do it, in the order of the
 * sizes, while the caller walks through the entries. */
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

/* All rows of the key's origin. */
struct kr_signed_rows;

/* Begins to open them. NULL: they cannot be read, which was complained of. db and key outlive it. */
struct kr_signed_rows *kr_signed_begin(const char *db, const struct kr_note_key *key);
/* The next one by size, the caller's until the end. Instead of waiting the caller opens some itself. NULL:
 * there is none left, or kr_signed_end() will say that they could not be read. */
const struct kr_signed *kr_signed_next(struct kr_signed_rows *r);
/* 0, or 1: not all could be read, which was complained of: what was found so far means nothing. Frees r; NULL
 * is 1. */
int kr_signed_end(struct kr_signed_rows *r);

#endif
