#include "store/records.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static void drop(const char **s)
{
    free((char *)*s); /* ours in a snapshot or copy, though the record borrows it elsewhere */
    *s = NULL;
}

static void drop_span(struct kr_span *s)
{
    free((void *)s->ptr);
    *s = kr_span(NULL, 0);
}

static void drop_attestation(struct kr_rec_attestation *a)
{
    drop_span(&a->text);
    drop_span(&a->revoke_text);
    drop(&a->by_owner);
    drop(&a->admin_in);
}

void kr_snapshot_done(struct kr_snapshot *s)
{
    for (size_t i = 0; i < s->room_count; i++)
        drop(&s->rooms[i].room);
    for (size_t i = 0; i < s->attach_count; i++) {
        drop(&s->attaches[i].room);
        drop(&s->attaches[i].participant);
        drop(&s->attaches[i].owner);
        drop(&s->attaches[i].full_jid);
    }
    for (size_t i = 0; i < s->opening_count; i++) {
        drop(&s->openings[i].subject);
        kr_secret_done(&s->openings[i].key);
    }
    drop(&s->log_key.origin);
    drop(&s->log_key.vkey);
    drop(&s->log_key.halted);
    kr_secret_done(&s->log_key.seed);
    drop(&s->checkpoint.origin);
    free((void *)s->checkpoint.note.ptr);
    for (size_t i = 0; i < s->attestation_count; i++)
        drop_attestation(&s->attestations[i]);
    free(s->attestations);
    free(s->rooms);
    free(s->epochs);
    free(s->attaches);
    free(s->openings);
    *s = (struct kr_snapshot){0};
}

static const char *dup_or_null(const char *s)
{
    return s ? kr_strdup(s) : NULL;
}

static struct kr_span dup_span(struct kr_span s)
{
    uint8_t *copy = s.len ? kr_malloc(s.len) : NULL;
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    return kr_span(copy, s.len);
}

void kr_write_copy(struct kr_write *dst, const struct kr_write *src)
{
    *dst = *src;
    switch (src->kind) {
    case KR_W_ROOM:
    case KR_W_ROOM_END:
        dst->u.room.room = dup_or_null(src->u.room.room);
        break;
    case KR_W_ATTACH:
    case KR_W_ATTACH_END:
        dst->u.attach.room = dup_or_null(src->u.attach.room);
        dst->u.attach.participant = dup_or_null(src->u.attach.participant);
        dst->u.attach.owner = dup_or_null(src->u.attach.owner);
        dst->u.attach.full_jid = dup_or_null(src->u.attach.full_jid);
        break;
    case KR_W_APPROVE:
    case KR_W_REVOKE:
        dst->u.grant.scope = dup_or_null(src->u.grant.scope);
        dst->u.grant.by = dup_or_null(src->u.grant.by);
        dst->u.grant.reason = dup_or_null(src->u.grant.reason);
        break;
    case KR_W_OPENING:
        dst->u.opening.subject = dup_or_null(src->u.opening.subject);
        dst->u.opening.key = KR_SECRET_NONE;
        kr_secret_copy(&dst->u.opening.key, &src->u.opening.key);
        break;
    case KR_W_LOG:
        dst->u.log.entry = dup_span(src->u.log.entry);
        dst->u.log.nodes = kr_calloc(src->u.log.node_count, sizeof(*dst->u.log.nodes));
        if (src->u.log.node_count)
            memcpy((struct kr_digest *)dst->u.log.nodes, src->u.log.nodes,
                   src->u.log.node_count * sizeof(*src->u.log.nodes));
        break;
    case KR_W_LOG_KEY:
    case KR_W_LOG_HALT:
        dst->u.log_key.origin = dup_or_null(src->u.log_key.origin);
        dst->u.log_key.vkey = dup_or_null(src->u.log_key.vkey);
        dst->u.log_key.halted = dup_or_null(src->u.log_key.halted);
        dst->u.log_key.seed = KR_SECRET_NONE;
        kr_secret_copy(&dst->u.log_key.seed, &src->u.log_key.seed);
        break;
    case KR_W_CHECKPOINT:
        dst->u.checkpoint.origin = dup_or_null(src->u.checkpoint.origin);
        dst->u.checkpoint.note = dup_span(src->u.checkpoint.note);
        break;
    case KR_W_COSIGNATURE:
        dst->u.cosignature.origin = dup_or_null(src->u.cosignature.origin);
        dst->u.cosignature.witness = dup_or_null(src->u.cosignature.witness);
        dst->u.cosignature.lines = dup_span(src->u.cosignature.lines);
        break;
    case KR_W_EVIDENCE:
        dst->u.evidence.bytes = dup_span(src->u.evidence.bytes);
        break;
    case KR_W_ATTESTATION:
    case KR_W_ATTESTATION_END:
        dst->u.attestation.text = dup_span(src->u.attestation.text);
        dst->u.attestation.revoke_text = dup_span(src->u.attestation.revoke_text);
        dst->u.attestation.by_owner = dup_or_null(src->u.attestation.by_owner);
        dst->u.attestation.admin_in = dup_or_null(src->u.attestation.admin_in);
        break;
    case KR_W_EPOCH:
    case KR_W_EPOCH_FATE:
    case KR_W_KEY:
    case KR_W_KINDS:
        break;
    }
}

void kr_write_done(struct kr_write *w)
{
    switch (w->kind) {
    case KR_W_ROOM:
    case KR_W_ROOM_END:
        drop(&w->u.room.room);
        break;
    case KR_W_ATTACH:
    case KR_W_ATTACH_END:
        drop(&w->u.attach.room);
        drop(&w->u.attach.participant);
        drop(&w->u.attach.owner);
        drop(&w->u.attach.full_jid);
        break;
    case KR_W_APPROVE:
    case KR_W_REVOKE:
        drop(&w->u.grant.scope);
        drop(&w->u.grant.by);
        drop(&w->u.grant.reason);
        break;
    case KR_W_OPENING:
        drop(&w->u.opening.subject);
        kr_secret_done(&w->u.opening.key);
        break;
    case KR_W_LOG:
        drop_span(&w->u.log.entry);
        free((struct kr_digest *)w->u.log.nodes);
        w->u.log.nodes = NULL;
        break;
    case KR_W_LOG_KEY:
    case KR_W_LOG_HALT:
        drop(&w->u.log_key.origin);
        drop(&w->u.log_key.vkey);
        drop(&w->u.log_key.halted);
        kr_secret_done(&w->u.log_key.seed);
        break;
    case KR_W_CHECKPOINT:
        drop(&w->u.checkpoint.origin);
        drop_span(&w->u.checkpoint.note);
        break;
    case KR_W_COSIGNATURE:
        drop(&w->u.cosignature.origin);
        drop(&w->u.cosignature.witness);
        drop_span(&w->u.cosignature.lines);
        break;
    case KR_W_EVIDENCE:
        drop_span(&w->u.evidence.bytes);
        break;
    case KR_W_ATTESTATION:
    case KR_W_ATTESTATION_END:
        drop_attestation(&w->u.attestation);
        break;
    case KR_W_EPOCH:
    case KR_W_EPOCH_FATE:
    case KR_W_KEY:
    case KR_W_KINDS:
        break;
    }
}
