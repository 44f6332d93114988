#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limit.h"
#include "io/seal.h"
#include "store_sqlite/internal.h"

char *kr_opening_purpose(const struct kr_id *instance, const char *subject)
{
    static const char head[] = "opening:";
    char id[KR_ID_TEXT];
    kr_id_write(id, instance);
    size_t len = sizeof(head) + sizeof(id) + strlen(subject) + 1;
    char *purpose = kr_malloc(len);
    memcpy(purpose, head, sizeof(head) - 1);
    memcpy(purpose + sizeof(head) - 1, id, sizeof(id) - 1);
    purpose[sizeof(head) + sizeof(id) - 2] = ':';
    memcpy(purpose + sizeof(head) + sizeof(id) - 1, subject, strlen(subject) + 1);
    return purpose;
}

static int write_room(struct kr_sqlite *s, const struct kr_rec_room *r)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_ROOM_OTHER_INSTANCE);
    kr_sql_text(stmt, 1, r->room);
    kr_sql_blob(stmt, 2, r->instance.b, sizeof(r->instance.b));
    int err = kr_sql_run(s, stmt);
    if (err)
        return err;
    stmt = kr_sql(s, SQL_ROOM);
    kr_sql_text(stmt, 1, r->room);
    kr_sql_blob(stmt, 2, r->instance.b, sizeof(r->instance.b));
    kr_sql_u64(stmt, 3, r->epoch_high);
    kr_sql_u64(stmt, 4, r->started_ms);
    return kr_sql_run(s, stmt);
}

static int write_room_end(struct kr_sqlite *s, const struct kr_rec_room *r)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_ROOM_END);
    kr_sql_text(stmt, 1, r->room);
    kr_sql_blob(stmt, 2, r->instance.b, sizeof(r->instance.b));
    return kr_sql_run(s, stmt);
}

static int write_epoch(struct kr_sqlite *s, const struct kr_rec_epoch *e)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_EPOCH);
    kr_sql_blob(stmt, 1, e->instance.b, sizeof(e->instance.b));
    kr_sql_u64(stmt, 2, e->epoch);
    kr_sql_u64(stmt, 3, e->kind);
    kr_sql_u64(stmt, 4, e->source);
    kr_sql_u64(stmt, 5, e->format);
    kr_sql_u64(stmt, 6, e->suite);
    kr_sql_blob(stmt, 7, e->policy.b, sizeof(e->policy.b));
    kr_sql_blob(stmt, 8, e->roster.b, sizeof(e->roster.b));
    kr_sql_blob(stmt, 9, e->context.b, sizeof(e->context.b));
    kr_sql_u64(stmt, 10, e->fate);
    kr_sql_u64(stmt, 11, e->announced_ms);
    kr_sql_blob(stmt, 12, e->leader.b, sizeof(e->leader.b));
    kr_sql_u64(stmt, 13, e->log_size);
    kr_sql_blob(stmt, 14, e->log_root.b, sizeof(e->log_root.b));
    int err = kr_sql_run(s, stmt);
    if (err)
        return err;
    stmt = kr_sql(s, SQL_EPOCH_TRIM);
    kr_sql_blob(stmt, 1, e->instance.b, sizeof(e->instance.b));
    kr_sql_u64(stmt, 2, KR_CHAIN_MAX);
    return kr_sql_run(s, stmt);
}

static int write_epoch_fate(struct kr_sqlite *s, const struct kr_rec_epoch *e)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_EPOCH_FATE);
    kr_sql_blob(stmt, 1, e->instance.b, sizeof(e->instance.b));
    kr_sql_u64(stmt, 2, e->epoch);
    kr_sql_u64(stmt, 3, e->fate);
    return kr_sql_run(s, stmt);
}

static int write_attach(struct kr_sqlite *s, const struct kr_rec_attach *a)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_ATTACH);
    kr_sql_blob(stmt, 1, a->attach.b, sizeof(a->attach.b));
    kr_sql_blob(stmt, 2, a->instance.b, sizeof(a->instance.b));
    kr_sql_blob(stmt, 3, a->device.b, sizeof(a->device.b));
    kr_sql_blob(stmt, 4, a->nonce.b, sizeof(a->nonce.b));
    kr_sql_text(stmt, 5, a->room);
    kr_sql_text(stmt, 6, a->participant);
    kr_sql_text(stmt, 7, a->owner);
    kr_sql_text(stmt, 8, a->full_jid);
    kr_sql_blob(stmt, 9, a->sig.b, sizeof(a->sig.b));
    kr_sql_u64(stmt, 10, a->state);
    kr_sql_u64(stmt, 11, a->settled);
    kr_sql_u64(stmt, 12, a->at_ms);
    kr_sql_u64(stmt, 13, a->sources);
    kr_sql_u64(stmt, 14, a->lead);
    kr_sql_u64(stmt, 15, a->lead_fault);
    return kr_sql_run(s, stmt);
}

