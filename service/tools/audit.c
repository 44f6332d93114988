#include "audit.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limit.h"
#include "log/verdict.h"
#include "store_sqlite/sqlite.h"

enum { MISUSE = 2, FAILURE = 1 };

static const char usage[] =
    "usage: keyroomctl audit ACTION ...\n"
    "\n"
    "  vkey --db FILE\n"
    "      the key that the log is verified with, of each origin, the one in use last\n"
    "  verify --db FILE --vkey KEY [--signatures] [--witness KEY]...\n"
    "      checks every entry, the tree and every checkpoint, offline; with --signatures also what devices "
    "signed;\n"
    "      with --witness that this witness has cosigned it. KEY is the text or a file that holds it. Names "
    "each\n"
    "      entry and check that fails\n"
    "  verify --tiles FOLDER|URL --vkey KEY [--witness KEY]...\n"
    "      the same of a log that is read as tiles, from a copy or from where it is served\n"
    "  show --db FILE [--seal-key FILE] [--room JID] [--person NAME] [--type TYPE] [--from T] [--until T]\n"
    "      the entries as text; names only with the seal key; T is YYYY-MM-DD or YYYY-MM-DDThh:mm (UTC)\n"
    "  export --db FILE [the same]\n"
    "      the entries as JSON, one a line\n"
    "  report --db FILE --out FILE [the same]\n"
    "      one page of HTML for somebody who audits\n"
    "  prove --db FILE --index N --out FILE [--entry-only]\n"
    "      a bundle that proves an entry, and of a commit who sealed for whom, without the service; "
    "--entry-only:\n"
    "      the entry alone, as for a commit of so many devices that the rest is too long for a bundle\n"
    "  check FILE --vkey KEY [--entry-only]\n"
    "      checks such a bundle, and says for whom each device sealed; --entry-only: also one without that\n"
    "  erase JID --db FILE --seal-key FILE\n"
    "      erases what ties that person to the log; every root stays valid. The service must not run\n"
    "  new-origin --db FILE\n"
    "      has the next start of the service begin a new log, after the old one was set back\n"
    "\n"
    "Exit status: 0 as it should be, 1 not, 2 misuse. See keyroomctl(8).\n";

void kr_audit_find(struct kr_findings *f, const char *fmt, ...)
{
    va_list args;
    if (f->count++ >= KR_FINDINGS_MAX)
        return;
    va_start(args, fmt);
    (void)vprintf(fmt, args);
    va_end(args);
    (void)putchar('\n');
}

int kr_audit_failed(const struct kr_findings *f)
{
    if (f->count > KR_FINDINGS_MAX)
        (void)printf("... and %" PRIu64 " more\n", f->count - KR_FINDINGS_MAX);
    (void)printf("audit: FAILED: the log is not the one that was signed (%" PRIu64 " finding%s)\n", f->count,
                 f->count == 1 ? "" : "s");
    return FAILURE;
}

int kr_audit_complain(const char *fmt, ...)
{
    va_list args;
    (void)fputs("keyroomctl audit: ", stderr);
    va_start(args, fmt);
    (void)vfprintf(stderr, fmt, args);
    va_end(args);
    (void)fputc('\n', stderr);
    return FAILURE;
}

sqlite3_stmt *kr_audit_prepare(sqlite3 *db, const char *sql, int *err)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
        *err = kr_audit_complain("database: %s", sqlite3_errmsg(db));
    return s;
}

bool kr_audit_next(sqlite3_stmt *s, int *err)
{
    int rc = sqlite3_step(s);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        *err = kr_audit_complain("database: %s", sqlite3_errmsg(sqlite3_db_handle(s)));
    return rc == SQLITE_ROW;
}

int kr_audit_open(const struct kr_audit *a, sqlite3 **ret_db)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    if (!a->db) {
        (void)kr_audit_complain("missing option --db");
        return MISUSE;
    }
    int rc = sqlite3_open_v2(a->db, &db, SQLITE_OPEN_READONLY, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_prepare_v2(db, "SELECT 1 FROM log_leaf, log_node, log_checkpoint LIMIT 1", -1, &s, NULL);
    sqlite3_finalize(s);
    if (rc != SQLITE_OK) {
        (void)kr_audit_complain("%s: %s: not a database of Keyroom with a log", a->db,
                                db ? sqlite3_errmsg(db) : "cannot be opened");
        sqlite3_close(db);
        return FAILURE;
    }
    *ret_db = db;
    return 0;
}

/* The text of a key, or a file that holds it. */
static int read_key(const char *option, const char *given, struct kr_note_key *ret_key)
{
    char text[1024] = "";
    FILE *f = strchr(given, '+') ? NULL : fopen(given, "r");
    if (f) {
        if (!fgets(text, sizeof(text), f))
            text[0] = '\0';
        (void)fclose(f);
        text[strcspn(text, "\r\n")] = '\0';
    } else {
        (void)snprintf(text, sizeof(text), "%s", given);
    }
    enum kr_log_verdict v = kr_note_key_read(kr_span_str(text), ret_key);
    if (v != KR_LOG_OK)
        return kr_audit_complain("%s: %s: %s", option, kr_log_verdict_name(v), kr_log_verdict_text(v));
    return 0;
}

int kr_audit_key(const struct kr_audit *a, struct kr_note_key *ret_key)
{
    if (a->vkey)
        return read_key("--vkey", a->vkey, ret_key);
    (void)kr_audit_complain("missing option --vkey");
    return MISUSE;
}

