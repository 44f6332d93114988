#include "load/light_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "epoch/rounds.h"

struct kr_view *kr_view_new(void)
{
    struct kr_view *v = kr_calloc(1, sizeof(*v));
    kr_roster_init(&v->roster);
    return v;
}

void kr_view_free(struct kr_view *v)
{
    if (!v)
        return;
    kr_roster_done(&v->roster);
    free(v->persons);
    free(v->known);
    free(v);
}

static void forget(struct kr_hearing *h)
{
    for (size_t i = 0; i < h->line_len; i++) {
        free(h->lines[i].participant);
        free(h->lines[i].owner);
    }
    h->line_len = h->gone_len = 0;
    h->any = false;
}

void kr_hearing_done(struct kr_hearing *h)
{
    forget(h);
    free(h->lines);
    free(h->gone);
    *h = (struct kr_hearing){.any = false};
}

/* --- collecting --- */

static void add_line(struct kr_hearing *h, const struct kr_member_line *m)
{
    void *array = h->lines;
    kr_grow(&array, &h->line_cap, h->line_len, sizeof(*h->lines));
    h->lines = array;
    h->lines[h->line_len++] = (struct kr_roster_entry){.participant = kr_strdup(m->participant),
                                                       .owner = kr_strdup(m->owner),
                                                       .ed25519 = m->ed25519,
                                                       .curve25519 = m->curve25519,
                                                       .attach = m->attach,
                                                       .is_new = m->is_new};
}

static void add_gone(struct kr_hearing *h, const struct kr_id *attach)
{
    void *array = h->gone;
    kr_grow(&array, &h->gone_cap, h->gone_len, sizeof(*h->gone));
    h->gone = array;
    h->gone[h->gone_len++] = *attach;
}

static bool is_gone(const struct kr_hearing *h, const struct kr_id *attach)
{
    for (size_t i = 0; i < h->gone_len; i++)
        if (kr_id_equal(&h->gone[i], attach))
            return true;
    for (size_t i = 0; i < h->line_len; i++) /* told anew */
        if (kr_id_equal(&h->lines[i].attach, attach))
            return true;
    return false;
}

static void add_entry(struct kr_roster *r, const struct kr_roster_entry *e, bool is_new)
{
    kr_roster_add(r, e->participant, e->owner, &e->ed25519, &e->curve25519, &e->attach, is_new);
}

/* --- the epoch that was heard of --- */

static uint32_t number_of(struct kr_view *v, const struct kr_id *attach, const struct kr_roster *before,
                          const uint32_t *numbers)
{
    int was = before->sealed ? kr_roster_find(before, attach) : -1;
    if (was >= 0)
        return numbers[was];
    for (size_t i = v->known_len; i > 0; i--)
        if (kr_id_equal(&v->known[i - 1], attach))
            return (uint32_t)i - 1;
    void *array = v->known;
    kr_grow(&array, &v->known_cap, v->known_len, sizeof(*v->known));
    v->known = array;
    v->known[v->known_len] = *attach;
    return (uint32_t)v->known_len++;
}

static int build(struct kr_view *v, const struct kr_hearing *h, const char *room,
                 const struct kr_notice_announce *a)
{
    struct kr_roster made;
    kr_roster_init(&made);
    for (size_t i = 0; !a->full && i < v->roster.len; i++)
        if (!is_gone(h, &v->roster.entries[i].attach))
            add_entry(&made, &v->roster.entries[i], false);
    for (size_t i = 0; i < h->line_len; i++)
        add_entry(&made, &h->lines[i], h->lines[i].is_new);
    int err = kr_roster_seal(&made);
    if (!err && !kr_announce_is_of(a, &made))
        err = KR_E_ROSTER_MISMATCH;
    if (err) {
        kr_roster_done(&made);
        return err;
    }
    uint32_t *numbers = kr_calloc(made.len, sizeof(*numbers));
    for (size_t i = 0; i < made.len; i++)
        numbers[i] = number_of(v, &made.entries[i].attach, &v->roster, v->persons);
    free(v->persons);
    v->persons = numbers;
    kr_roster_done(&v->roster);
    v->roster = made; /* transferred */
    v->has_joiners = kr_roster_has_joiners(&v->roster);
    v->instance = h->instance;
    v->link = h->link;
    v->link.roster = v->roster.digest;
    if (a->log_origin)
        (void)kr_note_key_init(KR_NOTE_ED25519, a->log_origin, &a->log_key, &v->log_key);
    v->link.log_origin = v->log_key.name;
    memcpy(v->link.log_key, v->log_key.id, sizeof(v->link.log_key));
    if (a->has_leader && a->leader < v->roster.len)
        v->link.leader = v->roster.entries[a->leader].attach;
    v->sealing = kr_sealing(&v->roster, &v->link);
    v->context = kr_context(room, &v->instance, h->has_prev ? &h->prev_context : NULL, &v->link);
    v->any = true;
    return 0;
}

static bool is_now(const struct kr_view *v, const struct kr_id *instance, uint64_t epoch)
{
    return v->any && v->link.epoch == epoch && kr_id_equal(&v->instance, instance);
}

int kr_view_hear(struct kr_view *v, struct kr_hearing *h, const char *room,
                 const struct kr_notice_announce *a, bool *ret_whole)
{
    struct kr_id instance = a->full ? a->instance : v->instance;
    bool known = is_now(v, &instance, a->link.epoch);
    if (v->any && kr_id_equal(&v->instance, &instance) && a->link.epoch < v->link.epoch) {
        *ret_whole = false; /* others were told the next one before this member read of this one */
        return 0;
    }
    if (a->part == 1) {
        struct kr_notice_announce whole = *a;
        int err = known ? 0 : kr_announce_fill(&whole, room, v->any ? &v->link : NULL, &v->context);
        if (err)
            return err;
        forget(h);
        *h = (struct kr_hearing){.any = true,
                                 .instance = instance,
                                 .has_prev = whole.has_prev,
                                 .prev_context = whole.prev_context,

                                 .link = whole.link,
                                 .lines = h->lines,
                                 .line_cap = h->line_cap,
                                 .gone = h->gone,
                                 .gone_cap = h->gone_cap};
    }
    if (!h->any || h->link.epoch != a->link.epoch || h->parts + 1 != a->part)
        return KR_E_MALFORMED;
    h->parts++;
    if (known && !kr_announce_is_of(a, &v->roster))
        return KR_E_ROSTER_MISMATCH;
    for (size_t i = 0; !known && i < a->member_count; i++)
        add_line(h, &a->members[i]);
    for (size_t i = 0; !known && i < a->gone_count; i++)
        add_gone(h, &a->gone[i].attach);
    *ret_whole = a->part == a->of;
    int err = *ret_whole && !known ? build(v, h, room, a) : 0;
    if (*ret_whole)
        forget(h);
    return err;
}
