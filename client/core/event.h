/* Everything that can happen to a client (docs/protocol.md): commands of its application, stanzas, time. */
#ifndef KR_CLIENT_EVENT_H
#define KR_CLIENT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "xml/el.h"

enum kr_client_event_kind {
    KR_CLIENT_UP,     /* the stream is authenticated as `jid` */
    KR_CLIENT_DOWN,   /* the stream is lost: the seat in the room and the attach with it */
    KR_CLIENT_STANZA, /* `stanza` arrived */
    KR_CLIENT_TIME,   /* the deadline of the last output has come */
    KR_CLIENT_JOIN,   /* the application wants to be in the room, now and after each reconnect */
    KR_CLIENT_LEAVE,  /* ... no longer; what is held is kept as long as `keep` of the configuration says */
    KR_CLIENT_DETACH, /* stays in the room without keys */
    /* Verification with `participant` (docs/protocol.md 12.2). What is not possible is reported as refused.
     */
    KR_CLIENT_VERIFY,        /* begin one, or agree to the one that it asks for */
    KR_CLIENT_VERIFY_ANSWER, /* the own person says whether the codes are the `same` */
    KR_CLIENT_VERIFY_CANCEL, /* the own person does not go on */
    KR_CLIENT_UNATTEST       /* takes back what it said of the device of `participant` */
};

struct kr_client_event {
    enum kr_client_event_kind kind;
    uint64_t now_ms;            /* monotonic; never smaller than that of the event before */
    uint64_t wall_ms;           /* since 1970; 0: not known, and then no attestation is made or counts */
    const char *jid;            /* UP: the bound full JID; borrowed */
    const struct kr_el *stanza; /* STANZA: borrowed until the step returns */
    const char *participant;    /* VERIFY...: borrowed */
    bool same;                  /* VERIFY_ANSWER */
};

#endif