static int add_witness(struct kr_audit *a, const char *given)
{
    if (a->witness_count == KR_WITNESSES_MAX)
        return kr_audit_complain("--witness: at most %d of them", KR_WITNESSES_MAX);
    return read_key("--witness", given, &a->witnesses[a->witness_count++]);
}

static int run_vkey(const struct kr_audit *a)
{
    sqlite3 *db = NULL;
    int err = kr_audit_open(a, &db), count = 0;
    if (err)
        return err;
    sqlite3_stmt *s = kr_audit_prepare(db, "SELECT vkey FROM log_key ORDER BY n", &err);
    for (; s && kr_audit_next(s, &err); count++)
        (void)puts((const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    sqlite3_close(db);
    if (!err && !count)
        err = kr_audit_complain("%s: the log has no key yet: the service has not run with it", a->db);
    return err;
}

static int run_new_origin(const struct kr_audit *a)
{
    sqlite3 *db = NULL;
    int err = kr_audit_open(a, &db);
    if (err)
        return err;
    sqlite3_close(db);
    if (sqlite3_open_v2(a->db, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_exec(db,
                     "BEGIN IMMEDIATE; UPDATE log_key SET closed = 1, halted = iif(halted = '', 'closed by "
                     "the operator', "
                     "halted) WHERE n = (SELECT max(n) FROM log_key); DELETE FROM room; DELETE FROM attach; "
                     "DELETE FROM epoch; DELETE FROM one_time_key; DELETE FROM fallback_key; COMMIT",
                     NULL, NULL, NULL) != SQLITE_OK)
        err = kr_audit_complain("%s: %s", a->db, sqlite3_errmsg(db));
    else
        (void)puts("the next start begins a new log, under another origin and key; give its vkey to those "
                   "who verify");
    sqlite3_close(db);
    return err;
}

static const struct {
    const char *name;
    int (*run)(const struct kr_audit *a);
    bool argument;
} actions[] = {
    {"vkey", run_vkey, false},
    {"verify", kr_audit_verify, false},
    {"show", kr_audit_show, false},
    {"export", kr_audit_show, false},
    {"report", kr_audit_show, false},
    {"prove", kr_audit_prove, false},
    {"check", kr_audit_check, true},
    {"erase", kr_audit_erase, true},
    {"new-origin", run_new_origin, false},
};

static int read_options(int argc, char **argv, struct kr_audit *a)
{
    enum {
        DB = 256,
        VKEY,
        SEAL,
        ROOM,
        PERSON,
        TYPE,
        FROM,
        UNTIL,
        INDEX,
        OUT,
        TILES,
        SIGNATURES,
        ENTRY_ONLY,
        WITNESS,
        HELP
    };
    static const struct option longs[] = {{"db", required_argument, NULL, DB},
                                          {"vkey", required_argument, NULL, VKEY},
                                          {"seal-key", required_argument, NULL, SEAL},
                                          {"room", required_argument, NULL, ROOM},
                                          {"person", required_argument, NULL, PERSON},
                                          {"type", required_argument, NULL, TYPE},
                                          {"from", required_argument, NULL, FROM},
                                          {"until", required_argument, NULL, UNTIL},
                                          {"index", required_argument, NULL, INDEX},
                                          {"out", required_argument, NULL, OUT},
                                          {"tiles", required_argument, NULL, TILES},
                                          {"witness", required_argument, NULL, WITNESS},
                                          {"signatures", no_argument, NULL, SIGNATURES},
                                          {"entry-only", no_argument, NULL, ENTRY_ONLY},
                                          {"help", no_argument, NULL, HELP},
                                          {NULL, 0, NULL, 0}};
    const char **values[] = {&a->db,   &a->vkey,  &a->seal_key, &a->room, &a->person, &a->type,
                             &a->from, &a->until, &a->index,    &a->out,  &a->tiles};
    int opt;
    optind = 1;
    while ((opt = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
        if (opt >= DB && opt <= TILES)
            *values[opt - DB] = optarg;
        else if (opt == SIGNATURES)
            a->signatures = true;
        else if (opt == WITNESS && add_witness(a, optarg))
            return FAILURE;
        else if (opt == WITNESS)
            continue;
        else if (opt == ENTRY_ONLY)
            a->entry_only = true;
        else if (opt == HELP || opt == 'h')
            a->help = true;
        else
            return MISUSE;
    }
    a->action = optind < argc ? argv[optind++] : NULL;
    a->argument = optind < argc ? argv[optind++] : NULL;
    return optind < argc ? MISUSE : 0;
}

int kr_audit_main(int argc, char **argv)
{
    struct kr_audit a = {.action = NULL};
    int err = read_options(argc, argv, &a);
    if (err == FAILURE)
        return err;
    if (err || (a.tiles && (a.db || a.signatures))) {
        (void)fputs("keyroomctl: see keyroomctl audit --help\n", stderr);
        return MISUSE;
    }
    if (a.help) {
        (void)fputs(usage, stdout);
        return 0;
    }
    for (size_t i = 0; a.action && i < sizeof(actions) / sizeof(*actions); i++) {
        if (strcmp(actions[i].name, a.action) == 0 && actions[i].argument == (a.argument != NULL))
            return actions[i].run(&a);
    }
    (void)fputs("keyroomctl: no such action; see keyroomctl audit --help\n", stderr);
    return MISUSE;
}
