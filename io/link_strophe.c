#define _DEFAULT_SOURCE /* TCP_USER_TIMEOUT */
#include "io/link_strophe.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/limit.h"
#include "base/secret.h"
#include "io/expat.h"
#include "io/log.h"

struct mem_head;

struct kr_wire {
    xmpp_mem_t mem;
    struct mem_head *blocks;
    unsigned long allocations; /* so far */
    bool auth_failed;
    struct kr_wire_callbacks cb;
    xmpp_log_t log;
    xmpp_ctx_t *ctx;
    xmpp_conn_t *conn;
    int fd;
    bool component, authenticated, ended, freeing;
    enum kr_link_down why;
    char detail[200];
};

/* The socket callback is told the connection and nothing of ours, so it finds the wire here while libstrophe
 * runs. */
static _Thread_local struct kr_wire *running;

/* libstrophe's memory is ours: it copies the password and whole stanzas, so what it frees is wiped, and it
 * loses what is still queued when a connection is released, so whatever is left is freed with the wire. */
struct mem_head {
    alignas(max_align_t) struct mem_head *prev;
    struct mem_head *next;
    size_t size;
};

static void *mem_alloc(size_t size, void *userdata)
{
    struct kr_wire *w = userdata;
    struct mem_head *h = kr_malloc(sizeof(*h) + size);
    *h = (struct mem_head){.next = w->blocks, .size = size};
    if (h->next)
        h->next->prev = h;
    w->blocks = h;
    w->allocations++;
    return h + 1;
}

static void mem_free(void *ptr, void *userdata)
{
    struct kr_wire *w = userdata;
    if (!ptr)
        return;
    struct mem_head *h = (struct mem_head *)ptr - 1;
    if (h->next)
        h->next->prev = h->prev;
    if (h->prev)
        h->prev->next = h->next;
    else
        w->blocks = h->next;
    kr_wipe(h, sizeof(*h) + h->size);
    free(h);
}

static void *mem_realloc(void *ptr, size_t size, void *userdata)
{
    void *p = mem_alloc(size, userdata);
    if (ptr) {
        size_t old = ((struct mem_head *)ptr - 1)->size;
        memcpy(p, ptr, old < size ? old : size);
        mem_free(ptr, userdata);
    }
    return p;
}

/* Only for clients, where TLS and SASL have things to say. Components get no log at all: libstrophe would
 * format every stanza for it. */
static void on_log(void *userdata, xmpp_log_level_t level, const char *area, const char *msg)
{
    struct kr_wire *w = userdata;
    if (level == XMPP_LEVEL_ERROR && strcmp(area, "auth") == 0)
        w->auth_failed = true; /* there is no other sign of a refused password */
    if (level < XMPP_LEVEL_WARN || strchr(msg, '<'))
        return;
    kr_logf(level == XMPP_LEVEL_ERROR ? KR_LOG_WARN : KR_LOG_DEBUG, "libstrophe %s: %s", area, msg);
}

static int refuse_socket(xmpp_conn_t *conn, void *sock)
{
    (void)conn;
    (void)sock;
    return -1;
}

static int on_socket(xmpp_conn_t *conn, void *sock)
{
    (void)conn;
    int on = 1;
    unsigned int silence_ms = KR_KEEPALIVE_MS;
    int fd = *(int *)sock;
    if (fd < 0 || fd >= FD_SETSIZE) /* libstrophe's select() would write outside its set */
        return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence_ms, sizeof(silence_ms));
    if (running)
        running->fd = fd;
    return 0;
}

static const char *stream_error_name(xmpp_error_type_t type)
{
    static const char *const names[] = {
        "bad-format",
        "bad-namespace-prefix",
        "conflict",
        "connection-timeout",
        "host-gone",
        "host-unknown",
        "improper-addressing",
        "internal-server-error",
        "invalid-from",
        "invalid-id",
        "invalid-namespace",
        "invalid-xml",
        "not-authorized",
        "policy-violation",
        "remote-connection-failed",
        "resource-constraint",
        "restricted-xml",
        "see-other-host",
        "system-shutdown",
        "undefined-condition",
        "unsupported-encoding",
        "unsupported-stanza-type",
        "unsupported-version",
        "not-well-formed",
    };
    size_t i = (size_t)type;
    return i < sizeof(names) / sizeof(names[0]) ? names[i] : "unknown";
}

