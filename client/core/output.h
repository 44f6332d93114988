/* What one step of the client asks for: stanzas to send, things to show, and when to call again. */
#ifndef KR_CLIENT_OUTPUT_H
#define KR_CLIENT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "epoch/context.h"
#include "log/note_key.h"
#include "message/request.h"
#include "verify/sas_code.h"

enum kr_report_kind {
    KR_REPORT_JOINED,
    KR_REPORT_LEFT,     /* why */
    KR_REPORT_ATTACHED, /* waiting, device, attach, instance */
    KR_REPORT_REFUSED,  /* what, err or why, who: a request that was refused, or what was received and refused
                         */
    KR_REPORT_ANNOUNCE, /* epoch fields, source, leader; who: participants in roster order */
    KR_REPORT_COMMIT,
    KR_REPORT_SWITCH,   /* by_clock */
    KR_REPORT_STOP,     /* why: sending has stopped */
    KR_REPORT_MISMATCH, /* why, who: others were told something else; only a new attach heals it */
    KR_REPORT_EXPOSED,  /* who left and still holds the keys in use */
    KR_REPORT_UNEXPOSED,
    KR_REPORT_DETACHED, /* why */
    KR_REPORT_STATE,    /* what: mode, why: its text, who: waiting */
    KR_REPORT_LOG,      /* log_key, log: a newer checkpoint, to be kept; epoch: of which */
    KR_REPORT_PROVED, /* epoch: its entry stands in the log, with this roster, and the log goes on from before
                       */
    KR_REPORT_ALARM,  /* what: the name of the error, why: a sentence for people, epoch */
    KR_REPORT_VERIFY, /* verify, why, who, device, code, by_peer: a verification has come so far */
    KR_REPORT_TRUST   /* trust, who, device; why: the name at verification */
};

enum kr_verify_step {
    KR_VERIFY_ASKED,    /* the peer asks: VERIFY agrees, VERIFY_CANCEL does not */
    KR_VERIFY_CODE,     /* compare: VERIFY_ANSWER */
    KR_VERIFY_DONE,     /* both said that the codes are the same, and the keys hold */
    KR_VERIFY_MISMATCH, /* one of the two said that the codes differ: as loud as DONE */
    KR_VERIFY_ENDED     /* why: the sentence of the reason; what: its word */
};
const char *kr_verify_step_name(enum kr_verify_step step);

/* What the own person knows of a member's device. */
enum kr_trust {
    KR_TRUST_NONE,
    KR_TRUST_VERIFIED, /* the own person verified it */
    KR_TRUST_CHANGED   /* another device of who was verified, or of a guest of that name: its keys are not
                        * those that were verified */
};
const char *kr_trust_name(enum kr_trust trust);

struct kr_report {
    enum kr_report_kind kind;
    char *what, *why; /* owned; NULL if there is none */
    char **who;       /* participants; owned */
    size_t who_count;
    struct kr_id instance, device, attach;
    uint64_t epoch;
    enum kr_epoch_kind epoch_kind;
    enum kr_source source;
    char *leader;     /* the participant that makes the secret for all; owned; NULL: none does */
    unsigned reasons; /* enum kr_reason */
    struct kr_digest context;
    bool waiting, by_clock, has_exposure;
    uint64_t exposure_ms;
    struct kr_note_key log_key;
    struct kr_log_claim log;
    enum kr_verify_step verify;
    enum kr_trust trust;
    bool by_peer;
    struct kr_sas_code code; /* VERIFY_CODE */
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
