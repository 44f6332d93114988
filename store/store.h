/* The store's verbs. A backend is a const table of functions; the same contract tests run on each
 * (tests/store).
 *
 * One writer. Between begin and commit everything is invisible to other readers; after a failed commit the
 * store must be closed. Errors: KR_E_STORE, _STORE_FULL, _STORE_READONLY, _STORE_DAMAGED, _STORE_NEWER,
 * _STORE_BUSY, KR_E_SEALED (an opening is not under our key), KR_E_CONFLICT (a write that broke a constraint:
 * the transaction is then only good for rollback). */
#ifndef KR_STORE_STORE_H
#define KR_STORE_STORE_H

#include "base/buf.h"
#include "base/random.h"
#include "store/records.h"

struct kr_store;

/* What the tools list: one device with what is known of it. Strings are owned by the list. */
struct kr_device_info {
    struct kr_rec_device device;
    char *owners;   /* distinct, comma separated; "" for only guest */
    char *approved; /* scopes, comma separated */
    char *revoked;  /* scopes, comma separated */
};

enum kr_checkpoint_choice {
    KR_CHECKPOINT_NEWEST, /* the last that was signed */
    KR_CHECKPOINT_SHOWN   /* of the last minute's before it, the one that most witnesses cosigned */
};

struct kr_store_ops {
    const char *name;
    int (*load)(struct kr_store *s, struct kr_snapshot *ret_snapshot); /* the caller frees it */
    int (*begin)(struct kr_store *s);
    int (*write)(struct kr_store *s, const struct kr_write *w);
    int (*query)(struct kr_store *s, const struct kr_query *q, uint64_t now_ms,
                 struct kr_query_result *ret_result);
    int (*commit)(struct kr_store *s);
    void (*rollback)(struct kr_store *s);
    /* Reads for tools and tests, outside a transaction. The callbacks return false to stop. */
    int (*devices)(struct kr_store *s, bool (*each)(void *arg, const struct kr_device_info *info), void *arg);
    int (*log)(struct kr_store *s, uint64_t from_idx,
               bool (*each)(void *arg, uint64_t idx, struct kr_span entry), void *arg);
    /* Appends a checkpoint of that origin; to the shown one, what witnesses signed. KR_E_NOT_FOUND: none was
     * signed. */
    int (*checkpoint)(struct kr_store *s, const char *origin, enum kr_checkpoint_choice which,
                      struct kr_buf *note, uint64_t *ret_size);
    /* A consistent copy in a new file (mode 0600; KR_E_IO if it exists), while running. */
    int (*backup)(struct kr_store *s, const char *path);
    void (*close)(struct kr_store *s); /* frees s */
};

/* Every backend's object begins with this. */
struct kr_store {
    const struct kr_store_ops *ops;
    char errmsg[256]; /* what the last failure was, for the operator; no secrets */
};

#endif
