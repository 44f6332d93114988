#include "support/report_line.h"

#include "base/buf.h"

enum { LINE_MAX = 1 << 20 };

char *kr_report_line(const struct kr_report *r)
{
    static const char *const kinds[] = {"joined", "left", "attached", "refused", "announce",  "commit",
                                        "switch", "stop", "mismatch", "exposed", "unexposed", "detached",
                                        "state",  "log",  "proved",   "alarm",   "verify",    "trust"};
    struct kr_buf b;
    kr_buf_init(&b, LINE_MAX);
    kr_buf_printf(&b, "%s", kinds[r->kind]);
    if (r->epoch)
        kr_buf_printf(&b, " %llu", (unsigned long long)r->epoch);
    if (r->kind == KR_REPORT_ANNOUNCE)
        kr_buf_printf(&b, " %s", kr_epoch_kind_name(r->epoch_kind));
    if (r->source != KR_SOURCE_PARTICIPANTS)
        kr_buf_printf(&b, " %s", kr_source_name(r->source));
    if (r->leader)
        kr_buf_printf(&b, " by %s:", r->leader);
    if (r->waiting)
        kr_buf_printf(&b, " waiting");
    if (r->by_clock)
        kr_buf_printf(&b, " by-clock");
    if (r->kind == KR_REPORT_VERIFY)
        kr_buf_printf(&b, " %s", kr_verify_step_name(r->verify));
    if (r->kind == KR_REPORT_TRUST)
        kr_buf_printf(&b, " %s", kr_trust_name(r->trust));
    if (r->by_peer)
        kr_buf_printf(&b, " by-peer");
    for (size_t i = 0; r->kind == KR_REPORT_VERIFY && r->verify == KR_VERIFY_CODE && i < KR_SAS_NUMBERS; i++)
        kr_buf_printf(&b, " %u", r->code.numbers[i]);
    if (r->what)
        kr_buf_printf(&b, " %s", r->what);
    if (r->why)
        kr_buf_printf(&b, " %s", r->why);
    for (size_t i = 0; i < r->who_count; i++)
        kr_buf_printf(&b, " %s", r->who[i]);
    return kr_buf_take_str(&b);
}
