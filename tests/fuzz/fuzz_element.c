/* Element trees from any bytes: the limits of base/limit.h hold in them, a typed attribute that is read
 * writes to the same text, and what is written of a tree parses to the same tree. libstrophe's view of the
 * same text goes through the same, and where both parsers can be compared they agree. */
#include "fuzz.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limit.h"
#include "base/utf8.h"
#include "io/stanza_el.h"
#include "parse/text.h"
#include "xml/build.h"

static void typed(const struct kr_el *el, const struct kr_attr *a)
{
    char text[KR_SIG_TEXT];
    uint64_t v;
    bool b;
    const char *s = NULL, *value = kr_el_attr(el, a->name);
    struct kr_id id;
    struct kr_key key;
    struct kr_digest digest;
    struct kr_sig sig;
    FUZZ_MUST(value);
    if (kr_el_attr_u64(el, a->name, UINT64_MAX, &v) == 0) {
        snprintf(text, sizeof(text), "%" PRIu64, v);
        FUZZ_MUST(strcmp(text, value) == 0);
        FUZZ_MUST(v == 0 || kr_el_attr_u64(el, a->name, v - 1, &v) != 0);
    }
    if (kr_el_attr_id(el, a->name, &id) == 0) {
        kr_id_write(text, &id);
        FUZZ_MUST(strcmp(text, value) == 0);
    }
    if (kr_el_attr_key(el, a->name, &key) == 0) {
        kr_key_write(text, &key);
        FUZZ_MUST(strcmp(text, value) == 0);
    }
    if (kr_el_attr_digest(el, a->name, &digest) == 0) {
        kr_digest_write(text, &digest);
        FUZZ_MUST(strcmp(text, value) == 0);
    }
    if (kr_el_attr_sig(el, a->name, &sig) == 0) {
        kr_sig_write(text, &sig);
        FUZZ_MUST(strcmp(text, value) == 0);
    }
    if (kr_el_attr_text(el, a->name, 8, false, &s) == 0)
        FUZZ_MUST(s == value && *s && strlen(s) <= 8 && kr_utf8_plain(s, 8));
    if (kr_el_attr_bool(el, a->name, &b) == 0)
        FUZZ_MUST(strcmp(value, b ? "true" : "false") == 0 || strcmp(value, b ? "1" : "0") == 0);
}

/* Returns the elements of the tree. */
static size_t check(const struct kr_el *el, unsigned depth)
{
    size_t count = 1, attrs = 0;
    bool b = true;
    FUZZ_MUST(depth < KR_XML_DEPTH_MAX);
    FUZZ_MUST(el->name && el->ns && el->text && strlen(el->text) == el->text_len);
    for (const struct kr_attr *a = el->attrs; a; a = a->next) {
        FUZZ_MUST(++attrs <= KR_XML_ATTRS_MAX);
        typed(el, a);
    }
    FUZZ_MUST(kr_el_attr_bool(el, "no such", &b) == 0 && !b);
    for (const struct kr_el *c = el->child; c; c = c->next) {
        FUZZ_MUST(kr_el_child(el, c->name, c->ns) != NULL);
        count += check(c, depth + 1);
    }
    FUZZ_MUST(count <= KR_XML_CHILDREN_MAX);
    return count;
}

/* A prefix cannot be written again: the view does not keep what it was bound to. */
static bool has_prefix(const struct kr_attr *a)
{
    return strchr(a->name, ':') && strncmp(a->name, "xml:", 4) != 0;
}

static void write(struct kr_xml *x, const struct kr_el *el)
{
    kr_xml_start(x, el->name, el->ns);
    for (const struct kr_attr *a = el->attrs; a; a = a->next) {
        if (!has_prefix(a))
            kr_xml_attr(x, a->name, a->value);
    }
    kr_xml_text(x, el->text);
    for (const struct kr_el *c = el->child; c; c = c->next)
        write(x, c);
    kr_xml_end(x);
}

/* All attributes of a are those of b; libstrophe keeps no order of them. */
static size_t attrs_in(const struct kr_el *a, const struct kr_el *b)
{
    size_t count = 0;
    for (const struct kr_attr *m = a->attrs; m; m = m->next) {
        if (has_prefix(m))
            continue;
        const char *other = kr_el_attr(b, m->name);
        FUZZ_MUST(other && strcmp(other, m->value) == 0);
        count++;
    }
    return count;
}

static void must_be_same(const struct kr_el *a, const struct kr_el *b)
{
    FUZZ_MUST(kr_el_is(a, b->name, b->ns));
    FUZZ_MUST(a->text_len == b->text_len && strcmp(a->text, b->text) == 0);
    FUZZ_MUST(attrs_in(a, b) == attrs_in(b, a));
    const struct kr_el *c = a->child, *d = b->child;
    for (; c && d; c = c->next, d = d->next)
        must_be_same(c, d);
    FUZZ_MUST(!c && !d);
}

/* XML's own namespace may be bound to its prefix only, and the builder writes none. */
static bool writable(const struct kr_el *el)
{
    if (strcmp(el->ns, "http://www.w3.org/XML/1998/namespace") == 0)
        return false;
    for (const struct kr_el *c = el->child; c; c = c->next) {
        if (!writable(c))
            return false;
    }
    return true;
}

static void again(const struct kr_el *el)
{
    if (!writable(el))
        return;
    struct kr_xml x;
    struct kr_arena arena;
    struct kr_el *second = NULL;
    kr_xml_init(&x, (size_t)8 * KR_STANZA_MAX);
    write(&x, el);
    char *text = kr_xml_take(&x);
    FUZZ_MUST(text);
    if (strlen(text) <= KR_STANZA_MAX) {
        kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
        FUZZ_MUST(kr_el_parse(&arena, text, strlen(text), &second) == 0);
        must_be_same(el, second);
        kr_arena_done(&arena);
    }
    free(text);
}

/* libstrophe drops prefixes of attributes, and goes on behind the first element. */
static bool comparable(const char *text)
{
    return !strchr(text, ':') && !strstr(text, "<!") && !strstr(text, "<?");
}

static void by_strophe(const char *text, const struct kr_el *expat)
{
    static xmpp_ctx_t *ctx;
    struct kr_arena arena;
    const struct kr_el *el = NULL;
    if (!ctx)
        ctx = xmpp_ctx_new(NULL, NULL);
    xmpp_stanza_t *stanza = xmpp_stanza_new_from_string(ctx, text);
    if (!stanza)
        return;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    if (kr_el_from_stanza(&arena, stanza, &el) == 0) {
        check(el, 0);
        if (expat && comparable(text)) {
            must_be_same(el, expat);
            again(el);
        }
    } else if (expat) {
        FUZZ_MUST(!comparable(text)); /* within the limits for one is within the limits for the other */
    }
    kr_arena_done(&arena);
    xmpp_stanza_release(stanza);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kr_arena arena;
    struct kr_el *el = NULL;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    if (kr_el_parse(&arena, (const char *)data, size, &el) == 0) {
        FUZZ_MUST(arena.used <= KR_STANZA_ARENA_MAX && size <= KR_STANZA_MAX);
        check(el, 0);
        again(el);
    }
    char *text = malloc(size + 1);
    FUZZ_MUST(text);
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    if (strlen(text) == size)
        by_strophe(text, el);
    free(text);
    kr_arena_done(&arena);
    return 0;
}
