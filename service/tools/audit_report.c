#include "audit_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_MAX = 1 << 28 };

/* --- what it says at once --- */

static void summary(struct kr_buf *b, const struct kr_page *p, const struct kr_audit *a)
{
    char first[32] = "", last[32] = "";
    size_t complete = 0, refused = 0, holds = 0;
    for (size_t i = 0; i < p->epoch_count; i++)
        complete += p->epochs[i].complete;
    for (size_t i = 0; i < p->event_count; i++)
        refused += strcmp(p->events[i].type, "refused") == 0;
    for (size_t i = 0; i < p->trust_count; i++)
        holds += p->trusts[i].bond == KR_BOND_VERIFIED;
    kr_audit_time(p->first_ms, first);
    kr_audit_time(p->last_ms, last);
    kr_buf_add_str(b, "<h1>Who had which keys");
    if (a->room) {
        kr_buf_add_str(b, ": ");
        kr_html(b, a->room);
    }
    kr_buf_add_str(b, "</h1>\n");
    if (p->entry_count)
        kr_buf_printf(b, "<p>%s to %s (UTC), %zu entries of the log.</p>\n", first, last, p->entry_count);
    else
        kr_buf_add_str(b, "<p>The log has no entry that was asked for.</p>\n");
    if (!a->seal_key)
        kr_buf_add_str(b, "<p>Made without the seal key: people and rooms stand as the beginnings of their "
                          "commitments, in brackets.</p>\n");
    kr_buf_printf(
        b,
        "<div class=\"sum\"><div><b>%zu</b>rotations of keys</div><div><b>%zu</b>of them complete</div>"
        "<div><b>%zu</b>stays of devices</div><div><b>%zu</b>verifications that hold</div>"
        "<div><b>%zu</b>entries of refusals</div></div>\n",
        p->epoch_count, complete, p->stay_count, holds, refused);
}

/* --- rotations --- */

static bool one_room(const struct kr_page *p)
{
    for (size_t i = 1; i < p->epoch_count; i++) {
        if (strcmp(p->epochs[i].room, p->epochs[0].room) != 0)
            return false;
    }
    return true;
}

static void outcome(struct kr_buf *b, const struct kr_page_epoch *x)
{
    kr_buf_add_str(b, "<td data-l=\"outcome\">");
    if (x->complete && x->acked == x->total) {
        kr_buf_printf(b, "all %" PRIu64 " have the keys", x->total);
    } else if (x->complete) {
        kr_buf_printf(b, "<span class=\"bad\">%" PRIu64 " of %" PRIu64 " have the keys</span>", x->acked,
                      x->total);
    } else if (x->end_idx) {
        kr_buf_add_str(b, "abandoned: ");
        kr_html(b, x->abandoned);
    } else {
        kr_buf_add_str(b, "neither complete nor abandoned");
    }
    if (x->silent)
        kr_buf_printf(b, ", <span class=\"bad\">%" PRIu64 " sealed nothing</span>", x->silent);
    kr_buf_add_str(b, "</td>");
}

static void rotation(struct kr_buf *b, const struct kr_page *p, const struct kr_page_epoch *x, bool rooms)
{
    char text[64] = "";
    kr_buf_add_str(b, "<tr><td class=\"t\" data-l=\"time (UTC)\">");
    kr_html_time(b, p, x->at_ms);
    kr_buf_add_str(b, "</td>");
    if (rooms)
        kr_html_cell(b, "room", x->room);
    kr_html_number(b, "epoch", x->number);
    kr_html_cell(b, "because of", x->reason);
    kr_html_cell(b, "keys", x->kind);
    kr_html_cell(b, "made by", x->source);
    kr_html_number(b, "devices", x->size ? x->size : x->total);
    outcome(b, x);
    if (x->complete && x->end_ms >= x->at_ms)
        (void)snprintf(text, sizeof(text), "%" PRIu64 " ms", x->end_ms - x->at_ms);
    kr_buf_printf(b, "<td class=\"n\" data-l=\"took\">%s</td>", text);
    text[0] = '\0';
    if (x->has_exposure)
        (void)snprintf(text, sizeof(text), "%" PRIu64 " ms", x->exposure_ms);
    kr_buf_printf(b, "<td class=\"n\" data-l=\"exposure\">%s</td>", text);
    if (x->end_idx && x->end_idx != x->idx)
        (void)snprintf(text, sizeof(text), "%" PRIu64 ", %" PRIu64, x->idx, x->end_idx);
    else
        (void)snprintf(text, sizeof(text), "%" PRIu64, x->idx);
    kr_buf_printf(b, "<td class=\"n\" data-l=\"entries\">%s</td></tr>\n", text);
}

