/* Hash tables of rows with an undo list: what a transaction is made of in memory. Rows are never changed in
 * place, a change puts a new row for the key, so that undoing is putting the old one back. Internal to the
 * backend. */
#ifndef KR_STORE_MEMORY_TABLE_H
#define KR_STORE_MEMORY_TABLE_H

#include <uthash.h>

#include "store/store.h"

enum kr_table {                   /* key */
                KR_T_DEVICE,      /* device id */
                KR_T_CURVE,       /* Curve25519 key */
                KR_T_OWNER,       /* device id, owner */
                KR_T_APPROVAL,    /* device id, scope */
                KR_T_REVOCATION,  /* device id, scope */
                KR_T_ROOM,        /* room */
                KR_T_INSTANCE,    /* instance */
                KR_T_EPOCH,       /* instance, epoch big-endian */
                KR_T_ATTACH,      /* attach id */
                KR_T_POOL,        /* attach id; first and next number of its one-time keys */
                KR_T_OTK,         /* attach id, number big-endian */
                KR_T_OTK_KEY,     /* attach id, key: there is each once */
                KR_T_FALLBACK,    /* attach id */
                KR_T_OPENING,     /* instance, subject */
                KR_T_LOG,         /* index big-endian */
                KR_T_ATTESTATION, /* digest */
                KR_T_LOG_KEY,     /* origin; first: which one it is, from 1 */
                KR_T_CHECKPOINT,  /* origin, size big-endian */
                KR_T_COSIGNATURE, /* origin, size big-endian, witness */
                KR_T_EVIDENCE,    /* index big-endian */
                KR_TABLES
};

struct kr_row {
    UT_hash_handle hh;
    uint8_t *key;
    size_t key_len;
    struct kr_write w;           /* the record, when a write made the row; owned */
    struct kr_rec_device device; /* DEVICE */
    uint64_t first, last;        /* OWNER: seen; POOL: first number, next number */
};

struct kr_undo_step {
    enum kr_table table;
    struct kr_row *was, *is; /* either may be NULL */
};

struct kr_tables {
    struct kr_row *rows[KR_TABLES];
    struct kr_undo_step *undo;
    size_t undo_len, undo_cap;
};

struct kr_memory {
    struct kr_store base; /* first */
    struct kr_tables t;
    bool open; /* in a transaction */
};

struct kr_row_key {
    uint8_t *ptr; /* owned by whoever made it; kr_table_put takes it */
    size_t len;
};
struct kr_row_key kr_row_key(struct kr_span a, struct kr_span b);
struct kr_row_key kr_row_key_u64(struct kr_span a, uint64_t n);

struct kr_row *kr_table_find(struct kr_tables *t, enum kr_table table,
                             struct kr_row_key key); /* frees the key */
/* A new, empty row for the key, in place of the one there was. Takes the key. */
struct kr_row *kr_table_put(struct kr_tables *t, enum kr_table table, struct kr_row_key key);
void kr_table_delete(struct kr_tables *t, enum kr_table table, struct kr_row *row);
void kr_table_sort(struct kr_tables *t, enum kr_table table); /* bytewise by key */

void kr_tables_keep(struct kr_tables *t); /* commit */
void kr_tables_undo(struct kr_tables *t); /* rollback */
void kr_tables_done(struct kr_tables *t);

/* --- retain.c --- */
void kr_memory_retain(struct kr_tables *t, const struct kr_retain *retain, struct kr_query_result *r);

/* --- read.c --- */
bool kr_memory_node(struct kr_tables *t, unsigned level, uint64_t index, struct kr_digest *ret_hash);
int kr_memory_load(struct kr_store *s, struct kr_snapshot *ret_snapshot);
int kr_memory_devices(struct kr_store *s, bool (*each)(void *arg, const struct kr_device_info *info),
                      void *arg);
int kr_memory_checkpoint(struct kr_store *s, const char *origin, enum kr_checkpoint_choice which,
                         struct kr_buf *note, uint64_t *ret_size);
int kr_memory_log(struct kr_store *s, uint64_t from_idx,
                  bool (*each)(void *arg, uint64_t idx, struct kr_span entry), void *arg);

#endif
