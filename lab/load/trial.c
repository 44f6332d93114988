#include "load/trial.h"

#include <inttypes.h>
#include <stdarg.h>

#include "load/usage.h"

static struct kr_gauge gauge(const struct kr_meter *m)
{
    struct kr_gauge g = {.counts = kr_load_counts(m->load, m->first_line, m->line_count)};
    if (m->service_lines) {
        struct kr_counts own = kr_load_counts(m->load, m->first_line + m->line_count, m->service_lines);
        g.link_bytes = own.bytes_in + own.bytes_out;
    } else if (m->keyroomd && !kr_usage_link(m->component_port, &g.link_bytes)) {
        g.link_bytes = 0;
    }
    g.prosody_ns = m->prosody ? kr_usage_cpu_ns(m->prosody) : 0;
    g.keyroomd_ns = m->keyroomd ? kr_usage_cpu_ns(m->keyroomd) : 0;
    return g;
}

void kr_trial_begin(struct kr_trial *r, uint64_t cause_ns, uint64_t start_ns)
{
    r->cause_ns = cause_ns;
    r->start_ns = start_ns;
    r->first_commit_ns = r->last_switch_ns = r->service_exposure_ms = 0;
    r->switches = r->wrong = r->busy = 0;
    r->wrong_why[0] = '\0';
    kr_samples_clear(&r->keys);
    kr_samples_clear(&r->acks);
    if (r->record)
        kr_record_clear(r->record);
    r->olm_ns = 0;
    if (r->meter->metrics_port) /* now: it seals as soon as it decides */
        (void)kr_usage_olm(r->meter->metrics_port, &r->olm_ns);
    if (r->meter->prosody)
        (void)kr_usage_reset_peak(r->meter->prosody);
    if (r->meter->keyroomd)
        (void)kr_usage_reset_peak(r->meter->keyroomd);
    kr_trial_gauge(r);
}

void kr_trial_gauge(struct kr_trial *r)
{
    r->before = gauge(r->meter);
}

void kr_trial_end(struct kr_trial *r)
{
    uint64_t olm_ns = 0;
    r->after = gauge(r->meter);
    if (r->meter->metrics_port && kr_usage_olm(r->meter->metrics_port, &olm_ns))
        r->olm_ns = olm_ns - r->olm_ns;
    kr_samples_sort(&r->keys);
    kr_samples_sort(&r->acks);
}

void kr_trial_done(struct kr_trial *r)
{
    kr_samples_done(&r->keys);
    kr_samples_done(&r->acks);
}

static uint64_t elapsed(const struct kr_trial *r)
{
    uint64_t now = kr_now_ns();
    return now > r->start_ns ? now - r->start_ns : 0;
}

void kr_trial_keys(struct kr_trial *r, size_t count)
{
    uint64_t ns = count ? elapsed(r) : 0;
    for (size_t i = 0; i < count; i++)
        kr_samples_add(&r->keys, ns);
}

void kr_trial_ack(struct kr_trial *r)
{
    kr_samples_add(&r->acks, elapsed(r));
}

void kr_trial_commit(struct kr_trial *r)
{
    if (!r->first_commit_ns)
        r->first_commit_ns = elapsed(r);
}

void kr_trial_switch(struct kr_trial *r)
{
    r->last_switch_ns = elapsed(r);
    r->switches++;
}

void kr_trial_size(struct kr_trial *r, enum kr_record_kind kind, size_t bytes)
{
    if (r->record)
        kr_record_add(r->record, kind, bytes);
}

void kr_trial_wrong(struct kr_trial *r, const char *fmt, ...)
{
    va_list ap;
    if (r->wrong++)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(r->wrong_why, sizeof(r->wrong_why), fmt, ap);
    va_end(ap);
}

/* --- results --- */

static void put(FILE *out, const char *name, double value)
{
    (void)fprintf(out, ", \"%s\": %.9g", name, value);
}

