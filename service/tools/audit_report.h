/* The page for somebody who audits: one file, no script, for a phone and for paper. */
#ifndef KR_TOOLS_AUDIT_REPORT_H
#define KR_TOOLS_AUDIT_REPORT_H

#include "audit_names.h"

/* What the page tells, collected entry by entry. Strings are owned; "" for none. */
struct kr_page_epoch { /* a rotation: announced, and what became of it */
    uint64_t idx, at_ms, number, size;
    struct kr_id instance;
    char *room, *reason, *kind, *source, *abandoned;
    uint64_t end_idx, end_ms, acked, total, silent, exposure_ms;
    bool complete, has_exposure;
};

struct kr_page_stay { /* a device in a room, from its attach to its end */
    struct kr_id attach;
    char *room, *participant, *owner, *device, *why;
    uint64_t idx, wait_ms, in_ms, out_ms; /* 0: never */
};

enum kr_page_bond { KR_BOND_VERIFIED, KR_BOND_ENDED, KR_BOND_MISMATCH };
struct kr_page_trust { /* one device's word of another */
    uint64_t idx, at_ms, end_idx;
    enum kr_page_bond bond;
    char *from, *to, *attestation, *how; /* how: it ended, in words */
};

struct kr_page_event { /* whatever else */
    uint64_t idx, at_ms;
    char *type, *details;
};

struct kr_page {
    struct kr_page_epoch *epochs;
    struct kr_page_stay *stays;
    struct kr_page_trust *trusts;
    struct kr_page_event *events;
    size_t epoch_count, epoch_cap, stay_count, stay_cap, trust_count, trust_cap, event_count, event_cap;
    size_t entry_count;
    uint64_t first_ms, last_ms;
};

void kr_page_add(struct kr_page *p, uint64_t idx, const struct kr_log_entry *e, const struct kr_names *names);
/* Writes the page to a->out, and frees it. */
int kr_page_write(struct kr_page *p, const struct kr_audit *a, sqlite3 *db);

/* --- for the files of the page --- */
void kr_page_free(struct kr_page *p);

void kr_html(struct kr_buf *b, const char *text); /* escaped */
void kr_html_head(struct kr_buf *b);              /* up to the body, with the look of the page */
/* The moment in UTC, without the day if the whole page is of one. */
void kr_html_time(struct kr_buf *b, const struct kr_page *p, uint64_t ms);
/* A cell of a table; label names its column where there is no room for columns. Empty ones vanish there. */
void kr_html_cell(struct kr_buf *b, const char *label, const char *text);
void kr_html_number(struct kr_buf *b, const char *label, uint64_t n);

void kr_page_people(struct kr_buf *b, const struct kr_page *p); /* who was in: bars, and a table */
void kr_page_graph(struct kr_buf *b, const struct kr_page *p); /* who verified whom: a drawing, and a table */
/* Who a device is: the participant seen last with it, or the device. */
const char *kr_page_who(const struct kr_page *p, const char *device);

#endif
