/* What the desk tells the clients: announces, delivers, commits. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "desk.h"
#include "log/checkpoint.h"

enum { DEADLINE_MS = 2000 };

static void make_roster(struct desk *d)
{
    kr_roster_done(&d->roster);
    for (size_t i = 0; i < d->w.count; i++) {
        struct kr_member_line *m = &d->seats[i].line;
        m->is_new = !d->seats[i].old;
        if (d->seats[i].attached && d->w.ones[i].present)
            kr_roster_add(&d->roster, m->participant, m->owner, &m->ed25519, &m->curve25519, &m->attach,
                          m->is_new);
    }
    for (size_t i = 0; i < d->extra_count; i++)
        kr_roster_add(&d->roster, d->extra[i].participant, "", &d->extra[i].ed25519, &d->extra[i].curve25519,
                      &d->extra[i].attach, d->extra[i].is_new);
    assert_int_equal(kr_roster_seal(&d->roster), 0);
}

static void next_link(struct desk *d, struct desk_view *v, enum kr_epoch_kind kind, enum kr_source source,
                      int leader)
{
    assert_true(v->count < DESK_PAST_MAX);
    struct kr_epoch_link *l = &v->past[v->count];
    *l = (struct kr_epoch_link){.epoch = d->epoch,
                                .kind = kind,
                                .source = source,
                                .format = v->policy.format,
                                .suite = v->policy.suite,
                                .policy = kr_policy_hash(&v->policy, ROOM),
                                .roster = d->roster.digest};
    if (leader >= 0)
        l->leader = d->roster.entries[leader].attach;
    if (d->log) {
        l->log_size = d->epoch;
        memset(l->log_root.b, v->log, sizeof(l->log_root.b));
        l->log_origin = d->log->key.name;
        memcpy(l->log_key, d->log->key.id, sizeof(l->log_key));
    }
    v->contexts[v->count] = kr_context(ROOM, &d->instance, v->count ? &v->contexts[v->count - 1] : NULL, l);
    v->count++;
}

static void name_log(const struct desk *d, struct kr_notice_announce *a)
{
    struct kr_checkpoint c = {.size = a->link.log_size, .root = a->link.log_root};
    struct kr_buf text;
    kr_buf_init(&text, KR_NOTE_MAX);
    memcpy(c.origin, d->log->key.name, strlen(d->log->key.name) + 1);
    kr_checkpoint_text(&c, &text);
    a->log_origin = d->log->key.name;
    a->log_key = d->log->key.key;
    a->log_sig = kr_note_sign_text(d->log, kr_buf_span(&text));
    kr_buf_done(&text);
}

void desk_whole(struct desk *d, struct one *to)
{
    const struct desk_view *v = &d->views[d->seats[to - d->w.ones].view];
    const struct kr_epoch_link *link = &v->past[v->count - 1];
    struct kr_buf text = kr_policy_text(&v->policy, ROOM);
    struct kr_member_line *members = kr_calloc(d->roster.len, sizeof(*members));
    size_t n = 0;
    for (size_t i = 0; i < d->w.count; i++)
        if (kr_roster_find(&d->roster, &d->seats[i].line.attach) >= 0)
            members[n++] = d->seats[i].line;
    for (size_t i = 0; i < d->extra_count; i++)
        members[n++] = d->extra[i];
    struct kr_notice m = {.kind = KR_NOTICE_ANNOUNCE, .room = ROOM};
    struct kr_notice_announce *a = &m.u.announce;
    *a = (struct kr_notice_announce){.full = true,
                                     .instance = d->instance,
                                     .link = *link,
                                     .has_source = true,
                                     .has_leader = kr_source_is_led(link->source),
                                     .reasons = KR_REASON_JOIN,
                                     .deadline_ms = DEADLINE_MS,
                                     .size = (uint32_t)d->roster.len,
                                     .committed = d->committed == link->epoch ? 0 : d->committed,
                                     .policy_text = kr_buf_span(&text),
                                     .past = v->past,
                                     .past_count = v->count - 1};
    if (d->log)
        name_log(d, a);
    int leader = kr_roster_find(&d->roster, &link->leader);
    if (kr_source_is_led(link->source) && leader >= 0)
        a->leader = (uint16_t)leader;
    if (v->count > 1) {
        a->has_prev = true;
        a->prev = link[-1].epoch;
        a->prev_context = v->contexts[v->count - 2];
    }
    enum { PER_PART = 100 }; /* lines */
    a->of = (uint32_t)((n + PER_PART - 1) / PER_PART);
    for (size_t at = 0; at < n; at += PER_PART) {
        a->part = (uint32_t)(at / PER_PART) + 1;
        a->members = members + at;
        a->member_count = n - at < PER_PART ? n - at : PER_PART;
        world_notice(&d->w, to, SERVICE, &m);
        a->policy_text = kr_span(NULL, 0);
        a->past_count = 0;
    }
    free(members);
    kr_buf_done(&text);
}

