/* Aligned columns of text. */
#ifndef KR_TOOLS_TABLE_H
#define KR_TOOLS_TABLE_H

#include <stddef.h>

enum { KR_TABLE_COLUMNS_MAX = 12 };

struct kr_table {
    size_t columns, cells, cap;
    char **cell; /* row by row; owned */
};

/* The headings are the first row. */
void kr_table_init(struct kr_table *t, size_t columns, const char *const *headings);
/* Copied; NULL shows as "-". Control characters become '?': the text may be a stranger's. */
void kr_table_add(struct kr_table *t, const char *text);
/* Prints, and frees the table. */
void kr_table_print(struct kr_table *t);

#endif
