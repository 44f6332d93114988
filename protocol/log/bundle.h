/* Proof bundles (C2SP tlog-proof; docs/protocol.md 11.7): that an entry is in a log, for who is offline. */
#ifndef KR_LOG_BUNDLE_H
#define KR_LOG_BUNDLE_H

#include "log/checkpoint.h"

struct kr_bundle {
    struct kr_span extra; /* not authenticated: openings of commitments; len 0: none */
    uint64_t index;
    struct kr_log_proof proof;
    struct kr_span note; /* the checkpoint with its signatures */
};

/* Appends the bundle. */
void kr_bundle_write(const struct kr_bundle *bundle, struct kr_buf *b);

/* Reads one; note is borrowed from the bytes, extra is decoded into *extra (emptied first), which must have a
 * ceiling of at least KR_BUNDLE_EXTRA_MAX. One that reads is written the same. KR_LOG_BUNDLE_TOO_LONG,
 * KR_LOG_BUNDLE_HEADER, KR_LOG_BUNDLE_EXTRA, KR_LOG_BUNDLE_INDEX, KR_LOG_BAD_HASH, KR_LOG_BUNDLE_CUT. The
 * note is not looked at. */
enum kr_log_verdict kr_bundle_read(struct kr_span bytes, struct kr_buf *extra, struct kr_bundle *ret_bundle);

/* Does it prove that the entry of this leaf hash stands in the log? What kr_checkpoint_open and
 * kr_inclusion_check find. */
enum kr_log_verdict kr_bundle_check(const struct kr_bundle *bundle, const struct kr_digest *leaf,
                                    const struct kr_checkpoint_trust *trust, struct kr_checkpoint *ret_c);

#endif
