/* What stanzas a rotation consisted of: how many of each kind, and their sizes. The floor sends the same. */
#ifndef KR_LOAD_RECORD_H
#define KR_LOAD_RECORD_H

#include <stdbool.h>
#include <stddef.h>

enum kr_record_kind {
    KR_REC_ANNOUNCE,
    KR_REC_ENVELOPE,
    KR_REC_ENVELOPE_RESULT,
    KR_REC_DELIVER,
    KR_REC_ACK,
    KR_REC_COMMIT,
    KR_REC_OTHER,
    KR_REC_KINDS
};

struct kr_sizes {
    size_t *bytes; /* owned */
    size_t len, cap;
};
struct kr_record {
    struct kr_sizes of[KR_REC_KINDS];
};

void kr_record_done(struct kr_record *r);
void kr_record_clear(struct kr_record *r);
void kr_record_add(struct kr_record *r, enum kr_record_kind kind, size_t bytes);

/* A line per kind: its name and sizes. KR_E_IO, KR_E_MALFORMED. */
int kr_record_write(const struct kr_record *r, const char *path);
int kr_record_read(const char *path, struct kr_record *ret_record);

#endif
