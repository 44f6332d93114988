/* A small world around the core: the memory store, injected time, a seeded generator, and clients that sign
 * with real keys but put dummy ciphertext into their envelopes. */
#ifndef KR_TEST_WORLD_H
#define KR_TEST_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/limit.h"
#include "core/core.h"
#include "epoch/rounds.h"
#include "message/event.h"
#include "message/request.h"
#include "store/store.h"

#define SERVICE "keyroom.example.org"
#define ROOM    "room@muc.example.org"

enum { PEERS_MAX = 180 };

/* Until all that came late in a small room is delivered. */
enum { GATHER_MS = KR_GATHER_MS + 20 * KR_GATHER_MEMBER_MS };

struct peer {
    char nick[32], jid[96], owner[96];
    uint8_t ed_secret[64];
    struct kr_key ed25519, curve25519;
    struct kr_id device, attach, instance, nonce;
    const char *affiliation;
    bool present, attached, mute; /* mute: neither seals nor acks by itself */
    unsigned sources;             /* that it takes part in; 0: says nothing */
    bool lead;
    struct kr_digest confirm; /* of what it holds, in an epoch with a leader: all say the same by default */
    struct kr_digest told;    /* as delivered */
    bool was_told;
    const struct peer *deaf_to; /* acks it as missing whatever comes */
    /* what it was told */
    struct kr_roster roster;   /* of the last announce */
    struct kr_roster building; /* of the one whose parts are coming */
    uint32_t parts, deliver_parts;
    size_t body_len; /* of its ciphertexts; 0: short */
    struct kr_epoch_link link;
    struct kr_notice_announce heard; /* the first part of the last one, and what it left out */
    struct kr_digest context;
    uint64_t highest, committed;
    unsigned reasons;
    uint64_t announces, delivers, commits, wanted, low, detached, states, last_delivers;
    uint64_t attestations, revocations; /* lines */
    char detached_reason[32];
    struct kr_notice_commit commit; /* without its lists */
    size_t laggards, silent;
    enum kr_room_mode mode;
    bool exposed, joins_held;
    size_t waiting;
    bool sealed[3];
    bool acked;
    size_t entries;  /* delivered in the epoch */
    unsigned *have;  /* by sender, how often delivered in the epoch */
    char error[48];  /* application condition of the last answer; "" for a result */
    char answer[32]; /* name of its payload */
    size_t claimed, claimed_none, claimed_fallback;
};

struct world {
    struct kr_core *core;
    struct kr_store *store;
    struct kr_settings settings;
    struct kr_room_settings room_settings;
    struct kr_random random;
    uint64_t seed;
    struct kr_now now;
    struct peer peers[PEERS_MAX];
    size_t peer_count;
    char *traces;         /* of the last turn, one line each */
    size_t writes, sends; /* of the last turn */
    size_t joins_sent, service_errors;
    char last_presence[512];
    int reply_err;
    char reply[256];
    bool quiet; /* peers do not react */
    struct {
        struct kr_id instance;
        uint64_t epoch;
        struct kr_digest context;
    } seen[8192]; /* every epoch anybody was told of */
    size_t seen_count;
    struct kr_key given[4096]; /* every one-time key that was given away */
    size_t given_count;
    uint64_t iq;
};

void world_init(struct world *w, uint64_t seed);
void world_done(struct world *w);
void world_start(struct world *w);   /* START, LINK_UP, the room joined */
void world_restart(struct world *w); /* a new core from the store; LINK_UP; nothing joined yet */
void world_joined(struct world *w);  /* presence of all present peers, then our own */
void world_link_down(struct world *w);
void world_link_up(struct world *w);
void world_settings(struct world *w); /* w->room_settings as KR_EV_SETTINGS */

uint64_t world_random(struct world *w, uint64_t below);
void world_fill(struct world *w, void *out, size_t len);

/* One turn, and then the peers' reactions, until all is quiet. */
void world_event(struct world *w, const struct kr_event *event);
void world_xml(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void world_wait(struct world *w, uint64_t ms); /* ticks at each deadline on the way */
void world_control(struct world *w, enum kr_control_kind kind, const struct peer *p, const char *scope);

struct peer *world_peer(struct world *w, const char *nick); /* finds or makes */
void peer_enter(struct world *w, struct peer *p);           /* presence */
void peer_leave(struct world *w, struct peer *p);
void peer_join(struct world *w, struct peer *p); /* enter, challenge, attach */
struct peer *peer_settle(struct world *w,
                         const char *nick); /* makes one that joins, until its epoch is committed */
void peer_challenge(struct world *w, struct peer *p);
void peer_new_attach(struct world *w, struct peer *p);

/* Requests as structs, to be bent before they are sent. */
struct kr_request peer_attach_request(struct world *w, struct peer *p, struct kr_signed_key *otks,
                                      size_t count);
void peer_sign_attach(struct peer *p, struct kr_request *r);
void peer_sign_key(const struct peer *p, enum kr_key_kind kind, struct kr_signed_key *k);
void peer_send(struct world *w, struct peer *p, const struct kr_request *r);
void peer_send_as(struct world *w, struct peer *p, const char *jid, const struct kr_request *r);

/* An envelope of that round to all it should be for. entries: room for PEERS_MAX. */
struct kr_request peer_envelope(struct peer *p, enum kr_round round, struct kr_packed *entries);
struct kr_request peer_supplement(struct peer *p, struct kr_packed *entries, const uint16_t *to,
                                  size_t count);
struct kr_sig peer_sign(const struct peer *p, struct kr_span text);
void peer_sign_envelope(struct peer *p, struct kr_request *r);
struct kr_request peer_ack(struct peer *p);

/* Something of ours that came to it: noted, and whatever must always hold is asserted. */
void peer_receive(struct world *w, struct peer *p, const struct kr_el *el);

bool world_view(struct world *w, struct kr_room_view *ret_view);
struct kr_digest world_state(struct world *w); /* of all that views show */
bool world_traced(const struct world *w, const char *text);

#endif
