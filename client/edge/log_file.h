/* The newest checkpoint of the service's log, kept over restarts (docs/protocol.md 11.10): the key on a line,
 * then size, root and signature on another. Not secret; whoever can change it can hide a log that was set
 * back. */
#ifndef KR_EDGE_LOG_FILE_H
#define KR_EDGE_LOG_FILE_H

#include "log/note_key.h"
#include "message/request.h"

/* 0 with *ret_known false for a file that is not there yet; KR_E_MALFORMED for another one. */
int kr_log_file_read(const char *path, struct kr_note_key *ret_key, struct kr_log_claim *ret_seen,
                     bool *ret_known);
int kr_log_file_write(const char *path, const struct kr_note_key *key,
                      const struct kr_log_claim *seen); /* KR_E_IO */

#endif
