/* The nouns that are kept, as plain records. The core makes writes of them and gets them back in a snapshot;
 * it never sees the verbs (store/store.h). Strings in a record are borrowed by whoever is given the record.
 * Times are wall-clock milliseconds since 1970. docs/storage.md says why each is kept and for how long. */
#ifndef KR_STORE_RECORDS_H
#define KR_STORE_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/secret.h"
#include "base/span.h"

#define KR_BY_OPERATOR      "operator"
#define KR_SCOPE_EVERYWHERE "*" /* scope of an approval or revocation; otherwise a room JID */

struct kr_rec_device {
    struct kr_id id;
    struct kr_key ed25519, curve25519;
    uint64_t first_seen_ms, last_seen_ms;
};
struct kr_rec_owner_seen { /* an owner a device attached under; "" for a guest */
    struct kr_id device;
    const char *owner;
    uint64_t first_seen_ms, last_seen_ms;
};
struct kr_rec_grant { /* an approval or a revocation of a device, in a room or everywhere */
    struct kr_id device;
    const char *scope;
    const char *by; /* who: "operator" or an owner's JID */
    uint64_t at_ms;
    const char *reason; /* "" if none */
};
struct kr_rec_room { /* one row per room with a live instance */
    const char *room;
    struct kr_id instance;
    uint64_t epoch_high; /* highest number ever reserved in the instance; 0: none */
    uint64_t started_ms;
};
enum kr_epoch_fate { KR_FATE_IN_FLIGHT, KR_FATE_COMMITTED, KR_FATE_ABANDONED };
struct kr_rec_epoch { /* context inputs of an announced epoch; the last KR_CHAIN_MAX of an instance are kept
                       */
    struct kr_id instance;
    uint64_t epoch;
    uint8_t kind, source, format; /* as the enums of protocol/text and protocol/epoch */
    uint16_t suite;
    struct kr_digest policy, roster, context;
    struct kr_id leader; /* the attach that makes its keys; all zero: none does for all */
    enum kr_epoch_fate fate;
    uint64_t announced_ms;
    uint64_t log_size; /* where the log stood when it was announced; 0: there was none to name */
    struct kr_digest log_root;
};
enum kr_attach_state { KR_ATTACH_WAITING, KR_ATTACH_MEMBER };
struct kr_rec_attach {
    struct kr_id attach, instance, device, nonce;
    const char *room, *participant, *owner, *full_jid;
    struct kr_key ed25519, curve25519; /* of the device: filled on load, ignored on write */
    struct kr_sig sig;
    enum kr_attach_state state;
    bool settled;       /* an epoch with it was committed: no longer a joiner */
    uint8_t sources;    /* set of key sources that it takes part in, by bit */
    bool lead;          /* offers to lead */
    uint8_t lead_fault; /* why it may not any more, as the core numbers it */
    uint64_t at_ms;
};
enum kr_key_class { KR_CLASS_ONE_TIME, KR_CLASS_FALLBACK };
struct kr_rec_key { /* a one-time key, or the fallback key, of an attach */
    struct kr_id attach;
    enum kr_key_class kind;
    struct kr_key key;
    struct kr_sig sig;
};
struct kr_rec_attestation {  /* what one device says of another (docs/protocol.md 12.3) */
    struct kr_digest digest; /* of the text */
    struct kr_span text;
    struct kr_sig sig;
    struct kr_key ed25519, curve25519; /* of the device that signed it */
    const char *by_owner;              /* whom the service vouched for then; "" for a guest */
    const char *admin_in;       /* the room in which it was last seen as an owner or admin; "" if in none */
    uint64_t at_ms;             /* when it came */
    struct kr_span revoke_text; /* empty: it was not taken back (12.4) */
    struct kr_sig revoke_sig;
};
struct kr_rec_opening { /* opens the commitments of one subject in one instance; erasing it erases the name */
    struct kr_id instance; /* all zero: outside any room */
    const char *subject;   /* "room:…", "participant:…", "device:…", "owner:…" */
    struct kr_secret key;  /* 32 bytes; sealed at rest */
    uint64_t at_ms;        /* when it was drawn */
};
struct kr_rec_log_key {    /* a key the log is signed with; the newest is the one in use */
    const char *origin;    /* names the log, and the key; never used again for another one */
    const char *vkey;      /* what verifiers are given */
    struct kr_secret seed; /* 32 bytes; sealed at rest */
    uint64_t first_size, at_ms;
    const char *halted; /* why nothing is signed with it any more; "" for none */
    bool closed;        /* the operator wants another one */
};
struct kr_rec_checkpoint { /* what was signed */
    const char *origin;
    uint64_t size;
    struct kr_digest root;
    uint64_t at_ms;
    struct kr_span note;
};
struct kr_rec_cosignature { /* a witness's word on a checkpoint */
    const char *origin;
    uint64_t size;
    const char *witness;  /* its vkey */
    uint64_t time_s;      /* that it states */
    struct kr_span lines; /* as they stand in the note, with their newlines */
};
enum { KR_LOG_PEAKS_MAX = 64 }; /* nodes that one entry completes, and peaks of a tree */
struct kr_rec_log {             /* an entry, and the nodes of the tree that it completes */
    uint64_t idx;               /* must be the next: the log has no holes */
    struct kr_span entry;
    const struct kr_digest *nodes; /* by level: that of level n has the index idx >> n */
    size_t node_count;
};
struct kr_rec_evidence { /* signatures behind a commit's entry */
    uint64_t idx;        /* of the entry */
    struct kr_id instance;
    struct kr_span bytes;
    uint64_t at_ms;
};

