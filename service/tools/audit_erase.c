/* Erasing a person: the keys that open the commitments to it go, and the signatures it gave; no entry and no
 * root changes. The service must not run: it holds the keys of live rooms in memory. */
#define _DEFAULT_SOURCE /* flock */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "audit_report.h"

enum { MISUSE = 2, VALUE_MAX = 4200, SUBJECT_MAX = 4300 };

static int run(sqlite3 *db, const char *sql, const void *instance, const char *text)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
    if (rc == SQLITE_OK && instance)
        sqlite3_bind_blob(s, 1, instance, 16, SQLITE_TRANSIENT);
    if (rc == SQLITE_OK && text)
        sqlite3_bind_text(s, 2, text, -1, SQLITE_TRANSIENT);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? 0 : 1;
}

/* The participant and the device of an entry whose owner it is, in that instance. */
static int erase_beside(sqlite3 *db, const struct kr_log_entry *e, const struct kr_names *names,
                        const struct kr_id *instance)
{
    int err = 0;
    for (size_t i = 0; i < e->count; i++) {
        char value[VALUE_MAX], subject[SUBJECT_MAX];
        kr_audit_value(names, &e->lines[i], value);
        (void)snprintf(subject, sizeof(subject), "%.*s:%s", (int)e->lines[i].name.len,
                       (const char *)e->lines[i].name.ptr, value);
        if (strncmp(subject, "participant:", 12) == 0 || strncmp(subject, "device:", 7) == 0)
            err |= run(db, "DELETE FROM opening WHERE instance = ?1 AND subject = ?2", instance->b, subject);
    }
    /* Rosters and signatures of the instance name its devices. */
    err |= run(db, "DELETE FROM opening WHERE instance = ?1 AND subject LIKE 'roster:%'", instance->b, NULL);
    err |= run(db, "DELETE FROM log_evidence WHERE instance = ?1", instance->b, NULL);
    return err;
}

static int erase(sqlite3 *db, const struct kr_audit *a, const struct kr_names *names, bool *ret_found)
{
    const int before = sqlite3_total_changes(db);
    char subject[SUBJECT_MAX];
    int err = 0;
    sqlite3_stmt *s = kr_audit_prepare(db, "SELECT entry FROM log_leaf ORDER BY idx", &err);
    while (!err && kr_audit_next(s, &err)) {
        struct kr_log_entry e;
        struct kr_id instance;
        struct kr_span bytes = kr_span(sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
        if (kr_log_entry_read(bytes, &e) || !kr_log_id(&e, "instance", &instance))
            continue;
        const char *owner = kr_names_find(names, kr_log_value(&e, "owner"));
        if (owner && strcmp(owner, a->argument) == 0)
            err = erase_beside(db, &e, names, &instance);
    }
    sqlite3_finalize(s);
    (void)snprintf(subject, sizeof(subject), "owner:%s", a->argument);
    err |= run(db, "DELETE FROM opening WHERE ?1 IS NULL AND subject = ?2", NULL, subject);
    (void)snprintf(subject, sizeof(subject), "jid:%s", a->argument);
    err |= run(db, "DELETE FROM opening WHERE ?1 IS NULL AND subject = ?2", NULL, subject);
    err |= run(db, "DELETE FROM owner_seen WHERE ?1 IS NULL AND owner = ?2", NULL, a->argument);
    *ret_found = sqlite3_total_changes(db) > before;
    return err;
}

int kr_audit_erase(const struct kr_audit *a)
{
    sqlite3 *db = NULL;
    char lock[4200];
    int err = kr_audit_open(a, &db);
    if (err)
        return err;
    if (!a->seal_key) {
        sqlite3_close(db);
        (void)kr_audit_complain("missing option --seal-key");
        return MISUSE;
    }
    struct kr_names *names = kr_names_load(a, db);
    sqlite3_close(db);
    (void)snprintf(lock, sizeof(lock), "%s.lock", a->db);
    bool found = false;
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (!names || fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0) {
        err = names ? kr_audit_complain("%s: stop keyroomd first: it holds what is to be erased", a->db) : 1;
    } else if (sqlite3_open_v2(a->db, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
               sqlite3_exec(db, "PRAGMA secure_delete = ON; BEGIN IMMEDIATE", NULL, NULL, NULL) !=
                   SQLITE_OK ||
               erase(db, a, names, &found) ||
               sqlite3_exec(db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL) != SQLITE_OK) {
        err = kr_audit_complain("%s: %s", a->db, sqlite3_errmsg(db));
        sqlite3_close(db);
    } else if (!found) {
        sqlite3_close(db);
        err = kr_audit_complain("nothing ties %s to the log: it is not in it, or was erased before",
                                a->argument);
    } else {
        sqlite3_close(db);
        (void)printf("erased: nobody can tie %s to the log any more; its roots are as they were\n",
                     a->argument);
    }
    if (fd >= 0)
        (void)close(fd);
    kr_names_free(names);
    return err;
}
