#include "store/records.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static void drop(const char **s)
{
    free((char *)*s); /* ours in a snapshot or copy, though the record borrows it elsewhere */
    *s = NULL;
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
    case KR_W_LOG: {
        uint8_t *entry = kr_malloc(src->u.log.entry.len);
        if (src->u.log.entry.len)
            memcpy(entry, src->u.log.entry.ptr, src->u.log.entry.len);
        dst->u.log.entry.ptr = entry;
        break;
    }
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
        free((void *)w->u.log.entry.ptr);
        w->u.log.entry = kr_span(NULL, 0);
        break;
    case KR_W_EPOCH:
    case KR_W_EPOCH_FATE:
    case KR_W_KEY:
    case KR_W_KINDS:
        break;
    }
}
