/* Bundles (docs/protocol.md 11.7): the entry, and of a commit its evidence, travel in `extra`; both are bound
 * to the tree, so nothing in a bundle is taken on trust. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "base/alloc.h"
#include "base/limit.h"
#include "log/bundle.h"
#include "text/log_entry.h"

enum { MISUSE = 2 };

static bool get_node(void *state, struct kr_log_node node, struct kr_digest *ret_hash)
{
    sqlite3_stmt *s = state;
    sqlite3_reset(s);
    sqlite3_bind_int64(s, 1, node.level);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)node.index);
    if (sqlite3_step(s) != SQLITE_ROW || sqlite3_column_bytes(s, 0) != (int)sizeof(ret_hash->b))
        return false;
    memcpy(ret_hash->b, sqlite3_column_blob(s, 0), sizeof(ret_hash->b));
    return true;
}

static bool one_row(sqlite3 *db, const char *sql, uint64_t n, sqlite3_stmt **ret_stmt, int *err)
{
    *ret_stmt = kr_audit_prepare(db, sql, err);
    if (!*ret_stmt)
        return false;
    sqlite3_bind_int64(*ret_stmt, 1, (sqlite3_int64)n);
    return kr_audit_next(*ret_stmt, err);
}

static struct kr_span column(sqlite3_stmt *s, int n)
{
    return kr_span(sqlite3_column_blob(s, n), (size_t)sqlite3_column_bytes(s, n));
}

static int write_out(const struct kr_audit *a, const struct kr_buf *b)
{
    FILE *f = fopen(a->out, "wb");
    bool good = f && fwrite(b->ptr, 1, b->len, f) == b->len;
    if (f && fclose(f) != 0)
        good = false;
    return good && !b->err ? 0 : kr_audit_complain("%s: cannot be written", a->out);
}

/* What is written must be read again: a bundle that every check refuses proves nothing. */
static int make_bundle(const struct kr_audit *a, const struct kr_bundle *bundle, const struct kr_buf *extra,
                       struct kr_buf *out)
{
    struct kr_buf again;
    struct kr_bundle read;
    enum kr_log_verdict v = KR_LOG_BUNDLE_TOO_LONG;
    kr_buf_init(&again, KR_BUNDLE_EXTRA_MAX);
    if (!extra->err) {
        kr_bundle_write(bundle, out);
        v = out->err ? KR_LOG_BUNDLE_TOO_LONG : kr_bundle_read(kr_buf_span(out), &again, &read);
    }
    kr_buf_done(&again);
    if (v == KR_LOG_BUNDLE_TOO_LONG && !a->entry_only)
        return kr_audit_complain(
            "entry %" PRIu64 ": its evidence is too long for a bundle: verify --signatures checks it in the "
            "database, and --entry-only proves the entry without it",
            bundle->index);
    if (v != KR_LOG_OK)
        return kr_audit_complain("%s: %s", kr_log_verdict_name(v), kr_log_verdict_text(v));
    return write_out(a, out);
}

static int prove(const struct kr_audit *a, uint64_t index, sqlite3_stmt *leaf, sqlite3_stmt *cp,
                 sqlite3_stmt *nodes)
{
    struct kr_log_entry e;
    struct kr_log_nodes from = {get_node, nodes};
    struct kr_bundle bundle = {.index = index, .note = column(cp, 1)};
    struct kr_span evidence = a->entry_only ? kr_span(NULL, 0) : column(leaf, 1);
    struct kr_buf extra, out;
    kr_buf_init(&extra, KR_BUNDLE_MAX);
    kr_buf_init(&out, (size_t)2 * KR_BUNDLE_MAX);
    kr_buf_add_lp(&extra, column(leaf, 0));
    kr_buf_add_lp(&extra, evidence);
    bundle.extra = kr_buf_span(&extra);
    enum kr_log_verdict v =
        kr_inclusion_make(&from, index, (uint64_t)sqlite3_column_int64(cp, 0), &bundle.proof);
    int err = v == KR_LOG_OK ? make_bundle(a, &bundle, &extra, &out)
                             : kr_audit_complain("%s", kr_log_verdict_text(v));
    if (!err)
        (void)printf("%s: proves entry %" PRIu64 "\n", a->out, index);
    if (!err && !evidence.len && kr_log_entry_read(column(leaf, 0), &e) == 0 && kr_log_value(&e, "proof").ptr)
        (void)printf("without evidence, which %s: who sealed for whom is not in it; check it with "
                     "--entry-only\n",
                     a->entry_only ? "was not asked for" : "was erased");
    kr_buf_done(&extra);
    kr_buf_done(&out);
    return err;
}

