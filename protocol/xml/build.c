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

static void add_escaped(struct kr_xml *x, const char *s)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        switch (c) {
        case '&':
            kr_buf_add_str(&x->out, "&amp;");
            break;
        case '<':
            kr_buf_add_str(&x->out, "&lt;");
            break;
        case '>':
            kr_buf_add_str(&x->out, "&gt;");
            break;
        case '"':
            kr_buf_add_str(&x->out, "&quot;");
            break;
        case '\'':
            kr_buf_add_str(&x->out, "&apos;");
            break;
        case '\t':
        case '\n':
        case '\r':
            kr_buf_printf(&x->out, "&#%u;", (unsigned)c);
            break;
        default:
            if (c < 0x20)
                x->out.err = KR_E_MALFORMED;
            else
                kr_buf_add_u8(&x->out, c);
        }
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
