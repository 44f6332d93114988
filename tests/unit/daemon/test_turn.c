/* The executor of a turn, with a scripted machine in the core's place: order, transactions, and that nothing
 * leaves when the store fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/limit.h"
#include "daemon/turn.h"
#include "store_memory/memory.h"

/* --- a store that fails when told to, around the one in memory; it notes what was asked of it --- */

struct failing {
    struct kr_store base;
    struct kr_store *inner;
    char *journal;
    int begin_err, write_err, query_err, commit_err;
};

static struct failing *of(struct kr_store *s)
{
    return (struct failing *)(void *)s;
}

static void note(char *journal, const char *what)
{
    (void)strncat(journal, what, 1023 - strlen(journal));
}

static int fail_begin(struct kr_store *s)
{
    note(of(s)->journal, "begin ");
    return of(s)->begin_err ? of(s)->begin_err : of(s)->inner->ops->begin(of(s)->inner);
}

static int fail_write(struct kr_store *s, const struct kr_write *w)
{
    note(of(s)->journal, "write ");
    return of(s)->write_err ? of(s)->write_err : of(s)->inner->ops->write(of(s)->inner, w);
}

static int fail_query(struct kr_store *s, const struct kr_query *q, uint64_t now_ms,
                      struct kr_query_result *ret_result)
{
    note(of(s)->journal, "query ");
    return of(s)->query_err ? of(s)->query_err
                            : of(s)->inner->ops->query(of(s)->inner, q, now_ms, ret_result);
}

static int fail_commit(struct kr_store *s)
{
    note(of(s)->journal, "commit ");
    if (!of(s)->commit_err)
        return of(s)->inner->ops->commit(of(s)->inner);
    (void)snprintf(s->errmsg, sizeof(s->errmsg), "no space left");
    return of(s)->commit_err;
}

static void fail_rollback(struct kr_store *s)
{
    note(of(s)->journal, "rollback ");
    of(s)->inner->ops->rollback(of(s)->inner);
}

static const struct kr_store_ops failing_ops = {.name = "failing",
                                                .begin = fail_begin,
                                                .write = fail_write,
                                                .query = fail_query,
                                                .commit = fail_commit,
                                                .rollback = fail_rollback};

/* --- a machine that does as the event's number says --- */

enum script { QUIET, WRITES, TWO_STEPS, MANY, ENDLESS };

struct world {
    struct failing store;
    struct kr_turn turn;
    enum script script;
    char journal[1024];
    uint64_t mono_ms;
    uint64_t tokens[4];
    size_t token_count, results;
};

static void write_log(struct kr_output *out, uint64_t idx)
{
    struct kr_write w = {.kind = KR_W_LOG};

    w.u.log.idx = idx;
    w.u.log.entry = kr_span_str("entry");
    kr_output_write(out, &w);
}

static void ask(struct kr_output *out, uint64_t token)
{
    struct kr_query q = {.kind = KR_Q_DEVICE, .token = token, .owner = "", .room = "r@m.x"};

    kr_output_query(out, &q);
}

static void step(void *arg, const struct kr_event *ev, struct kr_output *out)
{
    struct world *w = arg;

    note(w->journal, ev->kind == KR_EV_QUERY ? "step(result) " : "step ");
    if (ev->kind == KR_EV_QUERY && w->token_count < 4)
        w->tokens[w->token_count++] = ev->u.query->token;
    if (w->script == WRITES)
        write_log(out, 0);
    if (w->script == TWO_STEPS && ev->kind != KR_EV_QUERY) {
        ask(out, 1);
        ask(out, 2);
    } else if (w->script == TWO_STEPS && ev->u.query->token < 3) {
        write_log(out, ev->u.query->token - 1);
        if (ev->u.query->token == 1)
            ask(out, 3);
    }
    for (uint64_t i = 0; w->script == MANY && ev->kind != KR_EV_QUERY && i < KR_OCCUPANTS_MAX; i++)
        ask(out, i);
    w->results += ev->kind == KR_EV_QUERY;
    if (w->script == ENDLESS)
        ask(out, 9);
    kr_output_trace(out, KR_TRACE_INFO, "decided");
    kr_output_send(out, kr_strdup("<iq/>"));
    if (ev->kind == KR_EV_CONTROL)
        kr_output_reply(out, 77, 0, "done");
}

