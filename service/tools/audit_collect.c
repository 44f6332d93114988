/* What the page tells, out of the entries: those that belong together become one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_report.h"
#include "base/alloc.h"

static char *value(const struct kr_log_entry *e, const struct kr_names *names, const char *name)
{
    char text[KR_AUDIT_VALUE_MAX] = "";
    for (size_t i = 0; i < e->count; i++) {
        if (e->lines[i].name.len == strlen(name) && memcmp(e->lines[i].name.ptr, name, strlen(name)) == 0)
            kr_audit_value(names, &e->lines[i], text);
    }
    return kr_strdup(text);
}

static uint64_t number(const struct kr_log_entry *e, const char *name)
{
    uint64_t n = 0;
    kr_log_number(e, name, &n);
    return n;
}

static void replace(char **text, char *by)
{
    free(*text);
    *text = by;
}

/* --- rotations --- */

static struct kr_page_epoch *find_epoch(struct kr_page *p, const struct kr_log_entry *e)
{
    struct kr_id instance;
    if (!kr_log_id(e, "instance", &instance))
        return NULL;
    for (size_t i = p->epoch_count; i-- > 0;) {
        if (p->epochs[i].number == number(e, "epoch") && kr_id_equal(&p->epochs[i].instance, &instance))
            return &p->epochs[i];
    }
    return NULL;
}

/* A commit whose announce is not on the page has a row of its own. */
static struct kr_page_epoch *add_epoch(struct kr_page *p, uint64_t idx, const struct kr_log_entry *e,
                                       const struct kr_names *names)
{
    kr_grow((void **)&p->epochs, &p->epoch_cap, p->epoch_count, sizeof(*p->epochs));
    struct kr_page_epoch *x = &p->epochs[p->epoch_count++];
    *x = (struct kr_page_epoch){.idx = idx,
                                .at_ms = number(e, "t"),
                                .number = number(e, "epoch"),
                                .size = number(e, "size"),
                                .room = value(e, names, "room"),
                                .kind = value(e, names, "kind"),
                                .source = value(e, names, "source"),
                                .reason = kr_strdup(""),
                                .abandoned = kr_strdup("")};
    kr_log_id(e, "instance", &x->instance);
    return x;
}

static void epoch_ends(struct kr_page *p, uint64_t idx, const struct kr_log_entry *e,
                       const struct kr_names *names)
{
    struct kr_page_epoch *x = find_epoch(p, e);
    if (!x)
        x = add_epoch(p, idx, e, names);
    x->end_idx = idx;
    x->end_ms = number(e, "t");
    x->complete = kr_log_is(e, "type", "commit");
    if (!x->complete)
        replace(&x->abandoned, value(e, names, "reason"));
    x->acked = number(e, "acked");
    x->total = number(e, "total");
    x->silent = number(e, "silent");
    x->has_exposure = kr_log_number(e, "exposure", &x->exposure_ms);
}

/* --- people --- */

static struct kr_page_stay *find_stay(struct kr_page *p, const struct kr_id *attach)
{
    for (size_t i = p->stay_count; i-- > 0;) {
        if (kr_id_equal(&p->stays[i].attach, attach))
            return &p->stays[i];
    }
    return NULL;
}

static void add_stay(struct kr_page *p, uint64_t idx, const struct kr_log_entry *e,
                     const struct kr_names *names)
{
    struct kr_id attach = {{0}};
    kr_log_id(e, "attach", &attach);
    struct kr_page_stay *s = kr_log_is(e, "type", "attach") ? NULL : find_stay(p, &attach); /* it is new */
    if (!s) {
        kr_grow((void **)&p->stays, &p->stay_cap, p->stay_count, sizeof(*p->stays));
        s = &p->stays[p->stay_count++];
        *s = (struct kr_page_stay){.attach = attach,
                                   .idx = idx,
                                   .room = value(e, names, "room"),
                                   .participant = value(e, names, "participant"),
                                   .owner = value(e, names, "owner"),
                                   .device = value(e, names, "device"),
                                   .why = kr_strdup("")};
    }
    uint64_t at = number(e, "t");
    if (kr_log_is(e, "type", "waiting") && !s->wait_ms)
        s->wait_ms = at;
    else if (kr_log_is(e, "type", "member") && !s->in_ms)
        s->in_ms = at;
    if (kr_log_is(e, "type", "detach"))
        s->out_ms = at;
    else if (!kr_log_is(e, "type", "waiting"))
        return;
    replace(&s->why, value(e, names, "reason"));
}

/* --- trust --- */

