#include "http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"

enum {
    REQUEST_MAX = 1 << 17,
    ANSWER_MAX = 64 << 20, /* a directory of some 100,000 devices */
    TIMEOUT_S = 300        /* a backup is answered when it is complete */
};

static int fail(char errmsg[static KR_HTTP_ERR], const char *path, const char *why)
{
    (void)snprintf(errmsg, KR_HTTP_ERR, "%s: %s", path, why);
    return KR_E_IO;
}

static int connect_error(char errmsg[static KR_HTTP_ERR], const char *path)
{
    switch (errno) {
    case ENOENT:
        return fail(errmsg, path,
                    "there is no such socket. Is keyroomd running, and is this its control-socket? "
                    "Another path is given with --socket");
    case ECONNREFUSED:
        return fail(errmsg, path, "nobody listens there. Is keyroomd running? Its log says why it ended");
    case EACCES:
    case EPERM:
        return fail(errmsg, path,
                    "you may not use this socket. Are you in the group that owns it (usually keyroom), "
                    "or root?");
    default:
        return fail(errmsg, path, strerror(errno));
    }
}

static int open_socket(const char *path, char errmsg[static KR_HTTP_ERR], int *ret_fd)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    int fd;

    if (strlen(path) >= sizeof(addr.sun_path))
        return fail(errmsg, path, "the path is too long for a socket");
    memcpy(addr.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) != 0 ||
        connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0) {
        (void)connect_error(errmsg, path);
        if (fd >= 0)
            (void)close(fd);
        return KR_E_IO;
    }
    *ret_fd = fd;
    return 0;
}

static int send_all(int fd, const struct kr_buf *request)
{
    size_t done = 0;

    while (done < request->len) {
        ssize_t n = send(fd, request->ptr + done, request->len - done, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return KR_E_IO;
        done += (size_t)n;
    }
    return 0;
}

static int receive_all(int fd, struct kr_buf *answer)
{
    char chunk[16384];
    ssize_t n;

    for (;;) {
        n = recv(fd, chunk, sizeof(chunk), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        kr_buf_add(answer, chunk, (size_t)n);
    }
    return n < 0 || answer->err ? KR_E_IO : 0;
}

/* Splits the answer; false if it is cut off or no HTTP. */
static bool parse(const char *text, size_t len, struct kr_http_answer *ret_answer)
{
    static const char length[] = "\r\nContent-Length: ";
    const char *end = strstr(text, "\r\n\r\n"), *at = strstr(text, length);
    size_t body_len, stated;

    if (strncmp(text, "HTTP/1.1 ", 9) != 0 || !end || !at || at > end)
        return false;
    body_len = len - (size_t)(end + 4 - text);
    stated = (size_t)strtoul(at + sizeof(length) - 1, NULL, 10);
    if (stated != body_len)
        return false;
    ret_answer->status = (unsigned)strtoul(text + 9, NULL, 10);
    ret_answer->len = body_len;
    ret_answer->body = kr_strdup(end + 4);
    return true;
}

int kr_http_request(const char *socket_path, const char *path, const char *body,
                    char errmsg[static KR_HTTP_ERR], struct kr_http_answer *ret_answer)
{
    struct kr_buf request, answer;
    char *text = NULL;
    size_t len;
    int fd = -1, err;

    kr_buf_init(&request, REQUEST_MAX);
    kr_buf_init(&answer, ANSWER_MAX);
    kr_buf_printf(&request, "%s %s HTTP/1.1\r\nHost: keyroom\r\nConnection: close\r\n", body ? "POST" : "GET",
                  path);
    if (body)
        kr_buf_printf(&request, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                      strlen(body), body);
    else
        kr_buf_add_str(&request, "\r\n");
    err =
        request.err ? fail(errmsg, path, "the request is too large") : open_socket(socket_path, errmsg, &fd);
    if (err)
        goto out;
    if (send_all(fd, &request) || receive_all(fd, &answer)) {
        err = fail(errmsg, socket_path, errno == EAGAIN ? "no answer within five minutes" : strerror(errno));
        goto out;
    }
    len = answer.len;
    text = kr_buf_take_str(&answer);
    if (!text || !parse(text, len, ret_answer))
        err = fail(errmsg, socket_path,
                   "the answer was cut off, or it is not keyroomd that listens there. See its log");
out:
    free(text);
    if (fd >= 0)
        (void)close(fd);
    kr_buf_done(&request);
    kr_buf_done(&answer);
    return err;
}