static void now(void *arg, struct kr_now *ret_now)
{
    struct world *w = arg;

    ret_now->mono_ms = w->mono_ms++;
    ret_now->wall_ms = 1000000;
}

static void on_send(void *arg, const char *xml, size_t len)
{
    assert_string_equal(xml, "<iq/>");
    assert_int_equal(len, 5);
    note(((struct world *)arg)->journal, "send ");
}

static void on_trace(void *arg, enum kr_trace_level level, const char *line)
{
    assert_int_equal(level, KR_TRACE_INFO);
    assert_string_equal(line, "decided");
    note(((struct world *)arg)->journal, "trace ");
}

static void on_reply(void *arg, const struct kr_control_reply *reply)
{
    assert_int_equal(reply->token, 77);
    note(((struct world *)arg)->journal, "reply ");
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    const struct kr_turn_config config = {
        .arg = w, .step = step, .now = now, .send = on_send, .trace = on_trace, .reply = on_reply};

    if (!w)
        return -1;
    w->store = (struct failing){
        .base = {.ops = &failing_ops}, .inner = kr_store_memory_new(), .journal = w->journal};
    kr_turn_init(&w->turn, &config, &w->store.base);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    kr_turn_done(&w->turn);
    w->store.inner->ops->close(w->store.inner);
    free(w);
    return 0;
}

static int tick(struct world *w)
{
    struct kr_event ev = {.kind = KR_EV_TICK};

    return kr_turn_event(&w->turn, &ev);
}

static void a_turn_without_writes_needs_no_transaction(void **state)
{
    struct world *w = *state;

    assert_int_equal(kr_turn_end(&w->turn), 0);
    assert_string_equal(w->journal, "");
    assert_int_equal(tick(w), 0);
    assert_int_equal(tick(w), 0);
    assert_string_equal(w->journal, "step step ");
    assert_int_equal(kr_turn_end(&w->turn), 0);
    assert_string_equal(w->journal, "step step trace trace send send ");
    assert_int_equal(w->turn.stats.commits, 0);
    assert_int_equal(w->turn.stats.turns, 1);
}

static void writes_are_committed_before_anything_leaves(void **state)
{
    struct kr_control control = {.token = 77, .scope = "r@m.x", .reason = ""};
    struct kr_event ev = {.kind = KR_EV_CONTROL, .u.control = &control};
    struct world *w = *state;

    w->script = WRITES;
    assert_int_equal(kr_turn_event(&w->turn, &ev), 0);
    assert_int_equal(kr_turn_end(&w->turn), 0);
    assert_string_equal(w->journal, "step begin write commit trace send reply ");
    assert_int_equal(w->turn.stats.commits, 1);
    assert_int_equal(w->turn.stats.sent_bytes, 5);
}

static void results_are_steps_of_the_same_turn(void **state)
{
    struct world *w = *state;

    w->script = TWO_STEPS;
    assert_int_equal(tick(w), 0);
    assert_int_equal(kr_turn_end(&w->turn), 0);
    assert_string_equal(w->journal,
                        "step begin query step(result) write query step(result) write query step(result) "
                        "commit trace trace trace trace send send send send ");
    assert_int_equal(w->token_count, 3);
    assert_int_equal(w->tokens[0], 1);
    assert_int_equal(w->tokens[1], 2);
    assert_int_equal(w->tokens[2], 3);
}

