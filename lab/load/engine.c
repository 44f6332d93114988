#include "load/engine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"

enum { EVENTS = 256, LOGINS_AT_ONCE = 16, LOGIN_MS = 30000 };

uint64_t kr_now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * KR_NS_PER_S + (uint64_t)ts.tv_nsec;
}

void kr_load_fail(struct kr_load *load, const char *fmt, ...)
{
    va_list ap;
    if (load->failed)
        return;
    load->failed = true;
    va_start(ap, fmt);
    (void)vsnprintf(load->why, sizeof(load->why), fmt, ap);
    va_end(ap);
}

void kr_load_explain(struct kr_load *load, const char *fmt, ...)
{
    va_list ap;
    size_t len = strlen(load->why);
    va_start(ap, fmt);
    (void)snprintf(load->why + len, sizeof(load->why) - len, " (");
    len = strlen(load->why);
    (void)vsnprintf(load->why + len, sizeof(load->why) - len, fmt, ap);
    va_end(ap);
    len = strlen(load->why);
    (void)snprintf(load->why + len, sizeof(load->why) - len, ")");
}

int kr_load_init(struct kr_load *load, size_t count)
{
    *load = (struct kr_load){.line_count = count, .due_ns = UINT64_MAX};
    load->lines = kr_calloc(count, sizeof(*load->lines));
    load->dirty = kr_calloc(count, sizeof(struct kr_line *));
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    return load->epoll < 0 ? KR_E_IO : 0;
}

void kr_load_done(struct kr_load *load)
{
    for (size_t i = 0; i < load->line_count; i++)
        kr_line_close(&load->lines[i]);
    free(load->lines);
    free(load->dirty);
    if (load->epoll >= 0)
        close(load->epoll);
}

static void mark_dirty(struct kr_load *load, struct kr_line *line)
{
    if (line->dirty)
        return;
    line->dirty = true;
    load->dirty[load->dirty_count++] = line;
}

void kr_load_send(struct kr_load *load, struct kr_line *line, const char *xml, size_t len)
{
    kr_line_queue(line, xml, len, false);
    mark_dirty(load, line);
}

static void watch(struct kr_load *load, struct kr_line *line, int op, bool out)
{
    struct epoll_event ev = {.events = EPOLLIN | (out ? (uint32_t)EPOLLOUT : 0U), .data.ptr = line};
    line->wants_out = out;
    if (epoll_ctl(load->epoll, op, line->fd, &ev) != 0)
        kr_load_fail(load, "epoll: %s", strerror(errno));
}

static void flush(struct kr_load *load)
{
    for (size_t i = 0; i < load->dirty_count; i++) {
        struct kr_line *line = load->dirty[i];
        line->dirty = false;
        kr_line_flush(line);
        bool left = line->written < line->out.len;
        if (left != line->wants_out && !line->broken)
            watch(load, line, EPOLL_CTL_MOD, left);
    }
    load->dirty_count = 0;
}

static void read_line(struct kr_load *load, struct kr_line *line)
{
    kr_line_readable(line);
    if (line->out.len)
        mark_dirty(load, line); /* the login, which knows nothing of the engine */
    if (line->broken)
        kr_load_fail(load, "connection %zu: %s", (size_t)(line - load->lines), line->why);
}

/* Milliseconds for epoll_wait: rounded down, so that the last one is spent looking. */
static int patience(uint64_t now, uint64_t until)
{
    uint64_t ms = until > now ? (until - now) / KR_NS_PER_MS : 0;
    return ms > 1000 ? 1000 : (int)ms;
}

static void run_once(struct kr_load *load, uint64_t until)
{
    struct epoll_event events[EVENTS];
    flush(load);
    uint64_t now = kr_now_ns(), soonest = load->due_ns < until ? load->due_ns : until;
    int n = epoll_wait(load->epoll, events, EVENTS, patience(now, soonest));
    if (n < 0 && errno != EINTR)
        kr_load_fail(load, "epoll: %s", strerror(errno));
    for (int i = 0; i < n && !load->failed; i++) {
        struct kr_line *line = events[i].data.ptr;
        if (events[i].events & EPOLLOUT)
            mark_dirty(load, line);
        if (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP))
            read_line(load, line);
    }
    if (load->tick && !load->failed && kr_now_ns() >= load->due_ns)
        load->tick(load->tick_arg);
    flush(load);
}

int kr_load_until(struct kr_load *load, bool (*done)(void *arg), void *arg, uint64_t ms, const char *what)
{
    uint64_t until = kr_now_ns() + ms * KR_NS_PER_MS;
    while (!load->failed && !done(arg)) {
        if (kr_now_ns() >= until)
            kr_load_fail(load, "not within %llu s: %s", (unsigned long long)(ms / 1000), what);
        else
            run_once(load, until);
    }
    return load->failed ? KR_E_IO : 0;
}

int kr_load_wait(struct kr_load *load, uint64_t until_ns)
{
    while (!load->failed && kr_now_ns() < until_ns)
        run_once(load, until_ns);
    return load->failed ? KR_E_IO : 0;
}

struct door {
    const struct kr_load *load;
    size_t first, count, allowed; /* still logging in */
};

static bool door_is_free(void *arg)
{
    const struct door *d = arg;
    size_t inside = 0;
    for (size_t i = 0; i < d->count; i++)
        inside += d->load->lines[d->first + i].up;
    return d->count - inside <= d->allowed;
}

int kr_load_connect(struct kr_load *load, const struct kr_line_config *config, size_t first, size_t count)
{
    struct door door = {load, first, 0, LOGINS_AT_ONCE};
    int err = 0;
    for (size_t i = first; !err && i < first + count; i++) {
        struct kr_line *line = &load->lines[i];
        if (kr_line_open(line, config) != 0) {
            kr_load_fail(load, "no connection to port %u: %s", config->port, strerror(errno));
            return KR_E_IO;
        }
        watch(load, line, EPOLL_CTL_ADD, true);
        mark_dirty(load, line);
        door.count++;
        err = kr_load_until(load, door_is_free, &door, LOGIN_MS, "the server lets a client in");
    }
    door.allowed = 0;
    return err ? err : kr_load_until(load, door_is_free, &door, LOGIN_MS, "the server lets all clients in");
}

struct kr_counts kr_load_counts(const struct kr_load *load, size_t first, size_t count)
{
    struct kr_counts sum = {0};
    for (size_t i = 0; i < count; i++)
        kr_counts_add(&sum, &load->lines[first + i].counts);
    return sum;
}