static int write_attach_end(struct kr_sqlite *s, const struct kr_rec_attach *a)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_ATTACH_END);
    kr_sql_blob(stmt, 1, a->attach.b, sizeof(a->attach.b));
    return kr_sql_run(s, stmt);
}

static int write_key(struct kr_sqlite *s, const struct kr_rec_key *k)
{
    sqlite3_stmt *stmt = kr_sql(s, k->kind == KR_CLASS_FALLBACK ? SQL_KEY_FALLBACK : SQL_KEY_ONE_TIME);
    kr_sql_blob(stmt, 1, k->attach.b, sizeof(k->attach.b));
    kr_sql_blob(stmt, 2, k->key.b, sizeof(k->key.b));
    kr_sql_blob(stmt, 3, k->sig.b, sizeof(k->sig.b));
    return kr_sql_run(s, stmt);
}

static int insert_grant(struct kr_sqlite *s, enum kr_sql which, const struct kr_rec_grant *g)
{
    sqlite3_stmt *stmt = kr_sql(s, which);
    kr_sql_blob(stmt, 1, g->device.b, sizeof(g->device.b));
    kr_sql_text(stmt, 2, g->scope);
    kr_sql_text(stmt, 3, g->by);
    kr_sql_u64(stmt, 4, g->at_ms);
    kr_sql_text(stmt, 5, g->reason);
    return kr_sql_run(s, stmt);
}

static int write_revoke(struct kr_sqlite *s, const struct kr_rec_grant *g)
{
    bool everywhere = strcmp(g->scope, KR_SCOPE_EVERYWHERE) == 0;
    sqlite3_stmt *stmt = kr_sql(s, everywhere ? SQL_REVOKE_APPROVALS : SQL_REVOKE_APPROVAL);
    kr_sql_blob(stmt, 1, g->device.b, sizeof(g->device.b));
    if (!everywhere)
        kr_sql_text(stmt, 2, g->scope);
    int err = kr_sql_run(s, stmt);
    return err ? err : insert_grant(s, SQL_REVOKE, g);
}

static int write_opening(struct kr_sqlite *s, const struct kr_rec_opening *o)
{
    struct kr_buf sealed;
    char *purpose = kr_opening_purpose(&o->instance, o->subject);
    kr_buf_init(&sealed, 256);
    kr_seal(&s->seal_key, &s->random, purpose, &o->key, &sealed);
    sqlite3_stmt *stmt = kr_sql(s, SQL_OPENING);
    kr_sql_blob(stmt, 1, o->instance.b, sizeof(o->instance.b));
    kr_sql_text(stmt, 2, o->subject);
    kr_sql_blob(stmt, 3, sealed.ptr, sealed.len);
    kr_sql_u64(stmt, 4, o->at_ms);
    int err = kr_sql_run(s, stmt);
    kr_buf_done(&sealed);
    free(purpose);
    return err;
}

static int write_log(struct kr_sqlite *s, const struct kr_rec_log *l)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_LOG);
    kr_sql_u64(stmt, 1, l->idx);
    kr_sql_blob(stmt, 2, l->entry.ptr, l->entry.len);
    int err = kr_sql_run(s, stmt);
    for (size_t level = 0; level < l->node_count && !err; level++) {
        stmt = kr_sql(s, SQL_LOG_NODE);
        kr_sql_u64(stmt, 1, level);
        kr_sql_u64(stmt, 2, l->idx >> level);
        kr_sql_blob(stmt, 3, l->nodes[level].b, sizeof(l->nodes[level].b));
        err = kr_sql_run(s, stmt);
    }
    return err;
}

char *kr_log_key_purpose(const char *origin)
{
    size_t len = strlen(origin) + sizeof("log-key:");
    char *purpose = kr_malloc(len);
    snprintf(purpose, len, "log-key:%s", origin);
    return purpose;
}

static int write_log_key(struct kr_sqlite *s, const struct kr_rec_log_key *k)
{
    struct kr_buf sealed;
    char *purpose = kr_log_key_purpose(k->origin);
    kr_buf_init(&sealed, 256);
    kr_seal(&s->seal_key, &s->random, purpose, &k->seed, &sealed);
    sqlite3_stmt *stmt = kr_sql(s, SQL_LOG_KEY);
    kr_sql_text(stmt, 1, k->origin);
    kr_sql_text(stmt, 2, k->vkey);
    kr_sql_blob(stmt, 3, sealed.ptr, sealed.len);
    kr_sql_u64(stmt, 4, k->first_size);
    kr_sql_u64(stmt, 5, k->at_ms);
    int err = kr_sql_run(s, stmt);
    kr_buf_done(&sealed);
    free(purpose);
    return err;
}

static int write_log_halt(struct kr_sqlite *s, const struct kr_rec_log_key *k)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_LOG_HALT);
    kr_sql_text(stmt, 1, k->origin);
    kr_sql_text(stmt, 2, k->halted);
    kr_sql_u64(stmt, 3, k->closed);
    return kr_sql_run(s, stmt);
}

