/* Lines of devices that are attached and in no roster: whoever waits to be verified, and whom it may ask
 * (docs/protocol.md 6.10). */
#include "client/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

void kr_line_ask(struct kr_client *c, const char *participant)
{
    struct kr_request r = {.kind = KR_REQ_LINE, .u.line = {.participant = participant}};
    kr_request_send(c, &r);
}

void kr_line_ask_for(struct kr_client *c, const struct kr_notice_session *s)
{
    size_t waiting = 0;
    for (const struct kr_pending *q = c->pending; q; q = q->next)
        waiting += q->kind == KR_REQ_LINE;
    struct kr_request r = {.kind = KR_REQ_LINE, .u.line = {.has_attach = true, .attach = s->from}};
    struct kr_pending *q = waiting < KR_CLIENT_LINES_MAX ? kr_request_send(c, &r) : NULL;
    if (!q) {
        kr_output_refused(c->out, "session", KR_E_BUSY, NULL);
        return;
    }
    q->to = s->from;
    q->held_type = s->type;
    q->held_len = s->message.len;
    q->held = kr_malloc(s->message.len);
    memcpy(q->held, s->message.ptr, s->message.len);
}

static int take(struct kr_client *c, const struct kr_pending *q, const struct kr_el *payload,
                struct kr_peer **ret_peer)
{
    struct kr_res_line res;
    int err = payload ? kr_res_line_decode(payload, &res) : KR_E_MALFORMED;
    if (!err && (strcmp(res.room, c->room) != 0 || kr_id_equal(&res.line.attach, &c->attach) ||
                 (q->held && !kr_id_equal(&res.line.attach, &q->to))))
        err = KR_E_MALFORMED;
    if (err)
        return err;
    struct kr_peer *p = kr_peer_find(c, &res.line.attach);
    bool in_roster = p && !p->outside;
    if (!p && HASH_COUNT(c->peers) >= KR_OCCUPANTS_MAX)
        return KR_E_TOO_LARGE;
    if (!in_roster) { /* what the roster says of a line stands */
        p = kr_peer_of_line(c, &res.line);
        p->outside = true;
    }
    if (!p->verified)
        return KR_E_BAD_SIGNATURE;
    if (!kr_presence_shows(c, p->participant, &p->device))
        return KR_E_NOT_IN_PRESENCE;
    *ret_peer = p;
    return 0;
}

void kr_line_result(struct kr_client *c, const struct kr_pending *q, const struct kr_el *payload, int err)
{
    struct kr_peer *p = NULL;
    if (c->phase < KR_PHASE_WAITING)
        return;
    if (!err)
        err = take(c, q, payload, &p);
    if (err) {
        kr_output_refused(c->out, "line", err, NULL);
        return;
    }
    if (!q->held) {
        kr_verify_want(c, p);
        return;
    }
    struct kr_notice_session s = {
        .from = q->to, .verify = true, .type = q->held_type, .message = kr_span(q->held, q->held_len)};
    kr_peer_greeted(c, &s);
}
