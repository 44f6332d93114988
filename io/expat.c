#define _GNU_SOURCE /* RTLD_NEXT */
#include "io/expat.h"

#include <dlfcn.h>
#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/limit.h"
#include "base/secret.h"

/* One more of each than kr_el_from_stanza takes: it is to see that there were too many. */
enum {
    DEPTH_SEEN = 1 + KR_XML_DEPTH_MAX + 1, /* the stream is around all */
    ELEMENTS_SEEN = KR_XML_CHILDREN_MAX + 1,
    ATTRS_SEEN = KR_XML_ATTRS_MAX + 2, /* and xmlns is one of them there */
};

struct parser { /* what passes through one parser */
    struct parser *next;
    XML_Parser expat;
    XML_StartElementHandler start;
    XML_EndElementHandler end;
    XML_CharacterDataHandler text;
    char *run; /* text that comes in pieces: of each line, of each entity */
    size_t run_len, run_cap;
    unsigned depth;      /* of open elements, the stream's too */
    unsigned elements;   /* of this stanza */
    unsigned dropped_at; /* the depth of the element that is left out, with all in it; 0: none */
};

static _Thread_local bool failed;
static _Thread_local struct parser *parsers; /* as many as there are links */
static _Thread_local struct parser
    *running; /* the handlers are told libstrophe's data, and nothing of ours */

bool kr_expat_take_failure(void)
{
    bool was = failed;
    failed = false;
    return was;
}

/* A function pointer out of dlsym's object pointer, which C does not convert. */
static void find(const char *name, void *ret_function, size_t size)
{
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(ret_function, &found, size);
}

/* For each call, since libstrophe resets its parser, and that with it. */
static void no_deferral(XML_Parser parser)
{
    static _Thread_local bool found;
    static _Thread_local XML_Bool (*set)(XML_Parser, XML_Bool); /* Expat before 2.6 has none */
    if (!found)
        find("XML_SetReparseDeferralEnabled", &set, sizeof(set));
    found = true;
    if (set)
        set(parser, XML_FALSE);
}

static struct parser *find_parser(XML_Parser expat)
{
    struct parser *p = parsers;
    while (p && p->expat != expat)
        p = p->next;
    return p;
}

/* --- what libstrophe is shown of a stanza --- */

static void pass_text(struct parser *p, void *data)
{
    if (p->run_len && p->text)
        p->text(data, p->run, (int)p->run_len);
    kr_wipe(p->run, p->run_len);
    p->run_len = 0;
}

static void on_text(void *data, const XML_Char *text, int len)
{
    struct parser *p = running;
    (void)data;
    if (p->dropped_at || p->depth < 2)
        return;
    if ((size_t)len > p->run_cap - p->run_len) {
        size_t cap = 2 * (p->run_len + (size_t)len);
        char *grown = kr_malloc(cap);
        if (p->run)
            memcpy(grown, p->run, p->run_len);
        kr_wipe(p->run, p->run_len);
        free(p->run);
        p->run = grown;
        p->run_cap = cap;
    }
    memcpy(p->run + p->run_len, text, (size_t)len);
    p->run_len += (size_t)len;
}

static void on_start(void *data, const XML_Char *name, const XML_Char **attrs)
{
    struct parser *p = running;
    const XML_Char *some[2 * ATTRS_SEEN + 1] = {NULL};
    size_t n = 0;
    pass_text(p, data);
    p->depth++;
    if (p->depth == 2)
        p->elements = 0;
    if (!p->dropped_at && p->depth > 1 && (p->depth > DEPTH_SEEN || ++p->elements > ELEMENTS_SEEN))
        p->dropped_at = p->depth;
    if (p->dropped_at)
        return;
    while (attrs[n] && n < (size_t)2 * ATTRS_SEEN)
        n++;
    if (attrs[n]) {
        memcpy(some, attrs, n * sizeof(*attrs));
        attrs = some;
    }
    p->start(data, name, attrs);
}

static void on_end(void *data, const XML_Char *name)
{
    struct parser *p = running;
    bool dropped = p->dropped_at != 0;
    pass_text(p, data);
    if (p->dropped_at == p->depth)
        p->dropped_at = 0;
    p->depth--;
    if (!dropped)
        p->end(data, name);
}

static struct parser *take_parser(XML_Parser expat)
{
    struct parser *p = find_parser(expat);
    if (!p) {
        p = kr_calloc(1, sizeof(*p));
        p->expat = expat;
        p->next = parsers;
        parsers = p;
    }
    return p;
}

/* Set anew for each stream, also by a parser that was reset. */
void XML_SetElementHandler(XML_Parser expat, XML_StartElementHandler start, XML_EndElementHandler end)
{
    static _Thread_local void (*set)(XML_Parser, XML_StartElementHandler, XML_EndElementHandler);
    struct parser *p = take_parser(expat);
    if (!set)
        find("XML_SetElementHandler", &set, sizeof(set));
    p->start = start;
    p->end = end;
    p->depth = p->elements = p->dropped_at = 0;
    p->run_len = 0;
    if (set)
        set(expat, on_start, on_end);
}

void XML_SetCharacterDataHandler(XML_Parser expat, XML_CharacterDataHandler text)
{
    static _Thread_local void (*set)(XML_Parser, XML_CharacterDataHandler);
    if (!set)
        find("XML_SetCharacterDataHandler", &set, sizeof(set));
    take_parser(expat)->text = text;
    if (set)
        set(expat, on_text);
}

void XML_ParserFree(XML_Parser expat)
{
    static _Thread_local void (*release)(XML_Parser);
    if (!release)
        find("XML_ParserFree", &release, sizeof(release));
    for (struct parser **at = &parsers; *at; at = &(*at)->next) {
        struct parser *p = *at;
        if (p->expat != expat)
            continue;
        *at = p->next;
        kr_wipe(p->run, p->run_len);
        free(p->run);
        free(p);
        break;
    }
    if (release)
        release(expat);
}

enum XML_Status XML_Parse(XML_Parser parser, const char *s, int len, int isFinal)
{
    static _Thread_local enum XML_Status (*parse)(XML_Parser, const char *, int, int);
    if (!parse)
        find("XML_Parse", &parse, sizeof(parse));
    no_deferral(parser);
    struct parser *outer = running;
    running = find_parser(parser);
    enum XML_Status status = parse ? parse(parser, s, len, isFinal) : XML_STATUS_ERROR;
    running = outer;
    if (status == XML_STATUS_ERROR)
        failed = true;
    return status;
}