static int write_checkpoint(struct kr_sqlite *s, const struct kr_rec_checkpoint *c)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_CHECKPOINT);
    kr_sql_text(stmt, 1, c->origin);
    kr_sql_u64(stmt, 2, c->size);
    kr_sql_blob(stmt, 3, c->root.b, sizeof(c->root.b));
    kr_sql_u64(stmt, 4, c->at_ms);
    kr_sql_blob(stmt, 5, c->note.ptr, c->note.len);
    return kr_sql_run(s, stmt);
}

static int write_cosignature(struct kr_sqlite *s, const struct kr_rec_cosignature *c)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_COSIGNATURE);
    kr_sql_text(stmt, 1, c->origin);
    kr_sql_u64(stmt, 2, c->size);
    kr_sql_text(stmt, 3, c->witness);
    kr_sql_u64(stmt, 4, c->time_s);
    kr_sql_blob(stmt, 5, c->lines.ptr, c->lines.len);
    return kr_sql_run(s, stmt);
}

static int write_evidence(struct kr_sqlite *s, const struct kr_rec_evidence *e)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_EVIDENCE);
    kr_sql_u64(stmt, 1, e->idx);
    kr_sql_blob(stmt, 2, e->instance.b, sizeof(e->instance.b));
    kr_sql_blob(stmt, 3, e->bytes.ptr, e->bytes.len);
    kr_sql_u64(stmt, 4, e->at_ms);
    return kr_sql_run(s, stmt);
}

static int write_attestation(struct kr_sqlite *s, const struct kr_rec_attestation *a)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_ATTESTATION);
    kr_sql_blob(stmt, 1, a->digest.b, sizeof(a->digest.b));
    kr_sql_blob(stmt, 2, a->text.ptr, a->text.len);
    kr_sql_blob(stmt, 3, a->sig.b, sizeof(a->sig.b));
    kr_sql_blob(stmt, 4, a->ed25519.b, sizeof(a->ed25519.b));
    kr_sql_blob(stmt, 5, a->curve25519.b, sizeof(a->curve25519.b));
    kr_sql_text(stmt, 6, a->by_owner);
    kr_sql_text(stmt, 7, a->admin_in);
    kr_sql_u64(stmt, 8, a->at_ms);
    kr_sql_blob(stmt, 9, a->revoke_text.len ? a->revoke_text.ptr : (const uint8_t *)"", a->revoke_text.len);
    kr_sql_blob(stmt, 10, a->revoke_sig.b, sizeof(a->revoke_sig.b));
    return kr_sql_run(s, stmt);
}

static int write_attestation_end(struct kr_sqlite *s, const struct kr_rec_attestation *a)
{
    sqlite3_stmt *stmt = kr_sql(s, SQL_ATTESTATION_END);
    kr_sql_blob(stmt, 1, a->digest.b, sizeof(a->digest.b));
    return kr_sql_run(s, stmt);
}

int kr_sqlite_write(struct kr_store *store, const struct kr_write *w)
{
    struct kr_sqlite *s = (struct kr_sqlite *)store;
    switch (w->kind) {
    case KR_W_ROOM:
        return write_room(s, &w->u.room);
    case KR_W_ROOM_END:
        return write_room_end(s, &w->u.room);
    case KR_W_EPOCH:
        return write_epoch(s, &w->u.epoch);
    case KR_W_EPOCH_FATE:
        return write_epoch_fate(s, &w->u.epoch);
    case KR_W_ATTACH:
        return write_attach(s, &w->u.attach);
    case KR_W_ATTACH_END:
        return write_attach_end(s, &w->u.attach);
    case KR_W_KEY:
        return write_key(s, &w->u.key);
    case KR_W_APPROVE:
        return insert_grant(s, SQL_APPROVE, &w->u.grant);
    case KR_W_REVOKE:
        return write_revoke(s, &w->u.grant);
    case KR_W_OPENING:
        return write_opening(s, &w->u.opening);
    case KR_W_ATTESTATION:
        return write_attestation(s, &w->u.attestation);
    case KR_W_ATTESTATION_END:
        return write_attestation_end(s, &w->u.attestation);
    case KR_W_LOG:
        return write_log(s, &w->u.log);
    case KR_W_LOG_KEY:
        return write_log_key(s, &w->u.log_key);
    case KR_W_LOG_HALT:
        return write_log_halt(s, &w->u.log_key);
    case KR_W_CHECKPOINT:
        return write_checkpoint(s, &w->u.checkpoint);
    case KR_W_COSIGNATURE:
        return write_cosignature(s, &w->u.cosignature);
    case KR_W_EVIDENCE:
        return write_evidence(s, &w->u.evidence);
    case KR_W_KINDS:
        break;
    }
    return KR_E_INTERNAL;
}
