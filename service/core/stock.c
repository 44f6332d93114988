#include "core/stock.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "core/audit.h"
#include "core/occupant.h"
#include "core/room.h"
#include "message/stanza.h"
#include "xml/ns.h"

struct held {             /* one message that the module holds */
    struct kr_room *room; /* NULL: we are not in it */
    const char *token;
    struct kr_occupant *from, *to; /* NULL: not there */
    const char *from_nick, *to_nick;
    struct kr_stock_message message;
    int err; /* of reading it */
};

static void verdict(struct kr_core *core, const char *address, const char *token, int err, const char *why)
{
    struct kr_room named = {.jid = (char *)address}; /* we may not be in it */
    struct kr_err_stanza e = kr_err_stanza(err);
    struct kr_xml x;
    kr_stock_order_start(core, &named, &x, "verdict");
    kr_xml_attr(&x, "token", token);
    kr_xml_attr(&x, "allow", err ? "false" : "true");
    if (err) {
        kr_xml_attr(&x, "type", e.type);
        kr_xml_attr(&x, "condition", e.condition);
        kr_xml_text(&x, "Keyroom: ");
        kr_xml_text(&x, why);
    }
    kr_stock_order_end(core, &x);
}

static void record_pair(struct kr_core *core, const struct held *h, const char *type)
{
    struct kr_entry e;
    if (!h->room->has_instance)
        kr_room_begin_instance(core, h->room);
    kr_entry_begin(&e, core, type, h->room);
    kr_entry_commit(&e, "participant", "participant", h->from_nick);
    kr_entry_commit(&e, "peer", "participant", h->to_nick);
    kr_entry_end(&e);
}

/* Named once a room: it passes, and somebody should know of it. */
static void say_unknown(struct kr_core *core, const struct held *h)
{
    const struct kr_stock_message *m = &h->message;
    struct kr_stock_room *s = h->room->stock;
    if (m->type == KR_STOCK_TYPE_OTHER || m->unknown[0]) {
        if (!s->unknown_said)
            kr_trace(core, KR_TRACE_WARN,
                     "stock message %s of " KR_PEER " in " KR_PEER " -> passed as it is (%s%s)", m->type_name,
                     h->from_nick, h->room->jid,
                     m->unknown[0] ? "a field that is not known: " : "a type that is not known", m->unknown);
        s->unknown_said = true;
    }
    if (m->has_signature && !s->signature_said) {
        s->signature_said = true;
        kr_trace(core, KR_TRACE_INFO,
                 "stock clients of " KR_PEER
                 " -> sign their sessions (the signature is for the clients to verify: "
                 "which bytes it covers is not known here)",
                 h->room->jid);
    }
}

static void note_fault(struct kr_core *core, const struct held *h, const struct kr_stock_pair *pair,
                       enum kr_stock_fault before)
{
    if (pair->fault == before || pair->fault == KR_STOCK_FINE)
        return;
    const char *hint = kr_stock_pair_hint(pair, core->now.mono_ms);
    core->stats.stock_half_open++;
    kr_trace(core, KR_TRACE_WARN,
             "stock session of " KR_PEER " and " KR_PEER " in " KR_PEER " -> broken (%s)", h->from_nick,
             h->to_nick, h->room->jid, hint);
    record_pair(core, h, "stock-half-open");
    kr_stock_tell_page(core, h->room, h->from_nick, "no-session", h->to_nick, hint);
    kr_stock_tell_page(core, h->room, h->to_nick, "no-session", h->from_nick, hint);
}

static void pass(struct kr_core *core, const struct held *h)
{
    const struct kr_stock_message *m = &h->message;
    core->stats.stock_passed++;
    if (m->type == KR_STOCK_TYPE_NONE)
        return;
    say_unknown(core, h);
    struct kr_stock_pair *pair = kr_stock_pair_get(h->room, h->from, h->to);
    if (!pair)
        return;
    enum kr_stock_fault before = pair->fault;
    kr_stock_pair_passed(pair, h->from_nick, m, core->now.mono_ms);
    note_fault(core, h, pair, before);
    if (m->type == KR_STOCK_TYPE_SAS_MAC) {
        kr_trace(core, KR_TRACE_INFO,
                 "verification of " KR_PEER " by " KR_PEER " in " KR_PEER " -> confirmed", h->to_nick,
                 h->from_nick, h->room->jid);
        record_pair(core, h, "stock-sas-confirmed");
    }
}

static void refuse(struct kr_core *core, const struct held *h, int err, const char *why)
{
    const char *type = h->message.type == KR_STOCK_TYPE_NONE ? "message" : h->message.type_name;
    core->stats.stock_refused++;
    kr_trace(core, KR_TRACE_INFO, "stock %s of " KR_PEER " to " KR_PEER " in " KR_PEER " -> refused (%s)",
             type, h->from_nick, h->to_nick, h->room ? h->room->jid : "a room we are not in", why);
    if (!h->room || !h->from)
        return;
    if (h->from->jid_count)
        kr_audit_refusal(core, h->from->jids[0], h->room->jid, err);
    if (!h->from->stock)
        return;
    h->from->stock->refused++;
    if (!kr_stock_may(h->room, h->from, &why) && !h->from->stock->page_was_told) {
        h->from->stock->page_was_told = true;
        kr_stock_tell_page(core, h->room, h->from_nick, "refused", NULL, why);
    }
}

