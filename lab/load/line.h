/* One TCP connection to the server: a client that logs in with SASL ANONYMOUS, or a component (XEP-0114).
 * Nagle is off. Counts what passes; understands only what the login needs. */
#ifndef KR_LOAD_LINE_H
#define KR_LOAD_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "load/scan.h"

struct kr_line;

struct kr_line_config {
    uint16_t port;      /* on the loopback interface */
    const char *domain; /* client: the anonymous host; component: its own JID; borrowed */
    const char *secret; /* of the component; NULL: a client; borrowed */
};

struct kr_counts { /* bytes are TCP payload, both as the generator sees them */
    uint64_t stanzas_in, stanzas_out, bytes_in, bytes_out;
};

struct kr_line {
    const struct kr_line_config *config; /* borrowed */
    void (*stanza)(struct kr_line *line, const struct kr_piece *piece);
    void *owner; /* the stanza handler's */
    int fd;
    unsigned stage; /* of the login */
    bool up, broken;
    bool dirty; /* in the engine's list of lines with something to write */
    bool wants_out;
    const char *why; /* once broken */
    char *jid;       /* a client's full JID once up; owned */
    struct kr_scan in;
    struct kr_buf out;
    size_t written; /* bytes of `out` that the kernel has */
    struct kr_counts counts;
};

/* KR_E_IO if there is no connection to be had. */
int kr_line_open(struct kr_line *line, const struct kr_line_config *config);
void kr_line_close(struct kr_line *line); /* fine on one that was never opened */

/* Queue for writing. One call is one stanza, unless `raw`. The engine's kr_load_send does it and remembers to
 * flush. */
void kr_line_queue(struct kr_line *line, const char *xml, size_t len, bool raw);
void kr_line_flush(struct kr_line *line);
void kr_line_readable(struct kr_line *line); /* reads all there is, calls back for each stanza */

void kr_counts_add(struct kr_counts *sum, const struct kr_counts *c);

#endif
