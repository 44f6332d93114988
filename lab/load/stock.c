#include "load/stock.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "io/random.h"
#include "load/stock_cipher.h"
#include "load/stock_message.h"
#include "xml/ns.h"

enum { MESSAGE_MAX = 4096 };

enum stage { OFF, SESSIONS, SMALLER, KEYS, ON };

struct peer { /* what we have with the person on another line */
    struct kr_stock_session *session;
    bool seen;       /* its presence */
    bool opening;    /* our session-init waits for its answer */
    bool awaited;    /* our key-info waits for its answer ... */
    bool counted;    /* ... and we wait for it */
    uint32_t ours;   /* serial of the request that waits */
    unsigned theirs; /* newest of its keys that we hold; 0: none */
};

struct stock {
    struct kr_stock_device *device;
    bool real;
    enum stage stage;
    uint64_t since_ns, until_ns; /* the stage's beginning, and its time-out */
    size_t lost;                 /* answers of this stage that will never come */
    unsigned key;                /* number of our newest key */
    size_t opening, awaited;     /* that we wait for */
    size_t unanswered;           /* key-infos, waited for or not */
    uint32_t serial;
    struct peer *peers; /* by line */
};

static struct stock *of(const struct kr_seat *seat)
{
    return seat->state;
}

static struct peer *peer_of(const struct kr_seat *seat, const struct kr_seat *other)
{
    return &of(seat)->peers[other->index];
}

/* --- sending --- */

/* Like a random one in form; tells whose request it is, and which. */
static void make_uuid(char out[static KR_STOCK_UUID + 1], const struct kr_seat *asker,
                      const struct kr_seat *asked, uint32_t serial)
{
    struct kr_buf b;
    kr_buf_init(&b, KR_STOCK_UUID + 1);
    kr_buf_printf(&b, "%08x-%04x-4%03x-8%03x-%012x", serial, 0x5eedU, 0x111U, 0x222U,
                  (unsigned)(asker->index * 65536 + asked->index));
    memcpy(out, b.ptr, KR_STOCK_UUID);
    out[KR_STOCK_UUID] = '\0';
    kr_buf_done(&b);
}

static void send_message(struct kr_seat *seat, const struct kr_seat *to, const struct kr_stock_message *m)
{
    struct kr_buf b;
    kr_buf_init(&b, MESSAGE_MAX);
    kr_stock_write(&b, seat->crowd->rooms[seat->room], to->nick, m);
    kr_seat_send(seat, (const char *)b.ptr, b.len);
    kr_buf_done(&b);
}

static void send_sealed(struct kr_seat *seat, struct kr_seat *to, enum kr_stock_kind kind, const char *uuid)
{
    struct kr_stock_message m = {.kind = kind, .uuid = uuid};
    struct kr_buf body;
    kr_buf_init(&body, MESSAGE_MAX);
    if (kr_stock_seal(peer_of(seat, to)->session, of(seat)->device, of(seat)->key, &m.type, &body) != 0)
        kr_trial_wrong(seat->crowd->trial, "%s cannot seal", seat->nick);
    m.body = (const char *)body.ptr;
    m.body_len = body.len;
    send_message(seat, to, &m);
    kr_buf_done(&body);
}

static void send_init(struct kr_seat *seat, struct kr_seat *to)
{
    struct stock *s = of(seat);
    struct peer *p = peer_of(seat, to);
    char uuid[KR_STOCK_UUID + 1], one_time[KR_KEY_TEXT];
    p->opening = true;
    p->ours = ++s->serial;
    s->opening++;
    make_uuid(uuid, seat, to, p->ours);
    kr_stock_one_time(s->device, one_time);
    struct kr_stock_message m = {
        .kind = KR_STOCK_INIT, .uuid = uuid, .id_key = kr_stock_id_key(s->device), .one_time_key = one_time};
    send_message(seat, to, &m);
}

static void send_key(struct kr_seat *seat, struct kr_seat *to, bool awaited)
{
    struct stock *s = of(seat);
    struct peer *p = peer_of(seat, to);
    char uuid[KR_STOCK_UUID + 1];
    p->ours = ++s->serial;
    s->unanswered += !p->awaited;
    p->awaited = true;
    p->counted = awaited;
    s->awaited += awaited;
    make_uuid(uuid, seat, to, p->ours);
    send_sealed(seat, to, KR_STOCK_KEY_INFO, uuid);
}

/* --- the stages of enabling --- */