static void nothing_leaves_after_a_failed(struct world *w, const char *journal)
{
    size_t len;

    (void)kr_turn_end(&w->turn);
    assert_string_equal(w->journal, journal);
    assert_int_equal(w->turn.failed, KR_E_STORE_FULL);
    assert_non_null(
        strstr(w->turn.errmsg, w->store.base.errmsg[0] ? "no space left" : "make room on the disk"));
    /* ... and the turn stays shut. */
    len = strlen(w->journal);
    assert_int_equal(tick(w), KR_E_STORE_FULL);
    assert_int_equal(kr_turn_end(&w->turn), KR_E_STORE_FULL);
    assert_int_equal(strlen(w->journal), len);
    assert_int_equal(w->turn.stats.commits, 0);
    assert_int_equal(w->turn.stats.sent, 0);
}

static void nothing_leaves_after_a_failed_commit(void **state)
{
    struct world *w = *state;

    w->script = WRITES;
    w->store.commit_err = KR_E_STORE_FULL;
    assert_int_equal(tick(w), 0);
    assert_int_equal(kr_turn_end(&w->turn), KR_E_STORE_FULL);
    nothing_leaves_after_a_failed(w, "step begin write commit ");
    assert_non_null(strstr(w->turn.errmsg, "store: commit -> failed"));
}

static void nothing_leaves_after_a_failed_begin(void **state)
{
    struct world *w = *state;

    w->script = WRITES;
    w->store.begin_err = KR_E_STORE_FULL;
    assert_int_equal(tick(w), KR_E_STORE_FULL);
    nothing_leaves_after_a_failed(w, "step begin ");
}

static void nothing_leaves_after_a_failed_write(void **state)
{
    struct world *w = *state;

    w->script = WRITES;
    w->store.write_err = KR_E_STORE_FULL;
    assert_int_equal(tick(w), KR_E_STORE_FULL);
    nothing_leaves_after_a_failed(w, "step begin write rollback ");
}

static void nothing_leaves_after_a_failed_query(void **state)
{
    struct world *w = *state;

    w->script = TWO_STEPS;
    w->store.query_err = KR_E_STORE_FULL;
    assert_int_equal(tick(w), KR_E_STORE_FULL);
    nothing_leaves_after_a_failed(w, "step begin query rollback ");
}

/* As when the largest room recovers. */
static void many_may_be_asked_at_once(void **state)
{
    struct world *w = *state;

    w->script = MANY;
    assert_int_equal(tick(w), 0);
    assert_int_equal(w->results, KR_OCCUPANTS_MAX);
    assert_int_equal(kr_turn_end(&w->turn), 0);
}

static void a_machine_that_never_stops_asking_is_stopped(void **state)
{
    struct world *w = *state;

    w->script = ENDLESS;
    assert_int_equal(tick(w), KR_E_INTERNAL);
    assert_int_equal(w->turn.stats.sent, 0);
}

static void a_long_turn_is_cut(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < KR_TURN_EVENTS_MAX - 1; i++)
        assert_int_equal(tick(w), 0);
    assert_int_equal(w->turn.stats.turns, 0);
    assert_int_equal(tick(w), 0);
    assert_int_equal(w->turn.stats.turns, 1);
    assert_int_equal(w->turn.stats.sent, KR_TURN_EVENTS_MAX);
}

int main(void)
{
#define IN_WORLD(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        IN_WORLD(a_turn_without_writes_needs_no_transaction),
        IN_WORLD(writes_are_committed_before_anything_leaves),
        IN_WORLD(results_are_steps_of_the_same_turn),
        IN_WORLD(nothing_leaves_after_a_failed_commit),
        IN_WORLD(nothing_leaves_after_a_failed_begin),
        IN_WORLD(nothing_leaves_after_a_failed_write),
        IN_WORLD(nothing_leaves_after_a_failed_query),
        IN_WORLD(many_may_be_asked_at_once),
        IN_WORLD(a_machine_that_never_stops_asking_is_stopped),
        IN_WORLD(a_long_turn_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
