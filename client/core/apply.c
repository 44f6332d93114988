/* From a complete announce to an epoch: floor, number, roster, chain, lines (docs/protocol.md 3.5, 5.1
 * - 5.5, 7.2). */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/sign.h"
#include "client/state.h"

void kr_client_mismatch(struct kr_client *c, int err, const char *who, uint64_t deadline_ms)
{
    /* the bound of 5.12 runs from the first announce that did not hold */
    if (!c->mismatched && !c->unresolved)
        c->broken = (struct kr_sending_facts){.announced_ms = c->now_ms, .deadline_ms = deadline_ms};
    c->mismatched = true;
    c->unresolved = false;
    struct kr_report *r = kr_output_report(c->out, KR_REPORT_MISMATCH);
    r->why = kr_strdup(kr_errname(err));
    r->epoch = c->seen_epoch;
    r->instance = c->instance;
    if (who)
        kr_report_who(r, who);
}

void kr_client_mismatch_in(struct kr_client *c, int err, const struct kr_epoch_state *e)
{
    kr_client_mismatch(c, err, NULL, e->deadline_ms);
    c->broken.announced_ms = e->announced_ms;
}

static int check_policy(const struct kr_client *c, const struct kr_notice_announce *a,
                        struct kr_policy *ret_policy)
{
    struct kr_policy p = c->policy;
    if (a->policy_text.len) {
        int err = kr_policy_read(a->policy_text, c->room, &p);
        if (err)
            return err;
    } else if (!c->has_policy) {
        return KR_E_CHAIN_BROKEN;
    }
    struct kr_digest hash = kr_policy_hash(&p, c->room);
    if (!kr_digest_equal(&hash, &a->link.policy) || p.format != a->link.format || p.suite != a->link.suite ||
        p.source != a->link.source)
        return KR_E_CHAIN_BROKEN;
    if (!kr_floor_holds(c, &p))
        return KR_E_BELOW_FLOOR;
    *ret_policy = p;
    return 0;
}

/* The context before the announced epoch, by our own chain (5.3): prev, void if the epoch is the first; and
 * how the epochs between ours and it were made. */
static int check_chain(struct kr_client *c, const struct kr_notice_announce *a,
                       const struct kr_epoch_state *last, struct kr_missed *ret_missed)
{
    *ret_missed = (struct kr_missed){.prev = a->prev_context};
    if (!last)
        return a->has_prev || a->link.epoch == 1 ? 0 : KR_E_CHAIN_BROKEN;
    if (!a->has_prev || a->prev >= a->link.epoch)
        return KR_E_CHAIN_BROKEN;
    struct kr_digest ctx = last->context;
    uint64_t at = last->link.epoch;
    for (size_t i = 0; i < a->past_count; i++) {
        const struct kr_epoch_link *l = &a->past[i];
        if (l->epoch <= at)
            continue;
        ctx = kr_context(c->room, &c->instance, &ctx, l);
        at = l->epoch;
        ret_missed->fresh = ret_missed->fresh || l->kind == KR_EPOCH_FRESH;
        if (ret_missed->count == KR_CHAIN_MAX)
            return KR_E_CHAIN_BROKEN;
        ret_missed->contexts[ret_missed->count++] = ctx;
    }
    if (at != a->prev || !kr_digest_equal(&ctx, &a->prev_context))
        return KR_E_CHAIN_BROKEN;
    ret_missed->prev = ctx;
    return 0;
}

static bool listed(const struct kr_notice_announce *a, const struct kr_id *attach)
{
    for (size_t i = 0; i < a->member_count; i++)
        if (kr_id_equal(&a->members[i].attach, attach))
            return true;
    for (size_t i = 0; i < a->gone_count; i++)
        if (kr_id_equal(&a->gone[i].attach, attach))
            return true;
    return false;
}

static int make_roster(const struct kr_notice_announce *a, const struct kr_epoch_state *last,
                       struct kr_roster *r)
{
    if (!a->full && (!last || !a->has_prev || last->link.epoch != a->prev))
        return KR_E_ROSTER_MISMATCH;
    for (size_t i = 0; !a->full && i < last->roster.len; i++) {
        const struct kr_roster_entry *m = &last->roster.entries[i];
        if (!listed(a, &m->attach))
            kr_roster_add(r, m->participant, m->owner, &m->ed25519, &m->curve25519, &m->attach, false);
    }
    for (size_t i = 0; i < a->member_count; i++) {
        const struct kr_member_line *m = &a->members[i];
        kr_roster_add(r, m->participant, m->owner, &m->ed25519, &m->curve25519, &m->attach, m->is_new);
    }
    int err = kr_roster_seal(r);
    if (!err && (r->len != a->size || !kr_digest_equal(&r->digest, &a->link.roster)))
        err = KR_E_ROSTER_MISMATCH;
    return err;
}

