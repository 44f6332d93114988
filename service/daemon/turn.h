/* One turn: step the machine with what has arrived, apply its writes and queries in one transaction, commit,
 * and only then send, log and reply (docs/architecture.md, "a turn"). A store that fails ends the process:
 * nothing of that turn is sent or logged, and start-up rebuilds from what was committed. */
#ifndef KR_DAEMON_TURN_H
#define KR_DAEMON_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/event.h"
#include "core/output.h"
#include "store/store.h"

struct kr_turn_config {
    void *arg;
    void (*step)(void *arg, const struct kr_event *event, struct kr_output *out); /* the core */
    void (*now)(void *arg, struct kr_now *ret_now);
    void (*send)(void *arg, const char *xml, size_t len);
    void (*trace)(void *arg, enum kr_trace_level level, const char *line);
    void (*reply)(void *arg, const struct kr_control_reply *reply);
    void (*own)(void *arg, struct kr_own_note *note); /* may take what is in it; NULL: nobody is there */
};

struct kr_turn_stats {
    uint64_t turns, events, commits;
    uint64_t commit_us_sum, commit_us_max; /* time of the store's commit alone */
    uint64_t sent, sent_bytes;
};

struct kr_turn {
    struct kr_turn_config config;
    struct kr_store *store; /* borrowed */
    struct kr_output out;
    bool in_transaction;
    unsigned events;  /* of this turn */
    int failed;       /* KR_E_ value of the store: nothing works any more */
    char errmsg[512]; /* what failed, why and what to do */
    struct kr_turn_stats stats;
};

void kr_turn_init(struct kr_turn *t, const struct kr_turn_config *config, struct kr_store *store);
void kr_turn_done(struct kr_turn *t); /* rolls back what is open */

/* Steps one event and all that follows from it within the turn. After KR_TURN_EVENTS_MAX events the turn is
 * ended and a new one begun. Returns 0, or the store's error, then and ever after: t->errmsg says it to the
 * operator. */
int kr_turn_event(struct kr_turn *t, struct kr_event *event);

/* Commits, then sends, logs and replies. Errors as above. */
int kr_turn_end(struct kr_turn *t);

/* What an operator can do about a store's error. */
const char *kr_store_hint(int err);

#endif
