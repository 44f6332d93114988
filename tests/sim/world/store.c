#include "sim/world/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "sim/check/check.h"
#include "sim/world/world.h"
#include "store_memory/memory.h"

/* What a backup keeps, in the order it was committed. */
struct sim_kept {
    bool is_query;
    struct kr_write write;
    struct kr_query query; /* REGISTER; strings owned */
    uint64_t now_ms;
};
struct sim_journal {
    struct sim_kept *kept;
    size_t len, cap, committed, backup;
};

static struct sim_store *of(struct kr_store *s)
{
    return (struct sim_store *)(void *)s;
}

static bool fails(struct sim_store *s, enum sim_store_fault fault)
{
    if (s->fault != fault)
        return false;
    s->fault = SIM_STORE_WORKS;
    snprintf(s->base.errmsg, sizeof(s->base.errmsg), "the simulated disk is full");
    return true;
}

static int verb_load(struct kr_store *store, struct kr_snapshot *ret_snapshot)
{
    return of(store)->inner->ops->load(of(store)->inner, ret_snapshot);
}

static int verb_begin(struct kr_store *store)
{
    return fails(of(store), SIM_FAILS_BEGIN) ? KR_E_STORE_FULL
                                             : of(store)->inner->ops->begin(of(store)->inner);
}

static bool is_kept(const struct kr_write *w)
{
    return w->kind == KR_W_APPROVE || w->kind == KR_W_REVOKE || w->kind == KR_W_OPENING ||
           w->kind == KR_W_LOG || w->kind == KR_W_LOG_KEY || w->kind == KR_W_LOG_HALT ||
           w->kind == KR_W_CHECKPOINT || w->kind == KR_W_COSIGNATURE || w->kind == KR_W_EVIDENCE;
}

static struct sim_kept *keep(struct sim_store *s)
{
    struct sim_journal *j = s->journal;
    kr_grow((void **)&j->kept, &j->cap, j->len, sizeof(*j->kept));
    struct sim_kept *k = &j->kept[j->len++];
    *k = (struct sim_kept){.is_query = false};
    return k;
}

static int verb_write(struct kr_store *store, const struct kr_write *w)
{
    struct sim_store *s = of(store);
    if (fails(s, SIM_FAILS_WRITE))
        return KR_E_STORE_FULL;
    int err = s->inner->ops->write(s->inner, w);
    if (err)
        sim_violate(s->world, SIM_P_MEMORY, "a write of kind %d is refused by the store (%s)", (int)w->kind,
                    s->inner->errmsg);
    if (!err && s->journal && is_kept(w))
        kr_write_copy(&keep(s)->write, w);
    return err;
}

static int verb_query(struct kr_store *store, const struct kr_query *q, uint64_t now_ms,
                      struct kr_query_result *ret_result)
{
    struct sim_store *s = of(store);
    if (fails(s, SIM_FAILS_QUERY))
        return KR_E_STORE_FULL;
    int err = s->inner->ops->query(s->inner, q, now_ms, ret_result);
    if (!err && s->journal && q->kind == KR_Q_REGISTER) {
        struct sim_kept *k = keep(s);
        k->is_query = true;
        k->query = *q;
        k->query.owner = kr_strdup(q->owner);
        k->query.room = kr_strdup(q->room);
        k->now_ms = now_ms;
    }
    return err;
}

static void drop_kept(struct sim_journal *j, size_t from)
{
    for (size_t i = from; i < j->len; i++) {
        if (!j->kept[i].is_query)
            kr_write_done(&j->kept[i].write);
        free((char *)j->kept[i].query.owner);
        free((char *)j->kept[i].query.room);
    }
    j->len = from;
}

static void verb_rollback(struct kr_store *store)
{
    struct sim_store *s = of(store);
    s->inner->ops->rollback(s->inner);
    if (s->journal)
        drop_kept(s->journal, s->journal->committed);
    sim_check_rolled_back(s->world);
}

/* A process can end just before a commit took effect, or just after, or be told that it failed when it did
 * not. */
static int verb_commit(struct kr_store *store)
{
    struct sim_store *s = of(store);
    struct sim_service *service = &s->world->service;
    if (fails(s, SIM_FAILS_COMMIT) || service->death == SIM_DIES_BEFORE) {
        verb_rollback(store);
        return KR_E_STORE_FULL;
    }
    int err = s->inner->ops->commit(s->inner);
    if (err)
        return err;
    if (s->journal)
        s->journal->committed = s->journal->len;
    sim_check_committed(s->world);
    if (service->death == SIM_DIES_LOST)
        return KR_E_STORE;
    service->dying = service->death == SIM_DIES_AFTER;
    if (s->commit_ms)
        sim_sleep(s->world, SIM_SERVICE, s->commit_ms);
    return 0;
}

static const struct kr_store_ops ops = {.name = "simulated",
                                        .load = verb_load,
                                        .begin = verb_begin,
                                        .write = verb_write,
                                        .query = verb_query,
                                        .commit = verb_commit,
                                        .rollback = verb_rollback};

void sim_store_init(struct sim_store *s, struct sim_world *world)
{
    *s = (struct sim_store){.base = {.ops = &ops}, .world = world, .fault = SIM_STORE_WORKS};
    s->inner = kr_store_memory_new();
    for (size_t i = 0; i < world->plan->act_count && !s->journal; i++)
        if (world->plan->acts[i].kind == SIM_ACT_BACKUP || world->plan->acts[i].kind == SIM_ACT_RESTORE)
            s->journal = kr_calloc(1, sizeof(*s->journal));
}

void sim_store_done(struct sim_store *s)
{
    s->inner->ops->close(s->inner);
    if (s->journal) {
        drop_kept(s->journal, 0);
        free(s->journal->kept);
        free(s->journal);
    }
}

void sim_store_backup(struct sim_store *s)
{
    s->journal->backup = s->journal->committed;
}

/* As the tool does: a log that was set back is not gone on with. */
static void close_log(struct kr_store *store, const char *origin)
{
    struct kr_write w = {.kind = KR_W_LOG_HALT,
                         .u.log_key = {.origin = origin, .halted = "restored", .closed = true}};
    store->ops->write(store, &w);
}

void sim_store_restore(struct sim_store *s)
{
    struct sim_journal *j = s->journal;
    uint64_t log_size = 0;
    s->inner->ops->close(s->inner);
    s->inner = kr_store_memory_new();
    drop_kept(j, j->backup);
    j->committed = j->backup;
    s->inner->ops->begin(s->inner);
    for (size_t i = 0; i < j->len; i++) {
        struct sim_kept *k = &j->kept[i];
        struct kr_query_result r;
        if (k->is_query)
            s->inner->ops->query(s->inner, &k->query, k->now_ms, &r);
        else
            s->inner->ops->write(s->inner, &k->write);
        log_size += !k->is_query && k->write.kind == KR_W_LOG;
        if (!k->is_query && k->write.kind == KR_W_LOG_KEY)
            close_log(s->inner, k->write.u.log_key.origin);
    }
    s->inner->ops->commit(s->inner);
    sim_check_restored(s->world, log_size);
}