/* A ratchet is followed by everybody who was in the epoch before, through all ratchets that we missed too:
 * nobody of those may be missing, or leavers would follow it, and nobody of them may count as new
 * (5.5, 5.10). */
static bool ratchet_holds(const struct kr_epoch_state *last, const struct kr_roster *r)
{
    for (size_t i = 0; i < last->roster.len; i++) {
        int at = kr_roster_find(r, &last->roster.entries[i].attach);
        if (at < 0 || r->entries[at].is_new)
            return false;
    }
    return true;
}

/* Our own line as we signed it, and what a ratchet must have. */
static int check_roster(const struct kr_client *c, const struct kr_notice_announce *a,
                        const struct kr_epoch_state *last, const struct kr_missed *missed,
                        const struct kr_roster *r, size_t *ret_me)
{
    int me = kr_roster_find(r, &c->attach);
    if (me < 0)
        return KR_E_NOT_IN_ROSTER;
    const struct kr_roster_entry *m = &r->entries[me];
    if (strcmp(m->participant, c->nick) != 0 || strcmp(m->owner, c->owner) != 0 ||
        !kr_key_equal(&m->ed25519, &c->ed25519) || !kr_key_equal(&m->curve25519, &c->curve25519))
        return KR_E_ROSTER_MISMATCH;
    if (a->link.kind == KR_EPOCH_RATCHET && last && !missed->fresh && !ratchet_holds(last, r))
        return KR_E_ROSTER_MISMATCH;
    if (a->link.kind == KR_EPOCH_RATCHET && !kr_roster_has_joiners(r))
        return KR_E_ROSTER_MISMATCH; /* nobody came: somebody is kept from us */
    *ret_me = (size_t)me;
    return 0;
}

/* The others ratchet what we sealed in this attach, and we cannot: what we would draw anew, they would not
 * hold. */
static bool lost_our_own(const struct kr_client *c, const struct kr_notice_announce *a,
                         const struct kr_epoch_state *last, const struct kr_missed *missed, bool is_new)
{
    bool follows = last && last->held[last->me].has;
    return a->link.kind == KR_EPOCH_RATCHET && !is_new && !follows && !missed->fresh && c->has_sealed;
}

static bool line_verifies(const struct kr_client *c, const struct kr_member_line *m)
{
    struct kr_id device = kr_device_id(&m->ed25519, &m->curve25519);
    struct kr_attach_text t = {.room = c->room,
                               .instance = c->instance,
                               .participant = m->participant,
                               .owner = m->owner,
                               .device = m->device,
                               .attach = m->attach,
                               .nonce = m->nonce};
    struct kr_buf text = kr_attach_text(&t);
    bool good =
        kr_id_equal(&device, &m->device) && !text.err && kr_verify(&m->ed25519, kr_buf_span(&text), &m->sig);
    kr_buf_done(&text);
    return good;
}

static void update_peers(struct kr_client *c, const struct kr_notice_announce *a, const struct kr_roster *r)
{
    struct kr_peer *p, *next;
    for (size_t i = 0; i < a->member_count; i++) {
        const struct kr_member_line *m = &a->members[i];
        if (kr_id_equal(&m->attach, &c->attach))
            continue;
        p = kr_peer_find(c, &m->attach);
        /* an attach with other keys is another one, whatever its id */
        if (p && (!kr_key_equal(&p->curve25519, &m->curve25519) || !kr_key_equal(&p->ed25519, &m->ed25519) ||
                  strcmp(p->participant, m->participant) != 0)) {
            kr_peer_free(c, p);
            p = NULL;
        }
        if (!p) {
            p = kr_calloc(1, sizeof(*p));
            p->attach = m->attach;
            p->participant = kr_strdup(m->participant);
            p->ed25519 = m->ed25519;
            p->curve25519 = m->curve25519;
            HASH_ADD(hh, c->peers, attach, sizeof(p->attach), p);
        }
        p->device = m->device;
        p->verified = line_verifies(c, m);
    }
    HASH_ITER (hh, c->peers, p, next) {
        p->tries = 0;
        if (p->unclaimable && !p->claiming && p->session_count == 0)
            p->claimed = false; /* an epoch, another try */
        if (kr_roster_find(r, &p->attach) < 0)
            kr_peer_free(c, p);
    }
}

static void report_epoch(struct kr_client *c, const struct kr_notice_announce *a,
                         const struct kr_epoch_state *e)
{
    struct kr_report *r = kr_output_report(c->out, KR_REPORT_ANNOUNCE);
    r->instance = e->instance;
    r->epoch = e->link.epoch;
    r->epoch_kind = e->link.kind;
    r->reasons = a->reasons;
    r->context = e->context;
    for (size_t i = 0; i < e->roster.len; i++)
        kr_report_who(r, e->roster.entries[i].participant);
}