void desk_announce(struct desk *d, enum kr_epoch_kind kind, enum kr_source source, const char *leader,
                   const char *deaf)
{
    d->epoch++;
    d->entry_count = 0;
    make_roster(d);
    for (size_t i = 0; i < d->w.count; i++) {
        struct desk_seat *s = &d->seats[i];
        s->acks = s->envelopes = s->claims = s->targets = s->missing_count = s->mismatch_count = 0;
        s->ack_confirms = false;
    }
    for (size_t i = 0; i < DESK_VIEWS; i++)
        next_link(d, &d->views[i], kind, source, leader ? desk_index(d, leader) : -1);
    for (size_t i = 0; i < d->w.count; i++)
        if (d->seats[i].attached && !(deaf && strcmp(d->w.ones[i].nick, deaf) == 0))
            desk_whole(d, &d->w.ones[i]);
    world_settle(&d->w);
}

void desk_deliver_to(struct desk *d, struct one *to, enum kr_round round, bool last)
{
    const struct kr_epoch_link *l = &d->views[0].past[d->views[0].count - 1];
    int index = kr_roster_find(&d->roster, &d->seats[to - d->w.ones].line.attach);
    struct kr_packed packed[DESK_ENTRIES_MAX];
    size_t n = 0;
    for (size_t sender = 0; sender < d->roster.len; sender++)
        for (size_t i = 0; i < d->entry_count; i++) {
            const struct desk_entry *e = &d->entries[i];
            if (e->sender == sender && e->recipient == index && e->round == round)
                packed[n++] = (struct kr_packed){e->sender, e->type, kr_span(e->body, e->len)};
        }
    struct kr_notice m = {
        .kind = KR_NOTICE_DELIVER,
        .in = kr_tag(&d->instance),
        .u.deliver = {.epoch = d->epoch,
                      .round = round,
                      .last = last,
                      .part = 1,
                      .of = 1,
                      .has_confirm = kr_source_is_led(l->source) && d->sealed_confirms && !d->no_confirm,
                      .confirm = d->confirm,
                      .entries = packed,
                      .entry_count = n}};
    world_notice(&d->w, to, SERVICE, &m);
    world_settle(&d->w);
}

void desk_deliver(struct desk *d, enum kr_round round, bool last)
{
    for (size_t i = 0; i < d->w.count; i++)
        if (d->seats[i].attached && kr_roster_find(&d->roster, &d->seats[i].line.attach) >= 0)
            desk_deliver_to(d, &d->w.ones[i], round, last);
}

void desk_wanted(struct desk *d, const char *sender, const char *for_whom)
{
    uint16_t seat = (uint16_t)desk_index(d, for_whom);
    struct kr_notice m = {.kind = KR_NOTICE_WANTED,
                          .in = kr_tag(&d->instance),
                          .u.wanted = {.epoch = d->epoch, .recipients = &seat, .recipient_count = 1}};
    world_notice(&d->w, desk_one(d, sender), SERVICE, &m);
    world_settle(&d->w);
}

void desk_commit(struct desk *d)
{
    struct kr_notice m = {
        .kind = KR_NOTICE_COMMIT, .in = kr_tag(&d->instance), .u.commit = {.epoch = d->epoch}};
    d->committed = d->epoch;
    for (size_t i = 0; i < d->w.count; i++) {
        if (kr_roster_find(&d->roster, &d->seats[i].line.attach) < 0)
            continue;
        d->seats[i].old = true;
        world_notice(&d->w, &d->w.ones[i], SERVICE, &m);
    }
    world_settle(&d->w);
}

void desk_epoch(struct desk *d, enum kr_epoch_kind kind, enum kr_source source, const char *leader)
{
    desk_announce(d, kind, source, leader, NULL);
    if (source == KR_SOURCE_PARTICIPANTS)
        desk_deliver(d, KR_ROUND_1, false);
    desk_deliver(d, KR_ROUND_2, true);
    desk_commit(d);
}
