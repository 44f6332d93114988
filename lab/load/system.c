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

/* How far a participant is: what the light one and the real core tell alike. */
struct standing {
    bool member, committed;
    uint64_t epoch; /* newest announced to it; 0: none */
    size_t missing, roster_len;
};

static struct standing light_standing(const struct kr_seat *seat)
{
    struct kr_light_look l = kr_light_look(seat);
    return (struct standing){l.member, l.committed, l.epoch, l.missing, l.roster_len};
}

static struct standing full_standing(const struct kr_seat *seat)
{
    struct kr_full_look l = kr_full_look(seat);
    return (struct standing){l.member, l.committed, l.epoch, l.missing, l.roster_len};
}

static bool complete(const struct kr_crowd *crowd, struct standing (*of)(const struct kr_seat *))
{
    size_t inside = kr_crowd_count(crowd);
    for (size_t i = 0; i < crowd->seat_count; i++) {
        const struct kr_seat *seat = &crowd->seats[i];
        if (!seat->wanted)
            continue;
        struct standing s = of(seat);
        if (!seat->inside || !s.member || !s.epoch || s.roster_len != inside || s.missing || !s.committed)
            return false;
    }
    return true;
}

static bool light_complete(void *arg)
{
    return complete(arg, light_standing);
}

static bool full_complete(void *arg)
{
    return complete(arg, full_standing);
}

/* For the message when it does not come about. */
static void explain(struct kr_load *load, const struct kr_crowd *crowd,
                    struct standing (*of)(const struct kr_seat *))
{
    size_t in = kr_crowd_count(crowd), members = 0, told = 0, full = 0, committed = 0, missing = 0;
    for (size_t i = 0; i < crowd->seat_count; i++) {
        if (!crowd->seats[i].inside)
            continue;
        struct standing s = of(&crowd->seats[i]);
        members += s.member;
        told += s.roster_len == in;
        full += s.epoch && s.missing == 0;
        committed += s.committed;
        missing += s.missing;
    }
    kr_load_explain(
        load,
        "%zu inside, %zu members, %zu in the newest roster, %zu with all keys, %zu committed; %zu "
        "keys missing; %s",
        in, members, told, full, committed, missing,
        crowd->trial->wrong ? crowd->trial->wrong_why : "nothing wrong was received");
}

static void light_explain(struct kr_load *load, const struct kr_crowd *crowd)
{
    explain(load, crowd, light_standing);
}

static void full_explain(struct kr_load *load, const struct kr_crowd *crowd)
{
    explain(load, crowd, full_standing);
}

static size_t light_keys(const struct kr_crowd *crowd)
{
    return kr_light_expected(crowd, 0);
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
