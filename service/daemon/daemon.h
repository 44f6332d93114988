/* The daemon: what main.c builds up and tears down, and the loop in between. */
#ifndef KR_DAEMON_DAEMON_H
#define KR_DAEMON_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "core/core.h"
#include "daemon/config.h"
#include "daemon/turn.h"
#include "daemon/web.h"
#include "daemon/witness.h"
#include "io/link.h"
#include "olm/meter.h"
#include "own/participant.h"

struct kr_daemon {
    struct kr_config config;
    struct kr_store *store;
    struct kr_core *core;
    struct kr_link *link;
    struct kr_turn turn;
    const struct kr_secret *seal_key;   /* borrowed */
    struct kr_participant *participant; /* NULL: no room has source `service` */
    struct kr_olm_meter olm;            /* of its arithmetic */
    struct kr_web *control, *metrics;   /* metrics may be NULL */
    struct kr_witnesses *witnesses;     /* NULL: the log has none */
    bool link_started;                  /* not before the witnesses were asked */
    int signal_fd;
    uint64_t started_mono_ms;
    uint64_t link_changed_mono_ms;
    bool link_up;        /* the core was told so */
    bool link_tried;     /* an attempt has failed since the link was up */
    uint64_t link_downs; /* since start */
    bool was_up;         /* the service manager was told that we are ready */
    bool queue_over;     /* the core was told that the queue is over KR_QUEUE_SOFT */
    bool stopping;       /* asked to end; waiting for the stream to close */
    bool done;           /* leave the loop */
    int exit_code;
    uint64_t stop_by_mono_ms; /* when stopping */
    uint64_t alive_interval_ms, alive_due_mono_ms;
    struct kr_control_reply *awaited; /* where the reply of the control command of this turn goes */
    uint64_t control_token;
};

/* Opens the service's own device, or makes it, if a room of the configuration has source `service` and it is
 * not yet open. KR_E_: it cannot be opened; logged, with what to do. */
int kr_daemon_own_device(struct kr_daemon *d, const struct kr_config *config);
/* The settings for the core: of the configuration, and the own device. The caller's (kr_settings_done). */
void kr_daemon_settings(const struct kr_daemon *d, const struct kr_config *config,
                        struct kr_settings *ret_settings);

/* Turns what the store knows into the first event. */
int kr_daemon_load(struct kr_daemon *d);

/* Until a signal or a failure; d->exit_code is then the process's. */
void kr_daemon_run(struct kr_daemon *d);

/* For kr_witnesses_new. */
struct kr_witness_hooks kr_daemon_witness_hooks(struct kr_daemon *d);

/* For kr_link_new and kr_turn_init. */
struct kr_link_callbacks kr_daemon_link_callbacks(struct kr_daemon *d);
struct kr_turn_config kr_daemon_turn_config(struct kr_daemon *d);

/* Runs one operator's command in a turn of its own. The reply's text is the caller's. KR_E_: the store
 * failed; the process is about to end. */
int kr_daemon_control(struct kr_daemon *d, struct kr_control *command, struct kr_control_reply *ret_reply);

#endif
