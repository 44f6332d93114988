#include "core/tell.h"

#include <stdlib.h>
#include <string.h>

#include "core/audit.h"
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

static void answer_error(struct kr_core *core, const struct kr_asker *asker, int err)
{
    struct kr_attr id = {.name = "id", .value = asker->id};
    struct kr_attr type = {.name = "type", .value = "set", .next = asker->id ? &id : NULL};
    struct kr_attr to = {.name = "to", .value = core->settings.jid, .next = &type};
    struct kr_attr from = {.name = "from", .value = asker->from, .next = &to};
    struct kr_el iq = {.name = "iq", .ns = "", .text = "", .attrs = &from};
    kr_output_send(core->out, kr_error_reply(&iq, err, NULL));
}

void kr_refuse(struct kr_core *core, const struct kr_asker *asker, const char *room, const char *request,
               int err)
{
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
    struct kr_xml x;
    kr_answer_start(core, asker, &x);
    kr_answer_end(core, &x);
}

void kr_answer_start(struct kr_core *core, const struct kr_asker *asker, struct kr_xml *x)
{
    kr_xml_init(x, KR_STANZA_MAX);
    kr_iq_start(x, "result", core->settings.jid, asker->from, asker->id);
}

void kr_answer_end(struct kr_core *core, struct kr_xml *x)
{
    kr_xml_end(x);
    kr_output_send(core->out, kr_xml_take(x));
}

void kr_tell(struct kr_core *core, const char *to, const struct kr_notice *n)
{
    struct kr_xml x;
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_message_start(&x, "headline", core->settings.jid, to);
    kr_notice_encode(&x, n);
    kr_xml_end(&x);
    kr_output_send(core->out, kr_xml_take(&x));
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
    kr_output_send(core->out, kr_xml_take(&x));
}
