#include "sim/world/queue.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "sim/world/media.h"

static bool before(const struct sim_item *a, const struct sim_item *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void swap(struct sim_item *a, struct sim_item *b)
{
    struct sim_item t = *a;
    *a = *b;
    *b = t;
}

void sim_queue_put(struct sim_queue *q, struct sim_item item)
{
    kr_grow((void **)&q->items, &q->cap, q->len, sizeof(*q->items));
    item.order = ++q->order;
    size_t i = q->len++;
    q->items[i] = item;
    while (i && before(&q->items[i], &q->items[(i - 1) / 2])) {
        swap(&q->items[i], &q->items[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

const struct sim_item *sim_queue_peek(const struct sim_queue *q)
{
    return q->len ? &q->items[0] : NULL;
}

struct sim_item sim_queue_take(struct sim_queue *q)
{
    struct sim_item top = q->items[0];
    q->items[0] = q->items[--q->len];
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t c = 2 * i + 1; c <= 2 * i + 2 && c < q->len; c++)
            if (before(&q->items[c], &q->items[least]))
                least = c;
        if (least == i)
            return top;
        swap(&q->items[i], &q->items[least]);
        i = least;
    }
}

void sim_item_done(struct sim_item *item)
{
    free(item->text);
    sim_frame_free(item->frame);
    item->text = NULL;
    item->frame = NULL;
}

void sim_queue_done(struct sim_queue *q)
{
    for (size_t i = 0; i < q->len; i++)
        sim_item_done(&q->items[i]);
    free(q->items);
    *q = (struct sim_queue){0};
}
