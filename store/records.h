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
    enum kr_epoch_fate fate;
    uint64_t announced_ms;
};
enum kr_attach_state { KR_ATTACH_WAITING, KR_ATTACH_MEMBER };
struct kr_rec_attach {
    struct kr_id attach, instance, device, nonce;
    const char *room, *participant, *owner, *full_jid;
    struct kr_key ed25519, curve25519; /* of the device: filled on load, ignored on write */
    struct kr_sig sig;
    enum kr_attach_state state;
    bool settled; /* an epoch with it was committed: no longer a joiner */
    uint64_t at_ms;
};
enum kr_key_class { KR_CLASS_ONE_TIME, KR_CLASS_FALLBACK };
struct kr_rec_key { /* a one-time key, or the fallback key, of an attach */
    struct kr_id attach;
    enum kr_key_class kind;
    struct kr_key key;
    struct kr_sig sig;
};
struct kr_rec_opening { /* opens the commitments of one subject in one instance; erasing it erases the name */
    struct kr_id instance; /* all zero: outside any room */
    const char *subject;   /* "room:…", "participant:…", "device:…", "owner:…" */
    struct kr_secret key;  /* 32 bytes; sealed at rest */
};

/* --- writes: what a turn changes. Plain data; applied in order in the turn's transaction. --- */
enum kr_write_kind {
    KR_W_ROOM,       /* room: insert or replace by room JID */
    KR_W_ROOM_END,   /* room.room, room.instance: delete the row, its attaches, keys and epochs */
    KR_W_EPOCH,      /* epoch: insert; drops those of the instance beyond KR_CHAIN_MAX */
    KR_W_EPOCH_FATE, /* epoch.instance, .epoch, .fate */
    KR_W_ATTACH,     /* attach: insert or update state and settled */
    KR_W_ATTACH_END, /* attach.attach: delete, with its keys */
    KR_W_KEY,        /* key: one-time: insert; fallback: replace */
    KR_W_APPROVE,    /* grant: insert or keep */
    KR_W_REVOKE,     /* grant: insert or keep; deletes approvals of the same scope ('*': of every scope) */
    KR_W_OPENING,    /* opening: insert or keep */
    KR_W_LOG,        /* log */
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
        struct {
            uint64_t idx; /* must be the next: the log has no holes */
            struct kr_span entry;
        } log;
    } u;
};

/* --- queries: writes and loads with a result that the core waits for within the turn --- */
enum kr_query_kind {
    KR_Q_REGISTER, /* device + owner: remember or refresh. Result: conflict, or the directory's word on the
                      device */
    KR_Q_CLAIM,    /* attach: take one one-time key, exactly once; else the fallback key */
    KR_Q_DEVICE,   /* device.id: the directory's word, nothing changed */
    KR_Q_KINDS
};
struct kr_query {
    enum kr_query_kind kind;
    uint64_t token;              /* the core's: comes back with the result */
    struct kr_rec_device device; /* REGISTER; DEVICE uses .id */
    const char *owner;           /* REGISTER; "" for a guest */
    const char *room;            /* REGISTER, DEVICE: which room's grants count besides '*' */
    struct kr_id attach;         /* CLAIM */
};
struct kr_query_result {
    enum kr_query_kind kind;
    uint64_t token;
    bool conflict; /* REGISTER: the Curve25519 key is known with another Ed25519 key; nothing was written */
    bool known;    /* REGISTER: seen before; DEVICE: exists */
    bool revoked;  /* everywhere or in the room */
    bool approved; /* everywhere or in the room */
    bool claimed;  /* CLAIM: a key was found */
    struct kr_rec_key key; /* CLAIM */
    uint64_t left;         /* CLAIM: one-time keys left; */
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
    uint64_t log_size; /* next idx */
};
/* Frees everything a snapshot owns, wiping the openings. */
void kr_snapshot_done(struct kr_snapshot *s);

/* Deep copies of a write, for whoever must keep it beyond the call that borrowed it. */
void kr_write_copy(struct kr_write *dst, const struct kr_write *src);
void kr_write_done(struct kr_write *w);

#endif
