/* Our own view of the room: who is in it under which nick, with which device (docs/protocol.md 3.4, 3.5). */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "client/state.h"
#include "message/stanza.h"
#include "xml/build.h"
#include "xml/ns.h"

static void send_presence(struct kr_client *c, bool join)
{
    struct kr_buf to;
    kr_buf_init(&to, KR_JID_MAX + KR_NICK_MAX + 2);
    kr_buf_printf(&to, "%s/%s", c->room, c->nick);
    char *jid = kr_buf_take_str(&to);
    struct kr_xml x;
    kr_xml_init(&x, KR_STANZA_MAX);
    kr_xml_start(&x, "presence", NULL);
    kr_xml_attr(&x, "to", jid);
    if (join) {
        kr_xml_start(&x, "x", KR_NS_MUC);
        kr_xml_start(&x, "history", NULL);
        kr_xml_attr(&x, "maxstanzas", "0");
        kr_xml_end(&x);
        kr_xml_end(&x);
        kr_xml_start(&x, "device", KR_NS);
        kr_xml_attr_id(&x, "id", &c->device);
        kr_xml_end(&x);
    } else {
        kr_xml_attr(&x, "type", "unavailable");
    }
    kr_xml_end(&x);
    kr_output_stanza(c->out, kr_xml_take(&x));
    kr_xml_done(&x);
    free(jid);
    kr_buf_done(&to);
}

void kr_presence_join(struct kr_client *c)
{
    c->joining = true;
    send_presence(c, true);
}

static void drop(struct kr_client *c, struct kr_occupant *o)
{
    HASH_DEL(c->occupants, o);
    free(o->nick);
    free(o);
}

void kr_presence_forget(struct kr_client *c)
{
    struct kr_occupant *o, *next;
    HASH_ITER (hh, c->occupants, o, next) {
        drop(c, o);
    }
}

/* Out of the room, by our will or another's. */
static void out_of_room(struct kr_client *c, const char *why)
{
    bool was = c->in_room;
    c->in_room = c->joining = false;
    kr_client_attach_end(c);
    kr_presence_forget(c);
    kr_attested_forget(c, false);
    kr_exposure_forget(c);
    c->sending = NULL;
    if (!c->keep)
        kr_epoch_fade(c);
    if (was)
        kr_output_report(c->out, KR_REPORT_LEFT)->why = kr_strdup(why);
}

static void say_leave(struct kr_client *c)
{
    send_presence(c, false);
    c->leaving++;
    c->leaving_until_ms = c->now_ms + KR_CLIENT_LEAVING_MS;
}

void kr_presence_leave(struct kr_client *c)
{
    if (c->jid && (c->in_room || c->joining)) {
        say_leave(c);
        out_of_room(c, "own");
    }
}

bool kr_presence_shows(const struct kr_client *c, const char *participant, const struct kr_id *device)
{
    struct kr_occupant *o;
    HASH_FIND_STR(c->occupants, participant, o);
    return o && o->has_device && kr_id_equal(&o->device, device);
}

bool kr_presence_is_admin(const struct kr_client *c, const char *participant)
{
    struct kr_occupant *o;
    HASH_FIND_STR(c->occupants, participant, o);
    return o && o->is_admin;
}

static bool has_status(const struct kr_el *x, const char *code)
{
    if (!x)
        return false;
    for (const struct kr_el *s = kr_el_child(x, "status", KR_NS_MUC_USER); s;
         s = kr_el_next(s, "status", KR_NS_MUC_USER)) {
        const char *v = kr_el_attr(s, "code");
        if (v && strcmp(v, code) == 0)
            return true;
    }
    return false;
}

static const char *gone_why(const struct kr_el *x)
{
    if (has_status(x, "307"))
        return "kicked";
    if (has_status(x, "301"))
        return "banned";
    return "removed";
}

