/* Who verified whom, as a drawing: devices on a circle, an arrow from who said it to whom it is about. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_report.h"
#include "base/alloc.h"

enum {
    NODES_MAX = 24, /* more are not read as a picture */
    NODE_R = 16,
    NAME_MAX = 14 /* characters beneath a node; all of it is in the table */
};

struct node {
    const char *device;
    double x, y;
};

struct graph {
    struct node nodes[NODES_MAX];
    size_t count;
    double width, height; /* of the drawing, in its own units */
    bool whole;
};

static const char *const bond_class[] = {"", " ended", " mismatch"};
static const char *const legend[] = {"verified, and it holds", "verified, then taken back or expired",
                                     "says that the codes differ"};
static const char *const bond_text[] = {"verified", "verified", "says that the codes differ"};

static struct node *find(struct graph *g, const char *device)
{
    for (size_t i = 0; i < g->count; i++) {
        if (strcmp(g->nodes[i].device, device) == 0)
            return &g->nodes[i];
    }
    if (g->count == NODES_MAX) {
        g->whole = false;
        return NULL;
    }
    g->nodes[g->count] = (struct node){.device = device};
    return &g->nodes[g->count++];
}

/* Two side by side, more on a circle that grows with them. */
static void place(struct graph *g)
{
    double radius = g->count > 2 ? 50 + 9 * (double)g->count : 90;
    g->width = 2 * radius + 120;
    g->height = g->count > 2 ? 2 * radius + 100 : 120;
    for (size_t i = 0; i < g->count; i++) {
        double angle =
            2 * 3.14159265358979 * (double)i / (double)g->count - (g->count > 2 ? 0 : 1.57079632679490);
        g->nodes[i].x = g->width / 2 + radius * sin(angle);
        g->nodes[i].y = g->height / 2 - radius * cos(angle);
    }
}

/* Curved to its right, so that two that verified each other are two arrows. */
static void arrow(struct kr_buf *b, const struct node *from, const struct node *to, enum kr_page_bond bond)
{
    double dx = to->x - from->x, dy = to->y - from->y, len = sqrt(dx * dx + dy * dy);
    if (len < 1)
        return;
    double bend = len * 0.12;
    double cx = (from->x + to->x) / 2 - dy / len * bend, cy = (from->y + to->y) / 2 + dx / len * bend;
    double ex = to->x - cx, ey = to->y - cy, tail = sqrt(ex * ex + ey * ey);
    ex /= tail, ey /= tail;
    double tx = to->x - ex * (NODE_R + 2), ty = to->y - ey * (NODE_R + 2); /* the tip touches the node */
    double sx = cx - from->x, sy = cy - from->y, head = sqrt(sx * sx + sy * sy);
    kr_buf_printf(b, "<path class=\"bond%s\" d=\"M%.1f %.1fQ%.1f %.1f %.1f %.1f\"/>", bond_class[bond],
                  from->x + sx / head * NODE_R, from->y + sy / head * NODE_R, cx, cy, tx - ex * 8,
                  ty - ey * 8);
    kr_buf_printf(b, "<path class=\"tip%s\" d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fZ\"/>\n", bond_class[bond], tx,
                  ty, tx - ex * 10 - ey * 5, ty - ey * 10 + ex * 5, tx - ex * 10 + ey * 5,
                  ty - ey * 10 - ex * 5);
}

/* As much of a name as has room, whole characters of UTF-8. */
static void short_name(struct kr_buf *b, const char *name)
{
    char text[NAME_MAX * 4 + 1];
    size_t len = 0, chars = 0;
    for (; name[len] && len < sizeof(text) - 1; len++) {
        if (((uint8_t)name[len] & 0xc0) != 0x80 && chars++ == NAME_MAX)
            break;
        text[len] = name[len];
    }
    text[len] = '\0';
    kr_html(b, text);
    if (name[len])
        kr_buf_add_str(b, "…");
}

