/* Listening sockets, made here so that their modes and addresses are ours. */
#ifndef KR_DAEMON_LISTEN_H
#define KR_DAEMON_LISTEN_H

#include <stdint.h>

enum { KR_LISTEN_ERR = 512 }; /* bytes of a message */

/* A Unix socket of mode 0660. A socket that nobody listens on any more is replaced. KR_E_IO, and errmsg says
 * why. */
int kr_listen_unix(const char *path, char errmsg[static KR_LISTEN_ERR], int *ret_fd);
/* A TCP socket on a numeric address. */
int kr_listen_tcp(const char *address, uint16_t port, char errmsg[static KR_LISTEN_ERR], int *ret_fd);

#endif
