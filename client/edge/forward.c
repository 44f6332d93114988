/* Length-prefixed frames over TCP to what plays the SFU. Non-blocking, bounded, connects again each second.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cursor.h"
#include "base/limit.h"
#include "peer.h"

enum { OUT_MAX = 1048576, IN_MAX = 2097152, MESSAGE_MAX = 262144, AGAIN_MS = 1000 };

struct forward {
    char *host, *port, *nick;
    int fd; /* -1: not connected */
    bool connecting;
    uint64_t again_ms;
    struct kr_buf out, in;
};

struct forward *forward_new(const char *host_port, const char *nick)
{
    const char *colon = strrchr(host_port, ':');
    if (!colon)
        return NULL;
    struct forward *f = kr_calloc(1, sizeof(*f));
    f->host = kr_strdup(host_port);
    f->host[colon - host_port] = '\0';
    f->port = kr_strdup(colon + 1);
    f->nick = kr_strdup(nick);
    f->fd = -1;
    kr_buf_init(&f->out, OUT_MAX);
    kr_buf_init(&f->in, IN_MAX);
    return f;
}

static void down(struct forward *f, uint64_t now_ms)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    f->again_ms = now_ms + AGAIN_MS;
    kr_buf_clear(&f->out);
    kr_buf_clear(&f->in);
}

void forward_free(struct forward *f)
{
    if (!f)
        return;
    down(f, 0);
    kr_buf_done(&f->out);
    kr_buf_done(&f->in);
    free(f->host);
    free(f->port);
    free(f->nick);
    free(f);
}

int forward_poll(const struct forward *f, short *ret_events, uint64_t *ret_due_ms)
{
    *ret_events = (short)(POLLIN | (f->connecting || f->out.len ? POLLOUT : 0));
    *ret_due_ms = f->fd < 0 ? f->again_ms : UINT64_MAX;
    return f->fd;
}

void forward_send(struct forward *f, const char *nick, struct kr_span frame)
{
    size_t name_len = strlen(nick) > 255 ? 255 : strlen(nick);
    size_t len = 1 + name_len + 1 + frame.len;
    if (f->fd < 0 || f->out.len + len + 4 > OUT_MAX)
        return; /* media that is late is of no use */
    kr_buf_add_u32(&f->out, (uint32_t)len);
    kr_buf_add_u8(&f->out, (uint8_t)name_len);
    kr_buf_add(&f->out, nick, name_len);
    kr_buf_add_u8(&f->out, 0);
    kr_buf_add(&f->out, frame.ptr, frame.len);
}

static void open_socket(struct forward *f, uint64_t now_ms)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *ai = NULL;
    f->again_ms = now_ms + AGAIN_MS;
    if (getaddrinfo(f->host, f->port, &hints, &ai) != 0)
        return;
    f->fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
    if (f->fd >= 0) {
        fcntl(f->fd, F_SETFL, O_NONBLOCK);
        fcntl(f->fd, F_SETFD, FD_CLOEXEC);
        f->connecting = true;
        if (connect(f->fd, ai->ai_addr, ai->ai_addrlen) != 0 && errno != EINPROGRESS)
            down(f, now_ms);
        else
            forward_send(f, f->nick, kr_span(NULL, 0));
    }
    freeaddrinfo(ai);
}

static void consume(struct kr_buf *b, size_t n)
{
    memmove(b->ptr, b->ptr + n, b->len - n);
    b->len -= n;
}

static bool parse_one(struct forward *f, forward_frame *cb, void *arg, bool *ret_bad)
{
    struct kr_cursor c = kr_cursor(kr_buf_span(&f->in));
    uint32_t len = kr_cursor_u32(&c);
    *ret_bad = !c.failed && len > MESSAGE_MAX;
    struct kr_span body = kr_cursor_bytes(&c, len);
    if (c.failed || *ret_bad)
        return false;
    struct kr_cursor m = kr_cursor(body);
    uint8_t name_len = kr_cursor_u8(&m);
    struct kr_span name = kr_cursor_bytes(&m, name_len);
    kr_cursor_u8(&m);
    if (!m.failed && m.left) {
        char sender[256] = "";
        memcpy(sender, name.ptr, name.len);
        cb(arg, sender, kr_span(m.ptr, m.left));
    }
    consume(&f->in, 4 + len);
    return true;
}

void forward_run(struct forward *f, uint64_t now_ms, forward_frame *cb, void *arg)
{
    if (f->fd < 0) {
        if (now_ms >= f->again_ms)
            open_socket(f, now_ms);
        return;
    }
    if (f->connecting) {
        struct pollfd p = {.fd = f->fd, .events = POLLOUT};
        int err = 0;
        socklen_t n = sizeof(err);
        if (poll(&p, 1, 0) != 1)
            return;
        if (getsockopt(f->fd, SOL_SOCKET, SO_ERROR, &err, &n) != 0 || err) {
            down(f, now_ms);
            return;
        }
        f->connecting = false;
    }
    uint8_t chunk[16384];
    ssize_t n = 0;
    for (int i = 0; i < KR_LINK_ROUNDS_MAX && (n = read(f->fd, chunk, sizeof(chunk))) > 0; i++) {
        bool bad = false;
        kr_buf_add(&f->in, chunk, (size_t)n);
        while (parse_one(f, cb, arg, &bad))
            ;
        if (bad || f->in.err) {
            down(f, now_ms);
            return;
        }
    }
    bool lost = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
    if (!lost && f->out.len) {
        n = send(f->fd, f->out.ptr, f->out.len, MSG_NOSIGNAL);
        if (n > 0)
            consume(&f->out, (size_t)n);
        lost = n < 0 && errno != EAGAIN && errno != EINTR;
    }
    if (lost)
        down(f, now_ms);
}
