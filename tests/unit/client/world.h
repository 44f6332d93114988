/* A room of real clients around the real service: kr_client and kr_core with real Olm sessions, the memory
 * store, a MUC played by muc.c, virtual time, a seeded generator, and hooks on everything that passes. */
#ifndef KR_TEST_CLIENT_WORLD_H
#define KR_TEST_CLIENT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/arena.h"
#include "client/client.h"
#include "core/core.h"
#include "message/event.h"
#include "message/request.h"
#include "own/participant.h"
#include "store/store.h"

#define SERVICE "keyroom.example.org"
#define ROOM    "room@muc.example.org"

enum { CLIENTS_MAX = 8 };

struct one { /* a client and what it said */
    char nick[16], jid[64];
    const char *affiliation;  /* a literal; "none" at first */
    struct kr_client *client; /* NULL: somebody outside, who is told by the hook `outside` */
    struct kr_id device;
    uint64_t deadline_ms;
    bool present;
    char *said; /* its reports, a line each */
};

struct stanza {
    struct one *to, *from; /* NULL: the service */
    char *xml;
    struct stanza *next;
};

struct world {
    struct kr_core *core;
    struct kr_store *store;
    struct kr_settings settings;
    struct kr_participant *own;                  /* the service's, where it has a device (world_own_device) */
    struct kr_secret own_pickle, own_pickle_key; /* its device, over restarts */
    bool own_deaf;                               /* it is not told anything */
    struct kr_room_settings room;
    struct kr_random random;
    uint64_t seed, steps;
    struct kr_now now;
    struct one ones[CLIENTS_MAX];
    size_t count;
    bool service_present, core_down;
    struct stanza *queue, **queue_end;
    /* Of the clients made from now on. */
    enum kr_authorise floor;
    unsigned sources; /* set of KR_SOURCE_BIT; empty: participants alone */
    bool lead, has_service_device, operator_may_verify;
    uint32_t attest_for_s;
    struct kr_id service_device;
    const struct kr_secret *passphrase;
    const struct kr_note_key *log_key;
    bool log_key_given;
    struct kr_log_claim log_seen;
    /* Hooks; false drops what is given. Structs may be bent and are encoded again; xml only in place. */
    bool (*notice)(struct world *w, struct one *to, struct kr_notice *n);
    bool (*request)(struct world *w, struct one *from, struct kr_request *r);
    bool (*raw)(struct world *w, struct one *to, struct one *from, char *xml);
    void (*outside)(struct world *w, struct one *to, const struct kr_el *el);
    bool heard; /* set by that hook: world_wait comes back at that moment */
    void *arg;
    int left; /* for hooks: how often they still act */
};

void world_init(struct world *w, uint64_t seed);
/* Before the start: the service has a device, and clients made from now on pin it. */
void world_own_device(struct world *w);
void world_start(struct world *w); /* after changes of w->room */
void world_done(struct world *w);
void world_restart(struct world *w); /* the service, from its store */
void world_link(struct world *w, bool up);
void world_core_event(struct world *w, struct kr_event *e);
void world_settings(struct world *w);
void world_rotate(struct world *w);
void world_approve(struct world *w, const struct one *o); /* its device, by the operator, here */
void world_wait(struct world *w, uint64_t ms);
void world_settle(struct world *w); /* handles what is under way, without time passing */
void world_queue(struct world *w, struct one *to, struct one *from, char *xml); /* takes xml */
/* Answers a request that the service never gets. */
void world_refuse(struct world *w, struct one *to, const char *request, const char *conditions);
/* An announce whose roster is not what it says it is. */
void world_spoil_roster(struct kr_notice *n);
void world_notice(struct world *w, struct one *to, const char *from, const struct kr_notice *n);

struct one *world_one(struct world *w, const char *nick);
struct one *world_outside(struct world *w, const char *nick, const struct kr_id *device);
void one_event(struct world *w, struct one *o, enum kr_client_event_kind kind);
void one_verify(struct world *w, struct one *o, enum kr_client_event_kind kind, const char *participant,
                bool same);
/* Hands it a stanza past the hooks and the queue; false: the text is no XML. */
bool one_xml(struct world *w, struct one *o, const char *xml);
struct one *world_join(struct world *w, const char *nick); /* without time passing */
bool one_said(const struct one *o, const char *text);
size_t one_said_count(const struct one *o, const char *text);
void one_hush(struct one *o); /* forgets what it said */
struct kr_client_view one_view(const struct one *o);

/* Seals a frame; opens it as one on `track`. */
struct kr_buf one_seal(struct one *o);
int one_open(struct one *o, const char *track, const struct kr_buf *frame);
/* All may send with this epoch, miss nothing, and each opens each other's frame. */
void world_all_hear(struct world *w, uint64_t epoch);

/* muc.c */
void muc_presence(struct world *w, struct one *o, bool join);
void muc_show_service(struct world *w, bool present);                     /* to all in the room */
void muc_tell_service(struct world *w);                                   /* who is in the room, and itself */
void muc_gone_quietly(struct world *w, struct one *o, bool tell_service); /* the others see it leave */
void muc_affiliate(struct world *w, struct one *o, const char *affiliation); /* of one who is present */
void muc_show(struct world *w, struct one *to, const struct one *who, const struct kr_id *device);

#endif
