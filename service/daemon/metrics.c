#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "core/view.h"
#include "daemon/control.h"

enum { PAGE_MAX = 1 << 20 };

static void help(struct kr_buf *b, const char *name, const char *type, const char *text)
{
    kr_buf_printf(b, "# HELP keyroom_%s %s\n# TYPE keyroom_%s %s\n", name, text, name, type);
}

static void value(struct kr_buf *b, const char *name, const char *type, const char *text, uint64_t v)
{
    help(b, name, type, text);
    kr_buf_printf(b, "keyroom_%s %llu\n", name, (unsigned long long)v);
}

static void seconds(struct kr_buf *b, const char *name, uint64_t us)
{
    kr_buf_printf(b, "keyroom_%s %llu.%06llu\n", name, (unsigned long long)(us / 1000000),
                  (unsigned long long)(us % 1000000));
}

static void exposure(struct kr_buf *b, const struct kr_stats *s)
{
    uint64_t sum = 0;

    help(b, "exposure_seconds", "histogram",
         "Time from a leave seen to the moment when nobody sends with a key the leaver holds.");
    for (size_t i = 0; i < KR_EXPOSURE_BUCKETS; i++) {
        sum += s->exposure_bucket[i];
        kr_buf_printf(b, "keyroom_exposure_seconds_bucket{le=\"%u.%03u\"} %llu\n",
                      kr_exposure_bucket_ms[i] / 1000, kr_exposure_bucket_ms[i] % 1000,
                      (unsigned long long)sum);
    }
    kr_buf_printf(b, "keyroom_exposure_seconds_bucket{le=\"+Inf\"} %llu\n",
                  (unsigned long long)s->exposure_count);
    seconds(b, "exposure_seconds_sum", s->exposure_sum_ms * 1000);
    kr_buf_printf(b, "keyroom_exposure_seconds_count %llu\n", (unsigned long long)s->exposure_count);
    help(b, "exposure_seconds_max", "gauge", "The longest exposure since start.");
    seconds(b, "exposure_seconds_max", s->exposure_max_ms * 1000);
}

static void epochs(struct kr_buf *b, const struct kr_stats *s)
{
    static const char *const reasons[] = {"join",  "leave",  "revoke",  "policy",
                                          "timer", "manual", "recover", "leader"};

    help(b, "epochs_total", "counter", "Epochs announced, by reason; one with two reasons counts in both.");
    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
        kr_buf_printf(b, "keyroom_epochs_total{reason=\"%s\"} %llu\n", reasons[i],
                      (unsigned long long)s->epochs_by_reason[i]);
    help(b, "epochs_by_kind_total", "counter", "Epochs announced, by kind.");
    kr_buf_printf(b, "keyroom_epochs_by_kind_total{kind=\"fresh\"} %llu\n",
                  (unsigned long long)s->epochs_fresh);
    kr_buf_printf(b, "keyroom_epochs_by_kind_total{kind=\"ratchet\"} %llu\n",
                  (unsigned long long)s->epochs_ratchet);
    value(b, "epochs_committed_total", "counter", "Epochs that members switched to.", s->epochs_committed);
    value(b, "epochs_abandoned_total", "counter", "Epochs that were given up before their commit.",
          s->epochs_abandoned);
    value(b, "epochs_in_flight", "gauge", "Epochs announced and not yet committed.", s->epochs_in_flight_now);
    value(b, "laggards_total", "counter", "Members that let a commit run to its deadline.", s->laggards);
    value(b, "silent_senders_total", "counter", "Senders that delivered no key before the deadline.",
          s->silent_senders);
    value(b, "leaders_deposed_total", "counter", "Leaders that were late, or whose secret differed.",
          s->leaders_deposed);
}

static void refusal(void *arg, const char *condition, uint64_t count)
{
    kr_buf_printf(arg, "keyroom_refusals_total{condition=\"%s\"} %llu\n", condition,
                  (unsigned long long)count);
}

static void people(struct kr_buf *b, const struct kr_daemon *d, const struct kr_stats *s)
{
    value(b, "rooms", "gauge", "Rooms the service is in.", s->rooms_now);
    value(b, "occupants", "gauge", "Occupants of these rooms.", s->occupants_now);
    value(b, "members", "gauge", "Attached devices that get keys.", s->members_now);
    value(b, "waiting", "gauge", "Attached devices that wait for an approval.", s->waiting_now);
    value(b, "attaches_total", "counter", "Devices that attached.", s->attaches);
    value(b, "detaches_total", "counter", "Attaches that ended.", s->detaches);
    value(b, "claims_total", "counter", "Keys claimed.", s->claims);
    value(b, "claims_fallback_total", "counter", "Claims that got a fallback key, the pool being empty.",
          s->claims_fallback);
    value(b, "envelopes_total", "counter", "Envelopes taken from senders.", s->envelopes);
    value(b, "acks_total", "counter", "Acknowledgements taken.", s->acks);
    value(b, "requests_total", "counter", "Requests received.", s->requests);
    value(b, "invitations_refused_total", "counter", "Invitations from somebody who may not invite.",
          s->invitations_refused);
    value(b, "stock_messages_total", "counter", "Messages of stock clients that passed.", s->stock_passed);
    value(b, "stock_refused_total", "counter", "Messages of stock clients that were refused.",
          s->stock_refused);
    value(b, "stock_half_open_total", "counter", "Sessions of stock clients found broken.",
          s->stock_half_open);
    value(b, "stock_alone_passed_total", "counter",
          "Messages that the Prosody module let through while the service was away.", s->stock_alone_passed);
    value(b, "stock_alone_refused_total", "counter",
          "Messages that the Prosody module refused while the service was away.", s->stock_alone_refused);
    help(b, "refusals_total", "counter", "Requests refused, by application condition.");
    kr_core_refusals(d->core, refusal, b);
}

