/* What the core lets others read: for the control socket, metrics and tests. Reading changes nothing. */
#ifndef KR_CORE_VIEW_H
#define KR_CORE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "log/note_key.h"
#include "message/event.h"

struct kr_core;

enum { KR_EXPOSURE_BUCKETS = 12 };
extern const uint32_t
    kr_exposure_bucket_ms[KR_EXPOSURE_BUCKETS]; /* upper bounds, rising; above the last: +Inf */

/* Counters since start and gauges of now. */
struct kr_stats {
    uint64_t epochs_by_reason[KR_REASONS]; /* in the order of the bits of enum kr_reason; an epoch with two
                                     reasons counts in both */
    uint64_t epochs_fresh, epochs_ratchet, epochs_committed, epochs_abandoned;
    uint64_t exposure_count, exposure_sum_ms, exposure_max_ms, exposure_bucket[KR_EXPOSURE_BUCKETS + 1];
    uint64_t attaches, detaches, claims, claims_fallback, envelopes, acks, laggards, silent_senders;
    uint64_t leaders_deposed;
    uint64_t requests, invitations_refused;
    /* messages of stock clients; alone: by the module, while we were away */
    uint64_t stock_passed, stock_refused, stock_half_open, stock_alone_passed, stock_alone_refused;
    uint64_t rooms_now, occupants_now, members_now, waiting_now, epochs_in_flight_now;
};
void kr_core_stats(const struct kr_core *core, struct kr_stats *ret_stats);

/* Refusals by application condition. */
void kr_core_refusals(const struct kr_core *core,
                      void (*each)(void *arg, const char *condition, uint64_t count), void *arg);

struct kr_log_view {               /* borrowed from the core until its next step */
    const char *origin;            /* "" for none */
    const struct kr_note_key *key; /* what it is signed with; NULL for none */
    uint64_t size;
    bool halted;
};
struct kr_log_view kr_core_log(const struct kr_core *core);

struct kr_room_view { /* strings borrowed from the core until its next step */
    const char *room;
    bool joined, has_instance, blind, joins_held, exposed;
    struct kr_id instance;
    enum kr_room_mode mode;
    size_t occupants, members, waiting;
    uint64_t epoch;           /* highest announced; 0: none */
    uint64_t committed_epoch; /* 0: none */
    bool in_flight;
    struct kr_digest context;                /* of the committed epoch, if any */
    const char *verified_by;                 /* with authorise verified; else NULL */
    const char *authorise, *source, *format; /* source: of the last epoch, else of the policy */
    const char *leader;                      /* its participant, of the last epoch; "" for none */
    bool by_service;                         /* which is our own device: we know the keys */
    uint16_t suite;
    uint64_t since_commit_ms;
};
struct kr_member_view {
    const char *participant, *owner, *full_jid, *affiliation;
    struct kr_id device, attach;
    bool attached, member, waiting, settled, laggard;
    bool own; /* the service's own device */
    uint64_t acked_epoch;
};
/* Times relative to now_mono_ms. The callbacks return false to stop. */
void kr_core_rooms(const struct kr_core *core, uint64_t now_mono_ms,
                   bool (*each)(void *arg, const struct kr_room_view *v), void *arg);
/* Occupants of a room, attached or not. False if there is no such room. */
bool kr_core_members(const struct kr_core *core, const char *room,
                     bool (*each)(void *arg, const struct kr_member_view *v), void *arg);

#endif
