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
    if (!kr_digest_equal(&hash, &a->link.policy) || !kr_policy_allows(&p, a->link.source))
        return KR_E_CHAIN_BROKEN;
    if (!kr_floor_holds(c, &p) || !kr_takes_part(c, a->link.source))
        return KR_E_BELOW_FLOOR;
    *ret_policy = p;
    return 0;
}

/* A ratchet goes on from the epoch announced before it: what it ratchets is made in the same way, by the same
 * leader (5.13). */
static bool may_follow(const struct kr_epoch_link *before, const struct kr_epoch_link *link)
{
    return link->kind == KR_EPOCH_FRESH ||
           (before->source == link->source &&
            (!kr_source_is_led(link->source) || kr_id_equal(&before->leader, &link->leader)));
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
    ret_missed->before = last->link;
    ret_missed->has_before = true;
    for (size_t i = 0; i < a->past_count; i++) {
        const struct kr_epoch_link *l = &a->past[i];
        if (l->epoch <= at)
            continue;
        struct kr_epoch_link named = *l;
        kr_log_name(c, &named);
        ctx = kr_context(c->room, &c->instance, &ctx, &named);
        at = l->epoch;
        ret_missed->fresh = ret_missed->fresh || l->kind == KR_EPOCH_FRESH;
        if (ret_missed->count == KR_CHAIN_MAX || !may_follow(&ret_missed->before, l))
            return KR_E_CHAIN_BROKEN;
        ret_missed->contexts[ret_missed->count++] = ctx;
        ret_missed->before = *l;
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
    for (size_t i = 0; !a->full && i < last->roster.len; i++) {
        const struct kr_roster_entry *m = &last->roster.entries[i];
        if (!listed(a, &m->attach))
            kr_roster_add(r, m->participant, m->owner, &m->ed25519, &m->curve25519, &m->attach, false);
    }
    for (size_t i = 0; i < a->member_count; i++) {
        const struct kr_member_line *m = &a->members[i];
        kr_roster_add(r, m->participant, m->owner, &m->ed25519, &m->curve25519, &m->attach, m->is_new);
    }
    return kr_roster_seal(r);
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

/* From the index that the announce gives to the attach that the context names; and what the epoch must be
 * with this leader (5.13, 5.15). */
static int check_leader(const struct kr_client *c, const struct kr_notice_announce *a,
                        const struct kr_missed *missed, const struct kr_roster *r, struct kr_epoch_link *link)
{
    bool led = kr_source_is_led(link->source), ratchet = link->kind == KR_EPOCH_RATCHET;
    if (led && a->leader >= r->len)
        return KR_E_MALFORMED;
    const struct kr_roster_entry *m = led ? &r->entries[a->leader] : NULL;
    if (led)
        link->leader = m->attach;
    if (missed->has_before && !may_follow(&missed->before, link))
        return KR_E_CHAIN_BROKEN;
    if (led && ratchet && m->is_new)
        return KR_E_CHAIN_BROKEN;
    if (link->source == KR_SOURCE_SERVICE) {
        struct kr_id device = kr_device_id(&m->ed25519, &m->curve25519);
        if (!kr_id_equal(&device, &c->service_device))
            return KR_E_WRONG_LEADER;
    }
    return 0;
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
    bool follows = last && kr_epoch_holds(last, last->me);
    return a->link.kind == KR_EPOCH_RATCHET && a->link.source == KR_SOURCE_PARTICIPANTS && !is_new &&
           !follows && !missed->fresh && c->has_sealed;
}

/* A JFrame epoch drops the one held with its index (5.9): if that is what it should ratchet from, nothing is
 * left to follow. */
static bool takes_its_index(const struct kr_client *c, const struct kr_epoch_link *link,
                            const struct kr_epoch_state *last)
{
    return link->kind == KR_EPOCH_RATCHET && last && last != c->sending && link->format == KR_FORMAT_JFRAME &&
           last->link.format == KR_FORMAT_JFRAME &&
           link->epoch % KR_JFRAME_RING == last->link.epoch % KR_JFRAME_RING;
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

struct kr_peer *kr_peer_of_line(struct kr_client *c, const struct kr_member_line *m)
{
    struct kr_peer *p = kr_peer_find(c, &m->attach);
    /* an attach with other keys is another one, whatever its id */
    if (p && (!kr_key_equal(&p->curve25519, &m->curve25519) || !kr_key_equal(&p->ed25519, &m->ed25519) ||
              strcmp(p->participant, m->participant) != 0 || strcmp(p->owner, m->owner) != 0)) {
        kr_peer_free(c, p);
        p = NULL;
    }
    if (!p) {
        p = kr_calloc(1, sizeof(*p));
        p->attach = m->attach;
        p->participant = kr_strdup(m->participant);
        p->owner = kr_strdup(m->owner);
        p->ed25519 = m->ed25519;
        p->curve25519 = m->curve25519;
        p->heal_ms = UINT64_MAX;
        HASH_ADD(hh, c->peers, attach, sizeof(p->attach), p);
    }
    p->device = m->device;
    p->verified = line_verifies(c, m);
    if (p->verified)
        kr_seen_line(c, p);
    kr_trust_look(c, p);
    return p;
}

static void update_peers(struct kr_client *c, const struct kr_notice_announce *a, const struct kr_roster *r)
{
    struct kr_peer *p, *next;
    for (size_t i = 0; i < a->member_count; i++) {
        const struct kr_member_line *m = &a->members[i];
        if (kr_id_equal(&m->attach, &c->attach))
            continue;
        p = kr_peer_of_line(c, m);
        p->outside = false;
    }
    HASH_ITER (hh, c->peers, p, next) {
        p->tries = 0;
        if (p->unclaimable && !p->claiming && p->session_count == 0)
            p->claimed = false; /* an epoch, another try */
        if (kr_roster_find(r, &p->attach) < 0 &&
            !(p->outside && kr_presence_shows(c, p->participant, &p->device)))
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
    r->source = e->link.source;
    if (kr_source_is_led(e->link.source))
        r->leader = kr_strdup(e->roster.entries[e->sealing.leader].participant);
    r->context = e->context;
    for (size_t i = 0; i < e->roster.len; i++)
        kr_report_who(r, e->roster.entries[i].participant);
}

static int apply(struct kr_client *c, const struct kr_notice_announce *a, struct kr_epoch_state *last)
{
    struct kr_roster roster;
    struct kr_missed missed = {.count = 0};
    struct kr_policy policy;
    struct kr_epoch_link link = a->link;
    size_t me = 0;
    kr_roster_init(&roster);
    int err = check_policy(c, a, &policy);
    if (!err)
        err = kr_log_check(c, a, &link);
    if (!err)
        err = check_chain(c, a, last, &missed);
    if (!err)
        err = make_roster(a, last, &roster);
    if (!err && !kr_announce_is_of(a, &roster))
        err = KR_E_ROSTER_MISMATCH;
    link.roster = roster.digest;
    if (!err)
        err = check_roster(c, a, last, &missed, &roster, &me);
    if (!err)
        err = check_leader(c, a, &missed, &roster, &link);
    /* without a chain of our own: as a joiner, or in answer to our asking */
    if (!err && !last && !roster.entries[me].is_new && !(c->unresolved && a->full))
        err = KR_E_CHAIN_BROKEN;
    if (!err &&
        (lost_our_own(c, a, last, &missed, roster.entries[me].is_new) || takes_its_index(c, &link, last)))
        err = KR_E_BAD_STATE;
    if (!err) {
        c->policy = policy;
        c->policy_hash = a->link.policy;
        c->has_policy = true;
        update_peers(c, a, &roster);
        struct kr_epoch_state *e = kr_epoch_new(c, &link, &roster);
        e->deadline_ms = kr_sooner(a->deadline_ms, KR_DEADLINE_MAX_MS);
        e->me = me;
        e->context = kr_context(c->room, &c->instance, a->has_prev ? &missed.prev : NULL, &link);
        kr_epoch_first_keys(c, e, link.kind == KR_EPOCH_RATCHET ? last : NULL, &missed);
        kr_epoch_announced(c, e);
        if (c->phase != KR_PHASE_MEMBER)
            kr_attach_member(c);
        c->unresolved = false;
        c->ask_at_ms = UINT64_MAX;
        report_epoch(c, a, e);
        kr_log_announced(c, a, e);
    }
    kr_roster_done(&roster);
    return err;
}

static bool is_told_again(const struct kr_epoch_state *last, const struct kr_notice_announce *a)
{
    return a->full && last->link.epoch == a->link.epoch && last->link.kind == a->link.kind &&
           last->link.source == a->link.source &&
           (!kr_source_is_led(a->link.source) || last->sealing.leader == a->leader) &&
           kr_digest_equal(&last->link.roster, &a->link.roster) &&
           kr_digest_equal(&last->link.policy, &a->link.policy) && last->link.log_size == a->link.log_size &&
           kr_digest_equal(&last->link.log_root, &a->link.log_root);
}

/* Somebody lies about the log, or it was set back: for people to judge, and no second telling mends it. */
static bool is_of_log(int err)
{
    return err <= KR_E_LOG_KEY && err >= KR_E_LOG_SILENT;
}

void kr_announce_apply(struct kr_client *c, struct kr_notice_announce *a)
{
    struct kr_epoch_state *last = kr_epoch_now(c);
    bool same_instance = kr_id_equal(&c->instance, &c->seen_instance);
    uint64_t floor = same_instance ? c->seen_epoch : 0;
    int err = kr_announce_fill(a, c->room, last ? &last->link : NULL, last ? &last->context : NULL);
    if (!err && last && is_told_again(last, a))
        return;              /* told again, on `whole` */
    if (!a->full && !last) { /* a number alone, of an attach before or of one whose announce was lost */
        kr_announce_failed(c, err, a);
        return;
    }
    /* an epoch that could not be applied may come again in full */
    bool again = c->unresolved && a->full && a->link.epoch == floor && !(last && last->link.epoch == floor);
    if (a->link.epoch <= floor && !again) {
        kr_output_refused(c->out, "announce", KR_E_EPOCH_NOT_ABOVE, NULL);
        return;
    }
    c->seen_instance = c->instance;
    c->seen_epoch = a->link.epoch;
    if (a->reasons & KR_REASON_RECOVER) { /* whoever was to answer is gone, perhaps in the middle of it */
        kr_request_lost(c);
        c->answered = false;
    }
    kr_epoch_was_committed(c, a->committed);
    if (!err)
        err = apply(c, a, last);
    if (err == KR_E_BAD_STATE) {
        kr_output_refused(c->out, "announce", err, NULL);
        kr_attach_anew(c);
    } else if (err == KR_E_BELOW_FLOOR) {
        kr_output_refused(c->out, "announce", err, NULL);
        kr_attach_detach(c);
    } else if (is_of_log(err)) {
        kr_log_alarm(c, err);
        kr_client_mismatch(c, err, NULL, kr_sooner(a->deadline_ms, KR_DEADLINE_MAX_MS));
    } else if (err == KR_E_WRONG_LEADER) {
        kr_client_mismatch(c, err, NULL, kr_sooner(a->deadline_ms, KR_DEADLINE_MAX_MS));
    } else if (err) {
        kr_announce_failed(c, err, a);
    }
}

/* What was lost with a link was lost for many: they do not all ask at once for what is long (5.12). */
static void ask_whole(struct kr_client *c, const struct kr_notice_announce *a, uint64_t deadline_ms)
{
    if (a->reasons & KR_REASON_RECOVER)
        c->ask_at_ms = kr_client_within(
            c, 1 + kr_sooner(HASH_COUNT(c->peers) * (uint64_t)KR_CLIENT_ANSWER_MEMBER_MS, deadline_ms / 2));
    else
        kr_announce_ask_again(c);
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
        ask_whole(c, a, deadline_ms);
    if (c->unresolved)
        return; /* the answer is still to come */
    c->unresolved = true;
    c->answered = false;
    c->broken = (struct kr_sending_facts){.announced_ms = c->now_ms, .deadline_ms = deadline_ms};
    ask_whole(c, a, deadline_ms);
}
