#include "daemon/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"

enum { BACKLOG = 16, SOCKET_FLAGS = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK };

static int fail(char errmsg[static KR_LISTEN_ERR], const char *where, const char *why, int *fd)
{
    (void)snprintf(errmsg, KR_LISTEN_ERR, "%s: cannot listen: %s", where, why);
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
    return KR_E_IO;
}

/* Clears the way: true unless something is there that must stay. */
static bool remove_stale(const struct sockaddr_un *addr, const char **why)
{
    struct stat st;
    int fd, rc;

    if (lstat(addr->sun_path, &st) != 0)
        return true;
    if (!S_ISSOCK(st.st_mode)) {
        *why = "something that is no socket is there; remove it, or set control-socket to another path";
        return false;
    }
    fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
    if (fd < 0) {
        *why = strerror(errno);
        return false;
    }
    rc = connect(fd, (const struct sockaddr *)addr, sizeof(*addr));
    if (rc != 0 && errno == ECONNREFUSED)
        rc = unlink(addr->sun_path);
    else if (rc == 0 || errno == EAGAIN)
        rc = -2;
    *why = rc == -2 ? "another keyroomd listens there" : strerror(errno);
    (void)close(fd);
    return rc == 0;
}

int kr_listen_unix(const char *path, char errmsg[static KR_LISTEN_ERR], int *ret_fd)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const char *why = "";
    int fd = -1;

    if (strlen(path) >= sizeof(addr.sun_path))
        return fail(errmsg, path, "the path is too long for a socket", &fd);
    memcpy(addr.sun_path, path, strlen(path) + 1);
    if (!remove_stale(&addr, &why))
        return fail(errmsg, path, why, &fd);
    fd = socket(AF_UNIX, SOCKET_FLAGS, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) != 0 || chmod(path, 0660) != 0 ||
        listen(fd, BACKLOG) != 0)
        return fail(errmsg, path, strerror(errno), &fd);
    *ret_fd = fd;
    return 0;
}

int kr_listen_tcp(const char *address, uint16_t port, char errmsg[static KR_LISTEN_ERR], int *ret_fd)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool is_v6 = inet_pton(AF_INET6, address, &v6.sin6_addr) == 1;
    const struct sockaddr *addr = is_v6 ? (const struct sockaddr *)&v6 : (const struct sockaddr *)&v4;
    socklen_t len = is_v6 ? sizeof(v6) : sizeof(v4);
    int fd = -1, on = 1;
    char where[80];

    (void)snprintf(where, sizeof(where), "%s port %u", address, (unsigned)port);
    if (!is_v6 && inet_pton(AF_INET, address, &v4.sin_addr) != 1)
        return fail(errmsg, where, "not a numeric address", &fd);
    fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCKET_FLAGS, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, addr, len) != 0 || listen(fd, BACKLOG) != 0)
        return fail(errmsg, where, strerror(errno), &fd);
    *ret_fd = fd;
    return 0;
}
