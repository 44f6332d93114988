/* A poll(2) loop for a handful of descriptors, one deadline and signals. */
#ifndef KR_IO_LOOP_H
#define KR_IO_LOOP_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

enum { KR_LOOP_FDS_MAX = 16 };

/* Waits until a descriptor is ready, the monotonic deadline has come (UINT64_MAX: none), or a signal arrived.
 * Entries with fd -1 are ignored. Returns 0, or KR_E_IO. */
int kr_loop_wait(struct pollfd *fds, size_t count, uint64_t deadline_mono_ms);

/* Blocks the signals (SIGINT, SIGTERM, SIGHUP) and returns a descriptor that becomes readable with them;
 * SIGPIPE is ignored. */
int kr_loop_signals(int *ret_fd);
/* Next signal number, or 0. */
int kr_loop_next_signal(int fd);

#endif
