/* The whole log, from the file and the key alone: each entry, the tree, each checkpoint. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "audit_signed.h"
#include "text/log_entry.h"

struct verify {
    sqlite3 *db;
    sqlite3_stmt *where;
    struct kr_walk walk;
    struct kr_findings findings;
    uint64_t signatures, erased, unsigned_commits;
};

static void find_text(void *state, const char *text)
{
    struct verify *v = state;
    kr_audit_find(&v->findings, "%s", text);
}

static struct kr_span blob(sqlite3_stmt *s, int column)
{
    return kr_span(sqlite3_column_blob(s, column), (size_t)sqlite3_column_bytes(s, column));
}

static sqlite3_stmt *prepare(struct verify *v, const char *sql)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(v->db, sql, -1, &s, NULL) != SQLITE_OK)
        kr_audit_find(&v->findings, "database: %s", sqlite3_errmsg(v->db));
    return s;
}

/* Whether there is another row. An error is a finding: what was to come stays unchecked. */
static bool next_row(struct verify *v, sqlite3_stmt *s)
{
    int rc = sqlite3_step(s);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        kr_audit_find(&v->findings, "database: %s", sqlite3_errmsg(v->db));
    return rc == SQLITE_ROW;
}

/* Reads all hashes there are: only for findings that will be told. */
static bool where(void *state, const struct kr_digest *leaf, uint64_t *ret_idx)
{
    struct verify *v = state;
    if (v->findings.count >= KR_FINDINGS_MAX)
        return false;
    if (!v->where)
        v->where = prepare(v, "SELECT idx FROM log_node WHERE level = 0 AND hash = ?1 ORDER BY idx LIMIT 1");
    if (!v->where)
        return false;
    sqlite3_reset(v->where);
    sqlite3_bind_blob(v->where, 1, leaf->b, sizeof(leaf->b), SQLITE_STATIC);
    if (!next_row(v, v->where))
        return false;
    *ret_idx = (uint64_t)sqlite3_column_int64(v->where, 0);
    return true;
}

/* The nodes of one level, read along as entries complete them. */
struct level {
    sqlite3_stmt *s;
    bool read, over; /* read: its row is the last that was read */
};

static struct kr_span kept(struct verify *v, struct level *l, unsigned level, uint64_t idx)
{
    if (!l->s) {
        l->s = prepare(v, "SELECT idx, hash FROM log_node WHERE level = ?1 ORDER BY idx");
        if (!l->s)
            return kr_span(NULL, 0);
        sqlite3_bind_int(l->s, 1, (int)level);
    }
    while (!l->over && (!l->read || (uint64_t)sqlite3_column_int64(l->s, 0) < idx)) {
        l->read = next_row(v, l->s);
        l->over = !l->read;
    }
    bool has = !l->over && (uint64_t)sqlite3_column_int64(l->s, 0) == idx;
    return has ? blob(l->s, 1) : kr_span(NULL, 0);
}

/* The next checkpoint of the log that is one; false: there is none. */
static bool next_checkpoint(struct verify *v, struct kr_signed_rows *r, struct kr_checkpoint *ret_c)
{
    const struct kr_signed *s;
    while ((s = kr_signed_next(r)) != NULL) {
        *ret_c = (struct kr_checkpoint){.size = s->size, .root = s->root};
        if (kr_walk_opened(&v->walk, s->row_size, s->verdict, s->row_fits))
            return true;
    }
    return false;
}

/* Whether there is a checkpoint that was not reached: *ret_c. */
static bool walk(struct verify *v, sqlite3_stmt *leaves, struct kr_signed_rows *cps, struct level *levels,
                 struct kr_checkpoint *ret_c)
{
    bool more = next_checkpoint(v, cps, ret_c);
    for (;;) {
        for (; more && ret_c->size <= v->walk.tree.size; more = next_checkpoint(v, cps, ret_c))
            kr_walk_checkpoint(&v->walk, ret_c);
        if (!next_row(v, leaves))
            break;
        struct kr_walk_nodes nodes;
        uint64_t idx = (uint64_t)sqlite3_column_int64(leaves, 0);
        for (unsigned i = 0; i < kr_walk_completes(idx); i++)
            nodes.hashes[i] = kept(v, &levels[i], i, idx >> i);
        if (!kr_walk_entry(&v->walk, idx, blob(leaves, 1), &nodes))
            break;
    }
    return more;
}

static int all_entries(struct verify *v, const struct kr_audit *a)
{
    struct level levels[KR_LOG_LEVELS] = {{.s = NULL}};
    struct kr_signed_rows *cps = kr_signed_begin(a->db, v->walk.key);
    sqlite3_stmt *leaves = cps ? prepare(v, "SELECT idx, entry FROM log_leaf ORDER BY idx") : NULL;
    struct kr_checkpoint c;
    bool more = leaves && walk(v, leaves, cps, levels, &c);
    int err = kr_signed_end(cps);
    if (!err && leaves)
        kr_walk_end(&v->walk, more ? &c : NULL);
    sqlite3_finalize(leaves);
    sqlite3_finalize(v->where);
    for (size_t i = 0; i < KR_LOG_LEVELS; i++)
        sqlite3_finalize(levels[i].s);
    return err;
}

