/* keyroomctl audit: the log, offline, from a copy of the database (docs/protocol.md 11). Nothing here needs
 * the service; names need the seal key. */
#ifndef KR_TOOLS_AUDIT_H
#define KR_TOOLS_AUDIT_H

#include <sqlite3.h>

#include "base/buf.h"
#include "base/limit.h"
#include "base/secret.h"
#include "log/note_key.h"
#include "text/log_entry.h"

enum { KR_FINDINGS_MAX = 20 }; /* that are told of one verification */
struct kr_findings {           /* of a verification: each is told as it is found, so many at most */
    uint64_t count;
};
void kr_audit_find(struct kr_findings *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int kr_audit_failed(const struct kr_findings *f); /* says that it failed; 1 */

struct kr_audit { /* the command line, read */
    const char *action, *argument;
    const char *db, *vkey, *seal_key, *room, *person, *type, *from, *until, *index, *out;
    const char *tiles; /* a folder or an address */
    struct kr_note_key witnesses[KR_WITNESSES_MAX];
    size_t witness_count;
    bool signatures, entry_only, help;
};

/* What stands behind `keyroomctl audit`: 0, 1 or 2. */
int kr_audit_main(int argc, char **argv);

/* --- for the files of this command --- */
int kr_audit_open(const struct kr_audit *a, sqlite3 **ret_db);
int kr_audit_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Reading the database: what fails is complained of, and sets *err to 1. NULL: it failed. */
sqlite3_stmt *kr_audit_prepare(sqlite3 *db, const char *sql, int *err);
/* Whether there is another row. An error is not the end of the rows. */
bool kr_audit_next(sqlite3_stmt *s, int *err);
/* The key, given as text or as a file that holds it. */
int kr_audit_key(const struct kr_audit *a, struct kr_note_key *ret_key);

int kr_audit_verify(const struct kr_audit *a);
/* The same from tiles (11.6). */
int kr_audit_verify_tiles(const struct kr_audit *a, const struct kr_note_key *key);
int kr_audit_prove(const struct kr_audit *a);
int kr_audit_check(const struct kr_audit *a);
int kr_audit_erase(const struct kr_audit *a);
int kr_audit_show(const struct kr_audit *a); /* show, export, report */

struct kr_evidence_found {
    size_t signatures; /* that verify */
    char why[128];     /* what does not hold; "" */
};
/* Whether bytes are the evidence of that commit (11.12): the one whose hash is the entry's `proof`, of its
 * instance, epoch and seats, each signature in it good. If so, and out is given, says who sealed for whom,
 * over all that each signed. */
bool kr_audit_evidence(const struct kr_log_entry *entry, struct kr_span bytes, struct kr_evidence_found *ret,
                       struct kr_buf *out);

#endif
