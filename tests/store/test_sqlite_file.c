/* What only the file can do: be locked, damaged, full, newer, somebody else's, interrupted, backed up. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "fixture.h"
#include "store_sqlite/internal.h"
#include "store_sqlite/sqlite.h"

static char *folder;
static char db_path[256];
static char errmsg[256];

static int set_up(void **state)
{
    (void)state;
    folder = make_folder();
    snprintf(db_path, sizeof(db_path), "%s", path_in(folder, "k.db"));
    errmsg[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

static int open_with(char key_char, struct kr_store **ret_store)
{
    char bytes[32];
    struct kr_secret key = KR_SECRET_NONE;
    struct kr_random random = a_random();
    memset(bytes, key_char, sizeof(bytes));
    kr_secret_set(&key, bytes, sizeof(bytes));
    int err = kr_store_sqlite_open(db_path, &key, &random, errmsg, ret_store);
    kr_secret_done(&key);
    return err;
}

static struct kr_store *open_ok(void)
{
    struct kr_store *s = NULL;
    int err = open_with('k', &s);
    if (err)
        fail_msg("open: %d %s", err, errmsg);
    return s;
}

static void expect_refused(int expected)
{
    struct kr_store *s = NULL;
    int err = open_with('k', &s);
    if (s)
        s->ops->close(s);
    assert_int_equal(err, expected);
    assert_non_null(strstr(errmsg, db_path));
}

static void populate_and_close(void)
{
    struct kr_store *s = open_ok();
    populate(s);
    s->ops->close(s);
}

static void raw(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

static unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void expect_all_there(void)
{
    struct kr_store *s = open_ok();
    struct kr_snapshot snap = {0};
    assert_int_equal(s->ops->load(s, &snap), 0);
    assert_int_equal(snap.room_count, 1);
    assert_int_equal(snap.attach_count, 1);
    assert_int_equal(snap.opening_count, 1);
    assert_memory_equal(snap.openings[0].key.ptr, "0123456789abcdef0123456789abcdef", 32);
    assert_int_equal(snap.log_size, 1);
    kr_snapshot_done(&snap);
    s->ops->close(s);
}

static void it_is_all_there_after_reopening(void **state)
{
    (void)state;
    populate_and_close();
    expect_all_there();
}

static void openings_are_sealed_on_disk(void **state)
{
    (void)state;
    static uint8_t bytes[1 << 20];
    populate_and_close();
    FILE *f = fopen(db_path, "rb");
    assert_non_null(f);
    size_t len = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    bool subject = false, key = false;
    for (size_t i = 0; i + 32 <= len; i++) {
        subject |= memcmp(bytes + i, "participant:nick", 16) == 0;
        key |= memcmp(bytes + i, "0123456789abcdef", 16) == 0;
    }
    assert_true(subject);
    assert_false(key);
}

static void an_opening_moved_to_another_subject_does_not_open(void **state)
{
    (void)state;
    populate_and_close();
    raw(db_path, "UPDATE opening SET subject = 'participant:other'");
    struct kr_store *s = open_ok();
    struct kr_snapshot snap = {0};
    assert_int_equal(s->ops->load(s, &snap), KR_E_SEALED);
    assert_non_null(strstr(s->errmsg, "table opening"));
    s->ops->close(s);
}

static void the_wrong_seal_key_is_refused(void **state)
{
    (void)state;
    struct kr_store *s = NULL;
    populate_and_close();
    assert_int_equal(open_with('x', &s), KR_E_SEALED);
    assert_non_null(strstr(errmsg, "seal key"));
}

static void only_the_owner_may_read_it(void **state)
{
    (void)state;
    char side[300];
    mode_t old = umask(0);
    struct kr_store *s = open_ok();
    populate(s);
    assert_int_equal(mode_of(db_path), 0600);
    static const char *const tails[] = {"-wal", "-shm", ".lock"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(side, sizeof(side), "%s%s", db_path, tails[i]);
        assert_int_equal(mode_of(side), 0600);
    }
    s->ops->close(s);
    assert_int_equal(chmod(db_path, 0644), 0);
    s = open_ok();
    assert_int_equal(mode_of(db_path), 0600);
    s->ops->close(s);
    umask(old);
}

static void a_second_daemon_is_refused(void **state)
{
    (void)state;
    struct kr_store *s = open_ok();
    expect_refused(KR_E_STORE_BUSY);
    assert_non_null(strstr(errmsg, "another keyroomd"));
    assert_int_equal(kr_store_sqlite_restore("/nonexistent", db_path, errmsg), KR_E_STORE_BUSY);
    s->ops->close(s);
    s = open_ok();
    s->ops->close(s);
}

static void a_newer_database_is_refused(void **state)
{
    (void)state;
    struct kr_store *s = NULL;
    populate_and_close();
    raw(db_path, "PRAGMA user_version = 99");
    expect_refused(KR_E_STORE_NEWER);
    assert_int_equal(kr_store_sqlite_open_readonly(db_path, errmsg, &s), KR_E_STORE_NEWER);
}

static void a_foreign_database_is_refused(void **state)
{
    (void)state;
    raw(db_path, "CREATE TABLE cookies (a)");
    expect_refused(KR_E_STORE_DAMAGED);
    assert_non_null(strstr(errmsg, "not one of Keyroom"));
}

static void overwrite(long offset, size_t len)
{
    FILE *f = fopen(db_path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, offset, SEEK_SET), 0);
    for (size_t i = 0; i < len; i++)
        fputc(0xa5, f);
    fclose(f);
}

static void a_damaged_file_is_refused(void **state)
{
    (void)state;
    populate_and_close();
    overwrite(4096, 3000); /* the page behind the schema */
    expect_refused(KR_E_STORE_DAMAGED);
    assert_non_null(strstr(errmsg, "backup"));
}

