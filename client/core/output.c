#include "client/output.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

const char *kr_verify_step_name(enum kr_verify_step step)
{
    static const char *const names[] = {"asked", "code", "verified", "mismatch", "ended"};
    return names[step];
}

void kr_client_output_init(struct kr_client_output *out)
{
    *out = (struct kr_client_output){.deadline_ms = UINT64_MAX};
}

void kr_client_output_clear(struct kr_client_output *out)
{
    for (size_t i = 0; i < out->stanza_count; i++)
        free(out->stanzas[i]);
    for (size_t i = 0; i < out->report_count; i++) {
        struct kr_report *r = &out->reports[i];
        free(r->what);
        free(r->why);
        free(r->leader);
        for (size_t k = 0; k < r->who_count; k++)
            free(r->who[k]);
        free(r->who);
    }
    free(out->stanzas);
    free(out->reports);
    kr_client_output_init(out);
}

void kr_output_stanza(struct kr_client_output *out, char *xml)
{
    if (!xml)
        return;
    kr_grow((void **)&out->stanzas, &out->stanza_cap, out->stanza_count, sizeof(*out->stanzas));
    out->stanzas[out->stanza_count++] = xml;
}

struct kr_report *kr_output_report(struct kr_client_output *out, enum kr_report_kind kind)
{
    kr_grow((void **)&out->reports, &out->report_cap, out->report_count, sizeof(*out->reports));
    struct kr_report *r = &out->reports[out->report_count++];
    *r = (struct kr_report){.kind = kind};
    return r;
}

void kr_report_who(struct kr_report *r, const char *participant)
{
    r->who = kr_realloc_array(r->who, r->who_count + 1, sizeof(*r->who));
    r->who[r->who_count++] = kr_strdup(participant);
}

struct kr_report *kr_output_refused(struct kr_client_output *out, const char *what, int err, const char *who)
{
    struct kr_report *r = kr_output_report(out, KR_REPORT_REFUSED);
    r->what = kr_strdup(what);
    r->why = kr_strdup(kr_errname(err));
    if (who)
        kr_report_who(r, who);
    return r;
}