static bool has_bond(const struct kr_page *p, enum kr_page_bond bond)
{
    for (size_t i = 0; i < p->trust_count; i++) {
        if (p->trusts[i].bond == bond)
            return true;
    }
    return false;
}

static void draw(struct kr_buf *b, const struct kr_page *p, struct graph *g)
{
    kr_buf_printf(b,
                  "<figure style=\"max-width:%.0fpx\"><svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" "
                  "aria-label=\"Who verified whom; the table has "
                  "the same\">\n",
                  g->width * 1.15, g->width, g->height);
    for (size_t i = 0; i < p->trust_count; i++)
        arrow(b, find(g, p->trusts[i].from), find(g, p->trusts[i].to), p->trusts[i].bond);
    for (size_t i = 0; i < g->count; i++) {
        const struct node *n = &g->nodes[i];
        bool above = n->y < g->height / 2 - 1;
        kr_buf_printf(
            b,
            "<circle class=\"node\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"/><text x=\"%.1f\" y=\"%.1f\">%zu</text>",
            n->x, n->y, NODE_R, n->x, n->y, i + 1);
        kr_buf_printf(b, "<text x=\"%.1f\" y=\"%.1f\">", n->x, n->y + (above ? -NODE_R - 11 : NODE_R + 13));
        short_name(b, kr_page_who(p, n->device));
        kr_buf_add_str(b, "</text>\n");
    }
    kr_buf_add_str(b, "</svg><figcaption>");
    for (int i = KR_BOND_VERIFIED; i <= KR_BOND_MISMATCH; i++) {
        if (has_bond(p, (enum kr_page_bond)i))
            kr_buf_printf(
                b, "<span><svg viewBox=\"0 0 34 8\"><path class=\"bond%s\" d=\"M0 4H34\"/></svg> %s</span>",
                bond_class[i], legend[i]);
    }
    kr_buf_add_str(b, "</figcaption></figure>\n");
}

static void row(struct kr_buf *b, const struct kr_page *p, const struct kr_page_trust *t)
{
    kr_buf_add_str(b, "<tr><td class=\"t\" data-l=\"time (UTC)\">");
    kr_html_time(b, p, t->at_ms);
    kr_buf_add_str(b, "</td>");
    kr_html_cell(b, "who", kr_page_who(p, t->from));
    kr_html_cell(b, "what", bond_text[t->bond]);
    kr_html_cell(b, "whom", kr_page_who(p, t->to));
    kr_buf_add_str(b, "<td data-l=\"since\">");
    kr_html(b, t->bond == KR_BOND_ENDED ? t->how : t->bond == KR_BOND_VERIFIED ? "holds" : "");
    if (t->bond == KR_BOND_ENDED)
        kr_buf_printf(b, " (entry %" PRIu64 ")", t->end_idx);
    kr_buf_add_str(b, "</td>");
    kr_html_number(b, "entry", t->idx);
    kr_buf_add_str(b, "</tr>\n");
}

void kr_page_graph(struct kr_buf *b, const struct kr_page *p)
{
    kr_buf_add_str(b, "<h2>Who verified whom</h2>\n");
    if (!p->trust_count) {
        kr_buf_add_str(b, "<p>Nobody verified anybody.</p>\n");
        return;
    }
    struct graph g = {.whole = true};
    for (size_t i = 0; i < p->trust_count; i++) {
        find(&g, p->trusts[i].from);
        find(&g, p->trusts[i].to);
    }
    place(&g);
    if (g.whole)
        draw(b, p, &g);
    kr_buf_add_str(b,
                   "<table><thead><tr><th>time (UTC)</th><th>who</th><th>what</th><th>whom</th><th>since</th>"
                   "<th class=\"n\">entry</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < p->trust_count; i++)
        row(b, p, &p->trusts[i]);
    kr_buf_add_str(b, "</tbody></table>\n");
}
