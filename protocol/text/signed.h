/* The texts that devices sign (docs/protocol.md 2.6 - 2.8). Each builds into a fresh buffer that the caller
 * frees with kr_buf_done; check buf.err (KR_E_MALFORMED: a value that may not be signed). */
#ifndef KR_TEXT_SIGNED_H
#define KR_TEXT_SIGNED_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/id.h"

enum kr_key_kind { KR_KEY_ONE_TIME, KR_KEY_FALLBACK };
const char *kr_key_kind_name(enum kr_key_kind kind); /* "one-time", "fallback" */

struct kr_key_text { /* 2.6 */
    enum kr_key_kind kind;
    struct kr_key key;
    struct kr_id device, attach;
};
struct kr_buf kr_key_text(const struct kr_key_text *t);

struct kr_attach_text { /* 2.7; strings borrowed */
    const char *room;
    struct kr_id instance;
    const char *participant;
    const char *owner; /* "" for a guest */
    struct kr_id device, attach, nonce;
};
struct kr_buf kr_attach_text(const struct kr_attach_text *t);

enum kr_round { KR_ROUND_1 = 1, KR_ROUND_2 = 2, KR_ROUND_SUPPLEMENT = 3 };
const char *kr_round_name(enum kr_round round); /* "1", "2", "supplement" */

struct kr_sealed_text { /* 2.8 */
    const char *room;
    struct kr_id instance;
    uint64_t epoch;
    struct kr_digest context;
    struct kr_id attach;
    enum kr_round round;
    struct kr_digest recipients;
    bool has_confirm; /* in an epoch of a led source */
    struct kr_digest confirm;
};
struct kr_buf kr_sealed_text(const struct kr_sealed_text *t);

/* The recipients digest of 2.8, over the attach ids in roster order. */
struct kr_digest kr_recipients_digest(const struct kr_id *attaches, size_t count);

#endif
