#include "xml/el.h"

#include <string.h>

#include "base/err.h"
#include "base/limit.h"
#include "base/utf8.h"

const char *kr_el_attr(const struct kr_el *el, const char *name)
{
    for (const struct kr_attr *a = el->attrs; a; a = a->next) {
        if (strcmp(a->name, name) == 0)
            return a->value;
    }
    return NULL;
}

bool kr_el_is(const struct kr_el *el, const char *name, const char *ns)
{
    return strcmp(el->name, name) == 0 && strcmp(el->ns, ns) == 0;
}

static const struct kr_el *find(const struct kr_el *el, const char *name, const char *ns)
{
    while (el && !kr_el_is(el, name, ns))
        el = el->next;
    return el;
}

const struct kr_el *kr_el_child(const struct kr_el *el, const char *name, const char *ns)
{
    return find(el->child, name, ns);
}

const struct kr_el *kr_el_next(const struct kr_el *after, const char *name, const char *ns)
{
    return find(after->next, name, ns);
}

int kr_el_attr_u64(const struct kr_el *el, const char *name, uint64_t max, uint64_t *ret_v)
{
    const char *s = kr_el_attr(el, name);
    if (!s || !*s || (s[0] == '0' && s[1]))
        return KR_E_MALFORMED;
    uint64_t v = 0;
    for (; *s; s++) {
        if (*s < '0' || *s > '9')
            return KR_E_MALFORMED;
        uint64_t digit = (uint64_t)(*s - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return KR_E_MALFORMED;
        v = v * 10 + digit;
    }
    if (v > max)
        return KR_E_MALFORMED;
    *ret_v = v;
    return 0;
}

int kr_el_attr_id(const struct kr_el *el, const char *name, struct kr_id *ret_id)
{
    const char *s = kr_el_attr(el, name);
    return s ? kr_id_read(s, ret_id) : KR_E_MALFORMED;
}

int kr_el_attr_key(const struct kr_el *el, const char *name, struct kr_key *ret_key)
{
    const char *s = kr_el_attr(el, name);
    return s ? kr_key_read(s, ret_key) : KR_E_MALFORMED;
}

int kr_el_attr_digest(const struct kr_el *el, const char *name, struct kr_digest *ret_digest)
{
    const char *s = kr_el_attr(el, name);
    return s ? kr_digest_read(s, ret_digest) : KR_E_MALFORMED;
}

int kr_el_attr_sig(const struct kr_el *el, const char *name, struct kr_sig *ret_sig)
{
    const char *s = kr_el_attr(el, name);
    return s ? kr_sig_read(s, ret_sig) : KR_E_MALFORMED;
}

int kr_el_attr_text(const struct kr_el *el, const char *name, size_t max, bool may_be_empty,
                    const char **ret_text)
{
    const char *s = kr_el_attr(el, name);
    if (!s || (!may_be_empty && !*s) || !kr_utf8_plain(s, max))
        return KR_E_MALFORMED;
    *ret_text = s;
    return 0;
}

int kr_el_attr_bool(const struct kr_el *el, const char *name, bool *ret_b)
{
    const char *s = kr_el_attr(el, name);
    if (!s || strcmp(s, "false") == 0 || strcmp(s, "0") == 0)
        *ret_b = false;
    else if (strcmp(s, "true") == 0 || strcmp(s, "1") == 0)
        *ret_b = true;
    else
        return KR_E_MALFORMED;
    return 0;
}

int kr_el_make(struct kr_el_maker *m, struct kr_el *parent, struct kr_el **last_child, unsigned depth,
               const char *name, const char *ns, struct kr_el **ret_el)
{
    if (depth >= KR_XML_DEPTH_MAX || m->elements >= KR_XML_CHILDREN_MAX)
        return KR_E_TOO_LARGE;
    struct kr_el *el = kr_arena_alloc(m->arena, sizeof(*el));
    if (!el)
        return KR_E_TOO_LARGE;
    el->name = kr_arena_strndup(m->arena, name, strlen(name));
    el->ns = kr_arena_strndup(m->arena, ns ? ns : "", ns ? strlen(ns) : 0);
    if (!el->name || !el->ns)
        return KR_E_TOO_LARGE;
    el->text = "";
    m->elements++;
    if (parent) {
        if (*last_child)
            (*last_child)->next = el;
        else
            parent->child = el;
        *last_child = el;
    }
    *ret_el = el;
    return 0;
}

int kr_el_add_attr(struct kr_el_maker *m, struct kr_el *el, const char *name, const char *value)
{
    struct kr_attr **tail = &el->attrs;
    size_t count = 0;
    for (; *tail; tail = &(*tail)->next) {
        if (++count >= KR_XML_ATTRS_MAX)
            return KR_E_TOO_LARGE;
    }
    struct kr_attr *a = kr_arena_alloc(m->arena, sizeof(*a));
    if (!a)
        return KR_E_TOO_LARGE;
    a->name = kr_arena_strndup(m->arena, name, strlen(name));
    a->value = kr_arena_strndup(m->arena, value, strlen(value));
    if (!a->name || !a->value)
        return KR_E_TOO_LARGE;
    *tail = a;
    return 0;
}

int kr_el_set_text(struct kr_el_maker *m, struct kr_el *el, const char *text, size_t len)
{
    const char *copy = kr_arena_strndup(m->arena, text, len);
    if (!copy)
        return KR_E_TOO_LARGE;
    el->text = copy;
    el->text_len = len;
    return 0;
}
