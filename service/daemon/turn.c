#include "daemon/turn.h"

#include <stdio.h>
#include <time.h>

#include "base/err.h"
#include "base/limit.h"

/* A machine that never stops asking is broken. How many it asks at once says nothing: a room that recovers
 * asks of each of its attaches. But what is asked because of an answer ends soon: an attach asks of its
 * device, then registers it. */
enum { ROUNDS_MAX = 16 };

void kr_turn_init(struct kr_turn *t, const struct kr_turn_config *config, struct kr_store *store)
{
    *t = (struct kr_turn){.config = *config, .store = store};
    kr_output_init(&t->out);
}

void kr_turn_done(struct kr_turn *t)
{
    if (t->in_transaction)
        t->store->ops->rollback(t->store);
    t->in_transaction = false;
    kr_output_done(&t->out);
}

const char *kr_store_hint(int err)
{
    switch (err) {
    case KR_E_STORE_FULL:
        return "make room on the disk, then start again";
    case KR_E_STORE_READONLY:
        return "make the file and its folder writable for keyroomd's user, then start again";
    case KR_E_STORE_DAMAGED:
        return "keep the file, and restore a backup with keyroomctl restore";
    case KR_E_STORE_NEWER:
        return "install the version that wrote it, or a newer one";
    case KR_E_STORE_BUSY:
        return "stop the other process that uses it: one keyroomd per database";
    case KR_E_SEALED:
        return "the seal key is not the one this database was made with: give the right one";
    case KR_E_CONFLICT:
        return "this is a bug: please report it with the lines above";
    default:
        return "see the reason given, then start again";
    }
}

static int fail(struct kr_turn *t, const char *what, int err)
{
    if (t->store->errmsg[0]) /* says what to do as well */
        (void)snprintf(t->errmsg, sizeof(t->errmsg), "store: %s -> failed, stopping (%s)", what,
                       t->store->errmsg);
    else
        (void)snprintf(t->errmsg, sizeof(t->errmsg), "store: %s -> failed, stopping (%s); to do: %s", what,
                       kr_strerror(err), kr_store_hint(err));
    if (t->in_transaction)
        t->store->ops->rollback(t->store);
    t->in_transaction = false;
    t->failed = err;
    kr_output_done(&t->out);
    kr_output_init(&t->out);
    return err;
}

static int begin(struct kr_turn *t)
{
    int err;

    if (t->in_transaction)
        return 0;
    err = t->store->ops->begin(t->store);
    if (err)
        return fail(t, "begin", err);
    t->in_transaction = true;
    return 0;
}

static int apply_writes(struct kr_turn *t)
{
    int err = t->out.write_count ? begin(t) : 0;

    for (size_t i = 0; i < t->out.write_count && !err; i++) {
        err = t->store->ops->write(t->store, &t->out.writes[i]);
        if (err)
            return fail(t, "write", err);
    }
    if (!err)
        kr_output_clear_writes(&t->out);
    return err;
}

static int step(struct kr_turn *t, const struct kr_event *event)
{
    t->config.step(t->config.arg, event, &t->out);
    t->stats.events++;
    return apply_writes(t);
}

/* One query and the step with its result. */
static int run_query(struct kr_turn *t, const struct kr_query *query)
{
    struct kr_query_result result = {0};
    struct kr_event event = {.kind = KR_EV_QUERY, .u.query = &result};
    int err = begin(t);

    if (err)
        return err;
    t->config.now(t->config.arg, &event.now);
    err = t->store->ops->query(t->store, query, event.now.wall_ms, &result);
    return err ? fail(t, "query", err) : step(t, &event);
}

/* Takes the queries out of the output, so that the steps they lead to may ask anew. */
static void move_queries(struct kr_output *from, struct kr_output *to)
{
    kr_output_init(to);
    to->queries = from->queries;
    to->query_count = from->query_count;
    to->query_cap = from->query_cap;
    from->queries = NULL;
    from->query_count = from->query_cap = 0;
}

static int run_queries(struct kr_turn *t)
{
    struct kr_output asked;
    unsigned rounds = 0;
    int err = 0;

    while (!err && t->out.query_count) {
        if (++rounds > ROUNDS_MAX)
            return fail(t, "queries that do not end", KR_E_INTERNAL);
        move_queries(&t->out, &asked);
        for (size_t i = 0; i < asked.query_count && !err; i++)
            err = run_query(t, &asked.queries[i]);
        kr_output_done(&asked);
    }
    return err;
}

int kr_turn_event(struct kr_turn *t, struct kr_event *event)
{
    int err;

    if (t->failed)
        return t->failed;
    t->config.now(t->config.arg, &event->now);
    err = step(t, event);
    if (!err)
        err = run_queries(t);
    if (!err && ++t->events >= KR_TURN_EVENTS_MAX)
        err = kr_turn_end(t);
    return err;
}

static uint64_t mono_us(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int commit(struct kr_turn *t)
{
    uint64_t started, took;
    int err;

    if (!t->in_transaction)
        return 0;
    started = mono_us();
    err = t->store->ops->commit(t->store);
    if (err) {
        t->in_transaction = false; /* after a failed commit the store is good for nothing but closing */
        return fail(t, "commit", err);
    }
    t->in_transaction = false;
    took = mono_us() - started;
    t->stats.commits++;
    t->stats.commit_us_sum += took;
    if (took > t->stats.commit_us_max)
        t->stats.commit_us_max = took;
    return 0;
}

int kr_turn_end(struct kr_turn *t)
{
    struct kr_output done;
    int err;

    if (t->failed)
        return t->failed;
    if (t->events == 0)
        return 0;
    err = commit(t);
    if (err)
        return err;
    t->stats.turns++;
    t->events = 0;
    done = t->out; /* a callback may begin the next turn */
    kr_output_init(&t->out);
    for (size_t i = 0; i < done.trace_count; i++)
        t->config.trace(t->config.arg, done.traces[i].level, done.traces[i].line);
    for (size_t i = 0; i < done.send_count; i++) {
        t->config.send(t->config.arg, done.sends[i].xml, done.sends[i].len);
        t->stats.sent++;
        t->stats.sent_bytes += done.sends[i].len;
    }
    for (size_t i = 0; i < done.reply_count; i++)
        t->config.reply(t->config.arg, &done.replies[i]);
    for (size_t i = 0; i < done.own_count && t->config.own; i++)
        t->config.own(t->config.arg, &done.own[i]);
    kr_output_done(&done);
    return 0;
}
