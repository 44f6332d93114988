/* An XMPP stream by libstrophe: as a component (XEP-0114) or as a client (c2s). Bytes and timing only; it
 * understands nothing of what passes. It owns the work-arounds for libstrophe: the missing stream-management
 * state of components, debug logs that print stanzas, the unbounded send queue, the lack of a reconnect.
 *
 * Single-threaded. Callbacks run inside kr_link_run. */
#ifndef KR_IO_LINK_H
#define KR_IO_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "base/secret.h"
#include "xml/el.h"

struct kr_link;

enum kr_link_down {                   /* why a stream ended, or could not be had */
                    KR_DOWN_NETWORK,  /* refused, closed, timed out: will be tried again */
                    KR_DOWN_AUTH,     /* the secret or password is wrong: trying again is no use, and the link
                                         does not */
                    KR_DOWN_CONFLICT, /* another one took our place, or has it */
                    KR_DOWN_QUEUE,    /* we dropped it: the send queue was over the hard limit */
                    KR_DOWN_STREAM    /* another stream error; the detail names it */
};

struct kr_link_callbacks {
    void *arg;
    void (*up)(void *arg); /* authenticated; stanzas may be sent */
    void (*down)(void *arg, enum kr_link_down why, const char *detail); /* detail: for the log, no secret */
    /* el and everything in it live until the callback returns. */
    void (*stanza)(void *arg, const struct kr_el *el);
    /* A stanza that exceeded a limit of base/limit.h. name is "iq", "message" or "presence"; from, id, type
     * may be NULL. */
    void (*oversize)(void *arg, const char *name, const char *from, const char *id, const char *type);
};

struct kr_link_config {
    bool component;   /* else client */
    const char *host; /* where to connect */
    uint16_t port;
    const char *jid; /* component: its domain; client: [user@]domain, without user SASL ANONYMOUS */
    const struct kr_secret
        *password; /* component secret or password; borrowed while the link lives; may be NULL */
    bool plain;    /* client: no TLS (loopback) */
    uint32_t backoff_min_ms, backoff_max_ms; /* jittered exponential */
    bool reconnect;
};

/* Copies what it needs of the config. KR_E_INTERNAL if libstrophe cannot start. */
int kr_link_new(const struct kr_link_config *config, const struct kr_link_callbacks *cb,
                const struct kr_random *random, struct kr_link **ret_link);
void kr_link_free(struct kr_link *l); /* closes; no callback. Not from within one */

void kr_link_start(struct kr_link *l); /* the first attempt happens in kr_link_run */

/* Does what can be done without waiting: connects when due, writes, reads, calls back. */
void kr_link_run(struct kr_link *l, uint64_t now_mono_ms);
/* The descriptor to wait for (-1: none) with poll(2) events, and the time to run at the latest (UINT64_MAX:
 * none). */
int kr_link_poll(struct kr_link *l, short *ret_events, uint64_t *ret_due_mono_ms);

/* Queues one whole stanza of text; copied. Nothing happens while down. Over KR_QUEUE_HARD stanzas or
 * KR_QUEUE_BYTES_MAX bytes the link is dropped by the next kr_link_run. */
void kr_link_send(struct kr_link *l, const char *xml, size_t len);
size_t kr_link_queue_len(const struct kr_link *l); /* stanzas not yet written */
bool kr_link_is_up(const struct kr_link *l);
const char *kr_link_jid(const struct kr_link *l); /* client: the bound full JID once up; else NULL */
void kr_link_close(struct kr_link *l); /* ends the stream politely; `down` is called; no reconnect */

#endif