static int judge(struct kr_core *core, const struct held *h, const char **ret_why)
{
    *ret_why = "the service is not in this room";
    if (!h->room || h->room->presence != KR_IN)
        return KR_E_UNKNOWN_ROOM;
    *ret_why = "the message is not of its form";
    if (h->err)
        return h->err;
    *ret_why = "the sender is not seen in the room";
    if (!h->from)
        return KR_E_NOT_OCCUPANT;
    *ret_why = "the other side is not in the room";
    if (!h->to)
        return KR_E_NOT_IN_ROOM;
    return kr_stock_judge(h->room, h->from, h->to, kr_stock_pair_find(h->room, h->from_nick, h->to_nick),
                          &h->message, core->now.mono_ms, ret_why);
}

static void held(struct kr_core *core, struct kr_room *room, const char *address, const struct kr_el *el)
{
    struct held h = {.token = kr_el_attr(el, "token"),
                     .from_nick = kr_el_attr(el, "from"),
                     .to_nick = kr_el_attr(el, "to")};
    if (!h.token || !h.from_nick || !h.to_nick)
        return;
    h.room = room && room->stock && !room->dead ? room : NULL;
    h.from = h.room ? kr_occupant_find(h.room, h.from_nick) : NULL;
    h.to = h.room ? kr_occupant_find(h.room, h.to_nick) : NULL;
    struct kr_buf json;
    kr_buf_init(&json, KR_STOCK_JSON_MAX);
    /* The module pads its base64, as Prosody's library does. */
    size_t len = el->text_len;
    while (len && el->text[len - 1] == '=')
        len--;
    h.err = kr_b64_decode(&json, el->text, len);
    if (!h.err)
        h.err = kr_stock_parse(kr_buf_span(&json), &h.message);
    kr_buf_done(&json);
    const char *why = "";
    int err = judge(core, &h, &why);
    verdict(core, address, h.token, err, why);
    if (err)
        refuse(core, &h, err, why);
    else
        pass(core, &h);
}

/* What the module decided without us, while we were away or too slow. */
static void away(struct kr_core *core, const char *muc, const struct kr_el *el)
{
    static const char *const names[] = {"passed", "refused", "late", "groupchat", "kept-on"};
    struct kr_entry e;
    uint64_t n[sizeof(names) / sizeof(names[0])] = {0};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (kr_el_attr_u64(el, names[i], UINT32_MAX, &n[i]))
            n[i] = 0;
    }
    kr_trace(core, n[0] ? KR_TRACE_WARN : KR_TRACE_INFO,
             "module of " KR_PEER
             " -> decided alone: %llu key messages passed, %llu refused, %llu of them for a late "
             "answer; %llu to a whole room refused, E2EE kept on %llu times",
             muc, (unsigned long long)n[0], (unsigned long long)n[1], (unsigned long long)n[2],
             (unsigned long long)n[3], (unsigned long long)n[4]);
    kr_entry_begin(&e, core, "stock-away", NULL);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        kr_entry_u64(&e, names[i], n[i]);
    kr_entry_end(&e);
    core->stats.stock_alone_passed += n[0];
    core->stats.stock_alone_refused += n[1];
}

static bool is_muc(const struct kr_core *core, const char *domain)
{
    for (size_t i = 0; i < core->settings.muc_domain_count; i++) {
        if (kr_glob_match(core->settings.muc_domains[i], domain))
            return true;
    }
    return false;
}

bool kr_stock_message(struct kr_core *core, const struct kr_el *message)
{
    const char *from = kr_el_attr(message, "from");
    if (!from || !kr_jid_valid(from) || strchr(from, '/'))
        return false;
    const struct kr_el *el = NULL;
    bool is_room = strchr(from, '@') != NULL;
    struct kr_room *room = is_room ? kr_room_find(core, from) : NULL;
    const char *address = room ? kr_room_address(room) : from;
    const char *domain = is_room ? strchr(address, '@') + 1 : from;
    if (!is_room && (el = kr_el_child(message, "module", KR_NS_STOCK)) != NULL) {
        kr_stock_module_said(core, from, el); /* of any service: one that we do not serve is worth knowing */
        return true;
    }
    if (!is_muc(core, domain))
        return false;
    if (is_room && (el = kr_el_child(message, "held", KR_NS_STOCK)) != NULL)
        held(core, room, address, el);
    else if (!is_room && (el = kr_el_child(message, "away", KR_NS_STOCK)) != NULL)
        away(core, from, el);
    return el != NULL;
}
