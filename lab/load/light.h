/* A participant that says everything a client says, properly signed and packed, and derives nothing: its
 * ciphertexts have the right size and tell who sealed for whom. So the crowd costs the machine little, and
 * the figures are the server's and the service's. */
#ifndef KR_LOAD_LIGHT_H
#define KR_LOAD_LIGHT_H

#include "load/crowd.h"
#include "load/light_view.h"

extern const struct kr_dialect kr_light;

/* Attaches as soon as the service can be asked; again on every refusal that passes. */
void kr_light_attach(struct kr_seat *seat);

struct kr_light_look {
    bool member;
    uint64_t attach_sent_ns, attached_ns;
    uint64_t epoch;    /* newest announced to it; 0: none */
    size_t missing;    /* keys of that epoch that have not come */
    bool acked;        /* the service knows: the commit says so */
    bool committed;    /* it was told that all have them */
    size_t roster_len; /* without the service's own line */
    struct kr_id attach;
    uint64_t switched; /* the epoch whose key it sends with; 0: none */
    bool answers;      /* it is about to answer a leader's first message */
};
struct kr_light_look kr_light_look(const struct kr_seat *seat);

/* The room's newest epoch if that attach is not in its roster, else 0. */
uint64_t kr_light_epoch_without(const struct kr_crowd *crowd, size_t room, const struct kr_id *attach);

/* Keys that one rotation of the room's newest epoch has to bring about, over all members. */
size_t kr_light_expected(const struct kr_crowd *crowd, size_t room);

#endif
