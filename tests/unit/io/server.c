#include "server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"

void server_open(struct server *s)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(addr);
    *s = (struct server){.fd = -1};
    s->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(s->listen_fd, (struct sockaddr *)&addr, len) != 0 || listen(s->listen_fd, 5) != 0 ||
        getsockname(s->listen_fd, (struct sockaddr *)&addr, &len) != 0)
        abort();
    s->port = ntohs(addr.sin_port);
}

void server_hang_up(struct server *s)
{
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    s->opened = false;
    s->got_len = 0;
    if (s->got)
        s->got[0] = '\0';
}

void server_close(struct server *s)
{
    server_hang_up(s);
    if (s->listen_fd >= 0)
        close(s->listen_fd);
    s->listen_fd = -1;
    free(s->got);
    s->got = NULL;
}

bool server_has(const struct server *s, const char *text)
{
    return s->got && strstr(s->got, text);
}

static void read_some(struct server *s)
{
    if (s->got_cap - s->got_len < 65537) {
        s->got_cap += 1 << 20;
        s->got = kr_realloc_array(s->got, s->got_cap, 1);
    }
    ssize_t n = recv(s->fd, s->got + s->got_len, 65536, MSG_DONTWAIT);
    if (n > 0)
        s->got_len += (size_t)n;
    s->got[s->got_len] = '\0';
    if (s->opened || s->mute || !server_has(s, "<stream:stream"))
        return;
    s->opened = true;
    server_say(s, "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
                  "xmlns:stream='http://etherx.jabber.org/streams' from='kr.example' id='3BF96D32'>");
}

void server_step(struct server *s)
{
    if (s->fd < 0 && s->listen_fd >= 0) {
        s->fd = accept(s->listen_fd, NULL, NULL);
        s->accepted += s->fd >= 0;
    }
    if (s->fd >= 0 && !s->deaf)
        read_some(s);
}

void server_send(struct server *s, const char *bytes, size_t len)
{
    while (len && s->fd >= 0) {
        ssize_t n = send(s->fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        bytes += n;
        len -= (size_t)n;
    }
}

void server_say(struct server *s, const char *text)
{
    server_send(s, text, strlen(text));
}
