/* Frames: sealed by who may send, forwarded to everybody in the room and to who has left, opened or not. */
#ifndef KR_SIM_MEDIA_H
#define KR_SIM_MEDIA_H

#include "base/buf.h"
#include "base/id.h"

struct sim_world;
struct sim_person;

struct sim_frame {
    int from;
    struct kr_id attach, instance; /* of the sender's key */
    uint64_t epoch, sealed_ms;
    struct kr_digest context;
    struct kr_buf bytes;
};

void sim_frame_free(struct sim_frame *f);
void sim_speak(struct sim_world *w, struct sim_person *p);
void sim_hear(struct sim_world *w, struct sim_person *p, const struct sim_frame *f);

#endif
