/* Erasing a person: the keys that open the commitments to it go, and the signatures it gave; no entry and no
 * root changes. The service must not run: it holds the keys of live rooms in memory. */
#define _DEFAULT_SOURCE /* flock */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "audit_report.h"

enum { MISUSE = 2 };

/* Its owner name or bare JID, or that with a resource. */
#define IS_WHO(value) "(" value " = :who OR substr(" value ", 1, length(:who) + 1) = :who || '/')"
/* Where it is in a meeting that was live when the service stopped, as a guest too. */
#define LIVE "FROM attach WHERE owner = :who OR " IS_WHO("full_jid")
/* What an attestation says (protocol 12.3), in its canonical form. */
#define SAID(name)                                                                                           \
    "substr(CAST(text AS TEXT), instr(CAST(text AS TEXT), char(10) || '" name "=') + length('" name          \
    "') + 2, 32)"
#define OF_WHO "instr(CAST(text AS TEXT), char(10) || 'owner=' || :who || char(10)) > 0"

struct erasing {
    sqlite3 *db;
    const struct kr_names *names;
    const char *who;
    int err; /* complained of */
    int rows, meetings, attestations;
};

static int run(struct erasing *r, const char *sql, const struct kr_id *instance, const char *value)
{
    sqlite3_stmt *s = r->err ? NULL : kr_audit_prepare(r->db, sql, &r->err);
    if (!s)
        return 0;
    (void)sqlite3_bind_text(s, sqlite3_bind_parameter_index(s, ":who"), r->who, -1, SQLITE_STATIC);
    if (instance)
        (void)sqlite3_bind_blob(s, sqlite3_bind_parameter_index(s, ":instance"), instance->b,
                                sizeof(instance->b), SQLITE_STATIC);
    if (value)
        (void)sqlite3_bind_text(s, sqlite3_bind_parameter_index(s, ":value"), value, -1, SQLITE_STATIC);
    while (kr_audit_next(s, &r->err))
        continue;
    sqlite3_finalize(s);
    return r->err ? 0 : sqlite3_changes(r->db);
}

static int drop(struct erasing *r, const char *sql)
{
    int rows = run(r, sql, NULL, NULL);
    r->rows += rows;
    return rows;
}

/* Its devices, as far as anything but the log says whose they are. */
static void collect_devices(struct erasing *r)
{
    static const char *const from[] = {
        "SELECT lower(hex(device)) FROM owner_seen WHERE owner = :who",
        "SELECT lower(hex(device)) " LIVE,
        "SELECT " SAID("device") " FROM attestation WHERE " OF_WHO,
        "SELECT " SAID("verifier") " FROM attestation WHERE by_owner = :who",
    };
    (void)run(r, "CREATE TEMP TABLE its_device (hex TEXT PRIMARY KEY)", NULL, NULL);
    for (size_t i = 0; i < sizeof(from) / sizeof(*from); i++) {
        char sql[1024];
        (void)snprintf(sql, sizeof(sql), "INSERT OR IGNORE INTO temp.its_device %s", from[i]);
        (void)run(r, sql, NULL, NULL);
    }
}

/* An entry whose owner it is. */
static void erase_beside(struct erasing *r, const struct kr_log_entry *e)
{
    struct kr_id instance = {{0}}; /* outside of any meeting */
    (void)kr_log_id(e, "instance", &instance);
    const char *participant = kr_names_find(r->names, kr_log_value(e, "participant")),
               *device = kr_names_find(r->names, kr_log_value(e, "device"));
    if (participant)
        r->rows +=
            run(r, "DELETE FROM opening WHERE instance = :instance AND subject = 'participant:' || :value",
                &instance, participant);
    if (device)
        (void)run(r, "INSERT OR IGNORE INTO temp.its_device VALUES (:value)", NULL, device);
    /* Rosters and signatures of the instance name its devices. */
    r->rows +=
        run(r, "DELETE FROM opening WHERE instance = :instance AND subject LIKE 'roster:%'", &instance, NULL);
    r->rows += run(r, "DELETE FROM log_evidence WHERE instance = :instance", &instance, NULL);
}