static void one_commit(struct verify *v, uint64_t idx, struct kr_span entry, struct kr_span evidence,
                       bool has)
{
    struct kr_log_entry e;
    struct kr_evidence_found found;
    if (kr_log_entry_read(entry, &e) || !kr_log_value(&e, "proof").ptr)
        return;
    if (!has) {
        v->erased++;
        return;
    }
    if (!kr_audit_evidence(&e, evidence, &found, NULL))
        kr_audit_find(&v->findings, "entry %" PRIu64 ": its evidence %s", idx, found.why);
    else if (!found.signatures)
        v->unsigned_commits++;
    v->signatures += found.signatures;
}

static void all_signatures(struct verify *v)
{
    sqlite3_stmt *s =
        prepare(v, "SELECT l.idx, l.entry, e.bytes FROM log_leaf l LEFT JOIN log_evidence e USING (idx) "
                   "ORDER BY l.idx");
    while (s && next_row(v, s))
        one_commit(v, (uint64_t)sqlite3_column_int64(s, 0), blob(s, 1), blob(s, 2),
                   sqlite3_column_type(s, 2) == SQLITE_BLOB);
    sqlite3_finalize(s);
}

/* The newest checkpoint that a witness cosigned. Its root is compared where all are. */
static void one_witness(struct verify *v, const struct kr_note_key *witness)
{
    struct kr_checkpoint_trust trust = {
        .log = v->walk.key, .witnesses = witness, .witness_count = 1, .quorum = 1};
    sqlite3_stmt *s = prepare(
        v, "SELECT c.note, s.line, c.size FROM log_cosignature s JOIN log_checkpoint c USING (origin, size) "
           "WHERE s.origin = ?1 AND s.witness = ?2 ORDER BY c.size DESC LIMIT 1");
    struct kr_checkpoint c;
    struct kr_buf vkey, note;
    enum kr_log_verdict verdict = KR_LOG_UNWITNESSED;
    kr_buf_init(&vkey, KR_NOTE_MAX);
    kr_buf_init(&note, (size_t)2 * KR_NOTE_MAX);
    kr_note_key_add_text(&vkey, witness);
    if (s) {
        sqlite3_bind_text(s, 1, v->walk.key->name, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 2, (const char *)vkey.ptr, (int)vkey.len, SQLITE_STATIC);
    }
    if (s && next_row(v, s)) {
        kr_buf_add(&note, blob(s, 0).ptr, blob(s, 0).len);
        kr_buf_add(&note, blob(s, 1).ptr, blob(s, 1).len);
        verdict = kr_checkpoint_open(kr_buf_span(&note), &trust, &c);
    }
    if (verdict == KR_LOG_OK)
        (void)printf("the witness %s has cosigned the first %" PRIu64 " entries\n", witness->name, c.size);
    else
        kr_audit_find(&v->findings, "witness %s: %s: %s", witness->name, kr_log_verdict_name(verdict),
                      kr_log_verdict_text(verdict));
    sqlite3_finalize(s);
    kr_buf_done(&vkey);
    kr_buf_done(&note);
}

int kr_audit_verify(const struct kr_audit *a)
{
    struct kr_note_key key;
    struct verify v = {.walk = {.key = &key, .find = find_text, .where = where}};
    v.walk.state = &v;
    int err = kr_audit_key(a, &key);
    if (!err && a->tiles)
        return kr_audit_verify_tiles(a, &key);
    if (!err)
        err = kr_audit_open(a, &v.db);
    if (err)
        return err;
    err = all_entries(&v, a);
    if (!err && a->signatures)
        all_signatures(&v);
    for (size_t i = 0; !err && i < a->witness_count; i++)
        one_witness(&v, &a->witnesses[i]);
    sqlite3_close(v.db);
    if (err)
        return err;
    if (v.findings.count)
        return kr_audit_failed(&v.findings);
    const struct kr_log_tree *tree = &v.walk.tree;
    struct kr_digest root = kr_log_tree_root(tree);
    char text[KR_KEY_TEXT];
    kr_digest_write(text, &root);
    (void)printf("audit: ok: %" PRIu64 " entries of %s, %" PRIu64 " checkpoints, root %s\n", tree->size,
                 key.name, v.walk.checkpoints, text);
    if (v.walk.good_size < tree->size)
        (void)printf("the last %" PRIu64 " entries are in no checkpoint yet\n",
                     tree->size - v.walk.good_size);
    if (a->signatures)
        (void)printf("%" PRIu64 " signatures of devices verify; the evidence of %" PRIu64
                     " commits was erased\n",
                     v.signatures, v.erased);
    if (v.unsigned_commits)
        (void)printf("of %" PRIu64
                     " commits no device signed anything: nobody sealed (one device alone, or a "
                     "passphrase), or the service hides it\n",
                     v.unsigned_commits);
    return 0;
}
