/* The systems there are. */
#include <string.h>

#include "load/floor.h"
#include "load/full.h"
#include "load/light.h"
#include "load/stock.h"
#include "load/story.h"

static size_t all_pairs(const struct kr_crowd *crowd)
{
    size_t n = kr_crowd_count(crowd);
    return n * (n - 1);
}

/* The newcomer and each of the others. */
static size_t newcomer_pairs(const struct kr_crowd *crowd)
{
    return 2 * (kr_crowd_count(crowd) - 1);
}

static size_t no_pairs(const struct kr_crowd *crowd)
{
    (void)crowd;
    return 0;
}

/* --- keyroom --- */

static bool light_complete(void *arg)
{
    const struct kr_crowd *crowd = arg;
    size_t inside = kr_crowd_count(crowd);
    for (size_t i = 0; i < crowd->seat_count; i++) {
        const struct kr_seat *seat = &crowd->seats[i];
        if (!seat->wanted)
            continue;
        struct kr_light_look l = kr_light_look(seat);
        if (!seat->inside || !l.member || !l.epoch || l.roster_len != inside || l.missing || !l.committed)
            return false;
    }
    return true;
}

/* For the message when it does not come about. */
static void explain(struct kr_load *load, const struct kr_crowd *crowd, const size_t of[static 6])
{
    kr_load_explain(
        load,
        "%zu inside, %zu members, %zu in the newest roster, %zu with all keys, %zu committed; %zu "
        "keys missing; %s",
        of[0], of[1], of[2], of[3], of[4], of[5],
        crowd->trial->wrong ? crowd->trial->wrong_why : "nothing wrong was received");
}

static void light_explain(struct kr_load *load, const struct kr_crowd *crowd)
{
    size_t in = kr_crowd_count(crowd), members = 0, told = 0, full = 0, committed = 0, missing = 0;
    for (size_t i = 0; i < crowd->seat_count; i++) {
        if (!crowd->seats[i].inside)
            continue;
        struct kr_light_look l = kr_light_look(&crowd->seats[i]);
        members += l.member;
        told += l.roster_len == in;
        full += l.epoch && l.missing == 0;
        committed += l.committed;
        missing += l.missing;
    }
    explain(load, crowd, (const size_t[]){in, members, told, full, committed, missing});
}

static size_t light_keys(const struct kr_crowd *crowd)
{
    return kr_light_expected(crowd, 0);
}

static bool full_complete(void *arg)
{
    const struct kr_crowd *crowd = arg;
    size_t inside = kr_crowd_count(crowd);
    for (size_t i = 0; i < crowd->seat_count; i++) {
        const struct kr_seat *seat = &crowd->seats[i];
        if (!seat->wanted)
            continue;
        struct kr_full_look l = kr_full_look(seat);
        if (!seat->inside || !l.member || !l.epoch || l.roster_len != inside || l.missing || !l.committed)
            return false;
    }
    return true;
}

static void full_explain(struct kr_load *load, const struct kr_crowd *crowd)
{
    size_t in = kr_crowd_count(crowd), members = 0, told = 0, whole = 0, committed = 0, missing = 0;
    for (size_t i = 0; i < crowd->seat_count; i++) {
        if (!crowd->seats[i].inside)
            continue;
        struct kr_full_look l = kr_full_look(&crowd->seats[i]);
        members += l.member;
        told += l.roster_len == in;
        whole += l.epoch && l.missing == 0;
        committed += l.committed;
        missing += l.missing;
    }
    explain(load, crowd, (const size_t[]){in, members, told, whole, committed, missing});
}

/* Whose keys somebody misses, the core counts and does not name: each counts as a pair, so this may only be
 * too large. */
static size_t full_failed(const struct kr_crowd *crowd)
{
    size_t failed = 0;
    for (size_t i = 0; i < crowd->seat_count; i++)
        if (crowd->seats[i].inside)
            failed += kr_full_look(&crowd->seats[i]).missing;
    return failed;
}

static const struct kr_system systems[] = {
    {.name = "stock",
     .dialect = &kr_stock_sized,
     .complete = kr_stock_all_settled,
     .keys_of_leave = all_pairs,
     .keys_of_join = newcomer_pairs,
     .failed_pairs = kr_stock_failed_pairs},
    {.name = "stock",
     .olm = true,
     .dialect = &kr_stock_olm,
     .complete = kr_stock_all_on,
     .keys_of_leave = all_pairs,
     .keys_of_join = newcomer_pairs,
     .failed_pairs = kr_stock_failed_pairs},
    {.name = "keyroom",
     .dialect = &kr_light,
     .service = true,
     .complete = light_complete,
     .explain = light_explain,
     .keys_of_leave = light_keys,
     .keys_of_join = light_keys,
     .failed_pairs = no_pairs},
    {.name = "keyroom",
     .olm = true,
     .dialect = &kr_full,
     .service = true,
     .complete = full_complete,
     .explain = full_explain,
     .keys_of_leave = all_pairs,
     .keys_of_join = newcomer_pairs,
     .failed_pairs = full_failed},
    {.name = "floor", .dialect = &kr_floor, .failed_pairs = no_pairs},
};

const struct kr_system *kr_system_find(const char *name, bool olm)
{
    for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++)
        if (strcmp(systems[i].name, name) == 0 && systems[i].olm == olm)
            return &systems[i];
    return NULL;
}