static int apply(struct kr_client *c, const struct kr_notice_announce *a, struct kr_epoch_state *last)
{
    struct kr_roster roster;
    struct kr_missed missed = {.count = 0};
    struct kr_policy policy;
    size_t me = 0;
    kr_roster_init(&roster);
    int err = check_policy(c, a, &policy);
    if (!err)
        err = check_chain(c, a, last, &missed);
    if (!err)
        err = make_roster(a, last, &roster);
    if (!err)
        err = check_roster(c, a, last, &missed, &roster, &me);
    /* without a chain of our own: as a joiner, or in answer to our asking */
    if (!err && !last && !roster.entries[me].is_new && !(c->unresolved && a->full))
        err = KR_E_CHAIN_BROKEN;
    if (!err && lost_our_own(c, a, last, &missed, roster.entries[me].is_new))
        err = KR_E_BAD_STATE;
    if (!err) {
        c->policy = policy;
        c->policy_hash = a->link.policy;
        c->has_policy = true;
        update_peers(c, a, &roster);
        struct kr_epoch_state *e = kr_epoch_new(c, &a->link, &roster);
        e->deadline_ms = kr_sooner(a->deadline_ms, KR_DEADLINE_MAX_MS);
        e->me = me;
        e->context = kr_context(c->room, &c->instance, a->has_prev ? &missed.prev : NULL, &a->link);
        kr_epoch_first_keys(c, e, last, &missed);
        kr_epoch_announced(c, e);
        if (c->phase != KR_PHASE_MEMBER)
            kr_attach_member(c);
        c->unresolved = false;
        c->ask_at_ms = UINT64_MAX;
        report_epoch(c, a, e);
    }
    kr_roster_done(&roster);
    return err;
}

void kr_announce_apply(struct kr_client *c, const struct kr_notice_announce *a)
{
    struct kr_epoch_state *last = kr_epoch_now(c);
    bool same_instance = kr_id_equal(&a->instance, &c->seen_instance);
    uint64_t floor = same_instance ? c->seen_epoch : 0;
    if (c->mismatched)
        return; /* only a new attach heals it */
    if (!kr_id_equal(&a->instance, &c->instance)) {
        kr_output_refused(c->out, "announce", KR_E_WRONG_INSTANCE, NULL);
        return;
    }
    if (last && last->link.epoch == a->link.epoch && kr_digest_equal(&last->link.roster, &a->link.roster) &&
        kr_digest_equal(&last->link.policy, &a->link.policy) && last->link.kind == a->link.kind)
        return; /* told again, on `whole` */
    /* an epoch that could not be applied may come again in full */
    bool again = c->unresolved && a->full && a->link.epoch == floor && !(last && last->link.epoch == floor);
    if (a->link.epoch <= floor && !again) {
        kr_output_refused(c->out, "announce", KR_E_EPOCH_NOT_ABOVE, NULL);
        return;
    }
    c->seen_instance = a->instance;
    c->seen_epoch = a->link.epoch;
    if (a->reasons & KR_REASON_RECOVER) { /* whoever was to answer is gone, perhaps in the middle of it */
        kr_request_lost(c);
        c->answered = false;
    }
    kr_epoch_was_committed(c, a->committed);
    int err = apply(c, a, last);
    if (err == KR_E_BAD_STATE) {
        kr_output_refused(c->out, "announce", err, NULL);
        kr_attach_anew(c);
    } else if (err == KR_E_BELOW_FLOOR) {
        kr_output_refused(c->out, "announce", err, NULL);
        kr_attach_detach(c);
    } else if (err) {
        kr_announce_failed(c, err, a);
    }
}

void kr_announce_failed(struct kr_client *c, int err, const struct kr_notice_announce *a)
{
    uint64_t deadline_ms = kr_sooner(a->deadline_ms, KR_DEADLINE_MAX_MS);
    /* for an attach before this one: it is not answered yet, or what was said then comes again */
    if (c->phase == KR_PHASE_ATTACHING || (err == KR_E_NOT_IN_ROSTER && !kr_epoch_now(c)))
        return;
    if (err == KR_E_NOT_IN_ROSTER || (c->unresolved && c->answered && a->full)) {
        kr_client_mismatch(c, err, NULL, deadline_ms);
        return;
    }
    kr_output_refused(c->out, "announce", err, NULL);
    if (c->unresolved && (a->reasons & KR_REASON_RECOVER))
        kr_announce_ask_again(c);
    if (c->unresolved)
        return; /* the answer is still to come */
    c->unresolved = true;
    c->answered = false;
    c->broken = (struct kr_sending_facts){.announced_ms = c->now_ms, .deadline_ms = deadline_ms};
    kr_announce_ask_again(c);
}
