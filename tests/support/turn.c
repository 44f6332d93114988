#include "support/turn.h"

#include <stdlib.h>

static int apply_writes(struct kr_store *store, struct kr_output *out, size_t *writes)
{
    int err = 0;
    for (size_t i = 0; i < out->write_count && !err; i++, (*writes)++)
        err = store->ops->write(store, &out->writes[i]);
    kr_output_clear_writes(out);
    return err;
}

/* All queries that are asked now; the results may ask again. */
static int run_queries(struct kr_core *core, struct kr_store *store, const struct kr_now *now,
                       struct kr_output *out, size_t *writes)
{
    struct kr_output asked;
    int err = 0;
    kr_output_init(&asked);
    asked.queries = out->queries;
    asked.query_count = out->query_count;
    asked.query_cap = out->query_cap;
    out->queries = NULL;
    out->query_count = out->query_cap = 0;
    for (size_t i = 0; i < asked.query_count && !err; i++) {
        struct kr_query_result r = {0};
        struct kr_event e = {.kind = KR_EV_QUERY, .now = *now, .u.query = &r};
        err = store->ops->query(store, &asked.queries[i], now->wall_ms, &r);
        if (!err) {
            kr_core_step(core, &e, out);
            err = apply_writes(store, out, writes);
        }
    }
    kr_output_done(&asked);
    return err;
}

int kr_test_turn(struct kr_core *core, struct kr_store *store, const struct kr_event *event,
                 struct kr_output *out, size_t *ret_writes)
{
    size_t writes = 0;
    int err = store->ops->begin(store);
    if (err)
        return err;
    kr_core_step(core, event, out);
    err = apply_writes(store, out, &writes);
    while (!err && out->query_count)
        err = run_queries(core, store, &event->now, out, &writes);
    if (err)
        store->ops->rollback(store);
    else
        err = store->ops->commit(store);
    if (ret_writes)
        *ret_writes = writes;
    return err;
}
