/* A TCP connection to the forwarder that plays the video bridge: messages of u32 length, u8 name length,
 * name, u8 track, frame. Non-blocking, reconnects by itself, bounded in both directions. */
#ifndef KR_EDGE_FORWARD_H
#define KR_EDGE_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct kr_forward;
typedef void (*kr_forward_frame)(void *arg, const char *sender, struct kr_span frame);

/* host and name are borrowed. */
struct kr_forward *kr_forward_new(const char *host, uint16_t port, const char *name, kr_forward_frame frame,
                                  void *arg);
void kr_forward_free(struct kr_forward *f); /* NULL is fine */

/* Connects when due, reads, writes; calls back for each frame. */
void kr_forward_run(struct kr_forward *f, uint64_t now_mono_ms);
int kr_forward_poll(const struct kr_forward *f, short *ret_events, uint64_t *ret_due_mono_ms);

/* False while it is down or has too much waiting: then nothing should be sealed. */
bool kr_forward_ready(const struct kr_forward *f);
void kr_forward_send(struct kr_forward *f, struct kr_span frame);
/* Waits at most this long until all is handed to the kernel. */
void kr_forward_flush(struct kr_forward *f, int wait_ms);

#endif