static void rotations(struct kr_buf *b, const struct kr_page *p)
{
    kr_buf_add_str(b, "<h2>Rotations</h2>\n");
    if (!p->epoch_count) {
        kr_buf_add_str(b, "<p>There was none.</p>\n");
        return;
    }
    bool rooms = !one_room(p);
    kr_buf_printf(b,
                  "<table><thead><tr><th>time (UTC)</th>%s<th class=\"n\">epoch</th><th>because "
                  "of</th><th>keys</th><th>made "
                  "by</th><th class=\"n\">devices</th><th>outcome</th><th class=\"n\">took</th><th "
                  "class=\"n\">exposure</th>"
                  "<th class=\"n\">entries</th></tr></thead><tbody>\n",
                  rooms ? "<th>room</th>" : "");
    for (size_t i = 0; i < p->epoch_count; i++)
        rotation(b, p, &p->epochs[i], rooms);
    kr_buf_add_str(
        b,
        "</tbody></table>\n<p class=\"dim\">Exposure: how long who had left could still hear, from the leave "
        "seen to the last sender's new key.</p>\n");
}

/* --- the rest --- */

static void events(struct kr_buf *b, const struct kr_page *p)
{
    kr_buf_add_str(b, "<h2>Refusals, decisions, degradations</h2>\n");
    if (!p->event_count) {
        kr_buf_add_str(b, "<p>There was none.</p>\n");
        return;
    }
    kr_buf_add_str(
        b, "<table><thead><tr><th>time (UTC)</th><th>what</th><th>details</th><th class=\"n\">entry</th></tr>"
           "</thead><tbody>\n");
    for (size_t i = 0; i < p->event_count; i++) {
        const struct kr_page_event *e = &p->events[i];
        kr_buf_add_str(b, "<tr><td class=\"t\" data-l=\"time (UTC)\">");
        kr_html_time(b, p, e->at_ms);
        kr_buf_add_str(b, "</td>");
        kr_html_cell(b, "what", e->type);
        kr_html_cell(b, "details", e->details);
        kr_html_number(b, "entry", e->idx);
        kr_buf_add_str(b, "</tr>\n");
    }
    kr_buf_add_str(b, "</tbody></table>\n");
}

static void add_column(struct kr_buf *b, sqlite3_stmt *s, int column)
{
    struct kr_buf text;
    kr_buf_init(&text, PAGE_MAX);
    kr_buf_add(&text, sqlite3_column_blob(s, column), (size_t)sqlite3_column_bytes(s, column));
    char *str = kr_buf_take_str(&text);
    kr_html(b, str ? str : "");
    free(str);
    kr_buf_done(&text);
}

/* Each log that the file holds, the newest first, with its own last checkpoint. */
static int logs(struct kr_buf *b, const struct kr_audit *a, sqlite3_stmt *s)
{
    size_t n = 0;
    int err = 0;
    for (; kr_audit_next(s, &err); n++) {
        if (n == 0)
            kr_buf_add_str(
                b,
                "<p>This page is made from the log and proves nothing by itself. The log does: with a copy "
                "of the database and the key below, on any machine,</p>\n");
        else
            kr_buf_add_str(b,
                           "<p>The log was begun anew; before that it was another one, with this key:</p>\n");
        kr_buf_add_str(b, "<pre>keyroomctl audit verify --signatures --db ");
        kr_html(b, a->db);
        kr_buf_add_str(b, " --vkey '");
        add_column(b, s, 0);
        kr_buf_add_str(b, "'</pre>\n");
        if (sqlite3_column_type(s, 1) == SQLITE_NULL) {
            kr_buf_add_str(b, "<p>It has signed no checkpoint yet.</p>\n");
            continue;
        }
        kr_buf_add_str(
            b, n == 0
                   ? "<p>Take the key from the operator by another way than this page. Its last checkpoint, "
                     "to compare with the one that participants hold:</p>\n<pre>"
                   : "<p>Its last checkpoint:</p>\n<pre>");
        add_column(b, s, 1);
        kr_buf_add_str(b, "</pre>\n");
    }
    if (!n)
        kr_buf_add_str(b, "<p>The log has no key and no checkpoint yet.</p>\n");
    return err;
}

static int how_to_verify(struct kr_buf *b, const struct kr_audit *a, sqlite3 *db)
{
    int err = 0;
    kr_buf_add_str(b, "<h2>How to verify this</h2>\n");
    sqlite3_stmt *s = kr_audit_prepare(
        db,
        "SELECT vkey, (SELECT note FROM log_checkpoint c WHERE c.origin = k.origin ORDER BY size DESC "
        "LIMIT 1) FROM log_key k ORDER BY n DESC",
        &err);
    if (s)
        err = logs(b, a, s);
    sqlite3_finalize(s);
    return err;
}

int kr_page_write(struct kr_page *p, const struct kr_audit *a, sqlite3 *db)
{
    struct kr_buf b;
    kr_buf_init(&b, PAGE_MAX);
    kr_html_head(&b);
    summary(&b, p, a);
    rotations(&b, p);
    kr_page_people(&b, p);
    kr_page_graph(&b, p);
    events(&b, p);
    int err = how_to_verify(&b, a, db);
    kr_buf_add_str(&b, "</body></html>\n");
    if (err) {
        kr_buf_done(&b);
        return err;
    }
    FILE *f = fopen(a->out, "wb");
    bool good = f && !b.err && fwrite(b.ptr, 1, b.len, f) == b.len;
    if (f && fclose(f) != 0)
        good = false;
    kr_buf_done(&b);
    kr_page_free(p);
    if (!good)
        return kr_audit_complain("%s: cannot be written", a->out);
    (void)printf("%s\n", a->out);
    return 0;
}
