#include "load/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/limit.h"

struct open { /* an element whose end has not been seen */
    struct kr_el *el, *last_child;
    const char *ns;
    char *text; /* in the arena */
    size_t text_len;
};

struct parse {
    struct kr_arena *arena;
    struct kr_el_maker maker;
    const char *c, *end;
    struct open open[KR_XML_DEPTH_MAX];
    unsigned depth;
    struct kr_el *root;
};

/* Replaces entities in place; returns the new length, or SIZE_MAX for one that is unknown. */
static size_t unescape(char *s, size_t len)
{
    static const struct {
        const char *name;
        size_t len;
        char is;
    } known[] = {
        {"&lt;", 4, '<'}, {"&gt;", 4, '>'}, {"&amp;", 5, '&'}, {"&quot;", 6, '"'}, {"&apos;", 6, '\''}};
    char *in = memchr(s, '&', len), *end = s + len;
    char *out = in;
    while (in && in < end) {
        if (*in != '&') {
            *out++ = *in++;
            continue;
        }
        size_t k = 0;
        while (k < 5 && !((size_t)(end - in) >= known[k].len && memcmp(in, known[k].name, known[k].len) == 0))
            k++;
        if (k == 5)
            return SIZE_MAX;
        *out++ = known[k].is;
        in += known[k].len;
    }
    return out ? (size_t)(out - s) : len;
}

static char *copy(struct parse *p, const char *s, size_t len, size_t *ret_len)
{
    char *made = kr_arena_strndup(p->arena, s, len);
    if (!made)
        return NULL;
    *ret_len = unescape(made, len);
    if (*ret_len == SIZE_MAX)
        return NULL;
    made[*ret_len] = '\0';
    return made;
}

struct attr {
    const char *name, *value;
};

/* Reads `name='value'` pairs up to the end of the tag. *ret_closed: it was an empty element. */
static int read_attrs(struct parse *p, struct attr *attrs, size_t *ret_count, bool *ret_closed)
{
    size_t n = 0, len;
    for (;;) {
        while (p->c < p->end && *p->c == ' ')
            p->c++;
        if (p->c >= p->end)
            return KR_E_MALFORMED;
        if (*p->c == '>' || (*p->c == '/' && p->c + 1 < p->end && p->c[1] == '>')) {
            *ret_closed = *p->c == '/';
            p->c += *ret_closed ? 2 : 1;
            *ret_count = n;
            return 0;
        }
        const char *start = p->c;
        while (p->c < p->end && *p->c != '=' && *p->c != '>')
            p->c++;
        if (p->c + 1 >= p->end || *p->c != '=' || n == KR_XML_ATTRS_MAX)
            return KR_E_MALFORMED;
        attrs[n].name = kr_arena_strndup(p->arena, start, (size_t)(p->c - start));
        char quote = p->c[1];
        const char *value = p->c + 2;
        const char *close =
            quote == '\'' || quote == '"' ? memchr(value, quote, (size_t)(p->end - value)) : NULL;
        attrs[n].value = close ? copy(p, value, (size_t)(close - value), &len) : NULL;
        if (!attrs[n].name || !attrs[n].value)
            return KR_E_MALFORMED;
        n++;
        p->c = close + 1;
    }
}

static int finish(struct parse *p)
{
    struct open *o = &p->open[--p->depth];
    return o->text_len ? kr_el_set_text(&p->maker, o->el, o->text, o->text_len) : 0;
}

static int start_tag(struct parse *p, const char *inherited)
{
    const char *start = ++p->c;
    while (p->c < p->end && !strchr(" />", *p->c))
        p->c++;
    const char *name = kr_arena_strndup(p->arena, start, (size_t)(p->c - start));
    struct attr attrs[KR_XML_ATTRS_MAX];
    size_t count = 0;
    bool closed = false;
    int err = name && p->depth < KR_XML_DEPTH_MAX ? read_attrs(p, attrs, &count, &closed) : KR_E_TOO_LARGE;
    struct open *parent = p->depth ? &p->open[p->depth - 1] : NULL;
    const char *ns = parent ? parent->ns : inherited;
    for (size_t i = 0; !err && i < count; i++)
        if (strcmp(attrs[i].name, "xmlns") == 0)
            ns = attrs[i].value;
    struct kr_el *el = NULL;
    if (!err)
        err = kr_el_make(&p->maker, parent ? parent->el : NULL, parent ? &parent->last_child : NULL, p->depth,
                         name, ns, &el);
    for (size_t i = 0; !err && i < count; i++)
        if (strncmp(attrs[i].name, "xmlns", 5) != 0)
            err = kr_el_add_attr(&p->maker, el, attrs[i].name, attrs[i].value);
    if (err)
        return err;
    if (!parent)
        p->root = el;
    p->open[p->depth++] = (struct open){.el = el, .ns = ns};
    return closed ? finish(p) : 0;
}

static int add_text(struct parse *p, const char *s, size_t len)
{
    struct open *o = &p->open[p->depth - 1];
    size_t got;
    char *text = copy(p, s, len, &got);
    if (!text)
        return KR_E_TOO_LARGE;
    if (!o->text_len) {
        o->text = text;
        o->text_len = got;
        return 0;
    }
    char *both = kr_arena_alloc(p->arena, o->text_len + got + 1);
    if (!both)
        return KR_E_TOO_LARGE;
    memcpy(both, o->text, o->text_len);
    memcpy(both + o->text_len, text, got);
    o->text = both;
    o->text_len += got;
    return 0;
}

int kr_tree_parse(struct kr_arena *arena, const char *text, size_t len, const char *ns,
                  const struct kr_el **ret_el)
{
    struct parse p = {.arena = arena, .maker = {.arena = arena}, .c = text, .end = text + len};
    int err = 0;
    while (!err && p.c < p.end) {
        const char *tag = memchr(p.c, '<', (size_t)(p.end - p.c));
        if (!tag || (p.depth == 0 && (tag != p.c || p.root)))
            return KR_E_MALFORMED;
        if (tag != p.c)
            err = add_text(&p, p.c, (size_t)(tag - p.c));
        p.c = tag;
        if (err)
            break;
        if (tag + 1 < p.end && tag[1] == '/') {
            const char *close = memchr(tag, '>', (size_t)(p.end - tag));
            if (!close || p.depth == 0)
                return KR_E_MALFORMED;
            p.c = close + 1;
            err = finish(&p);
        } else {
            err = start_tag(&p, ns);
        }
    }
    if (!err && (p.depth || !p.root))
        err = KR_E_MALFORMED;
    if (!err)
        *ret_el = p.root;
    return err;
}
