/* The promises of docs/promises.md, and what watches over them. The world calls these where something
 * happens; the first promise that does not hold ends the run. */
#ifndef KR_SIM_CHECK_H
#define KR_SIM_CHECK_H

#include "client/output.h"
#include "core/output.h"
#include "sim/world/media.h"
#include "sim/world/world.h"

enum sim_promise {
#define PROMISE(name, number, text) SIM_P_##name = (number),
#include "sim/check/promise.def"
#undef PROMISE
    SIM_PROMISE_END
};
/* "P3 exposure"; NULL for no promise. */
const char *sim_promise_name(int promise);
int sim_promise_read(const char *name); /* of "P3" or "exposure"; 0: none */

struct sim_violation {
    int promise; /* 0: none */
    uint64_t at_ms;
    char text[512];
};

struct sim_check *sim_check_new(void);
void sim_check_free(struct sim_check *c);
const struct sim_violation *sim_violation(const struct sim_world *w);
/* Counts for the curious: how much was looked at. */
struct sim_seen {
    uint64_t turns, stanzas, epochs, commits, one_time_keys, secrets, frames_opened, frames_refused, switches;
};
struct sim_seen sim_check_seen(const struct sim_world *w);

void sim_violate(struct sim_world *w, enum sim_promise promise, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* --- mirror.c: what the core has written, beside the store --- */
void sim_check_committed(struct sim_world *w);
void sim_check_rolled_back(struct sim_world *w);
void sim_check_restored(struct sim_world *w, uint64_t log_size);
/* --- service.c --- */
void sim_check_stepped(struct sim_world *w, const struct kr_output *out); /* the core, one step */
void sim_check_sent(struct sim_world *w, const char *text);               /* leaves the process */
void sim_check_turn(struct sim_world *w);                                 /* a turn has ended */
void sim_check_loaded(struct sim_world *w, const struct kr_snapshot *s);
void sim_check_died(struct sim_world *w);
/* --- person.c --- */
void sim_check_person(struct sim_world *w, struct sim_person *p); /* its client was stepped */
void sim_check_report(struct sim_world *w, struct sim_person *p, const struct kr_report *r);
/* --- secret.c --- */
void sim_check_line(struct sim_world *w, const char *who, const char *line);
/* --- frame.c --- */
void sim_check_spoken(struct sim_world *w, struct sim_person *p,
                      struct sim_frame *f); /* fills who sealed it */
void sim_check_heard(struct sim_world *w, struct sim_person *p, const struct sim_frame *f, int err);
/* --- time.c --- */
void sim_check_time(struct sim_world *w); /* before each thing that happens */
/* --- settled.c --- */
void sim_check_settled(struct sim_world *w);
void sim_check_emptied(struct sim_world *w);

#endif
