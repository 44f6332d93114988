#include "parse/text.h"

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/limit.h"

#define SEPARATOR '\x01' /* cannot stand in XML */

struct level {
    struct kr_el *el, *last_child;
    struct kr_buf text;
};

struct parse {
    XML_Parser parser;
    struct kr_el_maker maker;
    struct level levels[KR_XML_DEPTH_MAX];
    unsigned depth; /* open elements */
    struct kr_el *root;
    int err;
};

static void stop(struct parse *p, int err)
{
    if (!p->err)
        p->err = err;
    XML_StopParser(p->parser, XML_FALSE);
}

/* Splits expat's "namespace SEP local [SEP prefix]". */
static void split(char *name, const char **ret_ns, const char **ret_local, const char **ret_prefix)
{
    char *local = strchr(name, SEPARATOR);
    *ret_ns = *ret_prefix = "";
    *ret_local = name;
    if (!local)
        return;
    *local++ = '\0';
    *ret_ns = name;
    *ret_local = local;
    char *prefix = strchr(local, SEPARATOR);
    if (prefix) {
        *prefix++ = '\0';
        *ret_prefix = prefix;
    }
}

static int add_attr(struct parse *p, struct kr_el *el, const char *name, const char *value)
{
    char *copy = kr_strdup(name);
    char *full = kr_malloc(strlen(name) + 2);
    const char *ns, *local, *prefix;
    split(copy, &ns, &local, &prefix);
    snprintf(full, strlen(name) + 2, "%s%s%s", prefix, *prefix ? ":" : "", local);
    int err = kr_el_add_attr(&p->maker, el, full, value);
    free(full);
    free(copy);
    return err;
}

static void on_start(void *data, const char *name, const char **attrs)
{
    struct parse *p = data;
    if (p->err)
        return;
    struct level *parent = p->depth ? &p->levels[p->depth - 1] : NULL;
    char *copy = kr_strdup(name);
    const char *ns, *local, *prefix;
    split(copy, &ns, &local, &prefix);
    struct kr_el *el = NULL;
    int err = kr_el_make(&p->maker, parent ? parent->el : NULL, parent ? &parent->last_child : NULL, p->depth,
                         local, ns, &el);
    free(copy);
    for (size_t i = 0; !err && attrs[i]; i += 2)
        err = add_attr(p, el, attrs[i], attrs[i + 1]);
    if (err) {
        stop(p, err);
        return;
    }
    struct level *level = &p->levels[p->depth++];
    level->el = el;
    level->last_child = NULL;
    kr_buf_init(&level->text, KR_STANZA_MAX);
    if (!parent)
        p->root = el;
}

static void on_text(void *data, const char *text, int len)
{
    struct parse *p = data;
    if (!p->err && p->depth)
        kr_buf_add(&p->levels[p->depth - 1].text, text, (size_t)len);
}

static void on_end(void *data, const char *name)
{
    (void)name;
    struct parse *p = data;
    if (p->err || !p->depth)
        return;
    struct level *level = &p->levels[--p->depth];
    int err = level->text.err;
    if (!err && level->text.len)
        err = kr_el_set_text(&p->maker, level->el, (const char *)level->text.ptr, level->text.len);
    kr_buf_done(&level->text);
    if (err)
        stop(p, err);
}

static void on_doctype(void *data, const char *name, const char *system, const char *public, int has_subset)
{
    (void)name;
    (void)system;
    (void)public;
    (void)has_subset;
    stop(data, KR_E_MALFORMED);
}

int kr_el_parse(struct kr_arena *arena, const char *xml, size_t len, struct kr_el **ret_el)
{
    if (len > KR_STANZA_MAX)
        return KR_E_TOO_LARGE;
    struct parse p = {.maker = {.arena = arena}};
    p.parser = XML_ParserCreateNS("UTF-8", SEPARATOR);
    if (!p.parser)
        abort();
    XML_SetUserData(p.parser, &p);
    XML_SetReturnNSTriplet(p.parser, XML_TRUE);
    XML_SetElementHandler(p.parser, on_start, on_end);
    XML_SetCharacterDataHandler(p.parser, on_text);
    XML_SetStartDoctypeDeclHandler(p.parser, on_doctype);
    enum XML_Status status = XML_Parse(p.parser, xml, (int)len, 1);
    if (status != XML_STATUS_OK && !p.err)
        p.err = KR_E_MALFORMED;
    while (p.depth)
        kr_buf_done(&p.levels[--p.depth].text);
    XML_ParserFree(p.parser);
    if (!p.err)
        *ret_el = p.root;
    return p.err;
}

static void set_ns(struct kr_el *el, const char *ns)
{
    if (el->ns[0] == '\0')
        el->ns = ns;
    for (struct kr_el *e = el->child; e; e = e->next)
        set_ns(e, ns);
}

int kr_stanza_parse(struct kr_arena *arena, const char *xml, size_t len, const char *ns,
                    struct kr_el **ret_el)
{
    int err = kr_el_parse(arena, xml, len, ret_el);
    if (!err)
        set_ns(*ret_el, ns);
    return err;
}
