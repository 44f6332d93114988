/* The people: who sits on which line in which room, coming and going as XEP-0045 has it. What they say to
 * each other about keys is their dialect's. */
#ifndef KR_LOAD_CROWD_H
#define KR_LOAD_CROWD_H

#include <stdbool.h>

#include "load/engine.h"
#include "load/trial.h"
#include "xml/build.h"

struct kr_crowd;

enum { KR_SEAT_NICK = 16 };

struct kr_seat { /* a person in a room */
    struct kr_crowd *crowd;
    struct kr_line *line;
    size_t index, room;      /* in the crowd */
    char nick[KR_SEAT_NICK]; /* 8 hex digits, as Jitsi's participant ids; new for each stay */
    bool inside, wanted;     /* wanted: it means to be in the room */
    size_t gone_seen;        /* leaves of others that it was told of */
    void *state;             /* the dialect's; NULL outside */
};

struct kr_dialect {
    const char *name;
    /* A person comes or goes; makes and frees seat->state. */
    void (*come)(struct kr_seat *seat);
    void (*go)(struct kr_seat *seat);
    void (*room_over)(struct kr_crowd *crowd, size_t room); /* frees room_states[room]. NULL: nothing */
    /* Adds to the join presence. NULL: nothing. */
    void (*presence)(struct kr_seat *seat, struct kr_xml *x);
    /* The server has let it in, and the crowd is eager. NULL: nothing. */
    void (*inside)(struct kr_seat *seat);
    /* Everything that is not presence, or presence too if `all`. */
    void (*stanza)(struct kr_seat *seat, const struct kr_piece *piece);
    bool all;
    /* Is that the room's instance, as the seat was told? For what names it so. NULL: nothing does. */
    bool (*is_in)(const struct kr_seat *seat, const struct kr_tag *tag);
    /* It joins and leaves by itself; the crowd's presence handling only looks on. */
    bool self_made;
    void (*leave)(struct kr_seat *seat); /* of a self_made one */
    /* Time: the next moment at which it wants to be called, UINT64_MAX: none. NULL: never. */
    uint64_t (*due)(const struct kr_seat *seat);
    void (*time)(struct kr_seat *seat);
};

struct kr_crowd_config {
    const char *muc;         /* domain */
    const char *service;     /* the service's JID */
    const char *label;       /* of the rooms' names, which are LABEL-NUMBER@MUC */
    size_t lines, rooms;     /* one person of each room on a line at most */
    bool has_service_device; /* the service may make the keys, with this device */
    struct kr_id service_device;
};

struct kr_crowd {
    struct kr_load *load;
    const struct kr_dialect *dialect;
    const struct kr_crowd_config *config;
    struct kr_trial *trial;
    bool eager;            /* who is let in begins at once: attaches, or enables E2EE */
    char **rooms;          /* bare JIDs; owned */
    void **room_states;    /* the dialect's, one a room; owned by the dialect */
    struct kr_seat *seats; /* [line * rooms + room]; owned */
    size_t seat_count;
    uint64_t *left_ns;    /* by room: when the last leave was sent; owned */
    struct kr_seat **who; /* by serial of their nicks; NULL once gone; owned */
    size_t who_len, who_cap;
};

/* Lines first to first + config->lines of `load` are the crowd's; connected before or after. */
void kr_crowd_init(struct kr_crowd *crowd, struct kr_load *load, const struct kr_dialect *dialect,
                   const struct kr_crowd_config *config, struct kr_trial *trial);
void kr_crowd_done(struct kr_crowd *crowd);

struct kr_seat *kr_crowd_seat(struct kr_crowd *crowd, size_t line, size_t room);

void kr_seat_join(struct kr_seat *seat);
void kr_seat_leave(struct kr_seat *seat); /* forgets who it was at once */
void kr_seat_send(struct kr_seat *seat, const char *xml, size_t len);
/* Takes the builder's text; an id attribute that leads an answer back to the seat is kr_seat_iq_id's. */
size_t kr_seat_send_xml(struct kr_seat *seat, struct kr_xml *x);
void kr_seat_iq_id(const struct kr_seat *seat, char out[static 32], char kind, uint64_t number);

/* The person of that nick who is, or means to be, in a room; NULL if there is none. */
struct kr_seat *kr_crowd_who(const struct kr_crowd *crowd, const char *nick, size_t len);
/* The sender of a stanza that came through a room, or NULL. */
struct kr_seat *kr_crowd_sender(const struct kr_crowd *crowd, const struct kr_piece *p);

/* Has the service come into the room, by an invitation of this person. */
void kr_seat_invite(struct kr_seat *seat);

/* --- conditions to wait for; arg: the crowd --- */
bool kr_crowd_all_inside(void *arg);    /* all who want to be */
bool kr_crowd_all_saw_leave(void *arg); /* everybody was told of one leave since kr_crowd_forget_leaves */
void kr_crowd_forget_leaves(struct kr_crowd *crowd);

/* Runs until nothing has come or gone for `ms`. KR_E_IO if something failed. */
int kr_crowd_quiet(struct kr_crowd *crowd, uint64_t ms);
size_t kr_crowd_count(const struct kr_crowd *crowd); /* who is inside */

#endif
