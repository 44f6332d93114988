/* Stock clients of a room: who may get keys, and why A may not hear B. */
#include <stdio.h>
#include <string.h>

#include "field.h"
#include "show.h"
#include "table.h"

static void show_sides(const json_t *participants)
{
    static const char *const headings[] = {"STOCK", "E2EE", "USER", "DEVICE", "REFUSED", "HINT"};
    const json_t *p, *s;
    struct kr_table t;
    size_t i;
    char text[32];

    kr_table_init(&t, sizeof(headings) / sizeof(*headings), headings);
    json_array_foreach(participants, i, p)
    {
        s = json_object_get(p, "stock");
        if (!s)
            continue;
        kr_table_add(&t, kr_field_text(p, "participant"));
        kr_table_add(&t, !kr_field_flag(s, "gets_keys") ? "no keys"
                         : kr_field_flag(s, "enabled")  ? "on"
                                                        : "off");
        kr_table_add(&t, *kr_field_text(s, "user") ? kr_field_text(s, "user") : "guest");
        kr_table_add(&t, kr_field_text(s, "device"));
        (void)snprintf(text, sizeof(text), "%lld", (long long)kr_field_number(s, "refused"));
        kr_table_add(&t, text);
        kr_table_add(&t, kr_field_text(s, "hint"));
    }
    kr_table_print(&t);
}

static void show_pairs(const json_t *pairs)
{
    static const char *const headings[] = {"KEYS OF",        "FOR", "SESSION", "LAST KEY", "ACKED",
                                           "CONFIRMED CODE", "HINT"};
    const json_t *p;
    struct kr_table t;
    size_t i;
    char when[48];

    kr_table_init(&t, sizeof(headings) / sizeof(*headings), headings);
    json_array_foreach(pairs, i, p)
    {
        kr_table_add(&t, kr_field_text(p, "from"));
        kr_table_add(&t, kr_field_text(p, "to"));
        kr_table_add(&t, kr_field_text(p, "session"));
        if (kr_field_number(p, "keys"))
            (void)snprintf(when, sizeof(when), "%lld s ago",
                           (long long)kr_field_number(p, "since_key_ms") / 1000);
        else
            (void)snprintf(when, sizeof(when), "none seen");
        kr_table_add(&t, when);
        kr_table_add(&t, kr_field_flag(p, "acked") ? "yes" : "no");
        kr_table_add(&t, kr_field_flag(p, "confirmed") ? "yes" : "");
        kr_table_add(&t, kr_field_text(p, "hint"));
    }
    kr_table_print(&t);
}

void kr_show_stock(const json_t *answer)
{
    const json_t *stock = json_object_get(answer, "stock");

    if (!stock)
        return;
    (void)printf("\njitsi     meeting %s",
                 *kr_field_text(stock, "meeting") ? kr_field_text(stock, "meeting") : "without id");
    if (*kr_field_text(stock, "parent"))
        (void)printf(", breakout room of %s", kr_field_text(stock, "parent"));
    if (strcmp(kr_field_text(stock, "address"), kr_field_text(answer, "room")) != 0)
        (void)printf(", at %s", kr_field_text(stock, "address"));
    (void)printf("\n\n");
    show_sides(json_object_get(answer, "participants"));
    if (json_array_size(json_object_get(answer, "stock_pairs"))) {
        (void)putchar('\n');
        show_pairs(json_object_get(answer, "stock_pairs"));
    }
}
