/* What a peer is told, and what must hold of it whatever the test is about. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "message/stanza.h"
#include "parse/text.h"
#include "support/log_name.h"
#include "xml/ns.h"

/* Epochs only rise in an instance, and all are told the same of one. */
static void note_epoch(struct world *w, const struct peer *p)
{
    for (size_t i = w->seen_count; i > 0; i--) {
        if (!kr_id_equal(&w->seen[i - 1].instance, &p->instance))
            continue;
        assert_true(w->seen[i - 1].epoch <= p->link.epoch);
        if (w->seen[i - 1].epoch == p->link.epoch) {
            assert_memory_equal(&w->seen[i - 1].context, &p->context, sizeof(p->context));
            return;
        }
        break;
    }
    assert_true(w->seen_count < sizeof(w->seen) / sizeof(w->seen[0]));
    w->seen[w->seen_count].instance = p->instance;
    w->seen[w->seen_count].epoch = p->link.epoch;
    w->seen[w->seen_count++].context = p->context;
}

static void note_key(struct world *w, const struct kr_key *key)
{
    for (size_t i = 0; i < w->given_count; i++)
        assert_memory_not_equal(&w->given[i], key, sizeof(*key));
    assert_true(w->given_count < sizeof(w->given) / sizeof(w->given[0]));
    w->given[w->given_count++] = *key;
}

static void drop_line(struct kr_roster *r, const struct kr_id *attach)
{
    int at = kr_roster_find(r, attach);
    if (at < 0)
        return;
    free(r->entries[at].participant);
    free(r->entries[at].owner);
    kr_buf_done(&r->entries[at].line);
    r->entries[at] = r->entries[--r->len];
    r->sealed = false;
}

/* The roster in p->building, part by part. True when it is complete. */
static bool build_roster(struct peer *p, const struct kr_notice_announce *a)
{
    struct kr_roster *r = &p->building;
    if (a->part == 1) {
        kr_roster_done(r);
        kr_roster_init(r);
        for (size_t i = 0; !a->full && i < p->roster.len; i++) {
            const struct kr_roster_entry *e = &p->roster.entries[i];
            kr_roster_add(r, e->participant, e->owner, &e->ed25519, &e->curve25519, &e->attach, false);
        }
        for (size_t k = 0; k < a->gone_count; k++)
            drop_line(r, &a->gone[k].attach);
        if (a->full) {
            struct kr_policy policy;
            assert_int_equal(kr_policy_read(a->policy_text, ROOM, &policy), 0);
        }
        p->heard = *a;
        assert_int_equal(kr_announce_fill(&p->heard, ROOM, &p->link, &p->context), 0);
    }
    assert_int_equal(a->part, p->parts + 1);
    p->parts = a->part == a->of ? 0 : a->part;
    for (size_t i = 0; i < a->member_count; i++) {
        const struct kr_member_line *m = &a->members[i];
        drop_line(r, &m->attach);
        kr_roster_add(r, m->participant, m->owner, &m->ed25519, &m->curve25519, &m->attach, m->is_new);
    }
    return a->part == a->of;
}

static void on_announce(struct world *w, struct peer *p, const struct kr_notice_announce *a)
{
    if (!build_roster(p, a))
        return;
    assert_int_equal(kr_roster_seal(&p->building), 0);
    if (a->full) { /* the digest is that of what it was told */
        assert_int_equal(p->building.len, a->size);
        assert_true(kr_digest_equal(&p->building.digest, &a->link.roster));
    } else {
        struct kr_roster_check check = kr_roster_check(&p->building);
        assert_memory_equal(&check, &a->check, sizeof(check));
    }
    assert_true(kr_roster_find(&p->building, &p->attach) >= 0);
    struct kr_id instance = a->full ? a->instance : p->instance;
    bool again = a->link.epoch == p->highest && kr_id_equal(&p->instance, &instance);
    kr_roster_done(&p->roster);
    p->roster = p->building; /* transferred */
    kr_roster_init(&p->building);
    p->instance = instance;
    p->link = p->heard.link;
    p->link.roster = p->roster.digest;
    if (kr_source_is_led(p->link.source))
        p->link.leader = p->roster.entries[a->leader].attach;
    kr_test_log_name(a, &p->link);
    p->reasons = a->reasons;
    p->highest = a->link.epoch;
    p->announces++;
    p->context = kr_context(ROOM, &instance, a->has_prev ? &p->heard.prev_context : NULL, &p->link);
    note_epoch(w, p);
    if (again)
        return;
    p->sealed[1] = p->sealed[2] = p->acked = p->was_told = false;
    memset(&p->confirm, 7, sizeof(p->confirm));
    p->entries = p->last_delivers = 0;
    free(p->have);
    p->have = kr_calloc(PEERS_MAX + 1, sizeof(*p->have));
}

