/* Stock clients: unmodified Jitsi Meet, which exchanges keys by itself in private messages. The Prosody
 * module (prosody/mod_muc_keyroom.lua) holds each of them back, shows it here, and does as it is told; what
 * was said is never ours to change. docs/jitsi.md says how it is set up and what it can and cannot do. */
#ifndef KR_CORE_STOCK_H
#define KR_CORE_STOCK_H

#include "core/state.h"
#include "core/view.h"
#include "stock/message.h"

#define KR_NS_STOCK "urn:keyroom:jitsi:1"

struct kr_stock_side { /* an occupant that a stock client may be; occupant->stock, NULL: nothing says so */
    bool feature, enabled; /* its presence has Jitsi's E2EE feature; says that E2EE is on */
    bool early;            /* was there before us: what it has agreed with others is not known */
    bool has_keys;         /* exactly one of each, well-formed */
    struct kr_key curve25519, ed25519;
    struct kr_id device;
    bool approved, revoked;
    bool shared;        /* another occupant shows the same keys */
    bool page_was_told; /* that it gets no keys */
    uint64_t refused;
};

enum { KR_STOCK_UUIDS = 4 }; /* requests of one side that wait for their answer: a client has two at most */

enum { KR_STOCK_PATIENCE_MS = 5000 }; /* after it a stock client gives up on an answer, for good */

struct kr_stock_half {             /* one side of a pair */
    char *nick;                    /* in the pair's order; owned */
    uint64_t uuid[KR_STOCK_UUIDS]; /* of its key-infos, by digest; 0: none */
    size_t uuid_next;
    uint64_t keys, key_ms; /* how many keys it sent, and when the last was sent ... */
    bool acked;            /* ... and acknowledged */
    bool sas_mac;          /* its user has confirmed in the present verification */
    bool confirmed;        /* in some verification of this stay */
};
enum kr_stock_fault { KR_STOCK_FINE, KR_STOCK_HALF_OPEN, KR_STOCK_LOST_ACK, KR_STOCK_NO_SESSION };
struct kr_stock_pair {
    char *key;                    /* both nicks; owned */
    struct kr_stock_half half[2]; /* the lexicographically smaller nick first: it opens the session */
    bool assumed;                 /* both were there before us */
    bool session;                 /* session-init and session-ack have passed */
    uint64_t init_uuid;           /* of the session-init that waits; 0: none */
    uint64_t init_ms;
    uint64_t sas;              /* the transaction, by digest; 0: none */
    enum kr_stock_fault fault; /* as their own errors tell */
    UT_hash_handle hh;
};

struct kr_stock_room {      /* room->stock, NULL: the module has not spoken of it */
    char *meeting, *parent; /* NULL: not told */
    bool told;              /* the module knows the policy below */
    enum kr_authorise told_authorise;
    size_t told_denied;
    struct kr_stock_pair *pairs;
    bool unknown_said, signature_said; /* once a room is enough for the log */
};

/* What the module of one MUC service says of its server, for keyroomctl doctor. */
struct kr_stock_module {
    char *domain, *version, *c2s_rate, *conflict; /* c2s_rate NULL: unlimited */
    uint64_t read_size;
    int64_t skew_ms; /* its clock ahead of ours */
    bool open_when_away;
    bool rate_limit; /* Jitsi's mod_rate_limit is loaded somewhere */
};
enum { KR_STOCK_MODULES = 16 }; /* MUC services of one server: a Jitsi has two that matter */

/* --- stock_module.c --- */
void kr_stock_module_said(struct kr_core *core, const char *domain, const struct kr_el *el);
void kr_stock_modules_forget(struct kr_core *core); /* the link is down */
/* Has the module of the room's MUC said, on this link, that it is there? */
bool kr_stock_module_there(const struct kr_core *core, const struct kr_room *room);

/* --- stock_room.c --- */
/* Where the room of an invitation is, and how its clients know it: [tenant]room@conference.DOMAIN is
 * room@conference.tenant.DOMAIN for them. facts: what the module of its MUC tells of it; NULL: the invitation
 * is of somebody else, and both names are the room's own. Points into the message. */
struct kr_stock_place {
    const char *address, *jid;
    const struct kr_el *facts;
};
struct kr_stock_place kr_stock_placed(const struct kr_el *message, const char *room_jid, const char *inviter);
void kr_stock_invited(struct kr_room *room, const struct kr_el *facts);
/* Tells the module what it needs, if that has changed. */
void kr_stock_advance(struct kr_core *core, struct kr_room *room);
void kr_stock_room_free(struct kr_room *room);
/* An order to the module: closes what is open, wraps it, sends it. */
void kr_stock_order_start(struct kr_core *core, const struct kr_room *room, struct kr_xml *x,
                          const char *name);
void kr_stock_order_end(struct kr_core *core, struct kr_xml *x);
/* To the page of that occupant. */
void kr_stock_tell_page(struct kr_core *core, const struct kr_room *room, const char *nick, const char *event,
                        const char *participant, const char *text);

/* --- stock_side.c --- */
void kr_stock_presence(struct kr_core *core, struct kr_room *room, const char *nick,
                       const struct kr_el *presence);
void kr_stock_left(struct kr_room *room, struct kr_occupant *o); /* frees its side and its pairs */
void kr_stock_registered(struct kr_core *core, struct kr_room *room, const struct kr_pending *p,
                         const struct kr_query_result *result);
/* A grant took effect: a revoked device is put out of the rooms it is in. Returns how many. */
size_t kr_stock_granted(struct kr_core *core, struct kr_room *room, const struct kr_pending *p);

/* --- stock_judge.c --- */
/* May this occupant be part of a key exchange? */
bool kr_stock_may(const struct kr_room *room, const struct kr_occupant *o, const char **ret_why);
/* 0, or the refusal, with words for the sender. Changes nothing. pair may be NULL: none yet. */
int kr_stock_judge(const struct kr_room *room, const struct kr_occupant *from, const struct kr_occupant *to,
                   const struct kr_stock_pair *pair, const struct kr_stock_message *m, uint64_t now_ms,
                   const char **ret_why);

/* --- stock_pair.c --- */
struct kr_stock_pair *kr_stock_pair_find(const struct kr_room *room, const char *a, const char *b);
/* Finds or makes; NULL above KR_STOCK_PAIRS_MAX. */
struct kr_stock_pair *kr_stock_pair_get(struct kr_room *room, const struct kr_occupant *a,
                                        const struct kr_occupant *b);
/* Is it believed that the two have a session, as nothing says otherwise? pair may be NULL: none yet. */
bool kr_stock_assumed(const struct kr_room *room, const struct kr_occupant *a, const struct kr_occupant *b,
                      const struct kr_stock_pair *pair);
/* What a message that passes changes. */
void kr_stock_pair_passed(struct kr_stock_pair *pair, const char *from, const struct kr_stock_message *m,
                          uint64_t now_ms);
void kr_stock_pair_reset(struct kr_room *room, const char *nick); /* E2EE was switched off */
void kr_stock_pairs_drop(struct kr_room *room, const char *nick); /* NULL: all */
bool kr_stock_uuid_known(const struct kr_stock_half *half, const char *uuid);
uint64_t kr_stock_mark(const char *uuid); /* never 0 */
/* What an operator should know of it; NULL: all is well. */
const char *kr_stock_pair_hint(const struct kr_stock_pair *pair, uint64_t now_ms);

/* --- stock.c --- */
/* A message of the module; false: it is none. */
bool kr_stock_message(struct kr_core *core, const struct kr_el *message);

#endif