static void a_truncated_file_is_refused(void **state)
{
    (void)state;
    populate_and_close();
    assert_int_equal(truncate(db_path, 3 * 4096 + 100), 0);
    expect_refused(KR_E_STORE_DAMAGED);
}

static void garbage_is_refused(void **state)
{
    (void)state;
    FILE *f = fopen(db_path, "wb");
    for (int i = 0; i < 5000; i++)
        fputc('g', f);
    fclose(f);
    expect_refused(KR_E_STORE_DAMAGED);
}

static void a_row_of_wrong_shape_names_its_table(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *table;
    } cases[] = {
        {"UPDATE room SET epoch_high = -5", "table room"},
        {"UPDATE epoch SET policy = x'00'", "table epoch"},
        {"UPDATE attach SET sig = x'00'", "table attach"},
        {"UPDATE attach SET owner = CAST(x'41cd' AS TEXT)", "table attach"}, /* no UTF-8 */
        {"UPDATE attach SET participant = CAST(x'4107' AS TEXT)", "table attach"},
        {"DROP TRIGGER log_leaf_no_holes; INSERT INTO log_leaf VALUES (5, x'00')", "the log: a node"},
        {"DELETE FROM log_node", "the log: a node"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kr_snapshot snap = {0};
        unlink(db_path);
        struct kr_store *s = open_ok();
        sqlite3 *db = ((struct kr_sqlite *)s)->db;
        populate(s);
        assert_int_equal(sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL),
                         SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, cases[i].sql, NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(s->ops->load(s, &snap), KR_E_STORE_DAMAGED);
        assert_non_null(strstr(s->errmsg, cases[i].table));
        s->ops->close(s);
    }
}

static void the_log_is_append_only(void **state)
{
    (void)state;
    struct kr_store *s = open_ok();
    sqlite3 *db = ((struct kr_sqlite *)s)->db;
    populate(s);
    assert_int_not_equal(sqlite3_exec(db, "UPDATE log_leaf SET entry = x'00'", NULL, NULL, NULL), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(db, "DELETE FROM log_leaf", NULL, NULL, NULL), SQLITE_OK);
    s->ops->close(s);
}

static void a_full_disk_is_told_and_nothing_is_half_written(void **state)
{
    (void)state;
    struct kr_store *s = open_ok();
    sqlite3 *db = ((struct kr_sqlite *)s)->db;
    char entry[4000];
    populate(s);
    assert_int_equal(sqlite3_exec(db, "PRAGMA max_page_count = 1", NULL, NULL, NULL),
                     SQLITE_OK); /* = the present size */
    memset(entry, 'e', sizeof(entry) - 1);
    entry[sizeof(entry) - 1] = '\0';
    begin(s);
    int err = 0;
    for (uint64_t i = 1; i < 100 && !err; i++)
        err = try_write(s, w_log(i, entry));
    assert_int_equal(err, KR_E_STORE_FULL);
    assert_non_null(strstr(s->errmsg, "make room"));
    s->ops->rollback(s);
    struct kr_snapshot snap = {0};
    assert_int_equal(s->ops->load(s, &snap), 0);
    assert_int_equal(snap.log_size, 1);
    kr_snapshot_done(&snap);
    s->ops->close(s);
}

