#include "xml/build.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/err.h"

void kr_xml_init(struct kr_xml *x, size_t max)
{
    memset(x, 0, sizeof(*x));
    kr_buf_init(&x->out, max);
}

void kr_xml_done(struct kr_xml *x)
{
    kr_buf_done(&x->out);
}

static void close_tag(struct kr_xml *x)
{
    if (x->in_tag)
        kr_buf_add_str(&x->out, ">");
    x->in_tag = false;
}

/* XML 1.0 forbids U+FFFE and U+FFFF; the control characters it forbids are found while escaping. */
static bool encodable(const char *s)
{
    for (const char *p = s; (p = strstr(p, "\xef\xbf")) != NULL; p += 2) {
        if (p[2] == '\xbe' || p[2] == '\xbf')
            return false;
    }
    return true;
}

static const char *escape_of(unsigned char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&apos;";
    case '\t':
        return "&#9;";
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    default:
        return NULL;
    }
}

static void add_escaped(struct kr_xml *x, const char *s)
{
    if (!encodable(s)) {
        x->out.err = KR_E_MALFORMED;
        return;
    }
    const char *run = s; /* what need not be escaped is added in runs */
    for (;; s++) {
        unsigned char c = (unsigned char)*s;
        const char *escape = escape_of(c);
        if (c >= 0x20 && !escape)
            continue;
        kr_buf_add(&x->out, run, (size_t)(s - run));
        run = s + 1;
        if (c == '\0')
            break;
        if (escape)
            kr_buf_add_str(&x->out, escape);
        else
            x->out.err = KR_E_MALFORMED;
    }
}

void kr_xml_start(struct kr_xml *x, const char *name, const char *ns)
{
    assert(x->depth < KR_XML_DEPTH_MAX);
    close_tag(x);
    kr_buf_add_str(&x->out, "<");
    kr_buf_add_str(&x->out, name);
    x->stack[x->depth++] = name;
    x->in_tag = true;
    kr_xml_attr(x, "xmlns", ns);
}

void kr_xml_end(struct kr_xml *x)
{
    assert(x->depth > 0);
    const char *name = x->stack[--x->depth];
    if (x->in_tag) {
        kr_buf_add_str(&x->out, "/>");
        x->in_tag = false;
        return;
    }
    kr_buf_add_str(&x->out, "</");
    kr_buf_add_str(&x->out, name);
    kr_buf_add_str(&x->out, ">");
}

void kr_xml_attr(struct kr_xml *x, const char *name, const char *value)
{
    assert(x->in_tag);
    if (!value)
        return;
    kr_buf_add_str(&x->out, " ");
    kr_buf_add_str(&x->out, name);
    kr_buf_add_str(&x->out, "='");
    add_escaped(x, value);
    kr_buf_add_str(&x->out, "'");
}

void kr_xml_attr_u64(struct kr_xml *x, const char *name, uint64_t v)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, v);
    kr_xml_attr(x, name, text);
}

void kr_xml_attr_id(struct kr_xml *x, const char *name, const struct kr_id *id)
{
    char text[KR_ID_TEXT];
    kr_id_write(text, id);
    kr_xml_attr(x, name, text);
}

void kr_xml_attr_key(struct kr_xml *x, const char *name, const struct kr_key *key)
{
    char text[KR_KEY_TEXT];
    kr_key_write(text, key);
    kr_xml_attr(x, name, text);
}

void kr_xml_attr_digest(struct kr_xml *x, const char *name, const struct kr_digest *d)
{
    char text[KR_KEY_TEXT];
    kr_digest_write(text, d);
    kr_xml_attr(x, name, text);
}

void kr_xml_attr_sig(struct kr_xml *x, const char *name, const struct kr_sig *sig)
{
    char text[KR_SIG_TEXT];
    kr_sig_write(text, sig);
    kr_xml_attr(x, name, text);
}

void kr_xml_attr_bool(struct kr_xml *x, const char *name, bool v)
{
    kr_xml_attr(x, name, v ? "true" : NULL);
}

void kr_xml_text(struct kr_xml *x, const char *text)
{
    close_tag(x);
    add_escaped(x, text);
}

void kr_xml_b64(struct kr_xml *x, struct kr_span bytes)
{
    close_tag(x);
    kr_b64_add(&x->out, bytes);
}

size_t kr_xml_len(const struct kr_xml *x)
{
    return x->out.len;
}

char *kr_xml_take(struct kr_xml *x)
{
    if (x->depth != 0)
        x->out.err = KR_E_MALFORMED;
    char *text = kr_buf_take_str(&x->out);
    kr_xml_done(x);
    return text;
}
