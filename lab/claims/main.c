/* kr-claims: takes one-time keys from a database as a turn of the service does, many in one transaction, each
 * exactly once. Part of ./bench. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/limit.h"
#include "io/clock.h"
#include "io/random.h"
#include "io/seal.h"
#include "store/store.h"
#include "store_sqlite/sqlite.h"

static const char usage[] =
    "usage: kr-claims FILE SEAL-KEY-FILE ATTACHES CLAIMS-PER-TRANSACTION\n"
    "\n"
    "Adds so many attaches of fifty one-time keys each to a database that no service has open, takes all of\n"
    "these keys, so many in one transaction, and prints a line of JSON. Exit: 0 each key was taken once,\n"
    "1 it was not, 2 misuse.\n";

struct bench {
    struct kr_store *store;
    struct kr_random random;
    struct kr_id *attaches;
    size_t attach_count, batch;
};

static int fail(const struct bench *b, const char *what, int err)
{
    (void)fprintf(stderr, "kr-claims: %s: %s\n", what,
                  b->store && b->store->errmsg[0] ? b->store->errmsg : kr_strerror(err));
    return err;
}

static void fill(const struct bench *b, void *out, size_t len)
{
    kr_random_fill(&b->random, out, len);
}

/* A device that registers and attaches, with a full pool. */
static int add_attach(struct bench *b, const struct kr_id *instance, struct kr_id *ret_attach)
{
    struct kr_query q = {.kind = KR_Q_REGISTER, .owner = "", .room = "claims@conference.lab.example"};
    struct kr_query_result result;
    fill(b, &q.device, sizeof(q.device));
    q.device.first_seen_ms = q.device.last_seen_ms = kr_wall_ms();
    fill(b, ret_attach, sizeof(*ret_attach));
    struct kr_write attach = {.kind = KR_W_ATTACH,
                              .u.attach = {.attach = *ret_attach,
                                           .instance = *instance,
                                           .device = q.device.id,
                                           .room = q.room,
                                           .participant = "p",
                                           .owner = "",
                                           .full_jid = "p@guests.lab.example/r",
                                           .state = KR_ATTACH_MEMBER,
                                           .at_ms = kr_wall_ms()}};
    int err = b->store->ops->query(b->store, &q, kr_wall_ms(), &result);
    err = err ? err : b->store->ops->write(b->store, &attach);
    for (size_t i = 0; !err && i < KR_OTK_MAX; i++) {
        struct kr_write key = {.kind = KR_W_KEY, .u.key = {.attach = *ret_attach, .kind = KR_CLASS_ONE_TIME}};
        fill(b, &key.u.key.key, sizeof(key.u.key.key));
        err = b->store->ops->write(b->store, &key);
    }
    return err;
}

static int prepare(struct bench *b)
{
    struct kr_write room = {.kind = KR_W_ROOM,
                            .u.room = {.room = "claims@conference.lab.example", .started_ms = kr_wall_ms()}};
    fill(b, &room.u.room.instance, sizeof(room.u.room.instance));
    int err = b->store->ops->begin(b->store);
    err = err ? err : b->store->ops->write(b->store, &room);
    for (size_t i = 0; !err && i < b->attach_count; i++)
        err = add_attach(b, &room.u.room.instance, &b->attaches[i]);
    return err ? fail(b, "prepare", err) : b->store->ops->commit(b->store);
}

/* Takes a key of each attach in turn. */
static int take(struct bench *b, size_t count, size_t *ret_taken)
{
    int err = 0;
    for (size_t i = 0; !err && i < count; i += b->batch) {
        err = b->store->ops->begin(b->store);
        for (size_t k = i; !err && k < i + b->batch && k < count; k++) {
            struct kr_query q = {.kind = KR_Q_CLAIM, .attach = b->attaches[k % b->attach_count]};
            struct kr_query_result result = {.claimed = false};
            err = b->store->ops->query(b->store, &q, kr_wall_ms(), &result);
            *ret_taken += !err && result.claimed && result.key.kind == KR_CLASS_ONE_TIME;
        }
        err = err ? err : b->store->ops->commit(b->store);
    }
    return err ? fail(b, "claim", err) : 0;
}

static int run(struct bench *b)
{
    size_t count = b->attach_count * KR_OTK_MAX, taken = 0, over = 0;
    int err = prepare(b);
    uint64_t started = kr_mono_ms();
    err = err ? err : take(b, count, &taken);
    uint64_t ms = kr_mono_ms() - started;
    /* Every pool is empty now: nothing was given twice. */
    err = err ? err : take(b, b->attach_count, &over);
    if (err || taken != count || over != 0) {
        (void)fprintf(stderr, "kr-claims: %zu keys were taken of %zu, and %zu more\n", taken, count, over);
        return 1;
    }
    (void)printf("{\"claims\": %zu, \"batch\": %zu, \"claims_per_s\": %.1f}\n", taken, b->batch,
                 (double)taken * 1000 / (double)(ms ? ms : 1));
    return 0;
}

static size_t number(const char *text)
{
    char *end;
    errno = 0;
    unsigned long v = strtoul(text, &end, 10);
    return errno || *end || *text == '-' || v > 100000 ? 0 : v;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return fputs(usage, stdout) < 0;
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return puts("kr-claims " KR_VERSION) < 0;
    struct bench b = {.attach_count = argc == 5 ? number(argv[3]) : 0,
                      .batch = argc == 5 ? number(argv[4]) : 0};
    if (!b.attach_count || !b.batch) {
        (void)fputs(usage, stderr);
        return 2;
    }
    char errmsg[256] = "";
    struct kr_secret seal = KR_SECRET_NONE;
    int err = kr_random_init();
    b.random = kr_random_system();
    err = err ? err : kr_seal_key_read(argv[2], errmsg, &seal);
    err = err ? err : kr_store_sqlite_open(argv[1], &seal, &b.random, errmsg, &b.store);
    kr_secret_done(&seal);
    if (err) {
        (void)fprintf(stderr, "kr-claims: %s\n", errmsg[0] ? errmsg : kr_strerror(err));
        return 1;
    }
    b.attaches = calloc(b.attach_count, sizeof(*b.attaches));
    int status = b.attaches ? run(&b) : 1;
    free(b.attaches);
    b.store->ops->close(b.store);
    return status ? 1 : 0;
}
