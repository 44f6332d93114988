/* Who was in: a bar for each stay, with the rotations across it, and a table. */
#include <stdio.h>
#include <string.h>

#include "audit_report.h"

enum {
    BARS_MAX = 60, /* more are not read as a picture */
    TICKS_MAX = 150
};

static double percent(const struct kr_page *p, uint64_t ms)
{
    return p->last_ms > p->first_ms ? 100.0 * (double)(ms - p->first_ms) / (double)(p->last_ms - p->first_ms)
                                    : 0;
}

static void bar(struct kr_buf *b, const struct kr_page *p, const char *element, uint64_t from, uint64_t to)
{
    double left = percent(p, from), right = percent(p, to);
    kr_buf_printf(b, "<%s style=\"left:%.2f%%;width:%.2f%%\"></%s>", element, left, right - left, element);
}

static void stay_bar(struct kr_buf *b, const struct kr_page *p, const struct kr_page_stay *s)
{
    uint64_t out = s->out_ms ? s->out_ms : p->last_ms;
    kr_buf_add_str(b, "<div><span>");
    kr_html(b, s->participant);
    kr_buf_add_str(b, "</span><div class=\"track\">");
    for (size_t i = 0; i < p->epoch_count && p->epoch_count <= TICKS_MAX; i++) {
        if (p->epochs[i].complete && p->epochs[i].end_ms >= p->first_ms)
            kr_buf_printf(b, "<u style=\"left:%.2f%%\"></u>", percent(p, p->epochs[i].end_ms));
    }
    if (s->wait_ms)
        bar(b, p, "i", s->wait_ms, s->in_ms ? s->in_ms : out);
    if (s->in_ms)
        bar(b, p, "b", s->in_ms, out);
    kr_buf_add_str(b, "</div></div>\n");
}

static bool one_room(const struct kr_page *p)
{
    for (size_t i = 1; i < p->stay_count; i++) {
        if (strcmp(p->stays[i].room, p->stays[0].room) != 0)
            return false;
    }
    return true;
}

static bool somebody_waited(const struct kr_page *p)
{
    for (size_t i = 0; i < p->stay_count; i++) {
        if (p->stays[i].wait_ms)
            return true;
    }
    return false;
}

static void bars(struct kr_buf *b, const struct kr_page *p)
{
    if (p->stay_count > BARS_MAX || !one_room(p) || p->last_ms == p->first_ms)
        return;
    kr_buf_add_str(b, "<div class=\"bars\">\n");
    for (size_t i = 0; i < p->stay_count; i++)
        stay_bar(b, p, &p->stays[i]);
    kr_buf_add_str(b, "<div><span></span><div class=\"axis\"><em>");
    kr_html_time(b, p, p->first_ms);
    kr_buf_add_str(b, "</em><em>");
    kr_html_time(b, p, p->last_ms);
    kr_buf_printf(
        b,
        "</em></div></div></div>\n<p class=\"dim\">Filled: a member, who had the keys. %sDashed lines: a "
        "rotation was complete.</p>\n",
        somebody_waited(p) ? "Hatched: waiting, without any. " : "");
}

static void time_cell(struct kr_buf *b, const struct kr_page *p, const char *label, uint64_t ms)
{
    kr_buf_printf(b, "<td class=\"t\" data-l=\"%s\">", label);
    if (ms)
        kr_html_time(b, p, ms);
    kr_buf_add_str(b, "</td>");
}

void kr_page_people(struct kr_buf *b, const struct kr_page *p)
{
    kr_buf_add_str(b, "<h2>Who was in</h2>\n");
    if (!p->stay_count) {
        kr_buf_add_str(b, "<p>Nobody.</p>\n");
        return;
    }
    bars(b, p);
    bool rooms = !one_room(p), waited = somebody_waited(p);
    kr_buf_printf(b,
                  "<table><thead><tr><th>participant</th>%s<th>owner</th><th>device</th>%s<th>had "
                  "keys from</th><th>until</th><th>why</th><th class=\"n\">entry</th></tr></thead><tbody>\n",
                  rooms ? "<th>room</th>" : "", waited ? "<th>waited from</th>" : "");
    for (size_t i = 0; i < p->stay_count; i++) {
        const struct kr_page_stay *s = &p->stays[i];
        kr_buf_add_str(b, "<tr>");
        kr_html_cell(b, "participant", s->participant);
        if (rooms)
            kr_html_cell(b, "room", s->room);
        kr_html_cell(b, "owner", *s->owner ? s->owner : "a guest");
        kr_buf_add_str(b, "<td class=\"id\" data-l=\"device\">");
        kr_html(b, s->device);
        kr_buf_add_str(b, "</td>");
        if (waited)
            time_cell(b, p, "waited from", s->wait_ms);
        time_cell(b, p, "had keys from", s->in_ms);
        time_cell(b, p, "until", s->out_ms);
        kr_html_cell(b, "why", s->why);
        kr_html_number(b, "entry", s->idx);
        kr_buf_add_str(b, "</tr>\n");
    }
    kr_buf_add_str(b, "</tbody></table>\n");
}