static int child_status(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void a_read_only_file_is_refused(void **state)
{
    (void)state;
    populate_and_close();
    assert_int_equal(chmod(db_path, 0444), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    unlink(path_in(folder, "k.db.lock"));
    pid_t child = fork();
    if (child == 0) {
        struct kr_store *s = NULL;
        if (geteuid() == 0 && setuid(65534) != 0) /* root may write everywhere */
            _exit(9);
        _exit(open_with('k', &s) == KR_E_STORE_READONLY && strstr(errmsg, db_path) ? 0 : 1);
    }
    assert_int_equal(child_status(child), 0);
}

static void what_a_killed_process_had_not_committed_is_gone(void **state)
{
    (void)state;
    populate_and_close();
    pid_t child = fork();
    if (child == 0) {
        struct kr_store *s = NULL;
        if (open_with('k', &s) != 0)
            _exit(9);
        begin(s);
        write_ok(s, w_log(1, "entry-1"));
        commit(s);
        begin(s);
        claim(s, 1);
        write_ok(s, w_log(2, "entry-2"));
        write_ok(s, w_room_end(ROOM_A, 1));
        raise(SIGKILL);
    }
    int status = child_status(child);
    assert_true(WIFSIGNALED(status));
    struct kr_store *s = open_ok();
    struct kr_snapshot snap = {0};
    assert_int_equal(s->ops->load(s, &snap), 0);
    assert_int_equal(snap.log_size, 2);
    assert_int_equal(snap.room_count, 1);
    kr_snapshot_done(&snap);
    begin(s);
    assert_int_equal(claim(s, 1).left, 1);
    s->ops->rollback(s);
    s->ops->close(s);
}

enum { RACE_KEYS = 40 };

/* Claims one key a transaction on a handle that does not hold the daemon's lock, and reports each. */
static void race(int report)
{
    struct kr_sqlite s = {.path = db_path, .lock_fd = -1};
    if (kr_db_open(db_path, KR_DB_READ_WRITE, kr_sqlite_migrations, kr_sqlite_migration_count, errmsg,
                   &s.db) != 0)
        _exit(9);
    for (;;) {
        struct kr_query q = {.kind = KR_Q_CLAIM, .attach = an_id(1)};
        struct kr_query_result r;
        if (kr_sql_run(&s, kr_sql(&s, SQL_BEGIN)) || kr_sqlite_query(&s.base, &q, 0, &r) ||
            kr_sql_run(&s, kr_sql(&s, SQL_COMMIT)))
            _exit(8);
        if (r.key.kind == KR_CLASS_FALLBACK)
            break;
        uint8_t number = r.key.key.b[1];
        if (write(report, &number, 1) != 1)
            _exit(7);
    }
    _exit(0);
}

static void two_processes_never_get_one_key(void **state)
{
    (void)state;
    int report[2];
    struct kr_store *s = open_ok();
    populate(s);
    begin(s);
    for (unsigned n = 0; n < RACE_KEYS - 2; n++)
        write_ok(s, w_key(1, KR_CLASS_ONE_TIME, 100 + n));
    commit(s);
    s->ops->close(s);
    assert_int_equal(pipe(report), 0);
    pid_t children[2];
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        if (children[i] == 0)
            race(report[1]);
    }
    close(report[1]);
    bool seen[256] = {false};
    uint8_t number;
    unsigned count = 0;
    while (read(report[0], &number, 1) == 1) {
        assert_false(seen[number]);
        seen[number] = true;
        count++;
    }
    close(report[0]);
    assert_int_equal(child_status(children[0]), 0);
    assert_int_equal(child_status(children[1]), 0);
    assert_int_equal(count, RACE_KEYS);
}

static bool count_log(void *arg, uint64_t idx, struct kr_span entry)
{
    (void)entry;
    *(uint64_t *)arg = idx + 1;
    return true;
}

static void tools_read_while_the_daemon_runs(void **state)
{
    (void)state;
    struct kr_store *s = open_ok(), *tool = NULL;
    struct kr_snapshot snap = {0};
    uint64_t size = 0;
    populate(s);
    begin(s);
    write_ok(s, w_log(1, "not yet"));
    int err = kr_store_sqlite_open_readonly(db_path, errmsg, &tool);
    if (err)
        fail_msg("%s", errmsg);
    assert_int_equal(tool->ops->log(tool, 0, count_log, &size), 0);
    assert_int_equal(size, 1); /* uncommitted is invisible */
    assert_int_equal(tool->ops->load(tool, &snap), 0);
    assert_int_equal(snap.room_count, 1);
    assert_int_equal(snap.opening_count, 0);
    kr_snapshot_done(&snap);
    commit(s);
    assert_int_equal(tool->ops->log(tool, 0, count_log, &size), 0);
    assert_int_equal(size, 2);
    assert_int_equal(tool->ops->begin(tool), KR_E_STORE_READONLY);
    tool->ops->close(tool);
    s->ops->close(s);
    assert_int_equal(kr_store_sqlite_open_readonly(db_path, errmsg, &tool), 0); /* and when it does not */
    tool->ops->close(tool);
}

static void a_backup_restores_what_outlives_and_nothing_live(void **state)
{
    (void)state;
    char copy[256];
    snprintf(copy, sizeof(copy), "%s", path_in(folder, "copy.db"));
    struct kr_store *s = open_ok();
    populate(s);
    begin(s);
    write_ok(s, w_grant(KR_W_REVOKE, 1, "*"));
    commit(s);
    assert_int_equal(s->ops->backup(s, copy), 0);
    assert_int_equal(mode_of(copy), 0600);
    assert_int_equal(s->ops->backup(s, copy), KR_E_IO); /* refuses an existing one */
    begin(s);
    write_ok(s, w_log(1, "after the backup"));
    commit(s);
    s->ops->close(s);

    assert_int_equal(kr_store_sqlite_restore(copy, db_path, errmsg), 0);
    assert_int_equal(mode_of(db_path), 0600);
    s = open_ok();
    struct kr_snapshot snap = {0};
    assert_int_equal(s->ops->load(s, &snap), 0);
    assert_int_equal(snap.room_count + snap.epoch_count + snap.attach_count, 0);
    assert_int_equal(snap.log_size, 1);
    kr_snapshot_done(&snap);
    begin(s);
    assert_false(claim(s, 1).claimed);
    struct kr_query_result r = device_word(s, 1, ROOM_A);
    assert_true(r.known);
    assert_true(r.revoked);
    s->ops->rollback(s);
    sqlite3_stmt *stmt = NULL;
    sqlite3_prepare_v2(((struct kr_sqlite *)s)->db, "SELECT count(*) FROM opening", -1, &stmt, NULL);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(stmt, 0), 1);
    sqlite3_finalize(stmt);
    s->ops->close(s);
}

