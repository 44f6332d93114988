#include "core/tell.h"

#include <stdlib.h>
#include <string.h>

#include "core/audit.h"
#include "core/own.h"
#include "message/stanza.h"

void kr_asker_set(struct kr_asker *a, const struct kr_el *iq)
{
    const char *from = kr_el_attr(iq, "from"), *id = kr_el_attr(iq, "id");
    a->from = kr_strdup(from);
    a->id = id ? kr_strdup(id) : NULL;
}

void kr_asker_done(struct kr_asker *a)
{
    free(a->from);
    free(a->id);
    *a = (struct kr_asker){0};
}

/* To the server, or to our own participant. */
static void send_to(struct kr_core *core, const char *to, char *xml)
{
    if (kr_own_is(core, to))
        kr_output_own(core->out, KR_OWN_STANZA, kr_jid_resource(to), xml);
    else
        kr_output_send(core->out, xml);
}

static void answer_error(struct kr_core *core, const struct kr_asker *asker, int err)
{
    struct kr_attr id = {.name = "id", .value = asker->id};
    struct kr_attr *with_id = asker->id ? &id : NULL;
    struct kr_attr type = {.name = "type", .value = "set", .next = with_id};
    struct kr_attr to = {
        .name = "to", .value = core->settings.jid, .next = asker->by_message ? with_id : &type};
    struct kr_attr from = {.name = "from", .value = asker->from, .next = &to};
    struct kr_el iq = {.name = asker->by_message ? "message" : "iq", .ns = "", .text = "", .attrs = &from};
    send_to(core, asker->from, kr_error_reply(&iq, err, NULL));
}

void kr_refuse(struct kr_core *core, const struct kr_asker *asker, const char *room, const char *request,
               int err)
{
    /* Who floods a link that is full already is not answered: the answers would bring it down for all. */
    if (err != KR_E_QUOTA || !core->congested)
        answer_error(core, asker, err);
    int kind = KR_E_MALFORMED - err;
    if (kind >= 0 && kind < KR_REFUSAL_KINDS)
        core->refused[kind]++;
    kr_audit_refusal(core, asker->from, room ? room : "", err);
    /* A flood is counted; a line for each of its requests would bury all others. */
    kr_trace(core, err == KR_E_QUOTA ? KR_TRACE_DEBUG : KR_TRACE_INFO,
             "%s by " KR_PEER " in " KR_PEER " -> refused (%s)", request, asker->from,
             room ? room : "no room", kr_errname(err));
}

void kr_answer_empty(struct kr_core *core, const struct kr_asker *asker)
{
    if (asker->by_message)
        return;
    struct kr_xml x;
    kr_answer_start(core, asker, &x);
    kr_answer_end(core, asker, &x);
}

void kr_answer_start(struct kr_core *core, const struct kr_asker *asker, struct kr_xml *x)
{
    kr_xml_init(x, KR_STANZA_MAX);
    kr_iq_start(x, "result", core->settings.jid, asker->from, asker->id);
}

void kr_answer_end(struct kr_core *core, const struct kr_asker *asker, struct kr_xml *x)
{
    kr_xml_end(x);
    send_to(core, asker->from, kr_xml_take(x));
}

void kr_tell(struct kr_core *core, const char *to, const struct kr_notice *n)
{
    struct kr_xml x;
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_message_start(&x, "headline", core->settings.jid, to);
    kr_notice_encode(&x, n);
    kr_xml_end(&x);
    send_to(core, to, kr_xml_take(&x));
}

char *kr_tell_payload(const struct kr_notice *n)
{
    struct kr_xml x;
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_notice_encode(&x, n);
    return kr_xml_take(&x);
}

void kr_tell_raw(struct kr_core *core, const char *to, const char *payload)
{
    if (!payload)
        return;
    struct kr_xml x;
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_message_start(&x, "headline", core->settings.jid, to);
    kr_xml_text(&x, ""); /* closes the start tag */
    kr_buf_add_str(&x.out, payload);
    kr_xml_end(&x);
    send_to(core, to, kr_xml_take(&x));
}
