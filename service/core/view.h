/* What the core lets others read: for the control socket, metrics and tests. Reading changes nothing. */
#ifndef KR_CORE_VIEW_H
#define KR_CORE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "message/event.h"

struct kr_core;

enum { KR_EXPOSURE_BUCKETS = 12 };
extern const uint32_t
    kr_exposure_bucket_ms[KR_EXPOSURE_BUCKETS]; /* upper bounds, rising; above the last: +Inf */

/* Counters since start and gauges of now. */
struct kr_stats {
    uint64_t epochs_by_reason[7]; /* in the order of the bits of enum kr_reason; an epoch with two reasons
                                     counts in both */
    uint64_t epochs_fresh, epochs_ratchet, epochs_committed, epochs_abandoned;
    uint64_t exposure_count, exposure_sum_ms, exposure_max_ms, exposure_bucket[KR_EXPOSURE_BUCKETS + 1];
    uint64_t attaches, detaches, claims, claims_fallback, envelopes, acks, laggards, silent_senders;
    uint64_t requests, invitations_refused;
    uint64_t rooms_now, occupants_now, members_now, waiting_now, epochs_in_flight_now;
};
void kr_core_stats(const struct kr_core *core, struct kr_stats *ret_stats);

/* Refusals by application condition. */
void kr_core_refusals(const struct kr_core *core,
                      void (*each)(void *arg, const char *condition, uint64_t count), void *arg);

struct kr_room_view { /* strings borrowed from the core until its next step */
    const char *room;
    bool joined, has_instance, blind, joins_held, exposed;
    struct kr_id instance;
    enum kr_room_mode mode;
    size_t occupants, members, waiting;
    uint64_t epoch;           /* highest announced; 0: none */
    uint64_t committed_epoch; /* 0: none */
    bool in_flight;
    struct kr_digest context; /* of the committed epoch, if any */
    const char *authorise, *source, *format;
    uint16_t suite;
    uint64_t since_commit_ms;
};
struct kr_member_view {
    const char *participant, *owner, *full_jid, *affiliation;
    struct kr_id device, attach;
    bool attached, member, waiting, settled, laggard;
    uint64_t acked_epoch;
};
/* Times relative to now_mono_ms. The callbacks return false to stop. */
void kr_core_rooms(const struct kr_core *core, uint64_t now_mono_ms,
                   bool (*each)(void *arg, const struct kr_room_view *v), void *arg);
/* Occupants of a room, attached or not. False if there is no such room. */
bool kr_core_members(const struct kr_core *core, const char *room,
                     bool (*each)(void *arg, const struct kr_member_view *v), void *arg);

#endif
