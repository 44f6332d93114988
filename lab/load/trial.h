/* One measured stretch: from the moment of a decision to the last thing it leads to. Dialects report what
 * happens; scripts say from when to when and what should have happened. */
#ifndef KR_LOAD_TRIAL_H
#define KR_LOAD_TRIAL_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "load/engine.h"
#include "load/record.h"
#include "load/stats.h"

struct kr_meter { /* what is looked at, besides the lines */
    const struct kr_load *load;
    size_t first_line, line_count; /* the clients' */
    size_t service_lines;    /* the generator's own component, behind them; 0: the service is a process */
    pid_t prosody, keyroomd; /* keyroomd 0: none */
    uint16_t component_port;
    uint16_t metrics_port; /* of keyroomd; 0: its page is not read */
};

struct kr_gauge { /* at one moment */
    struct kr_counts counts;
    uint64_t link_bytes, prosody_ns, keyroomd_ns;
};

struct kr_trial {
    const struct kr_meter *meter;
    struct kr_record *record; /* takes sizes if not NULL */
    uint64_t start_ns;        /* the decision; nothing before it counts */
    uint64_t cause_ns;        /* what led to it: a leave seen, a join sent */
    struct kr_gauge before, after;
    uint64_t olm_ns; /* of the service's own device: when it began, then how long it took till the end */
    struct kr_samples keys, acks;
    uint64_t first_commit_ns, last_switch_ns; /* 0: none yet */
    size_t switches;
    size_t busy;  /* requests that the service put off */
    size_t wrong; /* received things that should not be: the figures are then worth nothing */
    char wrong_why[200];
    uint64_t service_exposure_ms; /* as the service tells it; 0: did not */
};

/* Forgets the last one. */
void kr_trial_begin(struct kr_trial *r, uint64_t cause_ns, uint64_t start_ns);
void kr_trial_end(struct kr_trial *r);
void kr_trial_done(struct kr_trial *r);
/* Reads the counters: at the decision. kr_trial_end reads them again. */
void kr_trial_gauge(struct kr_trial *r);

/* --- dialects --- */
void kr_trial_keys(struct kr_trial *r, size_t count); /* so many keys arrived at their receivers just now */
void kr_trial_ack(struct kr_trial *r);    /* a sender, or the service, knows that a receiver has them */
void kr_trial_commit(struct kr_trial *r); /* a participant was told that all have them */
void kr_trial_switch(struct kr_trial *r); /* a participant sends with its new key */
void kr_trial_size(struct kr_trial *r, enum kr_record_kind kind, size_t bytes);
void kr_trial_wrong(struct kr_trial *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- results --- */
struct kr_extra {
    const char *name;
    double value;
};

struct kr_outcome {
    const char *name; /* of the case */
    size_t n;
    const char *cause;     /* suffix of the times counted from the cause, "leave" or "join"; NULL: none */
    uint64_t cause_add_ns; /* what a real client would have waited besides (a debounce) */
    size_t failed_pairs, late_acks;
    const struct kr_extra *extra; /* what else there is to tell */
    size_t extra_count;
    bool only_extra; /* and costs: times would say nothing */
};
/* One line of JSON: {"case": "...", "n": N, "wrong": "...", "metrics": {...}}. */
void kr_trial_print(struct kr_trial *r, const struct kr_outcome *o, FILE *out);

#endif