static void erase_in_log(struct erasing *r)
{
    sqlite3_stmt *s =
        r->err ? NULL : kr_audit_prepare(r->db, "SELECT entry FROM log_leaf ORDER BY idx", &r->err);
    while (s && !r->err && kr_audit_next(s, &r->err)) {
        struct kr_log_entry e;
        struct kr_span bytes = kr_span(sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
        if (kr_log_entry_read(bytes, &e))
            continue;
        const char *owner = kr_names_find(r->names, kr_log_value(&e, "owner"));
        if (owner && strcmp(owner, r->who) == 0)
            erase_beside(r, &e);
    }
    sqlite3_finalize(s);
}

/* Rows of a live meeting have its JID beside attach ids, which stand in clear in the log. A meeting that
 * loses a row cannot go on, as its members would not be told: it begins anew, as after a restore. */
static void erase_live(struct erasing *r)
{
    (void)drop(r, "DELETE FROM opening WHERE (instance, subject) IN (SELECT instance, 'participant:' || "
                  "participant " LIVE ")");
    (void)drop(r, "DELETE FROM opening WHERE subject LIKE 'roster:%' AND instance IN (SELECT instance " LIVE
                  ")");
    (void)drop(r, "DELETE FROM log_evidence WHERE instance IN (SELECT instance " LIVE ")");
    r->meetings = drop(r, "DELETE FROM room WHERE instance IN (SELECT instance " LIVE ")");
}

/* With foreign keys on: a room goes with all that hangs on it. */
static void erase(struct erasing *r)
{
    collect_devices(r);
    erase_in_log(r);
    erase_live(r);
    (void)drop(r, "DELETE FROM opening WHERE subject IN (SELECT 'device:' || hex FROM temp.its_device)");
    (void)drop(r, "DELETE FROM opening WHERE subject = 'owner:' || :who");
    (void)drop(r, "DELETE FROM opening WHERE subject LIKE 'jid:%' AND " IS_WHO("substr(subject, 5)"));
    /* Its digest stands in clear in the log. */
    r->attestations = drop(r, "DELETE FROM attestation WHERE by_owner = :who OR " OF_WHO
                              " OR " SAID("device") " IN (SELECT hex FROM temp.its_device) OR " SAID(
                                  "verifier") " IN (SELECT hex FROM temp.its_device)");
    (void)drop(r, "UPDATE approval SET by = 'erased' WHERE " IS_WHO("by") " AND by <> 'operator'");
    (void)drop(r, "UPDATE revocation SET by = 'erased' WHERE " IS_WHO("by") " AND by <> 'operator'");
    (void)drop(r, "DELETE FROM owner_seen WHERE owner = :who");
}

static int erase_locked(const struct kr_audit *a)
{
    struct erasing r = {.who = a->argument};
    struct kr_names *names = NULL;
    if (sqlite3_open_v2(a->db, &r.db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_exec(r.db,
                     "PRAGMA secure_delete = ON; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; "
                     "BEGIN IMMEDIATE",
                     NULL, NULL, NULL) != SQLITE_OK)
        r.err = kr_audit_complain("%s: %s", a->db, sqlite3_errmsg(r.db));
    if (!r.err)
        names = kr_names_load(a, r.db);
    if (!r.err && !names)
        r.err = 1;
    else if (!r.err && kr_names_closed(names))
        r.err = kr_audit_complain("%s: is not the seal key of %s: nothing is erased", a->seal_key, a->db);
    r.names = names;
    if (!r.err)
        erase(&r);
    if (!r.err && !r.rows)
        r.err = kr_audit_complain("nothing ties %s to the log: it is not in it, or was erased before", r.who);
    if (r.err)
        (void)sqlite3_exec(r.db, "ROLLBACK", NULL, NULL, NULL);
    else if (sqlite3_exec(r.db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        r.err = kr_audit_complain("%s: %s", a->db, sqlite3_errmsg(r.db));
    else if (sqlite3_wal_checkpoint_v2(r.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK)
        r.err = kr_audit_complain(
            "%s: erased, but its files hold the old pages still: another process reads them. "
            "End that, then start and stop keyroomd",
            a->db);
    sqlite3_close(r.db);
    kr_names_free(names);
    if (r.err)
        return r.err;
    (void)printf("erased: the database does not tie %s to the log any more; its roots are as they were\n",
                 r.who);
    if (r.meetings)
        (void)printf("meetings that it was in when the service stopped, and that begin anew: %d\n",
                     r.meetings);
    if (r.attestations)
        (void)printf("verifications by and of its devices, which count no more: %d\n", r.attestations);
    (void)puts("what others hold is theirs: backups, bundles, reports, and what was seen in a meeting");
    return 0;
}

int kr_audit_erase(const struct kr_audit *a)
{
    sqlite3 *db = NULL;
    char lock[4200];
    int err = kr_audit_open(a, &db);
    if (err)
        return err;
    sqlite3_close(db);
    if (!a->seal_key || !*a->argument) {
        (void)kr_audit_complain(a->seal_key ? "whom?" : "missing option --seal-key");
        return MISUSE;
    }
    (void)snprintf(lock, sizeof(lock), "%s.lock", a->db);
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0)
        err = kr_audit_complain("%s: stop keyroomd first: it holds what is to be erased", a->db);
    else
        err = erase_locked(a);
    if (fd >= 0)
        (void)close(fd);
    return err;
}
