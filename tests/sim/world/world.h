/* A world: an XMPP server with rooms, the service's real core, turn and a store, and people with real client
 * cores, in one process and virtual time, out of one plan. One thread, no clock, no generator but its own. */
#ifndef KR_SIM_WORLD_H
#define KR_SIM_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "client/client.h"
#include "core/core.h"
#include "daemon/turn.h"
#include "own/participant.h"
#include "sim/plan/plan.h"
#include "sim/world/queue.h"
#include "sim/world/random.h"
#include "sim/world/store.h"

#define SIM_SERVICE_JID  "keyroom.lab"
#define SIM_SERVICE_NICK "keyroom"
#define SIM_MUC_DOMAIN   "muc.lab"

enum {
    SIM_SETTLE_MS = 90000, /* in which all is well again once faults stop (docs/promises.md) */
    SIM_EMPTY_MS = 130000, /* in which nothing is left once everybody has left */
    SIM_JID_MAX = 48
};
extern const char *const sim_room_jid[SIM_ROOMS];

struct sim_text { /* what arrived while its receiver did not run */
    char *text;
    struct sim_text *next;
};

struct sim_end {                       /* one end of a stream to the server */
    uint32_t life;                     /* which stream: what was under way on an older one is lost */
    bool up;                           /* the end believes it has a stream */
    bool dead;                         /* nothing passes, whoever has noticed */
    bool known;                        /* the server believes in it */
    uint64_t up_free_ms, down_free_ms; /* when the last stanza under way arrives: order is kept */
    uint64_t delay_ms;                 /* more than usual */
    bool asleep;                       /* it does not run */
    uint64_t runs_at_ms;               /* and not before */
    struct sim_text *inbox, **inbox_end;
    struct sim_random random;
    unsigned misses_presence; /* so many presences to it are lost */
};

enum { SIM_ATTACHES_KEPT = 256, SIM_TEXTS_KEPT = 16 };

struct sim_texts { /* the last ones, oldest first */
    char *texts[SIM_TEXTS_KEPT];
    size_t count;
};

struct sim_person {
    const struct sim_role *role;
    int index;
    struct kr_client *client; /* NULL: not yet there */
    struct kr_olm_account *spare;
    char jid[SIM_JID_MAX], nick[SIM_JID_MAX];
    unsigned session;
    struct kr_id device;
    struct sim_end end;
    struct sim_random random; /* its client's and its own */
    uint64_t offset_ms;       /* of its clock */
    uint64_t deadline_ms;     /* world time */
    bool wants;               /* to be in the room: its application joins again */
    uint64_t rejoin_ms;
    enum sim_mischief mischief;
    bool suspect;          /* was dishonest once: nothing is promised to it or about what it sends */
    bool forked;           /* was told what others were not */
    bool kept_in_the_dark; /* and not that it shows in what it seals */
    bool detached;         /* by its own will */
    bool barred;           /* revoked, banned or detached: it need not become a member */
    unsigned misses_announces;
    int fork_next;          /* the next announce is bent */
    struct sim_texts said;  /* its last requests, for who repeats them */
    struct sim_texts heard; /* the last events it was sent */
};

struct sim_service {
    struct kr_core *core; /* NULL: not running */
    struct kr_turn turn;
    struct kr_participant *participant;         /* of a life, with source `service`; else NULL */
    struct kr_secret device_pickle, device_key; /* its device, over lives */
    struct sim_store store;
    struct kr_settings settings;
    struct kr_room_settings room_settings;
    struct kr_random source; /* of the core */
    struct sim_random random;
    struct sim_end end;
    uint64_t born_ms; /* its monotonic clock begins there */
    int64_t wall_ms;  /* of the wall clock, off the world's */
    uint64_t deadline_ms;
    enum sim_death death; /* at the next commit */
    uint64_t away_ms;
    unsigned sends_left; /* SIM_DIES_MIDWAY */
    bool dying;          /* what it sends does not leave any more */
    unsigned deaths;
};

struct sim_occupant {
    int who; /* SIM_SERVICE or a person */
    char nick[SIM_JID_MAX], jid[SIM_JID_MAX];
    char device[128]; /* <device/> of its presence, or "" */
    bool doubled;     /* the service was shown two sessions of it */
};

struct sim_untold { /* a presence that was lost on its way: told once all is well again */
    int to;
    char nick[SIM_JID_MAX];
};

struct sim_room {
    struct sim_occupant occupants[SIM_PEOPLE_MAX + 1];
    size_t count;
    int affiliation[SIM_PEOPLE_MAX];
    struct sim_untold *untold;
    size_t untold_count, untold_cap;
};

struct sim_check; /* check/check.h */