static void the_log(struct kr_buf *b, const struct kr_daemon *d)
{
    struct kr_log_view log = kr_core_log(d->core);

    value(b, "log_entries", "counter", "Entries of the audit log.", log.size);
    value(b, "log_halted", "gauge", "1 when the log is halted, and nobody is served.", log.halted);
    if (!kr_witnesses_count(d->witnesses))
        return;
    help(b, "witness_size", "gauge", "Entries of the log that a witness has cosigned.");
    for (size_t i = 0; i < kr_witnesses_count(d->witnesses); i++) {
        struct kr_witness_view v = kr_witnesses_view(d->witnesses, i);
        kr_buf_printf(b, "keyroom_witness_size{witness=\"%s\"} %llu\n", v.name, (unsigned long long)v.size);
    }
    help(b, "witness_up", "gauge", "1 when a witness answered last time.");
    for (size_t i = 0; i < kr_witnesses_count(d->witnesses); i++) {
        struct kr_witness_view v = kr_witnesses_view(d->witnesses, i);
        kr_buf_printf(b, "keyroom_witness_up{witness=\"%s\"} %d\n", v.name, v.error[0] == '\0');
    }
}

/* Apart from all else: what the key source `service` costs. */
static void own_device(struct kr_buf *b, const struct kr_daemon *d)
{
    help(b, "own_olm_seconds_total", "counter",
         "CPU time of Olm for the service's own device (source service).");
    seconds(b, "own_olm_seconds_total", d->olm.ns / 1000);
    value(b, "own_sealed_total", "counter", "Messages that the service's own device sealed.", d->olm.sealed);
    value(b, "own_sessions_total", "counter", "Olm sessions that it opened.", d->olm.sessions);
}

/* What is resident never falls below what the heap once needed; what is in use does, so a leak shows in it.
 */
static void memory(struct kr_buf *b)
{
    struct mallinfo2 heap = mallinfo2();

    value(b, "heap_used_bytes", "gauge", "Bytes of the heap that are in use.", heap.uordblks + heap.hblkhd);
}

static void machine(struct kr_buf *b, const struct kr_daemon *d)
{
    const struct kr_turn_stats *t = &d->turn.stats;

    value(b, "link_up", "gauge", "1 while the stream to the server is authenticated.",
          kr_link_is_up(d->link));
    value(b, "link_downs_total", "counter", "Times the link was lost.", d->link_downs);
    value(b, "send_queue", "gauge", "Stanzas not yet written to the server.", kr_link_queue_len(d->link));
    value(b, "stanzas_sent_total", "counter", "Stanzas given to the link.", t->sent);
    value(b, "sent_bytes_total", "counter", "Bytes of these stanzas.", t->sent_bytes);
    value(b, "turns_total", "counter", "Turns of the service.", t->turns);
    help(b, "store_commit_seconds", "summary", "Time of the store's commits.");
    seconds(b, "store_commit_seconds_sum", t->commit_us_sum);
    kr_buf_printf(b, "keyroom_store_commit_seconds_count %llu\n", (unsigned long long)t->commits);
    help(b, "store_commit_seconds_max", "gauge", "The longest commit since start.");
    seconds(b, "store_commit_seconds_max", t->commit_us_max);
    memory(b);
    help(b, "build_info", "gauge", "Always 1.");
    kr_buf_add_str(b, "keyroom_build_info{version=\"" KR_VERSION "\"} 1\n");
}

static void answer(struct kr_web_answer *a, unsigned status, const char *type, struct kr_buf *b)
{
    a->status = status;
    a->type = type;
    a->len = b->len;
    a->body = kr_buf_take_str(b);
    if (!a->body) {
        a->status = 500;
        a->len = 0;
    }
}

void kr_metrics_get(struct kr_daemon *d, struct kr_web_answer *ret_answer)
{
    struct kr_stats stats;
    struct kr_buf b;

    kr_buf_init(&b, PAGE_MAX);
    kr_core_stats(d->core, &stats);
    epochs(&b, &stats);
    exposure(&b, &stats);
    people(&b, d, &stats);
    the_log(&b, d);
    own_device(&b, d);
    machine(&b, d);
    answer(ret_answer, 200, "text/plain; version=0.0.4; charset=utf-8", &b);
    kr_buf_done(&b);
}