static void finish(struct kr_wire *w, int error, const xmpp_stream_error_t *stream_error)
{
    if (w->ended)
        return;
    w->ended = true;
    w->fd = -1;
    if (stream_error) {
        w->why = stream_error->type == XMPP_SE_NOT_AUTHORIZED ? KR_DOWN_AUTH
                 : stream_error->type == XMPP_SE_CONFLICT     ? KR_DOWN_CONFLICT
                                                              : KR_DOWN_STREAM;
        snprintf(w->detail, sizeof(w->detail), "stream error %s%s%.100s",
                 stream_error_name(stream_error->type), stream_error->text ? ": " : "",
                 stream_error->text ? stream_error->text : "");
        return;
    }
    w->why = w->auth_failed && !w->authenticated ? KR_DOWN_AUTH : KR_DOWN_NETWORK;
    if (w->why == KR_DOWN_AUTH)
        snprintf(w->detail, sizeof(w->detail), "authentication failed");
    else if (error > 0)
        snprintf(w->detail, sizeof(w->detail), "%s", strerror(error));
    else
        snprintf(w->detail, sizeof(w->detail), "%s",
                 w->authenticated ? "the server ended the stream" : "could not connect");
}

static int on_stanza(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *userdata)
{
    struct kr_wire *w = userdata;
    (void)conn;
    if (!w->ended && !w->freeing)
        w->cb.stanza(w->cb.arg, stanza);
    return 1;
}

static void on_conn(xmpp_conn_t *conn, xmpp_conn_event_t event, int error, xmpp_stream_error_t *stream_error,
                    void *userdata)
{
    struct kr_wire *w = userdata;
    if (w->freeing)
        return;
    if (event == XMPP_CONN_CONNECT) {
        w->authenticated = true;
        xmpp_handler_add(conn, on_stanza, NULL, NULL, NULL, w);
        w->cb.up(w->cb.arg);
    } else if (event == XMPP_CONN_DISCONNECT || event == XMPP_CONN_FAIL) {
        finish(w, error, stream_error);
    }
}

static void ignore_conn(xmpp_conn_t *conn, xmpp_conn_event_t event, int error,
                        xmpp_stream_error_t *stream_error, void *userdata)
{
    (void)conn;
    (void)event;
    (void)error;
    (void)stream_error;
    (void)userdata;
}

/* libstrophe allocates the stream-management state of a connection in xmpp_connect_client only, and uses it
 * for components too. So a client connection that never gets a socket lends its state, which then belongs to
 * conn. */
static bool lend_sm_state(xmpp_ctx_t *ctx, xmpp_conn_t *conn)
{
    bool ok = false;
    xmpp_conn_t *donor = xmpp_conn_new(ctx);
    if (!donor)
        return false;
    xmpp_conn_set_jid(donor, "donor@localhost");
    xmpp_conn_set_pass(donor, "none");
    xmpp_conn_set_sockopt_callback(donor, refuse_socket);
    xmpp_connect_client(donor, "127.0.0.1", 1, ignore_conn, NULL);
    xmpp_sm_state_t *state = xmpp_conn_get_sm_state(donor);
    if (state) {
        ok = xmpp_conn_set_sm_state(conn, state) == XMPP_EOK;
        if (!ok)
            xmpp_free_sm_state(state);
    }
    xmpp_conn_release(donor);
    return ok;
}

static void set_password(xmpp_conn_t *conn, const struct kr_secret *password)
{
    struct kr_secret text = KR_SECRET_NONE; /* with a terminator */
    if (!password || !kr_secret_is_set(password))
        return;
    kr_secret_alloc(&text, password->len + 1);
    memcpy(text.ptr, password->ptr, password->len);
    xmpp_conn_set_pass(conn, (const char *)text.ptr);
    kr_secret_done(&text);
}

