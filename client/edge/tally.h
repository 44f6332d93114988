/* Counts synthetic frames by sender and epoch, so that a checker can compare what was sealed with what was
 * opened. */
#ifndef KR_EDGE_TALLY_H
#define KR_EDGE_TALLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"

struct kr_tally;

struct kr_tally *kr_tally_new(const char *nick); /* nick is borrowed */
void kr_tally_free(struct kr_tally *t);

/* Appends the plaintext of our next frame of the epoch: sender, instance, epoch, sequence, padding up to len.
 */
void kr_tally_make(struct kr_tally *t, const struct kr_id *instance, uint64_t epoch, size_t len,
                   struct kr_buf *out);
/* That frame was sealed and sent. */
void kr_tally_sealed(struct kr_tally *t, const struct kr_id *instance, uint64_t epoch);

/* A frame on the track of `sender` opened as plain, under a key of `epoch`. False if what it says of itself
 * is not so: then it is to be counted as refused. *ret_first: the first of that sender and epoch. */
bool kr_tally_opened(struct kr_tally *t, const char *sender, uint64_t epoch, struct kr_span plain,
                     bool *ret_first);
void kr_tally_refused(struct kr_tally *t, const char *sender, uint64_t epoch, const char *reason);

/* {"sealed":{KEY:n},"received":{SENDER:{KEY:n}},"opened":{...},"refused":{SENDER:{KEY:{REASON:n}}}}, KEY
 * being
 * "<8 hex of the instance>/<epoch>", or "?/<epoch>" for what did not open. The caller's. */
json_t *kr_tally_json(const struct kr_tally *t);

#endif
