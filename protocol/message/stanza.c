#include "message/stanza.h"

#include <string.h>

#include "base/err.h"
#include "base/limit.h"
#include "base/utf8.h"
#include "xml/ns.h"

static void start(struct kr_xml *x, const char *name, const char *type, const char *from, const char *to,
                  const char *id)
{
    kr_xml_start(x, name, NULL);
    kr_xml_attr(x, "type", type);
    kr_xml_attr(x, "from", from);
    kr_xml_attr(x, "to", to);
    kr_xml_attr(x, "id", id);
}

void kr_iq_start(struct kr_xml *x, const char *type, const char *from, const char *to, const char *id)
{
    start(x, "iq", type, from, to, id);
}

void kr_message_start(struct kr_xml *x, const char *type, const char *from, const char *to)
{
    start(x, "message", type, from, to, NULL);
}

/* Errors and results are never answered: two entities that do would not stop. */
static bool may_be_answered(const struct kr_el *stanza)
{
    const char *type = kr_el_attr(stanza, "type");
    return kr_el_attr(stanza, "from") &&
           !(type && (strcmp(type, "error") == 0 || strcmp(type, "result") == 0));
}

/* Names are literals for the builder; NULL for what is no stanza. */
static const char *stanza_name(const struct kr_el *stanza)
{
    static const char *const names[] = {"iq", "message", "presence"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(stanza->name, names[i]) == 0)
            return names[i];
    }
    return NULL;
}

static void add_error(struct kr_xml *x, int err, const char *extra)
{
    struct kr_err_stanza e = kr_err_stanza(err);
    kr_xml_start(x, "error", NULL);
    kr_xml_attr(x, "type", e.type);
    kr_xml_start(x, e.condition, KR_NS_STANZAS);
    kr_xml_end(x);
    if (e.text[0]) {
        kr_xml_start(x, "text", KR_NS_STANZAS);
        kr_xml_text(x, e.text);
        if (extra && kr_utf8_plain(extra, KR_REASON_MAX)) {
            kr_xml_text(x, ": ");
            kr_xml_text(x, extra);
        }
        kr_xml_end(x);
    }
    if (e.app[0]) {
        kr_xml_start(x, e.app, KR_NS_ERRORS);
        kr_xml_end(x);
    }
    kr_xml_end(x);
}

char *kr_error_reply(const struct kr_el *stanza, int err, const char *extra)
{
    const char *name = stanza_name(stanza);
    if (!name || !may_be_answered(stanza))
        return NULL;
    struct kr_xml x;
    kr_xml_init(&x, KR_SPLIT_LEN);
    start(&x, name, "error", kr_el_attr(stanza, "to"), kr_el_attr(stanza, "from"), kr_el_attr(stanza, "id"));
    add_error(&x, err, extra);
    kr_xml_end(&x);
    return kr_xml_take(&x);
}

char *kr_empty_result(const struct kr_el *iq)
{
    if (strcmp(iq->name, "iq") != 0 || !may_be_answered(iq))
        return NULL;
    struct kr_xml x;
    kr_xml_init(&x, KR_SPLIT_LEN);
    kr_iq_start(&x, "result", kr_el_attr(iq, "to"), kr_el_attr(iq, "from"), kr_el_attr(iq, "id"));
    kr_xml_end(&x);
    return kr_xml_take(&x);
}

static const struct kr_el *error_child(const struct kr_el *stanza)
{
    return kr_el_child(stanza, "error", stanza->ns);
}

int kr_error_read(const struct kr_el *stanza)
{
    const struct kr_el *error = error_child(stanza);
    for (const struct kr_el *c = error ? error->child : NULL; c; c = c->next) {
        if (strcmp(c->ns, KR_NS_ERRORS) == 0)
            return kr_err_from_app(c->name);
    }
    return KR_E_INTERNAL;
}

const char *kr_error_condition(const struct kr_el *stanza)
{
    const struct kr_el *error = error_child(stanza);
    for (const struct kr_el *c = error ? error->child : NULL; c; c = c->next) {
        if (strcmp(c->ns, KR_NS_STANZAS) == 0 && strcmp(c->name, "text") != 0)
            return c->name;
    }
    return "";
}
