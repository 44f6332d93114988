#include "store_memory/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct kr_row_key kr_row_key(struct kr_span a, struct kr_span b)
{
    struct kr_row_key k = {.ptr = kr_malloc(a.len + b.len), .len = a.len + b.len};
    if (a.len)
        memcpy(k.ptr, a.ptr, a.len);
    if (b.len)
        memcpy(k.ptr + a.len, b.ptr, b.len);
    return k;
}

struct kr_row_key kr_row_key_u64(struct kr_span a, uint64_t n)
{
    uint8_t be[8];
    for (unsigned i = 0; i < 8; i++)
        be[i] = (uint8_t)(n >> (56 - 8 * i));
    return kr_row_key(a, kr_span(be, sizeof(be)));
}

static struct kr_row *find(struct kr_tables *t, enum kr_table table, const uint8_t *key, size_t len)
{
    struct kr_row *row = NULL;
    HASH_FIND(hh, t->rows[table], key, len, row);
    return row;
}

struct kr_row *kr_table_find(struct kr_tables *t, enum kr_table table, struct kr_row_key key)
{
    struct kr_row *row = find(t, table, key.ptr, key.len);
    free(key.ptr);
    return row;
}

static void note(struct kr_tables *t, enum kr_table table, struct kr_row *was, struct kr_row *is)
{
    void *undo = t->undo;
    kr_grow(&undo, &t->undo_cap, t->undo_len, sizeof(*t->undo));
    t->undo = undo;
    t->undo[t->undo_len++] = (struct kr_undo_step){.table = table, .was = was, .is = is};
}

static void add(struct kr_tables *t, enum kr_table table, struct kr_row *row)
{
    HASH_ADD_KEYPTR(hh, t->rows[table], row->key, row->key_len, row);
}

struct kr_row *kr_table_put(struct kr_tables *t, enum kr_table table, struct kr_row_key key)
{
    struct kr_row *was = find(t, table, key.ptr, key.len);
    if (was)
        HASH_DEL(t->rows[table], was);
    struct kr_row *row = kr_calloc(1, sizeof(*row));
    row->key = key.ptr;
    row->key_len = key.len;
    row->w.kind = KR_W_KINDS;
    add(t, table, row);
    note(t, table, was, row);
    return row;
}

void kr_table_delete(struct kr_tables *t, enum kr_table table, struct kr_row *row)
{
    HASH_DEL(t->rows[table], row);
    note(t, table, row, NULL);
}

static int by_key(const struct kr_row *a, const struct kr_row *b)
{
    size_t len = a->key_len < b->key_len ? a->key_len : b->key_len;
    int order = memcmp(a->key, b->key, len);
    return order ? order : (a->key_len > b->key_len) - (a->key_len < b->key_len);
}

void kr_table_sort(struct kr_tables *t, enum kr_table table)
{
    HASH_SORT(t->rows[table], by_key);
}

static void row_free(struct kr_row *row)
{
    if (!row)
        return;
    kr_write_done(&row->w);
    free(row->key);
    free(row);
}

void kr_tables_keep(struct kr_tables *t)
{
    /* A row that was put and replaced within the transaction is the `was` of a later step. */
    for (size_t i = 0; i < t->undo_len; i++)
        row_free(t->undo[i].was);
    t->undo_len = 0;
}

void kr_tables_undo(struct kr_tables *t)
{
    while (t->undo_len) {
        struct kr_undo_step *step = &t->undo[--t->undo_len];
        if (step->is) {
            HASH_DEL(t->rows[step->table], step->is);
            row_free(step->is);
        }
        if (step->was)
            add(t, step->table, step->was);
    }
}

void kr_tables_done(struct kr_tables *t)
{
    kr_tables_undo(t);
    for (int i = 0; i < KR_TABLES; i++) {
        struct kr_row *row = t->rows[i];
        HASH_CLEAR(hh, t->rows[i]);
        while (row) {
            struct kr_row *next = row->hh.next;
            row_free(row);
            row = next;
        }
    }
    free(t->undo);
}