static void a_bad_backup_changes_nothing(void **state)
{
    (void)state;
    char copy[256], temp[300];
    snprintf(copy, sizeof(copy), "%s", path_in(folder, "copy.db"));
    struct kr_store *s = open_ok();
    populate(s);
    assert_int_equal(s->ops->backup(s, copy), 0);
    s->ops->close(s);
    raw(copy, "PRAGMA user_version = 99");
    assert_int_equal(kr_store_sqlite_restore(copy, db_path, errmsg), KR_E_STORE_NEWER);
    raw(copy, "PRAGMA user_version = 1; PRAGMA application_id = 3");
    assert_int_equal(kr_store_sqlite_restore(copy, db_path, errmsg), KR_E_STORE_DAMAGED);
    assert_int_equal(truncate(copy, (off_t)3 * 4096), 0);
    assert_int_equal(kr_store_sqlite_restore(copy, db_path, errmsg), KR_E_STORE_DAMAGED);
    assert_int_equal(kr_store_sqlite_restore("/nonexistent", db_path, errmsg), KR_E_IO);
    snprintf(temp, sizeof(temp), "%s.restore", db_path);
    assert_int_not_equal(access(temp, F_OK), 0);
    expect_all_there();
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(it_is_all_there_after_reopening),
        CASE(openings_are_sealed_on_disk),
        CASE(an_opening_moved_to_another_subject_does_not_open),
        CASE(the_wrong_seal_key_is_refused),
        CASE(only_the_owner_may_read_it),
        CASE(a_second_daemon_is_refused),
        CASE(a_newer_database_is_refused),
        CASE(a_foreign_database_is_refused),
        CASE(a_damaged_file_is_refused),
        CASE(a_truncated_file_is_refused),
        CASE(garbage_is_refused),
        CASE(a_row_of_wrong_shape_names_its_table),
        CASE(the_log_is_append_only),
        CASE(a_full_disk_is_told_and_nothing_is_half_written),
        CASE(a_read_only_file_is_refused),
        CASE(what_a_killed_process_had_not_committed_is_gone),
        CASE(two_processes_never_get_one_key),
        CASE(tools_read_while_the_daemon_runs),
        CASE(a_backup_restores_what_outlives_and_nothing_live),
        CASE(a_bad_backup_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