static bool has_all_smaller(const struct kr_seat *seat)
{
    const struct kr_crowd *crowd = seat->crowd;
    for (size_t i = 0; i < crowd->seat_count; i++) {
        const struct kr_seat *other = &crowd->seats[i];
        if (peer_of(seat, other)->seen && strcmp(other->nick, seat->nick) < 0 &&
            !peer_of(seat, other)->session)
            return false;
    }
    return true;
}

/* With real Olm all devices share one core, and being slow is not theirs: then nobody gives up before it is
 * sure that no answer comes, which costs stock its time-out all the same. */
enum { PATIENCE = 12 };

static void enter(struct kr_seat *seat, enum stage stage, uint64_t ms)
{
    struct stock *s = of(seat);
    s->stage = stage;
    s->since_ns = kr_now_ns();
    s->until_ns = s->since_ns + ms * KR_NS_PER_MS * (s->real ? PATIENCE : 1);
    s->lost = 0;
}

/* Nothing is waited for any more: all was answered, or for what was not the time-out has passed. */
static bool is_over(const struct stock *s, size_t waiting)
{
    uint64_t now = kr_now_ns();
    return now >= s->until_ns ||
           (waiting == 0 && (s->lost == 0 || now >= s->since_ns + KR_STOCK_REQUEST_MS * KR_NS_PER_MS));
}

static void advance(struct kr_seat *seat)
{
    struct stock *s = of(seat);
    if (s->stage == SESSIONS && is_over(s, s->opening))
        enter(seat, SMALLER, KR_STOCK_WAIT_MS);
    if (s->stage == SMALLER && (kr_now_ns() >= s->until_ns || has_all_smaller(seat))) {
        kr_stock_rotate(seat);
        return;
    }
    if (s->stage == KEYS && is_over(s, s->awaited)) {
        s->stage = ON;
        s->until_ns = UINT64_MAX;
        kr_trial_switch(seat->crowd->trial);
    }
}

void kr_stock_enable(struct kr_seat *seat)
{
    struct kr_crowd *crowd = seat->crowd;
    enter(seat, SESSIONS, KR_STOCK_REQUEST_MS);
    for (size_t i = 0; i < crowd->seat_count; i++) {
        struct kr_seat *other = &crowd->seats[i];
        if (peer_of(seat, other)->seen && strcmp(seat->nick, other->nick) < 0 &&
            !peer_of(seat, other)->session)
            send_init(seat, other);
    }
    advance(seat);
}

void kr_stock_rotate(struct kr_seat *seat)
{
    struct kr_crowd *crowd = seat->crowd;
    of(seat)->key++;
    of(seat)->awaited = 0;
    enter(seat, KEYS, KR_STOCK_REQUEST_MS);
    for (size_t i = 0; i < crowd->seat_count; i++) {
        struct kr_seat *other = &crowd->seats[i];
        if (other != seat && other->inside && peer_of(seat, other)->session)
            send_key(seat, other, true);
    }
    advance(seat);
}

/* --- receiving --- */

static void take_key(struct kr_seat *seat, struct kr_seat *from, const struct kr_stock_message *m)
{
    struct peer *p = peer_of(seat, from);
    unsigned key;
    if (kr_stock_open(p->session, of(from)->device, of(from)->key, m->type, m->body, m->body_len, &key) !=
        0) {
        kr_trial_wrong(seat->crowd->trial, "%s cannot open what %s sealed", seat->nick, from->nick);
        return;
    }
    if (key > p->theirs) {
        p->theirs = key;
        kr_trial_keys(seat->crowd->trial, 1);
    }
}

static void take_init(struct kr_seat *seat, struct kr_seat *from, const struct kr_stock_message *m)
{
    struct peer *p = peer_of(seat, from);
    char uuid[KR_STOCK_UUID + 1];
    if (p->session) {
        kr_trial_wrong(seat->crowd->trial, "a second session-init");
        return;
    }
    p->session = kr_stock_outbound(of(seat)->device, m->id_key, m->one_time_key);
    if (!p->session) {
        kr_trial_wrong(seat->crowd->trial, "%s cannot open a session", seat->nick);
        return;
    }
    memcpy(uuid, m->uuid, KR_STOCK_UUID);
    uuid[KR_STOCK_UUID] = '\0';
    send_sealed(seat, from, KR_STOCK_SESSION_ACK, uuid);
}

