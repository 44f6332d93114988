/* What the own person says in verifications: by commands, or in its place by the options of the command line.
 */
#ifndef KR_EDGE_SCRIPT_H
#define KR_EDGE_SCRIPT_H

#include <stdbool.h>

#include "client/event.h"
#include "client/output.h"
#include "options.h"

enum { KR_SCRIPT_QUEUE = 8 };

struct kr_script {
    const struct kr_options *options;
    bool begun;        /* what --verify asks for */
    struct kr_saying { /* to be said to the core, in order */
        struct kr_client_event event;
        char *participant; /* owned */
    } queue[KR_SCRIPT_QUEUE];
    size_t count;
    char *said; /* owned: of the event that was handed out last */
};

void kr_script_init(struct kr_script *s, const struct kr_options *options);
void kr_script_done(struct kr_script *s);
void kr_script_hear(struct kr_script *s, const struct kr_report *r);
/* The next event for the core; its strings are good until the next call. False: none. */
bool kr_script_next(struct kr_script *s, struct kr_client_event *ret_event);
/* `verify NICK` and so on; the event borrows from the command. */
bool kr_script_command(const char *command, struct kr_client_event *ret_event);

#endif
