/* One connection attempt with libstrophe and what comes of it; io/link.c makes a new one for each attempt.
 * Internal to io. What libstrophe 0.12 does not give is done here: a component without stream-management
 * state crashes it, the socket is only shown to an option callback, the log prints stanzas, the send queue
 * counts one element too few. */
#ifndef KR_IO_LINK_STROPHE_H
#define KR_IO_LINK_STROPHE_H

#include <strophe.h>

#include "io/link.h"

struct kr_wire;

struct kr_wire_callbacks {
    void *arg;
    void (*up)(void *arg);
    void (*stanza)(void *arg, xmpp_stanza_t *stanza);
};

/* Starts to connect. Never calls back; a failure at once shows in kr_wire_end. NULL if libstrophe cannot
 * start. */
struct kr_wire *kr_wire_new(const struct kr_link_config *config, const struct kr_wire_callbacks *cb);
void kr_wire_free(struct kr_wire *w); /* no callback */

/* One round without waiting: write what is queued, read once, call back. True if libstrophe may have queued
 * an answer of its own, which is only written in the next round: it has allocated memory. */
bool kr_wire_run(struct kr_wire *w);

/* True once the attempt or stream is over, with the reason; detail lives as long as w. */
bool kr_wire_end(const struct kr_wire *w, enum kr_link_down *ret_why, const char **ret_detail);

int kr_wire_fd(const struct kr_wire *w);          /* -1: none */
bool kr_wire_tcp_up(const struct kr_wire *w);     /* the other side accepted */
const char *kr_wire_jid(const struct kr_wire *w); /* bound JID of a client, or NULL */

/* Only when up; copied. bytes[len] must be '\0': libstrophe looks for it in spite of the length. */
void kr_wire_send(struct kr_wire *w, const char *bytes, size_t len);
bool kr_wire_idle(const struct kr_wire *w); /* all that was given to kr_wire_send is with the kernel */
void kr_wire_close(struct kr_wire *w);      /* politely: ends within libstrophe's two seconds */

#endif
