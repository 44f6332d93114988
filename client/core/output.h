/* What one step of the client asks for: stanzas to send, things to show, and when to call again. */
#ifndef KR_CLIENT_OUTPUT_H
#define KR_CLIENT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "epoch/context.h"

enum kr_report_kind {
    KR_REPORT_JOINED,
    KR_REPORT_LEFT,     /* why */
    KR_REPORT_ATTACHED, /* waiting, device, attach, instance */
    KR_REPORT_REFUSED,  /* what, err or why, who: a request that was refused, or what was received and refused
                         */
    KR_REPORT_ANNOUNCE, /* epoch fields; who: participants in roster order */
    KR_REPORT_COMMIT,
    KR_REPORT_SWITCH,   /* by_clock */
    KR_REPORT_STOP,     /* why: sending has stopped */
    KR_REPORT_MISMATCH, /* why, who: others were told something else; only a new attach heals it */
    KR_REPORT_EXPOSED,  /* who left and still holds the keys in use */
    KR_REPORT_UNEXPOSED,
    KR_REPORT_DETACHED, /* why */
    KR_REPORT_STATE     /* what: mode, why: its text, who: waiting */
};

struct kr_report {
    enum kr_report_kind kind;
    char *what, *why; /* owned; NULL if there is none */
    char **who;       /* participants; owned */
    size_t who_count;
    struct kr_id instance, device, attach;
    uint64_t epoch;
    enum kr_epoch_kind epoch_kind;
    unsigned reasons; /* enum kr_reason */
    struct kr_digest context;
    bool waiting, by_clock, has_exposure;
    uint64_t exposure_ms;
};

struct kr_client_output {
    char **stanzas; /* in the order to send them; owned */
    size_t stanza_count, stanza_cap;
    struct kr_report *reports; /* in order of happening; owned */
    size_t report_count, report_cap;
    uint64_t deadline_ms; /* step again at this time at the latest; UINT64_MAX: not needed */
};

void kr_client_output_init(struct kr_client_output *out);
void kr_client_output_clear(struct kr_client_output *out); /* frees what is in it */

/* --- for the core --- */
void kr_output_stanza(struct kr_client_output *out, char *xml); /* takes xml; NULL (too large) is dropped */
struct kr_report *kr_output_report(struct kr_client_output *out, enum kr_report_kind kind);
void kr_report_who(struct kr_report *r, const char *participant);
/* what was refused, and why: the name of err. */
struct kr_report *kr_output_refused(struct kr_client_output *out, const char *what, int err, const char *who);

#endif
