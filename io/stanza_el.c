#include "io/stanza_el.h"

#include <string.h>

#include "base/err.h"
#include "base/limit.h"

struct frame { /* an element whose children are being read */
    xmpp_stanza_t *next;
    struct kr_el *el;
    struct kr_el *last;
};

static int add_attrs(struct kr_el_maker *m, struct kr_el *el, xmpp_stanza_t *stanza)
{
    const char *pairs[2 * KR_XML_ATTRS_MAX + 2];
    int count = xmpp_stanza_get_attribute_count(stanza);
    if (count > KR_XML_ATTRS_MAX + 1) /* xmlns is one of them here */
        return KR_E_TOO_LARGE;
    int n = xmpp_stanza_get_attributes(stanza, pairs, 2 * count);
    for (int i = 0; i + 1 < n; i += 2) {
        if (strcmp(pairs[i], "xmlns") == 0)
            continue;
        int err = kr_el_add_attr(m, el, pairs[i], pairs[i + 1]);
        if (err)
            return err;
    }
    return 0;
}

/* All direct text of the element. libstrophe may give one run of text as several nodes. */
static int add_text(struct kr_el_maker *m, struct kr_el *el, xmpp_stanza_t *stanza)
{
    size_t len = 0;
    for (xmpp_stanza_t *c = xmpp_stanza_get_children(stanza); c; c = xmpp_stanza_get_next(c)) {
        if (xmpp_stanza_is_text(c))
            len += strlen(xmpp_stanza_get_text_ptr(c));
    }
    if (len == 0)
        return 0;
    if (len > KR_STANZA_MAX)
        return KR_E_TOO_LARGE;
    char *text = kr_arena_alloc(m->arena, len + 1);
    if (!text)
        return KR_E_TOO_LARGE;
    char *p = text;
    for (xmpp_stanza_t *c = xmpp_stanza_get_children(stanza); c; c = xmpp_stanza_get_next(c)) {
        if (!xmpp_stanza_is_text(c))
            continue;
        struct kr_span part = kr_span_str(xmpp_stanza_get_text_ptr(c));
        memcpy(p, part.ptr, part.len);
        p += part.len;
    }
    el->text = text;
    el->text_len = len;
    return 0;
}

static int make(struct kr_el_maker *m, struct frame *parent, unsigned depth, xmpp_stanza_t *stanza,
                struct frame *ret_frame)
{
    struct kr_el *el = NULL;
    const char *name = xmpp_stanza_get_name(stanza);
    const char *ns = xmpp_stanza_get_ns(stanza);
    const char *colon = strrchr(name, ':'); /* libstrophe names a stream error "stream:error" */
    int err = kr_el_make(m, parent ? parent->el : NULL, parent ? &parent->last : NULL, depth,
                         colon ? colon + 1 : name, ns, &el);
    if (!err)
        err = add_attrs(m, el, stanza);
    if (!err)
        err = add_text(m, el, stanza);
    if (!err)
        *ret_frame = (struct frame){.next = xmpp_stanza_get_children(stanza), .el = el};
    return err;
}

int kr_el_from_stanza(struct kr_arena *arena, xmpp_stanza_t *stanza, const struct kr_el **ret_el)
{
    struct frame stack[KR_XML_DEPTH_MAX];
    struct kr_el_maker maker = {.arena = arena};
    unsigned depth = 0;
    int err = make(&maker, NULL, 0, stanza, &stack[0]);
    if (err)
        return err;
    const struct kr_el *root = stack[0].el;
    for (;;) {
        struct frame *top = &stack[depth];
        xmpp_stanza_t *child = top->next;
        if (!child) {
            if (depth == 0)
                break;
            depth--;
            continue;
        }
        top->next = xmpp_stanza_get_next(child);
        if (!xmpp_stanza_is_tag(child))
            continue;
        if (depth + 1 >= KR_XML_DEPTH_MAX)
            return KR_E_TOO_LARGE;
        err = make(&maker, top, depth + 1, child, &stack[depth + 1]);
        if (err)
            return err;
        depth++;
    }
    *ret_el = root;
    return 0;
}
