/* Every effect of the core. The order within each list is the order to apply. */
#ifndef KR_CORE_OUTPUT_H
#define KR_CORE_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/records.h"

struct kr_send { /* one whole stanza of text; owned */
    char *xml;
    size_t len;
};

/* A decision, `what -> outcome (why)`: the operator's log and the tests' oracle. No secret, no stanza. */
enum kr_trace_level { KR_TRACE_ERROR = 3, KR_TRACE_WARN = 4, KR_TRACE_INFO = 6, KR_TRACE_DEBUG = 7 };
struct kr_trace {
    enum kr_trace_level level;
    char *line; /* owned */
};

struct kr_control_reply {
    uint64_t token;
    int err;    /* 0 or a KR_E_ value */
    char *text; /* a sentence for the operator; owned */
};

/* To the service's own participant (core/own.h), who is beside us in this process; never to the server. */
enum kr_own_kind {
    KR_OWN_BEGIN,  /* text: its nick. What it needs to know of the room follows as stanzas */
    KR_OWN_STANZA, /* text: what the server would have brought it */
    KR_OWN_END
};
struct kr_own_note {
    enum kr_own_kind kind;
    char *room; /* owned */
    char *text; /* owned; NULL with END */
};

struct kr_output {
    struct kr_write *writes; /* deep copies; owned */
    size_t write_count, write_cap;
    struct kr_query *queries; /* strings owned by the output */
    size_t query_count, query_cap;
    struct kr_send *sends; /* to be sent only after the commit */
    size_t send_count, send_cap;
    struct kr_own_note *own; /* only after the commit too, and behind the sends */
    size_t own_count, own_cap;
    struct kr_trace *traces;
    size_t trace_count, trace_cap;
    struct kr_control_reply *replies; /* to be given only after the commit */
    size_t reply_count, reply_cap;
};

void kr_output_init(struct kr_output *o);
void kr_output_done(struct kr_output *o); /* frees everything, wiping what is secret */

/* The caller applies writes and queries of a step before the next one; these empty just those two lists. */
void kr_output_clear_writes(struct kr_output *o);
void kr_output_clear_queries(struct kr_output *o);

/* For the core. Records are copied, strings included; xml and text are taken over. */
void kr_output_write(struct kr_output *o, const struct kr_write *w);
void kr_output_query(struct kr_output *o, const struct kr_query *q);
void kr_output_send(struct kr_output *o, char *xml); /* NULL is dropped: the builder had hit its ceiling */
void kr_output_own(struct kr_output *o, enum kr_own_kind kind, const char *room,
                   char *text); /* text is taken over; a stanza of NULL is dropped */
void kr_own_note_done(struct kr_own_note *note);
void kr_output_trace(struct kr_output *o, enum kr_trace_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void kr_output_reply(struct kr_output *o, uint64_t token, int err, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
