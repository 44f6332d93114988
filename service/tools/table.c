#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"

void kr_table_init(struct kr_table *t, size_t columns, const char *const *headings)
{
    *t = (struct kr_table){.columns = columns};
    for (size_t i = 0; i < columns; i++)
        kr_table_add(t, headings[i]);
}

void kr_table_add(struct kr_table *t, const char *text)
{
    char *copy = kr_strdup(text && *text ? text : "-");
    bool plain = kr_utf8_plain(copy, strlen(copy));

    for (char *p = copy; *p && !plain; p++)
        if ((unsigned char)*p < 0x20 || (unsigned char)*p > 0x7e)
            *p = '?';
    kr_grow((void **)&t->cell, &t->cap, t->cells, sizeof(*t->cell));
    t->cell[t->cells++] = copy;
}

/* Characters, not bytes: UTF-8 continuation bytes do not count. */
static size_t width(const char *s)
{
    size_t n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

void kr_table_print(struct kr_table *t)
{
    size_t widths[KR_TABLE_COLUMNS_MAX] = {0};

    for (size_t i = 0; i < t->cells; i++) {
        size_t w = width(t->cell[i]);

        if (w > widths[i % t->columns])
            widths[i % t->columns] = w;
    }
    for (size_t i = 0; i < t->cells; i++) {
        size_t column = i % t->columns;
        size_t pad = widths[column] - width(t->cell[i]) + 2;

        if (column + 1 == t->columns)
            (void)printf("%s\n", t->cell[i]);
        else
            (void)printf("%s%*s", t->cell[i], (int)pad, "");
        free(t->cell[i]);
    }
    free(t->cell);
    *t = (struct kr_table){0};
}
