/* The witnesses of the log (C2SP tlog-witness; docs/protocol.md 11.5): each is given the newest checkpoint
 * every so often, and what it answers is an event of the core. Nothing here waits. */
#ifndef KR_DAEMON_WITNESS_H
#define KR_DAEMON_WITNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "core/event.h"
#include "log/note_key.h"
#include "store/store.h"

struct kr_witnesses;

/* A line of the configuration: `VKEY URL`, the key of type 0x04 and the prefix in front of /add-checkpoint.
 * NULL, or what is wrong with it. */
const char *kr_witness_read(const char *line, struct kr_note_key *ret_key, const char **ret_url);

struct kr_witness_hooks {
    void *arg;
    /* The log that is to be witnessed; false: none, it is halted. *ret_origin is borrowed for the call. */
    bool (*log)(void *arg, const char **ret_origin);
    void (*said)(void *arg, const struct kr_witness_said *said);
    struct kr_store *store; /* borrowed; read between turns */
    uint64_t every_ms;      /* between two checkpoints for one witness */
};

/* lines: of the configuration, each as kr_witness_read takes it; none: *ret is NULL, which all below bear.
 * KR_E_IO. */
int kr_witnesses_new(char *const *lines, size_t count, const struct kr_witness_hooks *hooks,
                     struct kr_witnesses **ret_witnesses);
void kr_witnesses_free(struct kr_witnesses *w);

int kr_witnesses_fd(const struct kr_witnesses *w);       /* to wait for POLLIN; -1 for none */
uint64_t kr_witnesses_due(const struct kr_witnesses *w); /* monotonic: run it then at the latest */
void kr_witnesses_run(struct kr_witnesses *w, uint64_t now_mono_ms);

/* Has each of them answered, or failed to, since start? */
bool kr_witnesses_asked(const struct kr_witnesses *w);

struct kr_witness_view { /* borrowed until the next run */
    const char *name, *url;
    uint64_t size;     /* that it has cosigned, as far as we know */
    const char *error; /* of the last attempt; "" for none */
};
size_t kr_witnesses_count(const struct kr_witnesses *w);
struct kr_witness_view kr_witnesses_view(const struct kr_witnesses *w, size_t i);

#endif