/* --- writes: what a turn changes. Plain data; applied in order in the turn's transaction. --- */
enum kr_write_kind {
    KR_W_ROOM,        /* room: insert or replace by room JID */
    KR_W_ROOM_END,    /* room.room, room.instance: delete the row, its attaches, keys and epochs */
    KR_W_EPOCH,       /* epoch: insert; drops those of the instance beyond KR_CHAIN_MAX */
    KR_W_EPOCH_FATE,  /* epoch.instance, .epoch, .fate */
    KR_W_ATTACH,      /* attach: insert or update state, settled and lead_fault */
    KR_W_ATTACH_END,  /* attach.attach: delete, with its keys */
    KR_W_KEY,         /* key: one-time: insert; fallback: replace */
    KR_W_APPROVE,     /* grant: insert or keep; the operator's replaces an owner's */
    KR_W_REVOKE,      /* grant: insert or keep; deletes approvals of the same scope ('*': of every scope) */
    KR_W_OPENING,     /* opening: insert or keep */
    KR_W_LOG,         /* log */
    KR_W_ATTESTATION, /* attestation: insert or replace by digest */
    KR_W_ATTESTATION_END, /* attestation.digest: delete */
    KR_W_LOG_KEY,         /* log_key: insert */
    KR_W_LOG_HALT,        /* log_key.origin, .halted (the first reason stays), .closed */
    KR_W_CHECKPOINT,      /* checkpoint: insert; there is one of each origin and size */
    KR_W_COSIGNATURE,     /* cosignature: insert or replace by origin, size and witness */
    KR_W_EVIDENCE,        /* evidence: insert */
    KR_W_KINDS
};
struct kr_write {
    enum kr_write_kind kind;
    union {
        struct kr_rec_room room;
        struct kr_rec_epoch epoch;
        struct kr_rec_attach attach;
        struct kr_rec_key key;
        struct kr_rec_grant grant;
        struct kr_rec_opening opening;
        struct kr_rec_log log;
        struct kr_rec_log_key log_key;
        struct kr_rec_checkpoint checkpoint;
        struct kr_rec_cosignature cosignature;
        struct kr_rec_evidence evidence;
        struct kr_rec_attestation attestation;
    } u;
};

