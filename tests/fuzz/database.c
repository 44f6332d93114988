#include "database.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core_world/world.h"
#include "fuzz.h"
#include "io/file.h"
#include "store_sqlite/internal.h"
#include "store_sqlite/sqlite.h"

enum { EDITS_MAX = 8, PATCHES_MAX = 16, FILE_MAX_LEN = 1 << 20 };

static struct fuzz_database the;
static struct world world;

static sqlite3 *handle(struct fuzz_database *db)
{
    return ((struct kr_sqlite *)db->loose)->db;
}

static void run(sqlite3 *db, const char *sql)
{
    FUZZ_MUST(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static void read_columns(sqlite3 *db);

/* --- making it --- */

static void fill(void *state, void *out, size_t len)
{
    world_fill(state, out, len);
}

static struct kr_store *open_store(struct fuzz_database *db, const char *path)
{
    char errmsg[256];
    struct kr_store *s = NULL;
    FUZZ_MUST(kr_store_sqlite_open(path, &db->seal_key, &db->random, errmsg, &s) == 0);
    return s;
}

/* Two committed epochs, one in flight, grants, claimed keys: every table has rows. */
static void populate(struct fuzz_database *db)
{
    struct world *w = &world;
    struct kr_claim_target target = {0};
    struct kr_request claim = {
        .kind = KR_REQ_CLAIM, .room = ROOM, .u.claim = {.targets = &target, .target_count = 1}};
    world_init(w, 1);
    w->store->ops->close(w->store);
    db->random = w->random;
    w->store = open_store(db, db->path);
    world_start(w);
    peer_join(w, world_peer(w, "a"));
    peer_join(w, world_peer(w, "bb"));
    world_wait(w, 1000);
    target.attach = world_peer(w, "bb")->attach;
    peer_send(w, world_peer(w, "a"), &claim);
    peer_join(w, world_peer(w, "ccc"));
    world_wait(w, 2000);
    world_control(w, KR_CONTROL_APPROVE, world_peer(w, "a"), ROOM);
    world_control(w, KR_CONTROL_REVOKE, world_peer(w, "ccc"), ROOM);
    world_wait(w, 2000);
    world_peer(w, "a")->mute = true;
    world_control(w, KR_CONTROL_ROTATE, NULL, ROOM);
    world_wait(w, 500);
    kr_settings_copy(&db->settings, &w->settings);
    world_done(w);
}

static void read_file(struct fuzz_database *db)
{
    static uint8_t bytes[FILE_MAX_LEN];
    sqlite3 *raw = NULL;
    FUZZ_MUST(sqlite3_open(db->path, &raw) == SQLITE_OK);
    run(raw, "PRAGMA journal_mode = DELETE");
    FILE *f = fopen(db->path, "rb");
    FUZZ_MUST(f);
    size_t len = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    FUZZ_MUST(len > 0 && len < sizeof(bytes));
    kr_buf_init(&db->file, FILE_MAX_LEN);
    kr_buf_add(&db->file, bytes, len);
    /* What follows takes out of the schema what keeps bad rows out. */
    run(raw, "PRAGMA writable_schema = ON; BEGIN;"
             "UPDATE sqlite_schema SET sql = replace(replace(replace(sql, ') STRICT, WITHOUT ROWID', ') "
             "WITHOUT ROWID'), ') STRICT', ')'), ' NOT NULL', '') WHERE type = 'table';"
             "DELETE FROM sqlite_schema WHERE type = 'trigger'; COMMIT");
    sqlite3_close(raw);
}

/* The edit's transaction is around all that the store does: it ends with the input. */
static int in_edit(struct kr_store *s)
{
    (void)s;
    return 0;
}

static void no_rollback(struct kr_store *s)
{
    (void)s;
}

static void must_explain(struct kr_store *s, int err)
{
    FUZZ_MUST(err == 0 || (err < 0 && s->errmsg[0] && memchr(s->errmsg, '\0', sizeof(s->errmsg))));
}

static int load(struct kr_store *s, struct kr_snapshot *ret_snapshot)
{
    s->errmsg[0] = '\0';
    int err = the.ops->load(s, ret_snapshot);
    must_explain(s, err);
    return err;
}

static void remove_all(void)
{
    static const char *const tails[] = {"", "-wal", "-shm", "-journal", ".lock", ".restore"};
    char path[128];
    const char *const files[] = {the.path, the.damaged, the.restored};
    for (size_t f = 0; f < 3; f++) {
        for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
            snprintf(path, sizeof(path), "%s%s", files[f], tails[i]);
            unlink(path);
        }
    }
}

static void remove_folder(void)
{
    the.ops->close(the.loose);
    kr_settings_done(&the.settings);
    kr_secret_done(&the.seal_key);
    kr_buf_done(&the.file);
    remove_all();
    rmdir(the.folder);
}

struct fuzz_database *fuzz_database(void)
{
    static struct kr_store_ops ops;
    struct fuzz_database *db = &the;
    if (db->loose)
        return db;
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* the world's assertions end here, not in cmocka */
    const char *shared = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(db->folder, sizeof(db->folder), "%s/keyroom-fuzz-XXXXXX", shared);
    FUZZ_MUST(mkdtemp(db->folder));
    snprintf(db->path, sizeof(db->path), "%s/k.db", db->folder);
    snprintf(db->damaged, sizeof(db->damaged), "%s/damaged.db", db->folder);
    snprintf(db->restored, sizeof(db->restored), "%s/restored.db", db->folder);
    kr_secret_set(&db->seal_key, "0123456789abcdef0123456789abcdef", 32);
    populate(db);
    read_file(db);
    db->random = (struct kr_random){fill, &world};
    db->loose = open_store(db, db->path);
    db->ops = db->loose->ops;
    run(handle(db), "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF");
    read_columns(handle(db));
    ops = *db->ops;
    ops.load = load;
    ops.begin = ops.commit = in_edit;
    ops.rollback = no_rollback;
    db->loose->ops = &ops;
    atexit(remove_folder);
    return db;
}

/* --- rows --- */

/* Their columns are the schema's, whatever migrations have added. New tables come last: an input means what
 * it meant. */
enum { COLUMNS_MAX = 24, COLUMN_NAME = 32 };
static struct table {
    const char *name;
    char columns[COLUMNS_MAX][COLUMN_NAME]; /* the key's first */
    size_t count;
} tables[] = {
    {.name = "device"},       {.name = "owner_seen"}, {.name = "approval"},       {.name = "revocation"},
    {.name = "room"},         {.name = "epoch"},      {.name = "attach"},         {.name = "one_time_key"},
    {.name = "fallback_key"}, {.name = "opening"},    {.name = "log_leaf"},       {.name = "attestation"},
    {.name = "log_node"},     {.name = "log_key"},    {.name = "log_checkpoint"}, {.name = "log_evidence"}};
enum { TABLES = sizeof(tables) / sizeof(tables[0]) };

static void read_columns(sqlite3 *db)
{
    for (size_t i = 0; i < TABLES; i++) {
        struct table *t = &tables[i];
        sqlite3_stmt *stmt = NULL;
        FUZZ_MUST(sqlite3_prepare_v2(db, "SELECT name FROM pragma_table_info(?1)", -1, &stmt, NULL) ==
                  SQLITE_OK);
        sqlite3_bind_text(stmt, 1, t->name, -1, SQLITE_STATIC);
        while (sqlite3_step(stmt) == SQLITE_ROW) {
            FUZZ_MUST(t->count < COLUMNS_MAX);
            snprintf(t->columns[t->count++], COLUMN_NAME, "%s", (const char *)sqlite3_column_text(stmt, 0));
        }
        sqlite3_finalize(stmt);
        FUZZ_MUST(t->count > 0);
    }
}

static void bind_value(struct fuzz_in *in, sqlite3_stmt *stmt)
{
    static const sqlite3_int64 numbers[] = {0,     1,  2,          3,          255,       256,
                                            65536, -1, 0x7fffffff, 0x80000000, INT64_MAX, INT64_MIN};
    unsigned type = fuzz_below(in, 6);
    struct kr_span bytes = type >= 4 ? fuzz_bytes(in) : kr_span("", 0);
    if (type == 0)
        sqlite3_bind_null(stmt, 1);
    else if (type == 1)
        sqlite3_bind_int64(stmt, 1, numbers[fuzz_below(in, 12)]);
    else if (type == 2)
        sqlite3_bind_double(stmt, 1, (double)fuzz_u64(in));
    else if (type == 3) /* of a length that might be right */
        sqlite3_bind_zeroblob(stmt, 1, 16 << fuzz_below(in, 4));
    else if (type == 4)
        sqlite3_bind_text(stmt, 1, (const char *)bytes.ptr, (int)bytes.len, SQLITE_TRANSIENT);
    else
        sqlite3_bind_blob(stmt, 1, bytes.len ? (const void *)bytes.ptr : "", (int)bytes.len,
                          SQLITE_TRANSIENT);
}

/* One statement; what a constraint that is left refuses does not happen. */
static void edit(struct fuzz_database *db, struct fuzz_in *in)
{
    const struct table *t = &tables[fuzz_below(in, TABLES)], *from = &tables[fuzz_below(in, TABLES)];
    unsigned row = fuzz_below(in, 8), other = fuzz_below(in, 8), column = fuzz_u8(in) % (unsigned)t->count;
    const char *set = t->columns[column], *key = t->columns[0];
    char sql[512];
    sqlite3_stmt *stmt = NULL;
    switch (fuzz_below(in, 8)) {
    case 0:
        snprintf(sql, sizeof(sql),
                 "DELETE FROM %s WHERE %s = (SELECT %s FROM %s LIMIT 1 OFFSET %u) AND ?1 IS ?1", t->name, key,
                 key, t->name, row);
        break;
    case 1: /* once more, with another key */
        snprintf(sql, sizeof(sql), "INSERT OR IGNORE INTO %s SELECT ?1", t->name);
        for (size_t i = 1; i < t->count; i++)
            snprintf(sql + strlen(sql), sizeof(sql) - strlen(sql), ", %s", t->columns[i]);
        snprintf(sql + strlen(sql), sizeof(sql) - strlen(sql), " FROM %s LIMIT 1 OFFSET %u", t->name, row);
        break;
    case 2: /* what stands elsewhere */
        snprintf(sql, sizeof(sql),
                 "UPDATE OR IGNORE %s SET %s = ifnull((SELECT %s FROM %s LIMIT 1 OFFSET %u), ?1) WHERE %s = "
                 "(SELECT %s FROM %s LIMIT 1 OFFSET %u)",
                 t->name, set, from->columns[column % from->count], from->name, other, key, key, t->name,
                 row);
        break;
    default:
        snprintf(sql, sizeof(sql),
                 "UPDATE OR IGNORE %s SET %s = ?1 WHERE %s = (SELECT %s FROM %s LIMIT 1 OFFSET %u)", t->name,
                 set, key, key, t->name, row);
        break;
    }
    FUZZ_MUST(sqlite3_prepare_v2(handle(db), sql, -1, &stmt, NULL) == SQLITE_OK);
    bind_value(in, stmt);
    (void)sqlite3_step(stmt);
    sqlite3_finalize(stmt);
}

void fuzz_database_edit(struct fuzz_database *db, struct fuzz_in *in)
{
    unsigned count = fuzz_below(in, EDITS_MAX + 1);
    run(handle(db), "BEGIN IMMEDIATE");
    for (unsigned i = 0; i < count; i++)
        edit(db, in);
}

void fuzz_database_reset(struct fuzz_database *db)
{
    for (size_t i = 0; i < SQL_COUNT; i++)
        sqlite3_reset(((struct kr_sqlite *)db->loose)->stmts[i]);
    run(handle(db), "ROLLBACK");
}

/* --- the file --- */

static void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    FUZZ_MUST(f && fwrite(bytes, 1, len, f) == len && fclose(f) == 0);
}

