/* A meeting: the room fills, then one joins and one leaves, as often as wanted. And all enabling at once.
 *
 * From when is counted? From the decision to rotate. A stock client decides when it has seen a leave, and 5 s
 * later (its debounce) acts: here it acts at once, and the 5 s are added for the times `_from_leave`. The
 * service decides 200 ms (its coalescing) after it saw the leave. It says so in its log, but only after the
 * commit to disk, and by a clock of milliseconds; so the moment is taken from outside: 200 ms after the leave
 * (or a newcomer's attach) was sent. The service can only have seen it later, by what the server takes to
 * hand it on, so its times are rather too long than too short. (When other participants see the leave says
 * nothing: the server may hold that back for 40 ms, Nagle's algorithm waiting for a delayed acknowledgement.)
 */
#include "base/err.h"
#include "load/floor.h"
#include "load/light.h"
#include "load/stock.h"
#include "load/story.h"

/* Commits of a room are at least a second apart (docs/protocol.md 8.4): the next rotation is not to wait for
 * it. */
enum { GAP_MS = 1100, QUIET_MS = 250, CALM_MS = 50, PAIRS_AT_ONCE = 2000 };

int kr_story_tell(struct kr_stage *s, const struct kr_outcome *outcome, size_t keys)
{
    struct kr_outcome o = *outcome;
    kr_trial_end(&s->trial);
    o.failed_pairs = s->system->failed_pairs(&s->crowd);
    o.late_acks = kr_samples_above(&s->trial.acks, KR_STOCK_REQUEST_MS * KR_NS_PER_MS);
    if (keys != SIZE_MAX && s->trial.keys.len != keys)
        kr_trial_wrong(&s->trial, "%zu keys arrived, %zu should have", s->trial.keys.len, keys);
    kr_trial_print(&s->trial, &o, stdout);
    if (s->trial.wrong)
        kr_load_fail(&s->load, "%s: %s", o.name, s->trial.wrong_why);
    return s->load.failed ? KR_E_IO : 0;
}

int kr_story_complete(struct kr_stage *s, const char *what)
{
    int err = kr_load_until(&s->load, s->system->complete, &s->crowd,
                            s->system->olm ? KR_STORY_OLM_MS : KR_STORY_MS, what);
    if (err && s->system->explain)
        s->system->explain(&s->load, &s->crowd);
    return err;
}

int kr_story_found(struct kr_stage *s)
{
    struct kr_seat *founder = kr_crowd_seat(&s->crowd, 0, 0);
    kr_seat_join(founder);
    int err = kr_load_until(&s->load, kr_crowd_all_inside, &s->crowd, KR_STORY_MS, "the room is opened");
    if (!err && s->system->service)
        kr_seat_invite(founder);
    if (!err && s->crowd.eager)
        err = kr_story_complete(s, "the first one has a key");
    return err;
}

static int join_all(struct kr_stage *s)
{
    for (size_t i = 1; i < s->options->n; i++)
        kr_seat_join(kr_crowd_seat(&s->crowd, i, 0));
    return kr_load_until(&s->load, kr_crowd_all_inside, &s->crowd, KR_STORY_MS, "all are in the room");
}

int kr_story_join_storm(struct kr_stage *s)
{
    s->crowd.eager = true;
    int err = kr_story_found(s);
    uint64_t now = kr_now_ns();
    kr_trial_begin(&s->trial, now, now);
    err = err ? err : join_all(s);
    err = err ? err : kr_story_complete(s, "all have all keys");
    return err ? err
               : kr_story_tell(s, &(struct kr_outcome){.name = "join-storm", .n = s->options->n}, SIZE_MAX);
}

/* So many at a time that the service can let them in within its deadline, more into a small room than into a
 * large one: what comes of a storm is a story of its own. */
int kr_story_fill(struct kr_stage *s)
{
    int err = 0;
    for (size_t i = 1, batch = 0; !err && i < s->options->n; i++) {
        kr_seat_join(kr_crowd_seat(&s->crowd, i, 0));
        batch++;
        if (batch * i >= PAIRS_AT_ONCE)
            batch = 0;
        if (batch == 0 || i + 1 == s->options->n)
            err = kr_story_complete(s, "all have all keys");
    }
    return err;
}

static bool attach_sent(void *arg)
{
    const struct kr_seat *seat = arg;
    return kr_light_look(seat).attach_sent_ns != 0;
}

/* Runs up to the moment of the decision that a join leads to, and looks at the counters there. */
static int until_decision(struct kr_stage *s, struct kr_seat *newcomer)
{
    int err =
        kr_load_until(&s->load, kr_crowd_all_inside, &s->crowd, KR_STORY_MS, "the newcomer is in the room");
    s->trial.start_ns = kr_now_ns();
    if (!err && s->system->dialect == &kr_light) {
        err = kr_load_until(&s->load, attach_sent, newcomer, KR_STORY_MS, "the newcomer attaches");
        s->trial.start_ns = kr_light_look(newcomer).attach_sent_ns + s->options->coalesce_ms * KR_NS_PER_MS;
        err = err ? err : kr_load_wait(&s->load, s->trial.start_ns);
    }
    kr_trial_gauge(&s->trial);
    return err;
}

