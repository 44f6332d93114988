#include "core/retain.h"

#include "core/audit.h"
#include "core/pending.h"

enum {
    FIRST_MS = 60000, /* a start has other things to do */
    EVERY_MS = 3600000,
    MORE_MS = 1000 /* when there was more than one turn is to delete */
};

static uint64_t before(const struct kr_core *core, uint64_t keep_ms)
{
    return keep_ms && core->now.wall_ms > keep_ms ? core->now.wall_ms - keep_ms : 0;
}

void kr_retain_plan(struct kr_core *core)
{
    const struct kr_settings *s = &core->settings;
    bool any = s->keep_names_ms || s->keep_evidence_ms || s->keep_guests_ms;
    core->retain_due_ms = any ? core->now.mono_ms + FIRST_MS : 0;
}

uint64_t kr_retain_deadline(const struct kr_core *core)
{
    return core->retain_due_ms ? core->retain_due_ms : UINT64_MAX;
}

void kr_retain_tick(struct kr_core *core)
{
    if (!core->retain_due_ms || core->now.mono_ms < core->retain_due_ms)
        return;
    core->retain_due_ms = core->now.mono_ms + EVERY_MS;
    core->retain_names_ms = before(core, core->settings.keep_names_ms);
    struct kr_pending *p = kr_pending_new(core, KR_PENDING_RETAIN, NULL, "");
    struct kr_query q = {.kind = KR_Q_RETAIN,
                         .token = p->token,
                         .retain = {.names_before_ms = core->retain_names_ms,
                                    .evidence_before_ms = before(core, core->settings.keep_evidence_ms),
                                    .devices_before_ms = before(core, core->settings.keep_guests_ms),
                                    .limit = KR_RETAIN_MAX,
                                    .evidence_limit = KR_RETAIN_EVIDENCE_MAX}};
    kr_output_query(core->out, &q);
}

void kr_retain_continue(struct kr_core *core, const struct kr_query_result *r)
{
    bool more = r->names_gone == KR_RETAIN_MAX || r->evidence_gone == KR_RETAIN_EVIDENCE_MAX ||
                r->devices_gone == KR_RETAIN_MAX;
    if (more && core->retain_due_ms)
        core->retain_due_ms = core->now.mono_ms + MORE_MS;
    /* Only when the store has none of them left: it would keep an old key in place of a new one. */
    if (r->names_gone < KR_RETAIN_MAX)
        kr_audit_forget_before(core, core->retain_names_ms);
    if (r->names_gone || r->evidence_gone || r->devices_gone)
        kr_trace(core, KR_TRACE_INFO, "retention -> %zu names, evidence of %zu commits, %zu devices erased",
                 r->names_gone, r->evidence_gone, r->devices_gone);
}
