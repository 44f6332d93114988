/* A daemon without server and sockets, for what is asked of it by its operator: the real core and turn, the
 * store in memory, and a link that never comes up. */
#ifndef KR_SUPPORT_DAEMON_H
#define KR_SUPPORT_DAEMON_H

#include "base/secret.h"
#include "daemon/daemon.h"

#define KR_TEST_DEVICE "00112233445566778899aabbccddeeff"
#define KR_TEST_ROOM   "r@conference.example.org"

struct kr_test_daemon {
    struct kr_daemon d;
    struct kr_secret secret;
};

/* config: the text of the file. Nothing is logged. 0, or what failed. */
int kr_test_daemon_init(struct kr_test_daemon *t, const char *config);
void kr_test_daemon_done(struct kr_test_daemon *t);

/* KR_TEST_DEVICE into the directory, as alice's. */
int kr_test_daemon_know_device(struct kr_test_daemon *t);

#endif