void fuzz_database_damage(struct fuzz_database *db, struct fuzz_in *in)
{
    static const char *const tails[] = {"", "-wal", "-shm", ".lock", "-journal"};
    char path[128];
    for (size_t f = 0; f < 2; f++) {
        for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
            snprintf(path, sizeof(path), "%s%s", f ? db->restored : db->damaged, tails[i]);
            unlink(path);
        }
    }
    unsigned how = fuzz_below(in, 8);
    if (how == 7) {
        write_file(db->damaged, in->ptr, in->left);
        return;
    }
    uint8_t *bytes = malloc(db->file.len);
    size_t len = db->file.len;
    FUZZ_MUST(bytes);
    memcpy(bytes, db->file.ptr, len);
    for (unsigned i = 0; i < PATCHES_MAX && in->left; i++) {
        size_t at = ((size_t)fuzz_u8(in) << 16 | fuzz_u16(in)) % len;
        struct kr_span patch = fuzz_bytes(in);
        if (patch.len)
            memcpy(bytes + at, patch.ptr, patch.len < len - at ? patch.len : len - at);
    }
    if (how == 6)
        len -= (len / 512) * fuzz_u8(in) / 256 * 512 + fuzz_below(in, 2);
    write_file(db->damaged, bytes, len);
    free(bytes);
}