static void put_time(FILE *out, const char *name, const struct kr_outcome *o, const struct kr_trial *r,
                     uint64_t ns)
{
    char from[64];
    put(out, name, (double)ns / 1e9);
    if (!o->cause)
        return;
    (void)snprintf(from, sizeof(from), "%s_from_%s", name, o->cause);
    put(out, from, (double)(ns + (r->start_ns - r->cause_ns) + o->cause_add_ns) / 1e9);
}

static void put_times(const struct kr_trial *r, const struct kr_outcome *o, FILE *out)
{
    put_time(out, "last_key", o, r, kr_samples_rank(&r->keys, 100));
    put(out, "key_p50", (double)kr_samples_rank(&r->keys, 50) / 1e9);
    put(out, "key_p99", (double)kr_samples_rank(&r->keys, 99) / 1e9);
    if (r->acks.len) {
        put_time(out, "last_ack", o, r, kr_samples_rank(&r->acks, 100));
        put(out, "ack_p50", (double)kr_samples_rank(&r->acks, 50) / 1e9);
        put(out, "ack_p99", (double)kr_samples_rank(&r->acks, 99) / 1e9);
    }
    if (r->first_commit_ns)
        put_time(out, "commit", o, r, r->first_commit_ns);
    if (r->switches)
        put_time(out, "last_switch", o, r, r->last_switch_ns);
    if (r->switches && o->cause && o->cause[0] == 'l')
        put(out, "exposure",
            (double)(r->last_switch_ns + (r->start_ns - r->cause_ns) + o->cause_add_ns) / 1e9);
    if (r->service_exposure_ms)
        put(out, "exposure_service", (double)r->service_exposure_ms / 1e3);
}

static void put_costs(const struct kr_trial *r, FILE *out)
{
    const struct kr_counts *a = &r->after.counts, *b = &r->before.counts;
    uint64_t clients = a->bytes_in - b->bytes_in + a->bytes_out - b->bytes_out;
    const struct kr_meter *m = r->meter;
    put(out, "stanzas", (double)(a->stanzas_in - b->stanzas_in + a->stanzas_out - b->stanzas_out));
    put(out, "bytes", (double)(clients + (r->after.link_bytes - r->before.link_bytes)));
    put(out, "bytes_clients", (double)clients);
    if (m->prosody) {
        put(out, "prosody_cpu", (double)(r->after.prosody_ns - r->before.prosody_ns) / 1e9);
        put(out, "prosody_rss", (double)kr_usage_peak(m->prosody));
    }
    if (m->keyroomd) {
        double cpu = (double)(r->after.keyroomd_ns - r->before.keyroomd_ns) / 1e9;
        put(out, "keyroomd_cpu", cpu);
        put(out, "rss", (double)kr_usage_peak(m->keyroomd));
        if (m->metrics_port)
            put(out, "olm", (double)r->olm_ns / 1e9);
        if (r->keys.len)
            put(out, "cpu_per_ciphertext_us", cpu * 1e6 / (double)r->keys.len);
    }
}

void kr_trial_print(struct kr_trial *r, const struct kr_outcome *o, FILE *out)
{
    (void)fprintf(out, "{\"case\": \"%s\", \"n\": %zu, \"wrong\": \"%s\", \"metrics\": {\"keys\": %zu",
                  o->name, o->n, r->wrong_why, r->keys.len);
    if (!o->only_extra) {
        put_times(r, o, out);
        put(out, "failed_pairs", (double)o->failed_pairs);
        put(out, "late_acks", (double)o->late_acks);
    }
    if (r->meter->keyroomd)
        put(out, "busy", (double)r->busy);
    put_costs(r, out);
    for (size_t i = 0; i < o->extra_count; i++)
        put(out, o->extra[i].name, o->extra[i].value);
    (void)fputs("}}\n", out);
    (void)fflush(out);
}
