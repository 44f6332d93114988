#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit_report.h"

enum { DAY_MS = 86400000, DAY_LEN = 11 /* of a time's text: the day and a space */ };

void kr_html(struct kr_buf *b, const char *s)
{
    for (; *s; s++) {
        if (*s == '<')
            kr_buf_add_str(b, "&lt;");
        else if (*s == '>')
            kr_buf_add_str(b, "&gt;");
        else if (*s == '&')
            kr_buf_add_str(b, "&amp;");
        else if (*s == '"')
            kr_buf_add_str(b, "&quot;");
        else
            kr_buf_add_u8(b, (uint8_t)*s);
    }
}

void kr_html_time(struct kr_buf *b, const struct kr_page *p, uint64_t ms)
{
    char when[32];
    kr_audit_time(ms, when);
    bool one_day = p->first_ms / DAY_MS == p->last_ms / DAY_MS;
    kr_buf_add_str(b, one_day ? when + DAY_LEN : when);
}

void kr_html_cell(struct kr_buf *b, const char *label, const char *text)
{
    kr_buf_printf(b, "<td data-l=\"%s\">", label);
    kr_html(b, text);
    kr_buf_add_str(b, "</td>");
}

void kr_html_number(struct kr_buf *b, const char *label, uint64_t n)
{
    kr_buf_printf(b, "<td class=\"n\" data-l=\"%s\">%" PRIu64 "</td>", label, n);
}

/* Light, dark, a phone, paper. Nothing is told by colour alone. */
static const char look[] =
    ":root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--soft:#eef2f6;--line:#cfd6de;--dim:#4d5965;"
    "--accent:#1d4f7c;--good:#1f7a4d;--bad:#b3261e;--over:#6b7480}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--paper:#14181c;--soft:#20272e;--line:#3a444e;"
    "--dim:#a7b1bb;--accent:#8cc0ee;--good:#6fcf97;--bad:#ff8a80;--over:#98a3ad}}\n"
    "*{box-sizing:border-box}body{font:16px/1.5 "
    "system-ui,sans-serif;color:var(--ink);background:var(--paper);"
    "max-width:76rem;margin:0 auto;padding:1rem 1.2rem 3rem}\n"
    "h1{font-size:1.6rem;line-height:1.2;margin:.5rem 0;overflow-wrap:anywhere}"
    "h2{font-size:1.2rem;margin:2.5rem 0 .8rem;border-bottom:2px solid var(--accent);padding-bottom:.2rem}"
    "p{max-width:46rem}.dim{color:var(--dim)}.bad{color:var(--bad);font-weight:600}\n"
    "table{border-collapse:collapse;width:100%;font-size:.85rem}th,td{text-align:left;padding:.35rem .9rem "
    ".35rem 0;"
    "vertical-align:top;border-bottom:1px solid var(--line);overflow-wrap:anywhere}"
    "th{color:var(--accent);white-space:nowrap}td.n,th.n{text-align:right;white-space:nowrap;"
    "font-variant-numeric:tabular-nums}td.t{white-space:nowrap;font-variant-numeric:tabular-nums}"
    "td.id{font-family:ui-monospace,monospace;font-size:.8rem}\n"
    "pre{background:var(--soft);padding:.8rem;overflow-wrap:anywhere;white-space:pre-wrap;font-size:.8rem;"
    "margin:.5rem 0 1rem}\n"
    ".sum{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.5rem;margin:1rem 0}"
    ".sum div{background:var(--soft);padding:.6rem .8rem;line-height:1.3}.sum "
    "b{display:block;font-size:1.4rem}\n"
    ".bars{margin:.5rem 0 1.5rem;font-size:.85rem}.bars>div{display:grid;grid-template-columns:9rem "
    "1fr;align-items:center}"
    ".bars span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap;padding-right:.6rem}"
    ".track{position:relative;height:1.5rem;border-bottom:1px solid var(--line)}"
    ".track b,.track i{position:absolute;top:.35rem;height:.8rem;min-width:2px;background:var(--accent);"
    "-webkit-print-color-adjust:exact;print-color-adjust:exact}"
    ".track i{background:repeating-linear-gradient(135deg,var(--line) 0 3px,var(--soft) 3px 6px)}"
    ".track u{position:absolute;top:0;bottom:0;border-left:1px dashed var(--over)}"
    ".axis{position:relative;height:1.4rem;color:var(--dim);font-variant-numeric:tabular-nums}"
    ".axis em{position:absolute;font-style:normal;white-space:nowrap}.axis em+em{right:0}\n"
    "figure{margin:.5rem 0 1.5rem}svg{width:100%;height:auto;display:block}"
    "svg text{font:13px system-ui,sans-serif;fill:var(--ink);text-anchor:middle;dominant-baseline:middle}"
    "svg .node{fill:var(--soft);stroke:var(--accent);stroke-width:1.5}"
    "svg .bond{fill:none;stroke:var(--good);stroke-width:2}svg .ended{stroke:var(--over);stroke-dasharray:5 "
    "4}"
    "svg .mismatch{stroke:var(--bad);stroke-width:3;stroke-dasharray:1.5 3}"
    "svg .tip{fill:var(--good);stroke:none}svg .tip.ended{fill:var(--over)}svg .tip.mismatch{fill:var(--bad)}"
    "figcaption{font-size:.85rem;color:var(--dim)}figcaption span{display:block}figcaption "
    "svg{display:inline;width:2.2rem;height:.8rem}\n"
    "@media screen and "
    "(max-width:700px){td.id{font-size:.7rem}body{padding:.8rem}thead{display:none}tr{display:block;padding:."
    "5rem 0;"
    "border-bottom:1px solid var(--line)}td,td.n,td.t{display:grid;grid-template-columns:7.5rem 1fr;border:0;"
    "padding:.1rem 0;text-align:left;white-space:normal}td:empty{display:none}"
    "td::before{content:attr(data-l);color:var(--dim);font-family:system-ui,sans-serif;font-size:.85rem}"
    ".bars>div{grid-template-columns:6rem 1fr}}\n"
    "td[data-l=keys],td[data-l=\"made by\"],td[data-l=\"because of\"]{overflow-wrap:normal}\n"
    "@media "
    "print{:root{color-scheme:light;--ink:#000;--paper:#fff;--soft:#f0f0f0;--line:#bbb;--dim:#444;--accent:#"
    "1d4f7c;"
    "--good:#1f7a4d;--bad:#b3261e;--over:#666}@page{margin:14mm}body{font-size:9.5pt;max-width:none;padding:"
    "0}"
    "table{font-size:8pt}td,th{padding-right:.5rem}td.id{font-size:7pt}"
    ".sum{grid-template-columns:repeat(5,1fr)}.bars{font-size:8.5pt}tr,figure,.bars>div,pre{break-inside:"
    "avoid}h2{break-after:avoid}thead{display:table-"
    "header-group}}\n";

void kr_html_head(struct kr_buf *b)
{
    kr_buf_add_str(b, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<title>Keyroom: who had which keys</title>\n<style>\n");
    kr_buf_add_str(b, look);
    kr_buf_add_str(b, "</style></head><body>\n");
}
