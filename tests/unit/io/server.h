/* A server side of XEP-0114 for one link, without a thread: it moves when it is stepped. */
#ifndef KR_TESTS_UNIT_IO_SERVER_H
#define KR_TESTS_UNIT_IO_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct server {
    int listen_fd, fd; /* fd: -1 without a connection */
    uint16_t port;
    unsigned accepted;
    bool deaf;   /* does not read */
    bool opened; /* has answered the stream header */
    bool mute;   /* does not answer the stream header */
    char *got;   /* all that was received on this connection, terminated */
    size_t got_len, got_cap;
};

void server_open(struct server *s);
void server_close(struct server *s);
void server_step(struct server *s); /* accept, read, open the stream; never waits */
bool server_has(const struct server *s, const char *text);
void server_send(struct server *s, const char *bytes, size_t len); /* may wait for room */
void server_say(struct server *s, const char *text);
void server_hang_up(struct server *s);

#endif