static void take_session_ack(struct kr_seat *seat, struct kr_seat *from, const struct kr_stock_message *m)
{
    struct stock *s = of(seat);
    struct peer *p = peer_of(seat, from);
    unsigned key;
    /* libolm drops the oldest one-time key above a hundred; stock does not try again, and waits in vain. */
    p->session = kr_stock_inbound(s->device, of(from)->device, of(from)->key, m->body, m->body_len, &key);
    p->opening = false;
    s->opening--;
    if (!p->session) {
        s->lost++;
        return;
    }
    if (key > p->theirs) {
        p->theirs = key;
        kr_trial_keys(seat->crowd->trial, 1);
    }
    if (s->stage >= KEYS)
        send_key(seat, from, false); /* to a newcomer, not waited for */
}

static void take_key_ack(struct kr_seat *seat, struct kr_seat *from, const struct kr_stock_message *m)
{
    struct stock *s = of(seat);
    struct peer *p = peer_of(seat, from);
    take_key(seat, from, m);
    s->unanswered -= p->awaited;
    s->awaited -= p->counted && s->awaited;
    p->awaited = p->counted = false;
    kr_trial_ack(seat->crowd->trial);
}

/* The generator knows that a key-info is not answered; who sent it finds out by its time-out. */
static void no_answer(struct kr_seat *seat, const struct kr_seat *from)
{
    struct peer *p = peer_of(seat, from);
    of(seat)->unanswered -= p->awaited;
    of(seat)->awaited -= p->counted && of(seat)->awaited;
    of(seat)->lost += p->counted;
    p->awaited = p->counted = false;
}

static bool answers(const struct kr_seat *seat, const struct kr_seat *from, const struct kr_stock_message *m)
{
    const struct peer *p = peer_of(seat, from);
    char uuid[KR_STOCK_UUID + 1];
    make_uuid(uuid, seat, from, p->ours);
    return (p->opening || p->awaited) && memcmp(uuid, m->uuid, KR_STOCK_UUID) == 0;
}

static void take_message(struct kr_seat *seat, struct kr_seat *from, const struct kr_stock_message *m)
{
    char uuid[KR_STOCK_UUID + 1];
    bool answer = m->kind == KR_STOCK_SESSION_ACK || m->kind == KR_STOCK_KEY_INFO_ACK;
    if (answer && !answers(seat, from, m)) {
        kr_trial_wrong(seat->crowd->trial, "an answer to what was not asked");
        return;
    }
    switch (m->kind) {
    case KR_STOCK_INIT:
        take_init(seat, from, m);
        break;
    case KR_STOCK_SESSION_ACK:
        take_session_ack(seat, from, m);
        break;
    case KR_STOCK_KEY_INFO:
        if (!peer_of(seat, from)->session) { /* "No session found": the pair failed before */
            no_answer(from, seat);
            return;
        }
        take_key(seat, from, m);
        memcpy(uuid, m->uuid, KR_STOCK_UUID);
        uuid[KR_STOCK_UUID] = '\0';
        send_sealed(seat, from, KR_STOCK_KEY_INFO_ACK, uuid);
        break;
    case KR_STOCK_KEY_INFO_ACK:
        take_key_ack(seat, from, m);
        break;
    case KR_STOCK_KINDS:
        break;
    }
    advance(seat);
}

/* Who is on greets a newcomer of a larger id. */
static void meet(struct kr_seat *seat, struct kr_seat *other)
{
    if (!other || other == seat)
        return;
    peer_of(seat, other)->seen = true;
    if (seat->crowd->eager && of(seat)->stage != OFF && strcmp(seat->nick, other->nick) < 0 &&
        !peer_of(seat, other)->session && !peer_of(seat, other)->opening)
        send_init(seat, other);
}

static void stanza(struct kr_seat *seat, const struct kr_piece *p)
{
    struct kr_stock_message m;
    struct kr_seat *from = kr_crowd_sender(seat->crowd, p);
    if (kr_piece_is(p, "presence")) {
        if (!kr_piece_attr(p, "type", &(size_t){0}))
            meet(seat, from);
    } else if (kr_piece_attr_is(p, "type", "error")) {
        if (from) /* else it was for somebody who has left */
            kr_trial_wrong(seat->crowd->trial, "the server returned a message");
    } else if (kr_piece_is(p, "message") && from && kr_stock_read(p, &m) == 0) {
        take_message(seat, from, &m);
    }
}

/* --- coming and going --- */

static void come(struct kr_seat *seat, bool real)
{
    struct stock *s = kr_calloc(1, sizeof(*s));
    struct kr_random random = kr_random_system();
    s->real = real;
    s->device = kr_stock_device_new(&random, real);
    s->until_ns = UINT64_MAX;
    s->peers = kr_calloc(seat->crowd->seat_count, sizeof(*s->peers));
    if (!s->device)
        kr_load_fail(seat->crowd->load, "libolm makes no account");
    seat->state = s;
}

