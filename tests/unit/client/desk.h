/* In the service's place: real clients of world.h, and a desk that admits everybody, answers what it is
 * asked, and announces, delivers and commits when the test says so. It keeps what the clients sent. */
#ifndef KR_TEST_CLIENT_DESK_H
#define KR_TEST_CLIENT_DESK_H

#include "base/limit.h"
#include "epoch/roster.h"
#include "log/signer.h"
#include "text/policy.h"
#include "world.h"

enum { DESK_PAST_MAX = 32, DESK_ENTRIES_MAX = 64, DESK_VIEWS = 2 };

struct desk_entry { /* sealed by one seat for another, in the epoch of the last announce */
    uint16_t sender, recipient;
    enum kr_round round;
    uint8_t type, body[KR_CIPHERTEXT_MAX];
    size_t len;
};

struct desk_view { /* what those are told who are in it: a second one is a fork */
    struct kr_policy policy;
    uint8_t log; /* what the roots of the log are made of that they are shown */
    struct kr_epoch_link past[DESK_PAST_MAX];
    struct kr_digest contexts[DESK_PAST_MAX]; /* of each */
    size_t count;
};

struct desk_seat {      /* of the client with the same number in the world */
    bool attached, old; /* old: it was in a committed epoch */
    size_t view;
    struct kr_member_line line;
    struct kr_signed_key otks[KR_OTK_MAX], fallback;
    size_t otk_count;
    unsigned sources;
    bool names_sources, lead; /* in its attach */
    /* in the epoch of the last announce */
    size_t acks, envelopes, claims, targets;
    uint16_t missing[4], mismatch[4];
    size_t missing_count, mismatch_count;
    bool ack_confirms;
    struct kr_digest ack_confirm;
    /* ever */
    size_t sessions;
    uint8_t session_type;
    struct kr_buf session; /* the last message */
};

struct desk {
    struct world w;
    char id[32]; /* of the IQ that is being answered */
    struct kr_id instance;
    struct desk_view views[DESK_VIEWS];
    struct desk_seat seats[CLIENTS_MAX];
    struct kr_member_line *extra; /* lines of members who are no clients */
    struct kr_signed_key *extra_keys;
    size_t extra_count;
    struct kr_roster roster;
    uint64_t epoch, committed;
    struct kr_sig sealed_sig;
    bool sealed_confirms; /* the last envelope that was complete */
    struct kr_digest confirm;
    uint32_t parts;
    size_t part_entries;
    struct desk_entry entries[DESK_ENTRIES_MAX];
    size_t entry_count;
    /* what the test wants of it */
    bool mute_claims; /* no answers to them */
    bool refuse_envelopes;
    bool no_confirm;                  /* in delivers */
    const struct kr_note_signer *log; /* whose log the announces name; NULL: they name none */
};

void desk_init(struct desk *d, uint64_t seed, enum kr_source source);
void desk_done(struct desk *d);
struct desk_seat *desk_seat(struct desk *d, const char *nick);
struct one *desk_one(struct desk *d, const char *nick);
int desk_index(const struct desk *d, const char *nick); /* in the roster announced last, or -1 */
const struct kr_digest *desk_context(const struct desk *d, size_t view);

/* desk_say.c. The announce goes to all attached; leader: its nick, or NULL. `deaf` (or NULL) is not told. */
void desk_announce(struct desk *d, enum kr_epoch_kind kind, enum kr_source source, const char *leader,
                   const char *deaf);
void desk_whole(struct desk *d, struct one *to);
void desk_deliver(struct desk *d, enum kr_round round, bool last);
void desk_deliver_to(struct desk *d, struct one *to, enum kr_round round, bool last);
void desk_wanted(struct desk *d, const char *sender, const char *for_whom);
void desk_commit(struct desk *d);
/* All of an epoch as honest ones live it. */
void desk_epoch(struct desk *d, enum kr_epoch_kind kind, enum kr_source source, const char *leader);

#endif