static int connect_now(struct kr_wire *w, const struct kr_link_config *config)
{
    unsigned long flags = XMPP_CONN_FLAG_DISABLE_SM;
    if (config->component || config->plain)
        flags |= XMPP_CONN_FLAG_DISABLE_TLS;
    else
        flags |= XMPP_CONN_FLAG_MANDATORY_TLS;
    xmpp_conn_set_flags(w->conn, (long)flags);
    xmpp_conn_set_jid(w->conn, config->jid);
    set_password(w->conn, config->password);
    xmpp_conn_set_sockopt_callback(w->conn, on_socket);
    if (config->component)
        return xmpp_connect_component(w->conn, config->host, config->port, on_conn, w);
    return xmpp_connect_client(w->conn, config->host, config->port, on_conn, w);
}

struct kr_wire *kr_wire_new(const struct kr_link_config *config, const struct kr_wire_callbacks *cb)
{
    struct kr_wire *w = kr_calloc(1, sizeof(*w));
    w->cb = *cb;
    w->fd = -1;
    w->component = config->component;
    w->log = (xmpp_log_t){.handler = on_log, .userdata = w};
    w->mem = (xmpp_mem_t){.alloc = mem_alloc, .free = mem_free, .realloc = mem_realloc, .userdata = w};
    xmpp_initialize();
    w->ctx = xmpp_ctx_new(&w->mem, config->component ? NULL : &w->log);
    w->conn = w->ctx ? xmpp_conn_new(w->ctx) : NULL;
    if (!w->conn || (config->component && !lend_sm_state(w->ctx, w->conn))) {
        kr_wire_free(w);
        return NULL;
    }
    running = w;
    errno = 0;
    if (connect_now(w, config) != XMPP_EOK)
        finish(w, errno, NULL);
    running = NULL;
    return w;
}

void kr_wire_free(struct kr_wire *w)
{
    if (!w)
        return;
    w->freeing = true;
    if (w->conn)
        xmpp_conn_release(w->conn);
    if (w->ctx)
        xmpp_ctx_free(w->ctx);
    while (w->blocks)
        mem_free(w->blocks + 1, w);
    free(w);
}

/* Prosody leaves Nagle's algorithm on: the last piece of what it writes waits until we have acknowledged the
 * piece before, which the kernel puts off for up to 40 ms unless it is told not to. It forgets that again as
 * it reads. */
static void acknowledge_now(const struct kr_wire *w)
{
    int on = 1;
    if (w->fd >= 0)
        setsockopt(w->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

bool kr_wire_run(struct kr_wire *w)
{
    if (w->ended)
        return false;
    unsigned long before = w->allocations;
    struct kr_wire *outer = running;
    running = w;
    kr_expat_take_failure();
    xmpp_run_once(w->ctx, 0);
    running = outer;
    acknowledge_now(w);
    if (kr_expat_take_failure() && !w->ended) { /* the parser is deaf from here on */
        finish(w, 0, NULL);
        w->why = KR_DOWN_STREAM;
        snprintf(w->detail, sizeof(w->detail), "the server sent what is no XML");
    }
    return w->allocations != before;
}

bool kr_wire_end(const struct kr_wire *w, enum kr_link_down *ret_why, const char **ret_detail)
{
    if (w->ended) {
        *ret_why = w->why;
        *ret_detail = w->detail;
    }
    return w->ended;
}

int kr_wire_fd(const struct kr_wire *w)
{
    return w->fd;
}

bool kr_wire_tcp_up(const struct kr_wire *w)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    return w->fd >= 0 && getpeername(w->fd, (struct sockaddr *)&peer, &len) == 0;
}

const char *kr_wire_jid(const struct kr_wire *w)
{
    return w->authenticated && !w->component ? xmpp_conn_get_bound_jid(w->conn) : NULL;
}

void kr_wire_send(struct kr_wire *w, const char *bytes, size_t len)
{
    xmpp_send_raw(w->conn, bytes, len);
    /* xmpp_conn_send_queue_len leaves out an element that is half written. With a space (RFC 6120 4.6.1)
     * behind each chunk the one that is left out is a space, and 0 means that every stanza is out. */
    xmpp_send_raw(w->conn, " ", 1);
}

bool kr_wire_idle(const struct kr_wire *w)
{
    return xmpp_conn_send_queue_len(w->conn) == 0;
}

void kr_wire_close(struct kr_wire *w)
{
    if (!w->ended)
        xmpp_disconnect(w->conn);
}
