/* Does the log still verify? As `keyroomctl audit verify` does it, with the key of the database. */
#include "doctor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit.h"
#include "io/clock.h"

enum { SIGNED_WITHIN_MS = 10000 }; /* keyroomd signs a second after an entry */

struct newest { /* key of the log */
    char vkey[1024], halted[256];
    bool fresh; /* too young to have signed anything, and it has not */
};

enum look { LOOK_NONE, LOOK_FOUND, LOOK_ERROR };

static enum look find_newest(const char *path, struct newest *ret, char *errmsg, size_t errmsg_size)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    enum look look = LOOK_ERROR;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(
            db,
            "SELECT vkey, halted, at_ms, (SELECT count(*) FROM log_checkpoint c WHERE c.origin = k.origin) "
            "FROM log_key k ORDER BY n DESC LIMIT 1",
            -1, &s, NULL) == SQLITE_OK) {
        int rc = sqlite3_step(s);

        look = rc == SQLITE_DONE ? LOOK_NONE : rc == SQLITE_ROW ? LOOK_FOUND : LOOK_ERROR;
    }
    if (look == LOOK_FOUND) {
        (void)snprintf(ret->vkey, sizeof(ret->vkey), "%s", (const char *)sqlite3_column_text(s, 0));
        (void)snprintf(ret->halted, sizeof(ret->halted), "%s", (const char *)sqlite3_column_text(s, 1));
        ret->fresh = sqlite3_column_int64(s, 3) == 0 &&
                     (int64_t)kr_wall_ms() - sqlite3_column_int64(s, 2) < SIGNED_WITHIN_MS;
    }
    if (look == LOOK_ERROR)
        (void)snprintf(errmsg, errmsg_size, "%s", db ? sqlite3_errmsg(db) : strerror(ENOMEM));
    sqlite3_finalize(s);
    sqlite3_close(db);
    return look;
}

/* What verifies prints what it finds: in a process of its own, whose first line is the one to show. The
 * status of `keyroomctl audit verify`, or -1. */
static int verify(const struct kr_audit *a, char *line, int size)
{
    int ends[2], status = -1;
    pid_t child;
    FILE *in;

    *line = '\0';
    (void)fflush(stdout);
    if (pipe(ends))
        return -1;
    child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)dup2(ends[1], STDERR_FILENO);
        (void)close(ends[0]);
        (void)close(ends[1]);
        status = kr_audit_verify(a);
        (void)fflush(stdout);
        _exit(status);
    }
    (void)close(ends[1]);
    in = fdopen(ends[0], "r");
    if (in && fgets(line, size, in)) {
        line[strcspn(line, "\n")] = '\0';
        while (fgetc(in) != EOF) /* it may have more to say than a pipe holds */
            ;
    }
    if (in)
        (void)fclose(in);
    else
        (void)close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

void kr_doctor_log(struct kr_finding *f, const struct kr_doctor_config *c)
{
    struct newest newest = {.vkey = ""};
    char line[512];

    if (access(c->database, F_OK)) /* before the first start there is none, and keyroomd makes it */
        return;
    switch (find_newest(c->database, &newest, line, sizeof(line))) {
    case LOOK_NONE:
        return;
    case LOOK_ERROR:
        kr_found(f, "database", "run this as keyroomd's user or root; if it can be read, restore a backup",
                 "%s: %s", c->database, line);
        return;
    case LOOK_FOUND:
        break;
    }
    if (newest.halted[0]) {
        kr_found(
            f, "log",
            "revoke again what was revoked since, stop keyroomd, `keyroomctl audit new-origin --db FILE`, "
            "start it, and give the new key to those who verify",
            "nothing is signed and nobody served any more: %s", newest.halted);
        return;
    }
    if (newest.fresh) {
        kr_found(f, "log", NULL, "it was begun just now, and nothing of it is signed yet");
        return;
    }
    int status = verify(&(struct kr_audit){.db = c->database, .vkey = newest.vkey}, line, sizeof(line));
    if (status)
        kr_found(f, "log",
                 "keep a copy of the database for whoever looks into it, find out who can write to it "
                 "(`keyroomctl "
                 "audit verify` names each entry), and restore a backup: keyroomctl restore begins a new log",
                 "%s", *line ? line : "the log could not be verified");
    else
        kr_found(f, "log", NULL, "%s", line);
}