static void on_notice(struct world *w, struct peer *p, const struct kr_notice *n)
{
    switch (n->kind) {
    case KR_NOTICE_ANNOUNCE:
        on_announce(w, p, &n->u.announce);
        break;
    case KR_NOTICE_DELIVER:
        p->delivers++;
        assert_true(n->u.deliver.epoch == p->link.epoch || n->u.deliver.epoch == p->committed);
        if (n->u.deliver.epoch != p->link.epoch)
            break;
        p->was_told = n->u.deliver.has_confirm;
        p->told = n->u.deliver.confirm;
        p->last_delivers += n->u.deliver.last && n->u.deliver.part == n->u.deliver.of;
        p->deliver_parts = n->u.deliver.of > p->deliver_parts ? n->u.deliver.of : p->deliver_parts;
        for (size_t i = 0; i < n->u.deliver.entry_count; i++) {
            p->have[n->u.deliver.entries[i].index]++;
            p->entries++;
        }
        break;
    case KR_NOTICE_COMMIT:
        p->commits++;
        p->committed = n->u.commit.epoch;
        p->commit = n->u.commit;
        p->laggards = n->u.commit.laggard_count;
        p->silent = n->u.commit.silent_count;
        break;
    case KR_NOTICE_WANTED:
        p->wanted++;
        break;
    case KR_NOTICE_LOW:
        p->low++;
        break;
    case KR_NOTICE_DETACHED:
        p->detached++;
        p->attached = false;
        snprintf(p->detached_reason, sizeof(p->detached_reason), "%s", n->u.detached.reason);
        break;
    case KR_NOTICE_ATTESTATIONS:
        for (size_t i = 0; i < n->u.attestations.count; i++)
            (*(n->u.attestations.lines[i].revokes ? &p->revocations : &p->attestations))++;
        break;
    case KR_NOTICE_STATE:
        p->states++;
        p->mode = n->u.state.mode;
        p->exposed = n->u.state.exposed;
        p->joins_held = n->u.state.joins_held;
        p->waiting = n->u.state.waiting_count;
        break;
    case KR_NOTICE_SESSION:
    case KR_NOTICE_KINDS:
        break;
    }
}

static void on_result(struct world *w, struct peer *p, const struct kr_el *payload, struct kr_arena *arena)
{
    p->error[0] = '\0';
    if (!payload)
        return;
    snprintf(p->answer, sizeof(p->answer), "%s", payload->name);
    struct kr_res_challenge c;
    struct kr_res_claimed claimed;
    if (strcmp(payload->name, "challenge") == 0 && kr_res_challenge_decode(payload, arena, &c) == 0) {
        p->instance = c.instance;
        p->nonce = c.nonce;
    }
    if (strcmp(payload->name, "claimed") == 0 && kr_res_claimed_decode(payload, arena, &claimed) == 0) {
        p->claimed = p->claimed_none = p->claimed_fallback = 0;
        for (size_t i = 0; i < claimed.count; i++) {
            p->claimed += !claimed.keys[i].none;
            if (!claimed.keys[i].none && claimed.keys[i].kind == KR_KEY_ONE_TIME)
                note_key(w, &claimed.keys[i].key);
            p->claimed_none += claimed.keys[i].none;
            p->claimed_fallback += !claimed.keys[i].none && claimed.keys[i].kind == KR_KEY_FALLBACK;
        }
    }
}

void peer_receive(struct world *w, struct peer *p, const struct kr_el *el)
{
    struct kr_arena arena;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    struct kr_notice n;
    if (strcmp(el->name, "iq") == 0 && strcmp(kr_el_attr(el, "type"), "result") == 0) {
        on_result(w, p, el->child, &arena);
    } else if (strcmp(el->name, "iq") == 0 || strcmp(kr_el_attr(el, "type"), "error") == 0) {
        snprintf(p->error, sizeof(p->error), "%s", kr_errname(kr_error_read(el)));
    } else {
        assert_int_equal(kr_notice_decode(el->child, &arena, &n), 0);
        /* No epoch, and nothing of it, for somebody who is not there. */
        if (n.kind == KR_NOTICE_ANNOUNCE || n.kind == KR_NOTICE_DELIVER || n.kind == KR_NOTICE_COMMIT)
            assert_true(p->present && p->attached);
        on_notice(w, p, &n);
    }
    kr_arena_done(&arena);
}
