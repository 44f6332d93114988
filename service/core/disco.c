#include <string.h>

#include "core/door.h"
#include "message/stanza.h"
#include "xml/ns.h"

static void start(struct kr_core *core, const struct kr_el *iq, const char *type, struct kr_xml *x)
{
    kr_xml_init(x, KR_STANZA_MAX);
    const char *to = kr_el_attr(iq, "to");
    kr_iq_start(x, type, to ? to : core->settings.jid, kr_el_attr(iq, "from"), kr_el_attr(iq, "id"));
}

static void finish(struct kr_core *core, struct kr_xml *x)
{
    kr_xml_end(x);
    kr_output_send(core->out, kr_xml_take(x));
}

static void error(struct kr_core *core, const struct kr_el *iq, const char *condition)
{
    struct kr_xml x;
    start(core, iq, "error", &x);
    kr_xml_start(&x, "error", NULL);
    kr_xml_attr(&x, "type", "cancel");
    kr_xml_start(&x, condition, KR_NS_STANZAS);
    kr_xml_end(&x);
    kr_xml_end(&x);
    finish(core, &x);
}

static void info(struct kr_core *core, const struct kr_el *iq)
{
    static const char *const features[] = {KR_NS_DISCO_INFO, KR_NS_DISCO_ITEMS, KR_NS_VERSION,
                                           KR_NS_PING,       KR_NS_CONFERENCE,  KR_NS};
    struct kr_xml x;
    start(core, iq, "result", &x);
    kr_xml_start(&x, "query", KR_NS_DISCO_INFO);
    kr_xml_start(&x, "identity", NULL);
    kr_xml_attr(&x, "category", "component");
    kr_xml_attr(&x, "type", "generic");
    kr_xml_attr(&x, "name", "Keyroom");
    kr_xml_end(&x);
    for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        kr_xml_start(&x, "feature", NULL);
        kr_xml_attr(&x, "var", features[i]);
        kr_xml_end(&x);
    }
    kr_xml_end(&x);
    finish(core, &x);
}

static void version(struct kr_core *core, const struct kr_el *iq)
{
    struct kr_xml x;
    start(core, iq, "result", &x);
    kr_xml_start(&x, "query", KR_NS_VERSION);
    kr_xml_start(&x, "name", NULL);
    kr_xml_text(&x, "Keyroom");
    kr_xml_end(&x);
    kr_xml_start(&x, "version", NULL);
    kr_xml_text(&x, core->settings.version);
    kr_xml_end(&x);
    kr_xml_end(&x);
    finish(core, &x);
}

static void empty(struct kr_core *core, const struct kr_el *iq, const char *name, const char *ns)
{
    struct kr_xml x;
    start(core, iq, "result", &x);
    if (name) {
        kr_xml_start(&x, name, ns);
        kr_xml_end(&x);
    }
    finish(core, &x);
}

void kr_disco_iq(struct kr_core *core, const struct kr_el *iq)
{
    const char *to = kr_el_attr(iq, "to"), *type = kr_el_attr(iq, "type");
    const struct kr_el *child = iq->child;
    bool ours = to && strcmp(to, core->settings.jid) == 0 && child && type && strcmp(type, "get") == 0;
    const char *node = ours ? kr_el_attr(child, "node") : NULL;
    if (!child || child->next) /* RFC 6120 8.2.3: exactly one */
        error(core, iq, "bad-request");
    else if (ours &&
             (kr_el_is(child, "query", KR_NS_DISCO_INFO) || kr_el_is(child, "query", KR_NS_DISCO_ITEMS)) &&
             node && node[0])
        error(core, iq, "item-not-found");
    else if (ours && kr_el_is(child, "query", KR_NS_DISCO_INFO))
        info(core, iq);
    else if (ours && kr_el_is(child, "query", KR_NS_DISCO_ITEMS))
        empty(core, iq, "query", KR_NS_DISCO_ITEMS);
    else if (ours && kr_el_is(child, "query", KR_NS_VERSION))
        version(core, iq);
    else if (ours && kr_el_is(child, "ping", KR_NS_PING))
        empty(core, iq, NULL, NULL);
    else
        error(core, iq, "service-unavailable");
}
