#include "io/link.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/limit.h"
#include "io/link_strophe.h"
#include "io/stanza_el.h"

enum {
    CLOSE_MS = 3000, /* libstrophe gives a closing stream two seconds of its own */
    /* Rounds without anything to read after which a turn ends: */
    ROUNDS_PLAIN = 1,
    ROUNDS_TLS = 6 /* reads of 4 KiB that empty a TLS record which the socket no longer shows */
};

enum state { IDLE, WAITING, CONNECTING, UP, CLOSING };

struct chunk { /* whole stanzas, one behind the other */
    struct chunk *next;
    size_t stanzas, len, cap;
    char bytes[];
};

struct kr_link {
    struct kr_link_config config; /* strings are ours */
    struct kr_link_callbacks cb;
    struct kr_random random;
    struct kr_wire *wire;
    enum state state;
    bool stopped;  /* kr_link_close: no reconnect */
    bool overflow; /* the queue went over its limit */
    bool tcp_up;
    bool kick;          /* libstrophe has something to write that it does not count */
    uint64_t now, due;  /* due: of the state WAITING, CONNECTING and CLOSING */
    uint64_t last_sent; /* for the keepalive */
    unsigned failures;  /* attempts since the link was last up */
    struct chunk *head, *tail;
    size_t queued, queued_bytes;
    size_t in_flight; /* stanzas libstrophe has and the kernel may not have */
};

int kr_link_new(const struct kr_link_config *config, const struct kr_link_callbacks *cb,
                const struct kr_random *random, struct kr_link **ret_link)
{
    if (!config->host || !config->jid || config->port == 0 || config->backoff_min_ms == 0 ||
        config->backoff_max_ms < config->backoff_min_ms)
        return KR_E_CONFIG;
    struct kr_link *l = kr_calloc(1, sizeof(*l));
    l->config = *config;
    l->config.host = kr_strdup(config->host);
    l->config.jid = kr_strdup(config->jid);
    l->cb = *cb;
    l->random = *random;
    *ret_link = l;
    return 0;
}

static void drop_queue(struct kr_link *l)
{
    while (l->head) {
        struct chunk *next = l->head->next;
        free(l->head);
        l->head = next;
    }
    l->tail = NULL;
    l->queued = l->queued_bytes = l->in_flight = 0;
    l->overflow = false;
}

void kr_link_free(struct kr_link *l)
{
    if (!l)
        return;
    kr_wire_free(l->wire);
    drop_queue(l);
    free((char *)l->config.host);
    free((char *)l->config.jid);
    free(l);
}

void kr_link_start(struct kr_link *l)
{
    l->stopped = false;
    if (l->state == IDLE) {
        l->state = WAITING;
        l->due = 0;
        l->failures = 0;
    }
}

/* Exponential, between half and all of the nominal delay so that many daemons do not come back as one. */
static uint64_t backoff_ms(struct kr_link *l)
{
    uint64_t nominal = l->config.backoff_min_ms;
    for (unsigned i = 1; i < l->failures && nominal < l->config.backoff_max_ms; i++)
        nominal *= 2;
    if (nominal > l->config.backoff_max_ms)
        nominal = l->config.backoff_max_ms;
    uint32_t r = 0;
    kr_random_fill(&l->random, &r, sizeof(r));
    return nominal - (nominal / 2 * r) / UINT32_MAX;
}

/* Gives up the wire, tells, and plans the next attempt. */
static void go_down(struct kr_link *l, enum kr_link_down why, const char *detail)
{
    char copy[200];
    size_t len = strnlen(detail, sizeof(copy) - 1);
    memcpy(copy, detail, len);
    copy[len] = '\0';
    kr_wire_free(l->wire);
    l->wire = NULL;
    drop_queue(l);
    l->tcp_up = false;
    l->failures++;
    if (l->config.reconnect && !l->stopped && why != KR_DOWN_AUTH) {
        l->state = WAITING;
        l->due = l->now + backoff_ms(l);
    } else {
        l->state = IDLE;
    }
    l->cb.down(l->cb.arg, why, copy);
}

static void on_up(void *arg)
{
    struct kr_link *l = arg;
    l->state = UP;
    l->failures = 0;
    l->last_sent = l->now;
    l->cb.up(l->cb.arg);
}

static void on_stanza(void *arg, xmpp_stanza_t *stanza)
{
    struct kr_link *l = arg;
    const char *name = xmpp_stanza_get_name(stanza);
    if (!name || (strcmp(name, "iq") != 0 && strcmp(name, "message") != 0 && strcmp(name, "presence") != 0))
        return; /* stream errors and features are libstrophe's business */
    struct kr_arena arena;
    const struct kr_el *el = NULL;
    kr_arena_init(&arena, KR_STANZA_ARENA_MAX);
    if (kr_el_from_stanza(&arena, stanza, &el) == 0)
        l->cb.stanza(l->cb.arg, el);
    else
        l->cb.oversize(l->cb.arg, name, xmpp_stanza_get_from(stanza), xmpp_stanza_get_id(stanza),
                       xmpp_stanza_get_type(stanza));
    kr_arena_done(&arena);
}

static void attempt(struct kr_link *l)
{
    struct kr_wire_callbacks cb = {.arg = l, .up = on_up, .stanza = on_stanza};
    l->wire = kr_wire_new(&l->config, &cb);
    l->state = CONNECTING;
    l->due = l->now + KR_CONNECT_MS;
    l->tcp_up = false;
    if (!l->wire)
        go_down(l, KR_DOWN_STREAM, "libstrophe cannot start");
}

