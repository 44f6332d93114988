/* Every input of the core. If it is not here, it cannot happen to it. */
#ifndef KR_CORE_EVENT_H
#define KR_CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/id.h"
#include "core/settings.h"
#include "store/records.h"
#include "xml/el.h"

enum kr_event_kind {
    KR_EV_START,   /* snapshot: what the store knows; the first event, once */
    KR_EV_LINK_UP, /* the stream to the server is authenticated */
    KR_EV_LINK_DOWN,
    KR_EV_STANZA,   /* stanza: one received iq, message or presence */
    KR_EV_OWN,      /* stanza: a request of our own participant (core/own.h) */
    KR_EV_OVERSIZE, /* oversize: a stanza beyond the limits; only its addresses are known */
    KR_EV_TICK,     /* time has passed */
    KR_EV_QUERY,    /* query: the result of a query of this turn */
    KR_EV_CONTROL,  /* control: an operator's command */
    KR_EV_QUEUE,    /* queue: the length of the link's send queue crossed KR_QUEUE_SOFT, up or down */
    KR_EV_SETTINGS, /* settings: reloaded configuration */
    KR_EV_WITNESS,  /* witness: what a witness of the log answered */
    KR_EV_STOP,     /* the service ends: the last event */
    KR_EV_KINDS
};

struct kr_now {
    uint64_t mono_ms; /* never steps */
    uint64_t wall_ms; /* since 1970; may step */
};

enum kr_control_kind { KR_CONTROL_APPROVE, KR_CONTROL_REVOKE, KR_CONTROL_ROTATE };
struct kr_control {
    uint64_t token; /* comes back with the reply */
    enum kr_control_kind kind;
    struct kr_id device; /* approve, revoke */
    const char *scope;   /* approve, revoke: a room or KR_SCOPE_EVERYWHERE; rotate: a room */
    const char *reason;  /* revoke; "" if none */
};

enum kr_witness_word {
    KR_WITNESS_COSIGNED, /* size, time_s, lines: verified, over our checkpoint of that size */
    KR_WITNESS_AHEAD,    /* size: it has cosigned so many entries, and we never signed so many */
    KR_WITNESS_FORKED,   /* size: what it has cosigned of that size is not what we have */
    KR_WITNESS_ASKED     /* each of them was asked once, or could not be */
};
struct kr_witness_said {
    enum kr_witness_word word;
    const char *origin, *name, *vkey; /* which log, which witness */
    uint64_t size, time_s;
    struct kr_span lines;
};

struct kr_event {
    enum kr_event_kind kind;
    struct kr_now now;
    union {
        const struct kr_snapshot *snapshot;
        const struct kr_el *stanza;
        struct {
            const char *name, *from, *id,
                *type; /* name "iq", "message" or "presence"; the others may be NULL */
        } oversize;
        const struct kr_query_result *query;
        const struct kr_control *control;
        bool queue_over_soft;
        const struct kr_settings *settings;
        const struct kr_witness_said *witness;
    } u;
};

#endif