static void come_olm(struct kr_seat *seat)
{
    come(seat, true);
}

static void come_sized(struct kr_seat *seat)
{
    come(seat, false);
}

static void go(struct kr_seat *seat)
{
    struct kr_crowd *crowd = seat->crowd;
    struct stock *s = of(seat);
    for (size_t i = 0; i < crowd->seat_count; i++) {
        kr_stock_session_free(s->peers[i].session);
        if (crowd->seats[i].state && &crowd->seats[i] != seat) { /* the others free theirs with the leave */
            struct peer *p = peer_of(&crowd->seats[i], seat);
            of(&crowd->seats[i])->unanswered -= p->awaited;
            of(&crowd->seats[i])->opening -= p->opening;
            kr_stock_session_free(p->session);
            *p = (struct peer){.session = NULL};
        }
    }
    kr_stock_device_free(s->device);
    free(s->peers);
    free(s);
    seat->state = NULL;
}

static void presence(struct kr_seat *seat, struct kr_xml *x)
{
    kr_xml_start(x, "jitsi_participant_e2ee.idKey.curve25519", NULL);
    kr_xml_text(x, kr_stock_id_key(of(seat)->device));
    kr_xml_end(x);
    kr_xml_start(x, "features", NULL);
    kr_xml_start(x, "feature", NULL);
    kr_xml_attr(x, "var", "https://jitsi.org/meet/e2ee");
    kr_xml_end(x);
    kr_xml_end(x);
}

static uint64_t due(const struct kr_seat *seat)
{
    const struct stock *s = of(seat);
    uint64_t timed_out = s->since_ns + KR_STOCK_REQUEST_MS * KR_NS_PER_MS;
    return s->lost && s->stage != ON && timed_out < s->until_ns ? timed_out : s->until_ns;
}

const struct kr_dialect kr_stock_olm = {.name = "stock, real Olm",
                                        .come = come_olm,
                                        .go = go,
                                        .presence = presence,
                                        .inside = kr_stock_enable,
                                        .stanza = stanza,
                                        .all = true,
                                        .due = due,
                                        .time = advance};
const struct kr_dialect kr_stock_sized = {.name = "stock, sized ciphertexts",
                                          .come = come_sized,
                                          .go = go,
                                          .presence = presence,
                                          .inside = kr_stock_enable,
                                          .stanza = stanza,
                                          .all = true,
                                          .due = due,
                                          .time = advance};

void kr_stock_assume(struct kr_crowd *crowd)
{
    for (size_t i = 0; i < crowd->seat_count; i++) {
        struct kr_seat *seat = &crowd->seats[i];
        if (!seat->inside)
            continue;
        of(seat)->stage = ON;
        of(seat)->key += of(seat)->key == 0;
        for (size_t k = 0; k < crowd->seat_count; k++) {
            struct peer *p = &of(seat)->peers[k];
            if (k == i || !crowd->seats[k].inside || p->session)
                continue;
            p->session = kr_stock_session_steady();
            p->theirs = 1; /* or less than it is: only the next one counts */
        }
    }
}

/* --- conditions --- */

bool kr_stock_all_on(void *arg)
{
    const struct kr_crowd *crowd = arg;
    for (size_t i = 0; i < crowd->seat_count; i++)
        if (crowd->seats[i].wanted && (!crowd->seats[i].inside || of(&crowd->seats[i])->stage != ON))
            return false;
    return true;
}

bool kr_stock_all_settled(void *arg)
{
    const struct kr_crowd *crowd = arg;
    for (size_t i = 0; i < crowd->seat_count; i++)
        if (crowd->seats[i].inside && (of(&crowd->seats[i])->unanswered || of(&crowd->seats[i])->opening))
            return false;
    return kr_stock_all_on(arg);
}

size_t kr_stock_failed_pairs(const struct kr_crowd *crowd)
{
    size_t failed = 0;
    for (size_t i = 0; i < crowd->seat_count; i++) {
        for (size_t k = i + 1; k < crowd->seat_count; k++) {
            const struct kr_seat *a = &crowd->seats[i], *b = &crowd->seats[k];
            if (a->inside && b->inside &&
                (peer_of(a, b)->theirs < of(b)->key || peer_of(b, a)->theirs < of(a)->key))
                failed++;
        }
    }
    return failed;
}
