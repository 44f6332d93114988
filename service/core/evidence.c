#include "core/evidence.h"

#include <string.h>

#include "text/signed.h"

static size_t set_len(const struct kr_epoch *e)
{
    return (e->roster.len + 7) / 8;
}

void kr_evidence_add(struct kr_epoch *e, size_t seat, enum kr_round round, const uint16_t *recipients,
                     size_t count, const struct kr_sig *sig)
{
    if (e->stage == KR_STAGE_COMMITTED)
        return;
    uint8_t *set = kr_calloc(set_len(e), 1);
    for (size_t i = 0; i < count; i++)
        set[recipients[i] / 8] |= (uint8_t)(1U << recipients[i] % 8);
    kr_grow((void **)&e->signed_sets, &e->signed_cap, e->signed_count, sizeof(*e->signed_sets));
    e->signed_sets[e->signed_count++] =
        (struct kr_signed_set){.seat = (uint16_t)seat, .round = round, .recipients = set, .sig = *sig};
}

void kr_evidence_free(struct kr_epoch *e)
{
    for (size_t i = 0; i < e->signed_count; i++)
        free(e->signed_sets[i].recipients);
    free(e->signed_sets);
    e->signed_sets = NULL;
    e->signed_count = e->signed_cap = 0;
}

struct kr_buf kr_evidence(struct kr_core *core, const struct kr_room *room, const struct kr_epoch *e)
{
    struct kr_buf b;
    uint8_t salt[32];
    kr_random_fill(&core->random, salt, sizeof(salt));
    kr_buf_init(&b, SIZE_MAX);
    kr_buf_add(&b, salt, sizeof(salt));
    kr_buf_add_lp(&b, kr_span_str(room->jid));
    kr_buf_add(&b, e->instance.b, sizeof(e->instance.b));
    kr_buf_add_u64(&b, e->link.epoch);
    kr_buf_add(&b, e->context.b, sizeof(e->context.b));
    kr_buf_add_u8(&b, e->link.kind == KR_EPOCH_RATCHET);
    kr_buf_add_u8(&b, e->has_confirm);
    kr_buf_add(&b, e->confirm.b, sizeof(e->confirm.b));
    kr_buf_add_u16(&b, (uint16_t)e->roster.len);
    for (size_t i = 0; i < e->roster.len; i++) {
        const struct kr_roster_entry *r = &e->roster.entries[i];
        kr_buf_add(&b, r->attach.b, sizeof(r->attach.b));
        kr_buf_add(&b, r->ed25519.b, sizeof(r->ed25519.b));
        kr_buf_add(&b, r->curve25519.b, sizeof(r->curve25519.b));
        kr_buf_add_u8(&b, r->is_new);
    }
    for (size_t i = 0; i < e->signed_count; i++) {
        const struct kr_signed_set *s = &e->signed_sets[i];
        kr_buf_add_u16(&b, s->seat);
        kr_buf_add_u8(&b, (uint8_t)s->round);
        kr_buf_add(&b, s->recipients, set_len(e));
        kr_buf_add(&b, s->sig.b, sizeof(s->sig.b));
    }
    return b;
}

void kr_evidence_write(struct kr_core *core, const struct kr_room *room, struct kr_buf *evidence)
{
    struct kr_write w = {.kind = KR_W_EVIDENCE,
                         .u.evidence = {.idx = core->log.tree.size,
                                        .instance = room->instance,
                                        .bytes = kr_buf_span(evidence),
                                        .at_ms = core->now.wall_ms}};
    kr_output_write(core->out, &w);
    kr_buf_done(evidence);
}
