/* What is going to happen, by virtual time: a priority queue. Equal times keep the order they were put in. */
#ifndef KR_SIM_QUEUE_H
#define KR_SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_SERVICE = -1 }; /* an end of a stream: the service, or a person's index */

enum sim_item_kind {
    SIM_UP,            /* text of the end `who` arrives at the server */
    SIM_DOWN,          /* text arrives at the end `who` */
    SIM_ACT,           /* number: index of the act in the plan */
    SIM_FRAME,         /* frame arrives at the person `who` */
    SIM_SPEAK,         /* the person `who` says something */
    SIM_WAKE,          /* the end `who` runs again */
    SIM_RECONNECT,     /* the end `who` has a stream again; number: its session */
    SIM_NOTICED,       /* the server notices that the stream of `who`, life `life`, is dead */
    SIM_SERVICE_START, /* the service's process starts */
    SIM_SERVER_START   /* the server is back */
};

struct sim_frame; /* world/media.h */

struct sim_item {
    uint64_t at_ms, order;
    enum sim_item_kind kind;
    int who;
    uint32_t life; /* of the stream, for UP, DOWN, NOTICED */
    uint64_t number;
    char *text;              /* owned by the item */
    struct sim_frame *frame; /* owned */
};

struct sim_queue {
    struct sim_item *items; /* a binary heap */
    size_t len, cap;
    uint64_t order;
};

void sim_queue_put(struct sim_queue *q, struct sim_item item);    /* takes text and frame */
const struct sim_item *sim_queue_peek(const struct sim_queue *q); /* NULL: empty */
struct sim_item sim_queue_take(struct sim_queue *q); /* not on an empty queue; gives what it owns */
void sim_item_done(struct sim_item *item);
void sim_queue_done(struct sim_queue *q);

#endif
