/* The context of an epoch: one hash over everything its members must agree on (docs/protocol.md 5.2, 5.3). */
#ifndef KR_EPOCH_CONTEXT_H
#define KR_EPOCH_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "text/policy.h"

enum kr_epoch_kind { KR_EPOCH_FRESH, KR_EPOCH_RATCHET };
const char *kr_epoch_kind_name(enum kr_epoch_kind kind);
int kr_epoch_kind_read(const char *name, enum kr_epoch_kind *ret_kind);

/* The inputs of one epoch other than room, instance and the previous context: what a <past/> link carries. */
struct kr_epoch_link {
    uint64_t epoch;
    enum kr_epoch_kind kind;
    enum kr_source source;
    struct kr_id leader; /* the attach that makes the secret; void unless kr_source_is_led(source) */
    enum kr_format format;
    uint16_t suite;
    struct kr_digest policy; /* policy hash */
    struct kr_digest roster; /* roster digest */
    /* Where the service's log stood: a checkpoint whose last entry is this epoch's. log_size 0: none was
     * named.
     */
    uint64_t log_size;
    struct kr_digest log_root;
    const char
        *log_origin; /* borrowed; with log_size only. A decoder leaves it and the key id to the reader */
    uint8_t log_key[4];
};

/* prev is NULL for the first epoch of an instance. */
struct kr_digest kr_context(const char *room, const struct kr_id *instance, const struct kr_digest *prev,
                            const struct kr_epoch_link *link);

#endif