/* Hands the next chunk to libstrophe once it has written the one before. */
static void feed(struct kr_link *l)
{
    if (l->state != UP || !kr_wire_idle(l->wire))
        return;
    l->in_flight = 0;
    struct chunk *c = l->head;
    if (!c)
        return;
    l->head = c->next;
    if (!l->head)
        l->tail = NULL;
    l->queued -= c->stanzas;
    l->queued_bytes -= c->len;
    l->in_flight = c->stanzas;
    kr_wire_send(l->wire, c->bytes, c->len);
    l->last_sent = l->now;
    free(c);
}

static bool readable(const struct kr_link *l)
{
    struct pollfd p = {.fd = kr_wire_fd(l->wire), .events = POLLIN};
    return p.fd >= 0 && poll(&p, 1, 0) > 0;
}

/* Writes and reads for a bounded number of rounds; false when the wire has ended. */
static bool pump(struct kr_link *l)
{
    enum kr_link_down why;
    const char *detail;
    int quiet = 0;
    int enough = !l->config.component && !l->config.plain ? ROUNDS_TLS : ROUNDS_PLAIN;
    l->kick = false;
    for (int round = 0; round < KR_LINK_ROUNDS_MAX; round++) {
        feed(l);
        bool answered = kr_wire_run(l->wire) && l->state != UP;
        if (kr_wire_end(l->wire, &why, &detail)) {
            go_down(l, why, detail);
            return false;
        }
        if (answered || readable(l) || (l->state == UP && l->head && kr_wire_idle(l->wire)))
            quiet = 0;
        else if (++quiet >= enough)
            break;
    }
    if (l->state == UP && kr_wire_idle(l->wire))
        l->in_flight = 0;
    return true;
}

static void check_clock(struct kr_link *l)
{
    if (l->state == CONNECTING && !l->tcp_up && kr_wire_tcp_up(l->wire)) {
        l->tcp_up = true;
        l->due = l->now + KR_HANDSHAKE_MS;
    }
    if (l->state == CONNECTING && l->now >= l->due)
        go_down(l, KR_DOWN_NETWORK, l->tcp_up ? "no answer to the handshake" : "no answer to the connect");
    else if (l->state == CLOSING && l->now >= l->due)
        go_down(l, KR_DOWN_NETWORK, "closed");
    else if (l->state == UP && l->overflow)
        go_down(l, KR_DOWN_QUEUE, "too much is waiting to be written");
    else if (l->state == UP && l->now - l->last_sent >= KR_KEEPALIVE_MS && kr_wire_idle(l->wire)) {
        kr_wire_send(l->wire, " ", 1);
        l->last_sent = l->now;
    }
}

void kr_link_run(struct kr_link *l, uint64_t now_mono_ms)
{
    l->now = now_mono_ms;
    if (l->state == WAITING && l->now >= l->due)
        attempt(l);
    if (l->wire && !l->overflow && !pump(l))
        return;
    if (l->wire)
        check_clock(l);
}

int kr_link_poll(struct kr_link *l, short *ret_events, uint64_t *ret_due_mono_ms)
{
    short events = POLLIN;
    uint64_t due = UINT64_MAX;
    int fd = l->wire ? kr_wire_fd(l->wire) : -1;
    if (l->state == WAITING || l->state == CONNECTING || l->state == CLOSING)
        due = l->due;
    if (l->state == UP)
        due = l->overflow ? 0 : l->last_sent + KR_KEEPALIVE_MS;
    if (l->kick || (l->wire && fd < 0)) /* an attempt that failed at once has no socket: kr_link_run tells */
        due = 0;
    if ((l->state == CONNECTING && !l->tcp_up) || (l->state == UP && (l->head || !kr_wire_idle(l->wire))))
        events |= POLLOUT;
    *ret_events = events;
    *ret_due_mono_ms = due;
    return fd;
}

void kr_link_send(struct kr_link *l, const char *xml, size_t len)
{
    if (l->state != UP || l->overflow || len == 0)
        return;
    if (kr_link_queue_len(l) >= KR_QUEUE_HARD || len > KR_QUEUE_BYTES_MAX - l->queued_bytes) {
        l->overflow = true;
        return;
    }
    struct chunk *c = l->tail;
    if (!c || len > c->cap - c->len) {
        size_t cap = len > KR_LINK_CHUNK ? len : KR_LINK_CHUNK;
        c = kr_malloc(sizeof(*c) + cap + 1);
        *c = (struct chunk){.cap = cap};
        if (l->tail)
            l->tail->next = c;
        else
            l->head = c;
        l->tail = c;
    }
    memcpy(c->bytes + c->len, xml, len);
    c->len += len;
    c->bytes[c->len] = '\0';
    c->stanzas++;
    l->queued++;
    l->queued_bytes += len;
}

size_t kr_link_queue_len(const struct kr_link *l)
{
    return l->queued + l->in_flight;
}

bool kr_link_is_up(const struct kr_link *l)
{
    return l->state == UP;
}

const char *kr_link_jid(const struct kr_link *l)
{
    return l->state == UP ? kr_wire_jid(l->wire) : NULL;
}

void kr_link_close(struct kr_link *l)
{
    l->stopped = true;
    if (l->state == WAITING)
        l->state = IDLE;
    if (l->state != UP && l->state != CONNECTING)
        return;
    while (l->state == UP && l->head) {
        struct chunk *next = l->head->next;
        kr_wire_send(l->wire, l->head->bytes, l->head->len);
        free(l->head);
        l->head = next;
    }
    l->tail = NULL;
    kr_wire_close(l->wire);
    l->state = CLOSING;
    l->kick = true;
    l->due = l->now + CLOSE_MS;
}