static int join_one(struct kr_stage *s, bool tell)
{
    struct kr_seat *newcomer = kr_crowd_seat(&s->crowd, s->options->n, 0);
    uint64_t now = kr_now_ns();
    kr_trial_begin(&s->trial, now, now);
    kr_seat_join(newcomer);
    int err = until_decision(s, newcomer);
    if (!err && s->crowd.eager)
        err = kr_story_complete(s, "the newcomer has all keys");
    if (err || !tell)
        return err;
    const struct kr_outcome outcome = {.name = "join", .n = s->options->n, .cause = "join"};
    return kr_story_tell(s, &outcome, s->system->keys_of_join(&s->crowd));
}

static int leave_one(struct kr_stage *s)
{
    struct kr_outcome outcome = {.name = "leave", .n = s->options->n, .cause = "leave"};
    kr_crowd_forget_leaves(&s->crowd);
    kr_trial_begin(&s->trial, kr_now_ns(), UINT64_MAX);
    kr_seat_leave(kr_crowd_seat(&s->crowd, s->options->n, 0));
    int err = kr_load_until(&s->load, kr_crowd_all_saw_leave, &s->crowd, KR_STORY_MS, "all see the leave");
    if (err)
        return err;
    if (s->system->service) {
        s->trial.cause_ns = s->crowd.left_ns[0];
        s->trial.start_ns = s->trial.cause_ns + s->options->coalesce_ms * KR_NS_PER_MS;
        err = kr_load_wait(&s->load, s->trial.start_ns);
        kr_trial_gauge(&s->trial);
    } else {
        outcome.cause_add_ns = KR_STOCK_DEBOUNCE_MS * KR_NS_PER_MS;
        err = kr_crowd_quiet(&s->crowd, CALM_MS); /* the leaver is told of it last */
        s->trial.cause_ns = s->trial.start_ns = kr_now_ns();
        kr_trial_gauge(&s->trial);
        for (size_t i = 0; i < s->options->n; i++)
            kr_stock_rotate(kr_crowd_seat(&s->crowd, i, 0));
    }
    if (!err)
        err = kr_story_complete(s, "all have all keys after a leave");
    return err ? err : kr_story_tell(s, &outcome, s->system->keys_of_leave(&s->crowd));
}

/* Stock's sessions need not be made when only a leave is looked at: that costs 2 N (N-1) messages. */
static bool granted(const struct kr_stage *s)
{
    return s->options->only_leave && s->system->dialect == &kr_stock_sized;
}

/* A rotation of a meeting that goes on is measured: its leader has been answered. */
static bool leader_answered(void *arg)
{
    struct kr_crowd *crowd = arg;
    for (size_t i = 0; crowd->dialect == &kr_light && i < crowd->seat_count; i++)
        if (crowd->seats[i].state && kr_light_look(&crowd->seats[i]).answers)
            return false;
    return true;
}

static int rest(struct kr_stage *s)
{
    if (granted(s))
        kr_stock_assume(&s->crowd);
    int err = kr_load_until(&s->load, leader_answered, &s->crowd, KR_STORY_MS, "the leader is answered");
    err = err ? err
              : kr_load_wait(&s->load, kr_now_ns() + GAP_MS * KR_NS_PER_MS * (s->system->service ? 1 : 0));
    return err ? err : kr_crowd_quiet(&s->crowd, QUIET_MS);
}

int kr_story_meeting(struct kr_stage *s)
{
    s->crowd.eager = !granted(s);
    int err = kr_story_found(s);
    if (!err)
        err = granted(s) ? join_all(s) : kr_story_fill(s);
    for (size_t i = 0; !err && i < s->options->rounds; i++) {
        err = rest(s);
        err = err ? err : join_one(s, !s->options->only_leave);
        err = err ? err : rest(s);
        err = err ? err : leave_one(s);
    }
    if (!err && s->options->script && kr_record_write(&s->record, s->options->script) != 0)
        kr_load_fail(&s->load, "%s cannot be written", s->options->script);
    return s->load.failed ? KR_E_IO : err;
}

int kr_story_enable(struct kr_stage *s)
{
    uint64_t now;
    /* The service comes into a room full of people: that is the moment for all of them. */
    struct kr_seat *founder = kr_crowd_seat(&s->crowd, 0, 0);
    kr_seat_join(founder);
    int err = kr_load_until(&s->load, kr_crowd_all_inside, &s->crowd, KR_STORY_MS, "the room is opened");
    err = err ? err : join_all(s);
    err = err ? err : kr_crowd_quiet(&s->crowd, QUIET_MS);
    now = kr_now_ns();
    kr_trial_begin(&s->trial, now, now);
    if (!err && s->system->service) {
        kr_seat_invite(founder);
    } else if (!err) {
        for (size_t i = 0; i < s->options->n; i++)
            kr_stock_enable(kr_crowd_seat(&s->crowd, i, 0));
    }
    if (!err)
        err = kr_story_complete(s, "all have enabled it");
    return err ? err
               : kr_story_tell(s, &(struct kr_outcome){.name = "enable-all", .n = s->options->n}, SIZE_MAX);
}
