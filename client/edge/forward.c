#define _GNU_SOURCE /* SOCK_NONBLOCK */
#include "forward.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/cursor.h"

enum { MESSAGE_MAX = 1 << 20, WAITING_MAX = 4 << 20, RETRY_MS = 200, READ_LEN = 65536, READS_PER_RUN = 16 };

struct kr_forward {
    const char *host, *name;
    uint16_t port;
    kr_forward_frame frame;
    void *arg;
    int fd; /* -1: down */
    bool connected;
    uint64_t retry_ms;
    struct kr_buf in, out;
    size_t out_done;
};

struct kr_forward *kr_forward_new(const char *host, uint16_t port, const char *name, kr_forward_frame frame,
                                  void *arg)
{
    struct kr_forward *f = kr_calloc(1, sizeof(*f));
    *f = (struct kr_forward){.host = host, .name = name, .port = port, .frame = frame, .arg = arg, .fd = -1};
    kr_buf_init(&f->in, MESSAGE_MAX + READ_LEN + 4);
    kr_buf_init(&f->out, WAITING_MAX + MESSAGE_MAX);
    return f;
}

void kr_forward_free(struct kr_forward *f)
{
    if (!f)
        return;
    if (f->fd >= 0)
        close(f->fd);
    kr_buf_done(&f->in);
    kr_buf_done(&f->out);
    free(f);
}

static void drop(struct kr_forward *f, uint64_t now)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    f->connected = false;
    f->retry_ms = now + RETRY_MS;
    f->out_done = 0;
    kr_buf_clear(&f->in);
    kr_buf_clear(&f->out);
}

static void connect_to(struct kr_forward *f, uint64_t now)
{
    char port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    snprintf(port, sizeof(port), "%u", (unsigned)f->port);
    if (getaddrinfo(f->host, port, &hints, &list) == 0 && list) {
        int one = 1;
        f->fd = socket(list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (f->fd >= 0) {
            setsockopt(f->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
            if (connect(f->fd, list->ai_addr, list->ai_addrlen) != 0 && errno != EINPROGRESS) {
                close(f->fd);
                f->fd = -1;
            }
        }
    }
    if (list)
        freeaddrinfo(list);
    if (f->fd < 0)
        f->retry_ms = now + RETRY_MS;
}

static void finish_connect(struct kr_forward *f, uint64_t now)
{
    struct pollfd p = {.fd = f->fd, .events = POLLOUT};
    int error = 0;
    socklen_t len = sizeof(error);
    if (poll(&p, 1, 0) <= 0)
        return;
    if (getsockopt(f->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error) {
        drop(f, now);
        return;
    }
    f->connected = true;
    kr_forward_send(f, kr_span(NULL, 0)); /* the first message names us */
}

void kr_forward_send(struct kr_forward *f, struct kr_span frame)
{
    size_t name_len = strlen(f->name);
    if (!f->connected || name_len > UINT8_MAX || frame.len > MESSAGE_MAX - 2 - name_len)
        return;
    kr_buf_add_u32(&f->out, (uint32_t)(2 + name_len + frame.len));
    kr_buf_add_u8(&f->out, (uint8_t)name_len);
    kr_buf_add(&f->out, f->name, name_len);
    kr_buf_add_u8(&f->out, 0); /* track: audio */
    kr_buf_add(&f->out, frame.ptr, frame.len);
}

static bool write_some(struct kr_forward *f)
{
    while (f->out_done < f->out.len) {
        ssize_t n = send(f->fd, f->out.ptr + f->out_done, f->out.len - f->out_done, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        f->out_done += (size_t)n;
    }
    kr_buf_clear(&f->out);
    f->out_done = 0;
    return true;
}

/* Takes whole messages off the front; false for one that is not of the form. */
static bool take_messages(struct kr_forward *f)
{
    struct kr_cursor c = kr_cursor(kr_buf_span(&f->in));
    while (c.left >= 4) {
        struct kr_cursor ahead = c;
        uint32_t len = kr_cursor_u32(&ahead);
        if (len < 2 || len > MESSAGE_MAX)
            return false;
        if (len > ahead.left)
            break;
        struct kr_cursor body = kr_cursor(kr_cursor_bytes(&ahead, len));
        struct kr_span name = kr_cursor_bytes(&body, kr_cursor_u8(&body));
        (void)kr_cursor_u8(&body);
        if (body.failed || (name.len && memchr(name.ptr, 0, name.len)))
            return false;
        char sender[UINT8_MAX + 1];
        memcpy(sender, name.ptr, name.len);
        sender[name.len] = '\0';
        f->frame(f->arg, sender, kr_span(body.ptr, body.left));
        c = ahead;
    }
    size_t left = c.left;
    if (left)
        memmove(f->in.ptr, c.ptr, left);
    f->in.len = left;
    return true;
}

static bool read_some(struct kr_forward *f)
{
    static uint8_t chunk[READ_LEN];
    for (int i = 0; i < READS_PER_RUN; i++) {
        ssize_t n = recv(f->fd, chunk, sizeof(chunk), 0);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        if (n == 0)
            return false;
        kr_buf_add(&f->in, chunk, (size_t)n);
        if (!take_messages(f))
            return false;
    }
    return true;
}

void kr_forward_run(struct kr_forward *f, uint64_t now_mono_ms)
{
    if (f->fd < 0 && now_mono_ms >= f->retry_ms)
        connect_to(f, now_mono_ms);
    if (f->fd >= 0 && !f->connected)
        finish_connect(f, now_mono_ms);
    if (f->connected && (!write_some(f) || !read_some(f)))
        drop(f, now_mono_ms);
}

int kr_forward_poll(const struct kr_forward *f, short *ret_events, uint64_t *ret_due_mono_ms)
{
    *ret_events = (short)(POLLIN | (!f->connected || f->out.len ? POLLOUT : 0));
    *ret_due_mono_ms = f->fd < 0 ? f->retry_ms : UINT64_MAX;
    return f->fd;
}

bool kr_forward_ready(const struct kr_forward *f)
{
    return f->connected && f->out.len - f->out_done < WAITING_MAX;
}

void kr_forward_flush(struct kr_forward *f, int wait_ms)
{
    while (f->connected && f->out.len && wait_ms > 0) {
        struct pollfd p = {.fd = f->fd, .events = POLLOUT};
        if (poll(&p, 1, 20) < 0 || !write_some(f))
            break;
        wait_ms -= 20;
    }
}