/* --- queries: writes and loads with a result that the core waits for within the turn --- */
enum kr_query_kind {
    KR_Q_REGISTER, /* device + owner: remember or refresh. Result: conflict, or the directory's word on the
                      device */
    KR_Q_CLAIM,    /* attach: take one one-time key, exactly once; else the fallback key */
    KR_Q_DEVICE,   /* device.id: the directory's word, nothing changed */
    KR_Q_LOG,      /* nodes: fills in their hashes; entry: that entry's bytes, if entry_wanted */
    KR_Q_RETAIN,   /* retain: deletes what is older, at most so many rows of each kind. Result: how many */
    KR_Q_KINDS
};
struct kr_node_ask { /* a node of the log's tree */
    unsigned level;
    uint64_t index;
    struct kr_digest hash; /* set by the store */
};
struct kr_retain {               /* what came before these times goes; 0: nothing does */
    uint64_t names_before_ms;    /* openings, but those of live instances */
    uint64_t evidence_before_ms; /* signatures behind commits */
    uint64_t devices_before_ms;  /* devices of guests that were not seen since, are nowhere attached, and that
                                    nobody approved, revoked or has an attestation of */
    size_t limit;                /* rows of names and of devices: bounds a turn */
    size_t evidence_limit;       /* and of evidence, from the oldest: these are large */
};
struct kr_query {
    enum kr_query_kind kind;
    uint64_t token;              /* the core's: comes back with the result */
    struct kr_rec_device device; /* REGISTER; DEVICE uses .id */
    const char *owner;           /* REGISTER; "" for a guest */
    const char *room;            /* REGISTER, DEVICE: which room's grants count besides '*' */
    struct kr_id attach;         /* CLAIM */
    struct kr_node_ask *nodes;   /* LOG */
    size_t node_count;
    bool entry_wanted; /* LOG */
    uint64_t entry;
    struct kr_retain retain; /* RETAIN */
};
struct kr_query_result {
    enum kr_query_kind kind;
    uint64_t token;
    bool conflict; /* REGISTER: the Curve25519 key is known with another Ed25519 key; nothing was written */
    bool known;    /* REGISTER: seen before; DEVICE: exists */
    bool revoked;  /* everywhere or in the room */
    bool approved; /* everywhere or in the room */
    bool approved_by_operator;       /* ... by the operator */
    bool claimed;                    /* CLAIM: a key was found */
    struct kr_rec_key key;           /* CLAIM */
    uint64_t left;                   /* CLAIM: one-time keys left; */
    bool complete;                   /* LOG: all that was asked for is there */
    const struct kr_node_ask *nodes; /* LOG: the query's, filled in */
    size_t node_count;
    struct kr_span entry;                           /* LOG: the store's until its next verb */
    size_t names_gone, evidence_gone, devices_gone; /* RETAIN */
};

/* --- what the store knows at start --- */
struct kr_snapshot {
    struct kr_rec_room *rooms;
    size_t room_count;
    struct kr_rec_epoch *epochs; /* by instance and rising epoch */
    size_t epoch_count;
    struct kr_rec_attach *attaches;
    size_t attach_count;
    struct kr_rec_opening *openings; /* of live instances, and those outside rooms */
    size_t opening_count;
    struct kr_rec_attestation *attestations; /* by digest */
    size_t attestation_count;
    uint64_t log_size;                            /* next idx */
    struct kr_digest log_peaks[KR_LOG_PEAKS_MAX]; /* of the tree, widest first: one for each 1 of log_size */
    struct kr_rec_log_key log_key;                /* the one in use; origin NULL: none yet */
    struct kr_rec_checkpoint checkpoint;          /* the last one of its origin; origin NULL: none yet */
};
/* Frees everything a snapshot owns, wiping the openings. */
void kr_snapshot_done(struct kr_snapshot *s);

/* Deep copies of a write, for whoever must keep it beyond the call that borrowed it. */
void kr_write_copy(struct kr_write *dst, const struct kr_write *src);
void kr_write_done(struct kr_write *w);

#endif