struct sim_world {
    const struct sim_plan *plan;
    struct kr_now now; /* mono_ms: the world's time */
    struct sim_queue queue;
    struct sim_random random;
    struct sim_service service;
    struct sim_person people[SIM_PEOPLE_MAX];
    size_t count;
    struct sim_room rooms[SIM_ROOMS];
    bool server_up;
    unsigned repeats; /* so many presences are told twice */
    bool well;        /* faults have stopped */
    uint64_t steps, same_ms_steps;
    struct sim_check *check;
    /* Lines of what was decided, if wanted: borrowed for the call. */
    void (*trace)(void *arg, uint64_t at_ms, const char *who, const char *line);
    void *trace_arg;
    bool trace_wire; /* what arrives where, too */
};

/* The plan is borrowed as long as the world lives. */
struct sim_world *sim_world_new(const struct sim_plan *plan);
void sim_world_free(struct sim_world *w);
/* Plays the plan to its end, lets it settle and empties it. True if every promise held. */
bool sim_world_run(struct sim_world *w);

void sim_say(struct sim_world *w, const char *who, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
struct sim_end *sim_end(struct sim_world *w, int who);
bool sim_runs(const struct sim_world *w, int who);
void sim_later(struct sim_world *w, uint64_t in_ms, enum sim_item_kind kind, int who, uint64_t number);

/* --- wire.c: between an end and the server; text is taken --- */
void sim_send_up(struct sim_world *w, int who, char *text);
void sim_send_down(struct sim_world *w, int who, char *text);
void sim_arrived(struct sim_world *w, struct sim_item *item); /* UP or DOWN */
void sim_connect(struct sim_world *w, int who);
void sim_disconnect(struct sim_world *w, int who); /* the end knows at once; what is under way is lost */
void sim_sleep(struct sim_world *w, int who, uint64_t ms);
void sim_wake(struct sim_world *w, int who);

/* --- server.c --- */
void sim_server_got(struct sim_world *w, int from, const char *text);
void sim_server_lost(struct sim_world *w, int who); /* it notices that a stream is over */
void sim_server_stop(struct sim_world *w);
void sim_route(struct sim_world *w, const char *text); /* from the service, to whom it says */

/* --- muc.c --- */
void sim_muc_enter(struct sim_world *w, int room, int who, const char *nick, const char *jid,
                   const char *device);
void sim_muc_leave(struct sim_world *w, int room, int who, const char *code); /* code: a status, or NULL */
void sim_muc_affiliate(struct sim_world *w, int room, int who, int affiliation);
void sim_muc_two_sessions(struct sim_world *w, int room, int who);
void sim_muc_heal(struct sim_world *w); /* tells what was lost */
bool sim_muc_has(const struct sim_world *w, int room, int who);

/* --- service.c --- */
void sim_service_init(struct sim_world *w);
void sim_service_done(struct sim_world *w);
void sim_service_start(struct sim_world *w);
void sim_service_reconnect(struct sim_world *w); /* tries until the server is there */
void sim_service_event(struct sim_world *w, struct kr_event *event);
void sim_service_got(struct sim_world *w, const char *text);
void sim_service_die(struct sim_world *w, const char *why);
void sim_service_settings(struct sim_world *w);
void sim_service_end_turn(struct sim_world *w);
uint64_t sim_service_now(const struct sim_world *w);

/* --- person.c --- */
void sim_person_init(struct sim_world *w, size_t index);
void sim_person_done(struct sim_person *p);
void sim_person_appear(struct sim_world *w,
                       struct sim_person *p); /* a client, if there is none, and a stream */
void sim_person_reload(struct sim_world *w, struct sim_person *p); /* a new client on the same device */
void sim_person_event(struct sim_world *w, struct sim_person *p, enum kr_client_event_kind kind);
void sim_person_got(struct sim_world *w, struct sim_person *p, const char *text);
void sim_person_look(struct sim_world *w, struct sim_person *p); /* its application's own wishes */
bool sim_person_joined(const struct sim_person *p);

/* --- mischief.c: what a dishonest client makes of its requests; NULL: nothing is sent. Takes the text. ---
 */
char *sim_mischief(struct sim_world *w, struct sim_person *p, char *text);
void sim_remember(struct sim_texts *t, size_t most, const char *text);
void sim_forget(struct sim_texts *t);
void sim_flood(struct sim_world *w, struct sim_person *p, uint64_t count);
/* What the wire makes of an event to a person; NULL: it is lost. Takes the text. */
char *sim_bend(struct sim_world *w, struct sim_person *p, char *text);

/* --- act.c --- */
void sim_act(struct sim_world *w, const struct sim_act *a);
void sim_make_well(struct sim_world *w);
void sim_empty(struct sim_world *w);

/* --- parse.c --- */
/* Parses the text as a stanza of that stream namespace into the arena (initialised here). */
struct kr_el *sim_parse(struct kr_arena *arena, const char *text, const char *ns);
/* The attribute of the first element of that name in the text as it was written by our own builder; false if
 * there is none. element NULL: the stanza itself. */
bool sim_attr(const char *text, const char *element, const char *name, char *out, size_t size);

#endif