int kr_audit_prove(const struct kr_audit *a)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *nodes = NULL, *leaf = NULL, *cp = NULL;
    if (!a->index || !a->out) {
        (void)kr_audit_complain("missing option --index or --out");
        return MISUSE;
    }
    uint64_t index = strtoull(a->index, NULL, 10);
    int err = kr_audit_open(a, &db);
    if (err)
        return err;
    bool found = one_row(
        db, "SELECT l.entry, e.bytes FROM log_leaf l LEFT JOIN log_evidence e USING (idx) WHERE l.idx = ?1",
        index, &leaf, &err);
    bool is_signed =
        found && one_row(db, "SELECT size, note FROM log_checkpoint WHERE size > ?1 ORDER BY n DESC LIMIT 1",
                         index, &cp, &err);
    if (!err && !is_signed)
        err = kr_audit_complain(
            found ? "entry %" PRIu64 " is in no checkpoint yet" : "there is no entry %" PRIu64, index);
    if (!err)
        nodes = kr_audit_prepare(db, "SELECT hash FROM log_node WHERE level = ?1 AND idx = ?2", &err);
    if (!err)
        err = prove(a, index, leaf, cp, nodes);
    sqlite3_finalize(leaf);
    sqlite3_finalize(cp);
    sqlite3_finalize(nodes);
    sqlite3_close(db);
    return err;
}

static bool take_lp(struct kr_span *rest, struct kr_span *ret)
{
    if (rest->len < 4)
        return false;
    size_t len =
        (size_t)rest->ptr[0] << 24 | (size_t)rest->ptr[1] << 16 | (size_t)rest->ptr[2] << 8 | rest->ptr[3];
    if (rest->len - 4 < len)
        return false;
    *ret = kr_span(rest->ptr + 4, len);
    *rest = kr_span(rest->ptr + 4 + len, rest->len - 4 - len);
    return true;
}

/* The evidence of a commit must be there, unless the entry alone is asked for, and be that commit's. */
static int check_evidence(const struct kr_audit *a, const struct kr_log_entry *e, struct kr_span evidence)
{
    struct kr_evidence_found found;
    struct kr_buf told;
    if (!kr_log_value(e, "proof").ptr)
        return evidence.len ? kr_audit_complain("extra: evidence for an entry that has none") : 0;
    if (!evidence.len && !a->entry_only)
        return kr_audit_complain(
            "evidence: is missing: it was erased before the bundle was made, or left out of it; "
            "--entry-only checks the entry alone");
    if (!evidence.len) {
        (void)puts("without evidence: this does not say who sealed for whom");
        return 0;
    }
    kr_buf_init(&told, 1 << 22);
    int err = 0;
    if (kr_audit_evidence(e, evidence, &found, &told))
        (void)printf("%.*s%zu signatures of devices verify\n", (int)told.len, (const char *)told.ptr,
                     found.signatures);
    else
        err = kr_audit_complain("evidence: %s", found.why);
    kr_buf_done(&told);
    return err;
}

static int check_bundle(const struct kr_audit *a, const struct kr_note_key *key, struct kr_span bytes)
{
    struct kr_checkpoint_trust trust = {.log = key};
    struct kr_checkpoint c;
    struct kr_bundle bundle;
    struct kr_buf extra;
    struct kr_span entry = {NULL, 0}, evidence = {NULL, 0};
    struct kr_log_entry e;
    kr_buf_init(&extra, KR_BUNDLE_EXTRA_MAX);
    enum kr_log_verdict v = kr_bundle_read(bytes, &extra, &bundle);
    int err = 0;
    struct kr_span rest = kr_buf_span(&extra);
    if (v != KR_LOG_OK)
        err = kr_audit_complain("bundle: %s: %s", kr_log_verdict_name(v), kr_log_verdict_text(v));
    else if (!take_lp(&rest, &entry) || !take_lp(&rest, &evidence) || rest.len)
        err = kr_audit_complain("extra: is not an entry and its evidence");
    if (!err) {
        struct kr_digest leaf = kr_leaf_hash(entry);
        v = kr_bundle_check(&bundle, &leaf, &trust, &c);
        if (v != KR_LOG_OK)
            err = kr_audit_complain("proof: %s: %s", kr_log_verdict_name(v), kr_log_verdict_text(v));
    }
    if (!err && kr_log_entry_read(entry, &e))
        err = kr_audit_complain("entry: is not of the form of an entry");
    if (!err) {
        (void)printf("%.*s", (int)entry.len, (const char *)entry.ptr);
        err = check_evidence(a, &e, evidence);
    }
    if (!err)
        (void)printf("audit: ok: entry %" PRIu64 " of the log %s, in its checkpoint of %" PRIu64 " entries\n",
                     bundle.index, c.origin, c.size);
    kr_buf_done(&extra);
    return err;
}

int kr_audit_check(const struct kr_audit *a)
{
    struct kr_note_key key;
    int err = kr_audit_key(a, &key);
    if (err)
        return err;
    FILE *f = fopen(a->argument, "rb");
    if (!f)
        return kr_audit_complain("%s: cannot be read", a->argument);
    uint8_t *bytes = kr_malloc(KR_BUNDLE_MAX + 1);
    size_t len = fread(bytes, 1, KR_BUNDLE_MAX + 1, f);
    (void)fclose(f);
    err = check_bundle(a, &key, kr_span(bytes, len));
    free(bytes);
    return err;
}
