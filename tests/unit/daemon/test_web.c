/* Listening sockets and the HTTP server between them and a handler. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/limit.h"
#include "daemon/listen.h"
#include "daemon/web.h"

struct place {
    char folder[64], path[96];
    struct kr_web *web;
    unsigned calls;
    char method[16], url[64];
    size_t body_len;
};

static void handle(void *arg, const struct kr_web_request *request, struct kr_web_answer *ret_answer)
{
    struct place *p = arg;

    p->calls++;
    (void)snprintf(p->method, sizeof(p->method), "%s", request->method);
    (void)snprintf(p->url, sizeof(p->url), "%s", request->path);
    p->body_len = request->body_len;
    *ret_answer =
        (struct kr_web_answer){.status = 200, .type = "text/plain", .body = kr_strdup("fine"), .len = 4};
}

static int setup(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    char errmsg[KR_LISTEN_ERR];
    int fd = -1;

    if (!p)
        return -1;
    (void)snprintf(p->folder, sizeof(p->folder), "/tmp/keyroom-web-XXXXXX");
    if (!mkdtemp(p->folder)) {
        free(p);
        return -1;
    }
    (void)snprintf(p->path, sizeof(p->path), "%s/s", p->folder);
    assert_int_equal(kr_listen_unix(p->path, errmsg, &fd), 0);
    assert_int_equal(kr_web_new(fd, handle, p, &p->web), 0);
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    struct place *p = *state;

    kr_web_free(p->web);
    (void)unlink(p->path);
    (void)rmdir(p->folder);
    free(p);
    return 0;
}

static int connect_to(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    (void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
    assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
    return fd;
}

/* Sends and runs the server until the answer's end; returns its length. */
static size_t exchange(struct place *p, const char *request, size_t request_len, char *answer, size_t cap)
{
    int fd = connect_to(p->path);
    size_t sent = 0, len = 0;

    for (int i = 0; i < 2000; i++) {
        struct pollfd pfd = {.fd = kr_web_fd(p->web), .events = POLLIN};
        ssize_t n = sent < request_len ? send(fd, request + sent, request_len - sent, MSG_NOSIGNAL) : 0;

        sent += n > 0 ? (size_t)n : 0;
        (void)poll(&pfd, 1, 10);
        kr_web_run(p->web);
        n = recv(fd, answer + len, cap - 1 - len, 0);
        if (n == 0)
            break;
        len += n > 0 ? (size_t)n : 0;
    }
    answer[len] = '\0';
    (void)close(fd);
    return len;
}

static void a_request_reaches_the_handler(void **state)
{
    static const char request[] = "GET /v1/rooms/r%40m.x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct place *p = *state;
    char answer[1024];

    assert_true(exchange(p, request, sizeof(request) - 1, answer, sizeof(answer)) > 0);
    assert_int_equal(strncmp(answer, "HTTP/1.1 200", 12), 0);
    assert_non_null(strstr(answer, "\r\n\r\nfine"));
    assert_int_equal(p->calls, 1);
    assert_string_equal(p->method, "GET");
    assert_string_equal(p->url, "/v1/rooms/r@m.x");
}

static void exchange_body(struct place *p, size_t body_len, char *answer, size_t cap)
{
    char *request = calloc(1, body_len + 256);
    int head;

    assert_non_null(request);
    head =
        snprintf(request, 256,
                 "POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", body_len);
    memset(request + head, 'a', body_len);
    (void)exchange(p, request, (size_t)head + body_len, answer, cap);
    free(request);
}

static void bodies_are_bounded(void **state)
{
    struct place *p = *state;
    char answer[1024];

    exchange_body(p, KR_CONTROL_BODY_MAX, answer, sizeof(answer));
    assert_int_equal(strncmp(answer, "HTTP/1.1 200", 12), 0);
    assert_int_equal(p->body_len, KR_CONTROL_BODY_MAX);
    exchange_body(p, KR_CONTROL_BODY_MAX + 1, answer, sizeof(answer));
    assert_int_equal(strncmp(answer, "HTTP/1.1 413", 12), 0);
    assert_int_equal(p->calls, 1);
}

static void the_socket_is_for_owner_and_group(void **state)
{
    struct place *p = *state;
    struct stat st;

    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0660);
}

static void a_live_socket_is_left_alone(void **state)
{
    struct place *p = *state;
    char errmsg[KR_LISTEN_ERR];
    int fd = -1;

    assert_int_equal(kr_listen_unix(p->path, errmsg, &fd), KR_E_IO);
    assert_int_equal(fd, -1);
    assert_non_null(strstr(errmsg, "another keyroomd listens there"));
}

static void a_stale_socket_is_replaced(void **state)
{
    struct place *p = *state;
    char errmsg[KR_LISTEN_ERR];
    int fd = -1;

    kr_web_free(p->web); /* as after kill -9: the file stays */
    p->web = NULL;
    assert_int_equal(access(p->path, F_OK), 0);
    assert_int_equal(kr_listen_unix(p->path, errmsg, &fd), 0);
    assert_int_equal(close(connect_to(p->path)), 0);
    (void)close(fd);
}

static void another_file_is_not_removed(void **state)
{
    struct place *p = *state;
    char errmsg[KR_LISTEN_ERR], path[112];
    int fd = -1, file;

    (void)snprintf(path, sizeof(path), "%s/file", p->folder);
    file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    (void)close(file);
    assert_int_equal(kr_listen_unix(path, errmsg, &fd), KR_E_IO);
    assert_non_null(strstr(errmsg, "no socket"));
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        IN_PLACE(a_request_reaches_the_handler),     IN_PLACE(bodies_are_bounded),
        IN_PLACE(the_socket_is_for_owner_and_group), IN_PLACE(a_live_socket_is_left_alone),
        IN_PLACE(a_stale_socket_is_replaced),        IN_PLACE(another_file_is_not_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