static void came(struct kr_client *c, const char *nick, const struct kr_el *el, const struct kr_el *x)
{
    struct kr_occupant *o;
    HASH_FIND_STR(c->occupants, nick, o);
    bool fresh = o == NULL;
    if (fresh) {
        if (HASH_COUNT(c->occupants) >= KR_OCCUPANTS_MAX)
            return;
        o = kr_calloc(1, sizeof(*o));
        o->nick = kr_strdup(nick);
        HASH_ADD_KEYPTR(hh, c->occupants, o->nick, strlen(o->nick), o);
    }
    bool was_admin = o->is_admin && o->has_device;
    struct kr_id was = o->device;
    const struct kr_el *d = kr_el_child(el, "device", KR_NS);
    o->has_device = d && !kr_el_next(d, "device", KR_NS) && kr_el_attr_id(d, "id", &o->device) == 0;
    const struct kr_el *item = x ? kr_el_child(x, "item", KR_NS_MUC_USER) : NULL;
    const char *jid = item ? kr_el_attr(item, "jid") : NULL;
    const char *affiliation = item ? kr_el_attr(item, "affiliation") : NULL;
    o->is_admin = affiliation && (strcmp(affiliation, "owner") == 0 || strcmp(affiliation, "admin") == 0);
    /* Anybody may name any device: an admin's standing goes with the one who had it, or with its line. */
    if (o->is_admin && o->has_device)
        kr_seen_presence(c, &o->device, true);
    else if (was_admin && !o->is_admin)
        kr_seen_presence(c, &was, false);
    o->is_service = jid && kr_jid_same_bare(jid, c->service);
    /* Also one that was never seen to go: a server may hold its place while it restarts. */
    if (o->is_service && c->phase >= KR_PHASE_WAITING && !c->mismatched)
        c->ask_at_ms = c->now_ms + KR_CLIENT_REATTACH_MS;
    if (o->is_service)
        kr_request_hurry(c);
    if (fresh && o->is_service && c->phase == KR_PHASE_NONE && c->attach_at_ms != UINT64_MAX)
        c->attach_at_ms = c->now_ms;
}

/* Does the room say that we are out, or that we never were in? */
static bool is_our_end(const struct kr_client *c, const char *type, const char *nick, const struct kr_el *x)
{
    if (!type)
        return false;
    bool ours = strcmp(nick, c->nick) == 0 || has_status(x, "110"); /* it may have renamed us */
    return strcmp(type, "error") == 0 || (strcmp(type, "unavailable") == 0 && ours);
}

void kr_presence_stanza(struct kr_client *c, const struct kr_el *el)
{
    const char *from = kr_el_attr(el, "from");
    if (!from || !kr_jid_same_bare(from, c->room))
        return;
    const char *nick = kr_jid_resource(from);
    const char *type = kr_el_attr(el, "type");
    const struct kr_el *x = kr_el_child(el, "x", KR_NS_MUC_USER);
    if (c->leaving && c->now_ms >= c->leaving_until_ms)
        c->leaving = 0;
    if (c->leaving) { /* what the room says until it has seen us go is of the stay that is over */
        c->leaving -= is_our_end(c, type, nick, x);
        return;
    }
    if (!c->joining && !c->in_room) {
        /* The end of the stay before came so late that it was taken for the end of this one. */
        if (!type && !c->wants_room && has_status(x, "110"))
            say_leave(c);
        return;
    }
    if (type && strcmp(type, "error") == 0) {
        if (!c->joining)
            return;
        c->joining = false;
        c->wants_room = false;
        struct kr_report *r = kr_output_report(c->out, KR_REPORT_REFUSED);
        r->what = kr_strdup("join");
        r->why = kr_strdup(kr_error_condition(el));
    } else if (type && strcmp(type, "unavailable") == 0) {
        struct kr_occupant *o;
        HASH_FIND_STR(c->occupants, nick, o);
        if (strcmp(nick, c->nick) == 0 && !has_status(x, "303")) {
            c->wants_room = false; /* back only on command */
            out_of_room(c, gone_why(x));
        } else if (o) {
            drop(c, o);
        }
    } else if (!type && nick[0] && strlen(nick) <= KR_NICK_MAX) {
        came(c, nick, el, x);
        if (c->joining && has_status(x, "110")) {
            free(c->nick); /* the room may have changed it (status 210) */
            c->nick = kr_strdup(nick);
            c->joining = false;
            c->in_room = true;
            c->attach_at_ms = c->attach_paid_ms = c->now_ms;
            kr_output_report(c->out, KR_REPORT_JOINED);
        }
    }
}