static void trust_begins(struct kr_page *p, uint64_t idx, const struct kr_log_entry *e,
                         const struct kr_names *names)
{
    bool mismatch = kr_log_is(e, "type", "sas-mismatch");
    kr_grow((void **)&p->trusts, &p->trust_cap, p->trust_count, sizeof(*p->trusts));
    p->trusts[p->trust_count++] =
        (struct kr_page_trust){.idx = idx,
                               .at_ms = number(e, "t"),
                               .bond = mismatch ? KR_BOND_MISMATCH : KR_BOND_VERIFIED,
                               .from = value(e, names, "verifier"),
                               .to = value(e, names, "device"),
                               .attestation = value(e, names, "attestation"),
                               .how = kr_strdup("")};
}

/* False: of an attestation that is not on the page. */
static bool trust_ends(struct kr_page *p, uint64_t idx, const struct kr_log_entry *e,
                       const struct kr_names *names)
{
    char *attestation = value(e, names, "attestation");
    bool found = false;
    for (size_t i = 0; i < p->trust_count && *attestation; i++) {
        struct kr_page_trust *t = &p->trusts[i];
        if (t->bond == KR_BOND_MISMATCH || strcmp(t->attestation, attestation) != 0)
            continue;
        t->bond = KR_BOND_ENDED;
        t->end_idx = idx;
        replace(&t->how, kr_strdup(kr_log_is(e, "type", "unattest") ? "taken back" : "expired"));
        found = true;
    }
    free(attestation);
    return found;
}

/* --- the rest --- */

static void add_event(struct kr_page *p, uint64_t idx, const struct kr_log_entry *e,
                      const struct kr_names *names)
{
    struct kr_buf b;
    kr_buf_init(&b, (size_t)KR_AUDIT_VALUE_MAX * KR_LOG_LINES_MAX);
    for (size_t i = 3; i < e->count; i++) {
        char text[KR_AUDIT_VALUE_MAX];
        struct kr_span name = e->lines[i].name;
        if (name.len == 8 && memcmp(name.ptr, "instance", 8) == 0)
            continue;
        kr_audit_value(names, &e->lines[i], text);
        kr_buf_printf(&b, "%s%.*s %s", b.len ? ", " : "", (int)name.len, (const char *)name.ptr, text);
    }
    kr_grow((void **)&p->events, &p->event_cap, p->event_count, sizeof(*p->events));
    char *details = kr_buf_take_str(&b);
    p->events[p->event_count++] = (struct kr_page_event){.idx = idx,
                                                         .at_ms = number(e, "t"),
                                                         .type = value(e, names, "type"),
                                                         .details = details ? details : kr_strdup("")};
    kr_buf_done(&b);
}

static bool is_any(const struct kr_log_entry *e, const char *const *types)
{
    for (; *types; types++) {
        if (kr_log_is(e, "type", *types))
            return true;
    }
    return false;
}

void kr_page_add(struct kr_page *p, uint64_t idx, const struct kr_log_entry *e, const struct kr_names *names)
{
    static const char *const ends[] = {"commit", "abandon", NULL},
                             *const stays[] = {"attach", "member", "waiting", "detach", NULL},
                             *const begins[] = {"attest", "sas-mismatch", NULL},
                             *const over[] = {"unattest", "attestation-expired", NULL},
                             *const told_elsewhere[] = {"instance", "instance-over", NULL};
    if (!p->entry_count++)
        p->first_ms = number(e, "t");
    p->last_ms = number(e, "t");
    if (kr_log_is(e, "type", "epoch"))
        replace(&add_epoch(p, idx, e, names)->reason, value(e, names, "reason"));
    else if (is_any(e, ends))
        epoch_ends(p, idx, e, names);
    else if (is_any(e, stays))
        add_stay(p, idx, e, names);
    else if (is_any(e, begins))
        trust_begins(p, idx, e, names);
    else if (!(is_any(e, over) && trust_ends(p, idx, e, names)) && !is_any(e, told_elsewhere))
        add_event(p, idx, e, names);
}

const char *kr_page_who(const struct kr_page *p, const char *device)
{
    for (size_t i = p->stay_count; i-- > 0;) {
        if (strcmp(p->stays[i].device, device) == 0)
            return p->stays[i].participant;
    }
    return device;
}

void kr_page_free(struct kr_page *p)
{
    for (size_t i = 0; i < p->epoch_count; i++) {
        struct kr_page_epoch *x = &p->epochs[i];
        free(x->room), free(x->reason), free(x->kind), free(x->source), free(x->abandoned);
    }
    for (size_t i = 0; i < p->stay_count; i++) {
        struct kr_page_stay *s = &p->stays[i];
        free(s->room), free(s->participant), free(s->owner), free(s->device), free(s->why);
    }
    for (size_t i = 0; i < p->trust_count; i++) {
        struct kr_page_trust *t = &p->trusts[i];
        free(t->from), free(t->to), free(t->attestation), free(t->how);
    }
    for (size_t i = 0; i < p->event_count; i++)
        free(p->events[i].type), free(p->events[i].details);
    free(p->epochs);
    free(p->stays);
    free(p->trusts);
    free(p->events);
    *p = (struct kr_page){.entry_count = 0};
}
