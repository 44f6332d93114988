/* Announces from their parts (docs/protocol.md 7.1, 7.2). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "client/state.h"

void kr_announce_reset(struct kr_client *c)
{
    struct kr_assembly *m = &c->assembly;
    if (!m->active)
        return;
    kr_arena_done(&m->arena);
    kr_buf_done(&m->policy);
    free(m->past);
    free(m->members);
    free(m->gone);
    *m = (struct kr_assembly){.active = false};
}

static bool same_link(const struct kr_epoch_link *a, const struct kr_epoch_link *b)
{
    return a->epoch == b->epoch && a->kind == b->kind && a->source == b->source &&
           kr_digest_equal(&a->roster, &b->roster) && a->log_size == b->log_size &&
           kr_digest_equal(&a->log_root, &b->log_root);
}

/* Every part carries the whole head. */
static bool same_head(const struct kr_notice_announce *a, const struct kr_notice_announce *b)
{
    return kr_id_equal(&a->instance, &b->instance) && same_link(&a->link, &b->link) &&
           a->has_source == b->has_source && a->has_leader == b->has_leader && a->leader == b->leader &&
           a->reasons == b->reasons && a->deadline_ms == b->deadline_ms && a->size == b->size &&
           memcmp(&a->check, &b->check, sizeof(a->check)) == 0 && a->has_prev == b->has_prev &&
           a->prev == b->prev && a->committed == b->committed && a->full == b->full && a->of == b->of &&
           kr_digest_equal(&a->prev_context, &b->prev_context);
}

static int add_members(struct kr_assembly *m, const struct kr_notice_announce *part)
{
    for (size_t i = 0; i < part->member_count; i++) {
        if (m->head.member_count >= (part->full ? part->size : KR_OCCUPANTS_MAX))
            return KR_E_TOO_LARGE;
        kr_grow((void **)&m->members, &m->member_cap, m->head.member_count, sizeof(*m->members));
        struct kr_member_line l = part->members[i];
        l.participant = kr_arena_strndup(&m->arena, l.participant, strlen(l.participant));
        l.owner = kr_arena_strndup(&m->arena, l.owner, strlen(l.owner));
        if (!l.participant || !l.owner)
            return KR_E_TOO_LARGE;
        m->members[m->head.member_count++] = l;
    }
    for (size_t i = 0; i < part->gone_count; i++) {
        if (m->head.gone_count >= KR_OCCUPANTS_MAX)
            return KR_E_TOO_LARGE;
        kr_grow((void **)&m->gone, &m->gone_cap, m->head.gone_count, sizeof(*m->gone));
        m->gone[m->head.gone_count++] = (struct kr_gone_line){.attach = part->gone[i].attach, .reason = ""};
    }
    return 0;
}

static int add_rest(struct kr_assembly *m, const struct kr_notice_announce *part)
{
    for (size_t i = 0; i < part->past_count; i++) {
        if (m->head.past_count >= KR_CHAIN_MAX)
            return KR_E_TOO_LARGE;
        kr_grow((void **)&m->past, &m->past_cap, m->head.past_count, sizeof(*m->past));
        m->past[m->head.past_count++] = part->past[i];
    }
    if (part->policy_text.len && !m->policy.len)
        kr_buf_add(&m->policy, part->policy_text.ptr, part->policy_text.len);
    return m->policy.err;
}

void kr_announce_part(struct kr_client *c, const struct kr_notice_announce *part)
{
    struct kr_assembly *m = &c->assembly;
    if (c->phase < KR_PHASE_ATTACHING || c->mismatched ||
        (part->full && !kr_id_equal(&part->instance, &c->instance)))
        return;
    if (m->active && (part->part != m->parts + 1 || !same_head(&m->head, part)))
        kr_announce_reset(c);
    if (!m->active) {
        if (part->part != 1) {
            kr_announce_failed(c, KR_E_MALFORMED, part);
            return;
        }
        m->active = true;
        m->head = *part;
        m->head.past_count = m->head.member_count = m->head.gone_count = 0;
        m->head.log_origin = part->log_origin ? m->log_origin : NULL;
        if (part->log_origin) /* of at most that many bytes, as decoded */
            snprintf(m->log_origin, sizeof(m->log_origin), "%s", part->log_origin);
        /* 4096 lines with the longest names would have 16 MiB */
        kr_arena_init(&m->arena, (size_t)KR_OCCUPANTS_MAX * (KR_JID_MAX + KR_NICK_MAX + 2));
        kr_buf_init(&m->policy, KR_TEXT_MAX);
    }
    int err = add_members(m, part);
    if (!err)
        err = add_rest(m, part);
    m->parts = part->part;
    if (err) {
        kr_announce_reset(c);
        kr_announce_failed(c, err, part);
    } else if (part->part == part->of) {
        m->head.past = m->past;
        m->head.members = m->members;
        m->head.gone = m->gone;
        m->head.policy_text = kr_buf_span(&m->policy);
        kr_announce_apply(c, &m->head);
        kr_announce_reset(c);
    }
}

void kr_announce_heard_of(struct kr_client *c, uint64_t epoch)
{
    bool same = kr_id_equal(&c->seen_instance, &c->instance);
    if (c->phase < KR_PHASE_WAITING || c->mismatched || (same && epoch <= c->seen_epoch) ||
        epoch <= c->missed_epoch)
        return;
    kr_announce_reset(c); /* of one that has begun, a part is lost */
    c->missed_epoch = epoch;
    kr_announce_ask_again(c);
}

void kr_announce_ask_again(struct kr_client *c)
{
    bool missed = !kr_id_equal(&c->seen_instance, &c->instance) || c->missed_epoch > c->seen_epoch;
    kr_announce_ask(c);
    c->ask_at_ms =
        c->unresolved || (c->missed_epoch && missed) ? c->now_ms + KR_CLIENT_REATTACH_MS : UINT64_MAX;
}

void kr_announce_ask(struct kr_client *c)
{
    struct kr_request r = {.kind = KR_REQ_WHOLE};
    const struct kr_epoch_state *e = kr_epoch_now(c);
    if (e)
        r.u.whole = (struct kr_req_whole){.has_since = true, .since = e->link.epoch};
    r.u.whole.log = c->log.newest; /* a service that was set back would not hear of it otherwise */
    r.u.whole.log_origin = c->log.key.name;
    kr_request_send(c, &r);
}
