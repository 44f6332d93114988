#include "load/leaves.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "load/light.h"

void kr_leaves_done(struct kr_leaves *l)
{
    free(l->open);
    kr_samples_done(&l->exposure);
    *l = (struct kr_leaves){.crowd = NULL};
}

void kr_leaves_add(struct kr_leaves *l, struct kr_seat *seat)
{
    void *array = l->open;
    kr_grow(&array, &l->open_cap, l->open_len, sizeof(*l->open));
    l->open = array;
    l->open[l->open_len++] = (struct kr_leave){.room = seat->room, .attach = kr_light_look(seat).attach};
    kr_seat_leave(seat);
    l->open[l->open_len - 1].cause_ns = l->crowd->left_ns[seat->room];
}

bool kr_leaves_in_room(const struct kr_leaves *l, size_t room)
{
    for (size_t i = 0; i < l->open_len; i++)
        if (l->open[i].room == room)
            return true;
    return false;
}

/* Everybody who sends has a key of that epoch or a newer one. Who has no key yet cannot send with an old one.
 */
static bool all_switched(const struct kr_leaves *l, const struct kr_leave *leave)
{
    size_t rooms = l->crowd->config->rooms;
    for (size_t i = leave->room; i < l->crowd->seat_count; i += rooms) {
        const struct kr_seat *seat = &l->crowd->seats[i];
        if (!seat->inside || !seat->state)
            continue;
        uint64_t epoch = kr_light_look(seat).switched;
        if (epoch && epoch < leave->epoch)
            return false;
    }
    return true;
}

static bool is_over(struct kr_leaves *l, struct kr_leave *leave)
{
    if (!leave->epoch)
        leave->epoch = kr_light_epoch_without(l->crowd, leave->room, &leave->attach);
    return leave->epoch && all_switched(l, leave);
}

size_t kr_leaves_look(struct kr_leaves *l)
{
    uint64_t now = kr_now_ns();
    size_t kept = 0;
    for (size_t i = 0; i < l->open_len; i++) {
        if (is_over(l, &l->open[i]))
            kr_samples_add(&l->exposure, now - l->open[i].cause_ns);
        else
            l->open[kept++] = l->open[i];
    }
    l->open_len = kept;
    return kept;
}
